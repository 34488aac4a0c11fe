// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for numbers; see names.h. */
#include <errno.h>
#include <string.h>

#include "names.h"
#include "vferry_state_name.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const char *const events[] = {
	[VFERRY_PF_EVENT_STATE]		= "state",
	[VFERRY_PF_EVENT_FAILED]	= "failed",
	[VFERRY_PF_EVENT_RESET]		= "reset",
	[VFERRY_PF_EVENT_PONG]		= "pong",
	[VFERRY_PF_EVENT_PHASE]		= "phase",
	[VFERRY_PF_EVENT_HELLO]		= "hello",
};

static const char *const phases[] = {
	[VFERRY_PF_PHASE_CONVERGED]	= "converged",
	[VFERRY_PF_PHASE_SWITCH]	= "switch",
	[VFERRY_PF_PHASE_STOPPED]	= "stopped",
	[VFERRY_PF_PHASE_SAVED]		= "saved",
	[VFERRY_PF_PHASE_INCOMING]	= "incoming",
	[VFERRY_PF_PHASE_LOADED]	= "loaded",
	[VFERRY_PF_PHASE_RUNNING]	= "running",
	[VFERRY_PF_PHASE_SETTLED]	= "settled",
};

static const char *const link_states[] = {
	"auto", "enable", "disable", "migrate", "cancelmigration", "suspend", "resume",
};

static const char *name(const char *const *names, size_t count, __u32 value)
{
	return value < count && names[value] ? names[value] : "?";
}

const char *mig_state_name(__u32 state)
{
	return vferry_mig_state_name(state);
}

const char *event_name(__u32 event)
{
	return name(events, COUNT(events), event);
}

const char *phase_name(__u32 phase)
{
	return name(phases, COUNT(phases), phase);
}

const char *link_state_name(__u32 state)
{
	return name(link_states, COUNT(link_states), state);
}

int command_by_name(const char *word)
{
	int state;

	for (state = VFERRY_LINK_STATE_MIGRATE; state <= VFERRY_LINK_STATE_RESUME; state++)
		if (!strcmp(word, link_states[state]))
			return state;
	return -EINVAL;
}

enum vferry_mig_state command_goal(__u32 command)
{
	switch ((enum vferry_link_state)command) {
	case VFERRY_LINK_STATE_MIGRATE:
		return VFERRY_MIG_MIGRATING;
	case VFERRY_LINK_STATE_SUSPEND:
		return VFERRY_MIG_SUSPENDED;
	case VFERRY_LINK_STATE_CANCEL:
	case VFERRY_LINK_STATE_RESUME:
		break;
	}
	return VFERRY_MIG_IDLE;
}
