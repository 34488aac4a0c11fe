// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "pf.h"
#include "ring.h"

/* The queue stops when a worst-case packet might not fit any more */
#define VPF_TX_STOP	(MAX_SKB_FRAGS + 6)
#define VPF_TX_WAKE	(2 * VPF_TX_STOP)

int vpf_tx_alloc(struct vpf_nic *nic, struct vpf_tx_ring *ring, u16 count)
{
	struct device *dev = &nic->pdev->dev;

	ring->buf = kvcalloc(count, sizeof(*ring->buf), GFP_KERNEL);
	if (!ring->buf)
		return -ENOMEM;

	ring->desc = dma_alloc_coherent(dev, count * sizeof(*ring->desc),
					&ring->dma, GFP_KERNEL);
	if (!ring->desc) {
		kvfree(ring->buf);
		ring->buf = NULL;
		return -ENOMEM;
	}
	ring->count = count;
	ring->next_use = 0;
	ring->next_clean = 0;
	return 0;
}

void vpf_tx_free(struct vpf_nic *nic, struct vpf_tx_ring *ring)
{
	if (!ring->desc)
		return;

	dma_free_coherent(&nic->pdev->dev, ring->count * sizeof(*ring->desc),
			  ring->desc, ring->dma);
	kvfree(ring->buf);
	ring->desc = NULL;
	ring->buf = NULL;
}

/* Program the queue and start it empty */
void vpf_tx_start(struct vpf_queue *queue)
{
	struct vpf_tx_ring *ring = &queue->tx;
	struct vpf_nic *nic = queue->nic;
	unsigned int q = queue->hw;

	memset(ring->desc, 0, ring->count * sizeof(*ring->desc));
	ring->next_use = 0;
	ring->next_clean = 0;

	vpf_wr(nic, R_TXDCTL(q), 0);
	vpf_wr(nic, R_TDBAL(q), lower_32_bits(ring->dma));
	vpf_wr(nic, R_TDBAH(q), upper_32_bits(ring->dma));
	vpf_wr(nic, R_TDLEN(q), ring->count * sizeof(*ring->desc));
	vpf_wr(nic, R_TDWBAL(q), 0);
	vpf_wr(nic, R_TDWBAH(q), 0);
	vpf_wr(nic, R_TDH(q), 0);
	vpf_wr(nic, R_TDT(q), 0);
	vpf_wr(nic, R_TXDCTL(q), XXDCTL_PTHRESH | XXDCTL_HTHRESH |
				 XXDCTL_WTHRESH | XXDCTL_ENABLE);
}

static void unmap(struct vpf_nic *nic, struct vpf_tx_buf *buf)
{
	struct device *dev = &nic->pdev->dev;

	if (!buf->len)
		return;

	if (buf->single)
		dma_unmap_single(dev, buf->dma, buf->len, DMA_TO_DEVICE);
	else
		dma_unmap_page(dev, buf->dma, buf->len, DMA_TO_DEVICE);
	buf->len = 0;
}

/* Throw away what the stopped queue still holds */
void vpf_tx_drain(struct vpf_queue *queue)
{
	struct vpf_tx_ring *ring = &queue->tx;
	struct vpf_nic *nic = queue->nic;
	unsigned int i;

	for (i = 0; i < ring->count; i++) {
		struct vpf_tx_buf *buf = &ring->buf[i];

		unmap(nic, buf);
		if (buf->last)
			dev_kfree_skb_any(buf->skb);
		memset(buf, 0, sizeof(*buf));
	}
	ring->next_use = 0;
	ring->next_clean = 0;
	netdev_tx_reset_queue(netdev_get_tx_queue(nic->netdev, queue->nr));
}

static unsigned int tx_unused(const struct vpf_tx_ring *ring)
{
	u16 clean = READ_ONCE(ring->next_clean);
	u16 use = READ_ONCE(ring->next_use);

	return (clean > use ? 0 : ring->count) + clean - use - 1;
}

