// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: fragments of pages from a page pool, headers copied.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/page_pool/helpers.h>

#include "pf.h"
#include "ring.h"

/* Buffers are handed to the NIC in batches: each RDT write is a register access */
#define VPF_RX_BATCH	16

int vpf_rx_alloc(struct vpf_queue *queue, struct vpf_rx_ring *ring, u16 count)
{
	struct vpf_nic *nic = queue->nic;
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = count,
		.nid = dev_to_node(&nic->pdev->dev),
		.dev = &nic->pdev->dev,
		.napi = &queue->napi,
		.netdev = nic->netdev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
	};
	int err = -ENOMEM;

	ring->buf = kvcalloc(count, sizeof(*ring->buf), GFP_KERNEL);
	if (!ring->buf)
		return -ENOMEM;

	ring->desc = dma_alloc_coherent(&nic->pdev->dev, count * sizeof(*ring->desc),
					&ring->dma, GFP_KERNEL);
	if (!ring->desc)
		goto err_buf;

	ring->pool = page_pool_create(&params);
	if (IS_ERR(ring->pool)) {
		err = PTR_ERR(ring->pool);
		goto err_desc;
	}
	ring->count = count;
	return 0;

err_desc:
	dma_free_coherent(&nic->pdev->dev, count * sizeof(*ring->desc),
			  ring->desc, ring->dma);
	ring->desc = NULL;
err_buf:
	kvfree(ring->buf);
	ring->buf = NULL;
	return err;
}

void vpf_rx_free(struct vpf_nic *nic, struct vpf_rx_ring *ring)
{
	if (!ring->desc)
		return;

	page_pool_destroy(ring->pool);
	dma_free_coherent(&nic->pdev->dev, ring->count * sizeof(*ring->desc),
			  ring->desc, ring->dma);
	kvfree(ring->buf);
	ring->pool = NULL;
	ring->desc = NULL;
	ring->buf = NULL;
}

static unsigned int rx_unused(const struct vpf_rx_ring *ring)
{
	return (ring->next_clean > ring->next_use ? 0 : ring->count) +
	       ring->next_clean - ring->next_use - 1;
}

/* Fill free descriptors and tell the NIC. Returns false if memory ran out */
static bool rx_refill(struct vpf_queue *queue)
{
	struct vpf_rx_ring *ring = &queue->rx;
	unsigned int todo = rx_unused(ring);
	u16 i = ring->next_use;
	bool enough = true;

	for (; todo; todo--) {
		struct vpf_rx_buf *buf = &ring->buf[i];
		struct vpf_rx_desc *desc = &ring->desc[i];

		buf->page = page_pool_dev_alloc_frag(ring->pool, &buf->offset, VPF_RX_BUF);
		if (!buf->page) {
			u64_stats_update_begin(&ring->sync);
			u64_stats_inc(&ring->alloc_failed);
			u64_stats_update_end(&ring->sync);
			enough = false;
			break;
		}
		desc->read.pkt_addr = cpu_to_le64(page_pool_get_dma_addr(buf->page) +
						  buf->offset);
		desc->read.hdr_addr = 0;	/* also clears DD */
		if (++i == ring->count)
			i = 0;
	}

	if (i != ring->next_use) {
		ring->next_use = i;
		vpf_wr(queue->nic, R_RDT(queue->hw), i);	/* has a write barrier */
	}
	return enough;
}

/**
 * vpf_rx_set_drop() - what a full queue does
 * @queue: of the PF
 *
 * It must not hold up VFs. The PF's other queues it does hold up if pause frames can
 * make the link wait: then nothing is to be lost.
 */
void vpf_rx_set_drop(struct vpf_queue *queue)
{
	u32 srrctl = SRRCTL_ADV_ONEBUF | SRRCTL_BSIZEPKT_1K * (VPF_RX_BUF / 1024);
	struct vpf_nic *nic = queue->nic;

	if (vpf_vmdq(nic) || (nic->num_queues > 1 && !nic->pause_sent))
		srrctl |= SRRCTL_DROP_EN;
	vpf_wr(nic, R_SRRCTL(queue->hw), srrctl);
}

