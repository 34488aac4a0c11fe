/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The copper PHY, by MDIC: IEEE 802.3 clause 22 registers only.
 */
#ifndef VPF_PHY_H
#define VPF_PHY_H

#include <linux/types.h>

struct vpf_nic;

/* What can be offered in autonegotiation or forced */
#define VPF_LINK_10_HALF	0x01
#define VPF_LINK_10_FULL	0x02
#define VPF_LINK_100_HALF	0x04
#define VPF_LINK_100_FULL	0x08
#define VPF_LINK_1000_FULL	0x10
#define VPF_LINK_ALL		0x1f

/**
 * struct vpf_phy_info - what the PHY says
 * @speed: Mbit/s, 0: no link
 * @full: full duplex
 * @partner: VPF_LINK_* of the partner
 * @partner_autoneg: the partner negotiates
 * @pause_own: ADVERTISE_PAUSE_* that we offer
 * @pause_partner: the same of the partner
 */
struct vpf_phy_info {
	u32 speed;
	bool full;
	u32 partner;
	bool partner_autoneg;
	u16 pause_own;
	u16 pause_partner;
};

int vpf_phy_init(struct vpf_nic *nic);
int vpf_phy_setup(struct vpf_nic *nic);
bool vpf_phy_link(struct vpf_nic *nic, u32 *ret_speed, bool *ret_full);
int vpf_phy_info(struct vpf_nic *nic, struct vpf_phy_info *ret_info);

#endif
