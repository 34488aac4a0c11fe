/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that people write. Pure. */
#ifndef VFERRY_HOST_NUMBER_H
#define VFERRY_HOST_NUMBER_H

#include <stdint.h>

/**
 * number_read() - a whole number in decimal, digits from the first to the last byte
 * @text: no sign, no white space, no unit
 * @min: least that is allowed
 * @max: most
 * @ret: receives it
 *
 * Return: 0; -EINVAL: no number; -ERANGE: below @min or above @max.
 */
int number_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* The same, in bytes: K, M, G or T (1024 each) may stand behind it. */
int number_read_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

#endif
