// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: when to put the guest's VF to rest. */
#include "switchover.h"
#include "unit.h"

#define MS	1000000ull

static const struct vferry_switchover_limits limits = {
	.gap_ns = 10 * MS,
	.patience_ns = 3000 * MS,
	.questions = 64,
	.hold_ns = 2000 * MS,
};

#define REAL	512

/* Times are far from 0, as those of a host that is long up. */
#define START	(77ull << 40)

static struct vferry_switchover begun(void)
{
	struct vferry_switchover sw;

	memset(&sw, 0xa5, sizeof(sw));
	vferry_switchover_begin(&sw, &limits, REAL);
	return sw;
}

static bool asks_suspend(struct vferry_switchover *sw, __u64 now)
{
	struct vferry_switchover_answer answer;

	answer = vferry_switchover_ask(sw, now, VFERRY_MIG_MIGRATING);
	assert_true(answer.size == VFERRY_SWITCHOVER_HOLD);
	assert_true(answer.log_is_on);
	return answer.suspend;
}

/* Whatever happens, 0 is never answered: QEMU would fail. */
static void never_zero(void **state)
{
	static const struct vferry_switchover_limits none;
	struct vferry_switchover sw;
	unsigned int vf, i;

	(void)state;
	vferry_switchover_begin(&sw, &none, 0);
	for (i = 0; i < 1000; i++)
		for (vf = 0; vf <= VFERRY_MIG_STATES; vf++)
			assert_true(vferry_switchover_ask(&sw, i, vf).size > 0);
}

/* Only a guest at rest gets the real size; no other state lets QEMU switch. */
static void real_size_only_at_rest(void **state)
{
	struct vferry_switchover_answer answer;
	struct vferry_switchover sw;
	unsigned int vf;

	(void)state;
	for (vf = 0; vf < VFERRY_MIG_STATES; vf++) {
		sw = begun();
		answer = vferry_switchover_ask(&sw, START, vf);
		assert_true(answer.size == (vf == VFERRY_MIG_SUSPENDED ?
					    REAL : VFERRY_SWITCHOVER_HOLD));
	}
}

/* SUSPEND is worth waiting for, and more so when the wait has been in vain before. */
static void waits_for_suspend(void **state)
{
	struct vferry_switchover sw = begun();
	unsigned int vf, i;

	(void)state;
	assert_int_equal(vferry_switchover_ask(&sw, START, VFERRY_MIG_MIGRATING).wait, 0);
	vferry_switchover_ask(&sw, START, VFERRY_MIG_MIGRATING);
	assert_int_equal(vferry_switchover_ask(&sw, START, VFERRY_MIG_MIGRATING).wait, 1);
	for (i = 1; i < 4; i++)
		assert_int_equal(vferry_switchover_ask(&sw, START + i * MS,
						       VFERRY_MIG_SUSPEND_SENT).wait,
				 VFERRY_SWITCHOVER_AGAIN);
	for (vf = 0; vf < VFERRY_MIG_STATES; vf++)
		if (vf != VFERRY_MIG_SUSPEND_SENT)
			assert_int_equal(vferry_switchover_ask(&sw, START + 9 * MS, vf).wait, 0);
}

/* The container's all-dirty report may end once the guest logs, not before. */
static void log_is_on_after_the_answer(void **state)
{
	static const bool on[VFERRY_MIG_STATES] = {
		[VFERRY_MIG_MIGRATING] = true,
		[VFERRY_MIG_SUSPEND_SENT] = true,
		[VFERRY_MIG_SUSPENDED] = true,
		[VFERRY_MIG_RESUME_SENT] = true,
	};
	struct vferry_switchover sw;
	unsigned int vf;

	(void)state;
	for (vf = 0; vf < VFERRY_MIG_STATES; vf++) {
		sw = begun();
		assert_int_equal(vferry_switchover_ask(&sw, START, vf).log_is_on, on[vf]);
	}
}

static void two_short_gaps_suspend(void **state)
{
	struct vferry_switchover sw = begun();

	(void)state;
	assert_false(asks_suspend(&sw, START));
	assert_false(asks_suspend(&sw, START + 10 * MS));
	assert_true(asks_suspend(&sw, START + 20 * MS));
}

