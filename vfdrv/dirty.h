/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty logging: the hypervisor does not see what the NIC writes, so while a
 * migration runs the driver writes to each page after the NIC has, and the
 * page is copied again.
 *
 * What counts is what goes up the stack in page fragments. What is copied out
 * of a receive buffer is written by the processor anyway, and the rings are
 * built anew on resume.
 */
#ifndef VVF_DIRTY_H
#define VVF_DIRTY_H

#include <linux/atomic.h>
#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/**
 * struct vvf_dirty - log of one VF
 * @on: a migration runs; under vvf.lock, read by NAPI
 * @lock: protects @key_held
 * @key_held: counted in vvf_dirty_key
 * @settle: gives the key up some time after the end of a migration: patching
 *	code interrupts all processors, and another attempt may follow
 * @touched: pages touched since probe; written by NAPI alone
 * @base: value of @touched when the migration began
 */
struct vvf_dirty {
	bool on;
	struct mutex lock;	/* see above */
	bool key_held;
	struct delayed_work settle;
	unsigned long touched;
	unsigned long base;
};

DECLARE_STATIC_KEY_FALSE(vvf_dirty_key);

/*
 * Modules for tests (VFERRY_DEBUG=1) can be told not to log, to prove what the log is good
 * for. Others have nothing that could be switched off by mistake.
 */
#ifdef VFERRY_DEBUG
extern bool vvf_dirty_log;

static inline bool vvf_dirty_wanted(void)
{
	return READ_ONCE(vvf_dirty_log);
}
#else
static inline bool vvf_dirty_wanted(void)
{
	return true;
}
#endif

/**
 * vvf_dirty_touch() - make the page of a received fragment dirty
 * @dirty: log
 * @addr: begin of the receive buffer that the NIC has written; 4-byte aligned,
 *	within one 4 KiB page
 *
 * Changes nothing, atomically: another half of the page may belong to the NIC,
 * so a plain read and write back could undo its DMA. Called by NAPI after the
 * DMA sync and before the page is given away.
 */
static inline void vvf_dirty_touch(struct vvf_dirty *dirty, void *addr)
{
	if (!static_branch_unlikely(&vvf_dirty_key))
		return;
	if (!READ_ONCE(dirty->on) || !vvf_dirty_wanted())
		return;
	atomic_or(0, (atomic_t *)addr);
	WRITE_ONCE(dirty->touched, dirty->touched + 1);
}

static inline unsigned long vvf_dirty_pages(const struct vvf_dirty *dirty)
{
	return READ_ONCE(dirty->touched) - dirty->base;
}

void vvf_dirty_init(struct vvf_dirty *dirty);
void vvf_dirty_start(struct vvf_dirty *dirty);
void vvf_dirty_stop(struct vvf_dirty *dirty);
void vvf_dirty_exit(struct vvf_dirty *dirty);

#endif
