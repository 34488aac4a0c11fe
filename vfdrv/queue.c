// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue pair: memory of the rings, starting, stopping, and the rest that
 * a migration needs.
 *
 * Starting programs the NIC from the driver's own memory alone and allocates
 * nothing; it serves open, reset and resume alike. Stopping gives back what
 * is in flight; resting keeps it.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <net/page_pool/helpers.h>

#include "vvf.h"

/* Bound on the NIC's own work when a queue is switched off. */
#define QUEUE_OFF_US	2000
/*
 * Bounds of vvf_queue_rest(): frames that leave, NAPI that comes to its end. The
 * latter takes long only if its processor is away, as a virtual one may be. A
 * long outage is better than a migration that fails, so it is most of the time
 * that the PF waits for the answer (1 s).
 */
#define REST_TX_US	2000
/* What has arrived is taken for so long; the rest is dropped, the NIC was ahead of us. */
#define REST_RX_US	1000
#define REST_NAPI_US	500000

static int vvf_tx_alloc(struct vvf *vvf, struct vvf_tx *tx, u16 size)
{
	tx->buf = kvcalloc(size, sizeof(*tx->buf), GFP_KERNEL);
	if (!tx->buf)
		return -ENOMEM;
	tx->desc = dma_alloc_coherent(&vvf->pdev->dev, size * sizeof(*tx->desc),
				      &tx->dma, GFP_KERNEL);
	if (!tx->desc) {
		kvfree(tx->buf);
		return -ENOMEM;
	}
	tx->size = size;
	return 0;
}

static void vvf_tx_free(struct vvf *vvf, struct vvf_tx *tx)
{
	dma_free_coherent(&vvf->pdev->dev, tx->size * sizeof(*tx->desc), tx->desc, tx->dma);
	kvfree(tx->buf);
}

static struct page_pool *vvf_rx_pool(struct vvf *vvf, u16 size)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = size * VVF_RX_BUF / PAGE_SIZE,
		.nid = dev_to_node(&vvf->pdev->dev),
		.dev = &vvf->pdev->dev,
		.napi = &vvf->napi,
		.netdev = vvf->netdev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
	};

	return page_pool_create(&params);
}

static int vvf_rx_alloc(struct vvf *vvf, struct vvf_rx *rx, u16 size)
{
	int r = -ENOMEM;

	rx->buf = kvcalloc(size, sizeof(*rx->buf), GFP_KERNEL);
	if (!rx->buf)
		return r;
	rx->desc = dma_alloc_coherent(&vvf->pdev->dev, size * sizeof(*rx->desc),
				      &rx->dma, GFP_KERNEL);
	if (!rx->desc)
		goto free_buf;
	rx->pool = vvf_rx_pool(vvf, size);
	if (IS_ERR(rx->pool)) {
		r = PTR_ERR(rx->pool);
		goto free_desc;
	}
	rx->size = size;
	vvf_rx_fill(vvf, rx, GFP_KERNEL);
	return 0;

free_desc:
	dma_free_coherent(&vvf->pdev->dev, size * sizeof(*rx->desc), rx->desc, rx->dma);
free_buf:
	kvfree(rx->buf);
	return r;
}

static void vvf_rx_free(struct vvf *vvf, struct vvf_rx *rx)
{
	vvf_rx_release(rx);
	page_pool_destroy(rx->pool);
	dma_free_coherent(&vvf->pdev->dev, rx->size * sizeof(*rx->desc), rx->desc, rx->dma);
	kvfree(rx->buf);
}

/**
 * vvf_rings_alloc() - memory of the rings, with receive buffers in place
 * @vvf: device
 * @tx_size: transmit descriptors
 * @rx_size: receive descriptors
 *
 * Touches no register and takes no lock.
 *
 * Return: rings, to be freed by vvf_rings_free(), or ERR_PTR.
 */
