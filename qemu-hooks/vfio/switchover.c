// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When to put the guest's VF to rest. Pure; see switchover.h.
 */
#include "switchover.h"

static void start_over(struct vferry_switchover *sw)
{
	sw->asked = 0;
	sw->close = 0;
	sw->first_ns = 0;
	sw->last_ns = 0;
	sw->posted = false;
	sw->at_rest = false;
	sw->rest_ns = 0;
}

void vferry_switchover_begin(struct vferry_switchover *sw,
			     const struct vferry_switchover_limits *limits, __u64 real)
{
	sw->limits = *limits;
	sw->real = real ? real : 1;
	sw->attempt = 0;
	start_over(sw);
}

static void count_question(struct vferry_switchover *sw, __u64 now_ns)
{
	if (!sw->asked)
		sw->first_ns = now_ns;
	else if (now_ns - sw->last_ns <= sw->limits.gap_ns)
		sw->close++;
	else
		sw->close = 0;

	sw->last_ns = now_ns;
	if (sw->asked < 0xffffffffu)
		sw->asked++;
}

static bool out_of_patience(const struct vferry_switchover *sw, __u64 now_ns)
{
	__u32 shift = sw->attempt < VFERRY_SWITCHOVER_DOUBLINGS ?
		      sw->attempt : VFERRY_SWITCHOVER_DOUBLINGS;
	__u64 questions = (__u64)sw->limits.questions << shift;

	return now_ns - sw->first_ns >= sw->limits.patience_ns << shift ||
	       (questions && sw->asked >= questions);
}

/* One more question while the guest logs and runs: is it time? */
static bool time_to_suspend(struct vferry_switchover *sw, __u64 now_ns)
{
	if (sw->posted)
		return false;

	count_question(sw, now_ns);
	sw->posted = sw->close >= VFERRY_SWITCHOVER_GAPS || out_of_patience(sw, now_ns);
	return sw->posted;
}

struct vferry_switchover_answer
vferry_switchover_ask(struct vferry_switchover *sw, __u64 now_ns,
		      enum vferry_mig_state state)
{
	struct vferry_switchover_answer answer = { .size = VFERRY_SWITCHOVER_HOLD };

	switch (state) {
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_CANCEL_SENT:
	case VFERRY_MIG_STATES:
		break;
	case VFERRY_MIG_MIGRATING:
		answer.log_is_on = true;
		answer.suspend = time_to_suspend(sw, now_ns);
		answer.wait = answer.suspend;
		break;
	case VFERRY_MIG_SUSPEND_SENT:
		answer.log_is_on = true;
		answer.wait = VFERRY_SWITCHOVER_AGAIN;
		break;
	case VFERRY_MIG_RESUME_SENT:
		answer.log_is_on = true;
		break;
	case VFERRY_MIG_SUSPENDED:
		answer.log_is_on = true;
		answer.size = sw->real;
		break;
	}
	return answer;
}

void vferry_switchover_at_rest(struct vferry_switchover *sw, __u64 now_ns)
{
	if (sw->at_rest)
		return;
	sw->at_rest = true;
	sw->rest_ns = now_ns;
}

bool vferry_switchover_expired(struct vferry_switchover *sw, __u64 now_ns)
{
	if (!sw->at_rest || now_ns - sw->rest_ns < sw->limits.hold_ns)
		return false;
	start_over(sw);
	sw->attempt++;
	return true;
}
