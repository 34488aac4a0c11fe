// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration: commands of the PF.
 *
 * All commands are executed by the mailbox's worker, under vvf.lock, by
 * mig_state.c's table. Suspend and resume allocate nothing, take no RTNL and
 * wait for no user space. The interface stays present, with its carrier,
 * addresses and routes; only its queue is stopped. What is asked of it while
 * suspended is accepted, and reaches the NIC after RESUME:
 *
 * - down frees the rings, up makes new ones and does not start them; RESUME
 *   starts what is there then;
 * - a ring change exchanges the rings; MTU, addresses and VLANs are noted;
 * - reset: see link.c;
 * - remove ends it all with a reset of the VF, which the PF sees.
 *
 * An interface that is down is migrated too: there is nothing to bring to
 * rest, but the mailbox and its interrupts are alive from probe to remove.
 */
#include <linux/rtnetlink.h>

#include "mig_state.h"
#include "nl.h"
#include "trace.h"
#include "vvf.h"

static void vvf_mig_set_state(struct vvf *vvf, enum vferry_mig_state state)
{
	struct vvf_mig *mig = &vvf->mig;

	lockdep_assert_held(&vvf->lock);

	if (mig->state == state)
		return;
	trace_vvf_state(vvf->netdev, mig->state, state);
	WRITE_ONCE(mig->state, state);
}

/**
 * vvf_mig_suspended() - is the VF at rest?
 * @vvf: device
 */
bool vvf_mig_suspended(struct vvf *vvf)
{
	return READ_ONCE(vvf->mig.state) == VFERRY_MIG_SUSPENDED;
}

/**
 * vvf_mig_reason() - why this VF cannot be migrated
 * @vvf: device
 *
 * Return: in words; NULL: it can.
 */
const char *vvf_mig_reason(const struct vvf *vvf)
{
	if (vvf->link.pf_absent)
		return "host PF driver does not answer";
	if (!vvf->mig.welcome.version)
		return "host PF driver does not speak vferry";
	if (!(vvf->mig.welcome.features & VFERRY_FEAT_MIGRATE))
		return "host PF driver does not offer migration";
	return NULL;
}

/**
 * vvf_mig_negotiated() - HELLO was answered, or not
 * @vvf: device
 * @error: 0: mig.welcome says what was agreed on
 */
void vvf_mig_negotiated(struct vvf *vvf, int error)
{
	struct vvf_mig *mig = &vvf->mig;

	if (error)
		mig->welcome = (struct vferry_mbx_welcome) {};
	if (error && error != -EACCES)
		return;
	if (mig->said)
		return;
	mig->said = true;
	if (error)
		dev_info(&vvf->pdev->dev,
			 "not migratable: host PF driver does not speak vferry\n");
	else
		dev_info(&vvf->pdev->dev, "migratable, vferry protocol %u\n",
			 mig->welcome.version);
}

static void vvf_mig_tell(struct vvf *vvf, enum vferry_vf_nl_event kind, u32 result, bool arrived)
{
	const struct vvf_event event = {
		.kind = kind,
		.state = vvf->mig.state,
		.result = result,
		.arrived = arrived,
		.mig_id = vvf->mig.mig_id,
		.time_ns = ktime_get_real_ns(),
	};

	lockdep_assert_held(&vvf->lock);

	/* When nobody gets to telling them, the oldest are still in there. */
	kfifo_put(&vvf->mig.events, event);
	schedule_work(&vvf->mig.told);
}

/* What resume and the others have left for later. RTNL is taken here. */
static void vvf_mig_told(struct work_struct *work)
{
	struct vvf *vvf = container_of(work, struct vvf, mig.told);
	struct vvf_mig *mig = &vvf->mig;
	struct vvf_event event;

	if (xchg(&mig->announce, false)) {
		rtnl_lock();
		if (vvf->netdev->reg_state == NETREG_REGISTERED && netif_running(vvf->netdev))
			__netdev_notify_peers(vvf->netdev);
		rtnl_unlock();
	}

	for (;;) {
		bool have;

		mutex_lock(&vvf->lock);
		have = kfifo_get(&mig->events, &event);
		mutex_unlock(&vvf->lock);
		if (!have)
			break;
		vvf_nl_event(vvf, &event);
	}
}

