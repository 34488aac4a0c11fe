// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PF's network interface.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/netdev_queues.h>

#include "pf.h"
#include "phy.h"
#include "sriov.h"

/* Largest MTU: a VLAN tag must still fit (9728 - 18 - 4), rounded to what is usual */
#define VPF_MTU_MAX	9216

static int ndo_open(struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	int err;

	netif_carrier_off(netdev);
	err = vpf_queues_open(nic);
	if (err)
		return err;
	vpf_up(nic);
	return 0;
}

static int ndo_stop(struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	netif_carrier_off(netdev);
	if (test_bit(VPF_F_UP, &nic->flags))	/* not while the NIC is away */
		vpf_down(nic);
	vpf_queues_close(nic);
	return 0;
}

static void ndo_set_rx_mode(struct net_device *netdev)
{
	vpf_filter_set_rx_mode(netdev_priv(netdev));
}

static int ndo_set_mac_address(struct net_device *netdev, void *p)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct sockaddr *addr = p;
	int err;

	if (!is_valid_ether_addr(addr->sa_data))
		return -EADDRNOTAVAIL;
	err = vpf_filter_set_mac(nic, VPF_POOL_PF, addr->sa_data, 0);
	if (err)
		return err;
	eth_hw_addr_set(netdev, addr->sa_data);
	return 0;
}

static int ndo_change_mtu(struct net_device *netdev, int mtu)
{
	/* Receive buffers are chained, so only the filter knows about it */
	WRITE_ONCE(netdev->mtu, mtu);
	vpf_filter_set_size(netdev_priv(netdev), VPF_POOL_PF,
			    mtu + ETH_HLEN + ETH_FCS_LEN);
	return 0;
}

static int ndo_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	return vpf_filter_vlan_add(netdev_priv(netdev), VPF_POOL_PF, vid);
}

static int ndo_vlan_del(struct net_device *netdev, __be16 proto, u16 vid)
{
	vpf_filter_vlan_del(netdev_priv(netdev), VPF_POOL_PF, vid);
	return 0;
}

static int ndo_set_features(struct net_device *netdev, netdev_features_t features)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	netdev_features_t changed = features ^ netdev->features;

	netdev->features = features;
	if (changed & NETIF_F_HW_VLAN_CTAG_RX) {
		vpf_hw_configure_ctrl(nic);
		vpf_filter_set_strip(nic, VPF_POOL_PF, features & NETIF_F_HW_VLAN_CTAG_RX);
	}
	if (changed & NETIF_F_HW_VLAN_CTAG_FILTER) {
		netif_addr_lock_bh(netdev);
		vpf_filter_set_rx_mode(nic);
		netif_addr_unlock_bh(netdev);
	}
	return 1;	/* features are set */
}

/* The NIC knows only headers of its time; what is longer goes through software */
static netdev_features_t ndo_features_check(struct sk_buff *skb,
					    struct net_device *netdev,
					    netdev_features_t features)
{
	/* fields of the context descriptor: MACLEN 7, IPLEN 9 bits [7.2.2.2.3] */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    (skb_network_offset(skb) > 127 ||
	     skb_transport_offset(skb) - skb_network_offset(skb) > 511))
		return features & ~(NETIF_F_CSUM_MASK | NETIF_F_SCTP_CRC |
				    NETIF_F_ALL_TSO | NETIF_F_HW_VLAN_CTAG_TX);
	return vlan_features_check(skb, features);
}

static void ndo_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	WRITE_ONCE(nic->hung_queue, queue);
	set_bit(VPF_F_REINIT, &nic->flags);
	vpf_service_kick(nic);
}

static void ndo_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vpf_queue_stats sum;

	vpf_queues_stats(nic, 0, VPF_QUEUES, &sum);
	s->tx_packets = sum.tx_packets;
	s->tx_bytes = sum.tx_bytes;
	s->tx_dropped = sum.tx_dropped;
	s->rx_packets = sum.rx_packets;
	s->rx_bytes = sum.rx_bytes;
	s->rx_dropped = sum.rx_alloc_failed;

	/* collected by the service task */
	s->multicast = READ_ONCE(nic->hw_stats.rx_multicast);
	s->rx_crc_errors = READ_ONCE(nic->hw_stats.crc_errors);
	s->rx_length_errors = READ_ONCE(nic->hw_stats.rx_length_errors);
	s->rx_missed_errors = READ_ONCE(nic->hw_stats.rx_missed);
	s->rx_errors = sum.rx_errors + s->rx_crc_errors + s->rx_length_errors;
	s->collisions = READ_ONCE(nic->hw_stats.collisions);
}

