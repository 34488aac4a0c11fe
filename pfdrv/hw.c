// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset, global configuration, address, counters of the port.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/iopoll.h>

#include "../include/vferry_mbx.h"
#include "pf.h"
#include "phy.h"

/* [4.2.1.6] reset takes 1 ms; the NVM is read again within 10 ms */
#define VPF_RESET_US		1000
#define VPF_NVM_US		10000
#define VPF_EERD_US		10000
/* [5.2.3.3] pending requests of the NIC end within this */
#define VPF_GIO_US		80000
/* A queue that was switched off ends what it has begun within this */
#define VPF_SETTLE_US		10000

/* [8.12.1] for full duplex; half duplex at 1000 Mbit/s is not offered */
#define VPF_COLLISION_DISTANCE	63

/**
 * vpf_hw_queue_off() - stop a queue pair
 * @nic: the PF
 * @queue: number in the NIC
 *
 * What it has begun goes on: see vpf_hw_settle().
 */
void vpf_hw_queue_off(struct vpf_nic *nic, unsigned int queue)
{
	vpf_wr(nic, R_RXDCTL(queue), 0);
	vpf_wr(nic, R_TXDCTL(queue), 0);
	vpf_flush(nic);
}

/**
 * vpf_hw_queue_runs() - is one of a queue pair switched on?
 * @nic: the PF
 * @queue: number in the NIC
 */
bool vpf_hw_queue_runs(struct vpf_nic *nic, unsigned int queue)
{
	return (vpf_rd(nic, R_RXDCTL(queue)) | vpf_rd(nic, R_TXDCTL(queue))) & XXDCTL_ENABLE;
}

/**
 * vpf_hw_settle() - wait until queues that were switched off do no DMA any more
 * @nic: the PF
 *
 * Before their memory goes. May sleep. QEMU does all DMA before the write that
 * switches off returns, the NIC does not.
 */
void vpf_hw_settle(struct vpf_nic *nic)
{
	vpf_flush(nic);
	usleep_range(VPF_SETTLE_US, VPF_SETTLE_US + VPF_SETTLE_US / 10);
}

/**
 * vpf_hw_stop() - no DMA and no interrupts any more, of PF and VFs
 * @nic: the PF
 */
void vpf_hw_stop(struct vpf_nic *nic)
{
	unsigned int q;
	u32 val;

	vpf_wr(nic, R_IMC, ~0);
	vpf_wr(nic, R_EIMC, ~0);
	vpf_wr(nic, R_RCTL, 0);
	vpf_wr(nic, R_TCTL, TCTL_PSP);
	for (q = 0; q < VPF_HW_QUEUES; q++)
		vpf_hw_queue_off(nic, q);
	vpf_hw_settle(nic);

	vpf_wr(nic, R_CTRL, vpf_rd(nic, R_CTRL) | CTRL_GIO_DISABLE);
	if (read_poll_timeout(vpf_rd, val, !(val & STATUS_GIO_ENABLED), 100,
			      VPF_GIO_US, false, nic, R_STATUS))
		dev_dbg(&nic->pdev->dev, "requests of the NIC are pending\n");
}

/**
 * vpf_hw_reset() - reset the NIC
 * @nic: the PF
 *
 * Also resets what the VFs have programmed, but not the VFs. Counters go to
 * zero. The caller has saved them, and configures the NIC again.
 *
 * Return: 0, or -EIO: there is no NIC at this address any more.
 */
int vpf_hw_reset(struct vpf_nic *nic)
{
	u32 val;

	vpf_hw_stop(nic);
	vpf_wr(nic, R_CTRL, vpf_rd(nic, R_CTRL) | CTRL_RST);
	usleep_range(VPF_RESET_US, 2 * VPF_RESET_US);

	if (read_poll_timeout(vpf_rd, val, !(val & CTRL_RST), 100, VPF_NVM_US,
			      false, nic, R_CTRL) || val == ~0u)
		return -EIO;
	/* QEMU never says that the NVM was read; then that takes no time either */
	read_poll_timeout(vpf_rd, val, val & EECD_AUTO_RD, 1000, VPF_NVM_US,
			  false, nic, R_EECD);

	vpf_wr(nic, R_IMC, ~0);
	vpf_rd(nic, R_ICR);
	nic->reset_count++;
	return 0;
}

