/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PF's transmit and receive rings.
 */
#ifndef VPF_RING_H
#define VPF_RING_H

#include <linux/netdevice.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "regs.h"

struct page_pool;
struct vpf_nic;

/* Most queue pairs that the PF uses */
#define VPF_QUEUES		8

/* Lengths of a ring; a multiple of VPF_RING_STEP (128 bytes) [8.10.7] */
#define VPF_RING_MIN		64
#define VPF_RING_MAX		4096
#define VPF_RING_STEP		8
#define VPF_RING_DEFAULT	512

/* One receive buffer; a longer frame takes several */
#define VPF_RX_BUF		2048
/* Frames up to this are copied whole; of longer ones the header is */
#define VPF_RX_COPY		256

struct vpf_tx_buf {
	struct sk_buff *skb;		/* with the first buffer of a packet */
	struct vpf_tx_desc *last;	/* its last descriptor, NULL: none pending */
	unsigned int bytes;		/* on the wire, without CRC */
	unsigned int segs;
	dma_addr_t dma;
	unsigned int len;		/* mapped bytes, 0: nothing mapped */
	bool single;			/* dma_map_single(), else a page */
};

/**
 * struct vpf_tx_ring - transmit ring
 * @desc: descriptors, NULL while the ring does not exist
 * @dma: their address
 * @buf: one for each descriptor
 * @count: of both
 * @next_use: where the next packet goes; transmit lock
 * @next_clean: the oldest packet under way; NAPI
 * @sync: for the counters of NAPI
 * @xmit_sync: for the counters of the transmit path
 */
struct vpf_tx_ring {
	struct vpf_tx_desc *desc;
	dma_addr_t dma;
	struct vpf_tx_buf *buf;
	u16 count;
	u16 next_use;
	u16 next_clean;

	struct u64_stats_sync sync;
	u64_stats_t packets;
	u64_stats_t bytes;

	struct u64_stats_sync xmit_sync;
	u64_stats_t busy;
	u64_stats_t dropped;
};

struct vpf_rx_buf {
	struct page *page;		/* fragment of, from the pool */
	unsigned int offset;
};

/**
 * struct vpf_rx_ring - receive ring; all of it belongs to NAPI while it runs
 * @desc: descriptors, NULL while the ring does not exist
 * @dma: their address
 * @buf: one for each descriptor
 * @pool: where pages come from
 * @skb: frame whose last descriptor has not come yet
 * @discard: the rest of the frame is thrown away
 * @count: of @desc and @buf
 * @next_use: first descriptor without a buffer
 * @next_clean: next one that the NIC fills
 * @sync: for the counters
 */
struct vpf_rx_ring {
	struct vpf_rx_desc *desc;
	dma_addr_t dma;
	struct vpf_rx_buf *buf;
	struct page_pool *pool;
	struct sk_buff *skb;
	bool discard;
	u16 count;
	u16 next_use;
	u16 next_clean;

	struct u64_stats_sync sync;
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t errors;
	u64_stats_t alloc_failed;
	u64_stats_t csum_errors;
	u64_stats_t own_dropped;	/* own frames, looped back by the NIC */
};

/**
 * struct vpf_queue - a queue pair of the PF
 * @nic: whose
 * @nr: number in the interface
 * @hw: number in the NIC; another with another number of VFs, while it is stopped
 * @vector: MSI-X vector, and bit of EICR
 * @irq_name: in /proc/interrupts
 * @napi: of both rings
 * @tx: transmit ring; its memory is there while the interface is open
 * @rx: receive ring; likewise
 */
struct vpf_queue {
	struct vpf_nic *nic;
	u8 nr;
	u8 hw;
	u8 vector;
	char irq_name[IFNAMSIZ + 4];
	struct napi_struct napi;
	struct vpf_tx_ring tx;
	struct vpf_rx_ring rx;
} ____cacheline_aligned_in_smp;

/**
 * struct vpf_queue_stats - what queues have counted, as ethtool names it
 */
struct vpf_queue_stats {
	u64 tx_packets;
	u64 tx_bytes;
	u64 tx_busy;
	u64 tx_dropped;
	u64 rx_packets;
	u64 rx_bytes;
	u64 rx_errors;
	u64 rx_alloc_failed;
	u64 rx_csum_errors;
	u64 rx_own_dropped;
};

/* tx.c */
int vpf_tx_alloc(struct vpf_nic *nic, struct vpf_tx_ring *ring, u16 count);
void vpf_tx_free(struct vpf_nic *nic, struct vpf_tx_ring *ring);
void vpf_tx_start(struct vpf_queue *queue);
void vpf_tx_drain(struct vpf_queue *queue);
bool vpf_tx_clean(struct vpf_queue *queue, int budget);
netdev_tx_t vpf_xmit(struct sk_buff *skb, struct net_device *netdev);

/* rx.c */
int vpf_rx_alloc(struct vpf_queue *queue, struct vpf_rx_ring *ring, u16 count);
void vpf_rx_free(struct vpf_nic *nic, struct vpf_rx_ring *ring);
void vpf_rx_start(struct vpf_queue *queue);
void vpf_rx_set_drop(struct vpf_queue *queue);
void vpf_rx_drain(struct vpf_queue *queue);
int vpf_rx_clean(struct vpf_queue *queue, int budget);

#endif
