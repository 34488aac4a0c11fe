// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: a timer that does what a schedule says, by an event loop and its clock. */
#include <string.h>

#include "clock.h"
#include "pacer.h"
#include "unit.h"

#define ENTRIES	3
#define WAIT_US	(20 * 1000000ull)

/* Of more, one may be left out on a machine that is busy: who comes late does not make up for it. */
static const struct schedule one_round = { 1, 1000, 0, 1000, 0 };
static const struct schedule far_away = { 2, 3600 * 1000000ull, 0, 3600 * 1000000ull, 0 };

static struct schedule_entry entries[ENTRIES];
static bool over[ENTRIES];
static unsigned int acts, rans, dones;
static struct pacer pacer;
static sd_event *event;

static struct schedule_entry *entry_of(size_t i, void *arg)
{
	assert_null(arg);
	return over[i] ? NULL : &entries[i];
}

static void act(size_t i, uint64_t due_us, void *arg)
{
	(void)arg;
	assert_true(i < ENTRIES);
	assert_true(due_us <= clock_monotonic_us());
	acts++;
}

static void ran(void *arg)
{
	(void)arg;
	rans++;
}

static void done(void *arg)
{
	(void)arg;
	dones++;
}

static int begin(void **state)
{
	(void)state;
	acts = rans = dones = 0;
	memset(entries, 0, sizeof(entries));
	memset(over, 0, sizeof(over));
	pacer = (struct pacer){
		.batch = { 2, 100, clock_monotonic_us, entry_of, act, NULL }, .ran = ran, .done = done,
	};
	return sd_event_new(&event) < 0 || pacer_new(&pacer, event, SD_EVENT_PRIORITY_NORMAL);
}

static int end(void **state)
{
	(void)state;
	pacer_free(&pacer);
	assert_null(pacer.timer);
	event = sd_event_unref(event);
	return 0;
}

/* Is anything still to come? */
static bool armed(void)
{
	int on;

	assert_true(sd_event_source_get_enabled(pacer.timer, &on) >= 0);
	return on != SD_EVENT_OFF;
}

static void until_done(void)
{
	while (!dones)
		assert_true(sd_event_run(event, WAIT_US) > 0);
}

static void all_is_done_once(void **state)
{
	(void)state;
	assert_int_equal(pacer_start(&pacer, &one_round, ENTRIES), 0);
	/* some at once, before the loop runs */
	assert_int_equal(acts, 2);
	until_done();
	assert_int_equal(acts, ENTRIES);
	assert_int_equal(rans, 2);
	assert_int_equal(dones, 1);
	assert_false(armed());
}

/* What was begun before has no end of its own. */
static void new_start_without_entries(void **state)
{
	(void)state;
	assert_int_equal(pacer_start(&pacer, &far_away, ENTRIES), 0);
	assert_true(armed());
	assert_int_equal(pacer_start(&pacer, &far_away, 0), 0);
	assert_int_equal(dones, 1);
	assert_false(armed());
}

static void stopped(void **state)
{
	(void)state;
	assert_int_equal(pacer_start(&pacer, &one_round, ENTRIES), 0);
	pacer_stop(&pacer);
	assert_false(armed());
	assert_int_equal(dones, 0);
}

/* The last has become none: this is seen now, not when it would have been its turn. */
static void looked_at(void **state)
{
	(void)state;
	assert_int_equal(pacer_start(&pacer, &far_away, 1), 0);
	assert_int_equal(acts, 1);
	over[0] = true;
	pacer_look(&pacer);
	until_done();
	assert_int_equal(acts, 1);
	assert_false(armed());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_done_once, begin, end),
		cmocka_unit_test_setup_teardown(new_start_without_entries, begin, end),
		cmocka_unit_test_setup_teardown(stopped, begin, end),
		cmocka_unit_test_setup_teardown(looked_at, begin, end),
	};

	return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
