// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the committed corpora of the agent's fuzzers. Usage: seeds_agent DIRECTORY
 *
 * Netlink's is a saved snapshot of the network namespace that it runs in, or what
 * of it does not differ from machine to machine: a dummy interface with a bit of all
 * (see agent-netns.sh).
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hookmsg.h"
#include "packet.h"
#include "saved.h"
#include "vfmsg.h"

static const char *top;

static void must(int condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	exit(1);
}

static const char *path_of(const char *corpus, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s/%s", top, corpus, name);
	return path;
}

static void save(const char *corpus, const char *name, const void *data, size_t size)
{
	FILE *f = fopen(path_of(corpus, name), "wb");

	must(f && fwrite(data, 1, size, f) == size && !fclose(f), name);
}

static void texts(void)
{
	static const char config[] =
		"[default]\nmode = detach ; as ever\nrepair=yes\nhear=no\nannounce=yes\n"
		"announce_rounds=5\nannounce_initial_ms=50\nannounce_step_ms=100\n"
		"announce_max_ms=550\nannounce_interval_ms=20\nhooks=no\nhook_timeout_ms=5000\n"
		"[interface eth*]\nmode=down\n";
	static const char igmp[] =
		"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
		"3\tv0        :     2      V3\n\t\t\t\t030201EF     1 0:00000000\t\t0\n";
	static const char igmp6[] =
		"3    v0              ff050000000000000000000000000123     1 00000004 0\n";

	save("config", "usual", config, sizeof(config) - 1);
	save("groups", "igmp", igmp, sizeof(igmp) - 1);
	save("groups", "igmp6", igmp6, sizeof(igmp6) - 1);
}

/* The first byte: for which event. Two that are taken, one that is for another event */
static void hook_messages(void)
{
	static const char *const environment[] = {
		"VFERRY_VF=eth0.100", "VFERRY_PCI=0000:01:10.0",
		"VFERRY_MIGRATION=0123456789abcdef", "VFERRY_MODE=detach", "VFERRY_EVENT=resume",
		"VFERRY_ARRIVED=1", NULL,
	};
	static const char *const shortest[] = { "VFERRY_EVENT=cancel", NULL };
	char buf[1 + HOOKMSG_MAX] = { 2 };
	size_t len = hookmsg_build(buf + 1, environment);

	must(len > 0, "hookmsg_build");
	save("hookmsg", "resume", buf, 1 + len);
	buf[0] = 1;
	save("hookmsg", "another-event", buf, 1 + len);
	buf[0] = 3;
	save("hookmsg", "cancel", buf, 1 + hookmsg_build(buf + 1, shortest));
}

static void frames(void)
{
	static const uint8_t mac[PACKET_MAC] = { 2, 0, 0, 0, 0, 1 };
	struct in_addr address = { 0x0500090a };
	uint8_t buf[PACKET_MAX], tagged[PACKET_MAX + 8];
	size_t len = packet_arp(buf, mac, address);

	save("packet", "arp", buf, len);
	memcpy(tagged, buf, 12);
	memcpy(tagged + 12, "\x88\xa8\0\7\x81\0\0\x64", 8);
	memcpy(tagged + 20, buf + 12, len - 12);
	save("packet", "tagged", tagged, len + 8);
}

static void driver(void)
{
	struct genlmsghdr head = { .cmd = VFERRY_VF_CMD_EVENT, .version = 1 };
	struct nl_msg *msg = nlmsg_alloc();

	nlmsg_put(msg, 0, 0, 33, 0, 0);
	nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
	nla_put_u32(msg, VFERRY_VF_A_IFINDEX, 7);
	nla_put_string(msg, VFERRY_VF_A_IFNAME, "eth0");
	nla_put_string(msg, VFERRY_VF_A_PCI, "0000:01:10.0");
	nla_put_flag(msg, VFERRY_VF_A_MIGRATABLE);
	nla_put_string(msg, VFERRY_VF_A_REASON, "none");
	nla_put_u32(msg, VFERRY_VF_A_STATE, VFERRY_MIG_IDLE);
	nla_put_u64(msg, VFERRY_VF_A_MIG_ID, 0x1122334455667788);
	nla_put_u32(msg, VFERRY_VF_A_EVENT, VFERRY_VF_EVENT_RESUME);
	nla_put_u64(msg, VFERRY_VF_A_TIME_NS, 123456789);
	nla_put_u32(msg, VFERRY_VF_A_SUSPEND_US, 800);
	save("vfmsg", "event", nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
}

/* A fuzzer's inputs are small: a link without what nobody looks at. */
static struct nl_msg *shorten(struct nlmsghdr *from)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *attr;
	int left;

	nlmsg_put(msg, 0, 0, from->nlmsg_type, 0, 0);
	nlmsg_append(msg, nlmsg_data(from), sizeof(struct ifinfomsg), NLMSG_ALIGNTO);
	nlmsg_for_each_attr(attr, from, sizeof(struct ifinfomsg), left)
		if (nla_len(attr) < 40 || nla_type(attr) == IFLA_LINKINFO)
			nla_put(msg, nla_type(attr), nla_len(attr), nla_data(attr));
	return msg;
}

static int add(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct nl_msg *shorter = NULL;

	if (head->nlmsg_type == RTM_NEWLINK) {
		shorter = shorten(head);
		head = nlmsg_hdr(shorter);
	}
	must(!snapshot_add(arg, head, head->nlmsg_len), "snapshot_add");
	nlmsg_free(shorter);
	return NL_OK;
}

static void netlink(void)
{
	static const struct {
		int type;
		size_t header;
	} dumps[] = {
		{ RTM_GETLINK, sizeof(struct ifinfomsg) },
		{ RTM_GETADDR, sizeof(struct ifaddrmsg) },
		{ RTM_GETNEXTHOP, sizeof(struct nhmsg) },
		{ RTM_GETROUTE, sizeof(struct rtmsg) },
		{ RTM_GETNEIGH, sizeof(struct ndmsg) },
		{ RTM_GETRULE, sizeof(struct fib_rule_hdr) },
	};
	char zeros[32] = "";
	struct nl_sock *sock = nl_socket_alloc();
	struct saved saved = { .mig_id = 1, .begun_ns = 2, .taken_us = 3 };
	struct snapshot s = {};
	unsigned int i;

	must(sock && !nl_connect(sock, NETLINK_ROUTE), "netlink");
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, add, &s);
	for (i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
		must(nl_send_simple(sock, dumps[i].type, NLM_F_DUMP, zeros, dumps[i].header) >= 0,
		     "request");
		must(nl_recvmsgs_default(sock) >= 0, "dump");
		if (i)
			continue;
		saved.ifindex = if_nametoindex("vf0");
		must(!snapshot_close(&s, saved.ifindex), "vf0");
	}
	snapshot_sort(&s);
	must(!saved_write(path_of("netlink", "usual"), &saved, &s), "saved_write");
	snapshot_free(&s);
	nl_socket_free(sock);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds_agent DIRECTORY\n");
		return 2;
	}
	top = argv[1];
	texts();
	hook_messages();
	frames();
	driver();
	netlink();
	return 0;
}
