// SPDX-License-Identifier: GPL-2.0-only
/* Dirty logging, on and off; see dirty.h. Callers hold vvf.lock. */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "dirty.h"

DEFINE_STATIC_KEY_FALSE(vvf_dirty_key);

bool vvf_dirty_log = true;
module_param_named(dirty_log, vvf_dirty_log, bool, 0644);
MODULE_PARM_DESC(dirty_log,
		 "Touch the pages that the NIC wrote while migrating. N corrupts what is received during a migration; only for the test that proves it (default Y)");

/**
 * vvf_dirty_start() - log from now on, count from zero
 * @dirty: log
 *
 * When it returns, every frame that NAPI has not looked at yet is logged. May
 * sleep: patches code.
 */
void vvf_dirty_start(struct vvf_dirty *dirty)
{
	dirty->base = READ_ONCE(dirty->touched);
	WRITE_ONCE(dirty->on, true);
	if (!dirty->key_held) {
		static_branch_inc(&vvf_dirty_key);
		dirty->key_held = true;
	}
}

/**
 * vvf_dirty_stop() - log no more
 * @dirty: log
 *
 * Does not sleep. The static branch is put back by vvf_dirty_settle(), which
 * takes its time and is not for the path that resumes the VF.
 */
void vvf_dirty_stop(struct vvf_dirty *dirty)
{
	WRITE_ONCE(dirty->on, false);
}

/**
 * vvf_dirty_settle() - patch the touch out of the data path if it is not needed
 * @dirty: log
 */
void vvf_dirty_settle(struct vvf_dirty *dirty)
{
	if (!dirty->on && dirty->key_held) {
		static_branch_dec(&vvf_dirty_key);
		dirty->key_held = false;
	}
}
