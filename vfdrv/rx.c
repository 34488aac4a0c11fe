// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive.
 *
 * Buffers are halves of page pool pages. A short frame is copied and its
 * buffer used again at once; of a longer one the headers are copied and the
 * payload goes up in page fragments. A frame that is longer than a buffer
 * fills several descriptors.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "compat.h"
#include "vvf.h"

/* Fill the ring in portions of this many buffers: one RDT write for each. */
#define RX_FILL		16

/* A fragment must be found by touching its first word. */
static_assert(VVF_RX_BUF % sizeof(u32) == 0 && PAGE_SIZE % VVF_RX_BUF == 0);

static unsigned int vvf_rx_filled(const struct vvf_rx *rx)
{
	return (rx->next_to_use >= rx->next_to_clean ? 0 : rx->size) +
	       rx->next_to_use - rx->next_to_clean;
}

/* One slot always stays empty: RDT equal to RDH means an empty ring. */
static unsigned int vvf_rx_unfilled(const struct vvf_rx *rx)
{
	return rx->size - 1 - vvf_rx_filled(rx);
}

static dma_addr_t vvf_rx_dma(const struct vvf_rx_buf *buf)
{
	return page_pool_get_dma_addr(buf->page) + buf->offset;
}

static void vvf_rx_describe(struct vvf_rx *rx, u16 i)
{
	union vvf_rx_desc *desc = &rx->desc[i];

	desc->read.addr = cpu_to_le64(vvf_rx_dma(&rx->buf[i]));
	desc->read.hdr_addr = 0;
}

/* Put a buffer into the next slot. The NIC is told by vvf_rx_post(). */
static void vvf_rx_put(struct vvf_rx *rx, struct page *page, u32 offset)
{
	u16 i = rx->next_to_use;

	rx->buf[i].page = page;
	rx->buf[i].offset = offset;
	vvf_rx_describe(rx, i);
	rx->next_to_use = vvf_next(i, rx->size);
}

static void vvf_rx_post(struct vvf *vvf, struct vvf_rx *rx)
{
	if (rx->posted == rx->next_to_use)
		return;
	rx->posted = rx->next_to_use;
	/* Descriptors before the tail. */
	dma_wmb();
	vvf_write(vvf, VVF_RDT, rx->posted);
}

/**
 * vvf_rx_fill() - put buffers into all empty slots
 * @vvf: device
 * @rx: ring
 * @gfp: how to allocate
 *
 * Does not tell the NIC.
 */
void vvf_rx_fill(struct vvf *vvf, struct vvf_rx *rx, gfp_t gfp)
{
	unsigned int n;

	for (n = vvf_rx_unfilled(rx); n; n--) {
		unsigned int offset;
		struct page *page;

		page = page_pool_alloc_frag(rx->pool, &offset, VVF_RX_BUF,
					    gfp | __GFP_NOWARN);
		if (unlikely(!page)) {
			vvf->stats.rx_no_memory++;
			return;
		}
		vvf_rx_put(rx, page, offset);
	}
}

/**
 * vvf_rx_rewind() - arrange the ring to start at slot 0
 * @vvf: device
 * @rx: ring, the NIC and NAPI stopped
 *
 * Moves the buffers that are there to the front and describes them anew (a
 * write-back has destroyed some of the descriptors). Allocates nothing.
 */
void vvf_rx_rewind(struct vvf *vvf, struct vvf_rx *rx)
{
	u16 from, to = 0;

	if (rx->skb) {
		dev_kfree_skb_any(rx->skb);
		rx->skb = NULL;
		vvf->stats.rx_dropped++;
	}
	rx->discard = false;

	for (from = 0; from < rx->size; from++) {
		struct vvf_rx_buf buf = rx->buf[from];

		rx->buf[from].page = NULL;
		rx->desc[from].read.addr = 0;
		rx->desc[from].read.hdr_addr = 0;
		if (!buf.page)
			continue;
		rx->buf[to] = buf;
		vvf_rx_describe(rx, to++);
	}
	rx->next_to_clean = 0;
	rx->next_to_use = to;
	rx->posted = 0;
}

/**
 * vvf_rx_release() - give all buffers back
 * @rx: ring, not in use any more
 */
void vvf_rx_release(struct vvf_rx *rx)
{
	unsigned int i;

	if (rx->skb)
		dev_kfree_skb_any(rx->skb);
	rx->skb = NULL;
	for (i = 0; i < rx->size; i++) {
		if (rx->buf[i].page)
			page_pool_put_full_page(rx->pool, rx->buf[i].page, false);
		rx->buf[i].page = NULL;
	}
}

