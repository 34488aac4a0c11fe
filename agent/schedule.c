// SPDX-License-Identifier: GPL-2.0-or-later
/* When an address is announced. Pure; see schedule.h. */
#include "schedule.h"

uint64_t schedule_round_us(const struct schedule *s, unsigned int round)
{
	uint64_t at = 0, gap = s->initial_us;
	unsigned int i;

	for (i = 0; i < round; i++) {
		at += gap < s->max_us ? gap : s->max_us;
		gap += s->step_us;
	}
	return at;
}

void schedule_start(struct schedule_entry *e, uint64_t now_us)
{
	e->start_us = now_us;
	e->rounds = 0;
}

uint64_t schedule_due(const struct schedule *s, const struct schedule_entry *e)
{
	uint64_t due, allowed;

	if (e->rounds >= s->rounds)
		return SCHEDULE_NEVER;
	due = e->start_us + schedule_round_us(s, e->rounds);
	allowed = e->last_us ? e->last_us + s->interval_us : 0;
	return due > allowed ? due : allowed;
}

void schedule_done(const struct schedule *s, struct schedule_entry *e, uint64_t now_us)
{
	e->last_us = now_us;
	do
		e->rounds++;
	while (e->rounds < s->rounds &&
	       e->start_us + schedule_round_us(s, e->rounds) <= now_us);
}

uint64_t schedule_run(const struct schedule *s, const struct schedule_batch *batch,
		      size_t count)
{
	uint64_t next = SCHEDULE_NEVER;
	unsigned int acted = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		struct schedule_entry *e = batch->entry(i, batch->arg);
		uint64_t now = batch->now_us(), due;

		if (!e)
			continue;
		due = schedule_due(s, e);
		if (due <= now && acted == batch->size)
			return now + batch->pause_us;
		if (due <= now) {
			batch->act(i, due, batch->arg);
			acted++;
			schedule_done(s, e, now);
			due = schedule_due(s, e);
		}
		next = due < next ? due : next;
	}
	return next;
}
