// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memdirty - a program that writes to its memory at a steady rate
 *
 *   memdirty MIB PAGES_PER_SECOND
 *
 * Goes round MIB of memory, a word in each page. Every line on standard input prints
 * {"pages":N}, the number of pages written since the last. Time in which it
 * was not run is not made up for. End of standard input ends the program.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096
#define TICK_MS	10

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	size_t pages = argc == 3 ? strtoul(argv[1], NULL, 10) * (1 << 20) / PAGE : 0, at = 0;
	long rate = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	uint64_t written = 0;
	int64_t last = now_us();
	volatile uint64_t *mem;

	if (!pages || rate <= 0) {
		fprintf(stderr, "usage: memdirty MIB PAGES_PER_SECOND\n");
		return 2;
	}
	mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (mem == MAP_FAILED) {
		fprintf(stderr, "memdirty: %s\n", strerror(errno));
		return 1;
	}
	for (;;) {
		struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
		int64_t now, n;

		if (poll(&p, 1, TICK_MS) > 0) {
			char line[64];
			ssize_t got = read(STDIN_FILENO, line, sizeof(line));

			if (got <= 0)
				return 0;
			while (got--)
				if (line[got] == '\n') {
					printf("{\"pages\":%" PRIu64 "}\n", written);
					fflush(stdout);
					written = 0;
				}
		}
		now = now_us();
		n = (now - last > 5 * TICK_MS * 1000 ? TICK_MS * 1000 : now - last) * rate / 1000000;
		if (!n)
			continue;
		last = now;
		for (written += n; n; n--) {
			mem[at * (PAGE / sizeof(*mem))]++;
			at = (at + 1) % pages;
		}
	}
}
