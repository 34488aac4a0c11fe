// SPDX-License-Identifier: GPL-2.0-or-later
/* A timer that does what a schedule says. See pacer.h. */
#include "clock.h"
#include "pacer.h"

#define ACCURACY_US	1000

static int arm(struct pacer *p, uint64_t at)
{
	sd_event_source_set_time(p->timer, at);
	return sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

static int run(struct pacer *p)
{
	uint64_t next = schedule_run(&p->schedule, &p->batch, p->count);

	if (p->ran)
		p->ran(p->batch.arg);
	if (next != SCHEDULE_NEVER)
		return arm(p, next);
	pacer_stop(p);
	p->done(p->batch.arg);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	return run(arg);
}

int pacer_start(struct pacer *p, const struct schedule *schedule, size_t count)
{
	uint64_t now = clock_monotonic_us();
	size_t i;

	p->schedule = *schedule;
	p->count = count;
	for (i = 0; i < count; i++) {
		struct schedule_entry *e = p->batch.entry(i, p->batch.arg);

		if (e)
			schedule_start(e, now);
	}
	return run(p);
}

void pacer_stop(struct pacer *p)
{
	sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
}

void pacer_look(struct pacer *p)
{
	arm(p, clock_monotonic_us());
}

int pacer_new(struct pacer *p, sd_event *event, int64_t priority)
{
	int r = sd_event_add_time(event, &p->timer, CLOCK_MONOTONIC, 0, ACCURACY_US, on_timer, p);

	if (r >= 0)
		r = sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_priority(p->timer, priority);
	return r < 0 ? r : 0;
}

void pacer_free(struct pacer *p)
{
	p->timer = sd_event_source_disable_unref(p->timer);
}
