// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: messages of the family vferry_pf, and their JSON. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "msg.h"
#include "rtnl.h"
#include "unit.h"

#include "json_schema.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static char buf[4096] __attribute__((aligned(8)));

static struct nlmsghdr *message(uint8_t cmd)
{
	struct nlmsghdr *h;
	struct genlmsghdr *g;

	memset(buf, 0, sizeof(buf));
	h = mnl_nlmsg_put_header(buf);
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->cmd = cmd;
	return h;
}

static struct nlmsghdr *usual_vf(void)
{
	struct nlmsghdr *h = message(VFERRY_PF_CMD_GET_VF);
	struct nlattr *nest;

	mnl_attr_put_u32(h, VFERRY_PF_A_IFINDEX, 7);
	mnl_attr_put_strz(h, VFERRY_PF_A_IFNAME, "pf0");
	mnl_attr_put_strz(h, VFERRY_PF_A_PF_PCI, "0000:01:00.0");
	mnl_attr_put_u32(h, VFERRY_PF_A_VF, 3);
	mnl_attr_put_strz(h, VFERRY_PF_A_VF_PCI, "0000:01:10.6");
	mnl_attr_put(h, VFERRY_PF_A_MAC, 6, "\x52\x54\x00\x01\x02\x03");
	mnl_attr_put_u32(h, VFERRY_PF_A_STATE, VFERRY_MIG_SUSPENDED);
	mnl_attr_put_u32(h, VFERRY_PF_A_LINK_STATE, VFERRY_LINK_STATE_SUSPEND);
	mnl_attr_put_u32(h, VFERRY_PF_A_PROTO, 1);
	mnl_attr_put_u32(h, VFERRY_PF_A_FEATURES, 1);
	mnl_attr_put_strz(h, VFERRY_PF_A_REASON, "a migration is under way already");
	mnl_attr_put(h, VFERRY_PF_A_HELD, 0, NULL);
	mnl_attr_put_u64(h, VFERRY_PF_A_MIG_ID, 0x1122334455667788ull);
	nest = mnl_attr_nest_start(h, VFERRY_PF_A_LAST);
	mnl_attr_put_u64(h, VFERRY_PF_L_MIG_ID, 0x1122334455667788ull);
	mnl_attr_put_u32(h, VFERRY_PF_L_SUSPEND_US, 800);
	mnl_attr_put_u32(h, VFERRY_PF_L_PAGES, 99);
	mnl_attr_put_u32(h, VFERRY_PF_L_ERROR, -ETIMEDOUT);
	mnl_attr_nest_end(h, nest);
	return h;
}

static void vf_is_read(void **state)
{
	struct vf_info vf;

	(void)state;
	assert_int_equal(msg_get_vf(usual_vf(), &vf), 0);
	assert_int_equal(vf.ifindex, 7);
	assert_string_equal(vf.ifname, "pf0");
	assert_int_equal(vf.vf, 3);
	assert_string_equal(vf.vf_pci, "0000:01:10.6");
	assert_memory_equal(vf.mac, "\x52\x54\x00\x01\x02\x03", 6);
	assert_int_equal(vf.state, VFERRY_MIG_SUSPENDED);
	assert_true(vf.held);
	assert_false(vf.migratable);
	assert_true(vf.mig_id == 0x1122334455667788ull);
	assert_int_equal(vf.last.suspend_us, 800);
	assert_int_equal(vf.last.resume_us, -1);
	assert_int_equal(vf.last.error, -ETIMEDOUT);
	assert_true(fits_schema(vf_json(&vf), "vf_info"));
}

/* What is needed is missing, or has another size: refused, for each attribute. */
static void broken_vf_is_refused(void **state)
{
	static const int sizes[] = {
		VFERRY_PF_A_IFINDEX, VFERRY_PF_A_IFNAME, VFERRY_PF_A_MAC, VFERRY_PF_A_STATE,
		VFERRY_PF_A_MIG_ID, VFERRY_PF_A_REASON, VFERRY_PF_A_PROTO,
	};
	struct nlmsghdr *h;
	struct vf_info vf;
	size_t i;

	(void)state;
	assert_int_equal(msg_get_vf(message(1), &vf), -EBADMSG);
	for (i = 0; i < COUNT(sizes); i++) {
		h = usual_vf();
		mnl_attr_put(h, sizes[i], 3, "abc");
		assert_int_equal(msg_get_vf(h, &vf), -EBADMSG);
	}
	h = usual_vf();
	h->nlmsg_len = NLMSG_HDRLEN + 2;
	assert_int_equal(msg_get_vf(h, &vf), -EBADMSG);
}

/* A name that is too long is cut; what a terminal would obey is not passed on. */
static void text_is_tamed(void **state)
{
	struct nlmsghdr *h = usual_vf();
	struct vf_info vf;

	(void)state;
	mnl_attr_put_strz(h, VFERRY_PF_A_IFNAME, "a-name-that-is-far-too-long-for-an-interface");
	mnl_attr_put_strz(h, VFERRY_PF_A_REASON, "\033[31mred\n");
	assert_int_equal(msg_get_vf(h, &vf), 0);
	assert_string_equal(vf.ifname, "a-name-that-is-");
	assert_string_equal(vf.reason, "?[31mred?");
}

