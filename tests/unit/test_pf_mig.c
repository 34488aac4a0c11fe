// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: migration states of a VF, as the PF sees them. */
#include <errno.h>

#include "unit.h"
#include "../../include/vferry_mbx.h"
#include "../../pfdrv/mig_state.h"

static struct vpf_mig_step step(enum vferry_mig_state state, enum vpf_mig_event event)
{
	return vpf_mig_step(state, event, VFERRY_MIG_IDLE);
}

static bool is_command(enum vpf_mig_event event)
{
	return event <= VPF_MIG_EV_CANCEL;
}

/* The command whose answer a state waits for, 0: none */
static unsigned int awaited(enum vferry_mig_state state)
{
	switch (state) {
	case VFERRY_MIG_MIGRATE_SENT:	return VFERRY_CMD_MIGRATE;
	case VFERRY_MIG_SUSPEND_SENT:	return VFERRY_CMD_SUSPEND;
	case VFERRY_MIG_RESUME_SENT:	return VFERRY_CMD_RESUME;
	case VFERRY_MIG_CANCEL_SENT:	return VFERRY_CMD_CANCEL;
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_MIGRATING:
	case VFERRY_MIG_SUSPENDED:
	case VFERRY_MIG_STATES:		break;
	}
	return 0;
}

/* Whatever happens, whatever the guest says: what every step has to obey. */
static void every_step(void **test)
{
	unsigned int s, e, g;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++)
		for (e = 0; e < VPF_MIG_EVENTS; e++)
			for (g = 0; g < VFERRY_MIG_STATES; g++) {
				struct vpf_mig_step x = vpf_mig_step(s, e, g);

				assert_true(x.next < VFERRY_MIG_STATES);
				/* what is sent is what the new state waits for */
				if (x.send)
					assert_int_equal(x.send, awaited(x.next));
				/* a state that waits is entered by sending only */
				if (x.next != s && awaited(x.next))
					assert_int_not_equal(x.send, 0);
				/* what is refused changes nothing */
				if (x.err) {
					assert_true(x.err < 0);
					assert_int_equal(x.next, s);
					assert_int_equal(x.send, 0);
					assert_int_equal(x.failed, 0);
				}
				/* only the host's wishes are refused */
				if (!is_command(e) && e != VPF_MIG_EV_LOAD)
					assert_int_equal(x.err, 0);
				/* a wish of the host is no failure of the guest */
				if (is_command(e))
					assert_int_equal(x.failed, 0);
				/* the guest's own word never suspends or starts anything */
				if (e == VPF_MIG_EV_DONE || e == VPF_MIG_EV_REFUSED)
					assert_int_equal(x.send, 0);
			}
}

static void a_reset_ends_everything(void **test)
{
	unsigned int s;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++) {
		struct vpf_mig_step x = step(s, VPF_MIG_EV_RESET);

		assert_int_equal(x.next, VFERRY_MIG_IDLE);
		assert_int_equal(x.send, 0);
		/*
		 * A migration that was lost is a failure; one given up is not, and one
		 * whose guest has left is not. VFIO knows whether it has.
		 */
		assert_int_equal(x.failed, s != VFERRY_MIG_IDLE && s != VFERRY_MIG_CANCEL_SENT &&
				 s != VFERRY_MIG_SUSPENDED);
	}
}

static void cancel_is_a_way_out_of_every_state(void **test)
{
	unsigned int s;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++) {
		struct vpf_mig_step x = step(s, VPF_MIG_EV_CANCEL);

		if (s == VFERRY_MIG_IDLE) {
			assert_int_equal(x.next, VFERRY_MIG_IDLE);
			assert_int_equal(x.err, 0);
			continue;
		}
		assert_int_equal(x.next, VFERRY_MIG_CANCEL_SENT);
		assert_int_equal(x.err, s == VFERRY_MIG_CANCEL_SENT ? -EALREADY : 0);
		assert_int_equal(step(x.next, VPF_MIG_EV_DONE).next, VFERRY_MIG_IDLE);
		assert_int_equal(step(x.next, VPF_MIG_EV_REFUSED).next, VFERRY_MIG_IDLE);
		assert_int_equal(step(x.next, VPF_MIG_EV_TIMEOUT).next, VFERRY_MIG_IDLE);
	}
}

