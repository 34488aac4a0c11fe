// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue pair: memory of the rings, starting, stopping, and the rest that
 * a migration needs.
 *
 * Starting programs the NIC from the driver's own memory alone and allocates
 * nothing; stopping gives back what is in flight.
 *
 * For a migration the queues come to rest in two steps. Halting is what the
 * PF waits for, and it takes microseconds: the NIC is off. Settling is NAPI's, when
 * it gets to it: what has arrived is put aside, what could not leave is kept, the
 * rings are made ready. Going after that is register writes alone.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "compat.h"
#include "vvf.h"

/* Bound on the NIC's own work when a queue is switched off. An 82576 may take 10 ms. */
#define QUEUE_OFF_US	20000
/* The same in vvf_queue_halt(), where an interrupt handler may spin. */
#define HALT_OFF_US	200
/* NAPI starts the queues at once, but its processor may be away, as a virtual one may be. */
#define START_US	500000

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
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
	};

	vvf_pool_owner(&params, &vvf->napi, vvf->netdev);
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
	const struct vvf_setting settings[] = {
		{ VVF_TXDCTL, 0 },
		{ VVF_TDBAL, lower_32_bits(tx->dma) },
		{ VVF_TDBAH, upper_32_bits(tx->dma) },
		{ VVF_TDLEN, tx->size * sizeof(*tx->desc) },
		/* An earlier owner's head write-back survives every reset of the VF. */
		{ VVF_TDWBAL, 0 },
		{ VVF_TDWBAH, 0 },
		{ VVF_TDH, tx->next_to_clean },
		{ VVF_TDT, tx->next_to_clean },
		{ VVF_TXDCTL, VVF_XDCTL_ENABLE },
	};

	vvf_program(vvf, settings, ARRAY_SIZE(settings));
	/* What was kept over a rest. */
	if (!vvf_tx_idle(tx))
		vvf_write(vvf, VVF_TDT, tx->next_to_use);
}

