// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unit test: rtnetlink messages, snapshots of a configuration, their differences,
 * and the requests that repair them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <unistd.h>

#include "repair.h"
#include "saved.h"
#include "snapshot.h"
#include "unit.h"

/* -- messages as the kernel makes them */

static struct nl_msg *begin(int type, const void *header, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc();

	nlmsg_put(msg, 0, 0, type, 0, 0);
	nlmsg_append(msg, (void *)header, len, NLMSG_ALIGNTO);
	return msg;
}

static void put_address(struct nl_msg *msg, int type, const char *text)
{
	uint8_t buf[16];
	bool six = strchr(text, ':');

	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, text, buf), 1);
	nla_put(msg, type, six ? 16 : 4, buf);
}

static struct nl_msg *link_msg(int ifindex, const char *name, unsigned int flags, uint32_t mtu)
{
	struct ifinfomsg info = {
		.ifi_index = ifindex, .ifi_flags = flags ^ IFF_MULTICAST, .ifi_type = 1,
	};
	struct nl_msg *msg = begin(RTM_NEWLINK, &info, sizeof(info));

	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put_u32(msg, IFLA_MTU, mtu);
	nla_put_u32(msg, IFLA_TXQLEN, 1000);
	nla_put(msg, IFLA_ADDRESS, 6, "\2\0\0\0\0\1");
	return msg;
}

static struct nl_msg *vlan_msg(int ifindex, const char *name, uint32_t lower, uint16_t id)
{
	struct nl_msg *msg = link_msg(ifindex, name, IFF_UP, 1500);
	struct nlattr *info, *data;

	nla_put_u32(msg, IFLA_LINK, lower);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "vlan");
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	nla_put_u16(msg, IFLA_VLAN_ID, id);
	nla_put_u16(msg, IFLA_VLAN_PROTOCOL, htons(0x8100));
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return msg;
}

static struct nl_msg *address_msg(uint32_t ifindex, const char *address, uint8_t len,
				  uint32_t flags, uint32_t valid)
{
	bool six = strchr(address, ':');
	struct ifaddrmsg info = {
		.ifa_family = six ? AF_INET6 : AF_INET, .ifa_prefixlen = len,
		.ifa_flags = (uint8_t)flags, .ifa_index = ifindex,
	};
	struct ifa_cacheinfo life = { .ifa_prefered = valid, .ifa_valid = valid };
	struct nl_msg *msg = begin(RTM_NEWADDR, &info, sizeof(info));

	put_address(msg, IFA_ADDRESS, address);
	nla_put_u32(msg, IFA_FLAGS, flags);
	nla_put(msg, IFA_CACHEINFO, sizeof(life), &life);
	return msg;
}

static struct nl_msg *route_msg(const char *dst, uint8_t len, const char *gateway, uint32_t dev,
				uint8_t protocol)
{
	struct rtmsg info = {
		.rtm_family = AF_INET, .rtm_dst_len = len, .rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = protocol, .rtm_type = RTN_UNICAST, .rtm_flags = RTNH_F_LINKDOWN,
	};
	struct nl_msg *msg = begin(RTM_NEWROUTE, &info, sizeof(info));

	nla_put_u32(msg, RTA_TABLE, RT_TABLE_MAIN);
	if (dst)
		put_address(msg, RTA_DST, dst);
	if (gateway)
		put_address(msg, RTA_GATEWAY, gateway);
	if (dev)
		nla_put_u32(msg, RTA_OIF, dev);
	return msg;
}

static struct nl_msg *multipath_msg(uint32_t dev1, uint32_t dev2)
{
	struct nl_msg *msg = route_msg("10.5.0.0", 16, NULL, 0, RTPROT_STATIC);
	uint32_t devs[] = { dev1, dev2 };
	uint8_t buf[2 * 16];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct rtnexthop nh = {
			.rtnh_len = 16, .rtnh_flags = RTNH_F_LINKDOWN, .rtnh_ifindex = (int)devs[i],
		};
		struct nlattr gateway = { .nla_len = 8, .nla_type = RTA_GATEWAY };

		memcpy(buf + 16 * i, &nh, 8);
		memcpy(buf + 16 * i + 8, &gateway, 4);
		memcpy(buf + 16 * i + 12, "\x0a\x09\x00\x01", 4);
	}
	nla_put(msg, RTA_MULTIPATH, sizeof(buf), buf);
	return msg;
}

static struct nl_msg *neighbour_msg(uint32_t dev, const char *address, uint16_t neigh_state)
{
	struct ndmsg info = {
		.ndm_family = AF_INET, .ndm_ifindex = (int)dev, .ndm_state = neigh_state,
	};
	struct nl_msg *msg = begin(RTM_NEWNEIGH, &info, sizeof(info));

