// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: whom to ask after a switch, and from where. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>

#include "neighbours.h"
#include "unit.h"

#define UP	(IFF_UP | OBJECT_CARRIER)

static struct nl_msg *begin(int type, const void *header, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc();

	nlmsg_put(msg, 0, 0, type, 0, 0);
	nlmsg_append(msg, (void *)header, len, NLMSG_ALIGNTO);
	return msg;
}

static void put_address(struct nl_msg *msg, int type, const char *text)
{
	bool six = strchr(text, ':');
	uint8_t buf[16];

	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, text, buf), 1);
	nla_put(msg, type, six ? 16 : 4, buf);
}

static void add(struct snapshot *s, struct nl_msg *msg)
{
	assert_int_equal(snapshot_add(s, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len), 0);
	nlmsg_free(msg);
}

static void add_link(struct snapshot *s, int ifindex, unsigned int flags, uint32_t lower)
{
	struct ifinfomsg info = { .ifi_index = ifindex, .ifi_flags = flags, .ifi_type = 1 };
	struct nl_msg *msg = begin(RTM_NEWLINK, &info, sizeof(info));
	char name[16];

	snprintf(name, sizeof(name), "eth%d", ifindex);
	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put(msg, IFLA_ADDRESS, 6, "\2\0\0\0\0\1");
	if (lower)
		nla_put_u32(msg, IFLA_LINK, lower);
	add(s, msg);
}

static void add_address(struct snapshot *s, uint32_t ifindex, const char *address, uint8_t len,
			uint8_t flags)
{
	struct ifaddrmsg info = {
		.ifa_family = strchr(address, ':') ? AF_INET6 : AF_INET, .ifa_prefixlen = len,
		.ifa_flags = flags, .ifa_index = ifindex,
	};
	struct nl_msg *msg = begin(RTM_NEWADDR, &info, sizeof(info));

	put_address(msg, IFA_ADDRESS, address);
	add(s, msg);
}

