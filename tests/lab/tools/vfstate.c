// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfstate - a PF's VFs by raw netlink, for tests
 *
 *   vfstate set IFNAME VF auto|enable|disable|migrate|cancelmigration|suspend|resume
 *   vfstate genl IFNAME VF migrate|cancelmigration|suspend|resume|ping
 *   vfstate again IFNAME VF
 *   vfstate get IFNAME VF
 *   vfstate dump
 *   vfstate watch
 *
 * "set" goes through rtnetlink (IFLA_VF_LINK_STATE), as ip link does; "get"
 * prints what rtnetlink has for it. "genl" goes through the family vferry_pf,
 * which answers with a text; "again" ends a migration and begins another as soon as the
 * PF takes it; "dump" prints a JSON object for each VF, "watch"
 * one for each event, until it is ended. Both print all attributes by their
 * names in uapi/vferry_pf.h, in lower case, without VFERRY_PF_A_.
 *
 * Exit status: 0; 1: the kernel refused (text on standard error); 2: usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#include "../../../include/uapi/vferry_pf.h"

#define BUFFER	65536

struct request {
	struct nlmsghdr h;
	char data[1024];
};

static char buffer[BUFFER];

static const char *const link_states[] = {
	"auto", "enable", "disable", "migrate", "cancelmigration", "suspend", "resume",
};

static const char *const mig_states[] = {
	[VFERRY_MIG_IDLE]		= "idle",
	[VFERRY_MIG_MIGRATE_SENT]	= "migrate-sent",
	[VFERRY_MIG_MIGRATING]		= "migrating",
	[VFERRY_MIG_SUSPEND_SENT]	= "suspend-sent",
	[VFERRY_MIG_SUSPENDED]		= "suspended",
	[VFERRY_MIG_RESUME_SENT]	= "resume-sent",
	[VFERRY_MIG_CANCEL_SENT]	= "cancel-sent",
};

static const char *const events[] = {
	[VFERRY_PF_EVENT_STATE]		= "state",
	[VFERRY_PF_EVENT_FAILED]	= "failed",
	[VFERRY_PF_EVENT_RESET]		= "reset",
	[VFERRY_PF_EVENT_PONG]		= "pong",
	[VFERRY_PF_EVENT_PHASE]		= "phase",
	[VFERRY_PF_EVENT_HELLO]		= "hello",
};

static const char *const phases[] = {
	[VFERRY_PF_PHASE_CONVERGED]	= "converged",
	[VFERRY_PF_PHASE_SWITCH]	= "switch",
	[VFERRY_PF_PHASE_STOPPED]	= "stopped",
	[VFERRY_PF_PHASE_SAVED]		= "saved",
	[VFERRY_PF_PHASE_INCOMING]	= "incoming",
	[VFERRY_PF_PHASE_LOADED]	= "loaded",
	[VFERRY_PF_PHASE_RUNNING]	= "running",
	[VFERRY_PF_PHASE_SETTLED]	= "settled",
};

enum kind { NUMBER32, SIGNED32, NUMBER64, STRING, FLAG, ADDRESS, NAMED, NEST };

struct attribute {
	const char *name;
	enum kind kind;
	const char *const *names;
	unsigned int count;
};

#define NAMES(table)	table, sizeof(table) / sizeof(table[0])

static const struct attribute last_attributes[] = {
	[VFERRY_PF_L_MIG_ID]		= { "mig_id", NUMBER64, NULL, 0 },
	[VFERRY_PF_L_MIGRATE_US]	= { "migrate_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_L_SUSPEND_US]	= { "suspend_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_L_RESUME_US]		= { "resume_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_L_GUEST_SUSPEND_US]	= { "guest_suspend_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_L_GUEST_RESUME_US]	= { "guest_resume_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_L_SUSPENDED_US]	= { "suspended_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_L_PAGES]		= { "pages", NUMBER32, NULL, 0 },
	[VFERRY_PF_L_ERROR]		= { "error", SIGNED32, NULL, 0 },
	[VFERRY_PF_L_MAX + 1]		= { NULL, NEST, NULL, 0 },
};

