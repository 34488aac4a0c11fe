/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One virtual function of an 82576, as this driver holds it.
 *
 * Locks, outermost first: RTNL, vvf.lock, mbx.lock, gate.lock; filter.lock, mbx.lock, gate.lock.
 * Suspend and resume take vvf.lock and mbx.lock only, never RTNL. Nobody who waits for the PF
 * holds RTNL or vvf.lock.
 *
 * The mailbox's interrupt handler suspends and resumes by itself if no thread
 * is at work behind one of both mutexes: see struct vvf_gate. So vvf.lock is taken
 * by vvf_lock(), and mbx.lock in a like way by mbx.c.
 */
#ifndef VVF_H
#define VVF_H

#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>

#include "dirty.h"
#include "echo.h"
#include "filter.h"
#include "hear.h"
#include "link.h"
#include "mbx.h"
#include "mig.h"
#include "queue.h"
#include "regs.h"
#include "watch.h"

struct ethtool_test;

#define VVF_NAME	"vferry_vf"

/* MSI-X vectors: 0 for the queues, 1 and 2 for the mailbox; see irq.c. */
#define VVF_VECTORS		3
#define VVF_VECTOR_QUEUE	0

/* Largest MTU: jumbo frames of the 82576, 9234 bytes with header and CRC. */
#define VVF_MTU_MAX	9216

/**
 * struct vvf_gate - keeps the interrupt handler out while a thread is at work
 * @lock: taken by threads to come and go, and by the handler for all that it does
 * @inside: threads that hold vvf.lock, mbx.lock or both count once for each
 *
 * Who is inside, or holds @lock while nobody is, holds both mutexes in effect.
 */
struct vvf_gate {
	spinlock_t lock;	/* see above */
	unsigned int inside;
};

/**
 * struct vvf - a virtual function
 * @netdev: its interface
 * @pdev: its PCI device; the driver's data there points to this
 * @bar: registers
 * @lock: serialises everything that starts, stops or exchanges the queues:
 *	open, stop, ring change, reset, suspend, resume. Protects @rings (as
 *	a pointer), @running and mig.state
 * @gate: who may do this without the lock
 * @rings: descriptor rings and buffers; NULL while the interface is down
 * @running: NAPI is enabled, and the queues are on unless @rest says otherwise
 * @started: when the queues were last started
 * @quiet: NAPI may run, but must not unmask its vector nor wake the queue
 * @works: works may be queued; see work.c
 * @rest: how far the queues have come to rest
 * @mbx: mailbox
 * @mig: migration
 * @dirty: log of the pages that the NIC wrote
 * @hear: an agent that wants to be heard before SUSPEND
 * @napi: polls both rings
 * @stats: traffic
 * @link: watchdog, carrier, reset
 * @watch: do the queues get on?
 * @tx_size: descriptors of a transmit ring, for the next open; under RTNL
 * @rx_size: descriptors of a receive ring, for the next open; under RTNL
 * @usecs: least interval between interrupts of the queues; under RTNL
 * @node: in the list of all devices; see nl.c
 * @filter: what the PF was asked to let through
 * @echo: broadcast and multicast frames sent a moment ago
 *
 * What SUSPEND and RESUME need comes first and together: a guest that has just arrived
 * pays for each page that it touches, and what is last is large.
 */
struct vvf {
	struct net_device *netdev;
	struct pci_dev *pdev;
	void __iomem *bar;

	struct mutex lock;	/* see above */
	struct vvf_gate gate;
	struct vvf_rings *rings;
	bool running;
	ktime_t started;
	bool quiet;
	bool works;
	struct vvf_rest rest;
	struct vvf_mbx mbx;
	struct vvf_mig mig;
	struct vvf_dirty dirty;
	struct vvf_hear hear;
	struct napi_struct napi;
	struct vvf_stats stats;

	struct vvf_link link;
	struct vvf_watch watch;
	u16 tx_size;
	u16 rx_size;
	u16 usecs;
	struct list_head node;
	struct vvf_filter filter;
	struct vvf_echo echo;
};

static inline void vvf_gate_enter(struct vvf *vvf)
{
	spin_lock_irq(&vvf->gate.lock);
	vvf->gate.inside++;
	spin_unlock_irq(&vvf->gate.lock);
}

static inline void vvf_gate_leave(struct vvf *vvf)
{
	spin_lock_irq(&vvf->gate.lock);
	vvf->gate.inside--;
	spin_unlock_irq(&vvf->gate.lock);
}

static inline void vvf_lock(struct vvf *vvf)
{
	mutex_lock(&vvf->lock);
	vvf_gate_enter(vvf);
}

static inline bool vvf_trylock(struct vvf *vvf)
{
	if (!mutex_trylock(&vvf->lock))
		return false;
	vvf_gate_enter(vvf);
	return true;
}

static inline void vvf_unlock(struct vvf *vvf)
{
	vvf_gate_leave(vvf);
	mutex_unlock(&vvf->lock);
}

/* For what threads do with vvf.lock, and the handler with gate.lock. */
static inline void vvf_assert_locked(struct vvf *vvf)
{
	lockdep_assert(lockdep_is_held(&vvf->lock) || lockdep_is_held(&vvf->gate.lock));
}

/* io.c */
struct vvf_setting {
	u32 reg;
	u32 value;
};

u32 vvf_read(const struct vvf *vvf, u32 reg);
void vvf_write(const struct vvf *vvf, u32 reg, u32 value);
void vvf_program(const struct vvf *vvf, const struct vvf_setting *settings, unsigned int count);

/* work.c */
void vvf_works_begin(struct vvf *vvf);
void vvf_works_end(struct vvf *vvf);
void vvf_queue_work(struct vvf *vvf, struct workqueue_struct *wq, struct work_struct *work);
void vvf_queue_delayed_work(struct vvf *vvf, struct delayed_work *work, unsigned long delay);
void vvf_hasten_work(struct vvf *vvf, struct delayed_work *work);

/* netdev.c */
void vvf_netdev_setup(struct net_device *netdev);
bool vvf_netdev_is_ours(const struct net_device *netdev);
void vvf_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *stats);

/* qstats.c */
#ifdef VVF_HAS_QUEUE_STATS
void vvf_queue_stats_setup(struct net_device *netdev);
#else
static inline void vvf_queue_stats_setup(struct net_device *netdev)
{
}
#endif

/* ethtool.c */
extern const struct ethtool_ops vvf_ethtool_ops;

/* selftest.c */
int vvf_selftest_count(void);
void vvf_selftest_strings(u8 **data);
void vvf_selftest(struct net_device *netdev, struct ethtool_test *test, u64 *data);

/* irq.c */
int vvf_irq_request(struct vvf *vvf);
void vvf_irq_free(struct vvf *vvf);
void vvf_irq_program(struct vvf *vvf);
void vvf_irq_throttle(struct vvf *vvf);
bool vvf_irq_programmed(struct vvf *vvf);
bool vvf_irq_forgotten(struct vvf *vvf);

#endif
