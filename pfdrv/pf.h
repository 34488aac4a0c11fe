/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One 82576 PF.
 *
 * The part of the NIC that VFs depend on (link, filters, mailbox) works from
 * probe to remove; the PF's own queues work while its interface is up.
 * Everything that changes for VFs is therefore independent of the interface.
 *
 * Lock order, outermost first:
 *	RTNL
 *	vpf_nics_lock		nl.c: list of PFs
 *	struct vferry_pf_vf.lock	vf.h: settings and mailbox of one VF
 *	struct vpf_nic.phy_lock
 *	struct vpf_nic.filter_lock, struct vferry_pf_vf.mig_lock (never both)
 */
#ifndef VPF_PF_H
#define VPF_PF_H

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "filter.h"
#include "health.h"
#include "regs.h"
#include "ring.h"
#include "rss.h"
#include "vf.h"

#define VPF_NAME		"vferry_pf"

/* MSI-X vectors = EICR bits of the PF; with 7 VFs bits 0 to 3 are the PF's */
#define VPF_VEC_OTHER		0
#define VPF_VEC_QUEUE		1	/* the first queue's; the others' follow */

/* Values of struct vpf_nic.flags, by atomic bit operations */
enum vpf_nic_flag {
	VPF_F_UP,		/* queues run; written under RTNL */
	VPF_F_REINIT,		/* service task is to restart the queues */
	VPF_F_FLOW,		/* flow control is to be applied */
	VPF_F_AWAY,		/* see away.c; written under RTNL and the locks of all VFs */
	VPF_F_REMOVING,		/* nothing new is queued any more */
};

/**
 * struct vpf_hw_stats - accumulated from registers that clear on read
 */
struct vpf_hw_stats {
	u64 crc_errors;
	u64 rx_errors;
	u64 rx_missed;
	u64 rx_no_buffer;
	u64 rx_length_errors;
	u64 rx_undersize;
	u64 rx_oversize;
	u64 rx_multicast;
	u64 rx_broadcast;
	u64 rx_good;
	u64 rx_total;
	u64 tx_multicast;
	u64 tx_broadcast;
	u64 tx_good;
	u64 tx_total;
	u64 tx_late_collisions;
	u64 collisions;
};

/**
 * struct vpf_nic - one PF
 * @netdev: its interface
 * @pdev: its PCI function
 * @regs: BAR 0
 * @list: in vpf_nics, protected by vpf_nics_lock
 * @flags: enum vpf_nic_flag
 * @wq: everything that sleeps and is not under RTNL
 * @service: link, statistics, restart of a hung queue
 * @queues: queue pairs of the PF; the first @num_queues run while %VPF_F_UP
 * @max_queues: for how many there are vectors
 * @wanted_queues: how many there are without VFs; under RTNL. Rings and vectors of all are
 *	there while the interface is open
 * @num_queues: how many there are; under RTNL, written while they are stopped
 * @hung_queue: of which the stack last said so
 * @rss: what is spread over the queues
 * @tx_count: descriptors of each transmit ring, under RTNL
 * @rx_count: descriptors of each receive ring, under RTNL
 * @pool: of the PF; its first queue has the same number in the NIC. Equals @num_vfs,
 *	because QEMU lets a queue below that do DMA as a VF. Written as that
 * @num_vfs: VFs that the NIC is set up for. Written under RTNL and
 *	@filter_lock while no VF exists
 * @link_up: as reported last; service task only
 * @reset_count: full resets since probe
 * @queue_restarts: restarts of the queues by the service task
 * @irq_other: "other cause" interrupts
 * @last_restart: jiffies of the last restart after a hung transmit queue
 * @rx_usecs: shortest time between interrupts of a queue, under RTNL
 * @wake: WUF_*: frames that wake the host, under RTNL
 * @keep_own: private flag: frames that come from our own addresses are received
 * @perm_addr: address in the NIC's memory
 * @phy_lock: MDIC and the PHY behind it
 * @advertising: enum vpf_link_mode bits offered in autonegotiation, under RTNL
 * @autoneg: under RTNL
 * @forced: link mode if not @autoneg, under RTNL
 * @pause: FLOW_CTRL_*: offered in autonegotiation, or what is done; under RTNL
 * @pause_autoneg: do what both sides have agreed on, under RTNL
 * @pause_sent: the link's other end heeds pause frames of ours, under RTNL
 * @filter_lock: @filter and the registers it stands for; VFRE, VFTE, RCTL.
 *	Taken with bottom halves off (ndo_set_rx_mode)
 * @filter: receive filters of all pools
 * @stats_lock: @hw_stats
 * @hw_stats: counters of the port
 * @health: devlink
 * @mbx_irq: rate of mailbox interrupts, see vf_mbx.c
 * @vf: the VFs; those below @num_vfs are in use
 */
struct vpf_nic {
	struct net_device *netdev;
	struct pci_dev *pdev;
	u8 __iomem *regs;
	struct list_head list;

	unsigned long flags;
	struct workqueue_struct *wq;
	struct delayed_work service;