static const struct attribute attributes[] = {
	[VFERRY_PF_A_IFINDEX]		= { "ifindex", NUMBER32, NULL, 0 },
	[VFERRY_PF_A_IFNAME]		= { "ifname", STRING, NULL, 0 },
	[VFERRY_PF_A_PF_PCI]		= { "pf_pci", STRING, NULL, 0 },
	[VFERRY_PF_A_VF]		= { "vf", NUMBER32, NULL, 0 },
	[VFERRY_PF_A_VF_PCI]		= { "vf_pci", STRING, NULL, 0 },
	[VFERRY_PF_A_MAC]		= { "mac", ADDRESS, NULL, 0 },
	[VFERRY_PF_A_STATE]		= { "state", NAMED, NAMES(mig_states) },
	[VFERRY_PF_A_OLD_STATE]		= { "old_state", NAMED, NAMES(mig_states) },
	[VFERRY_PF_A_LINK_STATE]	= { "link_state", NAMED, NAMES(link_states) },
	[VFERRY_PF_A_PROTO]		= { "proto", NUMBER32, NULL, 0 },
	[VFERRY_PF_A_FEATURES]		= { "features", NUMBER32, NULL, 0 },
	[VFERRY_PF_A_MIGRATABLE]	= { "migratable", FLAG, NULL, 0 },
	[VFERRY_PF_A_REASON]		= { "reason", STRING, NULL, 0 },
	[VFERRY_PF_A_HELD]		= { "held", FLAG, NULL, 0 },
	[VFERRY_PF_A_EVENT]		= { "event", NAMED, NAMES(events) },
	[VFERRY_PF_A_PHASE]		= { "phase", NAMED, NAMES(phases) },
	[VFERRY_PF_A_ERROR]		= { "error", SIGNED32, NULL, 0 },
	[VFERRY_PF_A_MIG_ID]		= { "mig_id", NUMBER64, NULL, 0 },
	[VFERRY_PF_A_TIME_NS]		= { "time_ns", NUMBER64, NULL, 0 },
	[VFERRY_PF_A_DURATION_US]	= { "duration_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_A_GUEST_US]		= { "guest_us", NUMBER32, NULL, 0 },
	[VFERRY_PF_A_LAST]		= { "last", NEST, NULL, 0 },
	[VFERRY_PF_A_MAX + 1]		= { NULL, NEST, NULL, 0 },
};

static int find(const char *const *names, unsigned int count, const char *name)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -1;
}

static struct nlattr *put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static void end_nest(struct request *r, struct nlattr *a)
{
	a->nla_type |= NLA_F_NESTED;
	a->nla_len = (char *)r + r->h.nlmsg_len - (char *)a;
}

static int open_netlink(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);
	int on = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	return fd;
}

/* Text of an extended acknowledgement, or NULL. */
static const char *extack(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	size_t skip = sizeof(*e);
	const struct nlattr *a;
	size_t left;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof(e->msg);
	if (h->nlmsg_len < NLMSG_HDRLEN + NLMSG_ALIGN(skip))
		return NULL;
	left = h->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(skip);
	a = (const struct nlattr *)((const char *)e + NLMSG_ALIGN(skip));
	while (left >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= left) {
		if ((a->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG)
			return (const char *)a + NLA_HDRLEN;
		left -= a->nla_len + 3UL < left ? (size_t)NLA_ALIGN(a->nla_len) : left;
		a = (const struct nlattr *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
	return NULL;
}

/*
 * Send and hand each answer to @each, up to the end of the dump or the
 * acknowledgement. Returns 0, or 1 with the reason printed.
 */
static int talk(int fd, struct request *r, void (*each)(const struct nlmsghdr *))
{
	r->h.nlmsg_seq = 1;
	if (send(fd, r, r->h.nlmsg_len, 0) < 0)
		return fail("send");

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *h;

		if (n < 0)
			return fail("receive");
		for (h = (struct nlmsghdr *)buffer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *e = NLMSG_DATA(h);
				const char *text = extack(h);

				if (!e->error)
					return 0;
				fprintf(stderr, "vfstate: %s%s%s\n", text ? text : "",
					text ? ": " : "", strerror(-e->error));
				return 1;
			}
			if (each)
				each(h);
		}
	}
}

static int rtnl_set(const char *ifname, uint32_t vf, uint32_t state)
{
	struct ifla_vf_link_state value = { .vf = vf, .link_state = state };
	struct request r = {
		.h = { .nlmsg_type = RTM_SETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		       .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)) },
	};
	struct ifinfomsg *info = NLMSG_DATA(&r.h);
	struct nlattr *list, *one;

	info->ifi_index = if_nametoindex(ifname);
	if (!info->ifi_index)
		return fail(ifname);
	list = put(&r, IFLA_VFINFO_LIST, NULL, 0);
	one = put(&r, IFLA_VF_INFO, NULL, 0);
	put(&r, IFLA_VF_LINK_STATE, &value, sizeof(value));
	end_nest(&r, one);
	end_nest(&r, list);
	return talk(open_netlink(NETLINK_ROUTE), &r, NULL);
}

