// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: does a ring of the VF driver get on? */
#include "../../vfdrv/watch.h"
#include "unit.h"

static void a_quiet_ring_is_never_stuck(void **state)
{
	struct vvf_watch_ring ring = {};
	unsigned int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(vvf_watch_look(&ring, 7, 7), 0);
}

static void a_ring_that_moves_is_never_stuck(void **state)
{
	struct vvf_watch_ring ring = {};
	unsigned int i;

	(void)state;
	for (i = 0; i < 600; i++)
		assert_int_equal(vvf_watch_look(&ring, i % 256, (i + 9) % 256), 0);
}

static void looks_count_while_nothing_moves(void **state)
{
	struct vvf_watch_ring ring = {};
	unsigned int i;

	(void)state;
	/* seen for the first time: it may have come this moment */
	assert_int_equal(vvf_watch_look(&ring, 5, 8), 0);
	for (i = 1; i < 5; i++)
		assert_int_equal(vvf_watch_look(&ring, 5, 8 + i), i);
	assert_int_equal(vvf_watch_look(&ring, 6, 20), 0);
	assert_int_equal(vvf_watch_look(&ring, 6, 20), 1);
	assert_int_equal(vvf_watch_look(&ring, 20, 20), 0);
	assert_int_equal(vvf_watch_look(&ring, 20, 21), 0);
}

static void a_ring_that_was_quiet_gets_its_time(void **state)
{
	struct vvf_watch_ring ring = {};

	(void)state;
	assert_int_equal(vvf_watch_look(&ring, 5, 5), 0);
	assert_int_equal(vvf_watch_look(&ring, 5, 6), 0);
	assert_int_equal(vvf_watch_look(&ring, 5, 6), VVF_WATCH_POLL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_ring_is_never_stuck),
		cmocka_unit_test(a_ring_that_moves_is_never_stuck),
		cmocka_unit_test(looks_count_while_nothing_moves),
		cmocka_unit_test(a_ring_that_was_quiet_gets_its_time),
	};

	return cmocka_run_group_tests_name("VF driver's watch", tests, NULL, NULL);
}
