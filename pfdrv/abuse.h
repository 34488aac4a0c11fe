/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VF has done that no good one does, counted for each.
 */
#ifndef VPF_ABUSE_H
#define VPF_ABUSE_H

#include <linux/types.h>

struct vpf_nic;
struct vferry_pf_vf;

/**
 * enum vpf_abuse - what is counted; in the order of the names in abuse.c
 * @VPF_ABUSE_SPOOFED: looks at WVBR that found frames dropped because of their source
 *	address or VLAN; the NIC does not say how many
 * @VPF_ABUSE_REFUSED: requests refused
 * @VPF_ABUSE_INVALID: messages that are none
 * @VPF_ABUSE_THROTTLED: times that it was out of requests
 * @VPF_ABUSE_LOCK_BROKEN: times that the mailbox was taken from it
 * @VPF_ABUSE_KINDS: how many there are
 */
enum vpf_abuse {
	VPF_ABUSE_SPOOFED,
	VPF_ABUSE_REFUSED,
	VPF_ABUSE_INVALID,
	VPF_ABUSE_THROTTLED,
	VPF_ABUSE_LOCK_BROKEN,
	VPF_ABUSE_KINDS,
};

void vpf_abuse_init(struct vferry_pf_vf *vf);
void vpf_abuse_count(struct vferry_pf_vf *vf, enum vpf_abuse what);
void vpf_abuse_look(struct vpf_nic *nic);

/* ethtool -S: of all VFs that there can be */
unsigned int vpf_abuse_stat_count(void);
void vpf_abuse_stat_names(u8 **data);
void vpf_abuse_stat_values(struct vpf_nic *nic, u64 *data);

#endif
