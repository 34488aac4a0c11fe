// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of one VF; see mig.h. The order of things is told in DESIGN.md, the
 * policy of the switchover in switchover.h, dirty tracking in track.h.
 *
 * What the guest does, or fails to do, never makes a step to STOP_COPY fail:
 * QEMU would reset the device under the guest. The file is readable then, and
 * reading fails; QEMU gives up, and the guest goes on here.
 */
#include <linux/file.h>
#include <linux/ktime.h>

#include "uapi/vferry_pf.h"

#include "compat.h"
#include "mig.h"
#include "stream.h"
#include "vferry_vfio.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static_assert(VFERRY_VM_ERROR == (int)VFIO_DEVICE_STATE_ERROR);
static_assert(VFERRY_VM_STOP == (int)VFIO_DEVICE_STATE_STOP);
static_assert(VFERRY_VM_RUNNING == (int)VFIO_DEVICE_STATE_RUNNING);
static_assert(VFERRY_VM_STOP_COPY == (int)VFIO_DEVICE_STATE_STOP_COPY);
static_assert(VFERRY_VM_RESUMING == (int)VFIO_DEVICE_STATE_RESUMING);
static_assert(VFERRY_VM_RUNNING_P2P == (int)VFIO_DEVICE_STATE_RUNNING_P2P);
static_assert(VFERRY_VM_PRE_COPY == (int)VFIO_DEVICE_STATE_PRE_COPY);
static_assert(VFERRY_VM_PRE_COPY_P2P == (int)VFIO_DEVICE_STATE_PRE_COPY_P2P);

int vferry_mig_report(struct vferry_vfio *dev, int err, const char *format, ...)
{
	char reason[192];
	va_list args;

	va_start(args, format);
	vscnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	vferry_pf_report(dev->vf, err, reason);
	return err;
}

static const char *dev_label(const struct vferry_vfio *dev)
{
	return pci_name(dev->core.pdev);
}

static void set_state(struct vferry_vfio *dev, enum vferry_arc_state state, enum vferry_arc arc)
{
	lockdep_assert_held(&dev->state_mutex);

	trace_vferry_vfio_state(dev_label(dev), dev->state, state, arc);
	dev->state = state;
}

/* The first reason counts: was it this one? */
static bool fail(struct vferry_vfio *dev, int err)
{
	return !cmpxchg(&dev->failed, 0, err ? err : -EIO);
}

/* No state is waiting to be loaded, and none is coming. */
static void forget_arrived(struct vferry_vfio *dev)
{
	lockdep_assert_held(&dev->state_mutex);

	dev->arrived = false;
	if (dev->vf)
		vferry_pf_release(dev->vf);
}

static void retire_files(struct vferry_vfio *dev)
{
	lockdep_assert_held(&dev->state_mutex);

	vferry_save_retire(dev->saving);
	dev->saving = NULL;
	vferry_receive_retire(dev->receiving);
	dev->receiving = NULL;
}

/* The migration from here does not take place: the guest forgets it. */
static void call_off(struct vferry_vfio *dev)
{
	lockdep_assert_held(&dev->state_mutex);

	if (!dev->active)
		return;

	dev->active = false;
	if (!dev->by_hand)
		vferry_pf_cancel(dev->vf);
}

/*
 * The VF was reset by VFIO: whatever went on is over, and the state is RUNNING.
 * The PF driver has noticed the reset itself.
 */
static void after_reset(struct vferry_vfio *dev)
{
	lockdep_assert_held(&dev->state_mutex);

	retire_files(dev);
	forget_arrived(dev);
	dev->cold = false;
	if (dev->vf) {
		vferry_pf_quiesce(dev->vf, false);
		call_off(dev);
	}
	set_state(dev, VFERRY_VM_RUNNING, VFERRY_ARC_NONE);
}

void vferry_mig_unlock(struct vferry_vfio *dev)
{
	lockdep_assert_held(&dev->state_mutex);

	spin_lock(&dev->reset_lock);
	while (dev->reset_pending) {
		dev->reset_pending = false;
		spin_unlock(&dev->reset_lock);
		after_reset(dev);
		spin_lock(&dev->reset_lock);
	}
	/* Inside, so that a reset from here on finds the mutex free. */
	mutex_unlock(&dev->state_mutex);
	spin_unlock(&dev->reset_lock);
}

