/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli), as RFC 3720, B.4 defines it. Bit by bit: a stream is a
 * few hundred bytes. Pure C.
 */
#ifndef VFERRY_VFIO_CRC32C_H
#define VFERRY_VFIO_CRC32C_H

#include <linux/types.h>

#define CRC32C_START	0xffffffffu
#define CRC32C_POLY	0x82f63b78u	/* 0x1EDC6F41 reflected */

/* Continue with @len bytes. Begin with CRC32C_START, invert the last result. */
static inline __u32 crc32c_add(__u32 crc, const __u8 *data, __u64 len)
{
	unsigned int bit;

	while (len--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLY : 0);
	}
	return crc;
}

#endif
