/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of others - a guest's name, QEMU's words, facts of another host, the journal - before
 * it reaches a terminal or JSON. The one place that decides what is harmless. Pure, apart
 * from text_print() and jansson.
 */
#ifndef VFERRY_HOST_TEXT_H
#define VFERRY_HOST_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * text_clean() - copy what is UTF-8 and moves no cursor
 * @ret: receives it; may be @text itself
 * @size: of @ret, not 0
 * @text: of any bytes, NULL: ""
 *
 * A '?' stands for each byte that is no UTF-8, and for each character that a terminal
 * executes: C0 and C1 codes, and those that change the direction of writing. What does not
 * fit is cut off, between characters.
 */
void text_clean(char *ret, size_t size, const char *text);

/* Is it UTF-8, without such characters? */
bool text_is_clean(const char *text);

/* Cleaned, as JSON; never fails for what is in it. */
json_t *text_json(const char *text);

/* printf(), cleaned; end of line and tabulator of the format stay. */
void text_print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