void vferry_mig_reset_done(struct vferry_vfio *dev)
{
	bool locked;

	spin_lock(&dev->reset_lock);
	dev->reset_pending = true;
	locked = mutex_trylock(&dev->state_mutex);
	spin_unlock(&dev->reset_lock);

	if (locked)
		vferry_mig_unlock(dev);
}

/*
 * Has somebody else ended the migration, and perhaps begun another? What the NIC wrote in
 * between is not logged. Not seen from a state, which may be the same again, but
 * from the migration's id.
 */
static int check_ended(struct vferry_vfio *dev, struct vferry_pf_vf *vf)
{
	u64 mig_id = READ_ONCE(dev->mig_id);

	if (!READ_ONCE(dev->active) || !mig_id || vferry_pf_mig_id(vf) == mig_id)
		return 0;
	if (fail(dev, -ECANCELED))
		vferry_pf_report(vf, -ECANCELED,
				 "the guest's migration was ended, not by QEMU: what its VF writes is not logged");
	return READ_ONCE(dev->failed);
}

static void note_state(struct vferry_vfio *dev, enum vferry_mig_state state, int err)
{
	struct vferry_pf_vf *vf = READ_ONCE(dev->vf);

	if (state == VFERRY_MIG_SUSPENDED) {
		WRITE_ONCE(dev->rest_ns, ktime_get_ns());
		if (!READ_ONCE(dev->by_hand))
			mod_delayed_work(system_percpu_wq, &dev->hold_work,
					 msecs_to_jiffies(vferry_vfio_settings.hold_ms));
	}
	/* a failure and a reset have events of their own, which say why */
	if (vf && !err)
		check_ended(dev, vf);
}

/*
 * Events of the PF driver. No mutex here: the state_mutex may be held by one
 * who waits for this very event.
 */
static void on_event(void *ctx, enum vferry_pf_event event, enum vferry_mig_state state, int err,
		     u64 mig_id)
{
	struct vferry_vfio *dev = ctx;
	struct vferry_pf_vf *vf;

	switch (event) {
	case VFERRY_PF_EV_STATE:
		note_state(dev, state, err);
		break;
	case VFERRY_PF_EV_SETTLED:
		WRITE_ONCE(dev->settled, true);
		break;
	case VFERRY_PF_EV_PONG:
		WRITE_ONCE(dev->ponged, true);
		break;
	case VFERRY_PF_EV_FAILED:
		/* Not of an earlier migration, whose end may be told late. */
		if (mig_id == READ_ONCE(dev->mig_id))
			fail(dev, err);
		break;
	case VFERRY_PF_EV_RESET:
		/* Known already if the PF driver waited for an answer. */
		vf = READ_ONCE(dev->vf);
		if (fail(dev, -ECONNRESET) && READ_ONCE(dev->active) && vf)
			vferry_pf_report(vf, -ECONNRESET, "the VF was reset during the migration");
		break;
	}
	wake_up_all(&dev->answered);
}

const struct vferry_pf_client_ops vferry_mig_client_ops = {
	.event = on_event,
};

/* Suspended for too long: wake the guest and try again later. */
static void hold_expired(struct work_struct *work)
{
	struct vferry_vfio *dev = container_of(to_delayed_work(work), struct vferry_vfio,
					       hold_work);
	int err = -EAGAIN;

	mutex_lock(&dev->state_mutex);
	if (!dev->vf || dev->by_hand || dev->state != VFERRY_VM_PRE_COPY ||
	    vferry_pf_state(dev->vf) != VFERRY_MIG_SUSPENDED)
		goto unlock;

	vferry_switchover_at_rest(&dev->sw, READ_ONCE(dev->rest_ns));
	if (vferry_switchover_expired(&dev->sw, ktime_get_ns())) {
		dev->switching = false;
		err = vferry_pf_resume(dev->vf, true);
	}
	/* Of another, later suspension; or the PF driver was too busy. */
	if (err)
		schedule_delayed_work(&dev->hold_work,
				      msecs_to_jiffies(vferry_vfio_settings.hold_ms));
unlock:
	vferry_mig_unlock(dev);
}