static struct nlmsghdr *event(uint32_t kind)
{
	struct nlmsghdr *h = message(VFERRY_PF_CMD_EVENT);

	mnl_attr_put_u32(h, VFERRY_PF_A_IFINDEX, 7);
	mnl_attr_put_strz(h, VFERRY_PF_A_IFNAME, "pf0");
	mnl_attr_put_strz(h, VFERRY_PF_A_PF_PCI, "0000:01:00.0");
	mnl_attr_put_u32(h, VFERRY_PF_A_VF, 0);
	mnl_attr_put_u32(h, VFERRY_PF_A_EVENT, kind);
	mnl_attr_put_u64(h, VFERRY_PF_A_TIME_NS, 1700000000000000000ull);
	return h;
}

static void events_fit_the_schema(void **state)
{
	struct nlmsghdr *h;
	struct vf_event e;
	uint32_t kind;

	(void)state;
	for (kind = VFERRY_PF_EVENT_STATE; kind <= VFERRY_PF_EVENT_HELLO; kind++) {
		h = event(kind);
		mnl_attr_put_u32(h, VFERRY_PF_A_STATE, VFERRY_MIG_MIGRATING);
		mnl_attr_put_u32(h, VFERRY_PF_A_OLD_STATE, VFERRY_MIG_MIGRATE_SENT);
		mnl_attr_put_u32(h, VFERRY_PF_A_PHASE, VFERRY_PF_PHASE_SAVED);
		mnl_attr_put_u32(h, VFERRY_PF_A_GUEST_US, 12);
		mnl_attr_put_u64(h, VFERRY_PF_A_MIG_ID, 5);
		assert_int_equal(msg_get_event(h, &e), 0);
		assert_int_equal(e.guest_us, 12);
		assert_int_equal(e.duration_us, -1);
		assert_true(fits_schema(event_json(&e), "event"));
	}
	assert_int_equal(msg_get_event(message(1), &e), -EBADMSG);
}

/* A value that is not in the enum does not fit: the schema is able to say no. */
static void schema_says_no(void **state)
{
	struct vf_event e;
	json_t *j;

	(void)state;
	assert_int_equal(msg_get_event(event(99), &e), 0);
	assert_false(fits_schema(event_json(&e), "event"));
	assert_int_equal(msg_get_event(event(VFERRY_PF_EVENT_RESET), &e), 0);
	j = event_json(&e);
	json_object_set_new(j, "surplus", json_true());
	assert_false(fits_schema(j, "event"));
	j = event_json(&e);
	json_object_del(j, "time_ns");
	assert_false(fits_schema(j, "event"));
}

static void family_is_read(void **state)
{
	struct nlmsghdr *h = message(CTRL_CMD_NEWFAMILY);
	struct genl_family family;
	struct nlattr *groups, *group;

	(void)state;
	mnl_attr_put_u16(h, CTRL_ATTR_FAMILY_ID, 33);
	mnl_attr_put_u32(h, CTRL_ATTR_VERSION, 1);
	groups = mnl_attr_nest_start(h, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(h, 1);
	mnl_attr_put_strz(h, CTRL_ATTR_MCAST_GRP_NAME, "other");
	mnl_attr_put_u32(h, CTRL_ATTR_MCAST_GRP_ID, 8);
	mnl_attr_nest_end(h, group);
	group = mnl_attr_nest_start(h, 2);
	mnl_attr_put_u32(h, CTRL_ATTR_MCAST_GRP_ID, 9);
	mnl_attr_put_strz(h, CTRL_ATTR_MCAST_GRP_NAME, VFERRY_PF_GENL_EVENTS);
	mnl_attr_nest_end(h, group);
	mnl_attr_nest_end(h, groups);
	assert_int_equal(msg_get_family(h, VFERRY_PF_GENL_EVENTS, &family), 0);
	assert_int_equal(family.id, 33);
	assert_int_equal(family.group, 9);
}

/* An answer with the request in it, or without, then a text */
static struct nlmsghdr *refusal(bool capped, const char *text)
{
	struct nlmsghdr *h;
	struct nlmsgerr *e;

	memset(buf, 0, sizeof(buf));
	h = mnl_nlmsg_put_header(buf);
	e = mnl_nlmsg_put_extra_header(h, sizeof(*e));
	h->nlmsg_type = NLMSG_ERROR;
	h->nlmsg_flags = NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0);
	e->error = -EINVAL;
	e->msg.nlmsg_len = NLMSG_HDRLEN + 24;
	if (!capped)
		mnl_nlmsg_put_extra_header(h, 24);
	mnl_attr_put_strz(h, NLMSGERR_ATTR_MSG, text);
	return h;
}

