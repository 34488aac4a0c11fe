// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: what the VF driver says by netlink. */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "unit.h"
#include "vfmsg.h"

static struct nl_msg *begin(int cmd)
{
	struct genlmsghdr head = { .cmd = (uint8_t)cmd, .version = 1 };
	struct nl_msg *msg = nlmsg_alloc();

	nlmsg_put(msg, 0, 0, 33, 0, 0);
	nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
	return msg;
}

static struct nl_msg *full(void)
{
	struct nl_msg *msg = begin(VFERRY_VF_CMD_EVENT);

	nla_put_u32(msg, VFERRY_VF_A_IFINDEX, 7);
	nla_put_string(msg, VFERRY_VF_A_IFNAME, "eth0");
	nla_put_string(msg, VFERRY_VF_A_PCI, "0000:01:10.0");
	nla_put_flag(msg, VFERRY_VF_A_MIGRATABLE);
	nla_put_u32(msg, VFERRY_VF_A_PROTO, 1);
	nla_put_u32(msg, VFERRY_VF_A_FEATURES, 1);
	nla_put_u32(msg, VFERRY_VF_A_STATE, VFERRY_MIG_IDLE);
	nla_put_u64(msg, VFERRY_VF_A_MIG_ID, 0x1122334455667788);
	nla_put_u32(msg, VFERRY_VF_A_EVENT, VFERRY_VF_EVENT_RESUME);
	nla_put_u32(msg, VFERRY_VF_A_RESULT, 0);
	nla_put_u64(msg, VFERRY_VF_A_TIME_NS, 123456789);
	nla_put_u64(msg, VFERRY_VF_A_BOOT_NS, 1234);
	nla_put_flag(msg, VFERRY_VF_A_ARRIVED);
	nla_put_u64(msg, VFERRY_VF_A_PAGES, 99);
	nla_put_u32(msg, VFERRY_VF_A_SUSPEND_US, 800);
	nla_put_u32(msg, VFERRY_VF_A_RESUME_US, 1300);
	nla_put_string(msg, VFERRY_VF_A_REFUSED, "address 1 is not received");
	nla_put_string(msg, VFERRY_VF_A_REFUSED, "address 2 is not received");
	return msg;
}

static int decode(struct nl_msg *msg, struct vfmsg *ret)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);

	return vfmsg_decode(head, head->nlmsg_len, ret);
}

static void everything(void **state)
{
	struct nl_msg *msg = full();
	struct vfmsg got;

	(void)state;
	assert_int_equal(decode(msg, &got), 0);
	assert_int_equal(got.cmd, VFERRY_VF_CMD_EVENT);
	assert_int_equal(got.ifindex, 7);
	assert_string_equal(got.ifname, "eth0");
	assert_string_equal(got.pci, "0000:01:10.0");
	assert_true(got.migratable);
	assert_string_equal(got.reason, "");
	assert_int_equal(got.state, VFERRY_MIG_IDLE);
	assert_true(got.mig_id == 0x1122334455667788);
	assert_int_equal(got.event, VFERRY_VF_EVENT_RESUME);
	assert_int_equal(got.time_ns, 123456789);
	assert_int_equal(got.boot_ns, 1234);
	assert_true(got.arrived);
	assert_int_equal(got.suspend_us, 800);
	assert_int_equal(got.resume_us, 1300);
	assert_int_equal(got.pages, 99);
	assert_int_equal(got.n_refused, 2);
	assert_string_equal(got.refused[0], "address 1 is not received");
	assert_string_equal(got.refused[1], "address 2 is not received");
	nlmsg_free(msg);
}

/* Cut anywhere, and with a length that claims the rest or does not: never what it was. */
static void cut(void **state)
{
	struct nl_msg *msg = full();
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct vfmsg got;
	size_t len;

	(void)state;
	for (len = 0; len < head->nlmsg_len; len++) {
		struct nlmsghdr *copy = malloc(len ? len : 1);

		memcpy(copy, head, len);
		assert_int_equal(vfmsg_decode(copy, len, &got), -EBADMSG);
		if (len >= sizeof(*copy)) {
			copy->nlmsg_len = (uint32_t)len;
			if (!vfmsg_decode(copy, len, &got))
				assert_int_equal(got.ifindex, 7);
		}
		free(copy);
	}
	nlmsg_free(msg);
}

static void without_what_it_must_have(void **state)
{
	struct nl_msg *msg = begin(VFERRY_VF_CMD_GET);
	struct vfmsg got;

	(void)state;
	assert_int_equal(decode(msg, &got), -EBADMSG);
	nla_put_u32(msg, VFERRY_VF_A_IFINDEX, 7);
	assert_int_equal(decode(msg, &got), -EBADMSG);
	nla_put_u32(msg, VFERRY_VF_A_STATE, VFERRY_MIG_SUSPENDED);
	assert_int_equal(decode(msg, &got), 0);
	assert_int_equal(got.event, VFERRY_VF_EVENT_UNSPEC);
	assert_string_equal(got.ifname, "");
	nlmsg_free(msg);
}

static void wrong_attributes(void **state)
{
	static const struct {
		int type;
		int len;
		const char *data;
	} wrong[] = {
		{ VFERRY_VF_A_IFINDEX, 2, "\1\0" },
		{ VFERRY_VF_A_STATE, 1, "\0" },
		{ VFERRY_VF_A_STATE, 4, "\7\0\0\0" },
		{ VFERRY_VF_A_STATE, 4, "\xff\xff\xff\xff" },
		{ VFERRY_VF_A_IFNAME, 4, "eth0" },		/* no NUL */
		{ VFERRY_VF_A_IFNAME, 17, "0123456789abcdef" },	/* too long */
		{ VFERRY_VF_A_MIG_ID, 4, "\1\0\0\0" },
		{ VFERRY_VF_A_TIME_NS, 0, "" },
		{ VFERRY_VF_A_EVENT, 3, "\1\0\0" },
		{ VFERRY_VF_A_PAGES, 7, "\1\0\0\0\0\0\0" },
	};
	struct vfmsg got;
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		struct nl_msg *msg = full();

		/* The last one of a type counts. */
		nla_put(msg, wrong[i].type, wrong[i].len, wrong[i].data);
		assert_int_equal(decode(msg, &got), -EBADMSG);
		nlmsg_free(msg);
	}
}

/* A newer driver may say more. */
static void unknown_is_passed_over(void **state)
{
	struct nl_msg *msg = full();
	struct vfmsg got;

	(void)state;
	nla_put_u32(msg, VFERRY_VF_A_EVENT, 77);
	nla_put_u32(msg, VFERRY_VF_A_MAX + 5, 1);
	assert_int_equal(decode(msg, &got), 0);
	assert_int_equal(got.event, VFERRY_VF_EVENT_UNSPEC);
	nlmsg_free(msg);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(cut),
		cmocka_unit_test(without_what_it_must_have),
		cmocka_unit_test(wrong_attributes),
		cmocka_unit_test(unknown_is_passed_over),
	};

	return cmocka_run_group_tests_name("messages of the VF driver", tests, NULL, NULL);
}
