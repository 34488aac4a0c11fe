// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: steps between VFIO's migration states. */
#include <linux/vfio.h>

#include "arcs.h"
#include "unit.h"

/* Every step that the kernel takes on a device with P2P and PRE_COPY. */
static const struct {
	unsigned int from;
	unsigned int to;
	enum vferry_arc arc;
} steps[] = {
	{ VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_RUNNING_P2P, VFERRY_ARC_QUIET },
	{ VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_PRE_COPY, VFERRY_ARC_BEGIN },
	{ VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_RUNNING, VFERRY_ARC_RUN },
	{ VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_STOP, VFERRY_ARC_PASS },
	{ VFIO_DEVICE_STATE_RUNNING_P2P, VFIO_DEVICE_STATE_PRE_COPY_P2P, VFERRY_ARC_BEGIN },
	{ VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_RUNNING, VFERRY_ARC_ABANDON },
	{ VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY_P2P, VFERRY_ARC_PAUSE },
	{ VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_STOP_COPY, VFERRY_ARC_PAUSE_SAVE },
	{ VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_PRE_COPY, VFERRY_ARC_UNPAUSE },
	{ VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_RUNNING_P2P, VFERRY_ARC_DROP },
	{ VFIO_DEVICE_STATE_PRE_COPY_P2P, VFIO_DEVICE_STATE_STOP_COPY, VFERRY_ARC_SAVE },
	{ VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_RUNNING_P2P, VFERRY_ARC_PASS },
	{ VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY, VFERRY_ARC_SAVE_COLD },
	{ VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_RESUMING, VFERRY_ARC_AWAIT },
	{ VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_STOP, VFERRY_ARC_SAVED },
	{ VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_STOP, VFERRY_ARC_ARRIVED },
};

static void numbers_are_vfio_s(void **state)
{
	(void)state;
	assert_int_equal(VFERRY_VM_ERROR, VFIO_DEVICE_STATE_ERROR);
	assert_int_equal(VFERRY_VM_STOP, VFIO_DEVICE_STATE_STOP);
	assert_int_equal(VFERRY_VM_RUNNING, VFIO_DEVICE_STATE_RUNNING);
	assert_int_equal(VFERRY_VM_STOP_COPY, VFIO_DEVICE_STATE_STOP_COPY);
	assert_int_equal(VFERRY_VM_RESUMING, VFIO_DEVICE_STATE_RESUMING);
	assert_int_equal(VFERRY_VM_RUNNING_P2P, VFIO_DEVICE_STATE_RUNNING_P2P);
	assert_int_equal(VFERRY_VM_PRE_COPY, VFIO_DEVICE_STATE_PRE_COPY);
	assert_int_equal(VFERRY_VM_PRE_COPY_P2P, VFIO_DEVICE_STATE_PRE_COPY_P2P);
}

static enum vferry_arc expected(unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = 0; i < COUNT(steps); i++)
		if (steps[i].from == from && steps[i].to == to)
			return steps[i].arc;
	return VFERRY_ARC_NONE;
}

static void every_pair(void **state)
{
	unsigned int from, to;

	(void)state;
	for (from = 0; from < VFERRY_VM_STATES; from++)
		for (to = 0; to < VFERRY_VM_STATES; to++)
			assert_int_equal(vferry_arc(from, to), expected(from, to));
}

static void beyond_the_table(void **state)
{
	static const unsigned int wild[] = { VFERRY_VM_STATES, 255, 0x80000000, ~0u };
	unsigned int i, good;

	(void)state;
	for (i = 0; i < COUNT(wild); i++) {
		for (good = 0; good < VFERRY_VM_STATES; good++) {
			assert_int_equal(vferry_arc(wild[i], good), VFERRY_ARC_NONE);
			assert_int_equal(vferry_arc(good, wild[i]), VFERRY_ARC_NONE);
		}
		assert_int_equal(vferry_arc(wild[i], wild[i]), VFERRY_ARC_NONE);
	}
}

/* ERROR is left by a reset alone, and no step leads into it. */
static void error_is_a_dead_end(void **state)
{
	unsigned int other;

	(void)state;
	for (other = 0; other < VFERRY_VM_STATES; other++) {
		assert_int_equal(vferry_arc(VFERRY_VM_ERROR, other), VFERRY_ARC_NONE);
		assert_int_equal(vferry_arc(other, VFERRY_VM_ERROR), VFERRY_ARC_NONE);
	}
}

/* From every state but ERROR the VM can be made to run again. */
static void all_ways_lead_to_running(void **state)
{
	bool reaches[VFERRY_VM_STATES] = { [VFERRY_VM_RUNNING] = true };
	unsigned int round, from, to;

	(void)state;
	for (round = 0; round < VFERRY_VM_STATES; round++)
		for (from = 0; from < VFERRY_VM_STATES; from++)
			for (to = 0; to < VFERRY_VM_STATES; to++)
				if (reaches[to] && vferry_arc(from, to))
					reaches[from] = true;

	for (from = 0; from < VFERRY_VM_STATES; from++)
		assert_int_equal(reaches[from], from != VFERRY_VM_ERROR);
}

static void all_have_names(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < VFERRY_VM_STATES; i++)
		assert_string_not_equal(vferry_arc_state_name(i), "?");
	for (i = 0; i < VFERRY_ARCS; i++) {
		assert_non_null(vferry_arc_name(i));
		assert_string_not_equal(vferry_arc_name(i), "?");
	}
	assert_string_equal(vferry_arc_state_name(VFERRY_VM_STATES), "?");
	assert_string_equal(vferry_arc_state_name(~0u), "?");
	assert_string_equal(vferry_arc_name(VFERRY_ARCS), "?");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_vfio_s),
		cmocka_unit_test(every_pair),
		cmocka_unit_test(beyond_the_table),
		cmocka_unit_test(error_is_a_dead_end),
		cmocka_unit_test(all_ways_lead_to_running),
		cmocka_unit_test(all_have_names),
	};

	return cmocka_run_group_tests_name("arcs", tests, NULL, NULL);
}
