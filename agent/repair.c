// SPDX-License-Identifier: GPL-2.0-or-later
/* The request that makes a difference disappear. See repair.h. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#include "cleanup.h"
#include "repair.h"

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

#define LINK_FLAGS	(IFF_UP | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST)
#define USER_HZ		100	/* of rta_cacheinfo */
/* Addresses and nexthops that can be given to the kernel without these. */
#define NH_STATE	(RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_UNRESOLVED | \
			 RTNH_F_OFFLOAD | RTNH_F_TRAP)

#define SET	(NLM_F_CREATE | NLM_F_REPLACE)
#define ADD	(NLM_F_CREATE | NLM_F_EXCL)

/* A request with the fixed header of a message and room for all of its attributes. */
static struct nl_msg *begin(const struct nlmsghdr *from, int type, int flags, size_t header)
{
	struct nl_msg *msg;

	msg = nlmsg_alloc_size(from->nlmsg_len + 256);
	if (!msg)
		return NULL;
	if (!nlmsg_put(msg, 0, 0, type, 0, flags) ||
	    nlmsg_append(msg, nlmsg_data(from), header, NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static struct nlattr *find(const struct nlmsghdr *from, size_t header, int type)
{
	return nlmsg_find_attr((struct nlmsghdr *)from, (int)header, type);
}

/* All attributes but those whose bit is set in @without. */
static int copy(struct nl_msg *msg, const struct nlmsghdr *from, size_t header, uint64_t without)
{
	struct nlattr *attr;
	int left;

	nlmsg_for_each_attr(attr, (struct nlmsghdr *)from, (int)header, left) {
		int type = nla_type(attr);

		if (type < 64 && without & UINT64_C(1) << type)
			continue;
		if (nla_put(msg, type, nla_len(attr), nla_data(attr)))
			return -ENOMEM;
	}
	return 0;
}

#define BIT(n)	(UINT64_C(1) << (n))

/* -- links */

struct nl_msg *repair_link_flags(uint32_t ifindex, unsigned int flags, unsigned int change)
{
	const struct ifinfomsg info = {
		.ifi_index = (int)ifindex,
		.ifi_flags = flags,
		.ifi_change = change,
	};
	struct nl_msg *msg;

	msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	if (!msg || !nlmsg_append(msg, (void *)&info, sizeof(info), NLMSG_ALIGNTO))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int repair_link(const struct difference *d, struct nl_msg **ret)
{
	const struct object_link *was = &d->was->link, *is = &d->is->link;
	unsigned int change = (was->flags ^ is->flags) & LINK_FLAGS;
	_cleanup_(nlmsg_freep) struct nl_msg *msg = NULL;
	int r = 0;

	if (was->ifindex != is->ifindex)
		return -EOPNOTSUPP;
	/* No change, for the kernel, is all of them: then there must be no flag either. */
	msg = repair_link_flags(was->ifindex, was->flags & change, change);
	if (!msg)
		return -ENOMEM;
	if (was->mtu != is->mtu)
		r |= nla_put_u32(msg, IFLA_MTU, was->mtu);
	if (was->txqlen != is->txqlen)
		r |= nla_put_u32(msg, IFLA_TXQLEN, was->txqlen);
	if (was->mac_len && (was->mac_len != is->mac_len ||
			     memcmp(was->mac, is->mac, was->mac_len)))
		r |= nla_put(msg, IFLA_ADDRESS, (int)was->mac_len, was->mac);
	if (was->master != is->master)
		r |= nla_put_u32(msg, IFLA_MASTER, was->master);
	if (r)
		return -ENOMEM;
	*ret = TAKE_PTR(msg);
	return 0;
}

/* -- addresses */

static int put_lifetime(struct nl_msg *msg, struct nlattr *attr, uint32_t age_s)
{
	struct ifa_cacheinfo life;

	memcpy(&life, nla_data(attr), sizeof(life));
	if (life.ifa_valid != UINT32_MAX) {
		if (life.ifa_valid <= age_s)
			return -ETIME;
		life.ifa_valid -= age_s;
	}
	if (life.ifa_prefered != UINT32_MAX)
		life.ifa_prefered -= life.ifa_prefered < age_s ? life.ifa_prefered : age_s;
	return nla_put(msg, IFA_CACHEINFO, sizeof(life), &life) ? -ENOMEM : 0;
}

static int build_address(const struct object *was, int how, uint32_t extra, uint32_t age_s,
			 struct nl_msg **ret)
{
	const size_t header = sizeof(struct ifaddrmsg);
	struct nlattr *life = find(was->msg, header, IFA_CACHEINFO);
	_cleanup_(nlmsg_freep) struct nl_msg *msg = NULL;
	uint32_t flags = was->address.flags;
	int r;

	msg = begin(was->msg, RTM_NEWADDR, how, header);
	if (!msg)
		return -ENOMEM;
	flags &= ~(uint32_t)(IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_OPTIMISTIC |
			     IFA_F_DEPRECATED | IFA_F_PERMANENT | IFA_F_SECONDARY);
	flags |= extra;
	((struct ifaddrmsg *)nlmsg_data(nlmsg_hdr(msg)))->ifa_flags = (uint8_t)flags;
	r = copy(msg, was->msg, header, BIT(IFA_FLAGS) | BIT(IFA_CACHEINFO));
	if (!r)
		r = nla_put_u32(msg, IFA_FLAGS, flags) ? -ENOMEM : 0;
	if (!r && life)
		r = put_lifetime(msg, life, age_s);
	if (!r)
		*ret = TAKE_PTR(msg);
	return r;
}

/*
 * An IPv6 address was ours a moment ago and has moved with us: it is taken without
 * asking the network again, and then said to be as it was.
 */
static int repair_address(const struct object *was, uint32_t age_s,
			  struct nl_msg *ret[REPAIR_STEPS])
{
	_cleanup_(nlmsg_freep) struct nl_msg *first = NULL;
	int r;

	if (was->address.family == AF_INET || was->address.flags & IFA_F_NODAD)
		return build_address(was, SET, 0, age_s, &ret[0]);
	/* The kernel makes temporary addresses by itself, or not at all. */
	if (was->address.flags & IFA_F_TEMPORARY)
		return -EOPNOTSUPP;
	r = build_address(was, SET, IFA_F_NODAD, age_s, &first);
	if (!r)
		r = build_address(was, NLM_F_REPLACE, 0, age_s, &ret[1]);
	if (!r)
		ret[0] = TAKE_PTR(first);
	return r;
}

/* -- routes */

static int put_multipath(struct nl_msg *msg, struct nlattr *attr)
{
	struct nlattr *mine = nla_reserve(msg, RTA_MULTIPATH, nla_len(attr));
	struct rtnexthop *nh;
	int left;

	if (!mine)
		return -ENOMEM;
	memcpy(nla_data(mine), nla_data(attr), (size_t)nla_len(attr));
	/* Its lengths were checked when it was decoded. */
	left = nla_len(mine);
	for (nh = nla_data(mine); left >= (int)sizeof(*nh) && RTNH_OK(nh, left);
	     nh = RTNH_NEXT(nh)) {
		left -= (int)RTNH_ALIGN(nh->rtnh_len);
		nh->rtnh_flags &= (uint8_t)~NH_STATE;
	}
	return 0;
}

/* What is left of the lifetime of a route that a router gave us. */
static int put_expiry(struct nl_msg *msg, struct nlattr *attr, uint32_t age_s)
{
	const struct rta_cacheinfo *info = nla_data(attr);
	uint32_t left_s;

	if (info->rta_expires <= 0)
		return 0;
	left_s = (uint32_t)info->rta_expires / USER_HZ;
	if (left_s <= age_s)
		return -ETIME;
	return nla_put_u32(msg, RTA_EXPIRES, left_s - age_s) ? -ENOMEM : 0;
}

static int repair_route(const struct object *was, int how, uint32_t age_s, struct nl_msg **ret)
{
	uint64_t without = BIT(RTA_CACHEINFO) | BIT(RTA_EXPIRES) | BIT(RTA_MULTIPATH);
	const size_t header = sizeof(struct rtmsg);
	struct nlattr *life = find(was->msg, header, RTA_CACHEINFO);
	struct nlattr *multipath = find(was->msg, header, RTA_MULTIPATH);
	_cleanup_(nlmsg_freep) struct nl_msg *msg = NULL;
	bool by_id = find(was->msg, header, RTA_NH_ID);
	struct rtmsg *info;
	int r;

	/* The kernel says what a nexthop object leads to, and does not want to hear it. */
	if (by_id)
		without |= BIT(RTA_OIF) | BIT(RTA_GATEWAY) | BIT(RTA_VIA);
	msg = begin(was->msg, RTM_NEWROUTE, how, header);
	if (!msg)
		return -ENOMEM;
	info = nlmsg_data(nlmsg_hdr(msg));
	info->rtm_flags &= RTNH_F_ONLINK;
	r = copy(msg, was->msg, header, without);
	if (!r && multipath && !by_id)
		r = put_multipath(msg, multipath);
	if (!r && life && info->rtm_family == AF_INET6)
		r = put_expiry(msg, life, age_s);
	if (!r)
		*ret = TAKE_PTR(msg);
	return r;
}

/* -- the rest: as they were, but for what the kernel counts */

static int repair_copy(const struct object *was, int type, int how, size_t header,
		       uint64_t without, struct nl_msg **ret)
{
	_cleanup_(nlmsg_freep) struct nl_msg *msg = begin(was->msg, type, how, header);

	if (!msg || copy(msg, was->msg, header, without))
		return -ENOMEM;
	if (was->kind == OBJECT_NEXTHOP) {
		struct nhmsg *info = nlmsg_data(nlmsg_hdr(msg));

		info->nh_flags &= RTNH_F_ONLINK;
		info->nh_scope = 0;	/* found out by the kernel, and not to be given */
	}
	if (was->kind == OBJECT_RULE)
		((struct fib_rule_hdr *)nlmsg_data(nlmsg_hdr(msg)))->flags &=
			~(uint32_t)(FIB_RULE_IIF_DETACHED | FIB_RULE_OIF_DETACHED);
	*ret = TAKE_PTR(msg);
	return 0;
}

static int restore(const struct difference *d, uint32_t age_s, struct nl_msg *ret[REPAIR_STEPS])
{
	const struct object *was = d->was;
	int how = d->kind == DIFFERENCE_CHANGED ? SET : ADD;

	switch (was->kind) {
	case OBJECT_LINK:
		return d->is ? repair_link(d, &ret[0]) : -EOPNOTSUPP;
	case OBJECT_ADDRESS:
		return repair_address(was, age_s, ret);
	case OBJECT_NEXTHOP:
		return repair_copy(was, RTM_NEWNEXTHOP, how, sizeof(struct nhmsg), 0, &ret[0]);
	case OBJECT_ROUTE:
		return repair_route(was, how, age_s, &ret[0]);
	case OBJECT_NEIGHBOUR:
		return repair_copy(was, RTM_NEWNEIGH, SET, sizeof(struct ndmsg),
				   BIT(NDA_CACHEINFO) | BIT(NDA_PROBES), &ret[0]);
	case OBJECT_RULE:
		return repair_copy(was, RTM_NEWRULE, ADD, sizeof(struct fib_rule_hdr), 0,
				   &ret[0]);
	}
	return -EOPNOTSUPP;
}

static int take_away(const struct object *is, struct nl_msg **ret)
{
	switch (is->kind) {
	case OBJECT_LINK:
		return -EOPNOTSUPP;
	case OBJECT_ADDRESS:
		return repair_copy(is, RTM_DELADDR, 0, sizeof(struct ifaddrmsg),
				   BIT(IFA_CACHEINFO), ret);
	case OBJECT_NEXTHOP:
		return repair_copy(is, RTM_DELNEXTHOP, 0, sizeof(struct nhmsg),
				   ~BIT(NHA_ID), ret);
	case OBJECT_ROUTE:
		return repair_copy(is, RTM_DELROUTE, 0, sizeof(struct rtmsg),
				   BIT(RTA_CACHEINFO), ret);
	case OBJECT_NEIGHBOUR:
		return repair_copy(is, RTM_DELNEIGH, 0, sizeof(struct ndmsg),
				   ~BIT(NDA_DST), ret);
	case OBJECT_RULE:
		return repair_copy(is, RTM_DELRULE, 0, sizeof(struct fib_rule_hdr), 0, ret);
	}
	return -EOPNOTSUPP;
}

int repair_build(const struct difference *d, uint32_t age_s, struct nl_msg *ret[REPAIR_STEPS])
{
	memset(ret, 0, REPAIR_STEPS * sizeof(*ret));
	if (d->kind == DIFFERENCE_ADDED)
		return take_away(d->is, &ret[0]);
	return restore(d, age_s, ret);
}
