// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the network stack counts by queue. Of no use to kernels that do not ask for it.
 */
#include <net/netdev_queues.h>

#include "vvf.h"

/* There is one queue of each kind, and nothing outside of it. */
static void vvf_get_queue_stats_rx(struct net_device *netdev, int queue,
				   struct netdev_queue_stats_rx *rx)
{
	const struct vvf *vvf = netdev_priv(netdev);
	struct rtnl_link_stats64 stats = {};

	vvf_get_stats64(netdev, &stats);
	rx->packets = stats.rx_packets;
	rx->bytes = stats.rx_bytes;
	rx->alloc_fail = READ_ONCE(vvf->stats.rx_no_memory);
	rx->csum_bad = READ_ONCE(vvf->stats.rx_csum_errors);
}

static void vvf_get_queue_stats_tx(struct net_device *netdev, int queue,
				   struct netdev_queue_stats_tx *tx)
{
	const struct vvf *vvf = netdev_priv(netdev);
	struct rtnl_link_stats64 stats = {};

	vvf_get_stats64(netdev, &stats);
	tx->packets = stats.tx_packets;
	tx->bytes = stats.tx_bytes;
	tx->stop = READ_ONCE(vvf->stats.tx_stopped);
}

static void vvf_get_base_stats(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
			       struct netdev_queue_stats_tx *tx)
{
	rx->packets = 0;
	rx->bytes = 0;
	rx->alloc_fail = 0;
	rx->csum_bad = 0;
	tx->packets = 0;
	tx->bytes = 0;
	tx->stop = 0;
}

static const struct netdev_stat_ops vvf_stat_ops = {
	.get_queue_stats_rx = vvf_get_queue_stats_rx,
	.get_queue_stats_tx = vvf_get_queue_stats_tx,
	.get_base_stats = vvf_get_base_stats,
};

/**
 * vvf_queue_stats_setup() - offer what is counted by queue
 * @netdev: interface, not registered
 */
void vvf_queue_stats_setup(struct net_device *netdev)
{
	netdev->stat_ops = &vvf_stat_ops;
}
