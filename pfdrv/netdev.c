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

static int poll(struct napi_struct *napi, int budget)
{
	struct vpf_nic *nic = container_of(napi, struct vpf_nic, napi);
	bool clean = vpf_tx_clean(nic, budget);
	int done = 0;

	if (budget)
		done = vpf_rx_clean(nic, budget);
	if (!clean || done == budget)
		return budget;

	/* Unmasking fires if something came meanwhile */
	if (napi_complete_done(napi, done) && test_bit(VPF_F_UP, &nic->flags))
		vpf_irq_queue_on(nic);
	return done;
}

/* User space can ask which NAPI serves a queue (netdev-genl); NULL: none at present */
static void name_napi(struct vpf_nic *nic, struct napi_struct *napi)
{
	netif_queue_set_napi(nic->netdev, 0, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(nic->netdev, 0, NETDEV_QUEUE_TYPE_TX, napi);
}

/**
 * vpf_up() - start the queue pair
 * @nic: the PF; rings are allocated
 */
int vpf_up(struct vpf_nic *nic)
{
	struct net_device *netdev = nic->netdev;

	ASSERT_RTNL();

	vpf_tx_start(nic);
	vpf_rx_start(nic);
	vpf_wr(nic, R_IVAR(nic->queue), (VPF_VEC_QUEUE | IVAR_VALID) * 0x0101);

	set_bit(VPF_F_UP, &nic->flags);
	napi_enable(&nic->napi);
	name_napi(nic, &nic->napi);
	vpf_filter_set_enable(nic, VPF_POOL_PF, true, true);
	vpf_irq_queue_on(nic);
	netif_tx_start_all_queues(netdev);

	vpf_service_kick(nic);
	return 0;
}

/**
 * vpf_down() - stop the queue pair
 * @nic: the PF
 *
 * Rings stay allocated; what they held is lost.
 */
void vpf_down(struct vpf_nic *nic)
{
	struct net_device *netdev = nic->netdev;

	ASSERT_RTNL();

	clear_bit(VPF_F_UP, &nic->flags);
	netif_tx_disable(netdev);
	vpf_filter_set_enable(nic, VPF_POOL_PF, false, false);
	vpf_hw_queue_off(nic, nic->queue);
	vpf_hw_settle(nic);
	vpf_irq_queue_off(nic);
	name_napi(nic, NULL);
	napi_disable(&nic->napi);
	vpf_tx_drain(nic);
	vpf_rx_drain(nic);
}

static int open_rings(struct vpf_nic *nic)
{
	int err;

	err = vpf_tx_alloc(nic, &nic->tx, nic->tx_count);
	if (err)
		return err;
	err = vpf_rx_alloc(nic, &nic->rx, nic->rx_count);
	if (err)
		vpf_tx_free(nic, &nic->tx);
	return err;
}

static void close_rings(struct vpf_nic *nic)
{
	vpf_rx_free(nic, &nic->rx);
	vpf_tx_free(nic, &nic->tx);
}

static int ndo_open(struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	int err;

	netif_carrier_off(netdev);
	err = open_rings(nic);
	if (err)
		return err;
	err = vpf_irq_queue_request(nic);
	if (err)
		goto err_rings;
	err = vpf_up(nic);
	if (err)
		goto err_irq;
	return 0;

err_irq:
	vpf_irq_queue_free(nic);
err_rings:
	close_rings(nic);
	return err;
}

static int ndo_stop(struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	netif_carrier_off(netdev);
	if (test_bit(VPF_F_UP, &nic->flags))	/* not while the NIC is away */
		vpf_down(nic);
	vpf_irq_queue_free(nic);
	close_rings(nic);
	return 0;
}

/**
 * vpf_resize() - change the rings' lengths
 * @nic: the PF
 * @tx_count: descriptors
 * @rx_count: descriptors
 *
 * New rings are allocated before the old ones are stopped: if memory is short
 * nothing changes.
 */
int vpf_resize(struct vpf_nic *nic, u16 tx_count, u16 rx_count)
{
	struct vpf_tx_ring tx = {};
	struct vpf_rx_ring rx = {};
	int err;

	ASSERT_RTNL();

	if (!test_bit(VPF_F_UP, &nic->flags)) {
		nic->tx_count = tx_count;
		nic->rx_count = rx_count;
		return 0;
	}

	err = vpf_tx_alloc(nic, &tx, tx_count);
	if (err)
		return err;
	err = vpf_rx_alloc(nic, &rx, rx_count);
	if (err) {
		vpf_tx_free(nic, &tx);
		return err;
	}

	vpf_down(nic);
	close_rings(nic);
	/* the counters go on */
	nic->tx.desc = tx.desc;
	nic->tx.dma = tx.dma;
	nic->tx.buf = tx.buf;
	nic->tx.count = tx.count;
	nic->rx.desc = rx.desc;
	nic->rx.dma = rx.dma;
	nic->rx.buf = rx.buf;
	nic->rx.pool = rx.pool;
	nic->rx.count = rx.count;
	nic->tx_count = tx_count;
	nic->rx_count = rx_count;
	return vpf_up(nic);
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

	set_bit(VPF_F_REINIT, &nic->flags);
	vpf_service_kick(nic);
}

static void ndo_get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *s)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vpf_tx_ring *tx = &nic->tx;
	struct vpf_rx_ring *rx = &nic->rx;
	u64 alloc_failed;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&tx->sync);
		s->tx_packets = u64_stats_read(&tx->packets);
		s->tx_bytes = u64_stats_read(&tx->bytes);
	} while (u64_stats_fetch_retry(&tx->sync, start));
	do {
		start = u64_stats_fetch_begin(&tx->xmit_sync);
		s->tx_dropped = u64_stats_read(&tx->dropped);
	} while (u64_stats_fetch_retry(&tx->xmit_sync, start));
	do {
		start = u64_stats_fetch_begin(&rx->sync);
		s->rx_packets = u64_stats_read(&rx->packets);
		s->rx_bytes = u64_stats_read(&rx->bytes);
		s->rx_errors = u64_stats_read(&rx->errors);
		alloc_failed = u64_stats_read(&rx->alloc_failed);
	} while (u64_stats_fetch_retry(&rx->sync, start));

	/* collected by the service task */
	s->rx_dropped = alloc_failed;
	s->multicast = READ_ONCE(nic->hw_stats.rx_multicast);
	s->rx_crc_errors = READ_ONCE(nic->hw_stats.crc_errors);
	s->rx_length_errors = READ_ONCE(nic->hw_stats.rx_length_errors);
	s->rx_missed_errors = READ_ONCE(nic->hw_stats.rx_missed);
	s->rx_errors += s->rx_crc_errors + s->rx_length_errors;
	s->collisions = READ_ONCE(nic->hw_stats.collisions);
}

