/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One VF: what the agent does when the host moves it. Its states are those of vf_state.h.
 */
#ifndef VFERRYD_VF_H
#define VFERRYD_VF_H

#include "config.h"
#include "record.h"
#include "rtnl.h"
#include "vf_state.h"
#include "vfmsg.h"

/**
 * struct vf_shared - what all VFs use
 * @event: loop
 * @rtnl: socket
 * @config: settings
 * @hooks_dir: directory of hooks
 * @runtime_dir: directory for saved snapshots
 * @hear: be asked before the VF of an interface is suspended, or no more
 * @go: the answer to that
 * @busy: a VF has begun (true) or ended (false) a migration
 * @ended: a migration has ended; the record is handed over with all that it owns
 * @arg: their argument
 */
struct vf_shared {
	sd_event *event;
	struct rtnl *rtnl;
	const struct config *config;
	const char *hooks_dir;
	const char *runtime_dir;
	void (*hear)(uint32_t ifindex, bool on, void *arg);
	void (*go)(uint32_t ifindex, void *arg);
	void (*busy)(bool busy, void *arg);
	void (*ended)(struct record *record, void *arg);
	void *arg;
};

struct vf;

/* @msg: of a dump. A VF in the middle of a migration is taken over as it is found. */
int vf_new(const struct vf_shared *shared, const struct vfmsg *msg, struct vf **ret);
void vf_free(struct vf *vf);

/* Something has happened to it. */
void vf_event(struct vf *vf, const struct vfmsg *msg);

/**
 * vf_found() - what a dump says of it
 * @vf: VF
 * @msg: of the dump
 * @dump_ns: when it was begun, CLOCK_BOOTTIME. 0: only to have its name and the like;
 *	otherwise events were lost, or not heard, and what has happened is found out.
 *	What comes of them later is then known already
 */
void vf_found(struct vf *vf, const struct vfmsg *msg, uint64_t dump_ns);

/* rtnetlink says that something may have changed; NULL: that messages were lost. */
void vf_config_changed(struct vf *vf, const struct nlmsghdr *msg);

uint32_t vf_ifindex(const struct vf *vf);
const char *vf_ifname(const struct vf *vf);
enum vf_state vf_state(const struct vf *vf);

/* For vferryctl: as it is, and what is wrong with it (an array of strings, added to). */
json_t *vf_json(const struct vf *vf);
void vf_check(struct vf *vf, json_t *problems);

#endif
