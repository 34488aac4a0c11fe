// SPDX-License-Identifier: GPL-2.0-or-later
/* What the agent does when something happens to a VF. See vf_state.h. */
#include "vf_state.h"

static const char *const names[VF_STATES] = {
	[VF_IDLE]	= "idle",
	[VF_MIGRATING]	= "migrating",
	[VF_SUSPENDED]	= "suspended",
	[VF_SETTLING]	= "settling",
};

#define NOTHING		{ .act = VF_ACT_NONE }
#define ACT(what)	{ .act = VF_ACT_ ## what }
#define BEGIN(what)	{ .begin = true, .act = VF_ACT_ ## what }
#define LATE(what)	{ .begin = true, .late = true, .act = VF_ACT_ ## what }
#define ANEW(what)	{ .finish = true, .begin = true, .act = VF_ACT_ ## what }
#define ANEW_LATE(what)	{ .finish = true, .begin = true, .late = true, .act = VF_ACT_ ## what }

/*
 * An event that was missed is made up for: SUSPEND without MIGRATE begins a migration, and so
 * does RESUME without either. What is said twice is done once.
 */
static const struct vf_plan plans[VF_STATES][VF_INPUTS] = {
	[VF_IDLE] = {
		[VF_MIGRATE]		= BEGIN(NONE),
		[VF_MIGRATE_OTHER]	= BEGIN(NONE),
		[VF_SUSPEND]		= BEGIN(SUSPEND),
		[VF_RESUME]		= BEGIN(RESUME),
		[VF_CANCEL]		= NOTHING,
		[VF_RESET]		= NOTHING,
		[VF_FOUND_IDLE]		= NOTHING,
		[VF_FOUND_SAVED]	= LATE(RESUME),
		[VF_FOUND_MIGRATING]	= LATE(NONE),
		[VF_FOUND_SUSPENDED]	= LATE(SUSPEND),
	},
	[VF_MIGRATING] = {
		[VF_MIGRATE]		= NOTHING,
		[VF_MIGRATE_OTHER]	= ANEW(NONE),
		[VF_SUSPEND]		= ACT(SUSPEND),
		[VF_RESUME]		= ACT(RESUME),
		[VF_CANCEL]		= ACT(END),
		[VF_RESET]		= ACT(END),
		[VF_FOUND_IDLE]		= ACT(RESUME),
		[VF_FOUND_SAVED]	= ACT(RESUME),
		[VF_FOUND_MIGRATING]	= NOTHING,
		[VF_FOUND_SUSPENDED]	= ACT(SUSPEND),
	},
	[VF_SUSPENDED] = {
		[VF_MIGRATE]		= ANEW(NONE),
		[VF_MIGRATE_OTHER]	= ANEW(NONE),
		[VF_SUSPEND]		= NOTHING,
		[VF_RESUME]		= ACT(RESUME),
		[VF_CANCEL]		= ACT(RESUME),
		[VF_RESET]		= ACT(RESUME),
		[VF_FOUND_IDLE]		= ACT(RESUME),
		[VF_FOUND_SAVED]	= ACT(RESUME),
		[VF_FOUND_MIGRATING]	= ACT(RESUME),
		[VF_FOUND_SUSPENDED]	= NOTHING,
	},
	[VF_SETTLING] = {
		[VF_MIGRATE]		= ANEW(NONE),
		[VF_MIGRATE_OTHER]	= ANEW(NONE),
		[VF_SUSPEND]		= ANEW(SUSPEND),
		[VF_RESUME]		= NOTHING,
		[VF_CANCEL]		= NOTHING,
		[VF_RESET]		= NOTHING,
		[VF_FOUND_IDLE]		= NOTHING,
		[VF_FOUND_SAVED]	= NOTHING,
		[VF_FOUND_MIGRATING]	= NOTHING,
		[VF_FOUND_SUSPENDED]	= ANEW_LATE(SUSPEND),
	},
};

struct vf_plan vf_plan(enum vf_state state, enum vf_input input)
{
	return plans[state][input];
}

const char *vf_state_name(enum vf_state state)
{
	return names[state];
}
