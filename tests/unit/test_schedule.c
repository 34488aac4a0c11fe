// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: when an address is announced, with a clock that the test turns. */
#include "schedule.h"
#include "unit.h"

#define MS	1000u

static const struct schedule usual = { 5, 50 * MS, 100 * MS, 550 * MS, 20 * MS };

/* Turn the clock to each due time; returns how many announcements there were. */
static unsigned int run(const struct schedule *s, struct schedule_entry *e, uint64_t now,
			uint64_t *times, unsigned int size)
{
	unsigned int n = 0;

	while (schedule_due(s, e) != SCHEDULE_NEVER) {
		uint64_t due = schedule_due(s, e);

		assert_true(n < size);
		now = due > now ? due : now;
		times[n++] = now;
		schedule_done(s, e, now);
	}
	return n;
}

static void gaps_grow(void **state)
{
	static const uint64_t want[] = { 0, 50, 200, 450, 800 };
	struct schedule_entry e = {};
	uint64_t times[8];
	unsigned int i;

	(void)state;
	schedule_start(&e, 7000 * MS);
	assert_int_equal(run(&usual, &e, 7000 * MS, times, COUNT(times)), COUNT(want));
	for (i = 0; i < COUNT(want); i++)
		assert_int_equal(times[i], (7000 + want[i]) * MS);
	assert_int_equal(e.last_us, 7800 * MS);
}

static void gaps_have_a_maximum(void **state)
{
	const struct schedule s = { 4, 50 * MS, 100 * MS, 120 * MS, 0 };

	(void)state;
	assert_int_equal(schedule_round_us(&s, 0), 0);
	assert_int_equal(schedule_round_us(&s, 1), 50 * MS);
	assert_int_equal(schedule_round_us(&s, 2), 170 * MS);
	assert_int_equal(schedule_round_us(&s, 3), 290 * MS);
}

static void one_round(void **state)
{
	const struct schedule s = { 1, 50 * MS, 0, 50 * MS, 0 };
	struct schedule_entry e = {};
	uint64_t times[2];

	(void)state;
	schedule_start(&e, 1);
	assert_int_equal(schedule_due(&s, &e), 1);
	assert_int_equal(run(&s, &e, 1, times, COUNT(times)), 1);
}

/* An interval that is longer than the gaps moves the rounds. */
static void interval_is_kept(void **state)
{
	const struct schedule s = { 4, 10 * MS, 0, 10 * MS, 100 * MS };
	struct schedule_entry e = {};
	uint64_t times[8];
	unsigned int i, n;

	(void)state;
	schedule_start(&e, 1000 * MS);
	n = run(&s, &e, 1000 * MS, times, COUNT(times));
	assert_int_equal(n, 2);		/* at 100 ms all rounds' time is over */
	for (i = 1; i < n; i++)
		assert_true(times[i] - times[i - 1] >= 100 * MS);
}

/* A second migration right after the first does not announce sooner either. */
static void interval_survives_a_new_start(void **state)
{
	const struct schedule s = { 1, 10 * MS, 0, 10 * MS, 100 * MS };
	struct schedule_entry e = {};

	(void)state;
	schedule_start(&e, 1000 * MS);
	schedule_done(&s, &e, 1000 * MS);
	assert_true(schedule_due(&s, &e) == SCHEDULE_NEVER);
	schedule_start(&e, 1030 * MS);
	assert_int_equal(schedule_due(&s, &e), 1100 * MS);
	schedule_start(&e, 5000 * MS);
	assert_int_equal(schedule_due(&s, &e), 5000 * MS);
}

/* Who was away for three rounds sends one announcement, not three. */
static void late_is_not_made_up_for(void **state)
{
	struct schedule_entry e = {};

	(void)state;
	schedule_start(&e, 1000 * MS);
	schedule_done(&usual, &e, 1000 * MS);
	schedule_done(&usual, &e, 1500 * MS);
	assert_int_equal(e.rounds, 4);
	assert_int_equal(schedule_due(&usual, &e), 1800 * MS);
	schedule_done(&usual, &e, 99000 * MS);
	assert_true(schedule_due(&usual, &e) == SCHEDULE_NEVER);
}

