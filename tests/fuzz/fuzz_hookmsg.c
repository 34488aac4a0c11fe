// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: what the agent tells the program that runs root's hooks. The first byte: for which
 * event. What is taken is exactly an environment that a shell may have, and makes the same
 * message again.
 */
#include <stdlib.h>
#include <string.h>

#include "hookmsg.h"
#include "fuzz.h"

static void check_line(const char *line)
{
	size_t len = strlen(line), i;

	MUST(!strncmp(line, "VFERRY_", 7) && strchr(line, '='));
	for (i = 0; i < len; i++)
		MUST(!strchr("\n\r\t $`\"'\\;|&<>(){}[]*?!~#%^,/", line[i]));
}

static void check(const char *message, size_t len, const char *event, const char *const *lines)
{
	char again[HOOKMSG_MAX];
	bool named = false;
	size_t i;

	for (i = 0; lines[i]; i++) {
		check_line(lines[i]);
		named |= !strncmp(lines[i], "VFERRY_EVENT=", 13) && !strcmp(lines[i] + 13, event);
	}
	MUST(named && i <= HOOKMSG_LINES);
	MUST(hookmsg_build(again, lines) == len && !memcmp(again, message, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const events[] = { "migrate", "suspend", "resume", "cancel" };
	const char *event = events[size ? data[0] % 4 : 0];
	const char *lines[HOOKMSG_LINES + 1];
	size_t len = size ? size - 1 : 0;
	char *copy;

	/* As it is received: cut off, with the length that it had. */
	copy = malloc(HOOKMSG_MAX + 1);
	MUST(copy && hookmsg_event(event));
	if (len)
		memcpy(copy, data + 1, len < HOOKMSG_MAX ? len : HOOKMSG_MAX);
	if (!hookmsg_parse(copy, len, event, lines))
		check((const char *)data + 1, len, event, lines);
	free(copy);
	return 0;
}
