// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Steps between VFIO's migration states. Pure; see arcs.h.
 */
#include "arcs.h"

#define FROM(state)	[VFERRY_VM_ ## state]
#define TO(state)	[VFERRY_VM_ ## state]

static const unsigned char arcs[VFERRY_VM_STATES][VFERRY_VM_STATES] = {
	FROM(RUNNING) = {
		TO(RUNNING_P2P)		= VFERRY_ARC_QUIET,
		TO(PRE_COPY)		= VFERRY_ARC_BEGIN,
	},
	FROM(RUNNING_P2P) = {
		TO(RUNNING)		= VFERRY_ARC_RUN,
		TO(PRE_COPY_P2P)	= VFERRY_ARC_BEGIN,
		TO(STOP)		= VFERRY_ARC_PASS,
	},
	FROM(PRE_COPY) = {
		TO(RUNNING)		= VFERRY_ARC_ABANDON,
		TO(PRE_COPY_P2P)	= VFERRY_ARC_PAUSE,
		TO(STOP_COPY)		= VFERRY_ARC_PAUSE_SAVE,
	},
	FROM(PRE_COPY_P2P) = {
		TO(PRE_COPY)		= VFERRY_ARC_UNPAUSE,
		TO(RUNNING_P2P)		= VFERRY_ARC_DROP,
		TO(STOP_COPY)		= VFERRY_ARC_SAVE,
	},
	FROM(STOP) = {
		TO(RUNNING_P2P)		= VFERRY_ARC_PASS,
		TO(STOP_COPY)		= VFERRY_ARC_SAVE_COLD,
		TO(RESUMING)		= VFERRY_ARC_AWAIT,
	},
	FROM(STOP_COPY) = {
		TO(STOP)		= VFERRY_ARC_SAVED,
	},
	FROM(RESUMING) = {
		TO(STOP)		= VFERRY_ARC_ARRIVED,
	},
};

enum vferry_arc vferry_arc(unsigned int cur, unsigned int next)
{
	if (cur >= VFERRY_VM_STATES || next >= VFERRY_VM_STATES)
		return VFERRY_ARC_NONE;
	return arcs[cur][next];
}

static const char *const state_names[VFERRY_VM_STATES] = {
	[VFERRY_VM_ERROR]		= "error",
	[VFERRY_VM_STOP]		= "stop",
	[VFERRY_VM_RUNNING]		= "running",
	[VFERRY_VM_STOP_COPY]		= "stop-copy",
	[VFERRY_VM_RESUMING]		= "resuming",
	[VFERRY_VM_RUNNING_P2P]		= "running-p2p",
	[VFERRY_VM_PRE_COPY]		= "pre-copy",
	[VFERRY_VM_PRE_COPY_P2P]	= "pre-copy-p2p",
};

const char *vferry_arc_state_name(unsigned int state)
{
	return state < VFERRY_VM_STATES ? state_names[state] : "?";
}

static const char *const arc_names[VFERRY_ARCS] = {
	[VFERRY_ARC_NONE]	= "none",
	[VFERRY_ARC_PASS]	= "pass",
	[VFERRY_ARC_QUIET]	= "quiet",
	[VFERRY_ARC_RUN]	= "run",
	[VFERRY_ARC_BEGIN]	= "begin",
	[VFERRY_ARC_ABANDON]	= "abandon",
	[VFERRY_ARC_DROP]	= "drop",
	[VFERRY_ARC_PAUSE]	= "pause",
	[VFERRY_ARC_UNPAUSE]	= "unpause",
	[VFERRY_ARC_SAVE]	= "save",
	[VFERRY_ARC_PAUSE_SAVE]	= "pause-save",
	[VFERRY_ARC_SAVE_COLD]	= "save-cold",
	[VFERRY_ARC_SAVED]	= "saved",
	[VFERRY_ARC_AWAIT]	= "await",
	[VFERRY_ARC_ARRIVED]	= "arrived",
};

const char *vferry_arc_name(unsigned int arc)
{
	return arc < VFERRY_ARCS ? arc_names[arc] : "?";
}