static void a_gap_one_ns_too_long(void **state)
{
	struct vferry_switchover sw = begun();
	__u64 now = START;

	(void)state;
	assert_false(asks_suspend(&sw, now));
	assert_false(asks_suspend(&sw, now += 10 * MS));
	assert_false(asks_suspend(&sw, now += 10 * MS + 1));
	assert_false(asks_suspend(&sw, now += 10 * MS));
	assert_true(asks_suspend(&sw, now += 10 * MS));
}

static void short_and_long_in_turn_wait(void **state)
{
	struct vferry_switchover sw = begun();
	__u64 now = START;
	unsigned int i;

	(void)state;
	assert_false(asks_suspend(&sw, now));
	for (i = 0; i < 20; i++) {
		assert_false(asks_suspend(&sw, now += 1 * MS));
		assert_false(asks_suspend(&sw, now += 50 * MS));
	}
}

static void posted_once(void **state)
{
	struct vferry_switchover sw = begun();
	unsigned int i;

	(void)state;
	asks_suspend(&sw, START);
	asks_suspend(&sw, START);
	assert_true(asks_suspend(&sw, START));
	/* Whether or not the PF is already in SUSPEND_SENT. */
	for (i = 0; i < 200; i++) {
		assert_false(asks_suspend(&sw, START + i * MS));
		assert_false(vferry_switchover_ask(&sw, START + i * MS,
						   VFERRY_MIG_SUSPEND_SENT).suspend);
	}
}

static void patience_by_time(void **state)
{
	struct vferry_switchover sw = begun();

	(void)state;
	assert_false(asks_suspend(&sw, START));
	assert_false(asks_suspend(&sw, START + 1000 * MS));
	assert_false(asks_suspend(&sw, START + 3000 * MS - 1));
	assert_true(asks_suspend(&sw, START + 3000 * MS + 11 * MS));

	sw = begun();
	assert_false(asks_suspend(&sw, START));
	assert_true(asks_suspend(&sw, START + 3000 * MS));
}

static void patience_by_questions(void **state)
{
	struct vferry_switchover sw = begun();
	unsigned int i;

	(void)state;
	for (i = 1; i < limits.questions; i++)
		assert_false(asks_suspend(&sw, START + i * 11 * MS));
	assert_true(asks_suspend(&sw, START + i * 11 * MS));
}

static void no_limit_of_questions(void **state)
{
	struct vferry_switchover_limits patient = limits;
	struct vferry_switchover sw;
	unsigned int i;

	(void)state;
	patient.questions = 0;
	patient.patience_ns = 1ull << 60;
	vferry_switchover_begin(&sw, &patient, REAL);
	for (i = 0; i < 10000; i++)
		assert_false(asks_suspend(&sw, START + i * 11 * MS));
}

static void no_patience_at_all(void **state)
{
	struct vferry_switchover_limits hasty = limits;
	struct vferry_switchover sw;

	(void)state;
	hasty.patience_ns = 0;
	vferry_switchover_begin(&sw, &hasty, REAL);
	assert_true(asks_suspend(&sw, START));

	hasty = limits;
	hasty.questions = 1;
	vferry_switchover_begin(&sw, &hasty, REAL);
	assert_true(asks_suspend(&sw, START));
}

/* Patience runs from the first question that a logging guest could use. */
static void unanswered_questions_do_not_count(void **state)
{
	static const enum vferry_mig_state deaf[] = {
		VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATE_SENT, VFERRY_MIG_RESUME_SENT,
		VFERRY_MIG_CANCEL_SENT,
	};
	struct vferry_switchover_answer answer;
	struct vferry_switchover sw = begun();
	unsigned int i, vf;

	(void)state;
	for (vf = 0; vf < COUNT(deaf); vf++) {
		for (i = 0; i < 200; i++) {
			answer = vferry_switchover_ask(&sw, START + i * 100 * MS, deaf[vf]);
			assert_false(answer.suspend);
			assert_true(answer.size == VFERRY_SWITCHOVER_HOLD);
		}
	}
	assert_false(asks_suspend(&sw, START + 20000 * MS));
	assert_false(asks_suspend(&sw, START + 20001 * MS));
	assert_true(asks_suspend(&sw, START + 20002 * MS));
}

static void woken_after_hold(void **state)
{
	struct vferry_switchover sw = begun();

	(void)state;
	vferry_switchover_at_rest(&sw, START);
	assert_false(vferry_switchover_expired(&sw, START));
	assert_false(vferry_switchover_expired(&sw, START + 2000 * MS - 1));
	assert_true(vferry_switchover_expired(&sw, START + 2000 * MS));
	/* Once. */
	assert_false(vferry_switchover_expired(&sw, START + 9000 * MS));
}