	put_address(msg, NDA_DST, address);
	nla_put(msg, NDA_LLADDR, 6, "\2\0\0\0\0\x63");
	return msg;
}

static struct nl_msg *rule_msg(uint32_t priority, uint32_t flags)
{
	struct fib_rule_hdr info = {
		.family = AF_INET, .src_len = 24, .table = 100, .action = FR_ACT_TO_TBL,
		.flags = flags,
	};
	struct nl_msg *msg = begin(RTM_NEWRULE, &info, sizeof(info));

	put_address(msg, FRA_SRC, "10.9.0.0");
	nla_put_u32(msg, FRA_PRIORITY, priority);
	nla_put_u32(msg, FRA_TABLE, 100);
	nla_put_string(msg, FRA_OIFNAME, "eth0");
	return msg;
}

static struct nl_msg *nexthop_msg(uint32_t id, uint32_t dev)
{
	struct nhmsg info = {
		.nh_family = AF_INET, .nh_protocol = RTPROT_STATIC, .nh_scope = RT_SCOPE_LINK,
	};
	struct nl_msg *msg = begin(RTM_NEWNEXTHOP, &info, sizeof(info));

	nla_put_u32(msg, NHA_ID, id);
	nla_put_u32(msg, NHA_OIF, dev);
	put_address(msg, NHA_GATEWAY, "10.9.0.1");
	return msg;
}

static int decode(struct nl_msg *msg, struct object **ret)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);

	return object_decode(head, head->nlmsg_len, NULL, ret);
}

static void expect_object(struct nl_msg *msg, enum object_kind kind, const char *key,
			  const char *value)
{
	struct object *object;

	assert_int_equal(decode(msg, &object), 0);
	assert_int_equal(object->kind, kind);
	assert_string_equal(object->key, key);
	assert_string_equal(object->value, value);
	object_free(object);
	nlmsg_free(msg);
}

static void expect_decode(struct nl_msg *msg, int want)
{
	struct object *object = NULL;

	assert_int_equal(decode(msg, &object), want);
	assert_null(object);
	nlmsg_free(msg);
}

/* -- objects */

static void in_words(void **state)
{
	(void)state;
	expect_object(link_msg(3, "eth0", IFF_UP | IFF_NOARP, 9000), OBJECT_LINK, "link eth0",
		      " up mtu 9000 address 02:00:00:00:00:01 qlen 1000 noarp");
	expect_object(link_msg(3, "eth0", IFF_MULTICAST, 9000), OBJECT_LINK, "link eth0",
		      " down mtu 9000 address 02:00:00:00:00:01 qlen 1000 nomulticast");
	expect_object(vlan_msg(4, "eth0.100", 3, 100), OBJECT_LINK, "link eth0.100",
		      " vlan 100 up mtu 1500 address 02:00:00:00:00:01 qlen 1000 on if3");
	expect_object(address_msg(3, "10.9.0.5", 24, IFA_F_PERMANENT, UINT32_MAX), OBJECT_ADDRESS,
		      "address 10.9.0.5/24 dev if3", " scope 0 forever");
	expect_object(address_msg(3, "fd09::5", 64, IFA_F_NOPREFIXROUTE, 3600), OBJECT_ADDRESS,
		      "address fd09::5/64 dev if3", " scope 0 limited noprefixroute");
	expect_object(route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC), OBJECT_ROUTE,
		      "route 10.1.0.0/16", " via 10.9.0.1 dev if3 proto 4 scope 0");
	expect_object(route_msg(NULL, 0, "10.9.0.1", 3, RTPROT_STATIC), OBJECT_ROUTE,
		      "route default", " via 10.9.0.1 dev if3 proto 4 scope 0");
	expect_object(multipath_msg(3, 9), OBJECT_ROUTE, "route 10.5.0.0/16",
		      " nexthop via 10.9.0.1 dev if3 weight 1 nexthop via 10.9.0.1 dev if9 weight 1"
		      " proto 4 scope 0");
	expect_object(neighbour_msg(3, "10.9.0.99", NUD_PERMANENT), OBJECT_NEIGHBOUR,
		      "neighbour 10.9.0.99 dev if3", " at 02:00:00:00:00:63");
	expect_object(rule_msg(1000, 0), OBJECT_RULE, "rule 1000 IPv4",
		      " from 10.9.0.0/24 oif eth0 action 1 table 100");
	expect_object(nexthop_msg(7, 3), OBJECT_NEXTHOP, "nexthop 7",
		      " proto 4 dev if3 attribute 6=0a090001");
}

