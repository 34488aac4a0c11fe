// SPDX-License-Identifier: GPL-2.0-only
/*
 * Link and life of the device: carrier, watchdog, reset.
 *
 * The NIC tells a VF nothing of its own accord: the carrier is read from
 * STATUS, and that somebody has reset the VF behind our back is seen from its
 * registers.
 *
 * Resets and migrations: a reset ends a migration, here and at the PF, which
 * sees it. What only looks like a reason (a watchdog's find, a transmit
 * time-out, RSTI, a PF that says that the VF is not clear to send) is put off
 * while the VF is suspended, when nothing of this can be judged, and
 * judged anew after RESUME. An FLR is not put off: it has happened.
 *
 * Nor is a reset put off once the host has forgotten that the VF is suspended:
 * nobody will send RESUME then. What proves this is the PF's own reset (RSTI), its
 * word that the VF is not clear to send, and that the interrupt routing is gone.
 * A host that the guest has been moved to shows none of them: before the guest runs, it has
 * restored the routing and is clear to send. All are seen by reading only.
 */
#include "compat.h"
#include "request.h"
#include "vvf.h"

#define WATCHDOG_INTERVAL	(2 * HZ)
#define RESET_WANTED		0
/* The host has forgotten the VF: wanted even if it is suspended. */
#define RESET_FORGOTTEN		1

/* Attempts at getting the PF's answer to the reset message. */
#define RESET_TRIES	3

static void vvf_link_carrier(struct vvf *vvf, bool up)
{
	struct net_device *netdev = vvf->netdev;

	/* Nobody waits any more for what a change of an interface that goes sets in motion. */
	if (netif_carrier_ok(netdev) == up || netdev->reg_state > NETREG_REGISTERED)
		return;
	if (up)
		netif_carrier_on(netdev);
	else
		netif_carrier_off(netdev);
	netdev_info(netdev, "link is %s\n", up ? "up" : "down");
}

static bool vvf_link_programmed(struct vvf *vvf)
{
	return vvf_irq_programmed(vvf) && (!vvf->running || vvf_queue_programmed(vvf));
}

static void vvf_link_forgotten(struct vvf *vvf)
{
	if (!test_and_set_bit(RESET_FORGOTTEN, &vvf->link.wanted) && vvf_mig_suspended(vvf))
		dev_warn(&vvf->pdev->dev,
			 "the host has reset the suspended VF, no RESUME will come: resetting\n");
	vvf_link_want_reset(vvf);
}

/*
 * Is a suspended VF still as it was left? Reads one register, and does not keep the
 * interrupt handler from RESUME meanwhile; see struct vvf_gate.
 */
static void vvf_link_look_at_rest(struct vvf *vvf)
{
	if (!mutex_trylock(&vvf->lock))
		return;
	if (!vvf->mbx.offline && vvf_mig_suspended(vvf) && vvf_irq_forgotten(vvf))
		vvf_link_forgotten(vvf);
	mutex_unlock(&vvf->lock);
}

static void vvf_link_watchdog(struct work_struct *work)
{
	struct vvf *vvf = container_of(work, struct vvf, link.watchdog.work);
	u32 status;

	if (vvf_mig_suspended(vvf)) {
		vvf_link_look_at_rest(vvf);
		goto again;
	}
	/* Whoever holds the lock is changing what would be checked. */
	if (!vvf_trylock(vvf))
		goto again;
	if (vvf->mbx.offline || vvf->link.asking || vvf_mig_suspended(vvf) || vvf->mig.n_jobs)
		goto unlock;

	status = vvf_read(vvf, VVF_STATUS);
	if (status == VVF_GONE) {
		vvf_link_carrier(vvf, false);
		goto unlock;
	}
	if (test_bit(RESET_WANTED, &vvf->link.wanted) || !vvf_link_programmed(vvf) ||
	    !vvf_watch(vvf)) {
		vvf_link_want_reset(vvf);
		goto unlock;
	}
	vvf_link_carrier(vvf, status & VVF_STATUS_LU);
	vvf_mbx_kick(vvf);
unlock:
	vvf_unlock(vvf);
again:
	vvf_queue_delayed_work(vvf, &vvf->link.watchdog, WATCHDOG_INTERVAL);
}

