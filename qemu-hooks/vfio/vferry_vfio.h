/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VFIO driver of an 82576 VF, whose guest migrates with it.
 *
 * What stands behind stock QEMU's migration of a VF: migration v2 of the VFIO
 * uAPI on one side, the verbs of vferry_pf_ops.h on the other. No register is
 * known here.
 */
#ifndef VFERRY_VFIO_H
#define VFERRY_VFIO_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vferry_pf_ops.h"

#include "arcs.h"
#include "data.h"
#include "switchover.h"
#include "track.h"

/**
 * struct vferry_vfio - one VF
 * @core: the common part; must be the first member
 * @vf: the PF driver's handle, from open_device() to close_device(); else NULL
 * @state_mutex: serialises changes of the migration state; protects @vf, @state,
 *	@saving, @receiving, @sw, @incoming, @arrived, @active, @by_hand,
 *	@switching, @cold, @stopped_ns.
 *	Taken before the locks of the files
 * @reset_lock: protects @reset_pending. Taken inside @state_mutex
 * @reset_pending: the device was reset while @state_mutex was held; whoever
 *	releases that deals with it
 * @state: VFIO's migration state
 * @saving: the file that the device state is read from, or NULL
 * @receiving: the file that a device state is written to, or NULL
 * @sw: when to suspend the guest
 * @incoming: what has arrived, to be loaded when the VM starts
 * @arrived: @incoming is there
 * @active: a migration was begun here, and the guest has not been told that it
 *	is over
 * @by_hand: the guest is led through this migration by hand: see setting "manual"
 * @switching: the real size has been answered in this migration
 * @cold: the state of a VM that does not run is being saved
 * @stopped_ns: when the VM was stopped, ktime_get_ns()
 * @failed: 0, or -errno: why this migration has no future. Set from anywhere,
 *	by cmpxchg()
 * @mig_id: of the migration that was begun here, 0: none yet
 * @ponged: the guest has answered a ping
 * @settled: the guest has put away what its VF had received before SUSPEND
 * @rest_ns: since when the guest is suspended, ktime_get_ns()
 * @answered: woken at each event
 * @hold_work: wakes a guest that was suspended for too long
 * @track: which pages the container reports as dirty
 */
struct vferry_vfio {
	struct vfio_pci_core_device core;
	struct vferry_pf_vf *vf;

	struct mutex state_mutex;
	spinlock_t reset_lock;
	bool reset_pending;
	enum vferry_arc_state state;
	struct vferry_save *saving;
	struct vferry_receive *receiving;
	struct vferry_switchover sw;
	struct vferry_dev_state incoming;
	bool arrived;
	bool active;
	bool by_hand;
	bool switching;
	bool cold;
	u64 stopped_ns;

	int failed;
	u64 mig_id;
	bool ponged;
	bool settled;
	u64 rest_ns;
	wait_queue_head_t answered;
	struct delayed_work hold_work;

	struct vferry_track track;
};

static inline struct vferry_vfio *vferry_from_vdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct vferry_vfio, core.vdev);
}

/* Settings, module parameters; see main.c. */
struct vferry_vfio_settings {
	unsigned int answer_ms;
	unsigned int wait_ms;
	unsigned int gap_ms;
	unsigned int patience_ms;
	unsigned int questions;
	unsigned int hold_ms;
	unsigned int settle_ms;
	unsigned int save_ms;
	bool manual;
};

extern struct vferry_vfio_settings vferry_vfio_settings;

#endif