static bool is_logging(enum vferry_mig_state state)
{
	switch (state) {
	case VFERRY_MIG_MIGRATING:
	case VFERRY_MIG_SUSPEND_SENT:
	case VFERRY_MIG_SUSPENDED:
	case VFERRY_MIG_RESUME_SENT:
		return true;
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_CANCEL_SENT:
	case VFERRY_MIG_STATES:
		break;
	}
	return false;
}

/*
 * Wait for the guest's answer to MIGRATE. QEMU holds its big lock meanwhile, and
 * a virtual CPU that wants that lock cannot answer: so not for long.
 */
static bool guest_logs(struct vferry_vfio *dev, unsigned int timeout_ms)
{
	wait_event_timeout(dev->answered,
			   is_logging(vferry_pf_state(dev->vf)) || READ_ONCE(dev->failed),
			   msecs_to_jiffies(timeout_ms));
	return is_logging(vferry_pf_state(dev->vf));
}

static struct vferry_switchover_limits limits_now(void)
{
	return (struct vferry_switchover_limits) {
		.gap_ns = vferry_vfio_settings.gap_ms * (u64)NSEC_PER_MSEC,
		.patience_ns = vferry_vfio_settings.patience_ms * (u64)NSEC_PER_MSEC,
		.questions = vferry_vfio_settings.questions,
		.hold_ns = vferry_vfio_settings.hold_ms * (u64)NSEC_PER_MSEC,
	};
}

static void begin_switchover(struct vferry_vfio *dev)
{
	const struct vferry_switchover_limits limits = limits_now();

	vferry_switchover_begin(&dev->sw, &limits, VFERRY_STREAM_WRITE_MAX);
	dev->switching = false;
}

/* MIGRATE is posted: see that nothing written by the NIC can be missed. */
static int begin_tracking(struct vferry_vfio *dev)
{
	bool logs;
	int err;

	logs = guest_logs(dev, vferry_vfio_settings.answer_ms);
	if (!logs && vferry_track_is_final(dev))
		logs = guest_logs(dev, vferry_vfio_settings.wait_ms);

	err = READ_ONCE(dev->failed);
	if (err)
		return err;
	if (logs)
		vferry_track_trust_guest(dev);
	else if (vferry_track_is_final(dev))
		return vferry_mig_report(dev, -ETIMEDOUT,
					 "the guest did not begin to log in time: try again");
	return 0;
}

/*
 * Can the guest be migrated? It may be about to answer to the end of an earlier
 * migration, that was cancelled or that brought it here.
 */
static int check_migratable(struct vferry_vfio *dev)
{
	const char *reason;
	int err;

	err = vferry_pf_migratable(dev->vf, &reason);
	if (err == -EBUSY) {
		wait_event_timeout(dev->answered,
				   vferry_pf_state(dev->vf) == VFERRY_MIG_IDLE,
				   msecs_to_jiffies(vferry_vfio_settings.wait_ms));
		err = vferry_pf_migratable(dev->vf, &reason);
	}
	if (err)
		return vferry_mig_report(dev, err, "not migratable: %s", reason);
	return 0;
}

/* Led by hand: somebody has told the guest to log, and it does. */
static int check_logs(struct vferry_vfio *dev)
{
	if (vferry_pf_state(dev->vf) != VFERRY_MIG_MIGRATING)
		return vferry_mig_report(dev, -EBUSY,
					 "manual: the guest has not been told to migrate");
	return 0;
}

/* Tell the guest to log, or see that it has been told. */
static int begin_logging(struct vferry_vfio *dev)
{
	int err;

	err = dev->by_hand ? check_logs(dev) : check_migratable(dev);
	if (err)
		return err;

	begin_switchover(dev);
	WRITE_ONCE(dev->failed, 0);
	if (dev->by_hand) {
		WRITE_ONCE(dev->mig_id, vferry_pf_mig_id(dev->vf));
		return 0;
	}
	err = vferry_pf_migrate(dev->vf, &dev->mig_id);
	if (err)
		vferry_mig_report(dev, err, "the guest cannot be told to migrate");
	return err;
}

