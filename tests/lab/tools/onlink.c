// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * onlink - do something when an interface appears: a guest's network manager
 *
 *   onlink NAME COMMAND
 *   onlink nosg NAME
 *
 * Prints "watching"; then, each time that an interface NAME comes into being, runs
 * COMMAND by sh and prints "done TIME", CLOCK_REALTIME in ns. "nosg" switches the
 * interface's scatter-gather off, and all that needs it.
 */
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int nosg(const char *name)
{
	static const uint32_t commands[] = { ETHTOOL_STSO, ETHTOOL_SSG };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		struct ethtool_value value = { .cmd = commands[i], .data = 0 };
		struct ifreq request = { .ifr_data = (char *)&value };

		strncpy(request.ifr_name, name, IFNAMSIZ - 1);
		if (ioctl(fd, SIOCETHTOOL, &request)) {
			perror("onlink: nosg");
			return 1;
		}
	}
	return 0;
}

static bool is_named(struct ifinfomsg *info, int len, const char *name)
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
	static char buffer[65536];
	int known = 0;

	if (argc == 3 && !strcmp(argv[1], "nosg"))
		return nosg(argv[2]);
	if (argc != 3) {
		fprintf(stderr, "usage: onlink NAME COMMAND | onlink nosg NAME\n");
		return 2;
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return 1;
	known = if_nametoindex(argv[1]);
	printf("watching\n");
	fflush(stdout);
	for (;;) {
		int len = recv(fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *h;

		for (h = (struct nlmsghdr *)buffer; len > 0 && NLMSG_OK(h, (unsigned int)len);
		     h = NLMSG_NEXT(h, len)) {
			struct ifinfomsg *info = NLMSG_DATA(h);
			struct timespec t;

			if (h->nlmsg_type != RTM_NEWLINK || info->ifi_index == known ||
			    !is_named(info, IFLA_PAYLOAD(h), argv[1]))
				continue;
			known = info->ifi_index;
			if (system(argv[2]))
				printf("failed\n");
			clock_gettime(CLOCK_REALTIME, &t);
			printf("done %lld\n", t.tv_sec * 1000000000LL + t.tv_nsec);
			fflush(stdout);
		}
	}
}
