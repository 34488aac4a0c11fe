// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration states of one VF, as the PF sees them. Pure; see mig_state.h.
 */
#include <linux/errno.h>

#include "../include/vferry_mbx.h"
#include "mig_state.h"

#define TO(state)		{ VFERRY_MIG_##state, 0, 0, 0 }
#define SEND(cmd, state)	{ VFERRY_MIG_##state, VFERRY_CMD_##cmd, 0, 0 }
#define FAIL(state)		{ VFERRY_MIG_##state, 0, 0, 1 }
#define FAIL_SEND(cmd, state)	{ VFERRY_MIG_##state, VFERRY_CMD_##cmd, 0, 1 }
#define NO(error, state)	{ VFERRY_MIG_##state, 0, -(error), 0 }

/*
 * What was asked for and not done is taken back: an unanswered MIGRATE by
 * CANCEL, an unanswered SUSPEND by RESUME, because the guest may do it yet.
 * An answer that nobody waits for changes nothing. HEARD is what is done when the
 * guest believes itself in another state than the PF: a guest that is suspended
 * without a migration is resumed, one that logs without need or does not log where
 * it should starts over.
 */
static const struct vpf_mig_step steps[VFERRY_MIG_STATES][VPF_MIG_EVENTS] = {
	[VFERRY_MIG_IDLE] = {
		[VPF_MIG_EV_MIGRATE]	 = SEND(MIGRATE, MIGRATE_SENT),
		[VPF_MIG_EV_SUSPEND]	 = NO(EINVAL, IDLE),
		[VPF_MIG_EV_RESUME]	 = NO(EINVAL, IDLE),
		[VPF_MIG_EV_RESUME_MORE] = NO(EINVAL, IDLE),
		[VPF_MIG_EV_CANCEL]	 = TO(IDLE),
		[VPF_MIG_EV_DONE]	 = TO(IDLE),
		[VPF_MIG_EV_REFUSED]	 = TO(IDLE),
		[VPF_MIG_EV_TIMEOUT]	 = TO(IDLE),
		[VPF_MIG_EV_RESET]	 = TO(IDLE),
		[VPF_MIG_EV_LOAD]	 = TO(SUSPENDED),
		[VPF_MIG_EV_HEARD]	 = SEND(CANCEL, CANCEL_SENT),	/* or RESUME, see below */
	},
	[VFERRY_MIG_MIGRATE_SENT] = {
		[VPF_MIG_EV_MIGRATE]	 = NO(EALREADY, MIGRATE_SENT),
		[VPF_MIG_EV_SUSPEND]	 = NO(EBUSY, MIGRATE_SENT),
		[VPF_MIG_EV_RESUME]	 = NO(EINVAL, MIGRATE_SENT),
		[VPF_MIG_EV_RESUME_MORE] = NO(EINVAL, MIGRATE_SENT),
		[VPF_MIG_EV_CANCEL]	 = SEND(CANCEL, CANCEL_SENT),
		[VPF_MIG_EV_DONE]	 = TO(MIGRATING),
		[VPF_MIG_EV_REFUSED]	 = FAIL(IDLE),
		[VPF_MIG_EV_TIMEOUT]	 = FAIL_SEND(CANCEL, CANCEL_SENT),
		[VPF_MIG_EV_RESET]	 = FAIL(IDLE),
		[VPF_MIG_EV_LOAD]	 = NO(EBUSY, MIGRATE_SENT),
		[VPF_MIG_EV_HEARD]	 = TO(MIGRATE_SENT),
	},
	[VFERRY_MIG_MIGRATING] = {
		[VPF_MIG_EV_MIGRATE]	 = NO(EALREADY, MIGRATING),
		[VPF_MIG_EV_SUSPEND]	 = SEND(SUSPEND, SUSPEND_SENT),
		[VPF_MIG_EV_RESUME]	 = NO(EINVAL, MIGRATING),
		[VPF_MIG_EV_RESUME_MORE] = NO(EINVAL, MIGRATING),
		[VPF_MIG_EV_CANCEL]	 = SEND(CANCEL, CANCEL_SENT),
		[VPF_MIG_EV_DONE]	 = TO(MIGRATING),
		[VPF_MIG_EV_REFUSED]	 = TO(MIGRATING),
		[VPF_MIG_EV_TIMEOUT]	 = TO(MIGRATING),
		[VPF_MIG_EV_RESET]	 = FAIL(IDLE),
		[VPF_MIG_EV_LOAD]	 = NO(EBUSY, MIGRATING),
		[VPF_MIG_EV_HEARD]	 = FAIL_SEND(CANCEL, CANCEL_SENT),
	},
	[VFERRY_MIG_SUSPEND_SENT] = {
		[VPF_MIG_EV_MIGRATE]	 = NO(EALREADY, SUSPEND_SENT),
		[VPF_MIG_EV_SUSPEND]	 = NO(EALREADY, SUSPEND_SENT),
		[VPF_MIG_EV_RESUME]	 = NO(EBUSY, SUSPEND_SENT),
		[VPF_MIG_EV_RESUME_MORE] = NO(EBUSY, SUSPEND_SENT),
		[VPF_MIG_EV_CANCEL]	 = SEND(CANCEL, CANCEL_SENT),
		[VPF_MIG_EV_DONE]	 = TO(SUSPENDED),
		[VPF_MIG_EV_REFUSED]	 = FAIL(MIGRATING),
		[VPF_MIG_EV_TIMEOUT]	 = FAIL_SEND(RESUME, RESUME_SENT),
		[VPF_MIG_EV_RESET]	 = FAIL(IDLE),
		[VPF_MIG_EV_LOAD]	 = NO(EBUSY, SUSPEND_SENT),
		[VPF_MIG_EV_HEARD]	 = TO(SUSPEND_SENT),
	},
	[VFERRY_MIG_SUSPENDED] = {
		[VPF_MIG_EV_MIGRATE]	 = NO(EALREADY, SUSPENDED),
		[VPF_MIG_EV_SUSPEND]	 = NO(EALREADY, SUSPENDED),
		[VPF_MIG_EV_RESUME]	 = SEND(RESUME, RESUME_SENT),
		[VPF_MIG_EV_RESUME_MORE] = SEND(RESUME, RESUME_SENT),
		[VPF_MIG_EV_CANCEL]	 = SEND(CANCEL, CANCEL_SENT),
		[VPF_MIG_EV_DONE]	 = TO(SUSPENDED),
		[VPF_MIG_EV_REFUSED]	 = TO(SUSPENDED),
		[VPF_MIG_EV_TIMEOUT]	 = TO(SUSPENDED),
		/* usually the guest is on another host by now */
		[VPF_MIG_EV_RESET]	 = TO(IDLE),
		[VPF_MIG_EV_LOAD]	 = TO(SUSPENDED),
		[VPF_MIG_EV_HEARD]	 = FAIL_SEND(CANCEL, CANCEL_SENT),
	},
	[VFERRY_MIG_RESUME_SENT] = {
		[VPF_MIG_EV_MIGRATE]	 = NO(EBUSY, RESUME_SENT),
		[VPF_MIG_EV_SUSPEND]	 = NO(EBUSY, RESUME_SENT),
		[VPF_MIG_EV_RESUME]	 = NO(EALREADY, RESUME_SENT),
		[VPF_MIG_EV_RESUME_MORE] = NO(EALREADY, RESUME_SENT),
		[VPF_MIG_EV_CANCEL]	 = SEND(CANCEL, CANCEL_SENT),
		[VPF_MIG_EV_DONE]	 = TO(IDLE),	/* or MIGRATING, see below */
		[VPF_MIG_EV_REFUSED]	 = FAIL(IDLE),	/* or MIGRATING, see below */
		[VPF_MIG_EV_TIMEOUT]	 = FAIL(IDLE),
		[VPF_MIG_EV_RESET]	 = FAIL(IDLE),
		[VPF_MIG_EV_LOAD]	 = NO(EBUSY, RESUME_SENT),
		[VPF_MIG_EV_HEARD]	 = TO(RESUME_SENT),
	},
	[VFERRY_MIG_CANCEL_SENT] = {
		[VPF_MIG_EV_MIGRATE]	 = NO(EBUSY, CANCEL_SENT),
		[VPF_MIG_EV_SUSPEND]	 = NO(EBUSY, CANCEL_SENT),
		[VPF_MIG_EV_RESUME]	 = NO(EBUSY, CANCEL_SENT),
		[VPF_MIG_EV_RESUME_MORE] = NO(EBUSY, CANCEL_SENT),
		[VPF_MIG_EV_CANCEL]	 = NO(EALREADY, CANCEL_SENT),
		[VPF_MIG_EV_DONE]	 = TO(IDLE),
		[VPF_MIG_EV_REFUSED]	 = FAIL(IDLE),
		[VPF_MIG_EV_TIMEOUT]	 = FAIL(IDLE),
		[VPF_MIG_EV_RESET]	 = TO(IDLE),
		[VPF_MIG_EV_LOAD]	 = NO(EBUSY, CANCEL_SENT),
		[VPF_MIG_EV_HEARD]	 = TO(CANCEL_SENT),
	},
};

