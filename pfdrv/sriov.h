/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SR-IOV: making and unmaking VFs, what the PF's administrator can do to them.
 */
#ifndef VPF_SRIOV_H
#define VPF_SRIOV_H

#include <linux/types.h>

struct ifla_vf_info;
struct ifla_vf_stats;
struct net_device;
struct pci_dev;
struct vpf_nic;

int vpf_sriov_configure(struct pci_dev *pdev, int num_vfs);
void vpf_sriov_disable(struct vpf_nic *nic);
void vpf_sriov_for_each(struct pci_dev *pdev, void (*func)(struct pci_dev *vf));
void vpf_sriov_pci_name(struct vpf_nic *nic, unsigned int nr, char *buf, size_t size);

/* All VFs of a PF */
void vpf_vfs_init(struct vpf_nic *nic);
void vpf_vfs_leave(struct vpf_nic *nic);
void vpf_vfs_before_reset(struct vpf_nic *nic);
void vpf_vfs_after_reset(struct vpf_nic *nic);
void vpf_vfs_link_changed(struct vpf_nic *nic);
void vpf_vfs_update_stats(struct vpf_nic *nic);

int vpf_ndo_set_vf_mac(struct net_device *netdev, int nr, u8 *mac);
int vpf_ndo_set_vf_vlan(struct net_device *netdev, int nr, u16 vlan, u8 qos, __be16 proto);
int vpf_ndo_set_vf_rate(struct net_device *netdev, int nr, int min, int max);
int vpf_ndo_set_vf_spoofchk(struct net_device *netdev, int nr, bool on);
int vpf_ndo_set_vf_trust(struct net_device *netdev, int nr, bool on);
int vpf_ndo_set_vf_link_state(struct net_device *netdev, int nr, int link_state);
int vpf_ndo_get_vf_config(struct net_device *netdev, int nr, struct ifla_vf_info *ivi);
int vpf_ndo_get_vf_stats(struct net_device *netdev, int nr, struct ifla_vf_stats *stats);

#endif