/* What the kernel counts or finds out by itself is not part of the words. */
static void volatile_is_left_out(void **state)
{
	(void)state;
	expect_object(address_msg(3, "fd09::5", 64, IFA_F_PERMANENT | IFA_F_TENTATIVE, UINT32_MAX),
		      OBJECT_ADDRESS, "address fd09::5/64 dev if3", " scope 0 forever");
	expect_object(rule_msg(1000, FIB_RULE_OIF_DETACHED), OBJECT_RULE, "rule 1000 IPv4",
		      " from 10.9.0.0/24 oif eth0 action 1 table 100");
}

static void not_of_interest(void **state)
{
	struct rtmsg mpls = { .rtm_family = AF_MPLS };
	struct nl_msg *msg;

	(void)state;
	expect_decode(neighbour_msg(3, "10.9.0.99", NUD_REACHABLE), 1);
	expect_decode(begin(RTM_NEWROUTE, &mpls, sizeof(mpls)), 1);
	expect_decode(begin(RTM_NEWQDISC, &mpls, sizeof(mpls)), 1);
	msg = route_msg("10.9.0.5", 32, NULL, 3, RTPROT_KERNEL);
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_flags |= RTM_F_CLONED;
	expect_decode(msg, 1);
	msg = route_msg("10.9.0.5", 32, NULL, 3, RTPROT_KERNEL);
	((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_type = RTN_LOCAL;
	expect_decode(msg, 1);
}

static struct nl_msg *sample(unsigned int which)
{
	switch (which) {
	case 0: return link_msg(3, "eth0", IFF_UP, 1500);
	case 1: return vlan_msg(4, "eth0.100", 3, 100);
	case 2: return address_msg(3, "10.9.0.5", 24, 0, UINT32_MAX);
	case 3: return address_msg(3, "fd09::5", 64, 0, 100);
	case 4: return route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC);
	case 5: return multipath_msg(3, 4);
	case 6: return neighbour_msg(3, "10.9.0.99", NUD_PERMANENT);
	case 7: return rule_msg(1, 0);
	case 8: return nexthop_msg(7, 3);
	}
	return NULL;
}

/* Cut anywhere, with the length that it had, and with that of what is left. */
static void cut_messages(void **state)
{
	struct object *object;
	unsigned int which;
	struct nl_msg *msg;
	size_t len;
	int r;

	(void)state;
	for (which = 0; (msg = sample(which)); which++) {
		struct nlmsghdr *head = nlmsg_hdr(msg);

		for (len = 0; len < head->nlmsg_len; len++) {
			struct nlmsghdr *copy = malloc(len ? len : 1);

			memcpy(copy, head, len);
			assert_int_equal(object_decode(copy, len, NULL, &object), -EBADMSG);
			if (len >= sizeof(*copy)) {
				copy->nlmsg_len = (uint32_t)len;
				r = object_decode(copy, len, NULL, &object);
				assert_true(r == 0 || r == 1 || r == -EBADMSG);
				if (!r)
					object_free(object);
			}
			free(copy);
		}
		nlmsg_free(msg);
	}
}

static void wrong_attributes(void **state)
{
	static const struct {
		unsigned int sample;
		int type, len;
		const char *data;
	} wrong[] = {
		{ 0, IFLA_MTU, 2, "\1\0" },
		{ 0, IFLA_IFNAME, 4, "eth0" },
		{ 0, IFLA_IFNAME, 17, "0123456789abcdef" },
		{ 0, IFLA_LINK, 3, "\1\0\0" },
		{ 0, IFLA_LINKINFO, 6, "\x20\0\1\0zz" },	/* nested, longer than it is */
		{ 1, IFLA_LINKINFO, 24,
		  "\x09\0\1\0vlan\0\0\0\0\x0c\0\2\0\5\0\1\0\x64\0\0\0" },
		{ 2, IFA_LOCAL, 3, "\1\0\0" },
		{ 2, IFA_LOCAL, 16, "0123456789abcdef" },
		{ 2, IFA_CACHEINFO, 15, "0123456789abcde" },
		{ 2, IFA_FLAGS, 1, "\1" },
		{ 3, IFA_ADDRESS, 4, "\1\2\3\4" },
		{ 4, RTA_DST, 5, "\1\2\3\4\5" },
		{ 4, RTA_GATEWAY, 16, "0123456789abcdef" },
		{ 4, RTA_OIF, 1, "\1" },
		{ 4, RTA_CACHEINFO, 8, "01234567" },
		{ 5, RTA_MULTIPATH, 8, "\4\0\0\0\3\0\0\0" },	/* shorter than its header */
		{ 5, RTA_MULTIPATH, 8, "\x10\0\0\0\3\0\0\0" },	/* longer than it is */
		{ 5, RTA_MULTIPATH, 3, "\x08\0\0" },
		{ 6, NDA_DST, 3, "\1\2\3" },
		{ 7, FRA_SRC, 2, "\1\2" },
		{ 7, FRA_OIFNAME, 2, "ab" },
		{ 8, NHA_ID, 2, "\1\2" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		struct nl_msg *msg = sample(wrong[i].sample);

		nla_put(msg, wrong[i].type, wrong[i].len, wrong[i].data);
		expect_decode(msg, -EBADMSG);
	}
}

/* -- snapshots */

static void add(struct snapshot *s, struct nl_msg *msg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);

	assert_int_equal(snapshot_add(s, head, head->nlmsg_len), 0);
	nlmsg_free(msg);
}

/* eth0 (3) with two VLANs in each other and a port of br0 (5); eth1 (9) alone. */
static void add_links(struct snapshot *s)
{
	struct nl_msg *msg;

	add(s, vlan_msg(7, "inner", 4, 200));
	add(s, vlan_msg(4, "outer", 3, 100));
	msg = link_msg(3, "eth0", IFF_UP, 1500);
	nla_put_u32(msg, IFLA_MASTER, 5);
	add(s, msg);
	add(s, link_msg(5, "br0", IFF_UP, 1500));
	add(s, vlan_msg(6, "br0.5", 5, 5));
	add(s, link_msg(9, "eth1", IFF_UP, 1500));
	add(s, vlan_msg(10, "eth1.100", 9, 100));
	/* Its lower link is in another network namespace, where 3 is something else. */
	msg = vlan_msg(11, "foreign", 3, 1);
	nla_put_u32(msg, IFLA_LINK_NETNSID, 0);
	add(s, msg);
}

static void closure(void **state)
{
	struct snapshot s = {};
	size_t i, links = 0;

	(void)state;
	add_links(&s);
	assert_int_equal(snapshot_close(&s, 77), -ENODEV);
	assert_int_equal(snapshot_close(&s, 3), 0);
	assert_int_equal(s.set[0], 3);
	for (i = 3; i <= 7; i++)
		assert_true(snapshot_has(&s, (uint32_t)i));
	assert_false(snapshot_has(&s, 9));
	assert_false(snapshot_has(&s, 10));
	assert_false(snapshot_has(&s, 11));

	add(&s, address_msg(7, "10.9.2.5", 24, 0, UINT32_MAX));
	add(&s, address_msg(9, "10.9.3.5", 24, 0, UINT32_MAX));
	add(&s, multipath_msg(9, 4));
	add(&s, multipath_msg(9, 10));
	add(&s, rule_msg(1, 0));
	for (i = 0; i < s.count; i++)
		links += s.objects[i]->kind == OBJECT_LINK;
	assert_int_equal(links, 5);
	assert_int_equal(s.count, 5 + 3);
	/* Names that came later than the words are in the words. */
	snapshot_sort(&s);
	assert_non_null(strstr(s.objects[3]->value, " on outer"));
	snapshot_free(&s);
}

static void tags(void **state)
{
	struct packet_tags got;
	struct snapshot s = {};

	(void)state;
	add_links(&s);
	assert_int_equal(snapshot_close(&s, 3), 0);
	assert_true(snapshot_tags(&s, 3, &got));
	assert_int_equal(got.count, 0);
	assert_true(snapshot_tags(&s, 4, &got));
	assert_int_equal(got.count, 1);
	assert_int_equal(got.tag[0].vlan, 100);
	assert_true(snapshot_tags(&s, 7, &got));
	assert_int_equal(got.count, 2);
	assert_int_equal(got.tag[0].vlan, 100);
	assert_int_equal(got.tag[1].vlan, 200);
	assert_int_equal(got.tag[1].tpid, 0x8100);
	/* A bridge may filter. */
	assert_false(snapshot_tags(&s, 6, &got));
	snapshot_free(&s);
}

/* A link that is its own lower one, as a hostile or broken message may say. */
static void loops_end(void **state)
{
	struct packet_tags got;
	struct snapshot s = {};

	(void)state;
	add(&s, vlan_msg(3, "a", 4, 1));
	add(&s, vlan_msg(4, "b", 5, 1));
	add(&s, vlan_msg(5, "c", 4, 1));
	assert_int_equal(snapshot_close(&s, 3), 0);
	assert_false(snapshot_tags(&s, 5, &got));
	snapshot_free(&s);
}

static struct snapshot usual(void)
{
	struct snapshot s = {};

	add_links(&s);
	assert_int_equal(snapshot_close(&s, 3), 0);
	add(&s, address_msg(3, "10.9.0.5", 24, IFA_F_PERMANENT, UINT32_MAX));
	add(&s, address_msg(3, "fd09::5", 64, IFA_F_PERMANENT, UINT32_MAX));
	add(&s, route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC));
	return s;
}