struct vpf_mig_step vpf_mig_step(enum vferry_mig_state state,
				 enum vpf_mig_event event,
				 enum vferry_mig_state guest)
{
	struct vpf_mig_step step = steps[state][event];

	/*
	 * A guest that was told to keep its log is MIGRATING after RESUME. So
	 * is one that had not suspended itself yet when RESUME took the SUSPEND
	 * back, and refuses it for that reason.
	 */
	if (state == VFERRY_MIG_RESUME_SENT && guest == VFERRY_MIG_MIGRATING &&
	    (event == VPF_MIG_EV_DONE || event == VPF_MIG_EV_REFUSED)) {
		step.next = VFERRY_MIG_MIGRATING;
		step.failed = 0;
	}
	if (event == VPF_MIG_EV_HEARD && guest == state)
		return (struct vpf_mig_step) { .next = state };
	if (event == VPF_MIG_EV_HEARD && state == VFERRY_MIG_IDLE &&
	    guest == VFERRY_MIG_SUSPENDED)
		return (struct vpf_mig_step)SEND(RESUME, RESUME_SENT);
	return step;
}

int vpf_mig_is_sent(enum vferry_mig_state state)
{
	switch (state) {
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_SUSPEND_SENT:
	case VFERRY_MIG_RESUME_SENT:
	case VFERRY_MIG_CANCEL_SENT:
		return 1;
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_MIGRATING:
	case VFERRY_MIG_SUSPENDED:
	case VFERRY_MIG_STATES:
		break;
	}
	return 0;
}

int vpf_mig_may_rest(enum vferry_mig_state state)
{
	switch (state) {
	case VFERRY_MIG_SUSPEND_SENT:	/* it may have done so, unheard */
	case VFERRY_MIG_SUSPENDED:
	case VFERRY_MIG_RESUME_SENT:
		return 1;
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_MIGRATING:
	case VFERRY_MIG_CANCEL_SENT:
	case VFERRY_MIG_STATES:
		break;
	}
	return 0;
}

__u32 vpf_mig_link_state(enum vferry_mig_state state)
{
	switch (state) {
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_MIGRATING:
		return VFERRY_LINK_STATE_MIGRATE;
	case VFERRY_MIG_SUSPEND_SENT:
	case VFERRY_MIG_SUSPENDED:
		return VFERRY_LINK_STATE_SUSPEND;
	case VFERRY_MIG_RESUME_SENT:
		return VFERRY_LINK_STATE_RESUME;
	case VFERRY_MIG_CANCEL_SENT:
		return VFERRY_LINK_STATE_CANCEL;
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_STATES:
		break;
	}
	return 0;
}
