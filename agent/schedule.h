/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When an address is announced. Pure: time comes from the caller, in us of any
 * clock that does not run backwards.
 *
 * As QEMU's announcements: round 0 at once, then the gaps grow by a step from an
 * initial one up to a maximum: 50, 150, 250 ... ms.
 */
#ifndef VFERRYD_SCHEDULE_H
#define VFERRYD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_NEVER	UINT64_MAX

/**
 * struct schedule - how often, and when
 * @rounds: how often an address is announced
 * @initial_us: gap between the first and the second round
 * @step_us: by how much each further gap is longer
 * @max_us: the longest gap
 * @interval_us: the same address is not announced sooner after its last time
 */
struct schedule {
	unsigned int rounds;
	uint64_t initial_us;
	uint64_t step_us;
	uint64_t max_us;
	uint64_t interval_us;
};

/**
 * struct schedule_entry - what has been done for one address
 * @start_us: when its announcements were asked for
 * @last_us: when it was last announced; 0: never. Survives a new start
 * @rounds: rounds that are over
 */
struct schedule_entry {
	uint64_t start_us;
	uint64_t last_us;
	unsigned int rounds;
};

/* When a round is due, in us from the start. */
uint64_t schedule_round_us(const struct schedule *s, unsigned int round);

/* Begin with round 0. */
void schedule_start(struct schedule_entry *e, uint64_t now_us);

/* When the address is to be announced next; SCHEDULE_NEVER: no more. */
uint64_t schedule_due(const struct schedule *s, const struct schedule_entry *e);

/*
 * It was announced now. Rounds whose time is over too are over: who comes late
 * does not make up for it.
 */
void schedule_done(const struct schedule *s, struct schedule_entry *e, uint64_t now_us);

/**
 * struct schedule_batch - many entries, and what is to be done for each that is due
 * @size: of these at once ...
 * @pause_us: ... and no more until then
 * @now_us: the clock
 * @entry: entry number @i; NULL: nothing more is to be done for it
 * @act: do it, for an entry that was due at @due_us
 * @arg: their argument
 */
struct schedule_batch {
	unsigned int size;
	uint64_t pause_us;
	uint64_t (*now_us)(void);
	struct schedule_entry *(*entry)(size_t i, void *arg);
	void (*act)(size_t i, uint64_t due_us, void *arg);
	void *arg;
};

/* Do what is due, some of it; returns when this is to be called next, or SCHEDULE_NEVER. */
uint64_t schedule_run(const struct schedule *s, const struct schedule_batch *batch,
		      size_t count);

#endif
