// SPDX-License-Identifier: GPL-2.0-only
/* The interface: what the network stack asks for. */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "compat.h"
#include "vvf.h"

/* For user space: which NAPI polls the queues. Under RTNL. */
static void vvf_show_napi(struct vvf *vvf, struct napi_struct *napi)
{
	netif_queue_set_napi(vvf->netdev, 0, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(vvf->netdev, 0, NETDEV_QUEUE_TYPE_TX, napi);
}

static int vvf_open(struct net_device *netdev)
{
	struct vvf *vvf = netdev_priv(netdev);
	struct vvf_rings *rings;
	int r = 0;

	rings = vvf_rings_alloc(vvf, vvf->tx_size, vvf->rx_size);
	if (IS_ERR(rings))
		return PTR_ERR(rings);

	vvf_lock(vvf);
	vvf->rings = rings;
	/* Suspended: RESUME starts the queues. No PF: the watchdog's reset does. */
	if (vvf->mig.state != VFERRY_MIG_SUSPENDED && !vvf->link.pf_absent &&
	    !vvf->link.asking && !vvf->mbx.offline)
		r = vvf_queue_start(vvf);
	vvf_queue_kick(vvf);
	vvf_unlock(vvf);
	vvf_show_napi(vvf, &vvf->napi);
	/* A queue that does not come on has been reset behind our back. */
	if (r)
		vvf_link_want_reset(vvf);
	vvf_link_check(vvf);
	return 0;
}

static int vvf_stop(struct net_device *netdev)
{
	struct vvf *vvf = netdev_priv(netdev);
	struct vvf_rings *rings;

	vvf_show_napi(vvf, NULL);
	vvf_lock(vvf);
	vvf_queue_stop(vvf);
	netif_tx_disable(netdev);
	rings = vvf->rings;
	vvf->rings = NULL;
	vvf_unlock(vvf);

	vvf_rings_free(vvf, rings);
	return 0;
}

static void vvf_set_rx_mode(struct net_device *netdev)
{
	vvf_filter_lists_changed(netdev_priv(netdev));
}

static int vvf_set_mac_address(struct net_device *netdev, void *addr)
{
	const struct sockaddr *sa = addr;
	int r;

	if (!is_valid_ether_addr(sa->sa_data))
		return -EADDRNOTAVAIL;
	r = vvf_filter_set_mac(netdev_priv(netdev), sa->sa_data);
	if (r)
		return r;
	eth_hw_addr_set(netdev, sa->sa_data);
	return 0;
}

static int vvf_change_mtu(struct net_device *netdev, int mtu)
{
	int r = vvf_filter_set_mtu(netdev_priv(netdev), mtu);

	if (r)
		return r;
	WRITE_ONCE(netdev->mtu, mtu);
	return 0;
}

static void vvf_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct vvf *vvf = netdev_priv(netdev);

	vvf->stats.tx_timeouts++;
	vvf_link_want_reset(vvf);
}

void vvf_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *ret_stats)
{
	const struct vvf *vvf = netdev_priv(netdev);
	const struct vvf_stats *stats = &vvf->stats;
	unsigned int begin;

	do {
		begin = u64_stats_fetch_begin(&stats->tx_sync);
		ret_stats->tx_packets = u64_stats_read(&stats->tx_packets);
		ret_stats->tx_bytes = u64_stats_read(&stats->tx_bytes);
	} while (u64_stats_fetch_retry(&stats->tx_sync, begin));
	do {
		begin = u64_stats_fetch_begin(&stats->rx_sync);
		ret_stats->rx_packets = u64_stats_read(&stats->rx_packets);
		ret_stats->rx_bytes = u64_stats_read(&stats->rx_bytes);
		ret_stats->multicast = u64_stats_read(&stats->rx_multicast);
	} while (u64_stats_fetch_retry(&stats->rx_sync, begin));

	ret_stats->tx_dropped = READ_ONCE(stats->tx_dropped);
	ret_stats->rx_dropped = READ_ONCE(stats->rx_dropped) + READ_ONCE(stats->rx_no_memory);
}

static int vvf_vlan_add(struct net_device *netdev, __be16 proto, u16 vid)
{
	return vvf_filter_set_vlan(netdev_priv(netdev), vid, true);
}

static int vvf_vlan_kill(struct net_device *netdev, __be16 proto, u16 vid)
{
	return vvf_filter_set_vlan(netdev_priv(netdev), vid, false);
}

/* Headers longer than a context descriptor can say are left to software. */
static netdev_features_t vvf_features_check(struct sk_buff *skb, struct net_device *netdev,
					    netdev_features_t features)
{
	/* What has no checksum to be filled in (ARP) may have no transport header. */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    (skb_network_offset(skb) > VVF_TXD_MACLEN_MAX ||
	     skb_network_header_len(skb) > VVF_TXD_IPLEN_MAX))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_SCTP_CRC | NETIF_F_GSO_MASK);
	return vlan_features_check(skb, features);
}

static const struct net_device_ops vvf_netdev_ops = {
	.ndo_open = vvf_open,
	.ndo_stop = vvf_stop,
	.ndo_start_xmit = vvf_xmit,
	.ndo_set_rx_mode = vvf_set_rx_mode,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_set_mac_address = vvf_set_mac_address,
	.ndo_change_mtu = vvf_change_mtu,
	.ndo_tx_timeout = vvf_tx_timeout,
	.ndo_get_stats64 = vvf_get_stats64,
	.ndo_vlan_rx_add_vid = vvf_vlan_add,
	.ndo_vlan_rx_kill_vid = vvf_vlan_kill,
	.ndo_features_check = vvf_features_check,
};

bool vvf_netdev_is_ours(const struct net_device *netdev)
{
	return netdev->netdev_ops == &vvf_netdev_ops;
}

/**
 * vvf_netdev_setup() - operations and features of the interface
 * @netdev: interface, not registered
 *
 * UDP segmentation is not offered: the NIC in QEMU makes IP fragments of it. Nor is anything
 * for tunnels (GSO_PARTIAL, inner checksums): a context descriptor could have an 82576 take
 * all headers up to the inner one for its IP header, but QEMU does not look at those
 * lengths. It parses the frame, and would sum and cut what it finds first: the outer
 * UDP, or nothing in GRE.
 * VLAN stripping and filtering are the PF's to switch.
 */
void vvf_netdev_setup(struct net_device *netdev)
{
	netdev->netdev_ops = &vvf_netdev_ops;
	netdev->ethtool_ops = &vvf_ethtool_ops;
	vvf_queue_stats_setup(netdev);
	netdev->watchdog_timeo = 5 * HZ;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = VVF_MTU_MAX;
	netdev->priv_flags |= IFF_UNICAST_FLT;

	netdev->hw_features = NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM |
			      NETIF_F_SCTP_CRC | NETIF_F_TSO | NETIF_F_TSO6 |
			      NETIF_F_RXCSUM | NETIF_F_HW_VLAN_CTAG_TX;
	netdev->vlan_features = NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM |
				NETIF_F_SCTP_CRC | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HIGHDMA;
	netdev->features = netdev->hw_features | NETIF_F_HIGHDMA |
			   NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_CTAG_FILTER;
}
