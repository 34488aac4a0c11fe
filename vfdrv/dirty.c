// SPDX-License-Identifier: GPL-2.0-only
/* Dirty logging, on and off; see dirty.h. Callers hold vvf.lock. */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "dirty.h"

DEFINE_STATIC_KEY_FALSE(vvf_dirty_key);

#ifdef VFERRY_DEBUG
bool vvf_dirty_log = true;
module_param_named(dirty_log, vvf_dirty_log, bool, 0644);
MODULE_PARM_DESC(dirty_log,
		 "Touch the pages that the NIC wrote while migrating. N corrupts what is received during a migration; only for the test that proves it (default Y)");
#endif

/* How long the touch stays in the data path, untaken, after a migration. */
#define SETTLE_DELAY	(10 * HZ)

static void vvf_dirty_key_hold(struct vvf_dirty *dirty, bool hold)
{
	mutex_lock(&dirty->lock);
	if (hold != dirty->key_held) {
		if (hold)
			static_branch_inc(&vvf_dirty_key);
		else
			static_branch_dec(&vvf_dirty_key);
		dirty->key_held = hold;
	}
	mutex_unlock(&dirty->lock);
}

static void vvf_dirty_settle(struct work_struct *work)
{
	struct vvf_dirty *dirty = container_of(work, struct vvf_dirty, settle.work);

	vvf_dirty_key_hold(dirty, false);
}

/**
 * vvf_dirty_start() - log from now on, count from zero
 * @dirty: log
 *
 * When it returns, every frame that NAPI has not looked at yet is logged. May
 * sleep: patches code, unless a migration has ended a short time ago.
 */
void vvf_dirty_start(struct vvf_dirty *dirty)
{
	cancel_delayed_work_sync(&dirty->settle);
	dirty->base = READ_ONCE(dirty->touched);
	WRITE_ONCE(dirty->on, true);
	vvf_dirty_key_hold(dirty, true);
}

/**
 * vvf_dirty_stop() - log no more
 * @dirty: log
 *
 * Does not sleep. The static branch follows when there is time.
 */
void vvf_dirty_stop(struct vvf_dirty *dirty)
{
	if (!dirty->on)
		return;
	WRITE_ONCE(dirty->on, false);
	schedule_delayed_work(&dirty->settle, SETTLE_DELAY);
}

/**
 * vvf_dirty_init() - prepare
 * @dirty: log
 */
void vvf_dirty_init(struct vvf_dirty *dirty)
{
	mutex_init(&dirty->lock);
	INIT_DELAYED_WORK(&dirty->settle, vvf_dirty_settle);
}

/**
 * vvf_dirty_exit() - give the static branch back
 * @dirty: log, stopped, and started by nobody any more
 */
void vvf_dirty_exit(struct vvf_dirty *dirty)
{
	cancel_delayed_work_sync(&dirty->settle);
	vvf_dirty_key_hold(dirty, false);
}