/**
 * vpf_tx_clean() - give back what has been sent
 * @queue: of the PF
 * @budget: of NAPI, 0: netpoll
 *
 * Return: everything that was sent is cleaned up
 */
bool vpf_tx_clean(struct vpf_queue *queue, int budget)
{
	struct vpf_nic *nic = queue->nic;
	struct netdev_queue *txq = netdev_get_tx_queue(nic->netdev, queue->nr);
	unsigned int bytes = 0, packets = 0, loops = 0;
	struct vpf_tx_ring *ring = &queue->tx;
	u16 i = ring->next_clean;

	for (; loops < ring->count / 2; loops++) {
		struct vpf_tx_buf *first = &ring->buf[i];
		struct vpf_tx_desc *last = READ_ONCE(first->last);
		bool done;

		if (!last)
			break;
		/* the descriptor is looked at after the pointer to it */
		smp_rmb();
		if (!(last->data.status & cpu_to_le32(TXD_STA_DD)))
			break;

		bytes += first->bytes;
		packets += first->segs;
		WRITE_ONCE(first->last, NULL);
		do {
			done = &ring->desc[i] == last;
			unmap(nic, &ring->buf[i]);
			if (++i == ring->count)
				i = 0;
		} while (!done);
		napi_consume_skb(first->skb, budget);
		first->skb = NULL;
	}
	WRITE_ONCE(ring->next_clean, i);

	u64_stats_update_begin(&ring->sync);
	u64_stats_add(&ring->packets, packets);
	u64_stats_add(&ring->bytes, bytes);
	u64_stats_update_end(&ring->sync);

	netdev_tx_completed_queue(txq, packets, bytes);

	/* pairs with the barrier in maybe_stop() */
	smp_mb();
	if (packets && netif_tx_queue_stopped(txq) && netif_carrier_ok(nic->netdev) &&
	    test_bit(VPF_F_UP, &nic->flags) && tx_unused(ring) >= VPF_TX_WAKE)
		netif_tx_wake_queue(txq);

	return loops < ring->count / 2;
}

/* What the offloads of one packet need in the descriptors */
struct tx_offload {
	u32 cmd;	/* context: type */
	u32 lens;	/* context: VLAN tag and header lengths */
	u32 mss;	/* context */
	u32 data_cmd;	/* first and further data descriptors */
	u32 olinfo;	/* data: options, payload length */
	unsigned int hdr_len;
	bool ctx;	/* a context descriptor is needed */
};

static int offload_tso(struct sk_buff *skb, struct tx_offload *o)
{
	struct tcphdr *th;
	int err;

	err = skb_cow_head(skb, 0);
	if (err < 0)
		return err;

	th = tcp_hdr(skb);
	if (skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_DODGY) &&
	    skb->protocol != htons(ETH_P_IPV6) && ip_hdr(skb)->version == 4) {
		struct iphdr *iph = ip_hdr(skb);

		iph->tot_len = 0;
		iph->check = 0;
		th->check = ~csum_tcpudp_magic(iph->saddr, iph->daddr, 0,
					       IPPROTO_TCP, 0);
		o->cmd |= TXC_IPV4;
		o->olinfo |= TXD_IXSM;
	} else {
		tcp_v6_gso_csum_prep(skb);
	}

	o->hdr_len = skb_tcp_all_headers(skb);
	o->cmd |= TXC_L4T_TCP;
	o->mss = (u32)skb_shinfo(skb)->gso_size << TXC_MSS_SHIFT |
		 tcp_hdrlen(skb) << TXC_L4LEN_SHIFT;
	o->data_cmd |= TXD_TSE;
	o->olinfo |= TXD_TXSM | (skb->len - o->hdr_len) << TXD_PAYLEN_SHIFT;
	o->ctx = true;
	return 0;
}

