/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rtnetlink knows of VFs and vferry_pf's family does not. */
#ifndef VFERRY_HOST_RTNL_H
#define VFERRY_HOST_RTNL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTNL_VFS	256

/**
 * struct vf_settings - what an administrator has set
 * @known: this VF exists
 * @vlan: port VLAN, 0: none; @qos is its priority
 * @spoofchk: 1: what it sends from others' addresses and VLANs is dropped; 0: it is not; -1:
 *	the driver does not tell
 */
struct vf_settings {
	bool known;
	uint32_t vlan;
	uint32_t qos;
	int spoofchk;
};

/* Pure: from an answer to RTM_GETLINK. 0 or -EBADMSG. */
int rtnl_get_settings(const struct nlmsghdr *h, struct vf_settings ret[static RTNL_VFS]);

/* Settings of all VFs of a PF; 0 or -errno. */
int rtnl_vf_settings(unsigned int ifindex, struct vf_settings ret[static RTNL_VFS]);

/* Give a VF an address, all 0: none, the choice is the PF driver's; 0 or -errno. */
int rtnl_set_vf_mac(unsigned int ifindex, unsigned int vf, const uint8_t *mac);

/* Give a VF a port VLAN, 0: none; 0 or -errno. */
int rtnl_set_vf_vlan(unsigned int ifindex, unsigned int vf, unsigned int vlan, unsigned int qos);

#endif
