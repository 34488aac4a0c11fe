/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose address is it, and how much room is there in the NIC's tables: what every pool has,
 * what belongs to a VF though it is not in the NIC now, and what was promised to a guest
 * that is on its way to a VF.
 *
 * Part of the filters: everything here is protected by filter_lock.
 */
#ifndef VPF_ROOM_H
#define VPF_ROOM_H

#include <linux/if_ether.h>
#include <linux/types.h>

#include "../include/vferry_dev_state.h"

struct vpf_nic;

#define VPF_PROMISE_MACS	2

/**
 * struct vpf_promise - what a guest that is on its way to a VF will need
 * @held: there is one
 * @same: bit: VF of this PF that the guest may be coming from, where it has all this too
 * @macs: own address in use, and the one after a reset; they may be the same
 * @uc_count: of @ucs
 * @ucs: further addresses
 * @vlan_count: of @vlans
 * @vlans: VLANs; just the port VLAN if there is one
 */
struct vpf_promise {
	bool held;
	unsigned int same;
	u8 macs[VPF_PROMISE_MACS][ETH_ALEN];
	u16 uc_count;
	u8 ucs[VFERRY_DEV_UC_ADDRS][ETH_ALEN];
	u16 vlan_count;
	u16 vlans[VFERRY_DEV_VLANS];
};

/**
 * enum vpf_claim_by - where the address comes from that a VF has after a reset
 * @VPF_CLAIM_DRAWN: it was drawn at random
 * @VPF_CLAIM_CAME: a guest came here with it
 * @VPF_CLAIM_SET: the administrator of this host has set it
 */
enum vpf_claim_by {
	VPF_CLAIM_DRAWN,
	VPF_CLAIM_CAME,
	VPF_CLAIM_SET,
};

/**
 * struct vpf_claim - the address that a VF has after a reset
 * @addr: it, all zero: none
 * @by: where it comes from
 * @used: the VF has a user
 */
struct vpf_claim {
	u8 addr[ETH_ALEN];
	enum vpf_claim_by by;
	bool used;
};

/**
 * enum vpf_asker - who wants an address
 * @VPF_ASK_GUEST: a guest, by its driver. What belongs to another VF it never gets
 * @VPF_ASK_STATE: a state that somebody has written. Of a VF that nobody uses it may have
 *	what was drawn, as a guest that was saved there has, but nothing that was set
 * @VPF_ASK_HOST: the administrator. May have what belongs to a VF that nobody uses
 */
enum vpf_asker {
	VPF_ASK_GUEST,
	VPF_ASK_STATE,
	VPF_ASK_HOST,
};

/**
 * struct vpf_room - what a VF could have now
 * @addrs: further addresses in all
 * @vlans: VLANs that are not in @known
 * @known_count: of @known
 * @known: VLANs that need no room, as others are in them
 */
struct vpf_room {
	u32 addrs;
	u32 vlans;
	unsigned int known_count;
	u16 known[VFERRY_DEV_VLANS];
};

/* For callers that hold filter_lock */
bool vpf_room_mac_taken(const struct vpf_nic *nic, unsigned int pool, const u8 *mac,
			unsigned int ignore, enum vpf_asker asker);
unsigned int vpf_room_uc(const struct vpf_nic *nic, unsigned int pool, unsigned int same);
bool vpf_room_vlan(const struct vpf_nic *nic, unsigned int pool, u16 vid);
void vpf_room_clear(struct vpf_nic *nic);

void vpf_room_claim(struct vpf_nic *nic, unsigned int nr, const u8 *mac, enum vpf_claim_by by);
int vpf_room_give(struct vpf_nic *nic, unsigned int nr, const u8 *mac);
void vpf_room_set_used(struct vpf_nic *nic, unsigned int nr, bool used);

int vpf_room_promise(struct vpf_nic *nic, unsigned int nr, const struct vpf_promise *wanted,
		     char *reason, size_t size);
void vpf_room_release(struct vpf_nic *nic, unsigned int nr);
void vpf_room_left(struct vpf_nic *nic, unsigned int nr, struct vpf_room *ret_room);
bool vpf_room_promised(struct vpf_nic *nic, unsigned int nr);

#endif
