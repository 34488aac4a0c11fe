// SPDX-License-Identifier: GPL-2.0-or-later
/* Clocks. See clock.h. */
#include "clock.h"

#define RECENT_NS	1000000000u

uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_monotonic_us(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_us_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;
}

uint64_t clock_boot_of(uint64_t real_ns)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME), age = clock_ns(CLOCK_REALTIME) - real_ns;

	/* Of a time to come, too: the difference is huge then. */
	return age <= RECENT_NS && age <= now ? now - age : now;
}
