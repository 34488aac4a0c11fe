/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent does about a VF when something happens to it: a table of states and
 * inputs. Pure.
 *
 *	idle		nothing to do
 *	migrating	MIGRATE has come: there is a snapshot, and it is kept up to date
 *	suspended	SUSPEND has come: the snapshot is what must be there afterwards
 *	settling	RESUME has come: announcing, restoring, verifying
 */
#ifndef VFERRYD_VF_STATE_H
#define VFERRYD_VF_STATE_H

#include <stdbool.h>

enum vf_state {
	VF_IDLE,
	VF_MIGRATING,
	VF_SUSPENDED,
	VF_SETTLING,
	VF_STATES,
};

/* Events of the driver that succeeded, and what a dump says when events may have been missed. */
enum vf_input {
	VF_MIGRATE,		/* of the migration that goes on */
	VF_MIGRATE_OTHER,	/* of another one, or of the first */
	VF_SUSPEND,
	VF_RESUME,
	VF_CANCEL,
	VF_RESET,
	VF_FOUND_IDLE,
	VF_FOUND_SAVED,		/* idle, and an agent before us left a snapshot */
	VF_FOUND_MIGRATING,
	VF_FOUND_SUSPENDED,
	VF_INPUTS,
};

enum vf_act {
	VF_ACT_NONE,
	VF_ACT_SUSPEND,
	VF_ACT_RESUME,		/* it works again: announce, restore, verify */
	VF_ACT_END,		/* it ended with nothing suspended */
};

/**
 * struct vf_plan - what is to be done, in this order
 * @finish: bring the migration before to its end
 * @begin: begin one; @late: it had begun before this agent knew of it
 * @act: then
 */
struct vf_plan {
	bool finish, begin, late;
	enum vf_act act;
};

struct vf_plan vf_plan(enum vf_state state, enum vf_input input);

/* "idle", "migrating", ... */
const char *vf_state_name(enum vf_state state);

#endif
