/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flow control.
 */
#ifndef VPF_FLOW_H
#define VPF_FLOW_H

struct ethtool_pauseparam;
struct net_device;
struct vpf_nic;

int vpf_flow_apply(struct vpf_nic *nic);
void vpf_get_pauseparam(struct net_device *netdev, struct ethtool_pauseparam *pause);
int vpf_set_pauseparam(struct net_device *netdev, struct ethtool_pauseparam *pause);

#endif
