/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters: who gets which frame, and what may leave a pool.
 *
 * The NIC's tables are shared by all pools. What each pool wants is kept here,
 * the registers follow. A pool is a VF's number, or VPF_POOL_PF whatever number
 * the NIC knows the PF's pool by.
 */
#ifndef VPF_FILTER_H
#define VPF_FILTER_H

#include <linux/bitmap.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/types.h>

#include "../include/vferry_pf_ops.h"
#include "regs.h"
#include "room.h"

struct vpf_nic;

#define VPF_POOL_PF		VPF_MAX_VFS
#define VPF_POOLS		(VPF_MAX_VFS + 1)

/* Entries of the address table: the PF's own, VF n's own, and those that all share */
#define VPF_RAR_PF		0
#define VPF_RAR_VF(n)		(VPF_RARS - 1 - (n))
#define VPF_RAR_FIRST		1
#define VPF_RAR_LAST		(VPF_RAR_VF(VPF_MAX_VFS - 1) - 1)

/*
 * What a pool is always left of the entries shared by all, so that no VF can
 * take everything: 32 VLVF entries but one for VLAN 0, and 16 RAR entries, by 8 pools.
 */
#define VPF_VLANS_RESERVED	((VPF_VLVFS - 1) / VPF_POOLS)
#define VPF_UCS_RESERVED	(VFERRY_DEV_UC_ADDRS / VPF_POOLS)

struct vpf_rar {
	u8 addr[ETH_ALEN];
	u8 pool;
	bool used;
};

struct vpf_vlvf {
	u16 vid;
	u16 pools;		/* bit: pool; 0: free */
};

/**
 * struct vpf_pool - what one pool wants
 * @mta: multicast hash table
 * @allmulti: all multicast
 * @max_frame: largest frame with CRC but without VLAN tag
 * @strip: take VLAN tags out of received frames
 * @port_tag: VLAN and priority (as in a tag) of all that the pool sends and
 *	receives, 0: none
 * @spoofchk: what it sends from other addresses and VLANs than its own is dropped.
 *	Like @port_tag the host's: survives vpf_filter_reset_pool()
 * @rx: pool may receive
 * @tx: pool may transmit
 * @hidden: its addresses are taken away from the NIC
 */
struct vpf_pool {
	u32 mta[VPF_MTA_WORDS];
	bool allmulti;
	u16 max_frame;
	bool strip;
	u16 port_tag;
	bool spoofchk;
	bool rx;
	bool tx;
	bool hidden;
};

/*
 * The registers that hold what pools want and may, as written last. What belongs to
 * a pool is written from here and nowhere else: vpf_filter_rewrite() then brings
 * all of it back after a reset.
 */
struct vpf_filter_regs {
	u32 ral[VPF_RARS];
	u32 rah[VPF_RARS];
	u32 vlvf[VPF_VLVFS];
	u32 vmolr[VPF_HW_POOLS];
	u32 vmvir[VPF_HW_POOLS];
	u32 mta[VPF_MTA_WORDS];
	u32 vfta[VPF_VFTA_WORDS];
	u32 mrqc;
	u32 dtxswc;
	u32 rplolr;
	u32 qde;
	u32 vt_ctl;
	u32 rctl;
	u32 rlpml;
};

/**
 * struct vpf_filter - filters of all pools
 * @rar: address table
 * @vlvf: VLANs by pool, used with pools only
 * @pf_vlans: VLANs of the PF's interface
 * @pool: wishes of each pool
 * @claim: addresses that VFs have after a reset
 * @promise: what guests that are on their way to VFs will need
 * @uc_promisc: PF wants unicast for anyone
 * @vlan_promisc: PF wants all VLANs
 * @hash: MRQC_*: what of a frame says which of the PF's queues it gets; without pools
 * @regs: the registers as they are now
 * @want: what they are to be; only while they are synchronised
 * @stale: @regs is not true (reset): write all
 */
struct vpf_filter {
	struct vpf_rar rar[VPF_RARS];
	struct vpf_vlvf vlvf[VPF_VLVFS];
	DECLARE_BITMAP(pf_vlans, VLAN_N_VID);
	struct vpf_pool pool[VPF_POOLS];
	struct vpf_claim claim[VPF_MAX_VFS];
	struct vpf_promise promise[VPF_MAX_VFS];
	bool uc_promisc;
	bool vlan_promisc;
	u32 hash;
	struct vpf_filter_regs regs;
	struct vpf_filter_regs want;
	bool stale;
};

void vpf_filter_init(struct vpf_nic *nic);
void vpf_filter_rewrite(struct vpf_nic *nic);
int vpf_filter_set_vfs(struct vpf_nic *nic, unsigned int num_vfs);

int vpf_filter_set_mac(struct vpf_nic *nic, unsigned int pool, const u8 *mac,
		       unsigned int ignore);
int vpf_filter_uc_add(struct vpf_nic *nic, unsigned int pool, const u8 *mac,
		      unsigned int ignore);
void vpf_filter_uc_clear(struct vpf_nic *nic, unsigned int pool);

int vpf_filter_vlan_add(struct vpf_nic *nic, unsigned int pool, u16 vid);
void vpf_filter_vlan_del(struct vpf_nic *nic, unsigned int pool, u16 vid);
void vpf_filter_vlan_clear(struct vpf_nic *nic, unsigned int pool);

void vpf_filter_set_multicast(struct vpf_nic *nic, unsigned int pool,
			      const u16 *hashes, unsigned int count, bool all);
void vpf_filter_set_size(struct vpf_nic *nic, unsigned int pool, u16 max_frame);
void vpf_filter_set_port_tag(struct vpf_nic *nic, unsigned int pool, u16 tag);
void vpf_filter_set_spoofchk(struct vpf_nic *nic, unsigned int pool, bool on);
void vpf_filter_set_strip(struct vpf_nic *nic, unsigned int pool, bool on);
void vpf_filter_set_enable(struct vpf_nic *nic, unsigned int pool, bool rx, bool tx);
void vpf_filter_set_hidden(struct vpf_nic *nic, unsigned int pool, bool hidden);
void vpf_filter_reset_pool(struct vpf_nic *nic, unsigned int pool);

void vpf_filter_set_hash(struct vpf_nic *nic, u32 fields, bool on);

/* netdev's own: ndo_set_rx_mode */
void vpf_filter_set_rx_mode(struct vpf_nic *nic);

/* Which of the 4096 hash bits stands for a multicast address [7.1.2.2, MO = 0] */
static inline u16 vpf_mc_hash(const u8 *mac)
{
	return (mac[4] >> 4 | (u16)mac[5] << 4) & 0xfff;
}

#endif
