/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VF wants to receive, and what became of it. The interface says what it wants; the
 * PF is told by one work, which compares that with what the PF has answered:
 *
 * - acknowledged: the PF has it, and is told no more;
 * - refused: said in the log once, and not asked for again before the PF may have changed its
 *   mind (a reset of the VF, a CONTROL message);
 * - not answered: the PF may have it or not, so it is told again, later.
 *
 * Whoever changes something under RTNL waits for the answer a moment only, and not at all
 * from a PF that is known to be silent. Without an answer the change is accepted.
 */
#ifndef VVF_FILTER_H
#define VVF_FILTER_H

#include <linux/atomic.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../include/vferry_mbx.h"

struct vvf;

/* Further unicast addresses that are asked for: more than the NIC has for all. */
#define VVF_UC_MAX	32

/* Longest line about something that the PF has refused, with its end. */
#define VVF_REFUSED_LEN	96

/**
 * struct vvf_multicast - multicast filter
 * @hashes: distinct ones, VFERRY_MBX_MC_MAX at most
 * @count: how many
 * @all: all multicast: wanted by the interface, or there are more
 * @groups: addresses that it is made for
 */
struct vvf_multicast {
	u16 hashes[VFERRY_MBX_MC_MAX];
	unsigned int count;
	bool all;
	unsigned int groups;
};

/**
 * struct vvf_unicast - further unicast addresses
 * @addrs: addresses
 * @errors: how the PF answered for each: 0 or -errno
 * @count: how many
 * @more: addresses that there is no place for here, and that the PF is not asked for
 */
struct vvf_unicast {
	u8 addrs[VVF_UC_MAX][ETH_ALEN];
	int errors[VVF_UC_MAX];
	unsigned int count;
	unsigned int more;
};

/**
 * struct vvf_filter - filters of one VF
 * @lock: held by @work while it tells; what it has told is its own
 * @work: tells the PF what differs
 * @adopt: takes the PF's address for the interface's. Takes RTNL
 * @flags: what @work has to do before that, FILTER_*
 * @asked: changes whose answer somebody waits for
 * @answered: value of @asked that @work has gone through
 * @wait: for @answered
 * @silent: the last request was not answered
 * @guard: protects @mac, @mac_chosen, @mtu, @pf_mac and what was refused (fields *_error, @uc)
 * @mac: own address that is wanted
 * @mac_chosen: an administrator of the guest has set it
 * @mac_error: it was refused
 * @mtu: MTU that is wanted
 * @mtu_error: it was refused
 * @pf_mac: address that the PF gave with the last reset, zero: none
 * @told_mac: address that the PF has, zero: not known
 * @mac_said: address whose refusal is in the log
 * @told_mtu: MTU that the PF has, 0: not known
 * @mtu_said: MTU whose refusal is in the log
 * @vlans: VLANs wanted; changed under RTNL, read by NAPI
 * @vlans_told: VLANs that the PF has
 * @vlans_maybe: and those that it may have
 * @vlans_refused: VLANs that it has refused
 * @vlans_said: of which the log tells
 * @vlan_error: how, the last time
 * @uc: further unicast addresses that the PF was told
 * @uc_sure: it has answered for all of them
 * @mc: multicast filter that the PF was told
 * @mc_sure: it has answered
 * @all_told: multicast promiscuity that the PF has
 * @all_sure: it has answered
 * @all_error: promiscuity was refused
 * @refused: requests that the PF refused
 */
struct vvf_filter {
	struct mutex lock;	/* see above */
	struct delayed_work work;
	struct work_struct adopt;
	unsigned long flags;
	atomic_t asked;
	int answered;
	wait_queue_head_t wait;
	bool silent;

	spinlock_t guard;	/* see above */
	u8 mac[ETH_ALEN];
	bool mac_chosen;
	int mac_error;
	unsigned int mtu;
	int mtu_error;
	u8 pf_mac[ETH_ALEN];

	u8 told_mac[ETH_ALEN];
	u8 mac_said[ETH_ALEN];
	unsigned int told_mtu;
	unsigned int mtu_said;
	DECLARE_BITMAP(vlans, VLAN_N_VID);
	DECLARE_BITMAP(vlans_told, VLAN_N_VID);
	DECLARE_BITMAP(vlans_maybe, VLAN_N_VID);
	DECLARE_BITMAP(vlans_refused, VLAN_N_VID);
	DECLARE_BITMAP(vlans_said, VLAN_N_VID);
	int vlan_error;
	struct vvf_unicast uc;
	bool uc_sure;
	struct vvf_multicast mc;
	bool mc_sure;
	bool all_told;
	bool all_sure;
	int all_error;
	unsigned long refused;
};

void vvf_filter_init(struct vvf *vvf);
void vvf_filter_start(struct vvf *vvf);
void vvf_filter_stop(struct vvf *vvf);
void vvf_filter_lists_changed(struct vvf *vvf);
void vvf_filter_given(struct vvf *vvf, const u8 *mac);
void vvf_filter_restore(struct vvf *vvf);
void vvf_filter_resumed(struct vvf *vvf);
void vvf_filter_recheck(struct vvf *vvf);
int vvf_filter_set_mac(struct vvf *vvf, const u8 *mac);
int vvf_filter_probe(struct vvf *vvf);
int vvf_filter_set_mtu(struct vvf *vvf, unsigned int mtu);
int vvf_filter_set_vlan(struct vvf *vvf, u16 vid, bool add);
bool vvf_filter_describe(struct vvf *vvf, unsigned int *pos, char *line);

#endif