static void no_wait_is_endless(void **test)
{
	unsigned int s;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++) {
		enum vferry_mig_state now = s;
		int timeouts = 0;

		while (awaited(now)) {
			struct vpf_mig_step x = step(now, VPF_MIG_EV_TIMEOUT);

			assert_int_equal(x.failed, 1);
			now = x.next;
			assert_true(++timeouts <= 2);
		}
	}
}

static void late_answers_change_nothing(void **test)
{
	static const enum vferry_mig_state settled[] = {
		VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING, VFERRY_MIG_SUSPENDED,
	};
	static const enum vpf_mig_event late[] = {
		VPF_MIG_EV_DONE, VPF_MIG_EV_REFUSED, VPF_MIG_EV_TIMEOUT,
	};
	unsigned int i, j, g;

	(void)test;
	for (i = 0; i < COUNT(settled); i++)
		for (j = 0; j < COUNT(late); j++)
			for (g = 0; g < VFERRY_MIG_STATES; g++) {
				struct vpf_mig_step x = vpf_mig_step(settled[i], late[j], g);

				assert_int_equal(x.next, settled[i]);
				assert_int_equal(x.send, 0);
				assert_int_equal(x.failed, 0);
			}
}

static void nothing_but_migrating_can_be_suspended(void **test)
{
	unsigned int s;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++)
		assert_int_equal(step(s, VPF_MIG_EV_SUSPEND).send == VFERRY_CMD_SUSPEND,
				 s == VFERRY_MIG_MIGRATING);
}

/* Whatever the guest believes, when it is asked: nothing, or a command that ends it. */
static void a_disagreement_ends(void **test)
{
	static const enum vferry_mig_state guests[] = {
		VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING, VFERRY_MIG_SUSPENDED,
	};
	unsigned int s, g;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++)
		for (g = 0; g < COUNT(guests); g++) {
			struct vpf_mig_step x = vpf_mig_step(s, VPF_MIG_EV_HEARD, guests[g]);

			assert_int_equal(x.err, 0);
			if (awaited(s) || s == guests[g]) {
				assert_int_equal(x.next, s);
				assert_int_equal(x.send, 0);
				assert_int_equal(x.failed, 0);
				continue;
			}
			/* it starts nothing, and a migration that was under way has failed */
			assert_true(x.send == VFERRY_CMD_CANCEL || x.send == VFERRY_CMD_RESUME);
			assert_int_equal(x.failed, s != VFERRY_MIG_IDLE);
			x = vpf_mig_step(x.next, VPF_MIG_EV_DONE, VFERRY_MIG_IDLE);
			assert_int_equal(x.next, VFERRY_MIG_IDLE);
		}
	/* One that missed its RESUME gets it again, so that it learns that it has moved. */
	assert_int_equal(vpf_mig_step(VFERRY_MIG_IDLE, VPF_MIG_EV_HEARD,
				      VFERRY_MIG_SUSPENDED).send, VFERRY_CMD_RESUME);
}

/* What ends a rest is waited for as long as RESUME is. */
static void a_guest_may_rest_where_suspend_was_sent(void **test)
{
	unsigned int s;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++)
		assert_int_equal(vpf_mig_may_rest(s), s == VFERRY_MIG_SUSPEND_SENT ||
				 s == VFERRY_MIG_SUSPENDED || s == VFERRY_MIG_RESUME_SENT);
}

/* Steps and where they lead, from IDLE on. */
struct walk {
	enum vpf_mig_event event;
	enum vferry_mig_state guest;
	enum vferry_mig_state next;
};

