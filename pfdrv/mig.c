// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of one VF: the state table put to work.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/random.h>

#include "mig.h"
#include "pf.h"
#include "sriov.h"
#include "trace.h"
#include "vf.h"

/* Deadlines, milliseconds: nothing waits for ever, nor is given up at once */
#define VPF_DEADLINE_MIN	10
#define VPF_DEADLINE_MAX	600000

static int set_deadline(const char *text, const struct kernel_param *param)
{
	return param_set_uint_minmax(text, param, VPF_DEADLINE_MIN, VPF_DEADLINE_MAX);
}

static const struct kernel_param_ops deadline_ops = {
	.set = set_deadline,
	.get = param_get_uint,
};

static unsigned int migrate_ms = 1000;
module_param_cb(migrate_ms, &deadline_ops, &migrate_ms, 0644);
__MODULE_PARM_TYPE(migrate_ms, "uint");
MODULE_PARM_DESC(migrate_ms, "a guest answers MIGRATE (and CANCEL, unless it may be suspended) within this, milliseconds, 10 to 600000");

static unsigned int suspend_ms = 1000;
module_param_cb(suspend_ms, &deadline_ops, &suspend_ms, 0644);
__MODULE_PARM_TYPE(suspend_ms, "uint");
MODULE_PARM_DESC(suspend_ms, "a guest answers SUSPEND within this, milliseconds, 10 to 600000");

static unsigned int resume_ms = 30000;
module_param_cb(resume_ms, &deadline_ops, &resume_ms, 0644);
__MODULE_PARM_TYPE(resume_ms, "uint");
MODULE_PARM_DESC(resume_ms, "a suspended guest answers RESUME (and CANCEL) within this, milliseconds, 10 to 600000");

/* A command that is not answered is written again this often */
#define VPF_REPEAT_NS		(100 * NSEC_PER_MSEC)
#define VPF_PING_NS		(1000 * NSEC_PER_MSEC)

/* A driver that has reset its VF itself asks for RESET within this */
#define VPF_LOST_NS		(300 * NSEC_PER_MSEC)

/* How often a guest is asked in which state it is, at most and at least */
#define VPF_CHECK_MIN_NS	(1 * (u64)NSEC_PER_SEC)
#define VPF_CHECK_MAX_NS	(32 * (u64)NSEC_PER_SEC)

static u64 since_us(u64 from, u64 to)
{
	return from && to > from ? div_u64(to - from, NSEC_PER_USEC) : 0;
}

static u32 next_seq(struct vpf_mig *mig)
{
	if (!++mig->seq)
		mig->seq = 1;
	return mig->seq;
}

static struct vpf_nl_last no_timings(u64 mig_id)
{
	return (struct vpf_nl_last) {
		.mig_id = mig_id,
		.migrate_us = -1,
		.suspend_us = -1,
		.resume_us = -1,
		.guest_suspend_us = -1,
		.guest_resume_us = -1,
		.suspended_us = -1,
	};
}

static struct vpf_note *note(struct vferry_pf_vf *vf, enum vferry_pf_nl_event event)
{
	return vpf_note_add(vf, event, VPF_NOTE_STEP);
}

static void note_failed(struct vferry_pf_vf *vf, struct vpf_note *n, int err,
			const char *reason)
{
	vf->mig.last.err = err;
	if (!n)
		return;
	n->nl.err = err;
	strscpy(n->reason, reason, sizeof(n->reason));
}

/* What was asked of the guest has failed; the holder is told, too */
static void step_failed(struct vferry_pf_vf *vf, int err, const char *reason)
{
	struct vpf_note *n = note(vf, VFERRY_PF_EVENT_FAILED);

	note_failed(vf, n, err, reason);
	if (!n)
		return;
	n->client = true;
	n->client_event = VFERRY_PF_EV_FAILED;
}

static unsigned int limit_ms(const struct vpf_mig *mig, u32 cmd, enum vferry_mig_state old)
{
	switch (cmd) {
	case VFERRY_CMD_SUSPEND:
		return suspend_ms;
	case VFERRY_CMD_RESUME:
		return resume_ms;
	case VFERRY_CMD_CANCEL:
		if (vpf_mig_may_rest(old))
			return resume_ms;
		break;
	}
	return migrate_ms;
}

static void prepare_command(struct vpf_mig *mig, u32 cmd, bool keep,
			    enum vferry_mig_state old)
{
	mig->cmd = (struct vferry_mbx_command) {
		.cmd = cmd,
		.seq = next_seq(mig),
		.mig_id = mig->mig_id,
	};
	if (cmd == VFERRY_CMD_RESUME && keep)
		mig->cmd.flags |= VFERRY_CMD_F_KEEP_LOGGING;
	if (cmd == VFERRY_CMD_RESUME && mig->arrived)
		mig->cmd.flags |= VFERRY_CMD_F_ARRIVED;
	mig->post = true;
	mig->rewritten = false;
	mig->settled = false;
	mig->posted_ns = 0;
	mig->limit_ms = limit_ms(mig, cmd, old);
	mig->deadline_ns = ktime_get_ns() + (u64)mig->limit_ms * NSEC_PER_MSEC;
}

