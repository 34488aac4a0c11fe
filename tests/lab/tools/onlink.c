// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * onlink - a guest's network manager for one interface that comes and goes
 *
 *   onlink NAME up ADDRESS		it gets ADDRESS/24, which is announced
 *   onlink NAME bond BOND		it becomes a slave of BOND
 *   onlink NAME pair			something else takes it
 *
 * Prints "watching"; then, for the interface NAME that is there and for each that
 * appears, does the above, waits until it is in use and prints "done TIME",
 * CLOCK_REALTIME in ns, and "appeared", "arranged", "runs" before that. Forks nothing: a guest that has just been moved is slow. Its
 * scatter-gather is switched off, and all that needs it: the emulated NIC drops
 * fragments that cross a page of an unlucky guest.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static const char *name, *how, *what;
static int ctl;

static void complain(const char *of)
{
	fprintf(stderr, "onlink: %s: %s: %s\n", name, of, strerror(errno));
}

static struct ifreq request(void)
{
	struct ifreq r = {};

	strncpy(r.ifr_name, name, IFNAMSIZ - 1);
	return r;
}

static void set_feature(uint32_t command)
{
	struct ethtool_value value = { .cmd = command, .data = 0 };
	struct ifreq r = request();

	r.ifr_data = (char *)&value;
	if (ioctl(ctl, SIOCETHTOOL, &r))
		complain("scatter-gather");
}

static void set_address(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct ifreq r = request();

	if (ioctl(ctl, SIOCGIFFLAGS, &r))
		complain("flags");
	r.ifr_flags |= IFF_UP;
	if (ioctl(ctl, SIOCSIFFLAGS, &r))
		complain("up");
	inet_pton(AF_INET, what, &a.sin_addr);
	memcpy(&r.ifr_addr, &a, sizeof(a));
	if (ioctl(ctl, SIOCSIFADDR, &r))
		complain("address");
	inet_pton(AF_INET, "255.255.255.0", &a.sin_addr);
	memcpy(&r.ifr_netmask, &a, sizeof(a));
	if (ioctl(ctl, SIOCSIFNETMASK, &r))
		complain("netmask");
}

static void enslave(void)
{
	char path[128], text[64];
	int fd, len;

	snprintf(path, sizeof(path), "/sys/class/net/%s/bonding/slaves", what);
	len = snprintf(text, sizeof(text), "+%s\n", name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, len) != len)
		complain("bond");
	close(fd);
}

/* Tell the network that ADDRESS is here: gratuitous ARP, RFC 5227. */
static void announce(int ifindex)
{
	struct __attribute__((packed)) {
		struct ethhdr eth;
		struct arphdr arp;
		uint8_t sha[ETH_ALEN];
		uint32_t spa;
		uint8_t tha[ETH_ALEN];
		uint32_t tpa;
	} frame = {
		.arp = {
			.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETH_P_IP),
			.ar_hln = ETH_ALEN, .ar_pln = 4, .ar_op = htons(ARPOP_REQUEST),
		},
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex,
				  .sll_halen = ETH_ALEN };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct ifreq r = request();

	if (ioctl(ctl, SIOCGIFHWADDR, &r))
		complain("MAC");
	memset(frame.eth.h_dest, 0xff, ETH_ALEN);
	memcpy(frame.eth.h_source, r.ifr_hwaddr.sa_data, ETH_ALEN);
	frame.eth.h_proto = htons(ETH_P_ARP);
	memcpy(frame.sha, r.ifr_hwaddr.sa_data, ETH_ALEN);
	inet_pton(AF_INET, what, &frame.spa);
	frame.tpa = frame.spa;
	if (sendto(fd, &frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		complain("announcement");
	close(fd);
}

static bool is_active_slave(void)
{
	char path[128], text[64] = "";
	int fd, n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/bonding/active_slave", what);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && !strncmp(text, name, n - 1) && !name[n - 1];
}

static void appeared(void)
{
	set_feature(ETHTOOL_STSO);
	set_feature(ETHTOOL_SSG);
	if (!strcmp(how, "up"))
		set_address();
	else if (!strcmp(how, "bond"))
		enslave();
}

static void say(const char *word)
{
	printf("%s %lld\n", word, (long long)realtime_ns());
	fflush(stdout);
}

/* It runs: wait until it is in use, and say so. */
static void running(int ifindex)
{
	struct timespec nap = { 0, 2000000 };

	say("runs");
	if (!strcmp(how, "up"))
		announce(ifindex);
	while (!strcmp(how, "bond") && !is_active_slave())
		nanosleep(&nap, NULL);
	say("done");
}

static bool is_named(struct ifinfomsg *info, int len)
{
	struct rtattr *a;

	for (a = IFLA_RTA(info); RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == IFLA_IFNAME && !strcmp(RTA_DATA(a), name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} dump = {
		.h = { .nlmsg_len = sizeof(dump), .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	static char buffer[65536];
	int known = 0, in_use = 0;

	if (argc < 3 || argc != (strcmp(argv[2], "pair") ? 4 : 3)) {
		fprintf(stderr, "usage: onlink NAME up ADDRESS | bond BOND | pair\n");
		return 2;
	}
	name = argv[1];
	how = argv[2];
	what = argv[3];
	ctl = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, &dump, sizeof(dump), 0) < 0) {
		complain("netlink");
		return 1;
	}
	printf("watching\n");
	fflush(stdout);
	for (;;) {
		int len = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *h;

		for (h = (struct nlmsghdr *)buffer; len > 0 && NLMSG_OK(h, (unsigned int)len);
		     h = NLMSG_NEXT(h, len)) {
			struct ifinfomsg *info = NLMSG_DATA(h);

			if (h->nlmsg_type != RTM_NEWLINK || !is_named(info, IFLA_PAYLOAD(h)))
				continue;
			if (info->ifi_index != known) {
				known = info->ifi_index;
				say("appeared");
				appeared();
				say("arranged");
			}
			if (info->ifi_flags & IFF_UP && info->ifi_flags & IFF_RUNNING &&
			    in_use != known) {
				in_use = known;
				running(known);
			}
		}
	}
}
