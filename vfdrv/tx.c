// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit.
 *
 * Each buffer is cut where it crosses a 4 KiB page (see VVF_TX_PIECE in
 * regs.h), and each packet that needs offload parameters brings its own
 * context descriptor: contexts that the NIC holds do not survive a migration.
 *
 * Transmit runs under the queue's lock and moves next_to_use; cleaning runs in
 * NAPI and moves next_to_clean.
 */
#include <linux/dma-mapping.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip6_checksum.h>

#include "compat.h"
#include "vvf.h"

/* Slots that the largest packet takes: pieces, context, and the gap. */
#define TX_WORST	(VVF_TX_MAX_PIECES + 2)

static_assert(VVF_RING_MIN > TX_WORST);

/* The 82576 pads to 64 bytes, but wants no less than this. */
#define TX_MIN_LEN	17

/**
 * struct vvf_tx_offload - what the descriptors of one packet say
 * @cmd: for cmd_type_len of each data descriptor
 * @olinfo: for olinfo of each data descriptor
 * @context: a context descriptor is needed, with what follows
 * @vlan_macip: tag and header lengths
 * @tucmd: kind of headers
 * @mss_l4len: segment size and length of the TCP header
 * @packets: number of packets that leave the NIC
 * @bytes: their length
 */
struct vvf_tx_offload {
	u32 cmd;
	u32 olinfo;
	bool context;
	u32 vlan_macip;
	u32 tucmd;
	u32 mss_l4len;
	unsigned int packets;
	unsigned int bytes;
};

static unsigned int vvf_tx_free_slots(const struct vvf_tx *tx)
{
	u16 clean = READ_ONCE(tx->next_to_clean);
	u16 use = READ_ONCE(tx->next_to_use);

	return (clean > use ? clean - use : clean + tx->size - use) - 1;
}

/**
 * vvf_tx_idle() - has all that was queued been sent and cleaned?
 * @tx: ring
 */
bool vvf_tx_idle(const struct vvf_tx *tx)
{
	return READ_ONCE(tx->next_to_clean) == READ_ONCE(tx->next_to_use);
}

static unsigned int vvf_tx_pieces(unsigned int offset, unsigned int len)
{
	return DIV_ROUND_UP(offset % VVF_TX_PIECE + len, VVF_TX_PIECE);
}

static unsigned int vvf_tx_count(const struct sk_buff *skb)
{
	unsigned int i, count;

	count = vvf_tx_pieces(offset_in_page(skb->data), skb_headlen(skb));
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		count += vvf_tx_pieces(skb_frag_off(frag), skb_frag_size(frag));
	}
	return count;
}

/* Headers of a TSO packet as the NIC wants them: no lengths, seeded checksum. */
static int vvf_tx_tso(struct sk_buff *skb, struct vvf_tx_offload *off)
{
	bool ipv4 = vlan_get_protocol(skb) == htons(ETH_P_IP);
	unsigned int header;
	int r;

	r = skb_cow_head(skb, 0);
	if (r < 0)
		return r;

	if (ipv4) {
		struct iphdr *ip = ip_hdr(skb);

		ip->tot_len = 0;
		ip->check = 0;
		tcp_hdr(skb)->check = ~csum_tcpudp_magic(ip->saddr, ip->daddr, 0,
							 IPPROTO_TCP, 0);
		off->tucmd |= VVF_TXD_TUCMD_IPV4;
		off->olinfo |= VVF_TXD_IXSM;
	} else {
		tcp_v6_gso_csum_prep(skb);
	}

	header = skb_tcp_all_headers(skb);
	off->context = true;
	off->cmd |= VVF_TXD_TSE;
	off->olinfo |= VVF_TXD_TXSM | (skb->len - header) << VVF_TXD_PAYLEN_SHIFT;
	off->tucmd |= VVF_TXD_TUCMD_TCP;
	off->mss_l4len = skb_shinfo(skb)->gso_size << VVF_TXD_MSS_SHIFT |
			 tcp_hdrlen(skb) << VVF_TXD_L4LEN_SHIFT;
	off->packets = skb_shinfo(skb)->gso_segs;
	off->bytes += (off->packets - 1) * header;
	return 0;
}

