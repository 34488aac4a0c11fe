// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfguest - what the VF driver says by generic netlink, for tests
 *
 *   vfguest get IFNAME
 *   vfguest dump
 *   vfguest watch
 *   vfguest hear IFNAME
 *
 * Prints one JSON object for each VF or event, with all attributes by their
 * names in uapi/vferry_vf.h, in lower case, without VFERRY_VF_A_. "watch" prints
 * {"event":"watching"} first and goes on until it is ended; "hear" prints {"event":"hearing"},
 * and then each question before SUSPEND, which it answers.
 *
 * Exit status: 0; 1: the kernel refused (text on standard error); 2: usage.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../include/uapi/vferry_vf.h"

#define BUFFER	65536

enum kind { NONE, NUMBER32, NUMBER64, STRING, STRINGS, FLAG, STATE, EVENT };

static const struct {
	const char *name;
	enum kind kind;
} attributes[VFERRY_VF_A_MAX + 1] = {
	[VFERRY_VF_A_IFINDEX]		= { "ifindex", NUMBER32 },
	[VFERRY_VF_A_IFNAME]		= { "ifname", STRING },
	[VFERRY_VF_A_PCI]		= { "pci", STRING },
	[VFERRY_VF_A_STATE]		= { "state", STATE },
	[VFERRY_VF_A_MIGRATABLE]	= { "migratable", FLAG },
	[VFERRY_VF_A_REASON]		= { "reason", STRING },
	[VFERRY_VF_A_PROTO]		= { "proto", NUMBER32 },
	[VFERRY_VF_A_FEATURES]		= { "features", NUMBER32 },
	[VFERRY_VF_A_EVENT]		= { "event", EVENT },
	[VFERRY_VF_A_RESULT]		= { "result", NUMBER32 },
	[VFERRY_VF_A_MIG_ID]		= { "mig_id", NUMBER64 },
	[VFERRY_VF_A_TIME_NS]		= { "time_ns", NUMBER64 },
	[VFERRY_VF_A_ARRIVED]		= { "arrived", FLAG },
	[VFERRY_VF_A_SUSPEND_US]	= { "suspend_us", NUMBER32 },
	[VFERRY_VF_A_RESUME_US]		= { "resume_us", NUMBER32 },
	[VFERRY_VF_A_PAGES]		= { "pages", NUMBER64 },
	[VFERRY_VF_A_HEARD_US]		= { "heard_us", NUMBER32 },
	[VFERRY_VF_A_REFUSED]		= { "refused", STRINGS },
	[VFERRY_VF_A_BOOT_NS]		= { "boot_ns", NUMBER64 },
};

static const char *const states[VFERRY_MIG_STATES] = {
	[VFERRY_MIG_IDLE]	= "idle",
	[VFERRY_MIG_MIGRATING]	= "migrating",
	[VFERRY_MIG_SUSPENDED]	= "suspended",
};

static const char *const events[] = {
	[VFERRY_VF_EVENT_MIGRATE]	= "migrate",
	[VFERRY_VF_EVENT_CANCEL]	= "cancel",
	[VFERRY_VF_EVENT_SUSPEND]	= "suspend",
	[VFERRY_VF_EVENT_RESUME]	= "resume",
	[VFERRY_VF_EVENT_RESET]		= "reset",
	[VFERRY_VF_EVENT_RECEIVED]	= "received",
};

static char buffer[BUFFER];

struct request {
	struct nlmsghdr h;
	struct genlmsghdr g;
	char attrs[128];
};

static struct nlattr *first(const struct nlmsghdr *h)
{
	return (struct nlattr *)((char *)NLMSG_DATA(h) + GENL_HDRLEN);
}

static struct nlattr *next(const struct nlattr *a)
{
	return (struct nlattr *)((char *)a + NLA_ALIGN(a->nla_len));
}

static bool within(const struct nlattr *a, const char *end)
{
	return end - (const char *)a >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN &&
	       a->nla_len <= end - (const char *)a;
}

static const void *data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static uint32_t number(const struct nlattr *a)
{
	uint32_t value = 0;

	memcpy(&value, data(a), a->nla_len - NLA_HDRLEN < 4 ? 0 : 4);
	return value;
}