/**
 * vpf_hw_is_ours() - is the NIC as we have set it up?
 * @nic: the PF
 *
 * Return: false: it is not there, or somebody has reset it, of whom we have not heard yet.
 */
bool vpf_hw_is_ours(struct vpf_nic *nic)
{
	u32 val = vpf_rd(nic, R_CTRL_EXT);

	return val != ~0u && val & CTRL_EXT_DRV_LOAD;
}

/**
 * vpf_hw_read_mac() - read the address that the NIC has loaded from its NVM
 * @nic: the PF, after a reset
 *
 * Return: 0, or -EADDRNOTAVAIL: it is none.
 */
int vpf_hw_read_mac(struct vpf_nic *nic)
{
	u32 words[2] = { vpf_rd(nic, R_RAL(0)), vpf_rd(nic, R_RAH(0)) };

	vferry_mbx_get_mac(words, nic->perm_addr);
	return is_valid_ether_addr(nic->perm_addr) ? 0 : -EADDRNOTAVAIL;
}

/**
 * vpf_hw_nvm_word() - read a word of the NIC's memory
 * @nic: the PF
 * @word: which
 * @ret_val: written on success
 *
 * Return: 0 or -ETIMEDOUT.
 */
int vpf_hw_nvm_word(struct vpf_nic *nic, unsigned int word, u16 *ret_val)
{
	u32 val;
	int err;

	mutex_lock(&nic->nvm_lock);
	vpf_wr(nic, R_EERD, EERD_START | word << EERD_ADDR_SHIFT);
	err = read_poll_timeout(vpf_rd, val, val & EERD_DONE, 5, VPF_EERD_US, false, nic, R_EERD);
	mutex_unlock(&nic->nvm_lock);
	if (!err)
		*ret_val = val >> EERD_DATA_SHIFT;
	return err;
}

static void configure_interrupts(struct vpf_nic *nic)
{
	unsigned int i;

	/* First of all: until then bits of VFs in EIMS and EIAC are lost */
	vpf_wr(nic, R_GPIE, GPIE_MSIX_MODE | GPIE_NSICR | GPIE_PBA);
	vpf_wr(nic, R_IAM, 0);
	for (i = 0; i < VPF_HW_POOLS; i++)
		vpf_wr(nic, R_IVAR(i), 0);
	/* vectors of queues that are VFs' now, or were */
	vpf_wr(nic, R_EIMC, ~0);
	for (i = 0; i < nic->max_queues; i++)
		vpf_wr(nic, R_EITR(VPF_VEC_QUEUE + i), 0);
	vpf_wr(nic, R_IVAR_MISC,
	       (VPF_VEC_OTHER | IVAR_VALID) << IVAR_MISC_OTHER_SHIFT);
	/* whole, as no VF works; later on each VF's bits are written by R_PVTEIAC */
	vpf_wr(nic, R_EIAC, GENMASK(VPF_VEC_QUEUE + vpf_usable_queues(nic) - 1, 0));
	vpf_wr(nic, R_EITR(VPF_VEC_OTHER), 0);
	vpf_irq_pace(nic);
}

/**
 * vpf_hw_wake_on() - listen for frames that wake the host
 * @nic: the PF, stopped; its filters are as they were
 */
void vpf_hw_wake_on(struct vpf_nic *nic)
{
	u32 rctl = nic->filter.regs.rctl | RCTL_EN;

	if (nic->wake & WUF_MULTICAST)
		rctl |= RCTL_MPE;
	vpf_wr(nic, R_RCTL, rctl);
	vpf_wr(nic, R_CTRL, vpf_rd(nic, R_CTRL) | CTRL_ADVD3WUC);
	vpf_wr(nic, R_WUC, WUC_PME_EN);
	vpf_wr(nic, R_WUFC, nic->wake);
}

/* What VFs have asked of the mailbox before is of no interest any more */
static void configure_mailbox(struct vpf_nic *nic)
{
	vpf_wr(nic, R_VFLRE, GENMASK(VPF_HW_POOLS - 1, 0));
	vpf_wr(nic, R_MBVFICR, ~0);
	vpf_wr(nic, R_MBVFIMR, GENMASK(VPF_HW_POOLS - 1, 0));
}

/*
 * Tell the VFs that the reset is over, and the firmware that it has to ask before
 * it touches the PHY. Never otherwise: the first goes to all of them.
 */