/* The guest may be in another state than we believe: it is to be asked */
static void doubt(struct vpf_mig *mig)
{
	mig->unsure = true;
}

/* It is in the one that we believe */
static void believe(struct vpf_mig *mig)
{
	mig->unsure = false;
	mig->check_wait_ns = 0;
}

/* Go where the table says. Returns the event, if the state has changed */
static struct vpf_note *take_step(struct vferry_pf_vf *vf, enum vpf_mig_event event,
				      const struct vpf_mig_step *step)
{
	enum vferry_mig_state old = vf->mig.state;
	struct vpf_mig *mig = &vf->mig;
	struct vpf_note *n;
	bool keep;

	lockdep_assert_held(&vf->mig_lock);

	mig->state = step->next;
	mig->post = false;
	if (event == VPF_MIG_EV_HEARD)
		mig->mig_id = mig->last.mig_id;
	if (event == VPF_MIG_EV_TIMEOUT)
		doubt(mig);
	if (step->send) {
		/* a SUSPEND that is taken back does not end the migration */
		keep = event == VPF_MIG_EV_RESUME_MORE || event == VPF_MIG_EV_TIMEOUT;
		prepare_command(mig, step->send, keep, old);
	}
	if (mig->state == old)
		return NULL;

	trace_vpf_mig_state(vf->nic->netdev, vf->nr, old, mig->state, event, mig->mig_id);
	n = note(vf, VFERRY_PF_EVENT_STATE);
	if (n) {
		n->nl.old_state = old;
		/* an event that says why follows */
		n->nl.err = step->failed || event == VPF_MIG_EV_RESET ? -ECANCELED : 0;
		n->client = true;
		n->client_event = VFERRY_PF_EV_STATE;
	}
	if (mig->state == VFERRY_MIG_IDLE) {
		mig->mig_id = 0;
		/* it may have to be told once more */
		if (event != VPF_MIG_EV_TIMEOUT)
			mig->arrived = false;
	}
	return n;
}

/* Not possible: the reason, for extack */
static const char *refusal(enum vferry_mig_state state, enum vpf_mig_event event)
{
	if (vpf_mig_link_state(state) == VFERRY_LINK_STATE_CANCEL)
		return "the last migration is being taken back";

	switch (event) {
	case VPF_MIG_EV_MIGRATE:
		return "a migration is under way already";
	case VPF_MIG_EV_SUSPEND:
		if (state == VFERRY_MIG_SUSPENDED || state == VFERRY_MIG_SUSPEND_SENT)
			return "suspended already, or about to be";
		return "not migrating";
	case VPF_MIG_EV_RESUME:
	case VPF_MIG_EV_RESUME_MORE:
		if (state == VFERRY_MIG_RESUME_SENT)
			return "being resumed already";
		return "not suspended";
	case VPF_MIG_EV_LOAD:
		return "a migration from here is under way";
	case VPF_MIG_EV_CANCEL:
	case VPF_MIG_EV_DONE:
	case VPF_MIG_EV_REFUSED:
	case VPF_MIG_EV_TIMEOUT:
	case VPF_MIG_EV_RESET:
	case VPF_MIG_EV_HEARD:
	case VPF_MIG_EVENTS:
		break;
	}
	return "not possible now";
}

/* Why no migration can begin, NULL: it can. @ret_err may be NULL */
static const char *not_migratable(const struct vpf_mig *mig, int *ret_err)
{
	const char *reason = NULL;
	int err = 0;

	if (!mig->up) {
		reason = "no driver uses the VF";
		err = -ENETDOWN;
	} else if (!mig->proto) {
		reason = "guest driver does not speak vferry";
		err = -EOPNOTSUPP;
	} else if (mig->features & VFERRY_FEAT_ASLEEP) {
		reason = "the guest sleeps";
		err = -EHOSTDOWN;
	} else if (!(mig->features & VFERRY_FEAT_MIGRATE)) {
		reason = "guest driver does not offer migration";
		err = -EOPNOTSUPP;
	} else if (mig->state != VFERRY_MIG_IDLE) {
		reason = "a migration is under way already";
		err = -EBUSY;
	}
	if (ret_err)
		*ret_err = err;
	return reason;
}