static struct file *arc_begin(struct vferry_vfio *dev)
{
	struct vferry_dev_state compat;
	struct vferry_save *save;
	struct file *file;
	int err;

	if (dev->state != VFERRY_VM_RUNNING)
		return ERR_PTR(vferry_mig_report(dev, -EBUSY,
						 "the virtual machine is paused"));

	dev->by_hand = vferry_vfio_settings.manual;
	err = begin_logging(dev);
	if (err)
		return ERR_PTR(err);
	dev->active = true;

	/* Only now does the state have the migration's id. */
	err = vferry_pf_save(dev->vf, &compat);
	if (err)
		vferry_mig_report(dev, err, "the state of the VF cannot be read");
	else
		err = check_ended(dev, dev->vf);
	if (err)
		goto err_call_off;
	save = vferry_save_open(dev, &compat, &file);
	if (IS_ERR(save)) {
		err = PTR_ERR(save);
		goto err_call_off;
	}

	err = begin_tracking(dev);
	if (err)
		goto err_retire;

	dev->saving = save;
	return file;

err_retire:
	vferry_save_retire(save);
	fput(file);
err_call_off:
	call_off(dev);
	return ERR_PTR(err);
}

static int arc_pause(struct vferry_vfio *dev)
{
	vferry_pf_phase(dev->vf, VFERRY_PF_PHASE_STOPPED);
	return vferry_pf_quiesce(dev->vf, true);
}

/*
 * Save setup of a VM that does not run, so that its guest cannot be asked: to be saved
 * in a file, it was stopped just now. Its VF is quiet, and nothing that it wrote can be
 * missed; where the VM goes on, the driver is made to reset the VF. Unless it was
 * suspended by hand before: it is resumed then.
 */
static int begin_stopped(struct vferry_vfio *dev)
{
	bool at_rest = !dev->active && !dev->arrived &&
		       vferry_pf_state(dev->vf) == VFERRY_MIG_SUSPENDED;
	const char *reason;
	int err;

	lockdep_assert_held(&dev->state_mutex);

	if (dev->cold)
		return 0;
	if (!at_rest) {
		if (ktime_get_ns() - dev->stopped_ns >
		    vferry_vfio_settings.save_ms * (u64)NSEC_PER_MSEC)
			return vferry_mig_report(dev, -EBUSY, "the virtual machine is paused");
		err = vferry_pf_migratable(dev->vf, &reason);
		if (err)
			return vferry_mig_report(dev, err, "not migratable: %s", reason);
		dev->cold = true;
	}
	WRITE_ONCE(dev->failed, 0);
	vferry_track_trust_guest(dev);
	return 0;
}

/* Why the VM must not switch now; 0: it may. The reason has been reported. */
static int refusal(struct vferry_vfio *dev)
{
	int err = READ_ONCE(dev->failed) ?: check_ended(dev, dev->vf);

	if (err)
		return err;
	if (dev->cold && vferry_pf_state(dev->vf) == VFERRY_MIG_IDLE)
		return 0;
	if (vferry_pf_state(dev->vf) != VFERRY_MIG_SUSPENDED)
		return vferry_mig_report(dev, -EBUSY,
					 "the virtual machine stopped before the guest had suspended its VF");
	return 0;
}

static void complete_save(struct vferry_vfio *dev, struct vferry_save *save)
{
	struct vferry_dev_state state = {};
	int err;

	err = refusal(dev);
	if (!err) {
		err = vferry_pf_save(dev->vf, &state);
		if (err)
			vferry_mig_report(dev, err, "the state of the VF cannot be read");
		else
			err = check_ended(dev, dev->vf);
	}
	vferry_save_complete(save, &state, err);
}

static struct file *arc_save_cold(struct vferry_vfio *dev)
{
	struct vferry_save *save;
	struct file *file;

	save = vferry_save_open(dev, NULL, &file);
	if (IS_ERR(save))
		return ERR_CAST(save);

