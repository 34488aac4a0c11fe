/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of the kernel as code needs that is pure but for locks and clocks. A test has one
 * thread, so locks do nothing, and it sets the clock itself.
 */
#ifndef VFERRY_UNIT_KERNEL_H
#define VFERRY_UNIT_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define static_assert		_Static_assert
#define U64_MAX			UINT64_MAX
#define BIT(n)			(1UL << (n))
#define HZ			250
#define NSEC_PER_MSEC		1000000ULL
#define GENMASK(high, low)	((~0UL >> (63 - (high))) & ~0UL << (low))
#define READ_ONCE(x)		(x)
#define ERR_PTR(err)		((void *)(intptr_t)(err))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define max_t(type, a, b)	((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define min_t(type, a, b)	((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define for_each_set_bit(bit, word, size)				\
	for ((bit) = 0; (bit) < (size); (bit)++)			\
		if (*(word) & BIT(bit))

#define VLAN_N_VID		4096
#define DECLARE_BITMAP(name, bits)	unsigned long name[((bits) + 63) / 64]

static inline bool ether_addr_equal(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, 6);
}

static inline void ether_addr_copy(u8 *to, const u8 *from)
{
	memcpy(to, from, 6);
}

typedef struct { int unused; } spinlock_t;
struct mutex { int unused; };

#define lockdep_assert_held(lock)	((void)(lock))
#define spin_lock_bh(lock)		((void)(lock))
#define spin_unlock_bh(lock)		((void)(lock))
#define mutex_lock(lock)		((void)(lock))
#define mutex_unlock(lock)		((void)(lock))

extern u64 clock_ns;

static inline u64 ktime_get_ns(void)
{
	return clock_ns;
}

static inline u64 ktime_get_real_ns(void)
{
	return clock_ns;
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

/* The log is not limited: it is not looked at. */
struct ratelimit_state { int unused; };

static inline void ratelimit_state_init(struct ratelimit_state *rs, int interval, int burst)
{
	(void)rs;
	(void)interval;
	(void)burst;
}

#define __ratelimit(rs)			((void)(rs), false)
#define netdev_warn(dev, ...)		((void)(dev))

#endif