static u32 vvf_mig_suspend(struct vvf *vvf)
{
	int r = 0;

	vvf_mbx_pause(vvf, true);
	if (vvf->running)
		r = vvf_queue_rest(vvf);
	if (r) {
		vvf_mbx_pause(vvf, false);
		return VFERRY_RES_TIMEOUT;
	}
	vvf->mig.suspends++;
	return VFERRY_RES_OK;
}

/* Requests are let through when the answer is on its way. */
static u32 vvf_mig_resume(struct vvf *vvf, bool logging)
{
	int r = 0;

	vvf_irq_program(vvf);
	if (!logging)
		vvf_dirty_stop(&vvf->dirty);
	if (vvf->rings)
		r = vvf_queue_start(vvf);
	if (r) {
		dev_err(&vvf->pdev->dev, "resume: %pe, resetting\n", ERR_PTR(r));
		vvf_dirty_stop(&vvf->dirty);
		return VFERRY_RES_FAILED;
	}
	vvf->mig.resumes++;
	WRITE_ONCE(vvf->mig.announce, true);
	return VFERRY_RES_OK;
}

static u32 vvf_mig_act(struct vvf *vvf, enum vvf_mig_action action)
{
	switch (action) {
	case VVF_MIG_NOTHING:
		break;
	case VVF_MIG_LOG_ON:
		vvf_dirty_start(&vvf->dirty);
		vvf->mig.migrations++;
		break;
	case VVF_MIG_LOG_OFF:
		vvf_dirty_stop(&vvf->dirty);
		break;
	case VVF_MIG_SUSPEND:
		return vvf_mig_suspend(vvf);
	case VVF_MIG_RESUME:
		return vvf_mig_resume(vvf, false);
	case VVF_MIG_RESUME_LOGGING:
		return vvf_mig_resume(vvf, true);
	}
	return VFERRY_RES_OK;
}

static enum vferry_vf_nl_event vvf_mig_event_kind(u32 cmd)
{
	switch ((enum vferry_mbx_cmd)cmd) {
	case VFERRY_CMD_PING:		return VFERRY_VF_EVENT_UNSPEC;
	case VFERRY_CMD_MIGRATE:	return VFERRY_VF_EVENT_MIGRATE;
	case VFERRY_CMD_CANCEL:		return VFERRY_VF_EVENT_CANCEL;
	case VFERRY_CMD_SUSPEND:	return VFERRY_VF_EVENT_SUSPEND;
	case VFERRY_CMD_RESUME:		return VFERRY_VF_EVENT_RESUME;
	}
	return VFERRY_VF_EVENT_UNSPEC;
}

/* State and result after a step that was tried. */
static u32 vvf_mig_settle(struct vvf *vvf, const struct vvf_mig_step *step, u32 done)
{
	if (done == VFERRY_RES_OK) {
		vvf_mig_set_state(vvf, step->next);
		return step->result;
	}
	/* A SUSPEND that did not come to rest goes on migrating ... */
	if (step->action == VVF_MIG_SUSPEND)
		return done;
	/* ... and a VF that cannot resume has lost its migration. */
	vvf_mig_set_state(vvf, VFERRY_MIG_IDLE);
	vvf_link_want_reset(vvf);
	return done;
}

static u32 vvf_mig_us(ktime_t from, ktime_t to)
{
	return clamp(ktime_us_delta(to, from), (s64)0, (s64)U32_MAX);
}

static bool vvf_mig_is_resume(enum vvf_mig_action action)
{
	return action == VVF_MIG_RESUME || action == VVF_MIG_RESUME_LOGGING;
}

/* What has time until the PF has its answer. */
static void vvf_mig_afterwards(struct vvf *vvf, const struct vferry_mbx_status *status,
			       enum vvf_mig_action action)
{
	if (action == VVF_MIG_SUSPEND)
		vvf_queue_deliver(vvf);
	if (!vvf_mig_is_resume(action))
		return;
	vvf_mbx_pause(vvf, false);
	vvf_filter_resumed(vvf);
	vvf_link_resumed(vvf);
	if (status->result != VFERRY_RES_OK)
		vvf_link_want_reset(vvf);
	vvf_queue_kick(vvf);
}