/* A migration begins: give it a number */
static void number_migration(struct vpf_mig *mig, u64 *ret_mig_id)
{
	do {
		mig->mig_id = get_random_u64();
	} while (!mig->mig_id);
	mig->last = no_timings(mig->mig_id);
	mig->arrived = false;
	mig->suspended_ns = 0;
	if (ret_mig_id)
		WRITE_ONCE(*ret_mig_id, mig->mig_id);
}

static int ask(struct vferry_pf_vf *vf, enum vpf_mig_event event, u64 *ret_mig_id,
	       struct netlink_ext_ack *extack)
{
	struct vpf_mig *mig = &vf->mig;
	const char *reason = NULL;
	struct vpf_mig_step step;
	int err = 0;

	spin_lock_bh(&vf->mig_lock);
	if (!READ_ONCE(vf->active)) {
		reason = "no such VF";
		err = -ENODEV;
		goto out;
	}
	/* what ends something is always possible, and ends by itself */
	if ((event == VPF_MIG_EV_MIGRATE || event == VPF_MIG_EV_SUSPEND) &&
	    vpf_notes_full(&mig->notes, VPF_NOTE_COMMAND)) {
		reason = "too many requests";
		err = -EBUSY;
		goto out;
	}
	step = vpf_mig_step(mig->state, event, VFERRY_MIG_IDLE);
	if (step.err) {
		reason = refusal(mig->state, event);
		err = step.err;
		goto out;
	}
	if (event == VPF_MIG_EV_MIGRATE) {
		reason = not_migratable(mig, &err);
		if (reason)
			goto out;
		number_migration(mig, ret_mig_id);
	}
	take_step(vf, event, &step);
out:
	spin_unlock_bh(&vf->mig_lock);
	if (err)
		NL_SET_ERR_MSG_FMT(extack, "VF %u: %s", vf->nr, reason);
	else
		vpf_vf_kick(vf);
	return err;
}

/**
 * vpf_mig_ask() - the host wants something
 * @vf: the VF
 * @event: VPF_MIG_EV_MIGRATE, _SUSPEND, _RESUME, _RESUME_MORE, or _CANCEL
 * @extack: for the reason, or NULL
 *
 * Any context but hard interrupts; never sleeps, so it can be called under RTNL.
 *
 * Return: 0: the guest is being told, or there is nothing to do; otherwise
 * -errno of vpf_mig_step() or vpf_mig_migratable().
 */
int vpf_mig_ask(struct vferry_pf_vf *vf, enum vpf_mig_event event,
		struct netlink_ext_ack *extack)
{
	return ask(vf, event, NULL, extack);
}

/**
 * vpf_mig_begin() - vpf_mig_ask() for a migration, by one who wants to know which it is
 * @vf: the VF
 * @ret_mig_id: its id, written before any event of it is told
 * @extack: for the reason, or NULL
 *
 * Return: as vpf_mig_ask().
 */
int vpf_mig_begin(struct vferry_pf_vf *vf, u64 *ret_mig_id, struct netlink_ext_ack *extack)
{
	return ask(vf, VPF_MIG_EV_MIGRATE, ret_mig_id, extack);
}

/* Of the migration under way, 0: none */
u64 vpf_mig_id(struct vferry_pf_vf *vf)
{
	u64 mig_id;

	spin_lock_bh(&vf->mig_lock);
	mig_id = vf->mig.mig_id;
	spin_unlock_bh(&vf->mig_lock);
	return mig_id;
}

int vpf_mig_migratable(struct vferry_pf_vf *vf, const char **ret_reason)
{
	int err;

	spin_lock_bh(&vf->mig_lock);
	*ret_reason = not_migratable(&vf->mig, &err);
	spin_unlock_bh(&vf->mig_lock);
	return err;
}

enum vferry_mig_state vpf_mig_state(struct vferry_pf_vf *vf)
{
	enum vferry_mig_state state;

	spin_lock_bh(&vf->mig_lock);
	state = vf->mig.state;
	spin_unlock_bh(&vf->mig_lock);
	return state;
}

/* Is a guest about to leave in this migration, or has left and not come back? */
static bool leaves(const struct vpf_mig *mig, u64 mig_id)
{
	if (mig->mig_id != mig_id || mig->arrived)
		return false;

	switch (mig->state) {
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_MIGRATING:
	case VFERRY_MIG_SUSPEND_SENT:
	case VFERRY_MIG_SUSPENDED:
		return true;
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_RESUME_SENT:
	case VFERRY_MIG_CANCEL_SENT:
	case VFERRY_MIG_STATES:
		break;
	}
	return false;
}