static int vvf_tx_csum(struct sk_buff *skb, struct vvf_tx_offload *off)
{
	switch (skb->csum_offset) {
	case offsetof(struct tcphdr, check):
		off->tucmd |= VVF_TXD_TUCMD_TCP;
		break;
	case offsetof(struct udphdr, check):
		break;
	case offsetof(struct sctphdr, checksum):
		if (skb_csum_is_sctp(skb)) {
			off->tucmd |= VVF_TXD_TUCMD_SCTP;
			break;
		}
		fallthrough;
	default:
		return skb_checksum_help(skb);
	}
	if (vlan_get_protocol(skb) == htons(ETH_P_IP))
		off->tucmd |= VVF_TXD_TUCMD_IPV4;
	off->context = true;
	off->olinfo |= VVF_TXD_TXSM;
	return 0;
}

static int vvf_tx_prepare(struct sk_buff *skb, struct vvf_tx_offload *off)
{
	int r = 0;

	*off = (struct vvf_tx_offload) {
		.cmd = VVF_TXD_DATA | VVF_TXD_DEXT | VVF_TXD_IFCS,
		.packets = 1,
		.bytes = skb->len,
	};

	if (skb_is_gso(skb))
		r = vvf_tx_tso(skb, off);
	else if (skb->ip_summed == CHECKSUM_PARTIAL)
		r = vvf_tx_csum(skb, off);
	if (r)
		return r;

	if (!skb_is_gso(skb))
		off->olinfo |= skb->len << VVF_TXD_PAYLEN_SHIFT;
	if (off->context)
		off->vlan_macip |= skb_network_header_len(skb);
	if (skb_vlan_tag_present(skb)) {
		off->context = true;
		off->cmd |= VVF_TXD_VLE;
		off->vlan_macip |= skb_vlan_tag_get(skb) << VVF_TXD_VLAN_SHIFT;
	}
	if (off->context)
		off->vlan_macip |= skb_network_offset(skb) << VVF_TXD_MACLEN_SHIFT;
	return 0;
}

/* Describe one mapped buffer, cut at pages. Return: the next free slot. */
static u16 vvf_tx_put(struct vvf_tx *tx, u16 i, dma_addr_t dma, unsigned int len,
		      const struct vvf_tx_offload *off)
{
	while (len) {
		unsigned int piece = min_t(unsigned int, len,
					   VVF_TX_PIECE - dma % VVF_TX_PIECE);
		union vvf_tx_desc *desc = &tx->desc[i];

		desc->data.addr = cpu_to_le64(dma);
		desc->data.cmd_type_len = cpu_to_le32(off->cmd | piece);
		desc->data.olinfo = cpu_to_le32(off->olinfo);
		dma += piece;
		len -= piece;
		i = vvf_next(i, tx->size);
		tx->buf[i].map_len = 0;
	}
	return i;
}

static void vvf_tx_unmap(struct vvf *vvf, struct vvf_tx_buf *buf)
{
	if (!buf->map_len)
		return;
	if (buf->mapped_page)
		dma_unmap_page(&vvf->pdev->dev, buf->dma, buf->map_len, DMA_TO_DEVICE);
	else
		dma_unmap_single(&vvf->pdev->dev, buf->dma, buf->map_len, DMA_TO_DEVICE);
	buf->map_len = 0;
}

