/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the PF's commands do in each migration state. Pure: a table and a
 * look-up, compiled into the driver and into the unit tests.
 */
#ifndef VVF_MIG_STATE_H
#define VVF_MIG_STATE_H

#include "../include/vferry_mbx.h"

/**
 * enum vvf_mig_action - the work behind a command
 * @VVF_MIG_NOTHING: only answer
 * @VVF_MIG_LOG_ON: switch dirty logging on and start its count
 * @VVF_MIG_LOG_OFF: switch dirty logging off
 * @VVF_MIG_SUSPEND: bring the queues to rest
 * @VVF_MIG_RESUME: start the queues from memory; logging goes off
 * @VVF_MIG_RESUME_LOGGING: start the queues from memory; logging stays on
 */
enum vvf_mig_action {
	VVF_MIG_NOTHING,
	VVF_MIG_LOG_ON,
	VVF_MIG_LOG_OFF,
	VVF_MIG_SUSPEND,
	VVF_MIG_RESUME,
	VVF_MIG_RESUME_LOGGING,
};

/**
 * struct vvf_mig_step - answer of the table
 * @action: what to do
 * @next: state afterwards, if it worked
 * @result: enum vferry_mbx_result to answer with, if it worked; another
 *	than %VFERRY_RES_OK goes with %VVF_MIG_NOTHING and the same state
 */
struct vvf_mig_step {
	enum vvf_mig_action action;
	enum vferry_mig_state next;
	__u32 result;
};

/**
 * vvf_mig_step() - what a command does in a state
 * @state: %VFERRY_MIG_IDLE, %VFERRY_MIG_MIGRATING or %VFERRY_MIG_SUSPENDED;
 *	a VF driver has no others
 * @cmd: as received, any value
 * @flags: VFERRY_CMD_F_* as received; unknown ones are ignored
 */
struct vvf_mig_step vvf_mig_step(enum vferry_mig_state state, __u32 cmd, __u32 flags);

#endif
