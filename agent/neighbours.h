/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom a guest speaks to on its own links: the neighbours that its kernel has learned,
 * and the gateways of its routes. At another site one of them may have another MAC. Pure,
 * with libnl's attribute parsing.
 */
#ifndef VFERRYD_NEIGHBOURS_H
#define VFERRYD_NEIGHBOURS_H

#include "snapshot.h"

#define NEIGHBOURS_MAX	256	/* looked at in one migration */

/**
 * struct neighbour
 * @ifindex: link
 * @family: AF_INET or AF_INET6
 * @address: its address
 * @known: its MAC was learned: @mac
 * @fixed: not by asking: permanent, without ARP, or by somebody who said so
 * @gateway: routes lead through it
 * @used: how long ago it was last used, in the kernel's ticks (USER_HZ)
 */
struct neighbour {
	uint32_t ifindex;
	int family;
	union {
		struct in_addr in;
		struct in6_addr in6;
	} address;
	bool known, fixed, gateway;
	uint8_t mac[PACKET_MAC];
	uint32_t used;
};

struct neighbours {
	struct neighbour *list;
	size_t count;
};

/**
 * neighbours_add() - add one that the kernel knows
 * @n: list
 * @s: snapshot: whose links count
 * @msg: RTM_NEWNEIGH
 * @len: bytes that are there
 *
 * Return: 0, also if it is none to be added: of another link or family, multicast, or
 * one that the kernel failed to find; -EBADMSG; -ENOMEM.
 */
int neighbours_add(struct neighbours *n, const struct snapshot *s, const struct nlmsghdr *msg,
		   size_t len);

/* Add the gateways of a snapshot's routes and nexthops. After the others. 0 or -ENOMEM. */
int neighbours_add_gateways(struct neighbours *n, const struct snapshot *s);

/*
 * Leave out the fixed ones and those on links that cannot send; gateways come first, then
 * those that were used last, NEIGHBOURS_MAX at most.
 */
void neighbours_choose(struct neighbours *n, const struct snapshot *s);

void neighbours_free(struct neighbours *n);

/**
 * neighbour_sources() - addresses from which to ask a neighbour
 * @one: neighbour
 * @s: snapshot
 * @ret: addresses, the fittest first
 * @max: how many fit into @ret
 *
 * Those whose network the neighbour is in; if there are none, any of the link. A router's
 * link-local address is asked from all addresses of the link.
 *
 * Return: how many.
 */
size_t neighbour_sources(const struct neighbour *one, const struct snapshot *s,
			 const struct object_address **ret, size_t max);

#endif
