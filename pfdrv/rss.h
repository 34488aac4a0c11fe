/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Receive-side scaling: which of the PF's queues gets a frame. Only without VFs.
 */
#ifndef VPF_RSS_H
#define VPF_RSS_H

#include <linux/types.h>

#include "compat.h"
#include "regs.h"

struct ethtool_rxfh_param;
struct ethtool_rxnfc;
struct net_device;
struct netlink_ext_ack;
struct vpf_nic;

/**
 * struct vpf_rss - what is spread, and how; under RTNL
 * @key: of Toeplitz' hash
 * @table: the queue for each value that the hash's lowest bits have
 */
struct vpf_rss {
	u8 key[VPF_RSS_KEY];
	u8 table[VPF_RSS_TABLE];
};

void vpf_rss_init(struct vpf_nic *nic);
void vpf_rss_follow(struct vpf_nic *nic);
void vpf_rss_write(struct vpf_nic *nic);

/* ethtool's */
u32 vpf_get_rx_ring_count(struct net_device *netdev);
u32 vpf_get_rxfh_key_size(struct net_device *netdev);
u32 vpf_get_rxfh_indir_size(struct net_device *netdev);
int vpf_get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh);
int vpf_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
		 struct netlink_ext_ack *extack);
int vpf_get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *info, u32 *rules);
int vpf_set_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *info);
#ifdef VPF_HAS_GET_RXFH_FIELDS
struct ethtool_rxfh_fields;
int vpf_get_rxfh_fields(struct net_device *netdev, struct ethtool_rxfh_fields *fields);
int vpf_set_rxfh_fields(struct net_device *netdev, const struct ethtool_rxfh_fields *fields,
			struct netlink_ext_ack *extack);
#endif

#endif
