/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames of our own that the NIC gives back.
 *
 * The switch in the NIC, as QEMU makes it, returns broadcast and multicast to the sender too.
 * A source address does not tell such a frame from another's: a bridge behind us sends
 * with addresses that are not ours, and another node of a VRRP group, or
 * another port of our bond, with one that is. So what was sent a moment ago is
 * remembered, and each such frame is dropped once when it comes.
 */
#ifndef VVF_ECHO_H
#define VVF_ECHO_H

#include <linux/atomic.h>
#include <linux/etherdevice.h>
#include <linux/types.h>

struct sk_buff;

#define VVF_ECHO_SETS	256
#define VVF_ECHO_WAYS	4

/**
 * struct vvf_echo - what was sent a moment ago
 * @seed: of the hash
 * @slots: tag, how often it was sent and has not come, jiffies; 0: free. Frames are added by
 *	transmit under its queue's lock, and taken by NAPI
 */
struct vvf_echo {
	u32 seed;
	atomic64_t slots[VVF_ECHO_SETS][VVF_ECHO_WAYS];
};

void vvf_echo_init(struct vvf_echo *echo);
void vvf_echo_remember(struct vvf_echo *echo, const struct sk_buff *skb);
bool vvf_echo_take(struct vvf_echo *echo, const void *frame, unsigned int len);

/**
 * vvf_echo_sent() - a frame is about to be sent
 * @echo: what was sent
 * @skb: frame, from its Ethernet header on; before the NIC is told of it
 */
static inline void vvf_echo_sent(struct vvf_echo *echo, const struct sk_buff *skb)
{
	if (is_multicast_ether_addr(skb->data))
		vvf_echo_remember(echo, skb);
}

/**
 * vvf_echo_came() - is this a frame of our own?
 * @echo: what was sent
 * @frame: as received, from its Ethernet header on
 * @len: bytes of it that are there, the header at least
 *
 * Each frame that was sent is known once.
 */
static inline bool vvf_echo_came(struct vvf_echo *echo, const void *frame, unsigned int len)
{
	return is_multicast_ether_addr(frame) && vvf_echo_take(echo, frame, len);
}

#endif
