/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration states of one VF, as the PF sees them: what each event does.
 *
 * Pure: no kernel, no libc; also built into the unit tests.
 */
#ifndef VPF_MIG_STATE_H
#define VPF_MIG_STATE_H

#include <linux/types.h>

#include "../include/uapi/vferry_state.h"

/**
 * enum vpf_mig_event - what can happen to a VF's migration
 * @VPF_MIG_EV_MIGRATE: the host wants dirty logging on
 * @VPF_MIG_EV_SUSPEND: the host wants the VF at rest
 * @VPF_MIG_EV_RESUME: the host wants it to work again, the migration is over
 * @VPF_MIG_EV_RESUME_MORE: the same, but the migration goes on
 * @VPF_MIG_EV_CANCEL: the host wants the migration forgotten
 * @VPF_MIG_EV_DONE: the guest did what the last command asked
 * @VPF_MIG_EV_REFUSED: the guest did not, and says so
 * @VPF_MIG_EV_TIMEOUT: no answer within the deadline
 * @VPF_MIG_EV_RESET: the VF was reset; its driver has forgotten everything
 * @VPF_MIG_EV_LOAD: a suspended guest arrived from another host
 * @VPF_MIG_EV_HEARD: the guest was asked in which state it is, and has answered
 */
enum vpf_mig_event {
	VPF_MIG_EV_MIGRATE,
	VPF_MIG_EV_SUSPEND,
	VPF_MIG_EV_RESUME,
	VPF_MIG_EV_RESUME_MORE,
	VPF_MIG_EV_CANCEL,
	VPF_MIG_EV_DONE,
	VPF_MIG_EV_REFUSED,
	VPF_MIG_EV_TIMEOUT,
	VPF_MIG_EV_RESET,
	VPF_MIG_EV_LOAD,
	VPF_MIG_EV_HEARD,
	VPF_MIG_EVENTS,		/* number of events, not an event */
};

/**
 * struct vpf_mig_step - what an event does
 * @next: the new state
 * @send: enum vferry_mbx_cmd to post to the guest, 0: none
 * @err: a command of the host is not possible: -errno, and nothing changes
 * @failed: what was asked of the guest has failed: to be reported
 */
struct vpf_mig_step {
	enum vferry_mig_state next;
	__u8 send;
	int err;
	__u8 failed;
};

/**
 * vpf_mig_step() - look an event up
 * @state: the present state
 * @event: what happens
 * @guest: DONE, REFUSED and HEARD: the state that the guest reports, otherwise
 *	unused. Trusted only where it can harm nobody but the guest
 *
 * A host's command that is being carried out already, or has been, gets
 * -EALREADY; one that has to wait for an answer of the guest gets -EBUSY; one that
 * makes no sense in this state gets -EINVAL.
 */
struct vpf_mig_step vpf_mig_step(enum vferry_mig_state state,
				 enum vpf_mig_event event,
				 enum vferry_mig_state guest);

/* Is the guest's answer to a command awaited in this state? */
int vpf_mig_is_sent(enum vferry_mig_state state);

/*
 * May the guest be suspended in this state? Then it must hear what ends that, however
 * long its processors are away.
 */
int vpf_mig_may_rest(enum vferry_mig_state state);

/* enum vferry_link_state that shows this state, 0 in IDLE */
__u32 vpf_mig_link_state(enum vferry_mig_state state);

#endif