/* Checksum by the NIC where it knows the protocol, else by us */
static int offload_csum(struct sk_buff *skb, struct tx_offload *o)
{
	switch (skb->csum_offset) {
	case offsetof(struct tcphdr, check):
		o->cmd |= TXC_L4T_TCP;
		break;
	case offsetof(struct udphdr, check):
		break;
	case offsetof(struct sctphdr, checksum):
		if (skb_csum_is_sctp(skb)) {
			o->cmd |= TXC_L4T_SCTP;
			break;
		}
		fallthrough;
	default:
		return skb_checksum_help(skb);
	}
	if (vlan_get_protocol(skb) == htons(ETH_P_IP))
		o->cmd |= TXC_IPV4;
	o->olinfo |= TXD_TXSM;
	o->ctx = true;
	return 0;
}

static int prepare_offload(struct sk_buff *skb, struct tx_offload *o)
{
	int err = 0;

	*o = (struct tx_offload) {
		.cmd = TXD_DTYP_CTX | TXD_DEXT,
		.data_cmd = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS,
	};

	if (skb_vlan_tag_present(skb)) {
		o->lens |= (u32)skb_vlan_tag_get(skb) << TXC_VLAN_SHIFT;
		o->data_cmd |= TXD_VLE;
		o->ctx = true;
	}

	if (skb_is_gso(skb))
		err = offload_tso(skb, o);
	else if (skb->ip_summed == CHECKSUM_PARTIAL)
		err = offload_csum(skb, o);
	if (err)
		return err;

	if (!(o->data_cmd & TXD_TSE))
		o->olinfo |= skb->len << TXD_PAYLEN_SHIFT;
	o->lens |= skb_network_offset(skb) << TXC_MACLEN_SHIFT;
	if (o->olinfo & TXD_TXSM)
		o->lens |= skb_transport_offset(skb) - skb_network_offset(skb);
	return 0;
}

/* One mapped piece, cut to what a descriptor can hold. Returns the last index */
static u16 put_piece(struct vpf_tx_ring *ring, u16 i, dma_addr_t dma,
		     unsigned int len, const struct tx_offload *o)
{
	while (true) {
		unsigned int part = min(len, TXD_LEN_MAX);
		struct vpf_tx_desc *desc = &ring->desc[i];

		desc->data.addr = cpu_to_le64(dma);
		desc->data.cmd = cpu_to_le32(o->data_cmd | part);
		desc->data.status = cpu_to_le32(o->olinfo);
		dma += part;
		len -= part;
		if (!len)
			return i;
		if (++i == ring->count)
			i = 0;
	}
}

/*
 * Describe the packet, from the ring's next free descriptor on. On failure
 * nothing is left behind but garbage in descriptors that the NIC will not see.
 */
static int put_packet(struct vpf_nic *nic, struct vpf_tx_ring *ring, struct sk_buff *skb,
		      const struct tx_offload *o)
{
	struct device *dev = &nic->pdev->dev;
	u16 start = ring->next_use, i = start;
	struct vpf_tx_buf *first = &ring->buf[start];
	struct vpf_tx_desc *desc = NULL;
	unsigned int f;

	if (o->ctx) {
		desc = &ring->desc[i];
		desc->ctx.lens = cpu_to_le32(o->lens);
		desc->ctx.seed = 0;
		desc->ctx.cmd = cpu_to_le32(o->cmd);
		desc->ctx.mss = cpu_to_le32(o->mss);
		if (++i == ring->count)
			i = 0;
	}

	for (f = 0; f <= skb_shinfo(skb)->nr_frags; f++) {
		const skb_frag_t *frag = f ? &skb_shinfo(skb)->frags[f - 1] : NULL;
		unsigned int len = frag ? skb_frag_size(frag) : skb_headlen(skb);
		struct vpf_tx_buf *buf;
		dma_addr_t dma;

		if (!len)	/* a data descriptor of no length kills the packet */
			continue;
		dma = frag ? skb_frag_dma_map(dev, frag, 0, len, DMA_TO_DEVICE) :
			     dma_map_single(dev, skb->data, len, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma))
			goto err_unmap;

		buf = &ring->buf[i];
		buf->dma = dma;
		buf->len = len;
		buf->single = !frag;
		i = put_piece(ring, i, dma, len, o);
		desc = &ring->desc[i];
		if (++i == ring->count)
			i = 0;
	}

	desc->data.cmd |= cpu_to_le32(TXD_EOP | TXD_RS);
	first->skb = skb;
	/* descriptors are complete before the cleaner may look at them */
	smp_wmb();
	WRITE_ONCE(first->last, desc);
	WRITE_ONCE(ring->next_use, i);
	return 0;