static void vvf_mig_execute(struct vvf *vvf, const struct vferry_mbx_command *command,
			    ktime_t noticed)
{
	const struct vvf_mig_step step = vvf_mig_step(vvf->mig.state, command->cmd,
						      command->flags);
	enum vferry_vf_nl_event kind = vvf_mig_event_kind(command->cmd);
	struct vferry_mbx_status status = {
		.cmd = command->cmd,
		.seq = command->seq,
	};
	struct vvf_mig *mig = &vvf->mig;
	ktime_t begun = ktime_get();
	ktime_t done, sent;

	if (step.action != VVF_MIG_NOTHING)
		mig->mig_id = command->mig_id;
	status.result = vvf_mig_settle(vvf, &step, vvf_mig_act(vvf, step.action));
	/* What waited for the queues to run has run before us. */
	done = vvf_mig_is_resume(step.action) && vvf->running ? vvf->started : ktime_get();
	status.duration_us = vvf_mig_us(noticed, done);
	status.state = mig->state;
	status.pages = min(vvf_dirty_pages(&vvf->dirty), (unsigned long)U32_MAX);
	mig->last = status;
	sent = vvf_mbx_status(vvf, &status);

	/* SUSPEND is done when the answer is sent, RESUME when the queues run. */
	if (step.action == VVF_MIG_SUSPEND) {
		mig->suspend_us = vvf_mig_us(noticed, sent);
		mig->suspend_wait_us = vvf_mig_us(noticed, begun);
	}
	if (vvf_mig_is_resume(step.action)) {
		mig->resume_us = status.duration_us;
		mig->resume_wait_us = vvf_mig_us(noticed, begun);
	}
	vvf_mig_afterwards(vvf, &status, step.action);
	if (kind != VFERRY_VF_EVENT_UNSPEC && step.action != VVF_MIG_NOTHING)
		vvf_mig_tell(vvf, kind, status.result, command->flags & VFERRY_CMD_F_ARRIVED);
}

/**
 * vvf_mig_command() - execute a command and answer it
 * @vvf: device
 * @command: as it came
 * @noticed: when its interrupt did
 *
 * Called by the mailbox's worker.
 */
void vvf_mig_command(struct vvf *vvf, const struct vferry_mbx_command *command, ktime_t noticed)
{
	struct vvf_mig *mig = &vvf->mig;

	mutex_lock(&vvf->lock);
	if (mig->last.seq == command->seq && mig->last.cmd == command->cmd) {
		mig->repeated++;
		vvf_mbx_status(vvf, &mig->last);
	} else {
		vvf_mig_execute(vvf, command, noticed);
	}
	mutex_unlock(&vvf->lock);
}

/**
 * vvf_mig_reset() - a reset of the VF ends its migration
 * @vvf: device, with vvf.lock held
 */
void vvf_mig_reset(struct vvf *vvf)
{
	struct vvf_mig *mig = &vvf->mig;

	lockdep_assert_held(&vvf->lock);

	mig->last = (struct vferry_mbx_status) {};
	vvf_dirty_stop(&vvf->dirty);
	if (mig->state == VFERRY_MIG_IDLE)
		return;
	vvf_mig_set_state(vvf, VFERRY_MIG_IDLE);
	vvf_mig_tell(vvf, VFERRY_VF_EVENT_RESET, VFERRY_RES_OK, false);
}

/**
 * vvf_mig_init() - prepare
 * @vvf: device
 */
void vvf_mig_init(struct vvf *vvf)
{
	struct vvf_mig *mig = &vvf->mig;

	mig->state = VFERRY_MIG_IDLE;
	__skb_queue_head_init(&mig->kept);
	INIT_KFIFO(mig->events);
	INIT_WORK(&mig->told, vvf_mig_told);
	vvf_dirty_init(&vvf->dirty);
}

/**
 * vvf_mig_stop() - tell nothing any more, log no more
 * @vvf: device; its worker has ended
 */
void vvf_mig_stop(struct vvf *vvf)
{
	disable_work_sync(&vvf->mig.told);
	mutex_lock(&vvf->lock);
	vvf_dirty_stop(&vvf->dirty);
	mutex_unlock(&vvf->lock);
	vvf_dirty_exit(&vvf->dirty);
	__skb_queue_purge(&vvf->mig.kept);
}
