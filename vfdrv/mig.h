/* SPDX-License-Identifier: GPL-2.0-only */
/* Migration: commands of the PF, and what is told about them. */
#ifndef VVF_MIG_H
#define VVF_MIG_H

#include <linux/kfifo.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../include/uapi/vferry_vf.h"
#include "../include/vferry_mbx.h"
#include "mig_state.h"

struct vvf;

/**
 * struct vvf_event - a change, for the netlink family's listeners
 * @kind: what happened
 * @state: state afterwards
 * @result: how it went
 * @arrived: RESUME, and this is another host
 * @mig_id: the migration
 * @time_ns: when, CLOCK_REALTIME
 * @boot_ns: the same, CLOCK_BOOTTIME
 */
struct vvf_event {
	enum vferry_vf_nl_event kind;
	enum vferry_mig_state state;
	u32 result;
	bool arrived;
	u64 mig_id;
	u64 time_ns;
	u64 boot_ns;
};

/* Changes that can be on their way; a command comes after the last's answer. */
#define VVF_EVENTS	16

/* A SUSPEND and the RESUME after it may both be waiting for the worker. */
#define VVF_MIG_JOBS	2

/**
 * struct vvf_mig_job - a command that was executed and is not finished yet
 * @answered: its STATUS has been sent
 * @command: as it came
 * @action: what was done
 * @result: how it went
 * @state: afterwards
 * @noticed: when its interrupt was
 * @begun: when work on it began
 * @sent: when it was answered
 */
struct vvf_mig_job {
	bool answered;
	struct vferry_mbx_command command;
	enum vvf_mig_action action;
	u32 result;
	enum vferry_mig_state state;
	ktime_t noticed;
	ktime_t begun;
	ktime_t sent;
};

/**
 * struct vvf_mig - migration of one VF
 * @state: %VFERRY_MIG_IDLE, _MIGRATING or _SUSPENDED; under vvf.lock
 * @welcome: what was agreed on with the PF; version 0: it does not speak vferry
 * @said: whether it does has been said in the log
 * @mig_id: the current migration, or the last
 * @last: the last answer, to be given again when a command is repeated;
 *	worker only, and vvf_mig_reset() under vvf.lock. seq 0: none
 * @jobs: done by the interrupt handler, to be finished by the worker, in order; under
 *	vvf.lock or the gate
 * @n_jobs: their number
 * @events: what the work is to tell; filled under vvf.lock
 * @told: tells it, and does what resume has no time for
 * @announce: the interface is to announce its addresses
 * @await_frame: the next frame received is the first since RESUME
 * @received_ns: when that came, CLOCK_BOOTTIME; 0: not, or told already
 * @suspend_us: duration of the last SUSPEND
 * @suspend_wait_us: what of this passed before the worker got to it
 * @resume_us: duration of the last RESUME
 * @resume_wait_us: what of this passed before the worker got to it
 * @migrations: MIGRATE done
 * @suspends: SUSPEND done
 * @resumes: RESUME and CANCEL of a suspended VF done
 * @repeated: commands that came again
 */
struct vvf_mig {
	enum vferry_mig_state state;
	struct vferry_mbx_welcome welcome;
	bool said;
	u64 mig_id;
	struct vferry_mbx_status last;
	struct vvf_mig_job jobs[VVF_MIG_JOBS];
	unsigned int n_jobs;
	DECLARE_KFIFO(events, struct vvf_event, VVF_EVENTS);
	struct work_struct told;
	bool announce;
	bool await_frame;
	atomic64_t received_ns;

	u32 suspend_us;
	u32 suspend_wait_us;
	u32 resume_us;
	u32 resume_wait_us;
	unsigned long migrations;
	unsigned long suspends;
	unsigned long resumes;
	unsigned long repeated;
};

void vvf_mig_init(struct vvf *vvf);
void vvf_mig_start(struct vvf *vvf);
void vvf_mig_stop(struct vvf *vvf);
bool vvf_mig_quick(struct vvf *vvf, const struct vferry_mbx_command *command, ktime_t noticed);
bool vvf_mig_has_work(const struct vvf *vvf);
void vvf_mig_follow_up(struct vvf *vvf);
void vvf_mig_settled(struct vvf *vvf);
void vvf_mig_received(struct vvf *vvf);
void vvf_mig_command(struct vvf *vvf, const struct vferry_mbx_command *command, ktime_t noticed);
void vvf_mig_reset(struct vvf *vvf);
void vvf_mig_negotiated(struct vvf *vvf, int error);
bool vvf_mig_suspended(struct vvf *vvf);
const char *vvf_mig_reason(const struct vvf *vvf);

#endif
