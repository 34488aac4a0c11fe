/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks. What orders events and what durations are made of is CLOCK_BOOTTIME: it does
 * not step, and goes on over a migration. CLOCK_REALTIME is for people only.
 */
#ifndef VFERRYD_CLOCK_H
#define VFERRYD_CLOCK_H

#include <stdint.h>
#include <time.h>

uint64_t clock_ns(clockid_t clock);

/* CLOCK_MONOTONIC, us: what sd-event's timers go by */
uint64_t clock_monotonic_us(void);

/* From one time to a later one of the same clock, in us; 0 if it is not later. */
uint64_t clock_us_between(uint64_t from_ns, uint64_t to_ns);

/**
 * clock_boot_of() - a time of CLOCK_REALTIME that has just come, in CLOCK_BOOTTIME
 * @real_ns: from somebody who has no other clock, not more than a second ago
 *
 * Return: that time; now, if the clock was stepped in between: it is then not known.
 */
uint64_t clock_boot_of(uint64_t real_ns);

#endif