static void not_expired_while_not_at_rest(void **state)
{
	struct vferry_switchover sw = begun();

	(void)state;
	assert_false(vferry_switchover_expired(&sw, ~0ull));
	asks_suspend(&sw, START);
	assert_false(vferry_switchover_expired(&sw, ~0ull));
}

static void hold_runs_from_the_first_rest(void **state)
{
	struct vferry_switchover sw = begun();

	(void)state;
	vferry_switchover_at_rest(&sw, START);
	vferry_switchover_at_rest(&sw, START + 1999 * MS);
	assert_true(vferry_switchover_expired(&sw, START + 2000 * MS));
}

/* After waking the guest all begins anew, as often as it takes. */
static void starts_over(void **state)
{
	struct vferry_switchover sw = begun();
	__u64 now = START;
	unsigned int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		assert_false(asks_suspend(&sw, now += 500 * MS));
		assert_false(asks_suspend(&sw, now += 1 * MS));
		assert_true(asks_suspend(&sw, now += 1 * MS));
		vferry_switchover_at_rest(&sw, now += 1 * MS);
		assert_true(vferry_switchover_ask(&sw, now, VFERRY_MIG_SUSPENDED).size == REAL);
		assert_true(vferry_switchover_expired(&sw, now += 2000 * MS));
		assert_true(vferry_switchover_ask(&sw, now, VFERRY_MIG_RESUME_SENT).size ==
			    VFERRY_SWITCHOVER_HOLD);
	}
}

/* A guest whose memory does not converge gets its network for longer each time. */
static void patience_doubles(void **state)
{
	static const unsigned int factors[] = { 1, 2, 4, 8, 16, 16, 16 };
	struct vferry_switchover sw = begun();
	__u64 now = START;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < COUNT(factors); i++) {
		assert_false(asks_suspend(&sw, now));
		assert_false(asks_suspend(&sw, now + factors[i] * limits.patience_ns - 1));
		assert_true(asks_suspend(&sw, now + factors[i] * limits.patience_ns + 11 * MS));
		vferry_switchover_at_rest(&sw, now);
		assert_true(vferry_switchover_expired(&sw, now + limits.hold_ns));
	}

	sw = begun();
	for (i = 0; i < COUNT(factors); i++) {
		for (j = 1; j < factors[i] * limits.questions; j++)
			assert_false(asks_suspend(&sw, now + j * 11 * MS));
		assert_true(asks_suspend(&sw, now + j * 11 * MS));
		vferry_switchover_at_rest(&sw, now);
		assert_true(vferry_switchover_expired(&sw, now + limits.hold_ns));
	}
}

static void begin_forgets_the_last_migration(void **state)
{
	struct vferry_switchover sw = begun();

	(void)state;
	asks_suspend(&sw, START);
	asks_suspend(&sw, START);
	assert_true(asks_suspend(&sw, START));
	vferry_switchover_at_rest(&sw, START);

	vferry_switchover_begin(&sw, &limits, REAL);
	assert_false(vferry_switchover_expired(&sw, ~0ull));
	assert_false(asks_suspend(&sw, START));
	assert_false(asks_suspend(&sw, START));
	assert_true(asks_suspend(&sw, START));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_zero),
		cmocka_unit_test(real_size_only_at_rest),
		cmocka_unit_test(waits_for_suspend),
		cmocka_unit_test(log_is_on_after_the_answer),
		cmocka_unit_test(two_short_gaps_suspend),
		cmocka_unit_test(a_gap_one_ns_too_long),
		cmocka_unit_test(short_and_long_in_turn_wait),
		cmocka_unit_test(posted_once),
		cmocka_unit_test(patience_by_time),
		cmocka_unit_test(patience_by_questions),
		cmocka_unit_test(no_limit_of_questions),
		cmocka_unit_test(no_patience_at_all),
		cmocka_unit_test(unanswered_questions_do_not_count),
		cmocka_unit_test(woken_after_hold),
		cmocka_unit_test(not_expired_while_not_at_rest),
		cmocka_unit_test(hold_runs_from_the_first_rest),
		cmocka_unit_test(starts_over),
		cmocka_unit_test(patience_doubles),
		cmocka_unit_test(begin_forgets_the_last_migration),
	};

	return cmocka_run_group_tests_name("switchover", tests, NULL, NULL);
}