/**
 * vpf_mig_same() - which other VFs of this PF does a migration leave?
 * @vf: the VF that its guest comes to
 * @mig_id: of the migration, 0: none
 *
 * The guest then goes from one VF to another of one host. Its addresses stay with
 * the VF that it leaves until that is reset. The id is the only proof of that: whoever has
 * it can have these addresses, so nobody is told it; see include/vferry_mig_name.h.
 *
 * Return: bit n: VF n.
 */
unsigned int vpf_mig_same(struct vferry_pf_vf *vf, u64 mig_id)
{
	struct vpf_nic *nic = vf->nic;
	unsigned int same = 0, n;

	for (n = 0; n < nic->num_vfs && mig_id; n++) {
		struct vferry_pf_vf *other = &nic->vf[n];

		if (other == vf)
			continue;
		spin_lock_bh(&other->mig_lock);
		if (leaves(&other->mig, mig_id))
			same |= BIT(n);
		spin_unlock_bh(&other->mig_lock);
	}
	return same;
}

/**
 * vpf_mig_origin() - which other VFs of this PF has the guest on this one left?
 * @vf: the VF
 *
 * Return: as vpf_mig_same().
 */
unsigned int vpf_mig_origin(struct vferry_pf_vf *vf)
{
	u64 mig_id;

	spin_lock_bh(&vf->mig_lock);
	mig_id = vf->mig.came_id;
	spin_unlock_bh(&vf->mig_lock);
	return vpf_mig_same(vf, mig_id);
}

/* The guest has gone; the next one has not come by its migration */
void vpf_mig_left(struct vferry_pf_vf *vf)
{
	spin_lock_bh(&vf->mig_lock);
	vf->mig.came_id = 0;
	spin_unlock_bh(&vf->mig_lock);
}

/* Has the VF's driver said HELLO? */
bool vpf_mig_speaks(struct vferry_pf_vf *vf)
{
	bool speaks;

	spin_lock_bh(&vf->mig_lock);
	speaks = vf->mig.proto;
	spin_unlock_bh(&vf->mig_lock);
	return speaks;
}

/* While the guest is suspended here, and when it has not been resumed yet */
bool vpf_mig_hidden(struct vferry_pf_vf *vf)
{
	return vpf_mig_state(vf) == VFERRY_MIG_SUSPENDED;
}

/**
 * vpf_mig_phase() - the virtual machine has taken a step
 * @vf: the VF
 * @phase: enum vferry_pf_nl_phase
 */
void vpf_mig_phase(struct vferry_pf_vf *vf, u32 phase)
{
	struct vpf_note *n;

	spin_lock_bh(&vf->mig_lock);
	n = vpf_note_add(vf, VFERRY_PF_EVENT_PHASE, VPF_NOTE_USER);
	if (n)
		n->nl.phase = phase;
	spin_unlock_bh(&vf->mig_lock);
	vpf_notes_kick(vf);
}

/**
 * vpf_mig_report() - a migration fails for a reason that the VF does not know
 * @vf: the VF
 * @err: -errno
 * @reason: in words
 *
 * Not told to the holder: it is who says so.
 */
void vpf_mig_report(struct vferry_pf_vf *vf, int err, const char *reason)
{
	struct vpf_note *n;

	spin_lock_bh(&vf->mig_lock);
	n = vpf_note_add(vf, VFERRY_PF_EVENT_FAILED, VPF_NOTE_USER);
	note_failed(vf, n, err, reason);
	spin_unlock_bh(&vf->mig_lock);
	vpf_notes_kick(vf);
}

/**
 * vpf_mig_load() - a suspended guest arrives, or one that was only stopped
 * @vf: the VF, clear to send
 * @mig_id: of the migration, 0: there was none
 * @proto: version its driver speaks
 * @features: VFERRY_FEAT_* in use
 *
 * Return: 0, or -EBUSY: a migration from here is under way.
 */
int vpf_mig_load(struct vferry_pf_vf *vf, u64 mig_id, u32 proto, u32 features)
{
	struct vpf_mig *mig = &vf->mig;
	struct vpf_mig_step step;

	spin_lock_bh(&vf->mig_lock);
	step = vpf_mig_step(mig->state, VPF_MIG_EV_LOAD, VFERRY_MIG_SUSPENDED);
	if (!step.err) {
		mig->up = true;
		mig->proto = proto;
		mig->features = features;
		mig->mig_id = mig_id;
		mig->arrived = mig_id;
		mig->came_id = mig_id;
		mig->last = no_timings(mig_id);
		mig->suspended_ns = 0;
		/* without a migration it was not suspended */
		if (mig_id)
			take_step(vf, VPF_MIG_EV_LOAD, &step);
		believe(mig);
	}
	spin_unlock_bh(&vf->mig_lock);
	vpf_vf_kick(vf);
	return step.err;
}