/* Program the queue, start it, give it buffers */
void vpf_rx_start(struct vpf_queue *queue)
{
	struct vpf_rx_ring *ring = &queue->rx;
	struct vpf_nic *nic = queue->nic;
	unsigned int q = queue->hw;

	memset(ring->desc, 0, ring->count * sizeof(*ring->desc));
	ring->next_use = 0;
	ring->next_clean = 0;
	ring->discard = false;

	vpf_wr(nic, R_RXDCTL(q), 0);
	vpf_wr(nic, R_RDBAL(q), lower_32_bits(ring->dma));
	vpf_wr(nic, R_RDBAH(q), upper_32_bits(ring->dma));
	vpf_wr(nic, R_RDLEN(q), ring->count * sizeof(*ring->desc));
	vpf_wr(nic, R_RDH(q), 0);
	vpf_wr(nic, R_RDT(q), 0);
	vpf_rx_set_drop(queue);
	vpf_wr(nic, R_RXDCTL(q), XXDCTL_PTHRESH | XXDCTL_HTHRESH |
				 XXDCTL_WTHRESH | XXDCTL_ENABLE);
	rx_refill(queue);
}

/* Take the buffers of the stopped queue back */
void vpf_rx_drain(struct vpf_queue *queue)
{
	struct vpf_rx_ring *ring = &queue->rx;
	unsigned int i;

	for (i = 0; i < ring->count; i++) {
		if (ring->buf[i].page)
			page_pool_put_full_page(ring->pool, ring->buf[i].page, false);
		ring->buf[i].page = NULL;
	}
	if (ring->skb)
		dev_kfree_skb_any(ring->skb);
	ring->skb = NULL;
}

/* The first piece of a frame: a new skb with the header, the rest as a fragment */
static struct sk_buff *first_piece(struct vpf_queue *queue, struct vpf_rx_buf *buf,
				   unsigned int len)
{
	unsigned char *data = page_address(buf->page) + buf->offset;
	struct vpf_rx_ring *ring = &queue->rx;
	unsigned int head = len;
	struct sk_buff *skb;

	skb = napi_alloc_skb(&queue->napi, VPF_RX_COPY);
	if (!skb)
		return NULL;

	skb_mark_for_recycle(skb);
	if (len > VPF_RX_COPY)
		head = eth_get_headlen(queue->nic->netdev, data, VPF_RX_COPY);
	memcpy(__skb_put(skb, head), data, head);
	if (head == len)
		page_pool_put_full_page(ring->pool, buf->page, true);
	else
		skb_add_rx_frag(skb, 0, buf->page, buf->offset + head, len - head,
				VPF_RX_BUF);
	return skb;
}

/*
 * With loopback between pools the NIC delivers our own broadcasts and multicasts
 * to us (QEMU does not prune by source). Addresses of a bridge's other ports are
 * not known here; a bridge on a PF with VFs learns them on the wrong port. Where
 * the NIC does it itself, or others may send from our address (VRRP), the private
 * flag keep-own-frames switches this off.
 */
static bool is_own_frame(struct net_device *netdev, const struct sk_buff *skb)
{
	const u8 *src = ((const struct ethhdr *)skb->data)->h_source;
	struct netdev_hw_addr *ha;
	bool own;

	if (ether_addr_equal(src, netdev->dev_addr))
		return true;
	if (netdev_uc_empty(netdev))
		return false;

	own = false;
	rcu_read_lock();
	list_for_each_entry_rcu(ha, &netdev->uc.list, list) {
		if (ether_addr_equal(src, ha->addr)) {
			own = true;
			break;
		}
	}
	rcu_read_unlock();
	return own;
}

static void set_checksum(struct vpf_queue *queue, struct sk_buff *skb, u32 status)
{
	struct vpf_rx_ring *ring = &queue->rx;

	if (!(queue->nic->netdev->features & NETIF_F_RXCSUM))
		return;

	if (status & (RXD_L4E | RXD_IPE)) {
		u64_stats_update_begin(&ring->sync);
		u64_stats_inc(&ring->csum_errors);
		u64_stats_update_end(&ring->sync);
		return;		/* the stack looks again */
	}
	if (status & RXD_L4CS)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
}

