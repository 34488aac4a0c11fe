// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of others; see text.h. */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

/* Bytes of the character that begins here, and which it is; 0: no UTF-8 (RFC 3629) */
static size_t character(const char *text, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *c = (const unsigned char *)text;
	size_t len, i;

	if (c[0] < 0x80) {
		*ret = c[0];
		return 1;
	}
	len = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
	if (c[0] < 0xc2 || c[0] > 0xf4)
		return 0;
	*ret = c[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		*ret = *ret << 6 | (c[i] & 0x3f);
	}
	return *ret < least[len] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret <= 0xdfff) ? 0 : len;
}

static bool is_command(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||	/* C0, DEL, C1 */
	       c == 0x061c || c == 0x200e || c == 0x200f ||	/* directions of writing */
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void clean(char *ret, size_t size, const char *text, const char *allowed)
{
	size_t at = 0, len;
	uint32_t c = 0;

	for (; text && *text; text += len ?: 1) {
		len = character(text, &c);
		if (!len || (is_command(c) && !strchr(allowed, c))) {
			if (at + 1 >= size)
				break;
			ret[at++] = '?';
			continue;
		}
		if (at + len >= size)
			break;
		memmove(ret + at, text, len);
		at += len;
	}
	ret[at] = '\0';
}

void text_clean(char *ret, size_t size, const char *text)
{
	clean(ret, size, text, "");
}

bool text_is_clean(const char *text)
{
	uint32_t c;
	size_t len;

	for (; *text; text += len) {
		len = character(text, &c);
		if (!len || is_command(c))
			return false;
	}
	return true;
}

json_t *text_json(const char *text)
{
	size_t size = strlen(text) + 1;
	_cleanup_free_ char *copy = malloc(size);

	if (!copy)
		return NULL;
	text_clean(copy, size, text);
	return json_string(copy);
}

void text_print(FILE *out, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		text = NULL;
		return;
	}
	clean(text, len + 1, text, "\n\t");
	fputs(text, out);
}