/* Map all of a packet and describe it. Return: the slot after it, or -ENOMEM. */
static int vvf_tx_map(struct vvf *vvf, struct vvf_tx *tx, struct sk_buff *skb,
		      const struct vvf_tx_offload *off)
{
	u16 first = tx->next_to_use, i = first, last = first;
	struct device *dev = &vvf->pdev->dev;
	unsigned int f, len;
	dma_addr_t dma;

	tx->buf[i].map_len = 0;
	if (off->context) {
		union vvf_tx_desc *desc = &tx->desc[i];

		desc->ctx.vlan_macip = cpu_to_le32(off->vlan_macip);
		desc->ctx.seed = 0;
		desc->ctx.type_tucmd = cpu_to_le32(off->tucmd | VVF_TXD_CONTEXT | VVF_TXD_DEXT);
		desc->ctx.mss_l4len_idx = cpu_to_le32(off->mss_l4len);
		i = vvf_next(i, tx->size);
		tx->buf[i].map_len = 0;
	}

	for (f = 0; f <= skb_shinfo(skb)->nr_frags; f++) {
		const skb_frag_t *frag = f ? &skb_shinfo(skb)->frags[f - 1] : NULL;

		len = frag ? skb_frag_size(frag) : skb_headlen(skb);
		dma = frag ? skb_frag_dma_map(dev, frag, 0, len, DMA_TO_DEVICE) :
			     dma_map_single(dev, skb->data, len, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma))
			goto unmap;
		last = i;
		i = vvf_tx_put(tx, i, dma, len, off);
		tx->buf[last].dma = dma;
		tx->buf[last].map_len = len;
		tx->buf[last].mapped_page = frag;
	}

	last = i ? i - 1 : tx->size - 1;
	tx->desc[last].data.cmd_type_len |= cpu_to_le32(VVF_TXD_EOP | VVF_TXD_RS);
	tx->buf[first].skb = skb;
	tx->buf[first].last = last;
	return i;

unmap:
	for (last = first; last != i; last = vvf_next(last, tx->size))
		vvf_tx_unmap(vvf, &tx->buf[last]);
	return -ENOMEM;
}

/*
 * Queue one packet. Return: 0; -EBUSY: no room, the packet is untouched; other
 * errors: the packet is lost and freed.
 */
static int vvf_tx_queue(struct vvf *vvf, struct vvf_tx *tx, struct sk_buff *skb, bool more)
{
	struct netdev_queue *txq = netdev_get_tx_queue(vvf->netdev, 0);
	struct vvf_tx_offload off;
	int next, r = -ENOMEM;

	if (unlikely(vvf_tx_free_slots(tx) < TX_WORST))
		return -EBUSY;
	if (unlikely(skb_put_padto(skb, TX_MIN_LEN)))
		goto freed;
	r = vvf_tx_prepare(skb, &off);
	if (unlikely(r))
		goto drop;
	if (unlikely(vvf_tx_count(skb) > VVF_TX_MAX_PIECES)) {
		r = skb_linearize(skb);
		if (r)
			goto drop;
		vvf->stats.tx_linearized++;
	}
	skb_tx_timestamp(skb);
	next = vvf_tx_map(vvf, tx, skb, &off);
	if (unlikely(next < 0)) {
		r = next;
		goto drop;
	}

	u64_stats_update_begin(&vvf->stats.tx_sync);
	u64_stats_add(&vvf->stats.tx_packets, off.packets);
	u64_stats_add(&vvf->stats.tx_bytes, off.bytes);
	u64_stats_update_end(&vvf->stats.tx_sync);

	vvf_echo_sent(&vvf->echo, skb);
	/* The packet is complete before cleaning or the NIC may look at it. */
	dma_wmb();
	smp_store_release(&tx->next_to_use, next);

	if (!netif_txq_maybe_stop(txq, vvf_tx_free_slots(tx), TX_WORST, TX_WORST))
		vvf->stats.tx_stopped++;
	if (__netdev_tx_sent_queue(txq, skb->len, more))
		vvf_write(vvf, VVF_TDT, next);
	return 0;

drop:
	dev_kfree_skb_any(skb);
freed:
	vvf->stats.tx_dropped++;
	/* Packets before this one may be waiting for their doorbell. */
	if (!more)
		vvf_write(vvf, VVF_TDT, tx->next_to_use);
	return r;
}

