// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: what the agent does when something happens to a VF. */
#include "unit.h"
#include "vf_state.h"

/* The state after a plan was carried out. */
static enum vf_state after(enum vf_state state, struct vf_plan plan)
{
	if (plan.finish)
		state = VF_IDLE;
	if (plan.begin)
		state = VF_MIGRATING;
	switch (plan.act) {
	case VF_ACT_NONE:
		return state;
	case VF_ACT_SUSPEND:
		return VF_SUSPENDED;
	case VF_ACT_RESUME:
		return VF_SETTLING;
	case VF_ACT_END:
		return VF_IDLE;
	}
	fail();
	return state;
}

static enum vf_state next(enum vf_state state, enum vf_input input)
{
	return after(state, vf_plan(state, input));
}

/* A migration is begun when there is none, and ended when there is one. */
static void one_at_a_time(void **state)
{
	(void)state;
	for (enum vf_state s = VF_IDLE; s < VF_STATES; s++) {
		for (enum vf_input i = 0; i < VF_INPUTS; i++) {
			struct vf_plan plan = vf_plan(s, i);

			if (plan.begin)
				assert_true(s == VF_IDLE || plan.finish);
			if (plan.finish)
				assert_true(s != VF_IDLE && plan.begin);
			if (plan.act && s == VF_IDLE)
				assert_true(plan.begin);
			if (plan.late)
				assert_true(plan.begin);
		}
	}
}

/* Whatever is lost or said twice: it is where the VF driver is, at the latest by its last word. */
static void follows_the_driver(void **state)
{
	(void)state;
	for (enum vf_state s = VF_IDLE; s < VF_STATES; s++) {
		assert_int_equal(next(s, VF_MIGRATE_OTHER), VF_MIGRATING);
		assert_int_equal(next(s, VF_SUSPEND), VF_SUSPENDED);
		assert_int_equal(next(s, VF_FOUND_SUSPENDED), VF_SUSPENDED);
		assert_int_equal(next(s, VF_RESUME), VF_SETTLING);
		/* Nothing is at rest any more, and who was at rest is looked after. */
		for (enum vf_input i = VF_CANCEL; i < VF_INPUTS; i++)
			if (i != VF_FOUND_SUSPENDED)
				assert_int_not_equal(next(s, i), VF_SUSPENDED);
	}
	for (enum vf_input i = VF_RESUME; i < VF_INPUTS; i++)
		if (i != VF_FOUND_SUSPENDED)
			assert_int_equal(next(VF_SUSPENDED, i), VF_SETTLING);
}

static void said_twice(void **state)
{
	static const struct {
		enum vf_state state;
		enum vf_input input;
	} twice[] = {
		{ VF_MIGRATING, VF_MIGRATE }, { VF_MIGRATING, VF_FOUND_MIGRATING },
		{ VF_SUSPENDED, VF_SUSPEND }, { VF_SUSPENDED, VF_FOUND_SUSPENDED },
		{ VF_SETTLING, VF_RESUME }, { VF_SETTLING, VF_CANCEL }, { VF_SETTLING, VF_RESET },
		{ VF_SETTLING, VF_FOUND_IDLE }, { VF_SETTLING, VF_FOUND_MIGRATING },
		{ VF_IDLE, VF_CANCEL }, { VF_IDLE, VF_RESET }, { VF_IDLE, VF_FOUND_IDLE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		struct vf_plan plan = vf_plan(twice[i].state, twice[i].input);

		assert_false(plan.finish || plan.begin);
		assert_int_equal(plan.act, VF_ACT_NONE);
	}
}

/* What began before this agent knew of it is known to be late: its hooks ran, or it is too late. */
static void late_is_what_was_found(void **state)
{
	(void)state;
	for (enum vf_state s = VF_IDLE; s < VF_STATES; s++)
		for (enum vf_input i = 0; i < VF_INPUTS; i++)
			if (vf_plan(s, i).begin)
				assert_int_equal(vf_plan(s, i).late, i >= VF_FOUND_IDLE);
}

/* Nothing was suspended: there is nothing to announce, restore or verify. */
static void cancelled_in_precopy(void **state)
{
	(void)state;
	assert_int_equal(vf_plan(VF_MIGRATING, VF_CANCEL).act, VF_ACT_END);
	assert_int_equal(vf_plan(VF_MIGRATING, VF_RESET).act, VF_ACT_END);
	assert_int_equal(vf_plan(VF_SUSPENDED, VF_CANCEL).act, VF_ACT_RESUME);
	assert_int_equal(vf_plan(VF_SUSPENDED, VF_RESET).act, VF_ACT_RESUME);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(vf_state_name(VF_IDLE), "idle");
	assert_string_equal(vf_state_name(VF_SETTLING), "settling");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(follows_the_driver),
		cmocka_unit_test(said_twice),
		cmocka_unit_test(late_is_what_was_found),
		cmocka_unit_test(cancelled_in_precopy),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("the agent's states", tests, NULL, NULL);
}