static void set_hash(const struct net_device *netdev, struct sk_buff *skb,
		     const struct vpf_rx_desc *desc)
{
	u32 type = le32_to_cpu(desc->wb.info) & RXD_RSS_TYPE;

	if (type && netdev->features & NETIF_F_RXHASH)
		skb_set_hash(skb, le32_to_cpu(desc->wb.hash), BIT(type) & RXD_RSS_PORTS ?
			     PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
}

/* A whole frame, with its last descriptor. Returns false if it went nowhere */
static bool deliver(struct vpf_queue *queue, struct sk_buff *skb, u32 status,
		    const struct vpf_rx_desc *desc)
{
	struct vpf_nic *nic = queue->nic;
	struct net_device *netdev = nic->netdev;
	struct vpf_rx_ring *ring = &queue->rx;
	unsigned int len = skb->len;
	u64_stats_t *drop = NULL;

	if (status & RXD_RXE)
		drop = &ring->errors;
	else if (vpf_vmdq(nic) && !READ_ONCE(nic->keep_own) && is_own_frame(netdev, skb))
		drop = &ring->own_dropped;

	u64_stats_update_begin(&ring->sync);
	if (drop) {
		u64_stats_inc(drop);
	} else {
		u64_stats_inc(&ring->packets);
		u64_stats_add(&ring->bytes, len);
	}
	u64_stats_update_end(&ring->sync);

	if (drop) {
		dev_kfree_skb_any(skb);
		return false;
	}

	set_checksum(queue, skb, status);
	set_hash(netdev, skb, desc);
	if (status & RXD_VP)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), le16_to_cpu(desc->wb.vlan));
	skb_record_rx_queue(skb, queue->nr);
	skb->protocol = eth_type_trans(skb, netdev);
	napi_gro_receive(&queue->napi, skb);
	return true;
}

/**
 * vpf_rx_clean() - take what has arrived
 * @queue: of the PF
 * @budget: most frames to take
 *
 * Return: frames taken; @budget if there may be more or memory was short
 */
int vpf_rx_clean(struct vpf_queue *queue, int budget)
{
	struct vpf_rx_ring *ring = &queue->rx;
	struct device *dev = &queue->nic->pdev->dev;
	bool enough = true;
	int done = 0;

	while (done < budget) {
		struct vpf_rx_desc *desc = &ring->desc[ring->next_clean];
		struct vpf_rx_buf *buf = &ring->buf[ring->next_clean];
		u32 status = le32_to_cpu(READ_ONCE(desc->wb.status));
		unsigned int len;

		if (!(status & RXD_DD) || !buf->page)
			break;
		/* the rest of the descriptor is read after DD */
		dma_rmb();
		len = min_t(unsigned int, le16_to_cpu(desc->wb.length), VPF_RX_BUF);

		dma_sync_single_range_for_cpu(dev, page_pool_get_dma_addr(buf->page),
					      buf->offset, len, DMA_FROM_DEVICE);

		if (!ring->skb && !ring->discard) {
			ring->skb = first_piece(queue, buf, len);
			ring->discard = !ring->skb;
		} else if (ring->skb) {
			if (skb_shinfo(ring->skb)->nr_frags < MAX_SKB_FRAGS) {
				skb_add_rx_frag(ring->skb, skb_shinfo(ring->skb)->nr_frags,
						buf->page, buf->offset, len, VPF_RX_BUF);
			} else {	/* longer than any frame we allow */
				dev_kfree_skb_any(ring->skb);
				ring->skb = NULL;
				ring->discard = true;
			}
		}
		if (ring->discard) {
			page_pool_put_full_page(ring->pool, buf->page, true);
			u64_stats_update_begin(&ring->sync);
			u64_stats_inc(&ring->errors);
			u64_stats_update_end(&ring->sync);
		}
		buf->page = NULL;
		if (++ring->next_clean == ring->count)
			ring->next_clean = 0;

		if (status & RXD_EOP) {
			if (ring->skb)
				deliver(queue, ring->skb, status, desc);
			ring->skb = NULL;
			ring->discard = false;
			done++;
		}
		if (rx_unused(ring) >= VPF_RX_BATCH)
			enough = rx_refill(queue);
	}

	if (rx_unused(ring) >= VPF_RX_BATCH)
		enough = rx_refill(queue);
	return enough ? done : budget;
}