	complete_save(dev, save);
	dev->saving = save;
	return file;
}

static struct file *arc_await(struct vferry_vfio *dev)
{
	struct vferry_receive *receive;
	struct file *file;

	receive = vferry_receive_open(dev, &file);
	if (IS_ERR(receive))
		return ERR_CAST(receive);

	forget_arrived(dev);
	dev->by_hand = vferry_vfio_settings.manual;
	dev->receiving = receive;
	vferry_pf_phase(dev->vf, VFERRY_PF_PHASE_INCOMING);
	return file;
}

static int arc_arrived(struct vferry_vfio *dev)
{
	int err;

	err = vferry_receive_finish(dev->receiving, &dev->incoming);
	if (err)
		return err;

	dev->arrived = true;
	retire_files(dev);
	vferry_pf_phase(dev->vf, VFERRY_PF_PHASE_LOADED);
	return 0;
}

/*
 * The VM starts on this host with a VF that came from another. It does so whatever is said here:
 * the source has let it go. So nothing fails; a guest whose VF could not be loaded
 * is made to reset it.
 */
static void run_arrived(struct vferry_vfio *dev)
{
	int err;

	dev->arrived = false;
	err = vferry_pf_load(dev->vf, &dev->incoming);
	if (err) {
		vferry_mig_report(dev, err, "the VF cannot be programmed from the state that came in, and was reset");
		return;
	}
	/* No migration: the guest was not suspended. */
	if (!dev->incoming.mig_id)
		err = vferry_pf_restart(dev->vf);
	else if (!dev->by_hand)
		err = vferry_pf_resume(dev->vf, false);
	if (err)
		vferry_mig_report(dev, err, "the guest cannot be told to go on");
}

static int arc_run(struct vferry_vfio *dev)
{
	int err;

	err = vferry_pf_quiesce(dev->vf, false);
	if (err)
		return err;

	dev->cold = false;
	if (dev->arrived)
		run_arrived(dev);
	else if (dev->active)
		call_off(dev);
	else
		return 0;
	vferry_pf_phase(dev->vf, VFERRY_PF_PHASE_RUNNING);
	return 0;
}

/* What one step takes. Returns the file that it makes, NULL or ERR_PTR. */
static struct file *do_arc(struct vferry_vfio *dev, enum vferry_arc arc)
{
	lockdep_assert_held(&dev->state_mutex);

	switch (arc) {
	case VFERRY_ARC_PASS:
		return NULL;
	case VFERRY_ARC_QUIET:
		dev->stopped_ns = ktime_get_ns();
		return ERR_PTR(vferry_pf_quiesce(dev->vf, true));
	case VFERRY_ARC_RUN:
		return ERR_PTR(arc_run(dev));
	case VFERRY_ARC_BEGIN:
		return arc_begin(dev);
	case VFERRY_ARC_ABANDON:
		retire_files(dev);
		call_off(dev);
		vferry_pf_phase(dev->vf, VFERRY_PF_PHASE_RUNNING);
		return NULL;
	case VFERRY_ARC_DROP:
	case VFERRY_ARC_SAVED:
		/* What the guest is told depends on whether the VM ever runs again. */
		retire_files(dev);
		return NULL;
	case VFERRY_ARC_PAUSE:
		return ERR_PTR(arc_pause(dev));
	case VFERRY_ARC_UNPAUSE:
		/* The guest may have been suspended all the while. */
		schedule_delayed_work(&dev->hold_work,
				      msecs_to_jiffies(vferry_vfio_settings.hold_ms));
		return ERR_PTR(vferry_pf_quiesce(dev->vf, false));
	case VFERRY_ARC_PAUSE_SAVE: {
		int err = arc_pause(dev);

		if (err)
			return ERR_PTR(err);
		complete_save(dev, dev->saving);
		return NULL;
	}
	case VFERRY_ARC_SAVE:
		complete_save(dev, dev->saving);
		return NULL;
	case VFERRY_ARC_SAVE_COLD:
		return arc_save_cold(dev);
	case VFERRY_ARC_AWAIT:
		return arc_await(dev);
	case VFERRY_ARC_ARRIVED:
		return ERR_PTR(arc_arrived(dev));
	case VFERRY_ARC_NONE:
	case VFERRY_ARCS:
		break;
	}
	WARN_ON_ONCE(1);
	return ERR_PTR(-EINVAL);
}