/**
 * vvf_link_check() - run the watchdog now
 * @vvf: device, started
 */
void vvf_link_check(struct vvf *vvf)
{
	vvf_hasten_work(vvf, &vvf->link.watchdog);
}

/**
 * vvf_link_want_reset() - have the VF reset
 * @vvf: device
 *
 * Any context. While the VF is suspended, it is judged anew after RESUME.
 */
void vvf_link_want_reset(struct vvf *vvf)
{
	set_bit(RESET_WANTED, &vvf->link.wanted);
	vvf_queue_work(vvf, system_percpu_wq, &vvf->link.reset);
}

/**
 * vvf_link_resumed() - the VF is not suspended any more
 * @vvf: device
 *
 * Judge the reasons anew that were put off.
 */
void vvf_link_resumed(struct vvf *vvf)
{
	clear_bit(RESET_FORGOTTEN, &vvf->link.wanted);
	clear_bit(RESET_WANTED, &vvf->link.wanted);
	vvf_link_check(vvf);
}

/**
 * vvf_link_control() - the PF sent a CONTROL message
 * @vvf: device
 * @cts: the PF takes our requests
 *
 * Any context.
 */
void vvf_link_control(struct vvf *vvf, bool cts)
{
	if (!cts) {
		vvf_link_forgotten(vvf);
		return;
	}
	vvf_link_check(vvf);
	vvf_filter_recheck(vvf);
}

/**
 * vvf_link_pf_reset() - the mailbox says that the PF is or was in reset
 * @vvf: device
 * @now: it is (RSTI)
 *
 * That it was (RSTD) is no proof: this comes again whenever the PF writes CTRL_EXT.
 * The watchdog looks for what a reset of the PF destroys.
 */
void vvf_link_pf_reset(struct vvf *vvf, bool now)
{
	if (now && vvf_mig_suspended(vvf))
		vvf_link_forgotten(vvf);
	else
		vvf_link_check(vvf);
}

static int vvf_link_hello(struct vvf *vvf)
{
	int r = vvf_request_hello(vvf, VFERRY_FEAT_MIGRATE);

	vvf_mig_negotiated(vvf, r);
	/* A PF that does not know HELLO is a good PF. */
	return r == -EACCES ? 0 : r;
}

static int vvf_link_negotiate(struct vvf *vvf)
{
	unsigned int try;
	int r;

	/* Nobody is kept waiting; those who come see link.asking. */
	lockdep_assert_not_held(&vvf->lock);

	r = vvf_mbx_reset(vvf);
	/* What came before it, the PF has forgotten; no command is valid before HELLO. */
	vvf_lock(vvf);
	vvf_mig_reset(vvf);
	vvf_unlock(vvf);
	r = r ?: vvf_queue_restore_dma(vvf);
	if (r)
		return r;
	for (try = 0; try < RESET_TRIES; try++) {
		r = vvf_request_reset(vvf);
		if (r != -ETIMEDOUT)
			break;
	}
	if (r)
		return r;
	/* The PF has scrubbed what the VF had programmed. */
	vvf_irq_program(vvf);
	return vvf_link_hello(vvf);
}

/* vvf_link_negotiate(), which may take seconds, without vvf.lock. */
static int vvf_link_ask(struct vvf *vvf)
{
	int r;

	lockdep_assert_held(&vvf->lock);

	WRITE_ONCE(vvf->link.asking, true);
	vvf_unlock(vvf);
	r = vvf_link_negotiate(vvf);
	vvf_lock(vvf);
	WRITE_ONCE(vvf->link.asking, false);
	return r;
}