static void fill_rx(const struct vpf_queue_stats *sum, struct netdev_queue_stats_rx *stats)
{
	stats->packets = sum->rx_packets;
	stats->bytes = sum->rx_bytes;
	stats->alloc_fail = sum->rx_alloc_failed;
	stats->csum_bad = sum->rx_csum_errors;
}

static void fill_tx(const struct vpf_queue_stats *sum, struct netdev_queue_stats_tx *stats)
{
	stats->packets = sum->tx_packets;
	stats->bytes = sum->tx_bytes;
}

static void get_queue_stats_rx(struct net_device *netdev, int nr,
			       struct netdev_queue_stats_rx *stats)
{
	struct vpf_queue_stats sum;

	vpf_queues_stats(netdev_priv(netdev), nr, nr + 1, &sum);
	fill_rx(&sum, stats);
}

static void get_queue_stats_tx(struct net_device *netdev, int nr,
			       struct netdev_queue_stats_tx *stats)
{
	struct vpf_queue_stats sum;

	vpf_queues_stats(netdev_priv(netdev), nr, nr + 1, &sum);
	fill_tx(&sum, stats);
}

/* What queues have counted that there are no more */
static void get_base_stats(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
			   struct netdev_queue_stats_tx *tx)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vpf_queue_stats sum;

	vpf_queues_stats(nic, nic->num_queues, VPF_QUEUES, &sum);
	fill_rx(&sum, rx);
	fill_tx(&sum, tx);
}

static const struct netdev_stat_ops stat_ops = {
	.get_queue_stats_rx	= get_queue_stats_rx,
	.get_queue_stats_tx	= get_queue_stats_tx,
	.get_base_stats		= get_base_stats,
};

static const struct net_device_ops netdev_ops = {
	.ndo_open		= ndo_open,
	.ndo_stop		= ndo_stop,
	.ndo_start_xmit		= vpf_xmit,
	.ndo_get_stats64	= ndo_get_stats64,
	.ndo_set_rx_mode	= ndo_set_rx_mode,
	.ndo_set_mac_address	= ndo_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_change_mtu		= ndo_change_mtu,
	.ndo_tx_timeout		= ndo_tx_timeout,
	.ndo_vlan_rx_add_vid	= ndo_vlan_add,
	.ndo_vlan_rx_kill_vid	= ndo_vlan_del,
	.ndo_set_features	= ndo_set_features,
	.ndo_features_check	= ndo_features_check,
	.ndo_set_vf_mac		= vpf_ndo_set_vf_mac,
	.ndo_set_vf_vlan	= vpf_ndo_set_vf_vlan,
	.ndo_set_vf_rate	= vpf_ndo_set_vf_rate,
	.ndo_set_vf_spoofchk	= vpf_ndo_set_vf_spoofchk,
	.ndo_set_vf_trust	= vpf_ndo_set_vf_trust,
	.ndo_set_vf_link_state	= vpf_ndo_set_vf_link_state,
	.ndo_get_vf_config	= vpf_ndo_get_vf_config,
	.ndo_get_vf_stats	= vpf_ndo_get_vf_stats,
};

/**
 * vpf_netdev_init() - fill in the interface before it is registered
 * @nic: the PF
 */
void vpf_netdev_init(struct vpf_nic *nic)
{
	struct net_device *netdev = nic->netdev;

	netdev->netdev_ops = &netdev_ops;
	netdev->stat_ops = &stat_ops;
	netdev->ethtool_ops = &vpf_ethtool_ops;
	netdev->watchdog_timeo = 5 * HZ;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = VPF_MTU_MAX;

	netdev->hw_features = NETIF_F_SG | NETIF_F_RXCSUM | NETIF_F_HW_CSUM |
			      NETIF_F_SCTP_CRC | NETIF_F_TSO | NETIF_F_TSO6 |
			      NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_CTAG_RX |
			      NETIF_F_HW_VLAN_CTAG_FILTER | NETIF_F_RXHASH;
	netdev->features = netdev->hw_features | NETIF_F_HIGHDMA;
	netdev->vlan_features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_SCTP_CRC |
				NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HIGHDMA;
	netdev->priv_flags |= IFF_UNICAST_FLT;
}
