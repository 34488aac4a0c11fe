// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cpuwatch - a machine's processor time, as time goes on
 *
 *   cpuwatch INTERVAL_MS
 *
 * Prints a line each INTERVAL_MS: CLOCK_REALTIME in ns, and from the first line of
 * /proc/stat, in clock ticks: all time, idle time, guests' time.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

int main(int argc, char **argv)
{
	long ms = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	int fd = open("/proc/stat", O_RDONLY);

	if (ms <= 0 || fd < 0) {
		fprintf(stderr, "usage: cpuwatch INTERVAL_MS\n");
		return 2;
	}
	for (;;) {
		struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };
		uint64_t v[10] = {}, all = 0;
		int64_t at;
		char text[512];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int i;

		if (n <= 0)
			return 1;
		text[n] = 0;
		at = realtime_ns();
		if (sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8],
			   &v[9]) < 9)
			return 1;
		/* Guests' time is a part of user time. */
		for (i = 0; i < 8; i++)
			all += v[i];
		printf("%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", at, all,
		       v[3] + v[4], v[8] + v[9]);
		fflush(stdout);
		nanosleep(&pause, NULL);
	}
}
