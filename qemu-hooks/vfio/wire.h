/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Little-endian integers at any address, byte by byte: right on every host,
 * aligned or not. Pure C.
 */
#ifndef VFERRY_VFIO_WIRE_H
#define VFERRY_VFIO_WIRE_H

#include <linux/types.h>

static inline __u16 wire_get16(const __u8 *p)
{
	return p[0] | p[1] << 8;
}

static inline __u32 wire_get32(const __u8 *p)
{
	return wire_get16(p) | (__u32)wire_get16(p + 2) << 16;
}

static inline __u64 wire_get64(const __u8 *p)
{
	return wire_get32(p) | (__u64)wire_get32(p + 4) << 32;
}

static inline void wire_put16(__u8 *p, __u16 v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8;
}

static inline void wire_put32(__u8 *p, __u32 v)
{
	wire_put16(p, v & 0xffff);
	wire_put16(p + 2, v >> 16);
}

static inline void wire_put64(__u8 *p, __u64 v)
{
	wire_put32(p, v & 0xffffffffu);
	wire_put32(p + 4, v >> 32);
}

#endif