/* The interface may have come up meanwhile, and a migration got as far as to SUSPEND. */
static int vvf_link_start_queues(struct vvf *vvf)
{
	if (!vvf->rings || vvf->running || vvf_mig_suspended(vvf))
		return 0;
	return vvf_queue_start(vvf);
}

/**
 * vvf_link_reset() - reset the VF and bring everything up again
 * @vvf: device, with vvf.lock held. It is released while the PF is asked
 *
 * Ends a migration. Queues that could be running run afterwards; if the PF
 * does not answer they do not, and the watchdog tries again. If another thread is asking the
 * PF already, a reset follows that one.
 *
 * Return: 0, -EINPROGRESS, -ENODEV: the device went away, or the error of the PF.
 */
int vvf_link_reset(struct vvf *vvf)
{
	int r;

	lockdep_assert_held(&vvf->lock);

	vvf->link.resets++;
	vvf_queue_stop(vvf);
	clear_bit(RESET_FORGOTTEN, &vvf->link.wanted);
	clear_bit(RESET_WANTED, &vvf->link.wanted);
	vvf_mig_reset(vvf);

	if (vvf->link.asking) {
		vvf_link_want_reset(vvf);
		return -EINPROGRESS;
	}
	r = vvf_link_ask(vvf);
	/* Away since: whoever brings the device back resets it. */
	if (vvf->mbx.offline) {
		set_bit(RESET_WANTED, &vvf->link.wanted);
		return -ENODEV;
	}
	r = r ?: vvf_link_start_queues(vvf);
	if (r)
		goto fail;
	WRITE_ONCE(vvf->link.pf_absent, false);
	vvf_filter_restore(vvf);
	vvf_queue_kick(vvf);
	return 0;

fail:
	if (!vvf->link.pf_absent)
		dev_warn(&vvf->pdev->dev, "reset: no answer from the PF (%pe), will try again\n",
			 ERR_PTR(r));
	WRITE_ONCE(vvf->link.pf_absent, true);
	vvf_link_carrier(vvf, false);
	set_bit(RESET_WANTED, &vvf->link.wanted);
	return r;
}

/* A migration's command is about to change what is due: it has this judged anew. */
static bool vvf_link_reset_due(struct vvf *vvf)
{
	if (vvf->mbx.offline || vvf->link.asking || vvf->mig.n_jobs)
		return false;
	return test_bit(vvf_mig_suspended(vvf) ? RESET_FORGOTTEN : RESET_WANTED,
			&vvf->link.wanted);
}

static void vvf_link_reset_work(struct work_struct *work)
{
	struct vvf *vvf = container_of(work, struct vvf, link.reset);

	vvf_lock(vvf);
	if (vvf_link_reset_due(vvf) && !vvf_link_reset(vvf))
		vvf_link_check(vvf);
	vvf_unlock(vvf);
}

/**
 * vvf_link_init() - prepare
 * @vvf: device
 */
void vvf_link_init(struct vvf *vvf)
{
	INIT_DELAYED_WORK(&vvf->link.watchdog, vvf_link_watchdog);
	INIT_WORK(&vvf->link.reset, vvf_link_reset_work);
}

/**
 * vvf_link_away() - wait until no reset is under way
 * @vvf: device, its mailbox offline, so that none begins; without vvf.lock
 *
 * What the reset would have done is left to whoever brings the device back.
 */
void vvf_link_away(struct vvf *vvf)
{
	flush_work(&vvf->link.reset);
}

/**
 * vvf_link_start() - start the watchdog, and do what it was asked for before
 * @vvf: device, registered
 */
void vvf_link_start(struct vvf *vvf)
{
	vvf_link_check(vvf);
}

/**
 * vvf_link_stop() - no watchdog and no reset any more
 * @vvf: device whose works have ended
 */
void vvf_link_stop(struct vvf *vvf)
{
	cancel_delayed_work_sync(&vvf->link.watchdog);
	cancel_work_sync(&vvf->link.reset);
}
