/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A timer that does what a schedule says. */
#ifndef VFERRYD_PACER_H
#define VFERRYD_PACER_H

#include <systemd/sd-event.h>

#include "schedule.h"

/**
 * struct pacer
 * @batch: what is done; its clock is CLOCK_MONOTONIC
 * @ran: some of it has been done; or NULL
 * @done: nothing is left: once for each start that is not followed by another, or a stop
 * @timer, @schedule, @count: its own
 */
struct pacer {
	struct schedule_batch batch;
	void (*ran)(void *arg);
	void (*done)(void *arg);
	sd_event_source *timer;
	struct schedule schedule;
	size_t count;
};

/* @priority: of sd-event. 0 or -errno. Before this and after pacer_free(), @timer is NULL. */
int pacer_new(struct pacer *p, sd_event *event, int64_t priority);
void pacer_free(struct pacer *p);

/**
 * pacer_start() - begin with round 0 of all entries, some of which is done at once
 * @p: one that may be at work; it begins anew
 * @schedule: when
 * @count: of entries; if there are none, @done is called all the same
 *
 * Return: 0 or -errno.
 */
int pacer_start(struct pacer *p, const struct schedule *schedule, size_t count);
void pacer_stop(struct pacer *p);

/* Look soon whether anything is left: an entry has become none. */
void pacer_look(struct pacer *p);

#endif