static void expect_diff(struct snapshot *was, struct snapshot *is, const char *const *want,
			size_t count)
{
	struct differences d;
	size_t i;

	snapshot_sort(was);
	snapshot_sort(is);
	assert_int_equal(snapshot_diff(was, is, &d), 0);
	for (i = 0; i < d.count; i++) {
		char *text = difference_text(&d.list[i]);

		assert_true(i < count);
		assert_string_equal(text, want[i]);
		free(text);
	}
	assert_int_equal(d.count, count);
	differences_free(&d);
	snapshot_free(was);
	snapshot_free(is);
}

static void no_difference(void **state)
{
	struct snapshot was = usual(), is = {};

	(void)state;
	/* Another order makes none. */
	add_links(&is);
	assert_int_equal(snapshot_close(&is, 3), 0);
	add(&is, route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC));
	add(&is, address_msg(3, "fd09::5", 64, IFA_F_PERMANENT | IFA_F_TENTATIVE, UINT32_MAX));
	add(&is, address_msg(3, "10.9.0.5", 24, IFA_F_PERMANENT, UINT32_MAX));
	expect_diff(&was, &is, NULL, 0);
}

static void differences(void **state)
{
	static const char *const want[] = {
		"changed: link eth0: was (up mtu 1500 address 02:00:00:00:00:01 qlen 1000 master br0), "
		"is (up mtu 1500 address 02:00:00:00:00:01 qlen 1000)",
		"added: address 10.9.0.6/24 dev eth0 (scope 0 forever)",
		"missing: address fd09::5/64 dev eth0 (scope 0 forever)",
		"changed: route 10.1.0.0/16: was (via 10.9.0.1 dev eth0 proto 4 scope 0), "
		"is (via 10.9.0.2 dev eth0 proto 4 scope 0)",
		"missing: rule 5 IPv4 (from 10.9.0.0/24 oif eth0 action 1 table 100)",
	};
	struct snapshot was = usual(), is = {};

	(void)state;
	add(&was, rule_msg(5, 0));
	add(&is, vlan_msg(7, "inner", 4, 200));
	add(&is, vlan_msg(4, "outer", 3, 100));
	add(&is, link_msg(3, "eth0", IFF_UP, 1500));
	assert_int_equal(snapshot_close(&is, 3), 0);
	add(&is, address_msg(3, "10.9.0.5", 24, IFA_F_PERMANENT, UINT32_MAX));
	add(&is, address_msg(3, "10.9.0.6", 24, IFA_F_PERMANENT, UINT32_MAX));
	/* Added by the kernel or a router: none of our business. */
	add(&is, address_msg(3, "fd09::77", 64, 0, 3600));
	add(&is, route_msg("10.77.0.0", 16, NULL, 3, RTPROT_KERNEL));
	add(&is, route_msg("10.1.0.0", 16, "10.9.0.2", 3, RTPROT_STATIC));
	/* br0 and br0.5 are no longer of the set: in the set of what was. */
	{
		static const char *gone[] = { "missing: link br0 ", "missing: link br0.5 " };
		struct differences d;
		size_t i, n = 0, seen = 0;

		snapshot_sort(&was);
		snapshot_sort(&is);
		assert_int_equal(snapshot_diff(&was, &is, &d), 0);
		for (i = 0; i < d.count; i++) {
			char *text = difference_text(&d.list[i]);

			if (!strncmp(text, gone[0], strlen(gone[0])) ||
			    !strncmp(text, gone[1], strlen(gone[1]))) {
				seen++;
			} else {
				assert_true(n < COUNT(want));
				assert_string_equal(text, want[n]);
				n++;
			}
			free(text);
		}
		assert_int_equal(n, COUNT(want));
		assert_int_equal(seen, 2);
		differences_free(&d);
	}
	snapshot_free(&was);
	snapshot_free(&is);
}

