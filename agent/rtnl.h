/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink: whole snapshots, changes that are asked for, and that something has changed. */
#ifndef VFERRYD_RTNL_H
#define VFERRYD_RTNL_H

#include <netlink/netlink.h>

#include "neighbours.h"
#include "snapshot.h"

struct rtnl;

/**
 * struct rtnl_listener - what happens in this network namespace
 * @event: RTM_NEWLINK and _DELLINK; and, while rtnl_watch() is on, those of addresses,
 *	routes, nexthops, rules and permanent neighbours. NULL: messages were lost
 * @arg: its argument
 */
struct rtnl_listener {
	void (*event)(const struct nlmsghdr *msg, void *arg);
	void *arg;
};

int rtnl_new(const struct rtnl_listener *listener, struct rtnl **ret);
void rtnl_free(struct rtnl *rtnl);

/* To be polled for reading, and what to call then. */
int rtnl_fd(const struct rtnl *rtnl);
void rtnl_dispatch(struct rtnl *rtnl);

/* Listen to addresses, routes, rules and neighbours too, or no more. */
int rtnl_watch(struct rtnl *rtnl, bool on);

/**
 * rtnl_snapshot() - the configuration as it is now
 * @rtnl: socket
 * @ifindex: interface
 * @ret: sorted; snapshot_free(), also after an error
 *
 * A dump that was interrupted by a change is done again.
 *
 * Return: 0; -ENODEV: no such interface; another -errno.
 */
int rtnl_snapshot(struct rtnl *rtnl, uint32_t ifindex, struct snapshot *ret);

/**
 * rtnl_neighbours() - the neighbours that the kernel knows on a snapshot's links
 * @rtnl: socket
 * @snapshot: links
 * @ret: empty; neighbours_free(), also after an error
 *
 * Return: 0 or -errno.
 */
int rtnl_neighbours(struct rtnl *rtnl, const struct snapshot *snapshot, struct neighbours *ret);

/**
 * rtnl_request() - have a change made
 * @rtnl: socket
 * @msg: request; stays the caller's
 *
 * Return: what the kernel answered: 0 or -errno; -ETIMEDOUT.
 */
int rtnl_request(struct rtnl *rtnl, struct nl_msg *msg);

#endif
