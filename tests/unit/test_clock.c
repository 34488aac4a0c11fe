// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: a time of the wall clock, in the one that does not step. */
#include "clock.h"
#include "unit.h"

#define S	1000000000ll

/* From @ago before now, in either clock; what is expected is @want before now. */
static void expect(int64_t ago, int64_t want)
{
	uint64_t before = clock_ns(CLOCK_BOOTTIME);
	uint64_t got = clock_boot_of(clock_ns(CLOCK_REALTIME) - (uint64_t)ago);
	uint64_t after = clock_ns(CLOCK_BOOTTIME);

	/* However long this took. */
	assert_true(got + (uint64_t)want + 1000000 >= before && got + (uint64_t)want <= after);
}

static void of_now_and_before(void **state)
{
	(void)state;
	expect(0, 0);
	expect(S / 2, S / 2);
}

static void stepped(void **state)
{
	(void)state;
	expect(3600 * S, 0);
	expect(-3600 * S, 0);
	expect(-S / 2, 0);
}

static void between(void **state)
{
	(void)state;
	assert_int_equal(clock_us_between(5000, 9000), 4);
	assert_int_equal(clock_us_between(9000, 5000), 0);
	assert_int_equal(clock_us_between(5000, 5000), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_now_and_before),
		cmocka_unit_test(stepped),
		cmocka_unit_test(between),
	};

	return cmocka_run_group_tests_name("clocks", tests, NULL, NULL);
}