static void add_route(struct snapshot *s, const char *gateway, uint32_t ifindex)
{
	struct rtmsg info = {
		.rtm_family = strchr(gateway, ':') ? AF_INET6 : AF_INET,
		.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = begin(RTM_NEWROUTE, &info, sizeof(info));

	put_address(msg, RTA_GATEWAY, gateway);
	nla_put_u32(msg, RTA_OIF, ifindex);
	add(s, msg);
}

/* 10.5.0.0/16 by a gateway of another family on one link and one of its own on another. */
static void add_multipath(struct snapshot *s, uint32_t dev1, uint32_t dev2)
{
	struct rtmsg info = {
		.rtm_family = AF_INET, .rtm_dst_len = 16, .rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = begin(RTM_NEWROUTE, &info, sizeof(info));
	uint8_t buf[64] __attribute__((aligned(4))) = {};
	struct rtnexthop *nh = (struct rtnexthop *)buf;
	struct nlattr *attr = (struct nlattr *)RTNH_DATA(nh);
	struct rtvia *via = nla_data(attr);
	size_t first;

	put_address(msg, RTA_DST, "10.5.0.0");
	nh->rtnh_ifindex = (int)dev1;
	attr->nla_type = RTA_VIA;
	attr->nla_len = NLA_HDRLEN + 2 + 16;
	via->rtvia_family = AF_INET6;
	inet_pton(AF_INET6, "fe80::9", via->rtvia_addr);
	first = sizeof(*nh) + NLA_ALIGN(attr->nla_len);
	nh->rtnh_len = (unsigned short)first;
	nh = (struct rtnexthop *)(buf + first);
	nh->rtnh_ifindex = (int)dev2;
	nh->rtnh_len = sizeof(*nh) + NLA_HDRLEN + 4;
	attr = (struct nlattr *)RTNH_DATA(nh);
	attr->nla_type = RTA_GATEWAY;
	attr->nla_len = NLA_HDRLEN + 4;
	inet_pton(AF_INET, "10.7.0.1", nla_data(attr));
	nla_put(msg, RTA_MULTIPATH, (int)(first + nh->rtnh_len), buf);
	add(s, msg);
}

static struct nl_msg *neighbour(uint32_t ifindex, const char *address, uint16_t nud, uint8_t flags,
				uint32_t used)
{
	struct ndmsg info = {
		.ndm_family = strchr(address, ':') ? AF_INET6 : AF_INET,
		.ndm_ifindex = (int)ifindex, .ndm_state = nud, .ndm_flags = flags,
	};
	struct nda_cacheinfo cache = { .ndm_used = used };
	struct nl_msg *msg = begin(RTM_NEWNEIGH, &info, sizeof(info));

	put_address(msg, NDA_DST, address);
	nla_put(msg, NDA_LLADDR, 6, "\2\0\0\0\0\x99");
	nla_put(msg, NDA_CACHEINFO, sizeof(cache), &cache);
	return msg;
}

static void learn(struct neighbours *n, const struct snapshot *s, struct nl_msg *msg)
{
	assert_int_equal(neighbours_add(n, s, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len), 0);
	nlmsg_free(msg);
}

/* eth3 with eth4 on it; eth5 without ARP, eth6 without carrier on it too; eth9 alone. */
static void setup(struct snapshot *s)
{
	*s = (struct snapshot){};
	add_link(s, 3, UP, 0);
	add_link(s, 4, UP, 3);
	add_link(s, 5, UP | IFF_NOARP, 3);
	add_link(s, 6, IFF_UP, 3);
	add_link(s, 9, UP, 0);
	assert_int_equal(snapshot_close(s, 3), 0);
	add_address(s, 3, "10.9.0.5", 24, 0);
	add_address(s, 3, "10.9.0.6", 24, 0);
	add_address(s, 3, "10.8.0.5", 20, 0);
	add_address(s, 3, "fd09::5", 64, 0);
	add_address(s, 3, "fd09::6", 64, IFA_F_TENTATIVE);
	add_address(s, 3, "fe80::5", 64, 0);
	add_address(s, 4, "10.7.0.5", 24, 0);
	add_route(s, "10.9.0.1", 3);
	add_route(s, "fe80::1", 3);
	add_route(s, "10.9.0.99", 3);
	add_multipath(s, 3, 4);
	snapshot_sort(s);
}

static const char *name(const struct neighbour *one, char *buf)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(one->family, &one->address, text, sizeof(text));
	sprintf(buf, "%s@%u%s", text, one->ifindex, one->gateway ? "*" : "");
	return buf;
}

static bool has(const struct neighbours *n, const char *want)
{
	char buf[80];
	size_t i;

	for (i = 0; i < n->count; i++)
		if (!strcmp(name(&n->list[i], buf), want))
			return true;
	return false;
}

static void who_is_asked(void **state)
{
	struct neighbours n = {};
	struct snapshot s;
	char buf[80];

	(void)state;
	setup(&s);
	learn(&n, &s, neighbour(3, "10.9.0.7", NUD_STALE, 0, 500));
	learn(&n, &s, neighbour(3, "10.9.0.1", NUD_REACHABLE, 0, 900));
	learn(&n, &s, neighbour(3, "10.9.0.8", NUD_DELAY, 0, 20));
	learn(&n, &s, neighbour(3, "fd09::8", NUD_PROBE, NTF_ROUTER, 30));
	/* not these */
	learn(&n, &s, neighbour(3, "10.9.0.99", NUD_PERMANENT, 0, 0));
	learn(&n, &s, neighbour(3, "10.9.0.98", NUD_NOARP, 0, 0));
	learn(&n, &s, neighbour(3, "10.9.0.97", NUD_FAILED, 0, 0));
	learn(&n, &s, neighbour(3, "10.9.0.96", NUD_STALE, NTF_PROXY, 0));
	learn(&n, &s, neighbour(3, "10.9.0.95", NUD_REACHABLE, NTF_EXT_LEARNED, 0));
	learn(&n, &s, neighbour(3, "224.0.0.22", NUD_REACHABLE, 0, 0));
	learn(&n, &s, neighbour(3, "ff02::16", NUD_REACHABLE, 0, 0));
	learn(&n, &s, neighbour(5, "10.6.0.1", NUD_REACHABLE, 0, 0));
	learn(&n, &s, neighbour(6, "10.6.1.1", NUD_REACHABLE, 0, 0));
	learn(&n, &s, neighbour(9, "10.9.0.7", NUD_REACHABLE, 0, 0));
	assert_int_equal(neighbours_add_gateways(&n, &s), 0);
	neighbours_choose(&n, &s);

	/* Of the gateways, those come first that were not seen so far; then the last used. */
	assert_int_equal(n.count, 7);
	assert_true(has(&n, "10.9.0.1@3*") && has(&n, "fe80::1@3*") && has(&n, "fe80::9@3*") &&
		    has(&n, "10.7.0.1@4*"));
	assert_string_equal(name(&n.list[3], buf), "10.9.0.1@3*");
	assert_true(n.list[3].known);
	assert_string_equal(name(&n.list[4], buf), "10.9.0.8@3");
	assert_string_equal(name(&n.list[5], buf), "fd09::8@3");
	assert_string_equal(name(&n.list[6], buf), "10.9.0.7@3");
	neighbours_free(&n);
	snapshot_free(&s);
}

static void no_more_than(void **state)
{
	struct neighbours n = {};
	struct snapshot s;
	char buf[80];
	uint32_t i;

	(void)state;
	setup(&s);
	for (i = 0; i < 3 * NEIGHBOURS_MAX; i++) {
		snprintf(buf, sizeof(buf), "fd09::%x", i + 1);
		learn(&n, &s, neighbour(3, buf, NUD_STALE, 0, 10000 - i));
	}
	assert_int_equal(neighbours_add_gateways(&n, &s), 0);
	neighbours_choose(&n, &s);
	assert_int_equal(n.count, NEIGHBOURS_MAX);
	assert_true(has(&n, "10.9.0.1@3*"));
	assert_string_equal(name(&n.list[5], buf), "fd09::300@3");
	neighbours_free(&n);
	snapshot_free(&s);
}

static void expect_sources(const struct snapshot *s, uint32_t ifindex, const char *target,
			   size_t max, const char *want)
{
	bool six = strchr(target, ':');
	struct neighbour one = { .ifindex = ifindex, .family = six ? AF_INET6 : AF_INET };
	const struct object_address *sources[8];
	char got[400] = "", text[INET6_ADDRSTRLEN];
	size_t i, n;

	inet_pton(one.family, target, &one.address);
	n = neighbour_sources(&one, s, sources, max);
	assert_true(n <= max);
	for (i = 0; i < n; i++) {
		inet_ntop(one.family, &sources[i]->local, text, sizeof(text));
		strcat(strcat(got, i ? " " : ""), text);
	}
	assert_string_equal(got, want);
}

static void from_where(void **state)
{
	struct snapshot s;

	(void)state;
	setup(&s);
	expect_sources(&s, 3, "10.9.0.1", 8, "10.9.0.5 10.9.0.6");
	expect_sources(&s, 3, "10.9.0.1", 1, "10.9.0.5");
	expect_sources(&s, 3, "10.8.15.9", 8, "10.8.0.5");
	/* In no network of the link. */
	expect_sources(&s, 3, "10.8.16.9", 8, "10.8.0.5 10.9.0.5 10.9.0.6");
	expect_sources(&s, 3, "fd09::1", 8, "fd09::5");
	/* It is asked for all addresses. */
	expect_sources(&s, 3, "fe80::1", 8, "fe80::5 fd09::5");
	expect_sources(&s, 4, "fd09::1", 8, "");
	snapshot_free(&s);
}

static void cut_and_wrong(void **state)
{
	struct nl_msg *msg = neighbour(3, "fd09::8", NUD_STALE, 0, 7);
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct neighbours n = {};
	struct snapshot s;
	size_t len;

	(void)state;
	setup(&s);
	for (len = 0; len < head->nlmsg_len; len++) {
		struct nlmsghdr *copy = malloc(len ? len : 1);

		memcpy(copy, head, len);
		assert_int_equal(neighbours_add(&n, &s, copy, len), -EBADMSG);
		if (len >= sizeof(*copy)) {
			copy->nlmsg_len = (uint32_t)len;
			neighbours_add(&n, &s, copy, len);
		}
		free(copy);
	}
	nlmsg_free(msg);
	neighbours_free(&n);
	msg = neighbour(3, "fd09::8", NUD_STALE, 0, 7);
	nla_put(msg, NDA_DST, 4, "\1\2\3\4");
	assert_int_equal(neighbours_add(&n, &s, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len),
			 -EBADMSG);
	nlmsg_free(msg);
	snapshot_free(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_asked),
		cmocka_unit_test(no_more_than),
		cmocka_unit_test(from_where),
		cmocka_unit_test(cut_and_wrong),
	};

	return cmocka_run_group_tests_name("neighbours", tests, NULL, NULL);
}
