// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works of a device run while it is registered, and at no other time: before that the
 * interface's lists have no lock and nobody can be told of it; after that it is about to
 * be freed. What is queued at other times is dropped.
 *
 * Kernels before 6.10 cannot disable a work, so this one flag stands for all, on every kernel.
 */
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "vvf.h"

/**
 * vvf_works_begin() - works may be queued from now on
 * @vvf: device, registered
 */
void vvf_works_begin(struct vvf *vvf)
{
	WRITE_ONCE(vvf->works, true);
}

/**
 * vvf_works_end() - nothing is queued any more
 * @vvf: device
 *
 * What is queued or runs is left to whoever owns the work: it is enough then to cancel it.
 */
void vvf_works_end(struct vvf *vvf)
{
	WRITE_ONCE(vvf->works, false);
	/* Those who saw it still set have queued when this returns. */
	synchronize_rcu();
}

/**
 * vvf_queue_work() - queue a work of a device
 * @vvf: device
 * @wq: where
 * @work: one of the device's
 *
 * Any context.
 */
void vvf_queue_work(struct vvf *vvf, struct workqueue_struct *wq, struct work_struct *work)
{
	rcu_read_lock();
	if (READ_ONCE(vvf->works))
		queue_work(wq, work);
	rcu_read_unlock();
}

/**
 * vvf_queue_delayed_work() - queue a work of a device for later, unless it is queued already
 * @vvf: device
 * @work: one of the device's
 * @delay: when, in jiffies from now
 *
 * Any context.
 */
void vvf_queue_delayed_work(struct vvf *vvf, struct delayed_work *work, unsigned long delay)
{
	rcu_read_lock();
	if (READ_ONCE(vvf->works))
		queue_delayed_work(system_percpu_wq, work, delay);
	rcu_read_unlock();
}

/**
 * vvf_hasten_work() - have a work of a device run now, even if it is queued for later
 * @vvf: device
 * @work: one of the device's
 *
 * Any context.
 */
void vvf_hasten_work(struct vvf *vvf, struct delayed_work *work)
{
	rcu_read_lock();
	if (READ_ONCE(vvf->works))
		mod_delayed_work(system_percpu_wq, work, 0);
	rcu_read_unlock();
}