/* Several of one key: what is equal is found, whatever the order. */
static void several_of_one_key(void **state)
{
	static const char *const want[] = {
		"changed: rule 5 IPv4: was (from 10.9.0.0/24 oif eth0 action 1 table 100 flags 0x2), "
		"is (from 10.9.0.0/24 oif eth0 action 1 table 100 flags 0x20)",
		"missing: rule 5 IPv4 (from 10.9.0.0/24 oif eth0 action 1 table 100 flags 0x40)",
	};
	struct snapshot was = {}, is = {};

	(void)state;
	add(&was, rule_msg(5, 2));
	add(&was, rule_msg(5, 0));
	add(&was, rule_msg(5, 0x40));
	add(&is, rule_msg(5, 0x20));
	add(&is, rule_msg(5, 0));
	expect_diff(&was, &is, want, COUNT(want));
}

/* -- what the kernel says while a migration goes on */

static bool news(const struct snapshot *s, struct nl_msg *msg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	bool r = snapshot_news(s, head, head->nlmsg_len);

	nlmsg_free(msg);
	return r;
}

static void what_is_news(void **state)
{
	struct snapshot s = usual();
	struct nl_msg *msg;

	(void)state;
	/* The same again, as at RESUME; and what does not belong here. */
	assert_false(news(&s, vlan_msg(4, "outer", 3, 100)));
	assert_false(news(&s, address_msg(3, "10.9.0.5", 24, IFA_F_PERMANENT, UINT32_MAX)));
	assert_false(news(&s, route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC)));
	assert_false(news(&s, link_msg(9, "eth1", 0, 1500)));
	assert_false(news(&s, address_msg(9, "10.9.0.7", 24, IFA_F_PERMANENT, UINT32_MAX)));
	assert_false(news(&s, neighbour_msg(3, "10.9.0.99", NUD_REACHABLE)));

	assert_true(news(&s, vlan_msg(4, "outer", 3, 101)));
	assert_true(news(&s, vlan_msg(12, "another", 3, 7)));
	assert_true(news(&s, address_msg(3, "10.9.0.6", 24, IFA_F_PERMANENT, UINT32_MAX)));
	assert_true(news(&s, route_msg("10.1.0.0", 16, "10.9.0.2", 3, RTPROT_STATIC)));
	assert_true(news(&s, neighbour_msg(3, "10.9.0.99", NUD_PERMANENT)));
	msg = address_msg(3, "10.9.0.5", 24, IFA_F_PERMANENT, UINT32_MAX);
	nlmsg_hdr(msg)->nlmsg_type = RTM_DELADDR;
	assert_true(news(&s, msg));
	snapshot_free(&s);
}

