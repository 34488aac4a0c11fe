// SPDX-License-Identifier: GPL-2.0-or-later
/* One thing of the network configuration. See object.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "object.h"

/* What the kernel sets by itself and does not take back. */
#define NH_VOLATILE	(RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_UNRESOLVED | \
			 RTNH_F_OFFLOAD | RTNH_F_TRAP)

#define IN6_STRING	64

/* Words under construction. */
struct words {
	const struct names *names;
	FILE *key;
	FILE *value;
	struct object *object;
};

static const char *const kind_names[] = {
	[OBJECT_LINK]		= "link",
	[OBJECT_ADDRESS]	= "address",
	[OBJECT_NEXTHOP]	= "nexthop",
	[OBJECT_ROUTE]		= "route",
	[OBJECT_NEIGHBOUR]	= "neighbour",
	[OBJECT_RULE]		= "rule",
};

const char *object_kind_name(enum object_kind kind)
{
	return kind_names[kind];
}

/* -- names */

int names_add(struct names *names, uint32_t ifindex, const char *name)
{
	__typeof__(names->list) list;

	list = reallocarray(names->list, names->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	names->list = list;
	list[names->count].ifindex = ifindex;
	snprintf(list[names->count].name, IFNAMSIZ, "%s", name);
	names->count++;
	return 0;
}

const char *names_get(const struct names *names, uint32_t ifindex, char *buf)
{
	size_t i;

	for (i = 0; names && i < names->count; i++)
		if (names->list[i].ifindex == ifindex)
			return names->list[i].name;
	snprintf(buf, IFNAMSIZ, "if%u", ifindex);
	return buf;
}

void names_free(struct names *names)
{
	free(names->list);
	*names = (struct names){};
}

/* -- attributes */

static size_t address_len(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

/* An address of that family, or no attribute at all. */
static bool address_ok(const struct nlattr *attr, int family)
{
	return !attr || (size_t)nla_len(attr) == address_len(family);
}

static const char *address_text(int family, const void *address, char *buf)
{
	if (!inet_ntop(family, address, buf, IN6_STRING))
		strcpy(buf, "?");
	return buf;
}

/* An attribute that is a number, and one that is an interface. */
static uint32_t number(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static int add_dev(struct object *object, uint32_t ifindex)
{
	uint32_t *devs;

	devs = reallocarray(object->devs, object->n_devs + 1, sizeof(*devs));
	if (!devs)
		return -ENOMEM;
	object->devs = devs;
	devs[object->n_devs++] = ifindex;
	return 0;
}

static int say_dev(struct words *w, FILE *to, const char *before, uint32_t ifindex)
{
	char buf[IFNAMSIZ];

	fprintf(to, " %s %s", before, names_get(w->names, ifindex, buf));
	return add_dev(w->object, ifindex);
}

static void say_hex(FILE *to, const void *data, size_t len, const char *between)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(to, "%s%02x", i ? between : "", bytes[i]);
}

/* What has no words of its own: all attributes whose bit in @known is clear. */
static void say_others(struct words *w, struct nlattr **tb, int max, uint64_t known)
{
	int i;

	for (i = 1; i <= max; i++) {
		if (!tb[i] || known & UINT64_C(1) << i)
			continue;
		fprintf(w->value, " attribute %d=", i);
		say_hex(w->value, nla_data(tb[i]), (size_t)nla_len(tb[i]), "");
	}
}

#define BIT(n)	(UINT64_C(1) << (n))

/* libnl stops at an attribute that is longer than what is left; that is no end. */
static int parse_attrs(struct nlattr *head, int len, struct nlattr **tb, int max,
		       const struct nla_policy *policy)
{
	struct nlattr *attr;
	int left;

	nla_for_each_attr(attr, head, len, left)
		;
	if (left > 0 || nla_parse(tb, max, head, len, policy) < 0)
		return -EBADMSG;
	return 0;
}

static int parse(const struct nlmsghdr *msg, size_t header, struct nlattr **tb, int max,
		 const struct nla_policy *policy)
{
	if (!nlmsg_valid_hdr(msg, (int)header))
		return -EBADMSG;
	return parse_attrs(nlmsg_attrdata(msg, (int)header), nlmsg_attrlen(msg, (int)header),
			   tb, max, policy);
}

static int parse_nested(struct nlattr *attr, struct nlattr **tb, int max,
			const struct nla_policy *policy)
{
	return parse_attrs(nla_data(attr), nla_len(attr), tb, max, policy);
}

/* -- links */

static int decode_vlan(struct object_link *link, struct nlattr *data)
{
	static const struct nla_policy policy[IFLA_VLAN_MAX + 1] = {
		[IFLA_VLAN_ID]		= { .type = NLA_U16 },
		[IFLA_VLAN_PROTOCOL]	= { .type = NLA_U16 },
	};
	struct nlattr *tb[IFLA_VLAN_MAX + 1];
	int r;

	r = parse_nested(data, tb, IFLA_VLAN_MAX, policy);
	if (r < 0)
		return r;
	if (!tb[IFLA_VLAN_ID])
		return -EBADMSG;
	link->vlan.id = nla_get_u16(tb[IFLA_VLAN_ID]);
	link->vlan.tpid = tb[IFLA_VLAN_PROTOCOL] ? ntohs(nla_get_u16(tb[IFLA_VLAN_PROTOCOL])) :
						   0x8100;
	return 0;
}

static int decode_link_info(struct words *w, struct object_link *link, struct nlattr *info)
{
	static const struct nla_policy policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND]	= { .type = NLA_STRING },
		[IFLA_INFO_DATA]	= { .type = NLA_NESTED },
	};
	struct nlattr *tb[IFLA_INFO_MAX + 1];
	const char *kind;
	int r;

	r = parse_nested(info, tb, IFLA_INFO_MAX, policy);
	if (r < 0)
		return r;
	if (!tb[IFLA_INFO_KIND])
		return 0;
	kind = nla_get_string(tb[IFLA_INFO_KIND]);
	fprintf(w->value, " %s", kind);
	link->bridge = !strcmp(kind, "bridge");
	if (strcmp(kind, "vlan") || !tb[IFLA_INFO_DATA])
		return 0;
	r = decode_vlan(link, tb[IFLA_INFO_DATA]);
	if (r < 0)
		return r;
	fprintf(w->value, " %u", link->vlan.id);
	return 0;
}