err_unmap:
	while (true) {
		unmap(nic, &ring->buf[i]);
		if (i == start)
			break;
		i = i ? i - 1 : ring->count - 1;
	}
	return -ENOMEM;
}

/* Stop the queue if the next packet might not fit */
static int maybe_stop(struct netdev_queue *txq, struct vpf_tx_ring *ring, unsigned int need)
{
	if (likely(tx_unused(ring) >= need))
		return 0;

	netif_tx_stop_queue(txq);
	/* pairs with the barrier in vpf_tx_clean(): it sees us stopped, or we its room */
	smp_mb();
	if (tx_unused(ring) < need)
		return -EBUSY;
	netif_tx_start_queue(txq);
	return 0;
}

static unsigned int pieces(const struct sk_buff *skb)
{
	unsigned int n = DIV_ROUND_UP(skb_headlen(skb), TXD_LEN_MAX);
	unsigned int f;

	for (f = 0; f < skb_shinfo(skb)->nr_frags; f++)
		n += DIV_ROUND_UP(skb_frag_size(&skb_shinfo(skb)->frags[f]), TXD_LEN_MAX);
	return n;
}

static void count_one(struct vpf_tx_ring *ring, u64_stats_t *counter)
{
	u64_stats_update_begin(&ring->xmit_sync);
	u64_stats_inc(counter);
	u64_stats_update_end(&ring->xmit_sync);
}

/**
 * vpf_xmit() - ndo_start_xmit
 * @skb: packet
 * @netdev: the PF's interface
 */
netdev_tx_t vpf_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int nr = skb_get_queue_mapping(skb);
	struct vpf_queue *queue = &nic->queues[nr];
	struct vpf_tx_ring *ring = &queue->tx;
	bool more = netdev_xmit_more();
	unsigned int segs, bytes;
	struct netdev_queue *txq;
	struct vpf_tx_buf *first;
	struct tx_offload o;

	/* the stack has looked before there were fewer */
	if (unlikely(nr >= READ_ONCE(nic->num_queues))) {
		dev_kfree_skb_any(skb);
		count_one(ring, &ring->dropped);
		return NETDEV_TX_OK;
	}
	txq = netdev_get_tx_queue(netdev, nr);
	if (maybe_stop(txq, ring, pieces(skb) + 2)) {
		count_one(ring, &ring->busy);
		vpf_wr(nic, R_TDT(queue->hw), ring->next_use);
		return NETDEV_TX_BUSY;
	}
	if (skb_put_padto(skb, ETH_ZLEN))	/* frees it on failure */
		goto kick;
	if (prepare_offload(skb, &o))
		goto drop;

	segs = skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
	segs = max(segs, 1u);
	bytes = skb->len + (segs - 1) * o.hdr_len;
	first = &ring->buf[ring->next_use];
	first->segs = segs;
	first->bytes = bytes;
	skb_tx_timestamp(skb);
	if (put_packet(nic, ring, skb, &o))
		goto drop;

	maybe_stop(txq, ring, VPF_TX_STOP);
	if (__netdev_tx_sent_queue(txq, bytes, more) || netif_tx_queue_stopped(txq))
		vpf_wr(nic, R_TDT(queue->hw), ring->next_use);
	return NETDEV_TX_OK;

drop:
	dev_kfree_skb_any(skb);
	count_one(ring, &ring->dropped);
kick:
	/* packets put before this one with "more to come" must not wait */
	if (!more)
		vpf_wr(nic, R_TDT(queue->hw), ring->next_use);
	return NETDEV_TX_OK;
}
