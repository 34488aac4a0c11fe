/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multicast groups of interfaces, from the text of /proc/net/igmp and
 * /proc/net/igmp6: no netlink message has them all. Pure.
 */
#ifndef VFERRYD_GROUPS_H
#define VFERRYD_GROUPS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct group - one membership
 * @ifindex: interface
 * @family: AF_INET or AF_INET6
 * @version: of IGMP that the querier speaks: 1, 2 or 3; 0 for IPv6
 * @address: group; those that no report names (all hosts) are not in a list
 */
struct group {
	uint32_t ifindex;
	int family;
	unsigned int version;
	union {
		struct in_addr in;
		struct in6_addr in6;
	} address;
};

struct groups {
	struct group *list;
	size_t count;
};

/*
 * Add what a text names. What cannot be read is passed over: one odd line is no
 * reason to report none of the others. 0 or -ENOMEM.
 */
int groups_parse_igmp(struct groups *groups, const char *text);
int groups_parse_igmp6(struct groups *groups, const char *text);

/* Add all of this network namespace. 0 or -errno. */
int groups_read(struct groups *groups);
void groups_free(struct groups *groups);

#endif