	struct vpf_queue queues[VPF_QUEUES];
	u8 max_queues;
	u8 wanted_queues;
	u8 num_queues;
	u8 hung_queue;
	struct vpf_rss rss;
	u16 tx_count;
	u16 rx_count;
	u8 pool;
	u8 num_vfs;

	bool link_up;
	u64 reset_count;
	u64 queue_restarts;
	u64 irq_other;
	unsigned long last_restart;
	u16 rx_usecs;
	u32 wake;
	bool keep_own;
	u8 perm_addr[ETH_ALEN];

	struct mutex phy_lock;		/* MDIC */
	struct mutex nvm_lock;		/* EERD */
	u32 advertising;
	u32 forced;
	u8 pause;
	bool pause_autoneg;
	bool pause_sent;
	bool autoneg;

	spinlock_t filter_lock;		/* filter and its registers */
	struct vpf_filter filter;

	struct mutex stats_lock;	/* hw_stats */
	struct vpf_hw_stats hw_stats;

	struct vpf_health health;
	struct vpf_mbx_irq mbx_irq;
	struct vferry_pf_vf vf[VPF_MAX_VFS];
};

static inline u32 vpf_rd(const struct vpf_nic *nic, u32 reg)
{
	return readl(nic->regs + reg);
}

static inline void vpf_wr(const struct vpf_nic *nic, u32 reg, u32 val)
{
	writel(val, nic->regs + reg);
}

/* Posted writes have arrived when this returns */
static inline void vpf_flush(const struct vpf_nic *nic)
{
	vpf_rd(nic, R_STATUS);
}

/* Can its registers be asked? */
static inline bool vpf_present(const struct vpf_nic *nic)
{
	return !test_bit(VPF_F_AWAY, &nic->flags);
}

/* Are pools in use? Then filters, promiscuity and size limits are per pool */
static inline bool vpf_vmdq(const struct vpf_nic *nic)
{
	return nic->num_vfs;
}

/* How many queues can be had now? With pools QEMU knows no more, and vectors are VFs' */
static inline unsigned int vpf_usable_queues(const struct vpf_nic *nic)
{
	return vpf_vmdq(nic) ? 1 : nic->max_queues;
}

/* hw.c */
int vpf_hw_reset(struct vpf_nic *nic);
int vpf_hw_read_mac(struct vpf_nic *nic);
int vpf_hw_nvm_word(struct vpf_nic *nic, unsigned int word, u16 *ret_val);
void vpf_hw_configure(struct vpf_nic *nic);
void vpf_hw_configure_ctrl(struct vpf_nic *nic);
void vpf_hw_stop(struct vpf_nic *nic);
void vpf_hw_release(struct vpf_nic *nic);
void vpf_hw_wake_on(struct vpf_nic *nic);
void vpf_hw_queue_off(struct vpf_nic *nic, unsigned int queue);
bool vpf_hw_queue_runs(struct vpf_nic *nic, unsigned int queue);
void vpf_hw_settle(struct vpf_nic *nic);
bool vpf_hw_is_ours(struct vpf_nic *nic);
void vpf_hw_update_stats(struct vpf_nic *nic);

/* irq.c */
unsigned int vpf_irq_max_queues(struct pci_dev *pdev);
int vpf_irq_init(struct vpf_nic *nic);
void vpf_irq_exit(struct vpf_nic *nic);
int vpf_irq_queue_request(struct vpf_queue *queue);
void vpf_irq_queue_free(struct vpf_queue *queue);
void vpf_irq_queue_route(struct vpf_queue *queue);
void vpf_irq_queue_on(struct vpf_queue *queue);
void vpf_irq_queue_off(struct vpf_queue *queue);
void vpf_irq_pace(struct vpf_nic *nic);
void vpf_irq_other_on(struct vpf_nic *nic);
void vpf_irq_other_off(struct vpf_nic *nic);

/* netdev.c */
void vpf_netdev_init(struct vpf_nic *nic);

/* queue.c */
void vpf_queues_init(struct vpf_nic *nic);
int vpf_queues_add(struct vpf_nic *nic);
int vpf_queues_open(struct vpf_nic *nic);
void vpf_queues_close(struct vpf_nic *nic);
void vpf_queues_spread(struct vpf_nic *nic, unsigned int from);
unsigned int vpf_queue_cpu(const struct vpf_queue *queue);
int vpf_queues_follow(struct vpf_nic *nic);
int vpf_queues_change(struct vpf_nic *nic, unsigned int num, u16 tx_count, u16 rx_count);
void vpf_up(struct vpf_nic *nic);
void vpf_down(struct vpf_nic *nic);
void vpf_queues_stats(struct vpf_nic *nic, unsigned int from, unsigned int to,
		      struct vpf_queue_stats *sum);

/* ethtool.c */
extern const struct ethtool_ops vpf_ethtool_ops;

/* main.c */
extern struct pci_driver vpf_driver;
void vpf_service_kick(struct vpf_nic *nic);
void vpf_full_reset(struct vpf_nic *nic);
void vpf_recover(struct vpf_nic *nic);
int vpf_restart(struct vpf_nic *nic, bool up);

#endif