static struct file *mig_set_state(struct vfio_device *vdev, enum vfio_device_mig_state target)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);
	enum vfio_device_mig_state next;
	struct file *file = NULL;
	enum vferry_arc arc;
	int err;

	mutex_lock(&dev->state_mutex);
	while ((unsigned int)dev->state != (unsigned int)target) {
		err = vfio_mig_get_next_state(vdev, (enum vfio_device_mig_state)dev->state,
					      target, &next);
		if (err) {
			file = ERR_PTR(err);
			break;
		}

		arc = vferry_arc(dev->state, next);
		file = do_arc(dev, arc);
		if (IS_ERR(file))
			break;
		set_state(dev, (enum vferry_arc_state)next, arc);

		/* The core never leads through a step that makes a file. */
		if (WARN_ON_ONCE(file && next != target)) {
			fput(file);
			file = ERR_PTR(-EINVAL);
			break;
		}
	}
	vferry_mig_unlock(dev);
	return file;
}

static int mig_get_state(struct vfio_device *vdev, enum vfio_device_mig_state *ret_state)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);

	mutex_lock(&dev->state_mutex);
	*ret_state = (enum vfio_device_mig_state)dev->state;
	vferry_mig_unlock(dev);
	return 0;
}

/*
 * QEMU has just protected all memory again to see what is written to it. Let the guest
 * pay for that while its network works: an answer to a ping takes the way that the
 * answer to SUSPEND takes. Nothing depends on it.
 */
static void rehearse(struct vferry_vfio *dev)
{
	WRITE_ONCE(dev->ponged, false);
	if (!vferry_pf_ping(dev->vf))
		wait_event_timeout(dev->answered,
				   READ_ONCE(dev->ponged) || READ_ONCE(dev->failed),
				   msecs_to_jiffies(vferry_vfio_settings.answer_ms));
}

static void post_suspend(struct vferry_vfio *dev)
{
	int err;

	rehearse(dev);
	vferry_pf_phase(dev->vf, VFERRY_PF_PHASE_CONVERGED);
	WRITE_ONCE(dev->settled, false);
	err = vferry_pf_suspend(dev->vf);
	/* -EALREADY: somebody did by hand, just now. */
	if (err && err != -EALREADY)
		fail(dev, vferry_mig_report(dev, err, "the guest cannot be told to suspend"));
}

/*
 * Next to no RAM is left: QEMU would ask again at once, synchronise its bitmap
 * each time, and take from the guest the time to suspend. QEMU holds no lock of
 * its own here.
 *
 * A guest that is stopped before it has settled takes longer to resume: give it a
 * moment.
 */
static enum vferry_mig_state wait_suspended(struct vferry_vfio *dev, unsigned int times)
{
	enum vferry_mig_state state;

	wait_event_timeout(dev->answered,
			   vferry_pf_state(dev->vf) != VFERRY_MIG_SUSPEND_SENT ||
			   READ_ONCE(dev->failed),
			   msecs_to_jiffies(vferry_vfio_settings.answer_ms * times));
	state = vferry_pf_state(dev->vf);
	if (state == VFERRY_MIG_SUSPENDED)
		wait_event_timeout(dev->answered,
				   READ_ONCE(dev->settled) || READ_ONCE(dev->failed),
				   msecs_to_jiffies(vferry_vfio_settings.settle_ms));
	return state;
}

