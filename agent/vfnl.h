/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink family vferry_vf. A test links another implementation of this
 * header, where there is no VF.
 */
#ifndef VFERRYD_VFNL_H
#define VFERRYD_VFNL_H

#include "vfmsg.h"

struct vfnl;

/**
 * struct vfnl_listener - what the VF driver says
 * @event: something has happened to a VF, or the driver asks (VFERRY_VF_CMD_ASK)
 * @lost: messages were lost: dump and compare
 * @family: the driver may have come or gone: dump
 * @arg: their argument
 */
struct vfnl_listener {
	void (*event)(const struct vfmsg *msg, void *arg);
	void (*lost)(void *arg);
	void (*family)(void *arg);
	void *arg;
};

int vfnl_new(const struct vfnl_listener *listener, struct vfnl **ret);
void vfnl_free(struct vfnl *vfnl);

/* To be polled for reading, and what to call then. */
int vfnl_fd(const struct vfnl *vfnl);
void vfnl_dispatch(struct vfnl *vfnl);

/**
 * vfnl_dump() - all VFs of this network namespace
 * @vfnl: socket
 * @found: called for each
 * @arg: its argument
 *
 * Return: 0, also if there is no driver; -errno.
 */
int vfnl_dump(struct vfnl *vfnl, void (*found)(const struct vfmsg *msg, void *arg), void *arg);

/* Be asked before this VF is suspended, or no more. A driver that cannot do that, does not. */
void vfnl_hear(struct vfnl *vfnl, uint32_t ifindex, bool on);

/* The answer to VFERRY_VF_CMD_ASK. */
void vfnl_go(struct vfnl *vfnl, uint32_t ifindex);

#endif
