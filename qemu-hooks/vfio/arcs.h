/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFIO's migration states, and what the device does on the way from one to
 * the next. Only single steps appear here: the VFIO core breaks the way to a
 * far state down into them.
 *
 * Pure C. The numbers of the states are those of linux/vfio.h.
 */
#ifndef VFERRY_VFIO_ARCS_H
#define VFERRY_VFIO_ARCS_H

/* enum vfio_device_mig_state, with its numbers. */
enum vferry_arc_state {
	VFERRY_VM_ERROR		= 0,
	VFERRY_VM_STOP		= 1,
	VFERRY_VM_RUNNING	= 2,
	VFERRY_VM_STOP_COPY	= 3,
	VFERRY_VM_RESUMING	= 4,
	VFERRY_VM_RUNNING_P2P	= 5,
	VFERRY_VM_PRE_COPY	= 6,
	VFERRY_VM_PRE_COPY_P2P	= 7,
	VFERRY_VM_STATES,		/* number of states, not a state */
};

/**
 * enum vferry_arc - what to do
 * @VFERRY_ARC_NONE: no such step
 * @VFERRY_ARC_PASS: nothing to do
 * @VFERRY_ARC_QUIET: the VM stops: stop the VF's DMA
 * @VFERRY_ARC_RUN: the VM starts: load what came in, or let the VF go on, and
 *	end a migration that did not take place
 * @VFERRY_ARC_BEGIN: a migration begins while the VM runs; new file
 * @VFERRY_ARC_ABANDON: the migration is off; the VM runs
 * @VFERRY_ARC_DROP: the migration is off; the VM is stopped
 * @VFERRY_ARC_PAUSE: the VM stops for the switch: stop the VF's DMA
 * @VFERRY_ARC_UNPAUSE: the VM goes on, and so does the migration
 * @VFERRY_ARC_SAVE: complete the device state in the file there is
 * @VFERRY_ARC_PAUSE_SAVE: both in one step
 * @VFERRY_ARC_SAVE_COLD: save without a migration before it; new file
 * @VFERRY_ARC_SAVED: the device state is of no more use
 * @VFERRY_ARC_AWAIT: a device state is going to come in; new file
 * @VFERRY_ARC_ARRIVED: it is complete: judge it
 */
enum vferry_arc {
	VFERRY_ARC_NONE,
	VFERRY_ARC_PASS,
	VFERRY_ARC_QUIET,
	VFERRY_ARC_RUN,
	VFERRY_ARC_BEGIN,
	VFERRY_ARC_ABANDON,
	VFERRY_ARC_DROP,
	VFERRY_ARC_PAUSE,
	VFERRY_ARC_UNPAUSE,
	VFERRY_ARC_SAVE,
	VFERRY_ARC_PAUSE_SAVE,
	VFERRY_ARC_SAVE_COLD,
	VFERRY_ARC_SAVED,
	VFERRY_ARC_AWAIT,
	VFERRY_ARC_ARRIVED,
	VFERRY_ARCS,			/* number of arcs, not an arc */
};

/* States may be any number: VFERRY_ARC_NONE for what is not one. */
enum vferry_arc vferry_arc(unsigned int cur, unsigned int next);

/* For logs and traces; never NULL, "?" for what is not known. */
const char *vferry_arc_state_name(unsigned int state);
const char *vferry_arc_name(unsigned int arc);

#endif
