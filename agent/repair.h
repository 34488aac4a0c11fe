/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request that makes a difference disappear. Pure, with libnl's message building. */
#ifndef VFERRYD_REPAIR_H
#define VFERRYD_REPAIR_H

#include <netlink/msg.h>

#include "snapshot.h"

/* A difference may take two requests, e.g. an address that is added without DAD. */
#define REPAIR_STEPS	2

/**
 * repair_build() - make the requests
 * @d: difference
 * @age_s: seconds since the snapshot with what was there; lifetimes have passed by as much
 * @ret: requests in order, to be given back by nlmsg_free(); NULL: no more
 *
 * A link that is gone and one that was added are not for us to make or to take away.
 *
 * Return: 0; -EOPNOTSUPP: cannot be repaired; -ETIME: its lifetime is over; -ENOMEM.
 */
int repair_build(const struct difference *d, uint32_t age_s, struct nl_msg *ret[REPAIR_STEPS]);

/**
 * repair_link_flags() - request to bring a link up or down
 * @ifindex: link
 * @flags: IFF_* to set
 * @change: IFF_* that are looked at
 */
struct nl_msg *repair_link_flags(uint32_t ifindex, unsigned int flags, unsigned int change);

#endif