static uint32_t wanted_vf;

static void print_link_state(const struct rtattr *list)
{
	struct rtattr *info = RTA_DATA(list);
	int left = RTA_PAYLOAD(list);

	for (; RTA_OK(info, left); info = RTA_NEXT(info, left)) {
		struct rtattr *a = RTA_DATA(info);
		int len = RTA_PAYLOAD(info);

		for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
			const struct ifla_vf_link_state *s = RTA_DATA(a);

			if ((a->rta_type & NLA_TYPE_MASK) == IFLA_VF_LINK_STATE &&
			    s->vf == wanted_vf)
				printf("%s\n", s->link_state < 7 ?
				       link_states[s->link_state] : "?");
		}
	}
}

static void each_link(const struct nlmsghdr *h)
{
	struct ifinfomsg *info = NLMSG_DATA(h);
	struct rtattr *a = IFLA_RTA(info);
	int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*info));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if ((a->rta_type & NLA_TYPE_MASK) == IFLA_VFINFO_LIST)
			print_link_state(a);
}

static int rtnl_get(const char *ifname, uint32_t vf)
{
	struct request r = {
		.h = { .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		       .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)) },
	};
	struct ifinfomsg *info = NLMSG_DATA(&r.h);
	uint32_t mask = RTEXT_FILTER_VF;

	info->ifi_index = if_nametoindex(ifname);
	if (!info->ifi_index)
		return fail(ifname);
	wanted_vf = vf;
	put(&r, IFLA_EXT_MASK, &mask, sizeof(mask));
	return talk(open_netlink(NETLINK_ROUTE), &r, each_link);
}

static void genl(struct request *r, uint16_t family, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *g = NLMSG_DATA(&r->h);

	*r = (struct request){
		.h = { .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | flags,
		       .nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) },
	};
	g->cmd = cmd;
	g->version = 1;
}

static uint16_t family_id;
static uint32_t group_id;

static const struct nlattr *next(const struct nlattr *a)
{
	return (const struct nlattr *)((const char *)a + NLA_ALIGN(a->nla_len));
}

static const void *data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static const struct nlattr *end(const struct nlattr *a)
{
	return (const struct nlattr *)((const char *)a + a->nla_len);
}

#define FOR_EACH(a, first, last) \
	for (a = (first); (const char *)a + NLA_HDRLEN <= (const char *)(last) && \
	     a->nla_len >= NLA_HDRLEN && (const char *)end(a) <= (const char *)(last); a = next(a))

static void each_family(const struct nlmsghdr *h)
{
	const struct nlattr *a, *group, *b;
	const void *last = (const char *)h + h->nlmsg_len;

	FOR_EACH(a, (const struct nlattr *)((char *)NLMSG_DATA(h) + GENL_HDRLEN), last) {
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&family_id, data(a), sizeof(family_id));
		if ((a->nla_type & NLA_TYPE_MASK) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		FOR_EACH(group, data(a), end(a))
			FOR_EACH(b, data(group), end(group))
				if (b->nla_type == CTRL_ATTR_MCAST_GRP_ID)
					memcpy(&group_id, data(b), sizeof(group_id));
	}
}

