// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration: commands of the PF.
 *
 * Commands are executed by mig_state.c's table: SUSPEND and RESUME in the mailbox's
 * interrupt handler if no thread is in its way, and the worker does what has
 * time; all else by the worker, under vvf.lock. Suspend and resume allocate
 * nothing, take no RTNL and wait for no user space, but for an agent that has asked
 * for it: hear.c. The interface stays present, with its carrier, addresses and
 * routes; only its queue is stopped. What is asked of it while suspended is
 * accepted, and reaches the NIC after RESUME:
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

	vvf_assert_locked(vvf);

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

static void vvf_mig_tell(struct vvf *vvf, enum vferry_vf_nl_event kind,
			 const struct vvf_mig_job *job)
{
	const struct vvf_event event = {
		.kind = kind,
		.state = job->state,
		.result = job->result,
		.arrived = job->command.flags & VFERRY_CMD_F_ARRIVED,
		.mig_id = vvf->mig.mig_id,
		.time_ns = ktime_get_real_ns(),
		.boot_ns = ktime_get_boottime_ns(),
	};

	lockdep_assert_held(&vvf->lock);

	/* When nobody gets to telling them, the oldest are still in there. */
	kfifo_put(&vvf->mig.events, event);
	/* The network waits for the announcement. */
	vvf_queue_work(vvf, system_highpri_wq, &vvf->mig.told);
}

/* What resume and the others have left for later. RTNL is taken here. */
static void vvf_mig_told(struct work_struct *work)
{
	struct vvf *vvf = container_of(work, struct vvf, mig.told);
	struct vvf_mig *mig = &vvf->mig;
	struct vvf_event event;
	u64 received_ns;

	if (xchg(&mig->announce, false)) {
		rtnl_lock();
		if (vvf->netdev->reg_state == NETREG_REGISTERED && netif_running(vvf->netdev))
			__netdev_notify_peers(vvf->netdev);
		rtnl_unlock();
	}

	for (;;) {
		bool have;

		vvf_lock(vvf);
		have = kfifo_get(&mig->events, &event);
		vvf_unlock(vvf);
		if (!have)
			break;
		vvf_nl_event(vvf, &event);
	}

	received_ns = atomic64_xchg(&mig->received_ns, 0);
	if (received_ns) {
		vvf_lock(vvf);
		event = (struct vvf_event) {
			.kind = VFERRY_VF_EVENT_RECEIVED,
			.state = mig->state,
			.mig_id = mig->mig_id,
			.time_ns = ktime_get_real_ns() -
				   (ktime_get_boottime_ns() - received_ns),
			.boot_ns = received_ns,
		};
		vvf_unlock(vvf);
		vvf_nl_event(vvf, &event);
	}
}

/**
 * vvf_mig_received() - the first frame after RESUME has come
 * @vvf: device
 *
 * Called by NAPI, if mig.await_frame.
 */
void vvf_mig_received(struct vvf *vvf)
{
	WRITE_ONCE(vvf->mig.await_frame, false);
	atomic64_set(&vvf->mig.received_ns, ktime_get_boottime_ns());
	vvf_queue_work(vvf, system_highpri_wq, &vvf->mig.told);
}

static void vvf_mig_go(struct vvf *vvf)
{
	spin_lock_irq(&vvf->gate.lock);
	vvf_queue_go(vvf);
	spin_unlock_irq(&vvf->gate.lock);
	vvf_queue_kick(vvf);
}

/* Frames that are about to leave may take so long to. */
#define SUSPEND_TX_US	2000

static u32 vvf_mig_suspend(struct vvf *vvf)
{
	vvf_mbx_pause(vvf, true);
	if (vvf->running && vvf_queue_halt(vvf, SUSPEND_TX_US)) {
		vvf_mig_go(vvf);
		vvf_mbx_pause(vvf, false);
		return VFERRY_RES_TIMEOUT;
	}
	vvf->mig.suspends++;
	return VFERRY_RES_OK;
}

static int vvf_mig_start_queues(struct vvf *vvf)
{
	ktime_t started;

	if (!vvf->rings)
		return 0;
	/* Rings that were made while suspended. */
	if (!vvf->running)
		return vvf_queue_start(vvf);
	vvf_mig_go(vvf);
	return vvf_queue_started(vvf, &started);
}

