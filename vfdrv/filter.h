/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VF wants to receive. The interface's own lists say it; here is what
 * the PF must be told, and told again after a reset or a suspension during
 * which it could not be told.
 */
#ifndef VVF_FILTER_H
#define VVF_FILTER_H

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

struct vvf;

/* Further unicast addresses: as many as the NIC could have for all. */
#define VVF_UC_MAX	16

/**
 * struct vvf_filter - filters of one VF
 * @lock: one sequence of requests at a time
 * @work: tells the PF the address lists
 * @all: @work tells everything; bit 0
 * @pf_mac: address that the PF gave with the last reset, zero: none
 * @vlans: VLANs wanted; changed under RTNL
 * @vlans_told: VLANs that the PF was told
 * @uc: further unicast addresses
 * @uc_count: how many
 * @uc_told: the PF may have further unicast addresses
 * @promisc: multicast promiscuity that the PF was told
 * @refused: requests that the PF refused
 */
struct vvf_filter {
	struct mutex lock;	/* see above */
	struct work_struct work;
	unsigned long all;
	u8 pf_mac[ETH_ALEN];
	DECLARE_BITMAP(vlans, VLAN_N_VID);
	DECLARE_BITMAP(vlans_told, VLAN_N_VID);
	u8 uc[VVF_UC_MAX][ETH_ALEN];
	unsigned int uc_count;
	bool uc_told;
	bool promisc;
	unsigned long refused;
};

void vvf_filter_init(struct vvf *vvf);
void vvf_filter_start(struct vvf *vvf);
void vvf_filter_stop(struct vvf *vvf);
void vvf_filter_lists_changed(struct vvf *vvf);
void vvf_filter_restore(struct vvf *vvf);
void vvf_filter_resumed(struct vvf *vvf);
int vvf_filter_set_mac(struct vvf *vvf, const u8 *mac);
int vvf_filter_set_mtu(struct vvf *vvf, unsigned int mtu);
int vvf_filter_set_vlan(struct vvf *vvf, u16 vid, bool add);

#endif
