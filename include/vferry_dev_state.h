/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host knows of a VF, in memory. Made and used by the PF driver, put on
 * the wire and taken off it by the VFIO driver (format: vferry_stream.h).
 *
 * Pure C: needs neither the kernel nor libc.
 */
#ifndef VFERRY_DEV_STATE_H
#define VFERRY_DEV_STATE_H

#include <linux/if_ether.h>
#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

/* Sizes of the NIC's tables, as far as one VF can use them (82576). */
#define VFERRY_DEV_VLANS	32	/* VLVF entries */
#define VFERRY_DEV_MC_HASHES	30	/* one SET_MULTICAST message */
#define VFERRY_DEV_UC_ADDRS	16	/* RAR entries beyond those of PF and 7 VFs */
#define VFERRY_DEV_VECTORS	3	/* MSI-X vectors of a VF */
#define VFERRY_DEV_COUNTERS	5	/* VFGPRC VFGPTC VFGORC VFGOTC VFMPRC */

/* NIC types, struct vferry_dev_state.nic. */
#define VFERRY_NIC_82576	1

/**
 * struct vferry_dev_state - what a host knows of a VF; travels in the stream
 * @nic: VFERRY_NIC_*
 * @proto: mailbox protocol version that the guest's driver speaks
 * @features: VFERRY_FEAT_* in use
 * @mig_id: identifies the migration; carried to the guest with RESUME. 0: there was
 *	none, the guest was stopped without being suspended. A secret: vferry_mig_name.h
 * @cts: the VF has been reset and is clear to send
 * @mac: address that the VF uses
 * @reset_mac: address that the VF has after a reset, until its driver chooses another;
 *	all zero: not known, take @mac
 * @mac_by_host: an administrator set @reset_mac
 * @port_vlan: VLAN that the host puts the VF on, 0: none
 * @port_qos: its priority
 * @link_state: IFLA_VF_LINK_STATE_AUTO, _ENABLE or _DISABLE
 * @trusted: VF could ask for promiscuous modes where it was. To be shown, never to be
 *	granted: that is for the administrator of the host
 * @link: the port that the VF comes from has a link. Known early only
 * @spoofchk: as ndo_set_vf_spoofchk; 0 where the NIC has none
 * @mc_promisc: VF receives all multicast
 * @mc_wanted: VF asks for all multicast, whether it may or not
 * @max_frame: largest frame that the VF takes, bytes, with CRC
 * @vlan_count: entries of @vlans that count
 * @vlans: VLAN ids that the VF asked for
 * @mc_count: entries of @mc_hashes that count
 * @mc_hashes: 12-bit multicast hashes that the VF asked for
 * @uc_count: entries of @uc_addrs that count
 * @uc_addrs: further unicast addresses
 * @vtivar: queue-to-vector routing as the VF wrote it (VTIVAR)
 * @vtivar_misc: mailbox-to-vector routing as the VF wrote it (VTIVAR_MISC)
 * @eims: bit v: vector v is enabled
 * @eiac: bit v: vector v clears its cause by itself
 * @eitr: throttle register of each vector
 * @counters: VFGPRC, VFGPTC, VFGORC, VFGOTC, VFMPRC since the VF was made,
 *	with what earlier hosts counted
 *
 * Integers are in host byte order. Sizes are what counts say, never more than
 * the arrays hold; whether a value makes sense is the PF driver's to judge.
 */
struct vferry_dev_state {
	__u32 nic;
	__u32 proto;
	__u32 features;
	__u64 mig_id;
	bool cts;
	__u8 mac[ETH_ALEN];
	__u8 reset_mac[ETH_ALEN];
	bool mac_by_host;
	__u16 port_vlan;
	__u8 port_qos;
	__u8 link_state;
	bool trusted;
	bool link;
	bool spoofchk;
	bool mc_promisc;
	bool mc_wanted;
	__u32 max_frame;
	__u16 vlan_count;
	__u16 vlans[VFERRY_DEV_VLANS];
	__u16 mc_count;
	__u16 mc_hashes[VFERRY_DEV_MC_HASHES];
	__u16 uc_count;
	__u8 uc_addrs[VFERRY_DEV_UC_ADDRS][ETH_ALEN];
	__u32 vtivar;
	__u32 vtivar_misc;
	__u8 eims;
	__u8 eiac;
	__u32 eitr[VFERRY_DEV_VECTORS];
	__u64 counters[VFERRY_DEV_COUNTERS];
};

#endif