static void get_queue_stats_rx(struct net_device *netdev, int queue,
			       struct netdev_queue_stats_rx *stats)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vpf_rx_ring *rx = &nic->rx;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&rx->sync);
		stats->packets = u64_stats_read(&rx->packets);
		stats->bytes = u64_stats_read(&rx->bytes);
		stats->alloc_fail = u64_stats_read(&rx->alloc_failed);
		stats->csum_bad = u64_stats_read(&rx->csum_errors);
	} while (u64_stats_fetch_retry(&rx->sync, start));
}

static void get_queue_stats_tx(struct net_device *netdev, int queue,
			       struct netdev_queue_stats_tx *stats)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vpf_tx_ring *tx = &nic->tx;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&tx->sync);
		stats->packets = u64_stats_read(&tx->packets);
		stats->bytes = u64_stats_read(&tx->bytes);
	} while (u64_stats_fetch_retry(&tx->sync, start));
}

/* There is one queue pair, and what it has counted outlives the rings */
static void get_base_stats(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
			   struct netdev_queue_stats_tx *tx)
{
	rx->packets = 0;
	rx->bytes = 0;
	rx->alloc_fail = 0;
	rx->csum_bad = 0;
	tx->packets = 0;
	tx->bytes = 0;
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
			      NETIF_F_HW_VLAN_CTAG_FILTER;
	netdev->features = netdev->hw_features | NETIF_F_HIGHDMA;
	netdev->vlan_features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_SCTP_CRC |
				NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HIGHDMA;
	netdev->priv_flags |= IFF_UNICAST_FLT;
	netif_napi_add(netdev, &nic->napi, poll);
	netif_napi_set_irq(&nic->napi, pci_irq_vector(nic->pdev, VPF_VEC_QUEUE));
}
