/* SPDX-License-Identifier: GPL-2.0-only */
/* Link and life of the device: carrier, watchdog, reset. */
#ifndef VVF_LINK_H
#define VVF_LINK_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct vvf;

/**
 * struct vvf_link - watchdog and reset
 * @watchdog: every two seconds: carrier, is the device still programmed?
 * @reset: resets the VF, talks to the PF anew, goes on
 * @wanted: @reset has work to do; bit 0. While the VF is suspended it has only if bit 1
 *	says that the host has forgotten the VF
 * @resets: resets done
 * @bus_errors: errors on the bus that the device was told of
 * @pf_absent: the PF did not answer, it has been said in the log
 * @asking: a reset asks the PF, which may take seconds, and has released vvf.lock. Who comes
 *	does not start the queues: the reset does when it has its answer. Under vvf.lock
 */
struct vvf_link {
	struct delayed_work watchdog;
	struct work_struct reset;
	unsigned long wanted;
	unsigned long resets;
	unsigned long bus_errors;
	bool pf_absent;
	bool asking;
};

void vvf_link_init(struct vvf *vvf);
void vvf_link_start(struct vvf *vvf);
void vvf_link_stop(struct vvf *vvf);
void vvf_link_away(struct vvf *vvf);
void vvf_link_check(struct vvf *vvf);
void vvf_link_want_reset(struct vvf *vvf);
void vvf_link_resumed(struct vvf *vvf);
void vvf_link_control(struct vvf *vvf, bool cts);
void vvf_link_pf_reset(struct vvf *vvf, bool now);
int vvf_link_reset(struct vvf *vvf);

#endif
