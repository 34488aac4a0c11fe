// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: a list of VFs during which some come or go. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pf.h"
#include "unit.h"

#define FAMILY	0x21

/* The kernel of a test: libmnl's functions, as far as they reach it. */
static int asked_fd;		/* readable: there is an answer, to @asked */
static struct nlmsghdr asked;
static int torn, dumps;		/* dumps that will be torn; that there were */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	asked_fd = eventfd(0, flags & SOCK_CLOEXEC ? EFD_CLOEXEC : 0);
	return (void *)&asked_fd;
}

int mnl_socket_bind(struct mnl_socket *s, unsigned int groups, pid_t pid)
{
	(void)s, (void)groups, (void)pid;
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *s, int type, void *buf, socklen_t len)
{
	(void)s, (void)type, (void)buf, (void)len;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *s)
{
	return *(const int *)s;
}

int mnl_socket_close(struct mnl_socket *s)
{
	return close(*(int *)s);
}

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *req, size_t len)
{
	assert_true(len >= sizeof(asked));
	memcpy(&asked, req, sizeof(asked));
	assert_int_equal(eventfd_write(*(const int *)s, 1), 0);
	return len;
}

static struct nlmsghdr *answer(char *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = flags;
	h->nlmsg_seq = asked.nlmsg_seq;
	return h;
}

static size_t tell_family(char *buf)
{
	struct nlmsghdr *h = answer(buf, GENL_ID_CTRL, 0);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	struct nlattr *groups, *group;

	g->cmd = CTRL_CMD_NEWFAMILY;
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, VFERRY_PF_GENL_NAME);
	mnl_attr_put_u16(h, CTRL_ATTR_FAMILY_ID, FAMILY);
	mnl_attr_put_u32(h, CTRL_ATTR_VERSION, VFERRY_PF_GENL_VERSION);
	groups = mnl_attr_nest_start(h, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(h, 1);
	mnl_attr_put_strz(h, CTRL_ATTR_MCAST_GRP_NAME, VFERRY_PF_GENL_EVENTS);
	mnl_attr_put_u32(h, CTRL_ATTR_MCAST_GRP_ID, 1);
	mnl_attr_nest_end(h, group);
	mnl_attr_nest_end(h, groups);
	return h->nlmsg_len;
}

static size_t tell_vf(char *buf, uint16_t flags)
{
	struct nlmsghdr *h = answer(buf, FAMILY, NLM_F_MULTI | flags);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	g->cmd = VFERRY_PF_CMD_GET_VF;
	mnl_attr_put_u32(h, VFERRY_PF_A_IFINDEX, 7);
	mnl_attr_put_u32(h, VFERRY_PF_A_VF, 3);
	mnl_attr_put_u32(h, VFERRY_PF_A_STATE, 0);
	return h->nlmsg_len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *buf, size_t size)
{
	struct nlmsghdr *end;
	eventfd_t n;
	size_t len;

	assert_true(size >= 4096);
	memset(buf, 0, 4096);
	assert_int_equal(eventfd_read(*(const int *)s, &n), 0);
	if (asked.nlmsg_type == GENL_ID_CTRL) {
		len = tell_family(buf);
		end = answer((char *)buf + len, NLMSG_ERROR, NLM_F_CAPPED);
		mnl_nlmsg_put_extra_header(end, sizeof(struct nlmsgerr));
	} else {
		len = tell_vf(buf, dumps++ < torn ? NLM_F_DUMP_INTR : 0);
		end = answer((char *)buf + len, NLMSG_DONE, NLM_F_MULTI);
		mnl_nlmsg_put_extra_header(end, sizeof(int));
	}
	return len + end->nlmsg_len;
}

static int dump(int now_torn, size_t *ret_count, const char **ret_refusal)
{
	static char refusal[256];
	struct vf_info *vfs;
	struct pf *pf;
	int r;

	torn = now_torn;
	dumps = 0;
	assert_int_equal(pf_open(&pf), 0);
	r = pf_dump(pf, &vfs, ret_count);
	if (!r)
		free(vfs);
	strcpy(refusal, pf_refusal(pf));
	*ret_refusal = refusal;
	pf_close(pf);
	return r;
}

static void asked_again(void **state)
{
	const char *refusal;
	size_t count;

	(void)state;
	assert_int_equal(dump(0, &count, &refusal), 0);
	assert_int_equal(dumps, 1);
	assert_int_equal(dump(3, &count, &refusal), 0);
	assert_int_equal(dumps, 4);
	/* of the last one alone, without a complaint on those before */
	assert_int_equal(count, 1);
	assert_string_equal(refusal, "");
}

static void not_for_ever(void **state)
{
	const char *refusal;
	size_t count;

	(void)state;
	assert_int_equal(dump(1000, &count, &refusal), -EAGAIN);
	assert_in_range(dumps, 2, 100);
	assert_non_null(strstr(refusal, "come and go"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_again),
		cmocka_unit_test(not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