static int result_errno(u32 result)
{
	switch ((enum vferry_mbx_result)result) {
	case VFERRY_RES_OK:		return 0;
	case VFERRY_RES_UNKNOWN:	return -EOPNOTSUPP;
	case VFERRY_RES_STATE:		return -EINVAL;
	case VFERRY_RES_TIMEOUT:	return -ETIME;
	case VFERRY_RES_FAILED:		return -EIO;
	}
	return -EPROTO;
}

static void count_answer(struct vferry_pf_vf *vf, u32 cmd, bool ok)
{
	switch (cmd) {
	case VFERRY_CMD_MIGRATE:
		vpf_mbx_count(vf->nic, ok ? VPF_MBX_MIGRATE_OK : VPF_MBX_MIGRATE_FAILED);
		break;
	case VFERRY_CMD_CANCEL:
		vpf_mbx_count(vf->nic, ok ? VPF_MBX_CANCEL_OK : VPF_MBX_CANCEL_FAILED);
		break;
	case VFERRY_CMD_SUSPEND:
		vpf_mbx_count(vf->nic, ok ? VPF_MBX_SUSPEND_OK : VPF_MBX_SUSPEND_FAILED);
		break;
	case VFERRY_CMD_RESUME:
		vpf_mbx_count(vf->nic, ok ? VPF_MBX_RESUME_OK : VPF_MBX_RESUME_FAILED);
		break;
	}
}

static void keep_timings(struct vpf_mig *mig, const struct vferry_mbx_status *status,
			 u64 now)
{
	struct vpf_nl_last *last = &mig->last;
	u64 us = since_us(mig->posted_ns, now);

	last->pages = max(last->pages, status->pages);
	switch (status->cmd) {
	case VFERRY_CMD_MIGRATE:
		last->migrate_us = us;
		break;
	case VFERRY_CMD_SUSPEND:
		last->suspend_us = us;
		last->guest_suspend_us = status->duration_us;
		mig->suspended_ns = now;
		break;
	case VFERRY_CMD_RESUME:
		last->resume_us = us;
		last->guest_resume_us = status->duration_us;
		break;
	}
}

/* Also one that cannot be written is forgotten some day */
static void begin_ping(struct vpf_mig *mig, u64 now)
{
	mig->ping = next_seq(mig);
	mig->ping_check = false;
	mig->ping_post = true;
	mig->ping_deadline_ns = now + VPF_PING_NS;
}

static void pong(struct vferry_pf_vf *vf, const struct vferry_mbx_status *status, u64 now)
{
	struct vpf_mig *mig = &vf->mig;
	struct vpf_note *n = NULL;

	if (!mig->ping_check)
		n = note(vf, VFERRY_PF_EVENT_PONG);
	if (n) {
		n->nl.duration_us = since_us(mig->ping_posted_ns, now);
		n->nl.guest_us = status->duration_us;
		n->client = true;
		n->client_event = VFERRY_PF_EV_PONG;
	}
	mig->ping = 0;
}

/* A suspended guest says that it has settled, with its answer or once more */
static void settled(struct vferry_pf_vf *vf, const struct vferry_mbx_status *status)
{
	struct vpf_mig *mig = &vf->mig;
	struct vpf_note *n;

	if (!(status->flags & VFERRY_STATUS_F_SETTLED) || mig->settled ||
	    mig->state != VFERRY_MIG_SUSPENDED || status->cmd != VFERRY_CMD_SUSPEND ||
	    status->seq != mig->cmd.seq)
		return;

	mig->settled = true;
	n = note(vf, VFERRY_PF_EVENT_PHASE);
	if (!n)
		return;
	n->nl.phase = VFERRY_PF_PHASE_SETTLED;
	n->client = true;
	n->client_event = VFERRY_PF_EV_SETTLED;
}

/*
 * The guest tells its state in each STATUS. What it says of its own accord may be old, so
 * it is asked then; the answer to that is acted upon. A guest that is told
 * what to do is believed when it has done it.
 */
static void heard(struct vferry_pf_vf *vf, const struct vferry_mbx_status *status, bool asked)
{
	struct vpf_mig *mig = &vf->mig;
	struct vpf_mig_step step;
	char reason[VPF_REASON_MAX];

	if (vpf_mig_is_sent(mig->state))
		return;
	if (status->state != mig->state && !asked) {
		doubt(mig);
		return;
	}
	if (status->state == mig->state) {
		if (asked)
			believe(mig);
		return;
	}
	step = vpf_mig_step(mig->state, VPF_MIG_EV_HEARD, status->state);
	snprintf(reason, sizeof(reason), "guest driver: is %s, not %s",
		 vferry_mig_state_name(status->state), vferry_mig_state_name(mig->state));
	take_step(vf, VPF_MIG_EV_HEARD, &step);
	if (step.failed)
		step_failed(vf, -EPROTO, reason);
}

