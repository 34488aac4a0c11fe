/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several of these programs need: each is a file of its own otherwise. */
#ifndef VFERRY_LAB_TOOL_H
#define VFERRY_LAB_TOOL_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Say what errno says. Returns 1, to be a program's exit status. */
static inline int fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	return 1;
}

/* CLOCK_REALTIME, ns */
static inline int64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* A port from the command line, in network byte order; 0, or -EINVAL, and it was said. */
static inline int parse_port(const char *text, uint16_t *ret)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (!*text || *end || port < 1 || port > 65535) {
		fprintf(stderr, "%s: '%s' is not a port\n", program_invocation_short_name, text);
		return -EINVAL;
	}
	*ret = htons(port);
	return 0;
}

#endif