static void carriers(void **state)
{
	struct snapshot was = {}, is = {};

	(void)state;
	add(&was, link_msg(3, "eth0", IFF_UP | OBJECT_CARRIER, 1500));
	assert_int_equal(snapshot_close(&was, 3), 0);
	add(&is, link_msg(3, "eth0", IFF_UP, 1500));
	assert_int_equal(snapshot_close(&is, 3), 0);
	assert_false(snapshot_carriers(&was, &is));
	assert_true(snapshot_carriers(&is, &was));
	assert_true(snapshot_carriers(&was, &was));
	snapshot_free(&was);
	snapshot_free(&is);
}

/* -- saved */

/* What is written reads as the same; cut anywhere, it does not read. */
static void saved_and_read(void **state)
{
	const struct saved saved = { 3, 0x1122334455667788, 5, 6 };
	struct snapshot was = usual(), is = {};
	char path[] = "/tmp/test_snapshot.XXXXXX";
	struct differences d;
	struct saved got;
	uint8_t data[8192];
	size_t len, cut;
	FILE *file;

	(void)state;
	assert_true(close(mkstemp(path)) == 0);
	snapshot_sort(&was);
	assert_int_equal(saved_write(path, &saved, &was), 0);
	assert_int_equal(saved_read(path, &got, &is), 0);
	assert_memory_equal(&got, &saved, sizeof(saved));
	assert_int_equal(snapshot_diff(&was, &is, &d), 0);
	assert_int_equal(d.count, 0);
	assert_int_equal(is.count, was.count);
	snapshot_free(&is);

	file = fopen(path, "rb");
	len = fread(data, 1, sizeof(data), file);
	fclose(file);
	assert_true(len > 500 && len < sizeof(data));
	for (cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, data, cut);
		assert_int_equal(saved_parse(copy, cut, &got, &is), -EBADMSG);
		snapshot_free(&is);
		free(copy);
	}
	/* A message that claims to be almost as long as can be said. */
	memset(data + 48, 0xff, 4);
	assert_int_equal(saved_parse(data, len, &got, &is), -EBADMSG);
	snapshot_free(&is);
	snapshot_free(&was);
	unlink(path);
	assert_int_equal(saved_read(path, &got, &is), -ENOENT);
}