static void follow(const struct walk *walk, unsigned int count)
{
	enum vferry_mig_state state = VFERRY_MIG_IDLE;
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct vpf_mig_step x = vpf_mig_step(state, walk[i].event, walk[i].guest);

		assert_int_equal(x.err, 0);
		assert_int_equal(x.next, walk[i].next);
		state = x.next;
	}
}

static void walks(void **test)
{
	static const struct walk there_and_back[] = {
		{ VPF_MIG_EV_MIGRATE, 0, VFERRY_MIG_MIGRATE_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_MIGRATING, VFERRY_MIG_MIGRATING },
		{ VPF_MIG_EV_SUSPEND, 0, VFERRY_MIG_SUSPEND_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_SUSPENDED, VFERRY_MIG_SUSPENDED },
		{ VPF_MIG_EV_RESUME_MORE, 0, VFERRY_MIG_RESUME_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_MIGRATING, VFERRY_MIG_MIGRATING },
		{ VPF_MIG_EV_SUSPEND, 0, VFERRY_MIG_SUSPEND_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_SUSPENDED, VFERRY_MIG_SUSPENDED },
		{ VPF_MIG_EV_RESUME, 0, VFERRY_MIG_RESUME_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_IDLE, VFERRY_MIG_IDLE },
	};
	static const struct walk arrival[] = {
		{ VPF_MIG_EV_LOAD, 0, VFERRY_MIG_SUSPENDED },
		{ VPF_MIG_EV_RESUME, 0, VFERRY_MIG_RESUME_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_IDLE, VFERRY_MIG_IDLE },
	};
	/* SUSPEND unanswered: taken back before the guest got to it. */
	static const struct walk slow_guest[] = {
		{ VPF_MIG_EV_MIGRATE, 0, VFERRY_MIG_MIGRATE_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_MIGRATING, VFERRY_MIG_MIGRATING },
		{ VPF_MIG_EV_SUSPEND, 0, VFERRY_MIG_SUSPEND_SENT },
		{ VPF_MIG_EV_TIMEOUT, 0, VFERRY_MIG_RESUME_SENT },
		{ VPF_MIG_EV_REFUSED, VFERRY_MIG_MIGRATING, VFERRY_MIG_MIGRATING },
		{ VPF_MIG_EV_CANCEL, 0, VFERRY_MIG_CANCEL_SENT },
		{ VPF_MIG_EV_DONE, VFERRY_MIG_IDLE, VFERRY_MIG_IDLE },
	};

	(void)test;
	follow(there_and_back, COUNT(there_and_back));
	follow(arrival, COUNT(arrival));
	follow(slow_guest, COUNT(slow_guest));
}

/* What is told of a state fits what the state waits for. */
static void states_are_told_apart(void **test)
{
	unsigned int s;

	(void)test;
	for (s = 0; s < VFERRY_MIG_STATES; s++) {
		__u32 link_state = vpf_mig_link_state(s);

		assert_int_equal(vpf_mig_is_sent(s), awaited(s) != 0);
		if (s == VFERRY_MIG_IDLE) {
			assert_int_equal(link_state, 0);
			continue;
		}
		assert_in_range(link_state, VFERRY_LINK_STATE_MIGRATE, VFERRY_LINK_STATE_RESUME);
	}
	assert_int_equal(vpf_mig_link_state(VFERRY_MIG_MIGRATING), VFERRY_LINK_STATE_MIGRATE);
	assert_int_equal(vpf_mig_link_state(VFERRY_MIG_SUSPENDED), VFERRY_LINK_STATE_SUSPEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step),
		cmocka_unit_test(a_reset_ends_everything),
		cmocka_unit_test(cancel_is_a_way_out_of_every_state),
		cmocka_unit_test(no_wait_is_endless),
		cmocka_unit_test(late_answers_change_nothing),
		cmocka_unit_test(nothing_but_migrating_can_be_suspended),
		cmocka_unit_test(a_disagreement_ends),
		cmocka_unit_test(a_guest_may_rest_where_suspend_was_sent),
		cmocka_unit_test(walks),
		cmocka_unit_test(states_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