static int find_family(int fd)
{
	struct request r;

	genl(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	put(&r, CTRL_ATTR_FAMILY_NAME, VFERRY_PF_GENL_NAME, sizeof(VFERRY_PF_GENL_NAME));
	if (talk(fd, &r, each_family))
		return 1;
	if (!family_id) {
		fprintf(stderr, "vfstate: no family " VFERRY_PF_GENL_NAME "\n");
		return 1;
	}
	return 0;
}

static void print_attributes(const struct nlattr *first, const void *last,
			     const struct attribute *table, unsigned int max)
{
	const struct nlattr *a;
	const char *comma = "";
	const uint8_t *b;
	uint64_t wide;
	uint32_t word;

	putchar('{');
	FOR_EACH(a, first, last) {
		unsigned int type = a->nla_type & NLA_TYPE_MASK;
		const struct attribute *t = &table[type];

		if (type > max || !t->name)
			continue;
		printf("%s\"%s\":", comma, t->name);
		comma = ",";
		switch (t->kind) {
		case NUMBER32:
		case SIGNED32:
		case NAMED:
			memcpy(&word, data(a), sizeof(word));
			if (t->kind == SIGNED32)
				printf("%d", (int32_t)word);
			else if (t->kind == NUMBER32 || word >= t->count || !t->names[word])
				printf("%u", word);
			else
				printf("\"%s\"", t->names[word]);
			break;
		case NUMBER64:
			memcpy(&wide, data(a), sizeof(wide));
			printf("%llu", (unsigned long long)wide);
			break;
		case STRING:	/* the driver's texts have no quotes or backslashes */
			printf("\"%s\"", (const char *)data(a));
			break;
		case FLAG:
			printf("true");
			break;
		case ADDRESS:
			b = data(a);
			printf("\"%02x:%02x:%02x:%02x:%02x:%02x\"",
			       b[0], b[1], b[2], b[3], b[4], b[5]);
			break;
		case NEST:
			print_attributes(data(a), end(a), last_attributes, VFERRY_PF_L_MAX);
			break;
		}
	}
	putchar('}');
}

static void each_message(const struct nlmsghdr *h)
{
	print_attributes((const struct nlattr *)((char *)NLMSG_DATA(h) + GENL_HDRLEN),
			 (const char *)h + h->nlmsg_len, attributes, VFERRY_PF_A_MAX);
	putchar('\n');
	fflush(stdout);
}

static int genl_set(const char *ifname, uint32_t vf, const char *what)
{
	int state = find(link_states, 7, what);
	bool ping = !strcmp(what, "ping");
	int fd = open_netlink(NETLINK_GENERIC);
	uint32_t value = if_nametoindex(ifname);
	struct request r;

	if (!value)
		return fail(ifname);
	if (find_family(fd))
		return 1;
	genl(&r, family_id, ping ? VFERRY_PF_CMD_PING_VF : VFERRY_PF_CMD_SET_VF, NLM_F_ACK);
	put(&r, VFERRY_PF_A_IFINDEX, &value, sizeof(value));
	put(&r, VFERRY_PF_A_VF, &vf, sizeof(vf));
	value = state;
	if (!ping)
		put(&r, VFERRY_PF_A_LINK_STATE, &value, sizeof(value));
	state = talk(fd, &r, NULL);
	close(fd);
	return state;
}

static int genl_again(const char *ifname, uint32_t vf)
{
	int64_t end = realtime_ns() + INT64_C(5000000000);

	if (genl_set(ifname, vf, "cancelmigration"))
		return 1;
	/* refused until the guest has answered */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	while (genl_set(ifname, vf, "migrate"))
		if (realtime_ns() > end)
			return 1;
	return 0;
}

static int dump(void)
{
	int fd = open_netlink(NETLINK_GENERIC);
	struct request r;

	if (find_family(fd))
		return 1;
	genl(&r, family_id, VFERRY_PF_CMD_GET_VF, NLM_F_DUMP);
	return talk(fd, &r, each_message);
}

static int watch(void)
{
	int fd = open_netlink(NETLINK_GENERIC);
	int size = 4 << 20;

	if (find_family(fd))
		return 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group_id, sizeof(group_id)))
		return fail("join " VFERRY_PF_GENL_EVENTS);
	printf("{\"event\":\"watching\"}\n");
	fflush(stdout);
	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *h;

		if (n < 0 && errno == ENOBUFS) {
			printf("{\"event\":\"overrun\"}\n");
			fflush(stdout);
			continue;
		}
		if (n < 0)
			return fail("receive");
		for (h = (struct nlmsghdr *)buffer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
			if (h->nlmsg_type == family_id)
				each_message(h);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: vfstate set IFNAME VF STATE | genl IFNAME VF STATE|ping |\n"
		"       again IFNAME VF | get IFNAME VF | dump | watch\n"
		"STATE: auto enable disable migrate cancelmigration suspend resume, or a number\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	char *last;
	int state;

	if (!strcmp(verb, "dump") && argc == 2)
		return dump();
	if (!strcmp(verb, "watch") && argc == 2)
		return watch();
	if (!strcmp(verb, "get") && argc == 4)
		return rtnl_get(argv[2], atoi(argv[3]));
	if (!strcmp(verb, "again") && argc == 4)
		return genl_again(argv[2], atoi(argv[3]));
	if (!strcmp(verb, "genl") && argc == 5) {
		if (strcmp(argv[4], "ping") && find(link_states, 7, argv[4]) < 3)
			return usage();
		return genl_set(argv[2], atoi(argv[3]), argv[4]);
	}
	if (!strcmp(verb, "set") && argc == 5) {
		state = find(link_states, 7, argv[4]);
		if (state < 0) {
			state = strtol(argv[4], &last, 0);
			if (!*argv[4] || *last)
				return usage();
		}
		return rtnl_set(argv[2], strtoul(argv[3], NULL, 0), state);
	}
	return usage();
}
