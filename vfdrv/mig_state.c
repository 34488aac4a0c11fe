// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the PF's commands do in each migration state. Pure; see mig_state.h.
 *
 *		idle		migrating		suspended
 * ping		answer		answer			answer
 * migrate	log on		log on, count anew	wrong state
 * cancel	answer		log off			resume, log off
 * suspend	wrong state	suspend			answer: it is at rest
 * resume	wrong state	wrong state		resume
 *
 * A repeat of a command's sequence number does not get here: it is answered
 * with the stored result.
 */
#include "mig_state.h"

enum { IDLE, MIGRATING, SUSPENDED, ROWS };

#define COLUMNS (VFERRY_CMD_LAST + 1)

#define WRONG(state)	{ VVF_MIG_NOTHING, state, VFERRY_RES_STATE }
#define ANSWER(state)	{ VVF_MIG_NOTHING, state, VFERRY_RES_OK }
#define DO(what, next)	{ what, next, VFERRY_RES_OK }

static const struct vvf_mig_step steps[ROWS][COLUMNS] = {
	[IDLE] = {
		[VFERRY_CMD_PING]	= ANSWER(VFERRY_MIG_IDLE),
		[VFERRY_CMD_MIGRATE]	= DO(VVF_MIG_LOG_ON, VFERRY_MIG_MIGRATING),
		[VFERRY_CMD_CANCEL]	= ANSWER(VFERRY_MIG_IDLE),
		[VFERRY_CMD_SUSPEND]	= WRONG(VFERRY_MIG_IDLE),
		[VFERRY_CMD_RESUME]	= WRONG(VFERRY_MIG_IDLE),
	},
	[MIGRATING] = {
		[VFERRY_CMD_PING]	= ANSWER(VFERRY_MIG_MIGRATING),
		[VFERRY_CMD_MIGRATE]	= DO(VVF_MIG_LOG_ON, VFERRY_MIG_MIGRATING),
		[VFERRY_CMD_CANCEL]	= DO(VVF_MIG_LOG_OFF, VFERRY_MIG_IDLE),
		[VFERRY_CMD_SUSPEND]	= DO(VVF_MIG_SUSPEND, VFERRY_MIG_SUSPENDED),
		[VFERRY_CMD_RESUME]	= WRONG(VFERRY_MIG_MIGRATING),
	},
	[SUSPENDED] = {
		[VFERRY_CMD_PING]	= ANSWER(VFERRY_MIG_SUSPENDED),
		[VFERRY_CMD_MIGRATE]	= WRONG(VFERRY_MIG_SUSPENDED),
		[VFERRY_CMD_CANCEL]	= DO(VVF_MIG_RESUME, VFERRY_MIG_IDLE),
		[VFERRY_CMD_SUSPEND]	= ANSWER(VFERRY_MIG_SUSPENDED),
		[VFERRY_CMD_RESUME]	= DO(VVF_MIG_RESUME, VFERRY_MIG_IDLE),
	},
};

static int row_of(enum vferry_mig_state state)
{
	switch (state) {
	case VFERRY_MIG_IDLE:
		return IDLE;
	case VFERRY_MIG_MIGRATING:
		return MIGRATING;
	case VFERRY_MIG_SUSPENDED:
		return SUSPENDED;
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_SUSPEND_SENT:
	case VFERRY_MIG_RESUME_SENT:
	case VFERRY_MIG_CANCEL_SENT:
	case VFERRY_MIG_STATES:
		break;
	}
	return -1;
}

struct vvf_mig_step vvf_mig_step(enum vferry_mig_state state, __u32 cmd, __u32 flags)
{
	struct vvf_mig_step step = { VVF_MIG_NOTHING, state, VFERRY_RES_UNKNOWN };
	int row = row_of(state);

	if (row < 0 || cmd < VFERRY_CMD_FIRST || cmd > VFERRY_CMD_LAST)
		return step;

	step = steps[row][cmd];
	if (cmd == VFERRY_CMD_RESUME && step.action == VVF_MIG_RESUME &&
	    (flags & VFERRY_CMD_F_KEEP_LOGGING)) {
		step.action = VVF_MIG_RESUME_LOGGING;
		step.next = VFERRY_MIG_MIGRATING;
	}
	return step;
}