/* QEMU believes that RAM has converged, and has just synchronised its bitmap. */
static u64 converged(struct vferry_vfio *dev)
{
	enum vferry_mig_state vf_state = vferry_pf_state(dev->vf);
	struct vferry_switchover_answer answer;

	lockdep_assert_held(&dev->state_mutex);

	/* The next read tells why; until then QEMU is to stay where it is. */
	if (READ_ONCE(dev->failed) || check_ended(dev, dev->vf))
		return VFERRY_SWITCHOVER_HOLD;

	/* Settings may be changed while a migration goes on. */
	dev->sw.limits = limits_now();
	answer = vferry_switchover_ask(&dev->sw, ktime_get_ns(), vf_state);
	if (answer.log_is_on)
		vferry_track_trust_guest(dev);
	trace_vferry_vfio_size(dev_label(dev), vf_state, answer.size, answer.suspend);

	if (answer.suspend && dev->by_hand) {
		answer.suspend = false;
		answer.wait = 0;
	}
	if (answer.suspend)
		post_suspend(dev);
	if (answer.wait) {
		vf_state = wait_suspended(dev, answer.wait);
		answer = vferry_switchover_ask(&dev->sw, ktime_get_ns(), vf_state);
		trace_vferry_vfio_size(dev_label(dev), vf_state, answer.size, answer.suspend);
	}
	if (answer.size != VFERRY_SWITCHOVER_HOLD && !dev->switching) {
		dev->switching = true;
		vferry_pf_phase(dev->vf, VFERRY_PF_PHASE_SWITCH);
	}
	return answer.size;
}

static int mig_get_data_size(struct vfio_device *vdev, unsigned long *ret_size)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);

	mutex_lock(&dev->state_mutex);
	switch (dev->state) {
	case VFERRY_VM_PRE_COPY:
		*ret_size = converged(dev);
		break;
	case VFERRY_VM_STOP:
		/* Setup, and later. QEMU takes 0 for an error, at once. */
		*ret_size = begin_stopped(dev) ? 0 : VFERRY_STREAM_WRITE_MAX;
		break;
	case VFERRY_VM_RESUMING:
		*ret_size = 0;
		vferry_mig_report(dev, -EBUSY, "the virtual machine is paused");
		break;
	case VFERRY_VM_RUNNING:
	case VFERRY_VM_RUNNING_P2P:
	case VFERRY_VM_PRE_COPY_P2P:
	case VFERRY_VM_STOP_COPY:
	case VFERRY_VM_ERROR:
	case VFERRY_VM_STATES:
		*ret_size = VFERRY_STREAM_WRITE_MAX;
		break;
	}
	vferry_mig_unlock(dev);
	return 0;
}

const struct vfio_migration_ops vferry_mig_ops = {
	.migration_set_state = mig_set_state,
	.migration_get_state = mig_get_state,
	.migration_get_data_size = mig_get_data_size,
};

void vferry_mig_init(struct vferry_vfio *dev)
{
	mutex_init(&dev->state_mutex);
	spin_lock_init(&dev->reset_lock);
	init_waitqueue_head(&dev->answered);
	INIT_DELAYED_WORK(&dev->hold_work, hold_expired);
	dev->state = VFERRY_VM_RUNNING;
}

void vferry_mig_open(struct vferry_vfio *dev, struct vferry_pf_vf *vf)
{
	mutex_lock(&dev->state_mutex);
	dev->vf = vf;
	dev->mig_id = 0;
	dev->active = false;
	dev->arrived = false;
	dev->cold = false;
	dev->failed = 0;
	/* The last user may have left it stopped. */
	vferry_pf_quiesce(vf, false);
	set_state(dev, VFERRY_VM_RUNNING, VFERRY_ARC_NONE);
	vferry_mig_unlock(dev);
}

/*
 * The guest is gone, so nobody is told to resume: a VF that was suspended here
 * may be in use on another host by now.
 */
void vferry_mig_end(struct vferry_vfio *dev)
{
	mutex_lock(&dev->state_mutex);
	retire_files(dev);
	forget_arrived(dev);
	dev->active = false;
	set_state(dev, VFERRY_VM_RUNNING, VFERRY_ARC_NONE);
	vferry_mig_unlock(dev);
}

void vferry_mig_close(struct vferry_vfio *dev)
{
	struct vferry_pf_vf *vf = dev->vf;

	mutex_lock(&dev->state_mutex);
	dev->vf = NULL;
	vferry_mig_unlock(dev);

	/* No event comes after this, and so nobody queues the work. */
	vferry_pf_close(vf);
	cancel_delayed_work_sync(&dev->hold_work);
}