/**
 * vpf_mig_status() - the guest has answered
 * @vf: the VF
 * @status: its answer; one that nobody waits for is ignored
 */
void vpf_mig_status(struct vferry_pf_vf *vf, const struct vferry_mbx_status *status)
{
	struct vpf_mig *mig = &vf->mig;
	u64 now = ktime_get_ns();
	bool ok = status->result == VFERRY_RES_OK;
	char reason[VPF_REASON_MAX];
	enum vpf_mig_event event;
	struct vpf_mig_step step;
	struct vpf_note *n;
	bool asked = false;

	spin_lock_bh(&vf->mig_lock);
	if (status->cmd == VFERRY_CMD_PING) {
		asked = mig->ping && !mig->ping_post && status->seq == mig->ping;
		if (asked)
			pong(vf, status, now);
		goto out;
	}
	if (!vpf_mig_is_sent(mig->state) || !mig->posted_ns ||
	    status->cmd != mig->cmd.cmd || status->seq != mig->cmd.seq)
		goto out;

	count_answer(vf, status->cmd, ok);
	if (ok)
		keep_timings(mig, status, now);
	event = ok ? VPF_MIG_EV_DONE : VPF_MIG_EV_REFUSED;
	step = vpf_mig_step(mig->state, event, status->state);
	n = take_step(vf, event, &step);
	if (n) {
		n->nl.duration_us = since_us(mig->posted_ns, now);
		n->nl.guest_us = status->duration_us;
	}
	if (step.failed) {
		snprintf(reason, sizeof(reason), "guest driver: %s: %s",
			 vferry_mbx_cmd_name(status->cmd),
			 vferry_mbx_result_name(status->result));
		step_failed(vf, result_errno(status->result), reason);
	}
	if (status->state == mig->state)
		believe(mig);
out:
	settled(vf, status);
	heard(vf, status, asked);
	spin_unlock_bh(&vf->mig_lock);
}

/* A driver that speaks vferry has come up */
void vpf_mig_hello(struct vferry_pf_vf *vf, u32 proto, u32 features)
{
	struct vpf_mig *mig = &vf->mig;
	struct vpf_note *n;

	spin_lock_bh(&vf->mig_lock);
	mig->proto = proto;
	mig->features = features;
	n = note(vf, VFERRY_PF_EVENT_HELLO);
	if (n)
		n->nl.proto = proto;
	spin_unlock_bh(&vf->mig_lock);
}

/* The VF's driver is clear to send, or not any more */
void vpf_mig_up(struct vferry_pf_vf *vf, bool up)
{
	spin_lock_bh(&vf->mig_lock);
	vf->mig.up = up;
	if (up)
		vf->mig.lost_ns = 0;
	spin_unlock_bh(&vf->mig_lock);
}

/**
 * vpf_mig_reset() - the VF was reset: whoever spoke to us is gone
 * @vf: the VF
 */
void vpf_mig_reset(struct vferry_pf_vf *vf)
{
	struct vpf_mig *mig = &vf->mig;
	struct vpf_mig_step step;
	struct vpf_note *n;
	bool lost;

	spin_lock_bh(&vf->mig_lock);
	lost = mig->up || mig->state != VFERRY_MIG_IDLE;
	mig->up = false;
	mig->proto = 0;
	mig->features = 0;
	mig->ping = 0;
	believe(mig);
	if (mig->state != VFERRY_MIG_IDLE)
		mig->lost_ns = ktime_get_ns() + VPF_LOST_NS;
	step = vpf_mig_step(mig->state, VPF_MIG_EV_RESET, VFERRY_MIG_IDLE);
	take_step(vf, VPF_MIG_EV_RESET, &step);
	if (step.failed)
		step_failed(vf, -ECONNRESET, "the VF was reset");
	if (lost) {
		n = note(vf, VFERRY_PF_EVENT_RESET);
		if (n) {
			n->client = true;
			n->client_event = VFERRY_PF_EV_RESET;
		}
	}
	spin_unlock_bh(&vf->mig_lock);
}

/* Ask a guest that we are not sure of. Returns when there is something to do about it */
static u64 check_guest(struct vpf_mig *mig, u64 now)
{
	if (mig->ping)
		return mig->ping_deadline_ns - now;
	if (!mig->unsure || !mig->up || !mig->proto || vpf_mig_is_sent(mig->state))
		return VPF_NEVER;
	if (now < mig->check_ns)
		return mig->check_ns - now;

	begin_ping(mig, now);
	mig->ping_check = true;
	mig->check_wait_ns = clamp(2 * mig->check_wait_ns, VPF_CHECK_MIN_NS, VPF_CHECK_MAX_NS);
	mig->check_ns = now + mig->check_wait_ns;
	return VPF_PING_NS;
}

