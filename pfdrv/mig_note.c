// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is to be told about the migration of one VF; see mig_note.h.
 */
#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/math64.h>

#include "mig_note.h"
#include "pf.h"
#include "vf.h"

/*
 * Events of one VF that user space is told at once, and how fast that budget comes back.
 * A migration has about fifteen; a socket with the default buffer holds some 270.
 */
#define VPF_NOTES_AT_ONCE	128
#define VPF_NOTES_NS		(25 * NSEC_PER_MSEC)

/* Lines in the kernel log: so many in one interval */
#define VPF_LOG_INTERVAL	(30 * HZ)
#define VPF_LOG_BURST		20

static_assert(!(VPF_NOTES & (VPF_NOTES - 1)));

void vpf_notes_init(struct vpf_notes *notes)
{
	notes->left = VPF_NOTES_AT_ONCE;
	notes->left_ns = ktime_get_ns();
	ratelimit_state_init(&notes->log, VPF_LOG_INTERVAL, VPF_LOG_BURST);
}

bool vpf_notes_full(const struct vpf_notes *notes, enum vpf_note_cause cause)
{
	unsigned int used = notes->in - notes->out;

	switch (cause) {
	case VPF_NOTE_USER:
		return used >= VPF_NOTES / 2;
	case VPF_NOTE_COMMAND:
		return used >= VPF_NOTES * 3 / 4;
	case VPF_NOTE_STEP:
		break;
	}
	return used >= VPF_NOTES;
}

/**
 * vpf_note_add() - something has happened
 * @vf: the VF, with its mig_lock held
 * @event: what
 * @cause: whose doing it is
 *
 * Return: the event, for the caller to fill in the rest; NULL: there is no room. What the
 * holder does always has room, but may take the place of what it did before.
 */
struct vpf_note *vpf_note_add(struct vferry_pf_vf *vf, enum vferry_pf_nl_event event,
			      enum vpf_note_cause cause)
{
	struct vpf_notes *notes = &vf->mig.notes;
	struct vpf_note *n;

	lockdep_assert_held(&vf->mig_lock);

	if (!vpf_notes_full(notes, cause)) {
		n = &notes->ring[notes->in++ % VPF_NOTES];
	} else if (cause == VPF_NOTE_USER) {
		n = &notes->held[event];
		notes->held_kinds |= BIT(event);
	} else {
		return NULL;
	}
	*n = (struct vpf_note) {
		.nl = {
			.event = event,
			.time_ns = ktime_get_real_ns(),
			.state = vf->mig.state,
			.mig_id = vf->mig.mig_id,
			.duration_us = -1,
			.guest_us = -1,
		},
		.migration = vf->mig.last.mig_id,
	};
	return n;
}

/**
 * vpf_notes_kick() - deliver soon
 * @vf: the VF
 *
 * For what can be caused without end: where events wait already, the work will come
 * back for them by itself.
 */
void vpf_notes_kick(struct vferry_pf_vf *vf)
{
	if (!READ_ONCE(vf->mig.notes.held_kinds))
		vpf_vf_kick(vf);
}

static bool next_note(struct vferry_pf_vf *vf, struct vpf_note *ret_note)
{
	struct vpf_notes *notes = &vf->mig.notes;
	bool found = false;

	spin_lock_bh(&vf->mig_lock);
	if (notes->in != notes->out) {
		*ret_note = notes->ring[notes->out++ % VPF_NOTES];
		found = true;
	}
	spin_unlock_bh(&vf->mig_lock);
	return found;
}

/* It waits, and takes the place of what waits of its kind */
static void hold(struct vferry_pf_vf *vf, struct vpf_note *n)
{
	struct vpf_notes *notes = &vf->mig.notes;
	struct vpf_note *held = &notes->held[n->nl.event];

	spin_lock_bh(&vf->mig_lock);
	if (notes->held_kinds & BIT(n->nl.event))
		n->nl.old_state = held->nl.old_state;
	*held = *n;
	notes->held_kinds |= BIT(n->nl.event);
	spin_unlock_bh(&vf->mig_lock);
}