static struct nlattr *find(struct nlattr *a, const char *end, int type)
{
	for (; within(a, end); a = next(a))
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

static void ask(struct request *r, int family, int cmd, int flags)
{
	memset(r, 0, sizeof(*r));
	r->h.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->h.nlmsg_type = family;
	r->h.nlmsg_flags = NLM_F_REQUEST | flags;
	r->g.cmd = cmd;
	r->g.version = 1;
}

static void put(struct request *r, int type, const void *value, int len)
{
	struct nlattr *a = (struct nlattr *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, value, len);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

/* An attribute that is there several times, as a list. Return: the last of them. */
static struct nlattr *print_strings(struct nlattr *a, const char *end)
{
	int type = a->nla_type & NLA_TYPE_MASK;
	struct nlattr *last;

	printf("[\"%s\"", (const char *)data(a));
	for (last = a; (a = find(next(a), end, type)); last = a)
		printf(",\"%s\"", (const char *)data(a));
	printf("]");
	return last;
}

static void print(const struct nlmsghdr *h)
{
	const struct genlmsghdr *g = NLMSG_DATA(h);
	const char *end = (const char *)h + h->nlmsg_len, *comma = "";
	struct nlattr *a;

	printf("{");
	if (g->cmd == VFERRY_VF_CMD_NEW || g->cmd == VFERRY_VF_CMD_DEL) {
		printf("\"cmd\":\"%s\"", g->cmd == VFERRY_VF_CMD_NEW ? "new" : "del");
		comma = ",";
	}
	for (a = first(h); within(a, end); a = next(a)) {
		unsigned int type = a->nla_type & NLA_TYPE_MASK;
		uint64_t wide = 0;

		if (type > VFERRY_VF_A_MAX || attributes[type].kind == NONE)
			continue;
		printf("%s\"%s\":", comma, attributes[type].name);
		comma = ",";
		switch (attributes[type].kind) {
		case NONE:
			break;
		case NUMBER32:
			printf("%" PRIu32, number(a));
			break;
		case NUMBER64:
			memcpy(&wide, data(a), a->nla_len - NLA_HDRLEN < 8 ? 0 : 8);
			printf("%" PRIu64, wide);
			break;
		case STRING:
			printf("\"%s\"", (const char *)data(a));
			break;
		case STRINGS:
			a = print_strings(a, end);
			break;
		case FLAG:
			printf("true");
			break;
		case STATE:
			printf("\"%s\"", number(a) < VFERRY_MIG_STATES && states[number(a)] ?
			       states[number(a)] : "?");
			break;
		case EVENT:
			printf("\"%s\"", number(a) < sizeof(events) / sizeof(*events) &&
			       events[number(a)] ? events[number(a)] : "?");
			break;
		}
	}
	printf("}\n");
	fflush(stdout);
}

/* Send, and pass what comes to take() until the kernel has said all. */
static int talk(int fd, struct request *r, void (*take)(const struct nlmsghdr *h))
{
	bool many = r->h.nlmsg_flags & NLM_F_DUMP;

	if (send(fd, r, r->h.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		int len = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buffer;

		if (len < 0)
			return -errno;
		for (; NLMSG_OK(h, (unsigned int)len); h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			take(h);
			if (!many)
				return 0;
		}
	}
}

static int family;
static int group;

static void take_family(const struct nlmsghdr *h)
{
	const char *end = (const char *)h + h->nlmsg_len, *groups_end;
	struct nlattr *a, *g;

	a = find(first(h), end, CTRL_ATTR_FAMILY_ID);
	if (a)
		memcpy(&family, data(a), 2);
	a = find(first(h), end, CTRL_ATTR_MCAST_GROUPS);
	if (!a)
		return;
	groups_end = (const char *)next(a);
	for (g = (struct nlattr *)data(a); within(g, groups_end); g = next(g)) {
		struct nlattr *id = find((struct nlattr *)data(g), (const char *)next(g),
					 CTRL_ATTR_MCAST_GRP_ID);

		if (id)
			group = number(id);
	}
}

static int watch(int fd)
{
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return -errno;
	printf("{\"event\":\"watching\"}\n");
	fflush(stdout);
	for (;;) {
		int len = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buffer;

		if (len < 0)
			return -errno;
		for (; NLMSG_OK(h, (unsigned int)len); h = NLMSG_NEXT(h, len))
			print(h);
	}
}

static int hear(int fd, uint32_t ifindex)
{
	struct request r;
	int err;

	ask(&r, family, VFERRY_VF_CMD_HEAR, NLM_F_ACK);
	put(&r, VFERRY_VF_A_IFINDEX, &ifindex, sizeof(ifindex));
	put(&r, VFERRY_VF_A_HEAR, NULL, 0);
	err = talk(fd, &r, print);
	if (err)
		return err;
	printf("{\"event\":\"hearing\"}\n");
	fflush(stdout);
	for (;;) {
		int len = recv(fd, buffer, sizeof(buffer), 0);

		if (len < 0)
			return -errno;
		print((struct nlmsghdr *)buffer);
		ask(&r, family, VFERRY_VF_CMD_GO, 0);
		put(&r, VFERRY_VF_A_IFINDEX, &ifindex, sizeof(ifindex));
		if (send(fd, &r, r.h.nlmsg_len, 0) < 0)
			return -errno;
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: vfguest get IFNAME | dump | watch | hear IFNAME\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct request r;
	int err;

	ask(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put(&r, CTRL_ATTR_FAMILY_NAME, VFERRY_VF_GENL_NAME, sizeof(VFERRY_VF_GENL_NAME));
	err = talk(fd, &r, take_family);
	if (!err && !family)
		err = -ENOENT;
	if (err) {
		/* nothing to ask */
	} else if (!strcmp(verb, "get") && argc == 3) {
		uint32_t ifindex = if_nametoindex(argv[2]);

		ask(&r, family, VFERRY_VF_CMD_GET, 0);
		put(&r, VFERRY_VF_A_IFINDEX, &ifindex, sizeof(ifindex));
		err = talk(fd, &r, print);
	} else if (!strcmp(verb, "dump") && argc == 2) {
		ask(&r, family, VFERRY_VF_CMD_GET, NLM_F_DUMP);
		err = talk(fd, &r, print);
	} else if (!strcmp(verb, "watch") && argc == 2) {
		err = watch(fd);
	} else if (!strcmp(verb, "hear") && argc == 3) {
		err = hear(fd, if_nametoindex(argv[2]));
	} else {
		return usage();
	}
	if (err)
		fprintf(stderr, "vfguest: %s\n", strerror(-err));
	return err ? 1 : 0;
}