struct vvf_rings *vvf_rings_alloc(struct vvf *vvf, u16 tx_size, u16 rx_size)
{
	struct vvf_rings *rings;
	int r;

	rings = kzalloc(sizeof(*rings), GFP_KERNEL);
	if (!rings)
		return ERR_PTR(-ENOMEM);
	r = vvf_tx_alloc(vvf, &rings->tx, tx_size);
	if (r)
		goto free_rings;
	r = vvf_rx_alloc(vvf, &rings->rx, rx_size);
	if (r)
		goto free_tx;
	return rings;

free_tx:
	vvf_tx_free(vvf, &rings->tx);
free_rings:
	kfree(rings);
	return ERR_PTR(r);
}

/**
 * vvf_rings_free() - undo vvf_rings_alloc()
 * @vvf: device
 * @rings: not in use: never started, or stopped
 */
void vvf_rings_free(struct vvf *vvf, struct vvf_rings *rings)
{
	vvf_rx_free(vvf, &rings->rx);
	vvf_tx_free(vvf, &rings->tx);
	kfree(rings);
}

static void vvf_tx_program(struct vvf *vvf, struct vvf_tx *tx)
{
	tx->next_to_use = 0;
	tx->next_to_clean = 0;

	vvf_write(vvf, VVF_TXDCTL, 0);
	vvf_write(vvf, VVF_TDBAL, lower_32_bits(tx->dma));
	vvf_write(vvf, VVF_TDBAH, upper_32_bits(tx->dma));
	vvf_write(vvf, VVF_TDLEN, tx->size * sizeof(*tx->desc));
	/* An earlier owner's head write-back survives every reset of the VF. */
	vvf_write(vvf, VVF_TDWBAL, 0);
	vvf_write(vvf, VVF_TDWBAH, 0);
	vvf_write(vvf, VVF_TDH, 0);
	vvf_write(vvf, VVF_TDT, 0);
	vvf_write(vvf, VVF_TXDCTL, VVF_XDCTL_ENABLE);
}

static void vvf_rx_program(struct vvf *vvf, struct vvf_rx *rx)
{
	vvf_rx_rewind(vvf, rx);

	vvf_write(vvf, VVF_RXDCTL, 0);
	vvf_write(vvf, VVF_RDBAL, lower_32_bits(rx->dma));
	vvf_write(vvf, VVF_RDBAH, upper_32_bits(rx->dma));
	vvf_write(vvf, VVF_RDLEN, rx->size * sizeof(*rx->desc));
	vvf_write(vvf, VVF_SRRCTL, VVF_SRRCTL_ONE_BUFFER | VVF_SRRCTL_DROP_EN |
		  VVF_RX_BUF >> VVF_SRRCTL_SIZE_SHIFT);
	vvf_write(vvf, VVF_RDH, 0);
	vvf_write(vvf, VVF_RDT, 0);
	vvf_write(vvf, VVF_RXDCTL, VVF_XDCTL_ENABLE);
	rx->posted = rx->next_to_use;
	vvf_write(vvf, VVF_RDT, rx->posted);
}

/* Run what is scheduled on this processor now, do not wait for ksoftirqd. */
static void vvf_poll_now(struct vvf *vvf)
{
	local_bh_disable();
	napi_schedule(&vvf->napi);
	local_bh_enable();
}

/**
 * vvf_queue_programmed() - are both queues on in the NIC?
 * @vvf: device
 */
bool vvf_queue_programmed(struct vvf *vvf)
{
	return vvf_read(vvf, VVF_RXDCTL) & vvf_read(vvf, VVF_TXDCTL) & VVF_XDCTL_ENABLE;
}

/**
 * vvf_queue_start() - program the rings and go
 * @vvf: device, with rings, not running
 *
 * Allocates nothing and does not sleep for long.
 *
 * Return: 0; -EIO: the queues do not come on, and nothing has changed.
 */