/* The one that has waited for longest, if it need not wait any more */
static bool next_held(struct vferry_pf_vf *vf, struct vpf_note *ret_note)
{
	struct vpf_notes *notes = &vf->mig.notes;
	unsigned int kind, oldest = VPF_NOTE_KINDS;

	spin_lock_bh(&vf->mig_lock);
	for_each_set_bit(kind, &notes->held_kinds, VPF_NOTE_KINDS)
		if (oldest == VPF_NOTE_KINDS ||
		    notes->held[kind].nl.time_ns < notes->held[oldest].nl.time_ns)
			oldest = kind;
	if (oldest != VPF_NOTE_KINDS && (notes->left || !READ_ONCE(vf->active))) {
		notes->left -= !!notes->left;
		*ret_note = notes->held[oldest];
		notes->held_kinds &= ~BIT(oldest);
	} else {
		oldest = VPF_NOTE_KINDS;
	}
	spin_unlock_bh(&vf->mig_lock);
	return oldest != VPF_NOTE_KINDS;
}

/* May one be told now? Not before those that wait */
static bool may_tell(struct vferry_pf_vf *vf)
{
	struct vpf_notes *notes = &vf->mig.notes;
	bool may;

	spin_lock_bh(&vf->mig_lock);
	may = notes->left && !notes->held_kinds;
	notes->left -= may;
	spin_unlock_bh(&vf->mig_lock);
	return may;
}

static void refill(struct vferry_pf_vf *vf)
{
	struct vpf_notes *notes = &vf->mig.notes;
	u64 earned;

	spin_lock_bh(&vf->mig_lock);
	earned = div_u64(ktime_get_ns() - notes->left_ns, VPF_NOTES_NS);
	notes->left = min_t(u64, notes->left + earned, VPF_NOTES_AT_ONCE);
	notes->left_ns += earned * VPF_NOTES_NS;
	spin_unlock_bh(&vf->mig_lock);
}

static void tell_holder(struct vferry_pf_vf *vf, const struct vpf_note *n)
{
	if (!n->client)
		return;
	mutex_lock(&vf->client_lock);
	if (vf->client_ops)
		vf->client_ops->event(vf->client_ctx, n->client_event, n->nl.state, n->nl.err,
				      n->migration);
	mutex_unlock(&vf->client_lock);
}

static void tell_all(struct vferry_pf_vf *vf, struct vpf_note *n)
{
	n->nl.reason = n->reason[0] ? n->reason : NULL;
	if (n->nl.event == VFERRY_PF_EVENT_FAILED && __ratelimit(&vf->mig.notes.log))
		netdev_warn(vf->nic->netdev, "VF %u: migration: %s (%pe)\n", vf->nr,
			    n->reason, ERR_PTR(n->nl.err));
	vpf_nl_event(vf->nic, vf->nr, &n->nl);
}

/**
 * vpf_notes_deliver() - tell what has happened
 * @vf: the VF; only its work delivers, so events keep their order
 *
 * Return: nanoseconds until it is to be called again, or %VPF_NEVER.
 */
u64 vpf_notes_deliver(struct vferry_pf_vf *vf)
{
	struct vpf_note n;
	unsigned int i;

	refill(vf);
	while (next_held(vf, &n))
		tell_all(vf, &n);
	/* others may be adding to it */
	for (i = 0; i < VPF_NOTES && next_note(vf, &n); i++) {
		tell_holder(vf, &n);
		if (may_tell(vf))
			tell_all(vf, &n);
		else
			hold(vf, &n);
	}
	if (READ_ONCE(vf->mig.notes.held_kinds))
		return VPF_NOTES_NS;
	return i == VPF_NOTES ? 0 : VPF_NEVER;
}