/* -- repairs */

static struct nlattr *attr_of(struct nl_msg *msg, int header, int type)
{
	return nlmsg_find_attr(nlmsg_hdr(msg), header, type);
}

static void build(struct nl_msg *was, struct nl_msg *is, uint32_t age, int want,
		  struct nl_msg *ret[REPAIR_STEPS])
{
	struct difference d = { DIFFERENCE_CHANGED, NULL, NULL };
	struct object *a = NULL, *b = NULL;

	if (was)
		assert_int_equal(decode(was, &a), 0);
	if (is)
		assert_int_equal(decode(is, &b), 0);
	d = (struct difference){ !a ? DIFFERENCE_ADDED : b ? DIFFERENCE_CHANGED :
				 DIFFERENCE_MISSING, a, b };
	assert_int_equal(repair_build(&d, age, ret), want);
	object_free(a);
	object_free(b);
	nlmsg_free(was);
	nlmsg_free(is);
}

static void release(struct nl_msg *msg[REPAIR_STEPS])
{
	nlmsg_free(msg[0]);
	nlmsg_free(msg[1]);
}

static void repair_link(void **state)
{
	struct nl_msg *msg[REPAIR_STEPS];
	struct ifinfomsg *info;

	(void)state;
	build(link_msg(3, "eth0", IFF_UP | IFF_RUNNING, 1500), link_msg(3, "eth0", 0, 1400), 0, 0, msg);
	info = nlmsg_data(nlmsg_hdr(msg[0]));
	assert_int_equal(info->ifi_index, 3);
	assert_int_equal(info->ifi_flags, IFF_UP);
	assert_int_equal(info->ifi_change, IFF_UP);
	assert_int_equal(nla_get_u32(attr_of(msg[0], sizeof(*info), IFLA_MTU)), 1500);
	assert_null(attr_of(msg[0], sizeof(*info), IFLA_ADDRESS));
	assert_null(msg[1]);
	release(msg);
	/* Only the MTU: no flag is touched, and none is said, which would mean all. */
	build(link_msg(3, "eth0", IFF_UP, 1500), link_msg(3, "eth0", IFF_UP, 1400), 0, 0, msg);
	info = nlmsg_data(nlmsg_hdr(msg[0]));
	assert_int_equal(info->ifi_flags, 0);
	assert_int_equal(info->ifi_change, 0);
	release(msg);
	/* Links are not ours to make, or to take away. */
	build(link_msg(3, "eth0", 0, 1500), NULL, 0, -EOPNOTSUPP, msg);
	build(NULL, link_msg(3, "eth0", 0, 1500), 0, -EOPNOTSUPP, msg);
	build(link_msg(3, "eth0", 0, 1500), link_msg(4, "eth0", 0, 1400), 0, -EOPNOTSUPP, msg);
}

static void repair_address(void **state)
{
	struct nl_msg *msg[REPAIR_STEPS];
	const int header = sizeof(struct ifaddrmsg);
	struct ifa_cacheinfo *life;

	(void)state;
	/* IPv6: without asking the network, and then as it was. */
	build(address_msg(3, "fd09::5", 64, IFA_F_PERMANENT | IFA_F_TENTATIVE, UINT32_MAX), NULL, 0,
	      0, msg);
	assert_int_equal(nla_get_u32(attr_of(msg[0], header, IFA_FLAGS)), IFA_F_NODAD);
	assert_int_equal(nlmsg_hdr(msg[0])->nlmsg_flags, NLM_F_CREATE | NLM_F_REPLACE);
	assert_int_equal(nla_get_u32(attr_of(msg[1], header, IFA_FLAGS)), 0);
	assert_int_equal(nlmsg_hdr(msg[1])->nlmsg_flags, NLM_F_REPLACE);
	release(msg);

	build(address_msg(3, "10.9.0.5", 24, 0, 3600), NULL, 600, 0, msg);
	assert_null(msg[1]);
	life = nla_data(attr_of(msg[0], header, IFA_CACHEINFO));
	assert_int_equal(life->ifa_valid, 3000);
	assert_int_equal(life->ifa_prefered, 3000);
	release(msg);
	build(address_msg(3, "10.9.0.5", 24, 0, 600), NULL, 600, -ETIME, msg);
	build(address_msg(3, "fd09::5", 64, IFA_F_TEMPORARY, 600), NULL, 0, -EOPNOTSUPP, msg);

	build(NULL, address_msg(3, "10.9.0.5", 24, 0, UINT32_MAX), 0, 0, msg);
	assert_int_equal(nlmsg_hdr(msg[0])->nlmsg_type, RTM_DELADDR);
	release(msg);
}