static void refusals_have_their_words(void **state)
{
	struct nlmsghdr *h;
	char text[64];

	(void)state;
	assert_int_equal(msg_get_error(refusal(true, "VF 0: not suspended"), text, sizeof(text)),
			 -EINVAL);
	assert_string_equal(text, "VF 0: not suspended");
	assert_int_equal(msg_get_error(refusal(false, "no such VF"), text, sizeof(text)), -EINVAL);
	assert_string_equal(text, "no such VF");

	h = refusal(false, "x");
	((struct nlmsgerr *)mnl_nlmsg_get_payload(h))->msg.nlmsg_len = 100000;
	assert_int_equal(msg_get_error(h, text, sizeof(text)), -EBADMSG);
	h = refusal(true, "x");
	h->nlmsg_len = NLMSG_HDRLEN + 6;
	assert_int_equal(msg_get_error(h, text, sizeof(text)), -EBADMSG);
	h = refusal(true, "x");
	((struct nlmsgerr *)mnl_nlmsg_get_payload(h))->error = 5;
	assert_int_equal(msg_get_error(h, text, sizeof(text)), -EBADMSG);
}

static void vlans_are_read(void **state)
{
	struct ifla_vf_spoofchk spoofchk = { .vf = 2, .setting = 1 };
	struct ifla_vf_vlan vlan = { .vf = 2, .vlan = 77 };
	struct vf_settings settings[RTNL_VFS] = {};
	struct nlattr *list, *info;
	struct nlmsghdr *h;

	(void)state;
	memset(buf, 0, sizeof(buf));
	h = mnl_nlmsg_put_header(buf);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	list = mnl_attr_nest_start(h, IFLA_VFINFO_LIST);
	info = mnl_attr_nest_start(h, IFLA_VF_INFO);
	mnl_attr_put(h, IFLA_VF_VLAN, sizeof(vlan), &vlan);
	mnl_attr_nest_end(h, info);
	vlan.vf = 3;
	info = mnl_attr_nest_start(h, IFLA_VF_INFO);
	mnl_attr_put(h, IFLA_VF_VLAN, sizeof(vlan), &vlan);
	mnl_attr_put(h, IFLA_VF_SPOOFCHK, sizeof(spoofchk), &spoofchk);
	mnl_attr_nest_end(h, info);
	mnl_attr_nest_end(h, list);
	assert_int_equal(rtnl_get_settings(h, settings), 0);
	assert_int_equal(settings[2].spoofchk, -1);
	assert_int_equal(settings[3].spoofchk, 1);
	assert_true(settings[2].known);
	assert_int_equal(settings[2].vlan, 77);
	assert_false(settings[1].known);

	vlan.vf = RTNL_VFS;
	list = mnl_attr_nest_start(h, IFLA_VFINFO_LIST);
	info = mnl_attr_nest_start(h, IFLA_VF_INFO);
	mnl_attr_put(h, IFLA_VF_VLAN, sizeof(vlan), &vlan);
	mnl_attr_nest_end(h, info);
	mnl_attr_nest_end(h, list);
	assert_int_equal(rtnl_get_settings(h, settings), -EBADMSG);
}

/* A length that does not fit into an int is no negative one. */
static void lengths(void **state)
{
	struct nlmsghdr *h = message(1);

	(void)state;
	assert_true(msg_ok(h, h->nlmsg_len));
	assert_false(msg_ok(h, h->nlmsg_len - 1));
	assert_false(msg_ok(h, 0));
	assert_false(msg_ok(h, -4));
	h->nlmsg_len = 0xfff9ffff;
	assert_false(msg_ok(h, sizeof(buf)));
	h->nlmsg_len = NLMSG_HDRLEN - 1;
	assert_false(msg_ok(h, sizeof(buf)));
}

static void words(void **state)
{
	int i;

	(void)state;
	assert_int_equal(command_by_name("suspend"), VFERRY_LINK_STATE_SUSPEND);
	assert_int_equal(command_by_name("susp"), -EINVAL);
	assert_int_equal(command_by_name("auto"), -EINVAL);
	assert_int_equal(command_by_name(""), -EINVAL);
	assert_string_equal(mig_state_name(VFERRY_MIG_STATES), "?");
	assert_string_equal(event_name(0), "?");
	assert_string_equal(phase_name(1000), "?");
	/* all that this source knows, without a gap */
	for (i = 1; strcmp(phase_name(i), "?"); i++)
		;
	assert_int_equal(i, VFERRY_PF_PHASE_SETTLED + 1);
	assert_int_equal(command_goal(VFERRY_LINK_STATE_MIGRATE), VFERRY_MIG_MIGRATING);
	assert_int_equal(command_goal(VFERRY_LINK_STATE_RESUME), VFERRY_MIG_IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vf_is_read),
		cmocka_unit_test(broken_vf_is_refused),
		cmocka_unit_test(text_is_tamed),
		cmocka_unit_test(events_fit_the_schema),
		cmocka_unit_test(schema_says_no),
		cmocka_unit_test(family_is_read),
		cmocka_unit_test(refusals_have_their_words),
		cmocka_unit_test(vlans_are_read),
		cmocka_unit_test(lengths),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