int vvf_queue_start(struct vvf *vvf)
{
	lockdep_assert_held(&vvf->lock);

	if (WARN_ON_ONCE(vvf->running))
		return 0;
	netdev_tx_reset_queue(netdev_get_tx_queue(vvf->netdev, 0));
	vvf_tx_program(vvf, &vvf->rings->tx);
	vvf_rx_program(vvf, &vvf->rings->rx);
	if (!vvf_queue_programmed(vvf))
		return -EIO;

	WRITE_ONCE(vvf->quiet, false);
	napi_enable(&vvf->napi);
	vvf->running = true;
	vvf_tx_resend(vvf, &vvf->mig.kept);

	/* What waits for this is softirq work, and begins at the end of it. */
	local_bh_disable();
	netif_trans_update(vvf->netdev);
	netif_tx_wake_all_queues(vvf->netdev);
	vvf_write(vvf, VVF_EIMS, BIT(VVF_VECTOR_QUEUE));
	vvf->started = ktime_get();
	local_bh_enable();
	return 0;
}

/**
 * vvf_queue_kick() - look at the rings, an interrupt may have been lost
 * @vvf: device
 *
 * May take as long as the stack takes for all that has arrived. Does nothing
 * if the queues do not run.
 */
void vvf_queue_kick(struct vvf *vvf)
{
	if (vvf->running)
		vvf_poll_now(vvf);
}

static void vvf_queue_off(struct vvf *vvf, u32 reg)
{
	ktime_t deadline = ktime_add_us(ktime_get(), QUEUE_OFF_US);

	vvf_write(vvf, reg, 0);
	while (vvf_read(vvf, reg) & VVF_XDCTL_ENABLE) {
		if (ktime_after(ktime_get(), deadline))
			break;
		usleep_range(10, 20);
	}
}

/**
 * vvf_queue_stop() - stop, and give back what is in flight
 * @vvf: device; nothing happens if it does not run
 *
 * May wait for NAPI as long as it takes.
 */
void vvf_queue_stop(struct vvf *vvf)
{
	lockdep_assert_held(&vvf->lock);

	if (!vvf->running)
		return;
	WRITE_ONCE(vvf->quiet, true);
	netif_tx_disable(vvf->netdev);
	vvf_queue_off(vvf, VVF_RXDCTL);
	vvf_write(vvf, VVF_EIMC, BIT(VVF_VECTOR_QUEUE));
	napi_disable(&vvf->napi);
	/* Again: NAPI may have passed its look at quiet, and woken the queue. */
	netif_tx_disable(vvf->netdev);
	vvf_queue_off(vvf, VVF_TXDCTL);
	vvf->running = false;
	vvf_tx_release(vvf, &vvf->rings->tx, NULL);
}

/* Let NAPI take all that has arrived and clean all that has left. */
static int vvf_queue_drain(struct vvf *vvf)
{
	struct vvf_rings *rings = vvf->rings;
	ktime_t begin = ktime_get();

	for (;;) {
		ktime_t now;
		s64 us;

		vvf_poll_now(vvf);
		now = ktime_get();
		us = ktime_us_delta(now, begin);
		if (!napi_is_scheduled(&vvf->napi) &&
		    (vvf_rx_idle(&rings->rx) || ktime_after(now, vvf->rest.until)) &&
		    (vvf_tx_idle(&rings->tx) || us > REST_TX_US))
			return 0;
		if (us > REST_NAPI_US)
			return -ETIMEDOUT;
		usleep_range(20, 50);
	}
}

/**
 * vvf_queue_rest() - bring the queues to rest for a migration
 * @vvf: device, running
 *
 * What has arrived is taken out of the ring, and logged; it is handed up by
 * vvf_queue_deliver(), which takes as long as the stack does, when the PF has
 * its answer. What cannot be taken within a millisecond, because memory is
 * slow while it is logged, is dropped. What could not leave in time is kept in mig.kept; the next
 * vvf_queue_start() sends it. Receive buffers stay in their slots. Every wait
 * is bounded.
 *
 * Return: 0; -ETIMEDOUT: NAPI did not come to its end, the queues go on.
 */