static void vvf_rx_program(struct vvf *vvf, struct vvf_rx *rx)
{
	const struct vvf_setting settings[] = {
		{ VVF_RXDCTL, 0 },
		{ VVF_RDBAL, lower_32_bits(rx->dma) },
		{ VVF_RDBAH, upper_32_bits(rx->dma) },
		{ VVF_RDLEN, rx->size * sizeof(*rx->desc) },
		{ VVF_SRRCTL, VVF_SRRCTL_ONE_BUFFER | VVF_SRRCTL_DROP_EN |
			      VVF_RX_BUF >> VVF_SRRCTL_SIZE_SHIFT },
		{ VVF_RDH, 0 },
		{ VVF_RDT, 0 },
		{ VVF_RXDCTL, VVF_XDCTL_ENABLE },
		{ VVF_RDT, rx->next_to_use },
	};

	rx->posted = rx->next_to_use;
	vvf_program(vvf, settings, ARRAY_SIZE(settings));
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
	vvf_rx_rewind(vvf, &vvf->rings->rx);
	vvf_tx_program(vvf, &vvf->rings->tx);
	vvf_rx_program(vvf, &vvf->rings->rx);
	if (!vvf_queue_programmed(vvf))
		return -EIO;

	WRITE_ONCE(vvf->quiet, false);
	napi_enable(&vvf->napi);
	vvf->running = true;

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

/* A device that is gone has no queue that is on. */
static bool vvf_queue_is_off(struct vvf *vvf, u32 reg)
{
	u32 value = vvf_read(vvf, reg);

	return value == VVF_GONE || !(value & VVF_XDCTL_ENABLE);
}

static bool vvf_queue_off(struct vvf *vvf, u32 reg)
{
	ktime_t deadline = ktime_add_us(ktime_get(), QUEUE_OFF_US);

	vvf_write(vvf, reg, 0);
	while (!vvf_queue_is_off(vvf, reg)) {
		if (ktime_after(ktime_get(), deadline))
			return false;
		usleep_range(10, 20);
	}
	return true;
}

/*
 * The memory of a queue that does not go off must not go back while the NIC may write it:
 * take the bus away. vvf_queue_restore_dma() gives it back, after a reset.
 */
static void vvf_queue_cut_off(struct vvf *vvf)
{
	vvf->stats.queues_stuck++;
	dev_warn_ratelimited(&vvf->pdev->dev, "a queue does not stop: DMA off, resetting\n");
	pci_clear_master(vvf->pdev);
	vvf_write(vvf, VVF_CTRL, VVF_CTRL_RST);
	vvf_link_want_reset(vvf);
}

/**
 * vvf_queue_restore_dma() - after a reset the NIC may use the bus again
 * @vvf: device, reset
 *
 * Return: 0; -EIO: a queue is on that nobody has started.
 */
int vvf_queue_restore_dma(struct vvf *vvf)
{
	if (!vvf_queue_is_off(vvf, VVF_RXDCTL) || !vvf_queue_is_off(vvf, VVF_TXDCTL))
		return -EIO;
	pci_set_master(vvf->pdev);
	return 0;
}

static void vvf_queue_forget_rest(struct vvf *vvf)
{
	struct vvf_rest *rest = &vvf->rest;

	vvf->stats.rx_dropped += skb_queue_len(&rest->frames);
	__skb_queue_purge(&rest->frames);
	rest->halted = false;
	rest->off = false;
	rest->settled = false;
	rest->go = false;
	rest->error = 0;
}

/**
 * vvf_queue_stop() - stop, and give back what is in flight
 * @vvf: device; nothing happens if it does not run
 *
 * May wait for NAPI as long as it takes.
 */
void vvf_queue_stop(struct vvf *vvf)
{
	bool off;

	lockdep_assert_held(&vvf->lock);

	if (!vvf->running)
		return;
	WRITE_ONCE(vvf->quiet, true);
	netif_tx_disable(vvf->netdev);
	off = vvf_queue_off(vvf, VVF_RXDCTL);
	vvf_write(vvf, VVF_EIMC, BIT(VVF_VECTOR_QUEUE));
	napi_disable(&vvf->napi);
	/* Again: NAPI may have passed its look at quiet, and woken the queue. */
	netif_tx_disable(vvf->netdev);
	if (!vvf_queue_off(vvf, VVF_TXDCTL) || !off)
		vvf_queue_cut_off(vvf);
	vvf->running = false;
	vvf_queue_forget_rest(vvf);
	vvf_tx_release(vvf, &vvf->rings->tx);
}

/* Both queues off in the NIC, within a bound. Spins: for interrupt handlers too. */
static bool vvf_queue_both_off(struct vvf *vvf)
{
	ktime_t deadline = ktime_add_us(ktime_get(), HALT_OFF_US);

	for (;;) {
		bool late = ktime_after(ktime_get(), deadline);

		if (!((vvf_read(vvf, VVF_RXDCTL) | vvf_read(vvf, VVF_TXDCTL)) & VVF_XDCTL_ENABLE))
			return true;
		if (late)
			return false;
		cpu_relax();
	}
}

/* Has all left that the NIC was told of? Waits for it if asked to. */
static bool vvf_queue_has_sent(struct vvf *vvf, unsigned int wait_us)
{
	ktime_t deadline = ktime_add_us(ktime_get(), wait_us);

	for (;;) {
		bool late = !wait_us || ktime_after(ktime_get(), deadline);

		if (vvf_read(vvf, VVF_TDH) == vvf_read(vvf, VVF_TDT))
			return true;
		if (late)
			return false;
		usleep_range(20, 50);
	}
}

/**
 * vvf_queue_halt() - switch the queues off for a migration
 * @vvf: device, running; locked, or the gate is
 * @wait_us: how long frames may take to leave; those that do not are kept. 0: only
 *	if all have left, for interrupt handlers
 *
 * When it returns the NIC writes nothing any more. NAPI may be anywhere: what it
 * still takes out of the ring is handed up only if the guest is still where
 * the NIC wrote it, see vvf_rx_here(). The caller schedules NAPI.
 *
 * Return: 0; -EAGAIN: frames are leaving, and @wait_us is 0: nothing has changed;
 * -ETIMEDOUT: the queues do not go off: vvf_queue_go() gets them to run again.
 */
int vvf_queue_halt(struct vvf *vvf, unsigned int wait_us)
{
	bool off;

	vvf_assert_locked(vvf);

	if (!wait_us && !vvf_queue_has_sent(vvf, 0))
		return -EAGAIN;
	WRITE_ONCE(vvf->quiet, true);
	WRITE_ONCE(vvf->rest.halted, true);
	/* With smp_rmb() in vvf_rx_clean(): whoever missed this has its frame. */
	smp_mb();
	netif_tx_stop_all_queues(vvf->netdev);
	vvf_write(vvf, VVF_RXDCTL, 0);
	vvf_write(vvf, VVF_EIMC, BIT(VVF_VECTOR_QUEUE));
	if (wait_us)
		vvf_queue_has_sent(vvf, wait_us);
	vvf_write(vvf, VVF_TXDCTL, 0);
	off = vvf_queue_both_off(vvf);
	vvf->rest.sent = vvf_read(vvf, VVF_TDH);
	/* With vvf_poll_halted(): from here on NAPI may settle. */
	smp_store_release(&vvf->rest.off, true);
	return off ? 0 : -ETIMEDOUT;
}

static int vvf_queue_program(struct vvf *vvf)
{
	vvf_tx_program(vvf, &vvf->rings->tx);
	vvf_rx_program(vvf, &vvf->rings->rx);
	if (!vvf_queue_programmed(vvf))
		return -EIO;
	WRITE_ONCE(vvf->quiet, false);
	vvf->rest.off = false;
	vvf->rest.settled = false;
	/* Who sees it gone sees all of the above. */
	smp_store_release(&vvf->rest.halted, false);
	netif_trans_update(vvf->netdev);
	netif_tx_wake_all_queues(vvf->netdev);
	vvf->started = ktime_get();
	return 0;
}

/*
 * NAPI has taken all that has arrived before a rest, or is in a hurry: keep what could
 * not leave, make the rings ready, and go if that is wanted already.
 */
static void vvf_queue_settle(struct vvf *vvf)
{
	struct netdev_queue *txq = netdev_get_tx_queue(vvf->netdev, 0);
	struct vvf_rings *rings = vvf->rings;
	unsigned long flags;

	/* Waits for transmit on other processors; nobody begins after it. */
	__netif_tx_lock(txq, smp_processor_id());
	netif_tx_stop_queue(txq);
	vvf_tx_rewind(vvf, &rings->tx, vvf->rest.sent);
	__netif_tx_unlock(txq);

	vvf->stats.rx_dropped += vvf_rx_waiting(&rings->rx);
	vvf_rx_rewind(vvf, &rings->rx);

	spin_lock_irqsave(&vvf->gate.lock, flags);
	vvf->rest.settled = true;
	if (vvf->rest.go) {
		vvf->rest.error = vvf_queue_program(vvf);
		smp_store_release(&vvf->rest.go, false);
	} else {
		vvf_mig_settled(vvf);
	}
	spin_unlock_irqrestore(&vvf->gate.lock, flags);
}

/**
 * vvf_queue_go() - program the queues after a rest, and go
 * @vvf: device, halted, with gate.lock held
 *
 * Allocates nothing, does not sleep: for interrupt handlers too. If NAPI is at work
 * on the rings still, it does it in a moment, so the caller schedules NAPI.
 * vvf_queue_started() tells how it went.
 */
void vvf_queue_go(struct vvf *vvf)
{
	lockdep_assert_held(&vvf->gate.lock);

	if (vvf->rest.settled)
		vvf->rest.error = vvf_queue_program(vvf);
	else
		WRITE_ONCE(vvf->rest.go, true);
}

/**
 * vvf_queue_started() - wait until the queues run after vvf_queue_go()
 * @vvf: device, running
 * @ret_started: since when
 *
 * NAPI may be under way on this processor or another one.
 *
 * Return: 0; -EIO: they do not come on; -ETIMEDOUT: NAPI does not come to it.
 */
int vvf_queue_started(struct vvf *vvf, ktime_t *ret_started)
{
	ktime_t deadline = ktime_add_us(ktime_get(), START_US);

	lockdep_assert_held(&vvf->lock);

	while (smp_load_acquire(&vvf->rest.go)) {
		if (ktime_after(ktime_get(), deadline))
			return -ETIMEDOUT;
		vvf_poll_now(vvf);
		usleep_range(20, 50);
	}
	*ret_started = vvf->started;
	return vvf->rest.error;
}

/**
 * vvf_queue_init() - prepare
 * @vvf: device
 */
void vvf_queue_init(struct vvf *vvf)
{
	__skb_queue_head_init(&vvf->rest.frames);
	vvf_echo_init(&vvf->echo);
}

/* Hand up what was put aside. */
static int vvf_poll_aside(struct vvf *vvf, int budget)
{
	struct sk_buff *skb;
	int done = 0;

	while (done < budget && (skb = __skb_dequeue(&vvf->rest.frames))) {
		napi_gro_receive(&vvf->napi, skb);
		done++;
	}
	return done;
}

/*
 * At rest. Frames that have arrived are put aside first: it is quick, and the VM may
 * be stopped any moment.
 */
static int vvf_poll_halted(struct vvf *vvf, int budget)
{
	struct vvf_rings *rings = vvf->rings;
	int done;

	if (!budget)
		return 0;
	if (!smp_load_acquire(&vvf->rest.off))
		return budget;
	if (!READ_ONCE(vvf->rest.settled)) {
		vvf_tx_clean(vvf, &rings->tx, budget);
		vvf_rx_clean(vvf, &rings->rx, budget);
		if (!vvf_rx_idle(&rings->rx) && vvf_rx_wanted(vvf, &rings->rx))
			return budget;
		vvf_queue_settle(vvf);
		/* It may be on its way again. */
		if (!READ_ONCE(vvf->rest.halted))
			return budget;
	}
	done = vvf_poll_aside(vvf, budget);
	if (done < budget)
		napi_complete_done(&vvf->napi, done);
	return done;
}

/* NAPI's poll function, for both rings. */
int vvf_poll(struct napi_struct *napi, int budget)
{
	struct vvf *vvf = container_of(napi, struct vvf, napi);
	struct vvf_rings *rings = vvf->rings;
	unsigned int cleaned, received;

	if (unlikely(smp_load_acquire(&vvf->rest.halted))) {
		received = vvf_poll_halted(vvf, budget);
		if (smp_load_acquire(&vvf->rest.halted) || received < budget)
			return received;
	}
	if (unlikely(!skb_queue_empty(&vvf->rest.frames)))
		return vvf_poll_aside(vvf, budget) ? budget : 0;

	received = 0;
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
