// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers that people write; see number.h. */
#include <errno.h>
#include <string.h>

#include "number.h"

static int read_digits(const char *text, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i;

	if (!len || strspn(text, "0123456789") != len)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text[i] - '0', &value))
			return -ERANGE;
	*ret = value;
	return 0;
}

int number_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	int r;

	r = read_digits(text, strlen(text), &value);
	if (r < 0)
		return r;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int number_read_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	static const char units[] = "KMGT";
	size_t len = strlen(text);
	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	unsigned int shift = 0;
	uint64_t value;
	int r;

	if (unit && *unit) {
		shift = 10 * (unit - units + 1);
		len--;
	}
	r = read_digits(text, len, &value);
	if (r < 0)
		return r;
	if (value > UINT64_MAX >> shift || value << shift < min || value << shift > max)
		return -ERANGE;
	*ret = value << shift;
	return 0;
}
