/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One VF, as its PF knows it.
 */
#ifndef VPF_VF_H
#define VPF_VF_H

#include <linux/if_ether.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../include/vferry_pf_ops.h"
#include "abuse.h"
#include "mig.h"
#include "vf_mbx.h"

struct vpf_nic;

/**
 * struct vpf_policy - what the host wants of a VF
 * @mac: address, if @mac_set
 * @mac_set: the guest may not choose
 * @vlan: port VLAN, 0: none
 * @qos: its priority
 * @link_state: IFLA_VF_LINK_STATE_AUTO, _ENABLE or _DISABLE. The NIC shows every
 *	VF the port's link; _DISABLE stops the VF from sending and receiving
 * @trusted: may ask for all multicast, and change an address set by the host
 * @spoofchk: the NIC drops what it sends from other addresses and VLANs than its own
 */
struct vpf_policy {
	u8 mac[ETH_ALEN];
	bool mac_set;
	u16 vlan;
	u8 qos;
	u8 link_state;
	bool trusted;
	bool spoofchk;
};

/**
 * struct vferry_pf_vf - one VF
 * @nic: its PF
 * @nr: its number, also of its pool and its first queue
 * @work: everything that is done for this VF: mailbox, resets, deadlines, events
 * @lock: what is below it up to @mig_lock. Held for the time of register accesses,
 *	never while waiting for a guest; so it can be taken under RTNL
 * @active: the VF exists; also read without @lock where a stale answer is harmless
 * @admin: as set by an administrator on this host
 * @policy: in effect: @admin, and what came with a guest from another host. That
 *	stays until VFIO lets go of the VF, so that a guest which is rebooted here
 *	finds the address it came with
 * @policy_default_mac: address if @policy names none: @default_mac, or the one the
 *	guest came with
 * @default_mac: drawn when the VF was made, and again when it has gone elsewhere with a guest
 * @given: the VF's state has left this host, and the address with it
 * @mac: address in use
 * @running: the VF's driver has reset it; it may send and receive
 * @cts: the VF's requests are heard. Lost without @running being lost when the
 *	host has changed something that the driver must come and get
 * @quiet: VFIO has stopped the VF's DMA
 * @hidden: filters are taken away, as the migration wants it
 * @mc_wanted: VF asks for all multicast; it receives it while it is trusted
 * @distrusted: the VF was refused something that it may have once it is trusted
 * @max_frame: as in SET_MAX_FRAME
 * @vlan_count: of @vlans
 * @vlans: VLANs that the VF asked for
 * @mc_count: of @mc_hashes
 * @mc_hashes: multicast that the VF asked for
 * @uc_count: of @uc_addrs
 * @uc_addrs: further addresses that the VF asked for
 * @counters: VFGPRC, VFGPTC, VFGORC, VFGOTC, VFMPRC since the VF was made
 * @counters_hw: the registers when they were read last
 * @mbx: the mailbox
 * @said: how often the log may tell of what the VF asks for
 * @mig_lock: @mig. Innermost, with bottom halves off
 * @mig: the migration
 * @abuse: enum vpf_abuse, since the PF's driver was loaded
 * @spoof_log: how often the log speaks of spoofing
 * @client_lock: @client_ops, @client_ctx; held during a callback. Taken without
 *	@lock, and @lock may be taken under it
 * @client_ops: callbacks of the holder, NULL: nobody holds the VF
 * @client_ctx: for them
 */
struct vferry_pf_vf {
	struct vpf_nic *nic;
	u8 nr;
	struct delayed_work work;

	struct mutex lock;		/* members up to mig_lock */
	bool active;
	struct vpf_policy admin;
	struct vpf_policy policy;
	u8 policy_default_mac[ETH_ALEN];
	u8 default_mac[ETH_ALEN];
	bool given;
	u8 mac[ETH_ALEN];
	bool running;
	bool cts;
	bool quiet;
	bool hidden;
	bool mc_wanted;
	bool distrusted;
	u32 max_frame;
	u16 vlan_count;
	u16 vlans[VFERRY_DEV_VLANS];
	u16 mc_count;
	u16 mc_hashes[VFERRY_DEV_MC_HASHES];
	u16 uc_count;
	u8 uc_addrs[VFERRY_DEV_UC_ADDRS][ETH_ALEN];
	u64 counters[VFERRY_DEV_COUNTERS];
	u32 counters_hw[VFERRY_DEV_COUNTERS];
	struct vpf_mbx mbx;
	struct ratelimit_state said;

	spinlock_t mig_lock;		/* mig */
	struct vpf_mig mig;

	atomic64_t abuse[VPF_ABUSE_KINDS];
	struct ratelimit_state spoof_log;

	struct mutex client_lock;	/* client_ops, client_ctx */
	const struct vferry_pf_client_ops *client_ops;
	void *client_ctx;
};

/* vf.c */
void vpf_vf_init(struct vferry_pf_vf *vf, struct vpf_nic *nic, unsigned int nr);
void vpf_vf_create(struct vferry_pf_vf *vf);
void vpf_vf_destroy(struct vferry_pf_vf *vf);
void vpf_vf_kick(struct vferry_pf_vf *vf);
void vpf_vf_reset(struct vferry_pf_vf *vf);
int vpf_vf_start(struct vferry_pf_vf *vf);
void vpf_vf_revoke(struct vferry_pf_vf *vf);
void vpf_vf_release_policy(struct vferry_pf_vf *vf);
void vpf_vf_apply_enable(struct vferry_pf_vf *vf);
void vpf_vf_apply_hidden(struct vferry_pf_vf *vf);
int vpf_vf_apply_vlan(struct vferry_pf_vf *vf);
bool vpf_vf_check_flr(struct vferry_pf_vf *vf);
void vpf_vf_update_counters(struct vferry_pf_vf *vf);
int vpf_vf_set_mac(struct vferry_pf_vf *vf, const u8 *mac);
const u8 *vpf_vf_home(const struct vferry_pf_vf *vf);
void vpf_vf_claim_home(struct vferry_pf_vf *vf);
bool vpf_vf_all_multicast(const struct vferry_pf_vf *vf);
void vpf_vf_apply_trust(struct vferry_pf_vf *vf);
void vpf_vf_apply_multicast(struct vferry_pf_vf *vf);
void vpf_vf_left(struct vferry_pf_vf *vf);

/* Tell of what a VF asks for: it decides how often, so only now and then */
#define vpf_vf_say(vf, format, ...) do {						\
	if (__ratelimit(&(vf)->said))							\
		netdev_warn((vf)->nic->netdev, "VF %u: " format "\n", (vf)->nr, ##__VA_ARGS__);\
} while (0)

/* vf_scrub.c */
void vpf_vf_scrub(struct vferry_pf_vf *vf);

#endif