/* -- many at once: a clock that goes on by a millisecond whenever it is looked at */

#define MANY	5

static uint64_t clock_us;
static struct schedule_entry many[MANY];
static bool over[MANY];
static unsigned int acts[MANY];
static uint64_t late_us;

static uint64_t look_at_clock(void)
{
	return clock_us += MS;
}

static struct schedule_entry *entry_of(size_t i, void *arg)
{
	assert_ptr_equal(arg, many);
	return over[i] ? NULL : &many[i];
}

static void act(size_t i, uint64_t due_us, void *arg)
{
	uint64_t late = clock_us - due_us;

	assert_ptr_equal(arg, many);
	late_us = late > late_us ? late : late_us;
	acts[i]++;
}

static const struct schedule_batch batch = { 2, 3 * MS, look_at_clock, entry_of, act, many };

static void start_many(uint64_t now)
{
	size_t i;

	clock_us = now;
	late_us = 0;
	for (i = 0; i < MANY; i++) {
		many[i] = (struct schedule_entry){};
		over[i] = false;
		acts[i] = 0;
		schedule_start(&many[i], now);
	}
}

/* Two at once, then a pause, in which nothing is done; what is done waits for its next round. */
static void some_at_once(void **state)
{
	uint64_t next;

	(void)state;
	start_many(1000 * MS);
	next = schedule_run(&usual, &batch, MANY);
	assert_int_equal(next, clock_us + 3 * MS);
	assert_true(acts[0] == 1 && acts[1] == 1 && !acts[2]);
	clock_us = next;
	next = schedule_run(&usual, &batch, MANY);
	assert_true(acts[0] == 1 && acts[2] == 1 && acts[3] == 1 && !acts[4]);
	clock_us = next;
	next = schedule_run(&usual, &batch, MANY);
	assert_int_equal(acts[4], 1);
	assert_int_equal(next, 1050 * MS);
	/* the fifth: 1 ms for each look, 3 ms for each pause */
	assert_int_equal(late_us, clock_us - 1000 * MS);
}

/* All rounds of all: as many acts as there are, and then no more. */
static void all_rounds(void **state)
{
	uint64_t next;
	unsigned int runs = 0;
	size_t i;

	(void)state;
	start_many(1000 * MS);
	while ((next = schedule_run(&usual, &batch, MANY)) != SCHEDULE_NEVER) {
		assert_true(runs++ < 100);
		clock_us = next > clock_us ? next : clock_us;
	}
	for (i = 0; i < MANY; i++)
		assert_int_equal(acts[i], 5);
	assert_true(schedule_run(&usual, &batch, MANY) == SCHEDULE_NEVER);
	assert_int_equal(acts[0], 5);
}

/* What is over is passed over, and nobody waits for it; without entries there is nothing. */
static void over_is_passed_over(void **state)
{
	uint64_t next;
	size_t i;

	(void)state;
	start_many(1000 * MS);
	over[0] = over[3] = true;
	next = schedule_run(&usual, &batch, MANY);
	assert_int_equal(next, clock_us + 3 * MS);
	assert_true(!acts[0] && acts[1] == 1 && acts[2] == 1 && !acts[3] && !acts[4]);
	for (i = 0; i < MANY; i++)
		over[i] = true;
	assert_true(schedule_run(&usual, &batch, MANY) == SCHEDULE_NEVER);
	assert_true(schedule_run(&usual, &batch, 0) == SCHEDULE_NEVER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_grow),
		cmocka_unit_test(gaps_have_a_maximum),
		cmocka_unit_test(one_round),
		cmocka_unit_test(interval_is_kept),
		cmocka_unit_test(interval_survives_a_new_start),
		cmocka_unit_test(late_is_not_made_up_for),
		cmocka_unit_test(some_at_once),
		cmocka_unit_test(all_rounds),
		cmocka_unit_test(over_is_passed_over),
	};

	return cmocka_run_group_tests_name("announcement schedule", tests, NULL, NULL);
}