static void repair_route(void **state)
{
	struct nl_msg *msg[REPAIR_STEPS];
	const int header = sizeof(struct rtmsg);
	struct rta_cacheinfo life = { .rta_expires = 100 * 100 };
	struct nl_msg *router;
	struct rtnexthop *nh;
	struct rtmsg *info;

	(void)state;
	build(route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC), NULL, 0, 0, msg);
	info = nlmsg_data(nlmsg_hdr(msg[0]));
	assert_int_equal(info->rtm_flags, 0);	/* not LINKDOWN */
	assert_int_equal(nla_get_u32(attr_of(msg[0], header, RTA_OIF)), 3);
	assert_int_equal(nlmsg_hdr(msg[0])->nlmsg_flags, NLM_F_CREATE | NLM_F_EXCL);
	release(msg);

	build(multipath_msg(3, 4), NULL, 0, 0, msg);
	nh = nla_data(attr_of(msg[0], header, RTA_MULTIPATH));
	assert_int_equal(nh->rtnh_flags, 0);
	assert_int_equal(RTNH_NEXT(nh)->rtnh_flags, 0);
	assert_int_equal(RTNH_NEXT(nh)->rtnh_ifindex, 4);
	release(msg);

	/* A router's route gets what is left of its lifetime. */
	router = route_msg(NULL, 0, NULL, 3, RTPROT_RA);
	info = nlmsg_data(nlmsg_hdr(router));
	info->rtm_family = AF_INET6;
	nla_put(router, RTA_CACHEINFO, sizeof(life), &life);
	build(router, NULL, 30, 0, msg);
	assert_int_equal(nla_get_u32(attr_of(msg[0], header, RTA_EXPIRES)), 70);
	assert_null(attr_of(msg[0], header, RTA_CACHEINFO));
	release(msg);

	/* By a nexthop object: the kernel knows what it leads to. */
	router = route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC);
	nla_put_u32(router, RTA_NH_ID, 7);
	build(router, NULL, 0, 0, msg);
	assert_null(attr_of(msg[0], header, RTA_OIF));
	assert_null(attr_of(msg[0], header, RTA_GATEWAY));
	assert_int_equal(nla_get_u32(attr_of(msg[0], header, RTA_NH_ID)), 7);
	release(msg);

	build(NULL, route_msg("10.1.0.0", 16, "10.9.0.1", 3, RTPROT_STATIC), 0, 0, msg);
	assert_int_equal(nlmsg_hdr(msg[0])->nlmsg_type, RTM_DELROUTE);
	release(msg);

	/* The kernel says a nexthop's scope, and refuses to be told. */
	build(nexthop_msg(7, 3), NULL, 0, 0, msg);
	assert_int_equal(((struct nhmsg *)nlmsg_data(nlmsg_hdr(msg[0])))->nh_scope, 0);
	release(msg);
}

/* What repairs a thing makes, decoded, the thing. */
static void repairs_are_what_was(void **state)
{
	unsigned int which;
	struct nl_msg *msg;

	(void)state;
	for (which = 2; (msg = sample(which)); which++) {
		struct difference d = { DIFFERENCE_MISSING, NULL, NULL };
		struct nl_msg *made[REPAIR_STEPS];
		struct object *was, *made_of;

		assert_int_equal(decode(msg, &was), 0);
		d.was = was;
		assert_int_equal(repair_build(&d, 0, made), 0);
		assert_int_equal(decode(made[1] ? made[1] : made[0], &made_of), 0);
		assert_string_equal(was->key, made_of->key);
		assert_string_equal(was->value, made_of->value);
		object_free(was);
		object_free(made_of);
		release(made);
		nlmsg_free(msg);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_words),
		cmocka_unit_test(volatile_is_left_out),
		cmocka_unit_test(not_of_interest),
		cmocka_unit_test(cut_messages),
		cmocka_unit_test(wrong_attributes),
		cmocka_unit_test(closure),
		cmocka_unit_test(tags),
		cmocka_unit_test(loops_end),
		cmocka_unit_test(no_difference),
		cmocka_unit_test(differences),
		cmocka_unit_test(several_of_one_key),
		cmocka_unit_test(what_is_news),
		cmocka_unit_test(carriers),
		cmocka_unit_test(saved_and_read),
		cmocka_unit_test(repair_link),
		cmocka_unit_test(repair_address),
		cmocka_unit_test(repair_route),
		cmocka_unit_test(repairs_are_what_was),
	};

	return cmocka_run_group_tests_name("snapshots", tests, NULL, NULL);
}
