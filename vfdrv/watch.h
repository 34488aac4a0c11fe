/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Do the queues get on? That they are programmed proves nothing: an interrupt may be lost,
 * and a NIC that may not write memory for a while (no bus master) takes descriptors that it
 * never gives back.
 */
#ifndef VVF_WATCH_H
#define VVF_WATCH_H

#include <linux/types.h>

struct vvf;

/* Looks without progress, after which NAPI is called, and the VF reset. */
#define VVF_WATCH_POLL	1
#define VVF_WATCH_RESET	3

/**
 * struct vvf_watch_ring - a ring as it was when it was looked at last
 * @clean: the driver's place
 * @behind: the NIC was beyond it
 * @looks: how often in a row that was so
 */
struct vvf_watch_ring {
	__u16 clean;
	_Bool behind;
	unsigned int looks;
};

/**
 * struct vvf_watch - progress of both rings
 * @tx: transmit ring
 * @rx: receive ring
 * @looked: when, CLOCK_MONOTONIC, ns
 * @polled: times that NAPI had to be called
 * @stuck: resets for want of progress
 */
struct vvf_watch {
	struct vvf_watch_ring tx;
	struct vvf_watch_ring rx;
	__u64 looked;
	unsigned long polled;
	unsigned long stuck;
};

/**
 * vvf_watch_look() - look at a ring
 * @ring: as it was
 * @clean: the driver's place in it
 * @head: the NIC's; what lies between, the NIC has used, and the driver should have seen
 *
 * Return: number of looks since which nothing has moved that should have.
 */
static inline unsigned int vvf_watch_look(struct vvf_watch_ring *ring, __u16 clean, __u16 head)
{
	_Bool stuck = ring->behind && clean == ring->clean;

	ring->behind = clean != head;
	ring->clean = clean;
	ring->looks = stuck && ring->behind ? ring->looks + 1 : 0;
	return ring->looks;
}

_Bool vvf_watch(struct vvf *vvf);

#endif
