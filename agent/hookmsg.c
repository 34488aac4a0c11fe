// SPDX-License-Identifier: GPL-2.0-or-later
/* What the agent tells vferryd-hook. See hookmsg.h. */
#include <string.h>

#include "cleanup.h"
#include "hookmsg.h"

static const char *const events[] = { "migrate", "suspend", "resume", "cancel" };

static const char *const names[] = {
	"VFERRY_VF=", "VFERRY_PCI=", "VFERRY_MIGRATION=", "VFERRY_MODE=", "VFERRY_EVENT=",
	"VFERRY_ARRIVED=",
};

bool hookmsg_event(const char *event)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		if (!strcmp(event, events[i]))
			return true;
	return false;
}

size_t hookmsg_build(char *buf, const char *const *environment)
{
	size_t at = 0, len;

	for (; *environment; environment++) {
		len = strlen(*environment);
		if (len + 1 > HOOKMSG_MAX - at)
			return 0;
		memcpy(buf + at, *environment, len);
		buf[at + len] = '\n';
		at += len + 1;
	}
	return at;
}

/* Its value may end up in a shell of root's. */
static bool is_known(const char *line)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		len = strlen(names[i]);
		if (!strncmp(line, names[i], len))
			return line[len + strspn(line + len, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						 "abcdefghijklmnopqrstuvwxyz0123456789"
						 "_.:@+-")] == '\0';
	}
	return false;
}

const char *hookmsg_parse(char *buf, size_t len, const char *event, const char **ret)
{
	bool named = false;
	size_t count = 0;
	char *end;

	if (len > HOOKMSG_MAX || !len || buf[len - 1] != '\n' || memchr(buf, '\0', len))
		return "it is not made of lines";
	buf[len] = '\0';
	for (; *buf; buf = end + 1) {
		end = strchr(buf, '\n');
		*end = '\0';
		if (count == HOOKMSG_LINES)
			return "it has too many lines";
		if (!is_known(buf))
			return "it has a name or a value that is not allowed";
		if (!strncmp(buf, "VFERRY_EVENT=", 13)) {
			if (strcmp(buf + 13, event))
				return "it is for another event";
			named = true;
		}
		ret[count++] = buf;
	}
	ret[count] = NULL;
	return named ? NULL : "it is for no event";
}
