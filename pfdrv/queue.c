// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PF's queue pairs.
 *
 * There are as many as wanted without VFs, and one with VFs. Rings and vectors of all that
 * are wanted are held while the interface is open, so that nothing can be missing when the
 * VFs have gone.
 */
#include <linux/cpumask.h>

#include "pf.h"

static int poll(struct napi_struct *napi, int budget)
{
	struct vpf_queue *queue = container_of(napi, struct vpf_queue, napi);
	bool clean = vpf_tx_clean(queue, budget);
	int done = 0;

	if (budget)
		done = vpf_rx_clean(queue, budget);
	if (!clean || done == budget)
		return budget;

	/* Unmasking fires if something came meanwhile */
	if (napi_complete_done(napi, done) && test_bit(VPF_F_UP, &queue->nic->flags))
		vpf_irq_queue_on(queue);
	return done;
}

/* User space can ask which NAPI serves a queue (netdev-genl); NULL: none at present */
static void name_napi(struct vpf_queue *queue, struct napi_struct *napi)
{
	struct net_device *netdev = queue->nic->netdev;

	netif_queue_set_napi(netdev, queue->nr, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(netdev, queue->nr, NETDEV_QUEUE_TYPE_TX, napi);
}

/**
 * vpf_up() - start the queues
 * @nic: the PF; rings are allocated
 */
void vpf_up(struct vpf_nic *nic)
{
	unsigned int i;

	ASSERT_RTNL();

	for (i = 0; i < nic->num_queues; i++) {
		vpf_tx_start(&nic->queues[i]);
		vpf_rx_start(&nic->queues[i]);
		vpf_irq_queue_route(&nic->queues[i]);
	}
	set_bit(VPF_F_UP, &nic->flags);
	for (i = 0; i < nic->num_queues; i++) {
		napi_enable(&nic->queues[i].napi);
		name_napi(&nic->queues[i], &nic->queues[i].napi);
	}
	vpf_filter_set_enable(nic, VPF_POOL_PF, true, true);
	for (i = 0; i < nic->num_queues; i++)
		vpf_irq_queue_on(&nic->queues[i]);
	/* a queue that got no buffers is never interrupted: its poll asks for them again */
	local_bh_disable();
	for (i = 0; i < nic->num_queues; i++)
		napi_schedule(&nic->queues[i].napi);
	local_bh_enable();
	netif_tx_start_all_queues(nic->netdev);

	vpf_service_kick(nic);
}

/**
 * vpf_down() - stop the queues
 * @nic: the PF
 *
 * Rings stay allocated; what they held is lost.
 */
void vpf_down(struct vpf_nic *nic)
{
	unsigned int i;

	ASSERT_RTNL();

	clear_bit(VPF_F_UP, &nic->flags);
	netif_tx_disable(nic->netdev);
	vpf_filter_set_enable(nic, VPF_POOL_PF, false, false);
	for (i = 0; i < nic->num_queues; i++)
		vpf_hw_queue_off(nic, nic->queues[i].hw);
	vpf_hw_settle(nic);
	for (i = 0; i < nic->num_queues; i++) {
		struct vpf_queue *queue = &nic->queues[i];

		vpf_irq_queue_off(queue);
		name_napi(queue, NULL);
		napi_disable(&queue->napi);
	}
	/* one that had seen us up may have woken its queue since */
	netif_tx_disable(nic->netdev);
	for (i = 0; i < nic->num_queues; i++) {
		vpf_tx_drain(&nic->queues[i]);
		vpf_rx_drain(&nic->queues[i]);
	}
}

/* The rings of a queue pair, while they are not in use */
struct rings {
	struct vpf_tx_ring tx;
	struct vpf_rx_ring rx;
};

/* Their NAPI is off: a page pool that goes says so, and must not race with it */
static void free_rings(struct vpf_nic *nic, struct rings *rings)
{
	unsigned int i;

	for (i = 0; i < VPF_QUEUES; i++) {
		vpf_rx_free(nic, &rings[i].rx);
		vpf_tx_free(nic, &rings[i].tx);
	}
	kfree(rings);
}

/* For the first @num queues; free_rings() is called also when there is not enough memory */
static int alloc_rings(struct vpf_nic *nic, struct rings *rings, unsigned int num, u16 tx_count,
		       u16 rx_count)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < num && !err; i++) {
		err = vpf_tx_alloc(nic, &rings[i].tx, tx_count);
		if (!err)
			err = vpf_rx_alloc(&nic->queues[i], &rings[i].rx, rx_count);
	}
	return err;
}