static void announce_reset_done(struct vpf_nic *nic)
{
	vpf_wr(nic, R_CTRL_EXT, vpf_rd(nic, R_CTRL_EXT) |
				CTRL_EXT_PFRSTD | CTRL_EXT_DRV_LOAD);
}

/**
 * vpf_hw_release() - give the NIC back to its firmware
 * @nic: the PF, stopped
 */
void vpf_hw_release(struct vpf_nic *nic)
{
	vpf_wr(nic, R_CTRL_EXT, vpf_rd(nic, R_CTRL_EXT) &
				~(CTRL_EXT_PFRSTD | CTRL_EXT_DRV_LOAD));
}

/**
 * vpf_hw_configure_ctrl() - program the control register
 * @nic: the PF, after a reset or a change of its interface's features
 */
void vpf_hw_configure_ctrl(struct vpf_nic *nic)
{
	u32 ctrl = vpf_rd(nic, R_CTRL) & ~(CTRL_GIO_DISABLE | CTRL_VME);

	/* without pools; with them each has a bit of its own */
	if (nic->netdev->features & NETIF_F_HW_VLAN_CTAG_RX)
		ctrl |= CTRL_VME;
	vpf_wr(nic, R_CTRL, ctrl | CTRL_SLU);
}

/**
 * vpf_hw_configure() - program all but the queues
 * @nic: the PF; its queues are stopped, no VF works
 *
 * After a reset, and to go to another number of VFs. Interrupts stay off.
 */
void vpf_hw_configure(struct vpf_nic *nic)
{
	unsigned int q, i;

	/* Some are on after a reset, and with VFs they are not ours */
	for (q = 0; q < VPF_HW_QUEUES; q++)
		vpf_hw_queue_off(nic, q);
	configure_interrupts(nic);
	configure_mailbox(nic);

	vpf_wr(nic, R_RXCSUM, RXCSUM_IPOFLD | RXCSUM_TUOFLD | RXCSUM_CRCOFL | RXCSUM_PCSD);
	vpf_rss_write(nic);
	vpf_wr(nic, R_TCTL, TCTL_EN | TCTL_PSP | TCTL_RTLC | 15 << TCTL_CT_SHIFT |
			    VPF_COLLISION_DISTANCE << TCTL_COLD_SHIFT);
	vpf_wr(nic, R_WUC, 0);
	vpf_wr(nic, R_WUFC, 0);
	vpf_wr(nic, R_WUS, ~0);		/* what has woken us */
	for (i = 0; i < VPF_UTA_WORDS; i++)
		vpf_wr(nic, R_UTA(i), 0);
	vpf_wr(nic, R_IOVCTL, vpf_vmdq(nic) ? 0 : IOVCTL_REUSE_VFQ);
	vpf_hw_configure_ctrl(nic);
	vpf_filter_rewrite(nic);
	announce_reset_done(nic);
}

static void add(struct vpf_nic *nic, u64 *sum, u32 reg)
{
	*sum += vpf_rd(nic, reg);	/* reading clears it */
}

/**
 * vpf_hw_update_stats() - collect the port's counters
 * @nic: the PF
 */
void vpf_hw_update_stats(struct vpf_nic *nic)
{
	struct vpf_hw_stats *s = &nic->hw_stats;

	if (!vpf_present(nic) || !vpf_hw_is_ours(nic))
		return;
	mutex_lock(&nic->stats_lock);
	add(nic, &s->crc_errors, R_CRCERRS);
	add(nic, &s->rx_errors, R_RXERRC);
	add(nic, &s->rx_missed, R_MPC);
	add(nic, &s->rx_no_buffer, R_RNBC);
	add(nic, &s->rx_length_errors, R_RLEC);
	add(nic, &s->rx_undersize, R_RUC);
	add(nic, &s->rx_oversize, R_ROC);
	add(nic, &s->rx_multicast, R_MPRC);
	add(nic, &s->rx_broadcast, R_BPRC);
	add(nic, &s->rx_good, R_GPRC);
	add(nic, &s->rx_total, R_TPR);
	add(nic, &s->tx_multicast, R_MPTC);
	add(nic, &s->tx_broadcast, R_BPTC);
	add(nic, &s->tx_good, R_GPTC);
	add(nic, &s->tx_total, R_TPT);
	add(nic, &s->tx_late_collisions, R_LATECOL);
	add(nic, &s->collisions, R_COLC);
	mutex_unlock(&nic->stats_lock);
}