static u32 vvf_rx_status(const struct vvf_rx *rx, u16 i)
{
	return le32_to_cpu(READ_ONCE(rx->desc[i].wb.status));
}

/**
 * vvf_rx_idle() - is there nothing to hand up?
 * @rx: ring
 */
bool vvf_rx_idle(const struct vvf_rx *rx)
{
	u16 i = READ_ONCE(rx->next_to_clean);

	return i == READ_ONCE(rx->next_to_use) || !(vvf_rx_status(rx, i) & VVF_RXD_DD);
}

/**
 * vvf_rx_waiting() - how many frames has nobody taken out of the ring?
 * @rx: ring, the NIC and NAPI stopped
 */
unsigned int vvf_rx_waiting(const struct vvf_rx *rx)
{
	unsigned int frames = 0;
	u16 i;

	for (i = rx->next_to_clean; i != rx->next_to_use; i = vvf_next(i, rx->size)) {
		u32 status = vvf_rx_status(rx, i);

		if (!(status & VVF_RXD_DD))
			break;
		frames += !!(status & VVF_RXD_EOP);
	}
	return frames;
}

/*
 * Begin a frame: copy it all if it is short, its headers otherwise. Return:
 * how many bytes were copied; 0: the frame is to be dropped.
 */
static unsigned int vvf_rx_begin(struct vvf *vvf, struct vvf_rx *rx, const void *data,
				 unsigned int len, bool whole)
{
	unsigned int copy = len;

	if (unlikely(len < ETH_HLEN)) {
		vvf->stats.rx_dropped++;
		return 0;
	}
	if (vvf_echo_came(&vvf->echo, data, len)) {
		vvf->stats.rx_own++;
		return 0;
	}
	rx->skb = napi_alloc_skb(&vvf->napi, VVF_RX_COPY);
	if (unlikely(!rx->skb)) {
		vvf->stats.rx_no_memory++;
		return 0;
	}
	if (!whole || len > VVF_RX_COPY)
		copy = eth_get_headlen(vvf->netdev, data, min_t(unsigned int, len, VVF_RX_COPY));
	else
		vvf->stats.rx_copied++;
	skb_put_data(rx->skb, data, copy);
	return copy;
}

static void vvf_rx_finish(struct vvf *vvf, struct sk_buff *skb, u32 status, u16 vlan)
{
	struct net_device *netdev = vvf->netdev;

	skb_mark_for_recycle(skb);
	if (netdev->features & NETIF_F_RXCSUM) {
		if (status & (VVF_RXD_L4E | VVF_RXD_IPE))
			vvf->stats.rx_csum_errors++;
		else if (status & VVF_RXD_L4CS)
			skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	/* A tag that nobody asked for is the host's port VLAN: not for the guest */
	if (status & VVF_RXD_VP && test_bit(vlan & VLAN_VID_MASK, vvf->filter.vlans))
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), vlan);
	skb_record_rx_queue(skb, 0);
	skb->protocol = eth_type_trans(skb, netdev);
	if (unlikely(READ_ONCE(vvf->rest.halted)))
		__skb_queue_tail(&vvf->rest.frames, skb);
	else
		napi_gro_receive(&vvf->napi, skb);
}

/*
 * Is this still the host whose NIC has written the frame that was just taken?
 *
 * Once the PF has the answer to SUSPEND the guest may be stopped between any two
 * instructions, and go on in another host's memory; what is touched there comes
 * too late, and what is copied there may be anything. The VF there has not been
 * given a ring yet.
 */
static bool vvf_rx_here(struct vvf *vvf, const struct vvf_rx *rx)
{
	return vvf_read(vvf, VVF_RDLEN) == rx->size * sizeof(*rx->desc);
}

/**
 * vvf_rx_wanted() - is it of use to take more out of the ring?
 * @vvf: device, halted
 * @rx: ring
 *
 * Not in a hurry, nor on another host than that whose NIC has filled it.
 */
bool vvf_rx_wanted(struct vvf *vvf, const struct vvf_rx *rx)
{
	return !READ_ONCE(vvf->rest.go) && vvf_rx_here(vvf, rx);
}

/*
 * Add what is left of a buffer to the frame. Return: the buffer went with it.
 */
