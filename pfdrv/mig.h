/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration of one VF: commands, answers, deadlines, events.
 *
 * Asking for something only notes it and wakes the VF's work, which writes the
 * command into the mailbox. What follows is an event.
 */
#ifndef VPF_MIG_H
#define VPF_MIG_H

#include <linux/types.h>

#include "../include/vferry_mbx.h"
#include "../include/vferry_pf_ops.h"
#include "mig_note.h"
#include "mig_state.h"

struct netlink_ext_ack;
struct vferry_pf_vf;

/**
 * struct vpf_mig - migration of one VF, protected by its mig_lock
 * @state: where it stands
 * @up: the VF's driver is clear to send
 * @proto: version agreed on in HELLO, 0: no driver that speaks vferry
 * @features: VFERRY_FEAT_* agreed on
 * @mig_id: of the migration under way, 0: none
 * @arrived: the guest came from another host and has not gone on yet
 * @came_id: migration that the VF's guest came by, 0: none. Until it leaves
 * @seq: number given out last
 * @cmd: command under way, meaningful in the states that wait for an answer
 * @post: @cmd is to be written
 * @rewritten: @cmd was written again because the guest had written over it
 * @settled: the guest has said so since @cmd, a SUSPEND, was prepared
 * @posted_ns: when it was written first, 0: not yet
 * @repeat_ns: when it is written again
 * @deadline_ns: when the answer is given up
 * @limit_ms: that deadline, for the report
 * @suspended_ns: when the guest was seen to be suspended, 0: not here
 * @lost_ns: when a guest whose VF was reset during a migration is told so, unless its
 *	driver has come up by then; 0: no need
 * @unsure: the guest may believe itself in another state; it is asked
 * @check_ns: not before this
 * @check_wait_ns: from one such question to the next, 0: the last answer was as expected
 * @ping: sequence number of a ping, 0: none
 * @ping_check: nobody but the PF wants its answer
 * @ping_post: it is to be written
 * @ping_posted_ns: when it was
 * @ping_deadline_ns: when it is forgotten
 * @last: timings of this migration, or the last one
 * @notes: events to be delivered
 */
struct vpf_mig {
	enum vferry_mig_state state;
	bool up;
	u32 proto;
	u32 features;
	u64 mig_id;
	bool arrived;
	u64 came_id;

	u32 seq;
	struct vferry_mbx_command cmd;
	bool post;
	bool rewritten;
	bool settled;
	u64 posted_ns;
	u64 repeat_ns;
	u64 deadline_ns;
	unsigned int limit_ms;
	u64 suspended_ns;

	u64 lost_ns;
	bool unsure;
	u64 check_ns;
	u64 check_wait_ns;
	u32 ping;
	bool ping_check;
	bool ping_post;
	u64 ping_posted_ns;
	u64 ping_deadline_ns;

	struct vpf_nl_last last;
	struct vpf_notes notes;
};

void vpf_mig_init(struct vferry_pf_vf *vf);

/* Host: any context that may take a spinlock; see vpf_mig_step() for errors */
int vpf_mig_ask(struct vferry_pf_vf *vf, enum vpf_mig_event event,
		struct netlink_ext_ack *extack);
int vpf_mig_begin(struct vferry_pf_vf *vf, u64 *ret_mig_id, struct netlink_ext_ack *extack);
u64 vpf_mig_id(struct vferry_pf_vf *vf);
int vpf_mig_migratable(struct vferry_pf_vf *vf, const char **ret_reason);
enum vferry_mig_state vpf_mig_state(struct vferry_pf_vf *vf);
unsigned int vpf_mig_same(struct vferry_pf_vf *vf, u64 mig_id);
unsigned int vpf_mig_origin(struct vferry_pf_vf *vf);
void vpf_mig_left(struct vferry_pf_vf *vf);
void vpf_mig_phase(struct vferry_pf_vf *vf, u32 phase);
void vpf_mig_report(struct vferry_pf_vf *vf, int err, const char *reason);
int vpf_mig_load(struct vferry_pf_vf *vf, u64 mig_id, u32 proto, u32 features);

/* Mailbox: called with the VF's lock held */
void vpf_mig_status(struct vferry_pf_vf *vf, const struct vferry_mbx_status *status);
void vpf_mig_hello(struct vferry_pf_vf *vf, u32 proto, u32 features);
void vpf_mig_up(struct vferry_pf_vf *vf, bool up);
void vpf_mig_reset(struct vferry_pf_vf *vf);
u64 vpf_mig_timers(struct vferry_pf_vf *vf, u64 now);
u64 vpf_mig_next(struct vferry_pf_vf *vf, u64 now, struct vferry_mbx_command *ret_cmd,
		 bool *ret_repeat);
u64 vpf_mig_posted(struct vferry_pf_vf *vf, u32 seq, u64 now);
void vpf_mig_overwritten(struct vferry_pf_vf *vf);
bool vpf_mig_lost(struct vferry_pf_vf *vf, u64 now);
bool vpf_mig_hidden(struct vferry_pf_vf *vf);
bool vpf_mig_speaks(struct vferry_pf_vf *vf);

#endif