/* ndo_start_xmit. */
netdev_tx_t vvf_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct netdev_queue *txq = netdev_get_tx_queue(netdev, 0);
	struct vvf *vvf = netdev_priv(netdev);
	struct vvf_tx *tx = &vvf->rings->tx;

	if (vvf_tx_queue(vvf, tx, skb, netdev_xmit_more()) != -EBUSY)
		return NETDEV_TX_OK;
	netif_txq_try_stop(txq, vvf_tx_free_slots(tx), TX_WORST);
	return NETDEV_TX_BUSY;
}

/**
 * vvf_tx_clean() - take back what the NIC has sent
 * @vvf: device
 * @tx: ring
 * @budget: NAPI's
 *
 * Return: number of packets.
 */
unsigned int vvf_tx_clean(struct vvf *vvf, struct vvf_tx *tx, int budget)
{
	u16 use = smp_load_acquire(&tx->next_to_use);
	unsigned int packets = 0, bytes = 0;
	u16 i = tx->next_to_clean;

	while (i != use) {
		u16 last = tx->buf[i].last;
		struct sk_buff *skb = tx->buf[i].skb;

		if (!(le32_to_cpu(READ_ONCE(tx->desc[last].data.olinfo)) & VVF_TXD_DD))
			break;
		packets++;
		bytes += skb->len;
		tx->buf[i].skb = NULL;
		for (last = vvf_next(last, tx->size); i != last; i = vvf_next(i, tx->size))
			vvf_tx_unmap(vvf, &tx->buf[i]);
		napi_consume_skb(skb, budget);
	}
	WRITE_ONCE(tx->next_to_clean, i);

	__netif_txq_completed_wake(netdev_get_tx_queue(vvf->netdev, 0), packets, bytes,
				   vvf_tx_free_slots(tx), TX_WORST,
				   READ_ONCE(vvf->quiet));
	return packets;
}

/* Slots from one to another, in the ring's order. */
static unsigned int vvf_tx_distance(const struct vvf_tx *tx, u16 from, u16 to)
{
	return to >= from ? to - from : to + tx->size - from;
}

/**
 * vvf_tx_rewind() - after the queue was switched off: keep what has not been sent
 * @vvf: device, with the transmit queue's lock held
 * @tx: ring
 * @sent: the NIC's head: what is before it has been sent, whatever its descriptors
 *	say. Their write-back may have been left behind on another host
 *
 * The packets stay in their slots; vvf_queue_go() has the NIC begin with them.
 */
void vvf_tx_rewind(struct vvf *vvf, struct vvf_tx *tx, u16 sent)
{
	struct netdev_queue *txq = netdev_get_tx_queue(vvf->netdev, 0);
	u16 first = tx->next_to_clean, use = tx->next_to_use, i = first;

	netdev_tx_reset_queue(txq);
	while (i != use) {
		struct vvf_tx_buf *buf = &tx->buf[i];
		struct sk_buff *skb = buf->skb;
		u16 next = vvf_next(buf->last, tx->size);

		if (vvf_tx_distance(tx, first, buf->last) < vvf_tx_distance(tx, first, sent)) {
			buf->skb = NULL;
			for (; i != next; i = vvf_next(i, tx->size))
				vvf_tx_unmap(vvf, &tx->buf[i]);
			dev_consume_skb_any(skb);
			WRITE_ONCE(tx->next_to_clean, next);
		} else {
			netdev_tx_sent_queue(txq, skb->len);
			vvf->stats.tx_kept++;
		}
		i = next;
	}
}

/**
 * vvf_tx_release() - give up all that is in the ring
 * @vvf: device, transmit queue and NAPI stopped
 * @tx: ring
 */
void vvf_tx_release(struct vvf *vvf, struct vvf_tx *tx)
{
	u16 i;

	for (i = tx->next_to_clean; i != tx->next_to_use; i = vvf_next(i, tx->size)) {
		struct sk_buff *skb = tx->buf[i].skb;

		vvf_tx_unmap(vvf, &tx->buf[i]);
		if (!skb)
			continue;
		tx->buf[i].skb = NULL;
		dev_kfree_skb_any(skb);
		vvf->stats.tx_dropped++;
	}
	tx->next_to_clean = tx->next_to_use;
}