/**
 * vpf_mig_timers() - see to deadlines
 * @vf: the VF
 * @now: ktime_get_ns()
 *
 * Not to what is to be written, and when: whether it can be is known to the mailbox.
 *
 * Return: nanoseconds to the next one, or %VPF_NEVER.
 */
u64 vpf_mig_timers(struct vferry_pf_vf *vf, u64 now)
{
	struct vpf_mig *mig = &vf->mig;
	u64 next = VPF_NEVER;

	spin_lock_bh(&vf->mig_lock);
	if (mig->ping && now >= mig->ping_deadline_ns)
		mig->ping = 0;

	if (vpf_mig_is_sent(mig->state) && now >= mig->deadline_ns) {
		struct vpf_mig_step step = vpf_mig_step(mig->state, VPF_MIG_EV_TIMEOUT,
							VFERRY_MIG_IDLE);
		char reason[VPF_REASON_MAX];

		snprintf(reason, sizeof(reason), "guest driver: %s: no answer within %u ms",
			 vferry_mbx_cmd_name(mig->cmd.cmd), mig->limit_ms);
		count_answer(vf, mig->cmd.cmd, false);
		take_step(vf, VPF_MIG_EV_TIMEOUT, &step);
		if (step.failed)
			step_failed(vf, -ETIMEDOUT, reason);
	}
	if (vpf_mig_is_sent(mig->state))
		next = mig->deadline_ns > now ? mig->deadline_ns - now : 0;
	next = min(next, check_guest(mig, now));
	if (mig->lost_ns)
		next = min(next, mig->lost_ns > now ? mig->lost_ns - now : 0);
	spin_unlock_bh(&vf->mig_lock);
	return next;
}

/**
 * vpf_mig_lost() - is the guest to be told that its VF was reset?
 * @vf: the VF
 * @now: ktime_get_ns()
 *
 * One that is suspended does not look, and would stay so. When nobody holds the VF, the
 * guest has left, and the next one has a driver that comes up.
 *
 * Return: yes; once.
 */
bool vpf_mig_lost(struct vferry_pf_vf *vf, u64 now)
{
	struct vpf_mig *mig = &vf->mig;
	bool lost;

	spin_lock_bh(&vf->mig_lock);
	lost = mig->lost_ns && now >= mig->lost_ns;
	if (lost)
		mig->lost_ns = 0;
	spin_unlock_bh(&vf->mig_lock);
	return lost && READ_ONCE(vf->client_ops);
}

/**
 * vpf_mig_next() - what is to be written into the mailbox?
 * @vf: the VF
 * @now: ktime_get_ns()
 * @ret_cmd: the command
 * @ret_repeat: it has been written before, with the same number
 *
 * Return: 0: @ret_cmd; otherwise nanoseconds until there is something, or %VPF_NEVER.
 */
u64 vpf_mig_next(struct vferry_pf_vf *vf, u64 now, struct vferry_mbx_command *ret_cmd,
		 bool *ret_repeat)
{
	struct vpf_mig *mig = &vf->mig;
	u64 wait = VPF_NEVER;

	*ret_repeat = false;
	spin_lock_bh(&vf->mig_lock);
	if (!mig->up) {
		/* nobody reads it */
	} else if (vpf_mig_is_sent(mig->state)) {
		*ret_cmd = mig->cmd;
		*ret_repeat = !mig->post;
		wait = mig->post || now >= mig->repeat_ns ? 0 : mig->repeat_ns - now;
	} else if (mig->ping && mig->ping_post) {
		/* not in between: the guest remembers one answer only */
		*ret_cmd = (struct vferry_mbx_command) {
			.cmd = VFERRY_CMD_PING,
			.seq = mig->ping,
			.mig_id = mig->mig_id,
		};
		wait = 0;
	}
	spin_unlock_bh(&vf->mig_lock);
	return wait;
}

/**
 * vpf_mig_posted() - a command was written
 * @vf: the VF
 * @seq: its number
 * @now: when
 *
 * Return: nanoseconds until it is to be written again, or %VPF_NEVER.
 */
u64 vpf_mig_posted(struct vferry_pf_vf *vf, u32 seq, u64 now)
{
	struct vpf_mig *mig = &vf->mig;
	u64 wait = VPF_NEVER;

	spin_lock_bh(&vf->mig_lock);
	if (vpf_mig_is_sent(mig->state) && seq == mig->cmd.seq) {
		if (mig->post) {
			mig->posted_ns = now;
			if (mig->cmd.cmd != VFERRY_CMD_SUSPEND && mig->suspended_ns) {
				mig->last.suspended_us = since_us(mig->suspended_ns, now);
				mig->suspended_ns = 0;
			}
		}
		mig->post = false;
		mig->repeat_ns = now + VPF_REPEAT_NS;
		wait = VPF_REPEAT_NS;
	} else if (seq == mig->ping) {
		mig->ping_post = false;
		mig->ping_posted_ns = now;
		mig->ping_deadline_ns = now + VPF_PING_NS;
	}
	spin_unlock_bh(&vf->mig_lock);
	return wait;
}