int vvf_queue_rest(struct vvf *vvf)
{
	int r;

	lockdep_assert_held(&vvf->lock);

	WRITE_ONCE(vvf->quiet, true);
	vvf->rest.until = ktime_add_us(ktime_get(), REST_RX_US);
	smp_store_release(&vvf->rest.resting, true);
	netif_tx_disable(vvf->netdev);
	vvf_queue_off(vvf, VVF_RXDCTL);
	vvf_write(vvf, VVF_EIMC, BIT(VVF_VECTOR_QUEUE));

	r = vvf_queue_drain(vvf);
	if (r)
		goto go_on;

	napi_disable(&vvf->napi);
	/* Again: NAPI may have passed its look at quiet, and woken the queue. */
	netif_tx_disable(vvf->netdev);
	vvf_queue_off(vvf, VVF_TXDCTL);
	vvf->running = false;
	WRITE_ONCE(vvf->rest.resting, false);
	vvf->stats.rx_dropped += vvf_rx_waiting(&vvf->rings->rx);
	vvf_tx_release(vvf, &vvf->rings->tx, &vvf->mig.kept);
	return 0;

go_on:
	WRITE_ONCE(vvf->rest.resting, false);
	vvf_write(vvf, VVF_RXDCTL, VVF_XDCTL_ENABLE);
	WRITE_ONCE(vvf->quiet, false);
	vvf_write(vvf, VVF_EIMS, BIT(VVF_VECTOR_QUEUE));
	netif_tx_wake_all_queues(vvf->netdev);
	return r;
}

/* Hand up what vvf_queue_rest() took, a few frames at a time. */
static void vvf_queue_deliver_work(struct work_struct *work)
{
	struct vvf_rest *rest = container_of(work, struct vvf_rest, deliver);
	struct sk_buff *skb;

	while ((skb = skb_dequeue(&rest->frames))) {
		local_bh_disable();
		netif_receive_skb(skb);
		local_bh_enable();
		cond_resched();
	}
}

/**
 * vvf_queue_deliver() - hand up what vvf_queue_rest() has found, soon
 * @vvf: device
 */
void vvf_queue_deliver(struct vvf *vvf)
{
	if (!skb_queue_empty(&vvf->rest.frames))
		queue_work(system_highpri_wq, &vvf->rest.deliver);
}

/**
 * vvf_queue_init() - prepare
 * @vvf: device
 */
void vvf_queue_init(struct vvf *vvf)
{
	skb_queue_head_init(&vvf->rest.frames);
	INIT_WORK(&vvf->rest.deliver, vvf_queue_deliver_work);
}

/**
 * vvf_queue_exit() - hand nothing up any more
 * @vvf: device, not running
 */
void vvf_queue_exit(struct vvf *vvf)
{
	disable_work_sync(&vvf->rest.deliver);
	skb_queue_purge(&vvf->rest.frames);
}

/* NAPI's poll function, for both rings. */
int vvf_poll(struct napi_struct *napi, int budget)
{
	struct vvf *vvf = container_of(napi, struct vvf, napi);
	struct vvf_rings *rings = vvf->rings;
	unsigned int cleaned, received = 0;

	cleaned = vvf_tx_clean(vvf, &rings->tx, budget);
	if (budget)
		received = vvf_rx_clean(vvf, &rings->rx, budget);

	vvf->stats.polls++;
	if (!cleaned && !received)
		vvf->stats.polls_empty++;
	if (received >= budget)
		return budget;
	if (napi_complete_done(napi, received) && !READ_ONCE(vvf->quiet))
		vvf_write(vvf, VVF_EIMS, BIT(VVF_VECTOR_QUEUE));
	return received;
}
