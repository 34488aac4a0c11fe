// SPDX-License-Identifier: GPL-2.0-only
/* Frames of our own that the NIC gives back; see echo.h. */
#include <linux/bitfield.h>
#include <linux/if_vlan.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/skbuff.h>

#include "echo.h"
#include "queue.h"

/* The NIC gives a frame back at once, but our processor may be away. */
#define ECHO_JIFFIES	HZ

/*
 * What is compared: both addresses, the type, and what follows it as far as no checksum
 * is in it that the NIC fills in. A tag is not: it may be sent in the frame and comes beside it.
 */
#define ECHO_BODY_IPV4	24	/* header and ports */
#define ECHO_BODY	40	/* IPv6 header; more than ARP has */
#define ECHO_TAGS	2
#define ECHO_MAX	(ETH_HLEN + ECHO_TAGS * VLAN_HLEN + ECHO_BODY)

/*
 * A slot. The frames of a stream may be the same as far as they are compared, and a ring
 * full of them on its way back.
 */
#define ECHO_TAG	GENMASK_ULL(63, 40)
#define ECHO_COUNT	GENMASK_ULL(39, 27)
#define ECHO_WHEN	GENMASK_ULL(26, 0)

static_assert(ECHO_COUNT >> 27 >= VVF_RING_MAX);

/* @frame: ECHO_MAX bytes, zeros after its end, as the NIC pads it. */
static u32 echo_hash(const struct vvf_echo *echo, const u8 *frame)
{
	const u8 *type = frame + 2 * ETH_ALEN;
	u32 hash = jhash(frame, 2 * ETH_ALEN, echo->seed);
	unsigned int tags = 0;
	__be16 proto;

	memcpy(&proto, type, sizeof(proto));
	while (eth_type_vlan(proto) && tags++ < ECHO_TAGS) {
		type += VLAN_HLEN;
		memcpy(&proto, type, sizeof(proto));
	}
	return jhash(type, sizeof(proto) +
		     (proto == htons(ETH_P_IP) ? ECHO_BODY_IPV4 : ECHO_BODY), hash);
}

static atomic64_t *echo_set(struct vvf_echo *echo, u32 hash)
{
	return echo->slots[hash % VVF_ECHO_SETS];
}

static u64 echo_slot(u32 hash, u64 count, u64 when)
{
	return FIELD_PREP(ECHO_TAG, hash / VVF_ECHO_SETS) |
	       FIELD_PREP(ECHO_COUNT, min(count, FIELD_MAX(ECHO_COUNT))) |
	       FIELD_PREP(ECHO_WHEN, when & FIELD_MAX(ECHO_WHEN));
}

static u64 echo_age(u64 slot)
{
	return (jiffies - FIELD_GET(ECHO_WHEN, slot)) & FIELD_MAX(ECHO_WHEN);
}

static bool echo_free(u64 slot)
{
	return !FIELD_GET(ECHO_COUNT, slot) || echo_age(slot) > ECHO_JIFFIES;
}

static bool echo_is(u64 slot, u32 hash)
{
	return FIELD_GET(ECHO_TAG, slot) == hash / VVF_ECHO_SETS && !echo_free(slot);
}

/* The slot to be used: the frame's own, a free one, or that of the frame longest ago. */
static atomic64_t *echo_choose(atomic64_t *set, u32 hash)
{
	atomic64_t *best = set;
	unsigned int way;
	u64 most = 0;

	for (way = 0; way < VVF_ECHO_WAYS; way++) {
		u64 slot = atomic64_read(&set[way]);
		u64 age = echo_free(slot) ? U64_MAX : echo_age(slot);

		if (echo_is(slot, hash))
			return &set[way];
		if (age > most) {
			most = age;
			best = &set[way];
		}
	}
	return best;
}

/* vvf_echo_sent(), for a multicast frame */
void vvf_echo_remember(struct vvf_echo *echo, const struct sk_buff *skb)
{
	u8 frame[ECHO_MAX] = {};
	atomic64_t *slot;
	u64 old, count;
	u32 hash;

	if (skb_copy_bits(skb, 0, frame, min_t(unsigned int, skb->len, sizeof(frame))))
		return;
	hash = echo_hash(echo, frame);
	slot = echo_choose(echo_set(echo, hash), hash);
	do {
		old = atomic64_read(slot);
		count = echo_is(old, hash) ? FIELD_GET(ECHO_COUNT, old) : 0;
	} while (atomic64_cmpxchg(slot, old, echo_slot(hash, count + 1, jiffies)) != old);
}

static bool echo_take_one(atomic64_t *slot, u32 hash)
{
	u64 old, new;

	do {
		old = atomic64_read(slot);
		if (!echo_is(old, hash))
			return false;
		new = echo_slot(hash, FIELD_GET(ECHO_COUNT, old) - 1, FIELD_GET(ECHO_WHEN, old));
	} while (atomic64_cmpxchg(slot, old, new) != old);
	return true;
}

/* vvf_echo_came(), for a multicast frame */
bool vvf_echo_take(struct vvf_echo *echo, const void *data, unsigned int len)
{
	u8 frame[ECHO_MAX] = {};
	atomic64_t *set;
	unsigned int way;
	u32 hash;

	memcpy(frame, data, min_t(unsigned int, len, sizeof(frame)));
	hash = echo_hash(echo, frame);
	set = echo_set(echo, hash);
	for (way = 0; way < VVF_ECHO_WAYS; way++)
		if (echo_take_one(&set[way], hash))
			return true;
	return false;
}

/**
 * vvf_echo_init() - nothing was sent
 * @echo: all zeros
 */
void vvf_echo_init(struct vvf_echo *echo)
{
	echo->seed = get_random_u32();
}