/**
 * vpf_mig_overwritten() - the guest has written over what it had not read
 * @vf: the VF
 *
 * A guest that is stopped between taking the mailbox and ringing does the rest where
 * it arrives, over RESUME, and would then wait for its repetition. Once for each command:
 * a guest that always writes without reading waits.
 */
void vpf_mig_overwritten(struct vferry_pf_vf *vf)
{
	struct vpf_mig *mig = &vf->mig;

	spin_lock_bh(&vf->mig_lock);
	if (vpf_mig_is_sent(mig->state) && !mig->post && !mig->rewritten) {
		mig->rewritten = true;
		mig->repeat_ns = 0;
		vpf_mbx_count(vf->nic, VPF_MBX_OVERWRITTEN);
	}
	spin_unlock_bh(&vf->mig_lock);
}

/* Once for each life of a VF */
void vpf_mig_init(struct vferry_pf_vf *vf)
{
	spin_lock_bh(&vf->mig_lock);
	memset(&vf->mig, 0, sizeof(vf->mig));
	vf->mig.seq = get_random_u32();
	vpf_notes_init(&vf->mig.notes);
	spin_unlock_bh(&vf->mig_lock);
}

/* nl.c asks; vpf_nics_lock is held */
void vpf_mig_describe(struct vpf_nic *nic, unsigned int nr, struct vpf_nl_vf *ret)
{
	struct vferry_pf_vf *vf = &nic->vf[nr];
	struct vpf_mig *mig = &vf->mig;

	/* reads the PF's configuration space */
	vpf_sriov_pci_name(nic, nr, ret->pci, sizeof(ret->pci));

	mutex_lock(&vf->lock);
	ether_addr_copy(ret->mac, vf->mac);
	ret->link_state = vf->policy.link_state;
	mutex_unlock(&vf->lock);

	spin_lock_bh(&vf->mig_lock);
	ret->state = mig->state;
	ret->link_state = vpf_mig_link_state(mig->state) ?: ret->link_state;
	ret->proto = mig->proto;
	ret->features = mig->features;
	ret->reason = not_migratable(mig, NULL);
	ret->mig_id = mig->mig_id;
	ret->last = mig->last;
	spin_unlock_bh(&vf->mig_lock);

	ret->held = READ_ONCE(vf->client_ops);
}

/* A user asks by link state (enum vferry_link_state) */
int vpf_mig_user(struct vpf_nic *nic, unsigned int nr, u32 link_state,
		 struct netlink_ext_ack *extack)
{
	struct vferry_pf_vf *vf = &nic->vf[nr];

	switch (link_state) {
	case VFERRY_LINK_STATE_MIGRATE:
		return vpf_mig_ask(vf, VPF_MIG_EV_MIGRATE, extack);
	case VFERRY_LINK_STATE_CANCEL:
		return vpf_mig_ask(vf, VPF_MIG_EV_CANCEL, extack);
	case VFERRY_LINK_STATE_SUSPEND:
		return vpf_mig_ask(vf, VPF_MIG_EV_SUSPEND, extack);
	case VFERRY_LINK_STATE_RESUME:
		return vpf_mig_ask(vf, VPF_MIG_EV_RESUME, extack);
	}
	return -EINVAL;
}

int vpf_mig_ping(struct vpf_nic *nic, unsigned int nr, struct netlink_ext_ack *extack)
{
	struct vferry_pf_vf *vf = &nic->vf[nr];
	struct vpf_mig *mig = &vf->mig;
	const char *reason = NULL;
	int err = 0;

	spin_lock_bh(&vf->mig_lock);
	if (!mig->up || !mig->proto) {
		reason = not_migratable(mig, &err);
	} else if (mig->ping && mig->ping_check) {
		mig->ping_check = false;	/* one answer for both */
	} else if (mig->ping) {
		reason = "the last ping is not answered yet";
		err = -EBUSY;
	} else {
		begin_ping(mig, ktime_get_ns());
	}
	spin_unlock_bh(&vf->mig_lock);
	/* its arguments are not evaluated when nobody wants the text */
	if (err)
		NL_SET_ERR_MSG_FMT(extack, "VF %u: %s", vf->nr, reason);
	else
		vpf_vf_kick(vf);
	return err;
}