/* The interface's IPv6 sysctls: an array of 32 bit numbers, growing with the kernel. */
static int decode_inet6(struct object_link *link, struct nlattr *spec)
{
	struct nlattr *families[AF_INET6 + 1], *tb[IFLA_INET6_MAX + 1];
	const int32_t *conf;
	size_t count;
	int r;

	r = parse_nested(spec, families, AF_INET6, NULL);
	if (r < 0 || !families[AF_INET6])
		return r;
	r = parse_nested(families[AF_INET6], tb, IFLA_INET6_MAX, NULL);
	if (r < 0 || !tb[IFLA_INET6_CONF])
		return r;
	conf = nla_data(tb[IFLA_INET6_CONF]);
	count = (size_t)nla_len(tb[IFLA_INET6_CONF]) / sizeof(*conf);
	if (count > DEVCONF_FORWARDING)
		link->forwarding6 = conf[DEVCONF_FORWARDING];
	if (count > DEVCONF_FORCE_MLD_VERSION)
		link->mld_version = (unsigned int)conf[DEVCONF_FORCE_MLD_VERSION];
	return 0;
}

static void say_link(struct words *w, const struct object_link *link)
{
	char buf[IFNAMSIZ];

	fprintf(w->value, " %s mtu %u", link->flags & IFF_UP ? "up" : "down", link->mtu);
	if (link->mac_len) {
		fprintf(w->value, " address ");
		say_hex(w->value, link->mac, link->mac_len, ":");
	}
	fprintf(w->value, " qlen %u", link->txqlen);
	if (link->flags & IFF_NOARP)
		fprintf(w->value, " noarp");
	if (link->flags & IFF_PROMISC)
		fprintf(w->value, " promisc");
	if (link->flags & IFF_ALLMULTI)
		fprintf(w->value, " allmulti");
	if (!(link->flags & IFF_MULTICAST))
		fprintf(w->value, " nomulticast");
	if (link->lower)
		fprintf(w->value, " on %s", names_get(w->names, link->lower, buf));
	if (link->master)
		fprintf(w->value, " master %s", names_get(w->names, link->master, buf));
}

