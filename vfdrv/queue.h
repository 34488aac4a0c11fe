/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The queue pair: rings, buffers, and how they are started, stopped and
 * brought to rest.
 */
#ifndef VVF_QUEUE_H
#define VVF_QUEUE_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "regs.h"

struct vvf;
struct page_pool;

#define VVF_RING_MIN		128	/* a packet's worst case fits, see tx.c */
#define VVF_RING_MAX		4096
#define VVF_RING_STEP		8	/* TDLEN and RDLEN count 128 bytes */
#define VVF_RING_DEFAULT	256

/* Receive buffers: two in a page, each in one piece of the page pool. */
#define VVF_RX_BUF		2048
/* Frames up to this are copied; of longer ones at most this much is header. */
#define VVF_RX_COPY		256

/**
 * struct vvf_tx_buf - what belongs to a transmit descriptor
 * @skb: packet, in the slot of its first descriptor
 * @dma: mapping that begins with this descriptor
 * @map_len: its length; 0: none begins here
 * @mapped_page: mapped as page, not as single
 * @last: in the slot of the first descriptor: index of the packet's last one
 */
struct vvf_tx_buf {
	struct sk_buff *skb;
	dma_addr_t dma;
	u32 map_len;
	bool mapped_page;
	u16 last;
};

/**
 * struct vvf_tx - transmit ring
 * @desc: descriptors, coherent memory
 * @buf: one for each descriptor
 * @size: number of descriptors
 * @next_to_use: written by transmit, read by cleaning
 * @next_to_clean: written by cleaning, read by transmit
 * @dma: address of @desc for the NIC
 */
struct vvf_tx {
	union vvf_tx_desc *desc;
	struct vvf_tx_buf *buf;
	u16 size;
	u16 next_to_use;
	u16 next_to_clean ____cacheline_aligned_in_smp;
	dma_addr_t dma;
};

struct vvf_rx_buf {
	struct page *page;	/* NULL: no buffer in this slot */
	u32 offset;
};

/**
 * struct vvf_rx - receive ring; NAPI's, or vvf.lock's while NAPI is disabled
 * @desc: descriptors, coherent memory
 * @buf: one for each descriptor; filled from @next_to_clean up to @next_to_use
 * @pool: where the buffers come from
 * @skb: frame of which not all descriptors have been seen
 * @discard: the rest of the frame is to be dropped
 * @size: number of descriptors
 * @next_to_use: next slot to fill
 * @next_to_clean: next slot that the NIC will write
 * @posted: value of RDT
 * @dma: address of @desc for the NIC
 */
struct vvf_rx {
	union vvf_rx_desc *desc;
	struct vvf_rx_buf *buf;
	struct page_pool *pool;
	struct sk_buff *skb;
	bool discard;
	u16 size;
	u16 next_to_use;
	u16 next_to_clean;
	u16 posted;
	dma_addr_t dma;
};

struct vvf_rings {
	struct vvf_tx tx;
	struct vvf_rx rx;
};

/**
 * struct vvf_stats - counters of the data path, since probe
 *
 * They are the driver's own and not the NIC's: those of the host that the
 * guest moves to start from other values.
 *
 * @tx_sync: guards the tx 64-bit counters; written under the tx queue's lock
 * @rx_sync: guards the rx 64-bit counters; written by NAPI
 * @tx_packets: TSO packets count as what leaves the NIC
 * @tx_kept: packets kept over a suspension and sent on resume
 * @rx_own: frames dropped because this VF had sent them; see echo.h
 * @queues_stuck: queues that did not go off when they were told to
 */
struct vvf_stats {
	struct u64_stats_sync tx_sync;
	u64_stats_t tx_packets;
	u64_stats_t tx_bytes;
	struct u64_stats_sync rx_sync;
	u64_stats_t rx_packets;
	u64_stats_t rx_bytes;
	u64_stats_t rx_multicast;
	unsigned long tx_dropped;
	unsigned long tx_linearized;
	unsigned long tx_stopped;
	unsigned long tx_timeouts;
	unsigned long tx_kept;
	unsigned long rx_own;
	unsigned long queues_stuck;
	unsigned long rx_copied;
	unsigned long rx_csum_errors;
	unsigned long rx_dropped;
	unsigned long rx_no_memory;
	unsigned long interrupts;
	unsigned long polls;
	unsigned long polls_empty;
};

/**
 * struct vvf_rest - how far the queues have come to rest, or from it
 *
 * Changed by whoever holds vvf.lock or the gate, and by NAPI. While NAPI is enabled
 * @settled and @go change under gate.lock only.
 *
 * @halted: the NIC is being switched off, or is off
 * @off: it is off, and @sent is known
 * @settled: NAPI leaves the rings alone, they are ready to be programmed
 * @go: NAPI is to program them as soon as they are
 * @error: how programming went, 0 or -EIO
 * @sent: the NIC has sent what is before this transmit descriptor
 * @frames: taken out of the ring when halted, to be handed up; NAPI's
 */
struct vvf_rest {
	bool halted;
	bool off;
	bool settled;
	bool go;
	int error;
	u16 sent;
	struct sk_buff_head frames;
};

static inline u16 vvf_next(u16 i, u16 size)
{
	return ++i == size ? 0 : i;
}

/* queue.c */
struct vvf_rings *vvf_rings_alloc(struct vvf *vvf, u16 tx_size, u16 rx_size);
void vvf_rings_free(struct vvf *vvf, struct vvf_rings *rings);
int vvf_queue_start(struct vvf *vvf);
void vvf_queue_stop(struct vvf *vvf);
void vvf_queue_kick(struct vvf *vvf);
int vvf_queue_halt(struct vvf *vvf, unsigned int wait_us);
void vvf_queue_go(struct vvf *vvf);
int vvf_queue_started(struct vvf *vvf, ktime_t *ret_started);
void vvf_queue_init(struct vvf *vvf);
int vvf_queue_restore_dma(struct vvf *vvf);
bool vvf_queue_programmed(struct vvf *vvf);
int vvf_poll(struct napi_struct *napi, int budget);

/* tx.c */
netdev_tx_t vvf_xmit(struct sk_buff *skb, struct net_device *netdev);
unsigned int vvf_tx_clean(struct vvf *vvf, struct vvf_tx *tx, int budget);
bool vvf_tx_idle(const struct vvf_tx *tx);
void vvf_tx_rewind(struct vvf *vvf, struct vvf_tx *tx, u16 sent);
void vvf_tx_release(struct vvf *vvf, struct vvf_tx *tx);

/* rx.c */
unsigned int vvf_rx_clean(struct vvf *vvf, struct vvf_rx *rx, int budget);
void vvf_rx_fill(struct vvf *vvf, struct vvf_rx *rx, gfp_t gfp);
void vvf_rx_rewind(struct vvf *vvf, struct vvf_rx *rx);
void vvf_rx_release(struct vvf_rx *rx);
bool vvf_rx_idle(const struct vvf_rx *rx);
bool vvf_rx_wanted(struct vvf *vvf, const struct vvf_rx *rx);
unsigned int vvf_rx_waiting(const struct vvf_rx *rx);

#endif