/* The queues are stopped. Their counters go on */
static void exchange_rings(struct vpf_nic *nic, struct rings *rings)
{
	unsigned int i;

	for (i = 0; i < VPF_QUEUES; i++) {
		struct vpf_queue *queue = &nic->queues[i];

		swap(queue->tx.desc, rings[i].tx.desc);
		swap(queue->tx.dma, rings[i].tx.dma);
		swap(queue->tx.buf, rings[i].tx.buf);
		swap(queue->tx.count, rings[i].tx.count);
		swap(queue->rx.desc, rings[i].rx.desc);
		swap(queue->rx.dma, rings[i].rx.dma);
		swap(queue->rx.buf, rings[i].rx.buf);
		swap(queue->rx.pool, rings[i].rx.pool);
		swap(queue->rx.count, rings[i].rx.count);
	}
}

/* Of the queues from @from up to, but without, @to */
static void free_vectors(struct vpf_nic *nic, unsigned int from, unsigned int to)
{
	while (to > from)
		vpf_irq_queue_free(&nic->queues[--to]);
}

static int request_vectors(struct vpf_nic *nic, unsigned int from, unsigned int to)
{
	unsigned int i;
	int err;

	for (i = from; i < to; i++) {
		err = vpf_irq_queue_request(&nic->queues[i]);
		if (err) {
			free_vectors(nic, from, i);
			return err;
		}
	}
	return 0;
}

/**
 * vpf_queues_open() - get what the queues need
 * @nic: the PF, its interface closed
 *
 * Return: 0 or -errno.
 */
int vpf_queues_open(struct vpf_nic *nic)
{
	struct rings *rings;
	int err;

	rings = kcalloc(VPF_QUEUES, sizeof(*rings), GFP_KERNEL);
	if (!rings)
		return -ENOMEM;
	err = alloc_rings(nic, rings, nic->wanted_queues, nic->tx_count, nic->rx_count);
	if (!err)
		err = request_vectors(nic, 0, nic->wanted_queues);
	if (!err)
		exchange_rings(nic, rings);
	free_rings(nic, rings);
	return err;
}

/**
 * vpf_queues_close() - give back what vpf_queues_open() got
 * @nic: the PF, its queues stopped
 */
void vpf_queues_close(struct vpf_nic *nic)
{
	unsigned int i;

	free_vectors(nic, 0, nic->wanted_queues);
	for (i = 0; i < nic->wanted_queues; i++) {
		vpf_rx_free(nic, &nic->queues[i].rx);
		vpf_tx_free(nic, &nic->queues[i].tx);
	}
}

/**
 * vpf_queue_cpu() - which processor a queue is meant for
 * @queue: of the PF
 */
unsigned int vpf_queue_cpu(const struct vpf_queue *queue)
{
	return cpumask_local_spread(queue->nr, dev_to_node(&queue->nic->pdev->dev));
}

/**
 * vpf_queues_spread() - each processor sends by the queue that interrupts it
 * @nic: the PF, its interface registered
 * @from: the first queue that is new; those before it stay as the administrator has set them
 */
void vpf_queues_spread(struct vpf_nic *nic, unsigned int from)
{
	unsigned int i;

	for (i = from; nic->num_queues > 1 && i < nic->num_queues; i++)
		netif_set_xps_queue(nic->netdev, cpumask_of(vpf_queue_cpu(&nic->queues[i])), i);
}

/**
 * vpf_queues_follow() - use as many queues as are wanted and possible
 * @nic: the PF, its queues stopped
 *
 * Return: 0, or -errno: there are as many as before.
 */
int vpf_queues_follow(struct vpf_nic *nic)
{
	unsigned int num = vpf_vmdq(nic) ? 1 : nic->wanted_queues;
	unsigned int old = nic->num_queues, i;
	int err;

	ASSERT_RTNL();

	for (i = 0; i < VPF_QUEUES; i++)
		nic->queues[i].hw = nic->pool + i;
	err = netif_set_real_num_queues(nic->netdev, num, num);
	if (err && num > nic->num_queues)
		return err;
	nic->num_queues = num;
	vpf_rss_follow(nic);
	vpf_queues_spread(nic, old);
	return 0;
}

/* The queues are stopped */
static int take_numbers(struct vpf_nic *nic, unsigned int num, u16 tx_count, u16 rx_count)
{
	unsigned int old = nic->wanted_queues;
	int err;

	nic->wanted_queues = num;
	err = vpf_queues_follow(nic);
	if (err) {
		nic->wanted_queues = old;
		return err;
	}
	nic->tx_count = tx_count;
	nic->rx_count = rx_count;
	return 0;
}