static int decode_link(struct words *w, const struct nlmsghdr *msg)
{
	static const struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFNAME]		= { .type = NLA_STRING, .maxlen = IFNAMSIZ },
		[IFLA_MTU]		= { .type = NLA_U32 },
		[IFLA_TXQLEN]		= { .type = NLA_U32 },
		[IFLA_LINK]		= { .type = NLA_U32 },
		[IFLA_MASTER]		= { .type = NLA_U32 },
		[IFLA_LINKINFO]		= { .type = NLA_NESTED },
		[IFLA_AF_SPEC]		= { .type = NLA_NESTED },
	};
	struct object_link *link = &w->object->link;
	struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *info;
	int r;

	r = parse(msg, sizeof(*info), tb, IFLA_MAX, policy);
	if (r < 0)
		return r;
	info = nlmsg_data(msg);
	if (info->ifi_family != AF_UNSPEC)
		return 1;
	if (!tb[IFLA_IFNAME] || info->ifi_index <= 0)
		return -EBADMSG;
	link->ifindex = (uint32_t)info->ifi_index;
	link->flags = info->ifi_flags;
	link->type = info->ifi_type;
	link->mtu = number(tb[IFLA_MTU]);
	link->txqlen = number(tb[IFLA_TXQLEN]);
	link->master = number(tb[IFLA_MASTER]);
	link->lower = tb[IFLA_LINK_NETNSID] ? 0 : number(tb[IFLA_LINK]);
	snprintf(link->name, IFNAMSIZ, "%s", nla_get_string(tb[IFLA_IFNAME]));
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == PACKET_MAC) {
		link->mac_len = PACKET_MAC;
		memcpy(link->mac, nla_data(tb[IFLA_ADDRESS]), PACKET_MAC);
	}
	fprintf(w->key, "link %s", link->name);
	if (tb[IFLA_LINKINFO]) {
		r = decode_link_info(w, link, tb[IFLA_LINKINFO]);
		if (r < 0)
			return r;
	}
	if (tb[IFLA_AF_SPEC]) {
		r = decode_inet6(link, tb[IFLA_AF_SPEC]);
		if (r < 0)
			return r;
	}
	say_link(w, link);
	return add_dev(w->object, link->ifindex);
}

/* -- addresses */