/* Requests are let through when the answer is on its way. */
static u32 vvf_mig_resume(struct vvf *vvf, bool logging)
{
	int r;

	vvf_irq_program(vvf);
	if (!logging)
		vvf_dirty_stop(&vvf->dirty);
	WRITE_ONCE(vvf->mig.await_frame, true);
	r = vvf_mig_start_queues(vvf);
	if (r) {
		dev_err(&vvf->pdev->dev, "resume: %pe, resetting\n", ERR_PTR(r));
		return VFERRY_RES_FAILED;
	}
	vvf->mig.resumes++;
	return VFERRY_RES_OK;
}

static u32 vvf_mig_act(struct vvf *vvf, enum vvf_mig_action action)
{
	switch (action) {
	case VVF_MIG_NOTHING:
		break;
	case VVF_MIG_LOG_ON:
		vvf_dirty_start(&vvf->dirty);
		/* Nobody asks any more for the first frame after the last one's RESUME. */
		WRITE_ONCE(vvf->mig.await_frame, false);
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
static void vvf_mig_afterwards(struct vvf *vvf, enum vvf_mig_action action, u32 result)
{
	if (!vvf_mig_is_resume(action))
		return;
	vvf_mbx_pause(vvf, false);
	vvf_filter_resumed(vvf);
	vvf_link_resumed(vvf);
	if (result != VFERRY_RES_OK)
		vvf_link_want_reset(vvf);
	WRITE_ONCE(vvf->mig.announce, true);
}

/* The answer to a command that was executed. */
static struct vferry_mbx_status vvf_mig_status(struct vvf *vvf,
					       const struct vferry_mbx_command *command,
					       u32 result)
{
	return (struct vferry_mbx_status) {
		.cmd = command->cmd,
		.seq = command->seq,
		.result = result,
		.state = vvf->mig.state,
		.pages = min(vvf_dirty_pages(&vvf->dirty), (unsigned long)U32_MAX),
		.flags = vvf_mig_suspended(vvf) && (!vvf->running || vvf->rest.settled) ?
			 VFERRY_STATUS_F_SETTLED : 0,
	};
}

/*
 * Answer, keep the timings, and do what has time. SUSPEND is done when its answer
 * is sent, RESUME when the queues run.
 */
static void vvf_mig_finish(struct vvf *vvf, struct vvf_mig_job *job)
{
	struct vvf_mig *mig = &vvf->mig;
	enum vferry_vf_nl_event kind = vvf_mig_event_kind(job->command.cmd);
	struct vferry_mbx_status status;
	ktime_t done = ktime_get(), sent;

	lockdep_assert_held(&vvf->lock);

	if (vvf_mig_is_resume(job->action) && vvf->running &&
	    vvf_queue_started(vvf, &done) && job->result == VFERRY_RES_OK) {
		job->result = VFERRY_RES_FAILED;
		job->state = VFERRY_MIG_IDLE;
		vvf_mig_set_state(vvf, VFERRY_MIG_IDLE);
	}
	status = vvf_mig_status(vvf, &job->command, job->result);
	status.duration_us = vvf_mig_us(job->noticed, done);
	if (!job->answered) {
		mig->last = status;
		sent = vvf_mbx_status(vvf, &status);
	} else {
		sent = job->sent;
	}

	if (job->action == VVF_MIG_SUSPEND) {
		mig->suspend_us = vvf_mig_us(job->noticed, sent);
		mig->suspend_wait_us = vvf_mig_us(job->noticed, job->begun);
	}
	if (vvf_mig_is_resume(job->action)) {
		mig->resume_us = status.duration_us;
		mig->resume_wait_us = vvf_mig_us(job->noticed, job->begun);
	}
	vvf_mig_afterwards(vvf, job->action, job->result);
	if (kind != VFERRY_VF_EVENT_UNSPEC && job->action != VVF_MIG_NOTHING)
		vvf_mig_tell(vvf, kind, job);
}

static void vvf_mig_execute(struct vvf *vvf, const struct vferry_mbx_command *command,
			    ktime_t noticed)
{
	const struct vvf_mig_step step = vvf_mig_step(vvf->mig.state, command->cmd,
						      command->flags);
	struct vvf_mig_job job = {
		.command = *command,
		.action = step.action,
		.noticed = noticed,
		.begun = ktime_get(),
	};

	if (step.action != VVF_MIG_NOTHING)
		vvf->mig.mig_id = command->mig_id;
	job.result = vvf_mig_settle(vvf, &step, vvf_mig_act(vvf, step.action));
	job.state = vvf->mig.state;
	vvf_mig_finish(vvf, &job);
}

static bool vvf_mig_is_repeat(const struct vvf_mig *mig, const struct vferry_mbx_command *command)
{
	return mig->last.seq == command->seq && mig->last.cmd == command->cmd;
}

/* Not now, not here: enum vferry_mbx_result has no such value. */
#define QUICK_LATER	U32_MAX

static u32 vvf_mig_quick_suspend(struct vvf *vvf)
{
	int r = vvf->running ? vvf_queue_halt(vvf, 0) : 0;

	/* Frames are leaving still: the worker waits for them. */
	if (r == -EAGAIN)
		return QUICK_LATER;
	if (r)
		vvf_queue_go(vvf);
	if (vvf->running)
		napi_schedule(&vvf->napi);
	if (r)
		return VFERRY_RES_TIMEOUT;
	vvf->mbx.paused = true;
	vvf->mig.suspends++;
	return VFERRY_RES_OK;
}

static u32 vvf_mig_quick_resume(struct vvf *vvf, bool logging)
{
	/* Rings that were made while suspended take the worker's time. */
	if (vvf->rings && !vvf->running)
		return QUICK_LATER;
	vvf_irq_program(vvf);
	WRITE_ONCE(vvf->mig.await_frame, true);
	if (vvf->running) {
		vvf_queue_go(vvf);
		napi_schedule(&vvf->napi);
	}
	/* After the queues: its timer is in memory that nobody has touched here yet. */
	if (!logging)
		vvf_dirty_stop(&vvf->dirty);
	vvf->mig.resumes++;
	return VFERRY_RES_OK;
}

static u32 vvf_mig_quick_act(struct vvf *vvf, enum vvf_mig_action action)
{
	switch (action) {
	case VVF_MIG_NOTHING:
	case VVF_MIG_LOG_ON:
	case VVF_MIG_LOG_OFF:
		break;
	case VVF_MIG_SUSPEND:
		return vvf_mig_quick_suspend(vvf);
	case VVF_MIG_RESUME:
		return vvf_mig_quick_resume(vvf, false);
	case VVF_MIG_RESUME_LOGGING:
		return vvf_mig_quick_resume(vvf, true);
	}
	return QUICK_LATER;
}

/**
 * vvf_mig_quick() - execute PING, SUSPEND or RESUME in the interrupt handler
 * @vvf: device, with gate.lock held
 * @command: as it came
 * @noticed: when its interrupt did
 *
 * Return: whether it was; vvf_mig_follow_up() has to follow then. If not, the command
 * is the worker's, as if it had not been tried.
 */
bool vvf_mig_quick(struct vvf *vvf, const struct vferry_mbx_command *command, ktime_t noticed)
{
	const struct vvf_mig_step step = vvf_mig_step(vvf->mig.state, command->cmd,
						      command->flags);
	struct vvf_mig *mig = &vvf->mig;
	struct vvf_mig_job *job = &mig->jobs[mig->n_jobs];
	u32 result;

	lockdep_assert_held(&vvf->gate.lock);

	if (mig->n_jobs == VVF_MIG_JOBS || vvf_mig_is_repeat(mig, command))
		return false;
	if (command->cmd == VFERRY_CMD_PING) {
		mig->last = vvf_mig_status(vvf, command, step.result);
		mig->last.duration_us = vvf_mig_us(noticed, ktime_get());
		vvf_mbx_quick_status(vvf, &mig->last);
		return true;
	}
	/* An agent that wants to be heard is the worker's. */
	if (step.action == VVF_MIG_SUSPEND && vvf_hear_wanted(&vvf->hear))
		return false;
	if (step.action == VVF_MIG_SUSPEND)
		WRITE_ONCE(vvf->hear.waited_us, 0);
	result = vvf_mig_quick_act(vvf, step.action);
	if (result == QUICK_LATER)
		return false;

	mig->mig_id = command->mig_id;
	mig->n_jobs++;
	*job = (struct vvf_mig_job) {
		.command = *command,
		.action = step.action,
		.result = vvf_mig_settle(vvf, &step, result),
		.noticed = noticed,
		.begun = noticed,
	};
	job->state = mig->state;
	if (step.action == VVF_MIG_SUSPEND) {
		mig->last = vvf_mig_status(vvf, command, job->result);
		mig->last.duration_us = vvf_mig_us(noticed, ktime_get());
		job->sent = vvf_mbx_quick_status(vvf, &mig->last);
		job->answered = true;
	}
	return true;
}

/* Was SUSPEND answered without saying that the rings are settled? */
static bool vvf_mig_is_untold(const struct vvf_mig *mig)
{
	return mig->state == VFERRY_MIG_SUSPENDED && mig->last.cmd == VFERRY_CMD_SUSPEND &&
	       !(mig->last.flags & VFERRY_STATUS_F_SETTLED);
}

/* If so, it is to be answered once more. */
static bool vvf_mig_settled_untold(struct vvf_mig *mig)
{
	if (!vvf_mig_is_untold(mig))
		return false;
	mig->last.flags |= VFERRY_STATUS_F_SETTLED;
	return true;
}

/**
 * vvf_mig_has_work() - would vvf_mig_follow_up() do anything?
 * @vvf: device, with gate.lock held and nobody inside
 */
bool vvf_mig_has_work(const struct vvf *vvf)
{
	lockdep_assert_held(&vvf->gate.lock);

	return vvf->mig.n_jobs || (vvf->rest.settled && vvf_mig_is_untold(&vvf->mig));
}

/**
 * vvf_mig_settled() - nothing of what the VF had received is in the rings any more
 * @vvf: device, with gate.lock held
 *
 * Called by NAPI.
 */
void vvf_mig_settled(struct vvf *vvf)
{
	lockdep_assert_held(&vvf->gate.lock);

	if (vvf->gate.inside)
		vvf_mbx_kick(vvf);
	else if (vvf_mig_settled_untold(&vvf->mig))
		vvf_mbx_quick_status(vvf, &vvf->mig.last);
}

/**
 * vvf_mig_follow_up() - do what vvf_mig_quick() had no time for
 * @vvf: device
 *
 * Called by the mailbox's worker.
 */
void vvf_mig_follow_up(struct vvf *vvf)
{
	struct vvf_mig *mig = &vvf->mig;
	unsigned int i;

	vvf_lock(vvf);
	for (i = 0; i < mig->n_jobs; i++)
		vvf_mig_finish(vvf, &mig->jobs[i]);
	mig->n_jobs = 0;
	if (vvf->rest.settled && vvf_mig_settled_untold(mig))
		vvf_mbx_status(vvf, &mig->last);
	vvf_unlock(vvf);
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

	/* Before any lock: the agent may want one, too. */
	if (command->cmd == VFERRY_CMD_SUSPEND && READ_ONCE(mig->state) == VFERRY_MIG_MIGRATING)
		vvf_hear_ask(vvf, command->mig_id);

	vvf_lock(vvf);
	if (vvf_mig_is_repeat(mig, command)) {
		mig->repeated++;
		vvf_mbx_status(vvf, &mig->last);
	} else {
		vvf_mig_execute(vvf, command, noticed);
	}
	vvf_unlock(vvf);
	/* It may settle now, or has work again; behind no lock, see struct vvf_gate. */
	vvf_queue_kick(vvf);
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
	mig->n_jobs = 0;
	vvf_dirty_stop(&vvf->dirty);
	if (mig->state == VFERRY_MIG_IDLE)
		return;
	vvf_mig_set_state(vvf, VFERRY_MIG_IDLE);
	vvf_mig_tell(vvf, VFERRY_VF_EVENT_RESET, &(struct vvf_mig_job) { .result = VFERRY_RES_OK });
}

/**
 * vvf_mig_init() - prepare
 * @vvf: device
 */
void vvf_mig_init(struct vvf *vvf)
{
	struct vvf_mig *mig = &vvf->mig;

	mig->state = VFERRY_MIG_IDLE;
	INIT_KFIFO(mig->events);
	INIT_WORK(&mig->told, vvf_mig_told);
	vvf_hear_init(&vvf->hear);
	vvf_dirty_init(&vvf->dirty);
}

/**
 * vvf_mig_start() - tell what has happened, and what happens from now on
 * @vvf: device, registered
 */
void vvf_mig_start(struct vvf *vvf)
{
	vvf_queue_work(vvf, system_highpri_wq, &vvf->mig.told);
}

/**
 * vvf_mig_stop() - tell nothing any more, log no more
 * @vvf: device whose works and worker have ended
 */
void vvf_mig_stop(struct vvf *vvf)
{
	cancel_work_sync(&vvf->mig.told);
	vvf_lock(vvf);
	vvf_dirty_stop(&vvf->dirty);
	vvf_unlock(vvf);
	vvf_dirty_exit(&vvf->dirty);
}