static bool vvf_rx_attach(struct vvf *vvf, struct vvf_rx *rx, struct vvf_rx_buf *buf,
			  void *data, unsigned int skip, unsigned int len)
{
	struct sk_buff *skb = rx->skb;

	if (skip == len)
		return false;
	if (unlikely(skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS)) {
		dev_kfree_skb_any(skb);
		rx->skb = NULL;
		rx->discard = true;
		vvf->stats.rx_dropped++;
		return false;
	}
	vvf_dirty_touch(&vvf->dirty, data);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, buf->page, buf->offset + skip,
			len - skip, VVF_RX_BUF);
	skb_mark_for_recycle(skb);
	return true;
}

/**
 * vvf_rx_clean() - hand up what the NIC has received, and fill the ring again
 * @vvf: device
 * @rx: ring
 * @budget: NAPI's
 *
 * Return: number of frames; @budget also if it has to be called again because
 * there is no memory.
 */
unsigned int vvf_rx_clean(struct vvf *vvf, struct vvf_rx *rx, int budget)
{
	unsigned int frames = 0, bytes = 0, multicast = 0, seen = 0;
	struct device *dev = &vvf->pdev->dev;

	while (seen < budget && rx->next_to_clean != rx->next_to_use) {
		u16 i = rx->next_to_clean, vlan;
		struct vvf_rx_buf buf = rx->buf[i];
		unsigned int len, skip = 0;
		bool eop, gone = false, here = true;
		u32 status;
		void *data;

		/* The mailbox's worker waits for this processor, perhaps. */
		if (unlikely(vvf_mbx_noticed(&vvf->mbx)) && !READ_ONCE(vvf->quiet)) {
			seen = budget;
			break;
		}
		status = vvf_rx_status(rx, i);
		if (!(status & VVF_RXD_DD) || READ_ONCE(vvf->rest.go))
			break;
		/* The rest of the write-back, and the data, after DD. */
		dma_rmb();
		len = min_t(unsigned int, le16_to_cpu(rx->desc[i].wb.length), VVF_RX_BUF);
		vlan = le16_to_cpu(rx->desc[i].wb.vlan);
		eop = status & VVF_RXD_EOP;

		data = page_address(buf.page) + buf.offset;
		dma_sync_single_range_for_cpu(dev, page_pool_get_dma_addr(buf.page),
					      buf.offset, len, DMA_FROM_DEVICE);
		if (!rx->skb && !rx->discard) {
			skip = vvf_rx_begin(vvf, rx, data, len, eop);
			rx->discard = !skip;
		}
		if (!rx->discard)
			gone = vvf_rx_attach(vvf, rx, &buf, data, skip, len);

		rx->buf[i].page = NULL;
		WRITE_ONCE(rx->next_to_clean, vvf_next(i, rx->size));
		if (!gone) {
			dma_sync_single_range_for_device(dev, page_pool_get_dma_addr(buf.page),
							 buf.offset, len, DMA_FROM_DEVICE);
			vvf_rx_put(rx, buf.page, buf.offset);
		}

		if (eop) {
			struct sk_buff *skb = rx->skb;

			seen++;
			rx->skb = NULL;
			rx->discard = false;
			/* Touched and copied before this; see vvf_queue_halt(). */
			smp_rmb();
			here = !READ_ONCE(vvf->rest.halted) || vvf_rx_here(vvf, rx);
			if (unlikely(!here) && skb) {
				dev_kfree_skb_any(skb);
				vvf->stats.rx_dropped++;
				skb = NULL;
			}
			if (skb) {
				frames++;
				bytes += skb->len;
				multicast += is_multicast_ether_addr(skb->data);
				vvf_rx_finish(vvf, skb, status, vlan);
			}
		}
		if (vvf_rx_unfilled(rx) >= RX_FILL) {
			vvf_rx_fill(vvf, rx, GFP_ATOMIC);
			vvf_rx_post(vvf, rx);
		}
		if (unlikely(!here))
			break;
	}
	vvf_rx_fill(vvf, rx, GFP_ATOMIC);
	vvf_rx_post(vvf, rx);

	if (frames) {
		u64_stats_update_begin(&vvf->stats.rx_sync);
		u64_stats_add(&vvf->stats.rx_packets, frames);
		u64_stats_add(&vvf->stats.rx_bytes, bytes);
		u64_stats_add(&vvf->stats.rx_multicast, multicast);
		u64_stats_update_end(&vvf->stats.rx_sync);
		/* What is still taken at rest came before it. */
		if (unlikely(READ_ONCE(vvf->mig.await_frame)) && !READ_ONCE(vvf->rest.halted))
			vvf_mig_received(vvf);
	}
	/* An empty ring gets no interrupt that would fill it. */
	return rx->next_to_clean == rx->next_to_use ? budget : seen;
}