static void say_address_flags(struct words *w, uint32_t flags)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} known[] = {
		{ IFA_F_SECONDARY, "secondary" },	/* temporary, for IPv6 */
		{ IFA_F_NODAD, "nodad" },
		{ IFA_F_DADFAILED, "dadfailed" },
		{ IFA_F_HOMEADDRESS, "home" },
		{ IFA_F_MANAGETEMPADDR, "mngtmpaddr" },
		{ IFA_F_NOPREFIXROUTE, "noprefixroute" },
		{ IFA_F_MCAUTOJOIN, "autojoin" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (flags & known[i].bit)
			fprintf(w->value, " %s", known[i].name);
}

static int decode_address(struct words *w, const struct nlmsghdr *msg)
{
	static const struct nla_policy policy[IFA_MAX + 1] = {
		[IFA_LABEL]		= { .type = NLA_STRING, .maxlen = IFNAMSIZ },
		[IFA_FLAGS]		= { .type = NLA_U32 },
		[IFA_CACHEINFO]		= { .minlen = sizeof(struct ifa_cacheinfo) },
		[IFA_RT_PRIORITY]	= { .type = NLA_U32 },
	};
	struct object_address *address = &w->object->address;
	struct nlattr *tb[IFA_MAX + 1], *local;
	const struct ifa_cacheinfo *life;
	const struct ifaddrmsg *info;
	char text[IN6_STRING];
	int r;

	r = parse(msg, sizeof(*info), tb, IFA_MAX, policy);
	if (r < 0)
		return r;
	info = nlmsg_data(msg);
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 1;
	local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (!local || !info->ifa_index || !address_ok(local, info->ifa_family) ||
	    !address_ok(tb[IFA_ADDRESS], info->ifa_family) ||
	    !address_ok(tb[IFA_BROADCAST], info->ifa_family))
		return -EBADMSG;
	address->family = info->ifa_family;
	address->prefixlen = info->ifa_prefixlen;
	address->scope = info->ifa_scope;
	address->flags = tb[IFA_FLAGS] ? number(tb[IFA_FLAGS]) : info->ifa_flags;
	memcpy(&address->local, nla_data(local), address_len(info->ifa_family));
	life = tb[IFA_CACHEINFO] ? nla_data(tb[IFA_CACHEINFO]) : NULL;
	address->limited = life && life->ifa_valid != UINT32_MAX;
	w->object->dynamic = !(address->flags & IFA_F_PERMANENT);

	fprintf(w->key, "address %s/%u", address_text(info->ifa_family, nla_data(local), text),
		info->ifa_prefixlen);
	if (tb[IFA_ADDRESS] && nla_memcmp(tb[IFA_ADDRESS], nla_data(local),
					  address_len(info->ifa_family)))
		fprintf(w->key, " peer %s",
			address_text(info->ifa_family, nla_data(tb[IFA_ADDRESS]), text));
	r = say_dev(w, w->key, "dev", info->ifa_index);
	fprintf(w->value, " scope %u %s", info->ifa_scope,
		address->limited ? "limited" : "forever");
	/* A preferred lifetime of 0 is a setting; another one passes. */
	if (life && !address->limited && life->ifa_prefered != UINT32_MAX)
		fprintf(w->value, " deprecated");
	say_address_flags(w, address->flags);
	if (tb[IFA_LABEL])
		fprintf(w->value, " label %s", nla_get_string(tb[IFA_LABEL]));
	if (tb[IFA_BROADCAST])
		fprintf(w->value, " broadcast %s",
			address_text(info->ifa_family, nla_data(tb[IFA_BROADCAST]), text));
	say_others(w, tb, IFA_MAX, BIT(IFA_ADDRESS) | BIT(IFA_LOCAL) | BIT(IFA_LABEL) |
		   BIT(IFA_BROADCAST) | BIT(IFA_FLAGS) | BIT(IFA_CACHEINFO) | BIT(IFA_PROTO));
	return r;
}

/* -- routes */

static int say_gateway(struct words *w, int family, struct nlattr *gateway, struct nlattr *via)
{
	char text[IN6_STRING];

	if (!address_ok(gateway, family))
		return -EBADMSG;
	if (gateway)
		fprintf(w->value, " via %s", address_text(family, nla_data(gateway), text));
	if (via) {
		fprintf(w->value, " via ");
		say_hex(w->value, nla_data(via), (size_t)nla_len(via), "");
	}
	return 0;
}

static int decode_one_nexthop(struct words *w, int family, struct rtnexthop *nh)
{
	struct nlattr *tb[RTA_MAX + 1];
	int r;

	r = parse_attrs((struct nlattr *)RTNH_DATA(nh), nh->rtnh_len - (int)sizeof(*nh), tb,
			RTA_MAX, NULL);
	if (r < 0)
		return r;
	fprintf(w->value, " nexthop");
	r = say_gateway(w, family, tb[RTA_GATEWAY], tb[RTA_VIA]);
	if (r < 0)
		return r;
	r = say_dev(w, w->value, "dev", (uint32_t)nh->rtnh_ifindex);
	fprintf(w->value, " weight %u", nh->rtnh_hops + 1u);
	if (nh->rtnh_flags & ~NH_VOLATILE)
		fprintf(w->value, " flags %#x", nh->rtnh_flags & ~NH_VOLATILE);
	say_others(w, tb, RTA_MAX, BIT(RTA_GATEWAY) | BIT(RTA_VIA));
	return r;
}

static int decode_multipath(struct words *w, int family, struct nlattr *attr)
{
	struct rtnexthop *nh = nla_data(attr);
	size_t left = (size_t)nla_len(attr);
	int r;

	while (left >= sizeof(*nh)) {
		if (nh->rtnh_len < sizeof(*nh) || nh->rtnh_len > left)
			return -EBADMSG;
		r = decode_one_nexthop(w, family, nh);
		if (r < 0)
			return r;
		if (RTNH_ALIGN((size_t)nh->rtnh_len) >= left)
			return 0;
		left -= RTNH_ALIGN((size_t)nh->rtnh_len);
		nh = RTNH_NEXT(nh);
	}
	return left ? -EBADMSG : 0;
}

static bool route_of_interest(const struct rtmsg *info, uint32_t table)
{
	if (info->rtm_family != AF_INET && info->rtm_family != AF_INET6)
		return false;
	if (info->rtm_flags & RTM_F_CLONED)
		return false;
	/* The kernel's own consequences of addresses and of interfaces that are up. */
	return info->rtm_protocol != RTPROT_KERNEL ||
	       (table != RT_TABLE_LOCAL && info->rtm_type == RTN_UNICAST);
}

static const char *route_type(unsigned int type)
{
	static const char *const names[] = {
		[RTN_UNSPEC] = "unspec", [RTN_UNICAST] = "unicast", [RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast", [RTN_ANYCAST] = "anycast",
		[RTN_MULTICAST] = "multicast", [RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable", [RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw", [RTN_NAT] = "nat", [RTN_XRESOLVE] = "xresolve",
	};

	return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

static void say_prefix(FILE *to, int family, struct nlattr *attr, unsigned int len)
{
	char text[IN6_STRING];

	if (attr)
		fprintf(to, " %s/%u", address_text(family, nla_data(attr), text), len);
	else
		fprintf(to, " %s", family == AF_INET ? "default" : "default6");
}

static void say_route_key(struct words *w, const struct rtmsg *info, struct nlattr **tb,
			  uint32_t table)
{
	fprintf(w->key, "route");
	say_prefix(w->key, info->rtm_family, tb[RTA_DST], info->rtm_dst_len);
	if (tb[RTA_SRC]) {
		fprintf(w->key, " from");
		say_prefix(w->key, info->rtm_family, tb[RTA_SRC], info->rtm_src_len);
	}
	if (info->rtm_tos)
		fprintf(w->key, " tos %#x", info->rtm_tos);
	if (table != RT_TABLE_MAIN)
		fprintf(w->key, " table %u", table);
	if (tb[RTA_PRIORITY])
		fprintf(w->key, " metric %u", number(tb[RTA_PRIORITY]));
}

static int say_route_value(struct words *w, const struct rtmsg *info, struct nlattr **tb)
{
	char text[IN6_STRING];
	int r;

	r = say_gateway(w, info->rtm_family, tb[RTA_GATEWAY], tb[RTA_VIA]);
	if (r < 0)
		return r;
	if (tb[RTA_OIF])
		r = say_dev(w, w->value, "dev", number(tb[RTA_OIF]));
	if (!r && tb[RTA_MULTIPATH])
		r = decode_multipath(w, info->rtm_family, tb[RTA_MULTIPATH]);
	if (r < 0)
		return r;
	if (info->rtm_type != RTN_UNICAST)
		fprintf(w->value, " %s", route_type(info->rtm_type));
	fprintf(w->value, " proto %u scope %u", info->rtm_protocol, info->rtm_scope);
	if (tb[RTA_PREFSRC])
		fprintf(w->value, " src %s",
			address_text(info->rtm_family, nla_data(tb[RTA_PREFSRC]), text));
	if (info->rtm_flags & RTNH_F_ONLINK)
		fprintf(w->value, " onlink");
	say_others(w, tb, RTA_MAX, BIT(RTA_DST) | BIT(RTA_SRC) | BIT(RTA_GATEWAY) | BIT(RTA_VIA) |
		   BIT(RTA_OIF) | BIT(RTA_MULTIPATH) | BIT(RTA_PREFSRC) | BIT(RTA_PRIORITY) |
		   BIT(RTA_TABLE) | BIT(RTA_CACHEINFO) | BIT(RTA_EXPIRES));
	return 0;
}

static int decode_route(struct words *w, const struct nlmsghdr *msg)
{
	static const struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_OIF]	= { .type = NLA_U32 },
		[RTA_TABLE]	= { .type = NLA_U32 },
		[RTA_PRIORITY]	= { .type = NLA_U32 },
		[RTA_CACHEINFO]	= { .minlen = sizeof(struct rta_cacheinfo) },
	};
	struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *info;
	uint32_t table;
	int r;

	r = parse(msg, sizeof(*info), tb, RTA_MAX, policy);
	if (r < 0)
		return r;
	info = nlmsg_data(msg);
	table = tb[RTA_TABLE] ? number(tb[RTA_TABLE]) : info->rtm_table;
	if (!route_of_interest(info, table))
		return 1;
	if (!address_ok(tb[RTA_DST], info->rtm_family) ||
	    !address_ok(tb[RTA_SRC], info->rtm_family) ||
	    !address_ok(tb[RTA_PREFSRC], info->rtm_family))
		return -EBADMSG;
	w->object->dynamic = info->rtm_protocol == RTPROT_KERNEL ||
			     info->rtm_protocol == RTPROT_RA ||
			     info->rtm_protocol == RTPROT_REDIRECT ||
			     info->rtm_protocol == RTPROT_DHCP;
	say_route_key(w, info, tb, table);
	return say_route_value(w, info, tb);
}

/* -- nexthops, neighbours, rules */

static int decode_nexthop(struct words *w, const struct nlmsghdr *msg)
{
	static const struct nla_policy policy[NHA_MAX + 1] = {
		[NHA_ID]	= { .type = NLA_U32 },
		[NHA_OIF]	= { .type = NLA_U32 },
	};
	struct nlattr *tb[NHA_MAX + 1];
	const struct nhmsg *info;
	int r;

	r = parse(msg, sizeof(*info), tb, NHA_MAX, policy);
	if (r < 0)
		return r;
	info = nlmsg_data(msg);
	if (!tb[NHA_ID])
		return -EBADMSG;
	fprintf(w->key, "nexthop %u", number(tb[NHA_ID]));
	fprintf(w->value, " proto %u", info->nh_protocol);
	if (info->nh_flags & ~NH_VOLATILE)
		fprintf(w->value, " flags %#x", info->nh_flags & ~NH_VOLATILE);
	/* A group leads through interfaces too: those of its members. */
	w->object->global = tb[NHA_GROUP];
	if (tb[NHA_OIF])
		r = say_dev(w, w->value, "dev", number(tb[NHA_OIF]));
	say_others(w, tb, NHA_MAX, BIT(NHA_ID) | BIT(NHA_OIF));
	return r;
}

static int decode_neighbour(struct words *w, const struct nlmsghdr *msg)
{
	struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *info;
	char text[IN6_STRING];
	int r;

	r = parse(msg, sizeof(*info), tb, NDA_MAX, NULL);
	if (r < 0)
		return r;
	info = nlmsg_data(msg);
	if ((info->ndm_family != AF_INET && info->ndm_family != AF_INET6) ||
	    !(info->ndm_state & NUD_PERMANENT))
		return 1;
	if (!tb[NDA_DST] || !address_ok(tb[NDA_DST], info->ndm_family) || info->ndm_ifindex <= 0)
		return -EBADMSG;
	fprintf(w->key, "neighbour %s",
		address_text(info->ndm_family, nla_data(tb[NDA_DST]), text));
	r = say_dev(w, w->key, "dev", (uint32_t)info->ndm_ifindex);
	if (tb[NDA_LLADDR]) {
		fprintf(w->value, " at ");
		say_hex(w->value, nla_data(tb[NDA_LLADDR]), (size_t)nla_len(tb[NDA_LLADDR]), ":");
	}
	if (info->ndm_flags & NTF_ROUTER)
		fprintf(w->value, " router");
	return r;
}

static int decode_rule(struct words *w, const struct nlmsghdr *msg)
{
	static const struct nla_policy policy[FRA_MAX + 1] = {
		[FRA_PRIORITY]	= { .type = NLA_U32 },
		[FRA_TABLE]	= { .type = NLA_U32 },
		[FRA_FWMARK]	= { .type = NLA_U32 },
		[FRA_IIFNAME]	= { .type = NLA_STRING, .maxlen = IFNAMSIZ },
		[FRA_OIFNAME]	= { .type = NLA_STRING, .maxlen = IFNAMSIZ },
	};
	struct nlattr *tb[FRA_MAX + 1];
	const struct fib_rule_hdr *info;
	int r;

	r = parse(msg, sizeof(*info), tb, FRA_MAX, policy);
	if (r < 0)
		return r;
	info = nlmsg_data(msg);
	if (info->family != AF_INET && info->family != AF_INET6)
		return 1;
	if (!address_ok(tb[FRA_SRC], info->family) || !address_ok(tb[FRA_DST], info->family))
		return -EBADMSG;
	w->object->global = true;
	fprintf(w->key, "rule %u %s", number(tb[FRA_PRIORITY]),
		info->family == AF_INET ? "IPv4" : "IPv6");
	if (tb[FRA_SRC]) {
		fprintf(w->value, " from");
		say_prefix(w->value, info->family, tb[FRA_SRC], info->src_len);
	}
	if (tb[FRA_DST]) {
		fprintf(w->value, " to");
		say_prefix(w->value, info->family, tb[FRA_DST], info->dst_len);
	}
	if (tb[FRA_IIFNAME])
		fprintf(w->value, " iif %s", nla_get_string(tb[FRA_IIFNAME]));
	if (tb[FRA_OIFNAME])
		fprintf(w->value, " oif %s", nla_get_string(tb[FRA_OIFNAME]));
	if (tb[FRA_FWMARK])
		fprintf(w->value, " mark %#x", number(tb[FRA_FWMARK]));
	fprintf(w->value, " action %u table %u", info->action,
		tb[FRA_TABLE] ? number(tb[FRA_TABLE]) : info->table);
	/* Whether the interface that it names exists is not configuration. */
	if (info->flags & ~(uint32_t)(FIB_RULE_IIF_DETACHED | FIB_RULE_OIF_DETACHED))
		fprintf(w->value, " flags %#x", info->flags);
	say_others(w, tb, FRA_MAX, BIT(FRA_SRC) | BIT(FRA_DST) | BIT(FRA_IIFNAME) |
		   BIT(FRA_OIFNAME) | BIT(FRA_FWMARK) | BIT(FRA_TABLE) | BIT(FRA_PRIORITY));
	return 0;
}

/* -- all of them */

static const struct {
	uint16_t type;
	enum object_kind kind;
	int (*decode)(struct words *w, const struct nlmsghdr *msg);
} decoders[] = {
	{ RTM_NEWLINK, OBJECT_LINK, decode_link },
	{ RTM_NEWADDR, OBJECT_ADDRESS, decode_address },
	{ RTM_NEWNEXTHOP, OBJECT_NEXTHOP, decode_nexthop },
	{ RTM_NEWROUTE, OBJECT_ROUTE, decode_route },
	{ RTM_NEWNEIGH, OBJECT_NEIGHBOUR, decode_neighbour },
	{ RTM_NEWRULE, OBJECT_RULE, decode_rule },
};

void object_free(struct object *object)
{
	if (!object)
		return;
	free(object->msg);
	free(object->key);
	free(object->value);
	free(object->devs);
	free(object);
}

DEFINE_CLEANUP(struct object *, object_free);

static int decode_as(size_t which, const struct nlmsghdr *msg, const struct names *names,
		     struct object *object)
{
	_cleanup_fclose_ FILE *value = NULL, *key = NULL;
	size_t key_len, value_len;
	struct words w;
	int r;

	key = open_memstream(&object->key, &key_len);
	value = open_memstream(&object->value, &value_len);
	if (!key || !value)
		return -ENOMEM;
	w = (struct words){ names, key, value, object };
	object->kind = decoders[which].kind;
	r = decoders[which].decode(&w, msg);
	if (fflush(key) || fflush(value))
		return -ENOMEM;
	return r;
}

int object_decode(const struct nlmsghdr *msg, size_t len, const struct names *names,
		  struct object **ret)
{
	_cleanup_(object_freep) struct object *object = NULL;
	size_t i;
	int r;

	if (len < sizeof(*msg) || msg->nlmsg_len < sizeof(*msg) || msg->nlmsg_len > len)
		return -EBADMSG;
	for (i = 0; i < ARRAY_SIZE(decoders); i++)
		if (decoders[i].type == msg->nlmsg_type)
			break;
	if (i == ARRAY_SIZE(decoders))
		return 1;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	r = decode_as(i, msg, names, object);
	if (r)
		return r;
	object->msg = malloc(msg->nlmsg_len);
	if (!object->msg)
		return -ENOMEM;
	memcpy(object->msg, msg, msg->nlmsg_len);
	*ret = TAKE_PTR(object);
	return 0;
}
