// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom a guest speaks to on its own links. See neighbours.h. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "neighbours.h"

#define LEARNED	(NUD_INCOMPLETE | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)
#define FIXED	(NUD_PERMANENT | NUD_NOARP)

static size_t address_len(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static bool is_multicast(const struct neighbour *one)
{
	return one->family == AF_INET ? IN_MULTICAST(ntohl(one->address.in.s_addr)) :
	       IN6_IS_ADDR_MULTICAST(&one->address.in6);
}

static struct neighbour *find(struct neighbours *n, const struct neighbour *like)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		if (n->list[i].ifindex == like->ifindex && n->list[i].family == like->family &&
		    !memcmp(&n->list[i].address, &like->address, address_len(like->family)))
			return &n->list[i];
	return NULL;
}

static int append(struct neighbours *n, const struct neighbour *one)
{
	struct neighbour *list = reallocarray(n->list, n->count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	n->list = list;
	list[n->count++] = *one;
	return 0;
}

/* -- what the kernel has learned */

int neighbours_add(struct neighbours *n, const struct snapshot *s, const struct nlmsghdr *msg,
		   size_t len)
{
	struct nlattr *tb[NDA_MAX + 1];
	const struct nda_cacheinfo *cache;
	struct neighbour one = {};
	const struct ndmsg *info;

	if (len < sizeof(*msg) || msg->nlmsg_len < sizeof(*msg) || msg->nlmsg_len > len ||
	    nlmsg_parse((struct nlmsghdr *)msg, sizeof(*info), tb, NDA_MAX, NULL) < 0)
		return -EBADMSG;
	info = nlmsg_data(msg);
	if (msg->nlmsg_type != RTM_NEWNEIGH ||
	    (info->ndm_family != AF_INET && info->ndm_family != AF_INET6) ||
	    info->ndm_flags & NTF_PROXY || !(info->ndm_state & (LEARNED | FIXED)) ||
	    !snapshot_has(s, (uint32_t)info->ndm_ifindex))
		return 0;
	one.ifindex = (uint32_t)info->ndm_ifindex;
	one.family = info->ndm_family;
	if (!tb[NDA_DST] || (size_t)nla_len(tb[NDA_DST]) != address_len(one.family))
		return -EBADMSG;
	memcpy(&one.address, nla_data(tb[NDA_DST]), address_len(one.family));
	if (tb[NDA_LLADDR] && nla_len(tb[NDA_LLADDR]) == PACKET_MAC) {
		memcpy(one.mac, nla_data(tb[NDA_LLADDR]), PACKET_MAC);
		one.known = true;
	}
	/* What a control plane has put there is not learned either. */
	one.fixed = info->ndm_state & FIXED || info->ndm_flags & NTF_EXT_LEARNED;
	if (tb[NDA_CACHEINFO] && (size_t)nla_len(tb[NDA_CACHEINFO]) >= sizeof(*cache)) {
		cache = nla_data(tb[NDA_CACHEINFO]);
		one.used = cache->ndm_used;
	}
	return is_multicast(&one) ? 0 : append(n, &one);
}

/* -- gateways */

static int add_gateway(struct neighbours *n, const struct snapshot *s, int family,
		       struct nlattr *gateway, uint32_t ifindex)
{
	struct neighbour one = { .ifindex = ifindex, .family = family, .gateway = true };
	struct neighbour *known;

	if ((family != AF_INET && family != AF_INET6) || !snapshot_has(s, ifindex) ||
	    (size_t)nla_len(gateway) != address_len(family))
		return 0;
	memcpy(&one.address, nla_data(gateway), address_len(family));
	known = find(n, &one);
	if (!known)
		return append(n, &one);
	known->gateway = true;
	return 0;
}

/* RTA_VIA is a gateway of another family than the route's. */
static int add_via(struct neighbours *n, const struct snapshot *s, struct nlattr *via,
		   uint32_t ifindex)
{
	const struct rtvia *from = nla_data(via);
	struct {
		struct nlattr head;
		uint8_t address[sizeof(struct in6_addr)];
	} attr = {};
	size_t len = (size_t)nla_len(via);

	if (len < sizeof(*from) || len - sizeof(*from) > sizeof(attr.address))
		return 0;
	len -= sizeof(*from);
	attr.head.nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy(attr.address, from->rtvia_addr, len);
	return add_gateway(n, s, from->rtvia_family, &attr.head, ifindex);
}

static int add_both(struct neighbours *n, const struct snapshot *s, int family,
		    struct nlattr *gateway, struct nlattr *via, uint32_t ifindex)
{
	int r = gateway ? add_gateway(n, s, family, gateway, ifindex) : 0;

	return r < 0 || !via ? r : add_via(n, s, via, ifindex);
}

static int add_multipath(struct neighbours *n, const struct snapshot *s, int family,
			 struct nlattr *attr)
{
	struct rtnexthop *nh = nla_data(attr);
	size_t left = (size_t)nla_len(attr);
	int r = 0;

	while (!r && left >= sizeof(*nh) && nh->rtnh_len >= sizeof(*nh) && nh->rtnh_len <= left) {
		struct nlattr *first = (struct nlattr *)RTNH_DATA(nh);
		int len = nh->rtnh_len - (int)sizeof(*nh);
		size_t step = RTNH_ALIGN((size_t)nh->rtnh_len);

		r = add_both(n, s, family, nla_find(first, len, RTA_GATEWAY),
			     nla_find(first, len, RTA_VIA), (uint32_t)nh->rtnh_ifindex);
		left -= step < left ? step : left;
		nh = RTNH_NEXT(nh);
	}
	return r;
}

static struct nlattr *attr_of(const struct nlmsghdr *msg, size_t header, int type)
{
	return nlmsg_find_attr((struct nlmsghdr *)msg, (int)header, type);
}

static uint32_t number_of(struct nlattr *attr)
{
	return attr && nla_len(attr) == sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

static int add_of_route(struct neighbours *n, const struct snapshot *s,
			const struct nlmsghdr *msg)
{
	const struct rtmsg *route = nlmsg_data(msg);
	struct nlattr *multipath = attr_of(msg, sizeof(*route), RTA_MULTIPATH);
	int r;

	r = add_both(n, s, route->rtm_family, attr_of(msg, sizeof(*route), RTA_GATEWAY),
		     attr_of(msg, sizeof(*route), RTA_VIA),
		     number_of(attr_of(msg, sizeof(*route), RTA_OIF)));
	return r < 0 || !multipath ? r : add_multipath(n, s, route->rtm_family, multipath);
}

static int add_of_nexthop(struct neighbours *n, const struct snapshot *s,
			  const struct nlmsghdr *msg)
{
	const struct nhmsg *nexthop = nlmsg_data(msg);

	return add_both(n, s, nexthop->nh_family, attr_of(msg, sizeof(*nexthop), NHA_GATEWAY),
			NULL, number_of(attr_of(msg, sizeof(*nexthop), NHA_OIF)));
}

int neighbours_add_gateways(struct neighbours *n, const struct snapshot *s)
{
	size_t i;
	int r = 0;

	for (i = 0; !r && i < s->count; i++) {
		if (s->objects[i]->kind == OBJECT_ROUTE)
			r = add_of_route(n, s, s->objects[i]->msg);
		else if (s->objects[i]->kind == OBJECT_NEXTHOP)
			r = add_of_nexthop(n, s, s->objects[i]->msg);
	}
	return r;
}

/* -- which of them, and from where */

static int compare(const void *a, const void *b)
{
	const struct neighbour *first = a, *second = b;

	if (first->gateway != second->gateway)
		return first->gateway ? -1 : 1;
	return first->used == second->used ? 0 : first->used < second->used ? -1 : 1;
}

void neighbours_choose(struct neighbours *n, const struct snapshot *s)
{
	size_t i, kept = 0;

	for (i = 0; i < n->count; i++) {
		const struct object_link *link = snapshot_link(s, n->list[i].ifindex);

		if (!n->list[i].fixed && link && snapshot_sends(link) &&
		    !(link->flags & IFF_NOARP))
			n->list[kept++] = n->list[i];
	}
	if (kept)
		qsort(n->list, kept, sizeof(*n->list), compare);
	n->count = kept < NEIGHBOURS_MAX ? kept : NEIGHBOURS_MAX;
}

void neighbours_free(struct neighbours *n)
{
	free(n->list);
	*n = (struct neighbours){};
}

static bool covers(const struct object_address *address, const struct neighbour *one)
{
	const uint8_t *a = (const uint8_t *)&address->local, *b = (const uint8_t *)&one->address;
	unsigned int bits = address->prefixlen;

	for (; bits >= 8; bits -= 8)
		if (*a++ != *b++)
			return false;
	return !bits || !((*a ^ *b) >> (8 - bits));
}

static bool usable(const struct object *object, const struct neighbour *one)
{
	return object->kind == OBJECT_ADDRESS && object->devs[0] == one->ifindex &&
	       object->address.family == one->family &&
	       object->address.prefixlen <= 8 * address_len(one->family) &&
	       !(object->address.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
}

static bool is_local(const struct neighbour *one)
{
	return one->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&one->address.in6);
}

size_t neighbour_sources(const struct neighbour *one, const struct snapshot *s,
			 const struct object_address **ret, size_t max)
{
	size_t i, count = 0;
	int others;

	for (others = 0; others <= 1; others++) {
		if (others && count && !is_local(one))
			break;
		for (i = 0; i < s->count && count < max; i++)
			if (usable(s->objects[i], one) &&
			    covers(&s->objects[i]->address, one) == !others)
				ret[count++] = &s->objects[i]->address;
	}
	return count;
}
