// SPDX-License-Identifier: GPL-2.0-or-later
/* What the VF driver says in its netlink family. See vfmsg.h. */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "vfmsg.h"
#include "vferry_state_name.h"

static const char *const event_names[] = {
	[VFERRY_VF_EVENT_UNSPEC]	= "none",
	[VFERRY_VF_EVENT_MIGRATE]	= "migrate",
	[VFERRY_VF_EVENT_CANCEL]	= "cancel",
	[VFERRY_VF_EVENT_SUSPEND]	= "suspend",
	[VFERRY_VF_EVENT_RESUME]	= "resume",
	[VFERRY_VF_EVENT_RESET]		= "reset",
	[VFERRY_VF_EVENT_RECEIVED]	= "received",
};

#define EVENTS	(sizeof(event_names) / sizeof(event_names[0]))

const char *vfmsg_state_name(enum vferry_mig_state state)
{
	return vferry_mig_state_name(state);
}

const char *vfmsg_event_name(enum vferry_vf_nl_event event)
{
	return event_names[event];
}

static const struct nla_policy policy[VFERRY_VF_A_MAX + 1] = {
	[VFERRY_VF_A_IFINDEX]		= { .type = NLA_U32 },
	[VFERRY_VF_A_IFNAME]		= { .type = NLA_STRING, .maxlen = IFNAMSIZ },
	[VFERRY_VF_A_PCI]		= { .type = NLA_STRING, .maxlen = VFMSG_PCI },
	[VFERRY_VF_A_STATE]		= { .type = NLA_U32 },
	[VFERRY_VF_A_MIGRATABLE]	= { .type = NLA_FLAG },
	[VFERRY_VF_A_REASON]		= { .type = NLA_STRING, .maxlen = VFMSG_REASON },
	[VFERRY_VF_A_PROTO]		= { .type = NLA_U32 },
	[VFERRY_VF_A_FEATURES]		= { .type = NLA_U32 },
	[VFERRY_VF_A_EVENT]		= { .type = NLA_U32 },
	[VFERRY_VF_A_RESULT]		= { .type = NLA_U32 },
	[VFERRY_VF_A_MIG_ID]		= { .type = NLA_U64 },
	[VFERRY_VF_A_TIME_NS]		= { .type = NLA_U64 },
	[VFERRY_VF_A_ARRIVED]		= { .type = NLA_FLAG },
	[VFERRY_VF_A_SUSPEND_US]	= { .type = NLA_U32 },
	[VFERRY_VF_A_RESUME_US]		= { .type = NLA_U32 },
	[VFERRY_VF_A_PAGES]		= { .type = NLA_U64 },
	[VFERRY_VF_A_HEARD_US]		= { .type = NLA_U32 },
	[VFERRY_VF_A_BOOT_NS]		= { .type = NLA_U64 },
	[VFERRY_VF_A_REFUSED]		= { .type = NLA_STRING },
};

static uint32_t u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static uint64_t u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static void string(char *to, size_t size, struct nlattr *attr)
{
	snprintf(to, size, "%s", attr ? nla_get_string(attr) : "");
}

/* Several of one kind: the parser keeps the last only */
static void read_refused(const struct nlmsghdr *msg, struct vfmsg *ret)
{
	struct nlattr *attr;
	int left;

	nlmsg_for_each_attr(attr, (struct nlmsghdr *)msg, GENL_HDRLEN, left)
		if (nla_type(attr) == VFERRY_VF_A_REFUSED && ret->n_refused < VFMSG_REFUSED)
			snprintf(ret->refused[ret->n_refused++], VFMSG_REFUSED_LEN, "%.*s",
				 nla_len(attr), (const char *)nla_data(attr));
}

int vfmsg_decode(const struct nlmsghdr *msg, size_t len, struct vfmsg *ret)
{
	struct nlattr *tb[VFERRY_VF_A_MAX + 1];
	const struct genlmsghdr *head;

	if (len < sizeof(*msg) || msg->nlmsg_len < sizeof(*msg) || msg->nlmsg_len > len ||
	    nlmsg_parse((struct nlmsghdr *)msg, GENL_HDRLEN, tb, VFERRY_VF_A_MAX, policy) < 0)
		return -EBADMSG;
	head = nlmsg_data(msg);
	if (!u32(tb[VFERRY_VF_A_IFINDEX]) || !tb[VFERRY_VF_A_STATE] ||
	    u32(tb[VFERRY_VF_A_STATE]) >= VFERRY_MIG_STATES)
		return -EBADMSG;

	*ret = (struct vfmsg){
		.cmd = head->cmd,
		.ifindex = u32(tb[VFERRY_VF_A_IFINDEX]),
		.state = u32(tb[VFERRY_VF_A_STATE]),
		.migratable = tb[VFERRY_VF_A_MIGRATABLE],
		.proto = u32(tb[VFERRY_VF_A_PROTO]),
		.result = u32(tb[VFERRY_VF_A_RESULT]),
		.mig_id = u64(tb[VFERRY_VF_A_MIG_ID]),
		.time_ns = u64(tb[VFERRY_VF_A_TIME_NS]),
		.boot_ns = u64(tb[VFERRY_VF_A_BOOT_NS]),
		.arrived = tb[VFERRY_VF_A_ARRIVED],
		.suspend_us = u32(tb[VFERRY_VF_A_SUSPEND_US]),
		.resume_us = u32(tb[VFERRY_VF_A_RESUME_US]),
		.heard_us = u32(tb[VFERRY_VF_A_HEARD_US]),
		.pages = u64(tb[VFERRY_VF_A_PAGES]),
	};
	/* An event of a newer driver is one whose meaning we do not know. */
	if (u32(tb[VFERRY_VF_A_EVENT]) < EVENTS)
		ret->event = u32(tb[VFERRY_VF_A_EVENT]);
	string(ret->ifname, sizeof(ret->ifname), tb[VFERRY_VF_A_IFNAME]);
	string(ret->pci, sizeof(ret->pci), tb[VFERRY_VF_A_PCI]);
	string(ret->reason, sizeof(ret->reason), tb[VFERRY_VF_A_REASON]);
	if (tb[VFERRY_VF_A_REFUSED])
		read_refused(msg, ret);
	return 0;
}
