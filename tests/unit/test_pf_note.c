// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: events of a VF's migration on their way to holder and user space. */
#include "kernel/kernel.h"
#include "unit.h"

/* In the place of pf.h and vf.h, which need all of the kernel. */
#define VPF_PF_H
#define VPF_VF_H
#define VPF_NEVER	U64_MAX

#include "../../pfdrv/mig.h"

struct vpf_nic {
	void *netdev;
};

struct vferry_pf_vf {
	struct vpf_nic *nic;
	u8 nr;
	bool active;
	spinlock_t mig_lock;
	struct vpf_mig mig;
	struct mutex client_lock;
	const struct vferry_pf_client_ops *client_ops;
	void *client_ctx;
};

u64 clock_ns;

static struct vpf_nl_event told[512];
static unsigned int told_count, holder_count, kicks;
static enum vferry_pf_event holder_heard[512];

void vpf_vf_kick(struct vferry_pf_vf *vf)
{
	(void)vf;
	kicks++;
}

void vpf_nl_event(struct vpf_nic *nic, unsigned int vf, const struct vpf_nl_event *event)
{
	(void)nic;
	(void)vf;
	assert_true(told_count < COUNT(told));
	told[told_count++] = *event;
}

#include "../../pfdrv/mig_note.c"

static void holder_event(void *ctx, enum vferry_pf_event event, enum vferry_mig_state state,
			 int err, u64 mig_id)
{
	(void)ctx;
	(void)state;
	(void)err;
	(void)mig_id;
	assert_true(holder_count < COUNT(holder_heard));
	holder_heard[holder_count++] = event;
}

static struct vpf_nic nic;
static struct vferry_pf_vf vf;

static int begin(void **state)
{
	static const struct vferry_pf_client_ops ops = { .event = holder_event };

	(void)state;
	clock_ns = 1000 * NSEC_PER_MSEC;
	vf = (struct vferry_pf_vf) { .nic = &nic, .active = true, .client_ops = &ops };
	vpf_notes_init(&vf.mig.notes);
	told_count = holder_count = kicks = 0;
	return 0;
}

/* As mig.c does when a guest has answered. */
static bool step(enum vferry_mig_state old, enum vferry_mig_state now)
{
	struct vpf_note *n;

	clock_ns++;
	vf.mig.state = now;
	n = vpf_note_add(&vf, VFERRY_PF_EVENT_STATE, VPF_NOTE_STEP);
	if (!n)
		return false;
	n->nl.old_state = old;
	n->client = true;
	n->client_event = VFERRY_PF_EV_STATE;
	return true;
}

/* As mig.c does when the holder says why a migration fails. */
static void report(int err, const char *reason)
{
	struct vpf_note *n;

	clock_ns++;
	n = vpf_note_add(&vf, VFERRY_PF_EVENT_FAILED, VPF_NOTE_USER);
	assert_non_null(n);
	n->nl.err = err;
	snprintf(n->reason, sizeof(n->reason), "%s", reason);
	vpf_notes_kick(&vf);
}

static void fill(void)
{
	while (step(VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING))
		;
}

static unsigned int count_told(enum vferry_pf_nl_event event)
{
	unsigned int i, count = 0;

	for (i = 0; i < told_count; i++)
		count += told[i].event == event;
	return count;
}

/* A report finds room, and takes nothing from the events that are there: none loses its holder. */
static void report_with_a_full_ring(void **state)
{
	unsigned int i;

	(void)state;
	fill();
	report(-EIO, "first");
	report(-EPROTO, "second");
	for (i = 0; i < VPF_NOTES; i++) {
		assert_true(vf.mig.notes.ring[i].client);
		assert_int_equal(vf.mig.notes.ring[i].nl.event, VFERRY_PF_EVENT_STATE);
	}
	/* whoever delivers keeps its own time for what waits */
	assert_int_equal(kicks, 0);

	while (vpf_notes_deliver(&vf) != VPF_NEVER)
		clock_ns += 25 * NSEC_PER_MSEC;
	assert_int_equal(holder_count, VPF_NOTES);
	assert_int_equal(count_told(VFERRY_PF_EVENT_STATE), VPF_NOTES);
	/* of reports that find no room the last one counts; its holder knows it already */
	assert_int_equal(count_told(VFERRY_PF_EVENT_FAILED), 1);
	for (i = 0; told[i].event != VFERRY_PF_EVENT_FAILED; i++)
		;
	assert_int_equal(told[i].err, -EPROTO);
}

/* The holder fills half, a command is taken up to three quarters, what follows from it always. */
static void the_holder_leaves_room(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 3 * VPF_NOTES; i++)
		report(-EIO, "again");
	assert_int_equal(vf.mig.notes.in, VPF_NOTES / 2);
	assert_false(vpf_notes_full(&vf.mig.notes, VPF_NOTE_COMMAND));
	for (i = VPF_NOTES / 2; i < VPF_NOTES * 3 / 4; i++)
		assert_true(step(VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING));
	assert_true(vpf_notes_full(&vf.mig.notes, VPF_NOTE_COMMAND));
	for (; i < VPF_NOTES; i++)
		assert_true(step(VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING));
	assert_false(step(VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING));
}

/* What is too fast waits, the holder hears it at once; states become one, from the first one's. */
static void too_fast(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 128; i++) {
		step(VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING);
		vpf_notes_deliver(&vf);
	}
	assert_int_equal(told_count, 128);
	step(VFERRY_MIG_MIGRATING, VFERRY_MIG_SUSPEND_SENT);
	vpf_notes_deliver(&vf);
	step(VFERRY_MIG_SUSPEND_SENT, VFERRY_MIG_SUSPENDED);
	assert_true(vpf_notes_deliver(&vf) != VPF_NEVER);
	assert_int_equal(holder_count, 130);
	assert_int_equal(told_count, 128);
	clock_ns += 25 * NSEC_PER_MSEC;
	assert_true(vpf_notes_deliver(&vf) == VPF_NEVER);
	assert_int_equal(told_count, 129);
	assert_int_equal(told[128].old_state, VFERRY_MIG_MIGRATING);
	assert_int_equal(told[128].state, VFERRY_MIG_SUSPENDED);
}

/* A VF that has gone keeps nothing back. */
static void the_end(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 130; i++) {
		step(VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATING);
		vpf_notes_deliver(&vf);
	}
	assert_int_equal(told_count, 128);
	vf.active = false;
	assert_true(vpf_notes_deliver(&vf) == VPF_NEVER);
	assert_int_equal(told_count, 129);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(report_with_a_full_ring, begin),
		cmocka_unit_test_setup(the_holder_leaves_room, begin),
		cmocka_unit_test_setup(too_fast, begin),
		cmocka_unit_test_setup(the_end, begin),
	};

	return cmocka_run_group_tests_name("PF driver's events", tests, NULL, NULL);
}