static int change_running(struct vpf_nic *nic, unsigned int num, u16 tx_count, u16 rx_count)
{
	unsigned int old = nic->wanted_queues;
	struct rings *rings;
	int err;

	rings = kcalloc(VPF_QUEUES, sizeof(*rings), GFP_KERNEL);
	if (!rings)
		return -ENOMEM;
	err = request_vectors(nic, old, num);
	if (err) {
		kfree(rings);
		return err;
	}
	err = alloc_rings(nic, rings, num, tx_count, rx_count);

	vpf_down(nic);
	if (!err)
		err = take_numbers(nic, num, tx_count, rx_count);
	if (!err)
		exchange_rings(nic, rings);
	free_rings(nic, rings);
	vpf_up(nic);
	/* of the queues that have gone, or have not come */
	free_vectors(nic, nic->wanted_queues, max(old, num));
	return err;
}

/**
 * vpf_queues_change() - change number of queues and lengths of rings
 * @nic: the PF
 * @num: of queues, without VFs
 * @tx_count: descriptors
 * @rx_count: descriptors
 *
 * What is new is allocated before the old goes: if memory is short nothing changes.
 *
 * Return: 0 or -errno.
 */
int vpf_queues_change(struct vpf_nic *nic, unsigned int num, u16 tx_count, u16 rx_count)
{
	ASSERT_RTNL();

	if (test_bit(VPF_F_UP, &nic->flags))
		return change_running(nic, num, tx_count, rx_count);
	return take_numbers(nic, num, tx_count, rx_count);
}

static void add_stats(struct vpf_queue *queue, struct vpf_queue_stats *sum)
{
	struct vpf_tx_ring *tx = &queue->tx;
	struct vpf_rx_ring *rx = &queue->rx;
	struct vpf_queue_stats old = *sum;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&tx->sync);
		sum->tx_packets = old.tx_packets + u64_stats_read(&tx->packets);
		sum->tx_bytes = old.tx_bytes + u64_stats_read(&tx->bytes);
	} while (u64_stats_fetch_retry(&tx->sync, start));
	do {
		start = u64_stats_fetch_begin(&tx->xmit_sync);
		sum->tx_busy = old.tx_busy + u64_stats_read(&tx->busy);
		sum->tx_dropped = old.tx_dropped + u64_stats_read(&tx->dropped);
	} while (u64_stats_fetch_retry(&tx->xmit_sync, start));
	do {
		start = u64_stats_fetch_begin(&rx->sync);
		sum->rx_packets = old.rx_packets + u64_stats_read(&rx->packets);
		sum->rx_bytes = old.rx_bytes + u64_stats_read(&rx->bytes);
		sum->rx_errors = old.rx_errors + u64_stats_read(&rx->errors);
		sum->rx_alloc_failed = old.rx_alloc_failed + u64_stats_read(&rx->alloc_failed);
		sum->rx_csum_errors = old.rx_csum_errors + u64_stats_read(&rx->csum_errors);
		sum->rx_own_dropped = old.rx_own_dropped + u64_stats_read(&rx->own_dropped);
	} while (u64_stats_fetch_retry(&rx->sync, start));
}

/**
 * vpf_queues_stats() - what a range of queues has counted
 * @nic: the PF; its queues may run or not
 * @from: the first
 * @to: the one after the last
 * @sum: receives it
 */
void vpf_queues_stats(struct vpf_nic *nic, unsigned int from, unsigned int to,
		      struct vpf_queue_stats *sum)
{
	unsigned int i;

	*sum = (struct vpf_queue_stats) {};
	for (i = from; i < to; i++)
		add_stats(&nic->queues[i], sum);
}

/**
 * vpf_queues_init() - number the queues
 * @nic: the PF; how many it can have is known
 */
void vpf_queues_init(struct vpf_nic *nic)
{
	unsigned int i;

	for (i = 0; i < VPF_QUEUES; i++) {
		struct vpf_queue *queue = &nic->queues[i];

		queue->nic = nic;
		queue->nr = i;
		queue->hw = i;
		queue->vector = VPF_VEC_QUEUE + i;
		u64_stats_init(&queue->tx.sync);
		u64_stats_init(&queue->tx.xmit_sync);
		u64_stats_init(&queue->rx.sync);
	}
	nic->wanted_queues = nic->max_queues;
	nic->num_queues = nic->max_queues;
}

/**
 * vpf_queues_add() - let the interface have its queues, before it is registered
 * @nic: the PF
 *
 * Return: 0 or -errno.
 */
int vpf_queues_add(struct vpf_nic *nic)
{
	unsigned int i;

	for (i = 0; i < nic->max_queues; i++) {
		struct vpf_queue *queue = &nic->queues[i];

		netif_napi_add(nic->netdev, &queue->napi, poll);
		netif_napi_set_irq(&queue->napi, pci_irq_vector(nic->pdev, queue->vector));
	}
	vpf_rss_init(nic);
	return netif_set_real_num_queues(nic->netdev, nic->num_queues, nic->num_queues);
}
