/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to put the guest's VF to rest.
 *
 * While RAM is being copied, QEMU asks the device for its size exactly when it
 * believes that RAM has converged. The answer holds the switch or lets
 * it happen; so the order of the questions is what this policy works on:
 *
 *  - until the guest is suspended the answer is VFERRY_SWITCHOVER_HOLD, which
 *    keeps QEMU copying;
 *  - at its first question QEMU may have a whole downtime limit's worth of
 *    RAM left, and sends that before it asks again. Questions that follow each
 *    other within the gap, twice in a row, mean that next to nothing is left:
 *    only then is the guest suspended, and its network is away for the
 *    shortest time;
 *  - a guest that dirties its memory too fast for that is suspended when
 *    patience ends: after so much time, or so many questions;
 *  - a guest that was suspended for too long without the switch is woken, and
 *    all begins anew, with twice the patience: its network shall not be away
 *    half of the time because its memory does not converge.
 *
 * Pure C. The caller serialises and supplies the time.
 */
#ifndef VFERRY_VFIO_SWITCHOVER_H
#define VFERRY_VFIO_SWITCHOVER_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

#include "uapi/vferry_state.h"
#include "vferry_hold.h"

/* Short gaps in a row that mean "converged". */
#define VFERRY_SWITCHOVER_GAPS	2

/*
 * How many times as long as for SUSPEND's answer at first QEMU is kept when it asks again: from
 * QEMU 11.1 on a question costs a whole round, with the guest's network away.
 */
#define VFERRY_SWITCHOVER_AGAIN	5

/* How often patience is doubled at most. */
#define VFERRY_SWITCHOVER_DOUBLINGS	4

/**
 * struct vferry_switchover_limits - settings
 * @gap_ns: questions not further apart than this follow each other closely
 * @patience_ns: longest time from first question to SUSPEND
 * @questions: most questions until SUSPEND, 0: no limit
 * @hold_ns: longest time that the guest stays suspended without a switch
 */
struct vferry_switchover_limits {
	__u64 gap_ns;
	__u64 patience_ns;
	__u32 questions;
	__u64 hold_ns;
};

/**
 * struct vferry_switchover - one attempt to switch over
 * @limits: settings; the caller may change them between questions
 * @real: size to answer once the guest is suspended, bytes, never 0
 * @attempt: number of this attempt, from 0
 * @asked: questions in this attempt
 * @close: short gaps in a row, up to the last question
 * @first_ns: time of the first question
 * @last_ns: time of the last question
 * @posted: SUSPEND has been called for
 * @at_rest: the guest is suspended
 * @rest_ns: since when
 */
struct vferry_switchover {
	struct vferry_switchover_limits limits;
	__u64 real;
	__u32 attempt;
	__u32 asked;
	__u32 close;
	__u64 first_ns;
	__u64 last_ns;
	bool posted;
	bool at_rest;
	__u64 rest_ns;
};

/**
 * struct vferry_switchover_answer - what to do about a question
 * @size: answer to give, bytes; never 0
 * @suspend: post SUSPEND now
 * @wait: keep QEMU until SUSPEND is answered, but so many times the usual time at most
 * @log_is_on: the guest logs what the NIC dirties. QEMU synchronises its
 *	bitmap just before it asks: from here on the container need not report
 *	all memory as dirty
 */
struct vferry_switchover_answer {
	__u64 size;
	bool suspend;
	unsigned int wait;
	bool log_is_on;
};

/**
 * vferry_switchover_begin() - a migration begins
 * @sw: wholly written
 * @limits: copied
 * @real: size to answer once the guest is suspended; 0 is taken as 1
 */
void vferry_switchover_begin(struct vferry_switchover *sw,
			     const struct vferry_switchover_limits *limits, __u64 real);

/**
 * vferry_switchover_ask() - QEMU asks for the size in PRE_COPY
 * @sw: policy
 * @now_ns: time; monotonic
 * @state: of the VF
 */
struct vferry_switchover_answer
vferry_switchover_ask(struct vferry_switchover *sw, __u64 now_ns,
		      enum vferry_mig_state state);

/**
 * vferry_switchover_at_rest() - the guest has been suspended
 * @sw: policy
 * @now_ns: time; monotonic. Only the first call of an attempt counts
 */
void vferry_switchover_at_rest(struct vferry_switchover *sw, __u64 now_ns);

/**
 * vferry_switchover_expired() - has the guest been suspended for too long?
 * @sw: policy
 * @now_ns: time; monotonic
 *
 * If so the caller resumes it, and the policy has started over.
 */
bool vferry_switchover_expired(struct vferry_switchover *sw, __u64 now_ns);

#endif
