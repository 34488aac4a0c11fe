// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares the configuration with a snapshot. See verify.h. */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "journal.h"
#include "repair.h"
#include "verify.h"

/* From one comparison to the next; each gap is half as long again as the last. */
#define FIRST_US	5000
#define PASSES		15	/* the last one 2.9 s after the first */

struct verify {
	sd_event_source *timer;
	struct verify_job job;
	unsigned int passes, repaired;
	uint64_t wait_us;
};

DEFINE_CLEANUP(struct verify *, verify_free);

/* Whether the kernel took it. */
static bool repair(struct verify *v, const struct difference *d)
{
	struct nl_msg *msg[REPAIR_STEPS];
	_cleanup_free_ char *text = NULL;
	unsigned int i;
	int r;

	r = repair_build(d, v->job.age_s, msg);
	for (i = 0; !r && i < REPAIR_STEPS && msg[i]; i++)
		r = rtnl_request(v->job.rtnl, msg[i]);
	for (i = 0; i < REPAIR_STEPS; i++)
		nlmsg_free(msg[i]);
	/* The kernel was quicker, and has made it by itself. */
	if (!r || r == -EEXIST)
		return true;
	text = difference_text(d);
	journal_debug("not repaired (%s): %s", strerror(-r), text ? text : "");
	return false;
}

/* How many requests the kernel took. */
static unsigned int repair_all(struct verify *v, const struct differences *d)
{
	unsigned int done = 0;
	size_t i;

	for (i = 0; i < d->count; i++) {
		bool added = d->list[i].kind == DIFFERENCE_ADDED;

		if (added ? v->job.remove : v->job.restore)
			done += repair(v, &d->list[i]);
	}
	return done;
}

static bool to_be_repaired(const struct verify *v, const struct differences *d)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (d->list[i].kind == DIFFERENCE_ADDED ? v->job.remove : v->job.restore)
			return true;
	return false;
}

/* Links that were brought up get their carrier a moment later. */
static bool awaited(const struct verify *v, const struct snapshot *is)
{
	return v->job.restore && !snapshot_carriers(v->job.was, is);
}

static void pass(struct verify *v)
{
	struct verify_job *job = &v->job;
	struct snapshot is = {};
	struct differences d;
	bool last;
	int r;

	r = rtnl_snapshot(job->rtnl, job->ifindex, &is);
	if (!r)
		r = snapshot_diff(job->was, &is, &d);
	if (r < 0) {
		snapshot_free(&is);
		job->pass(NULL, NULL, v->repaired, true, r, job->arg);
		return;
	}
	v->passes++;
	last = v->passes >= PASSES || !(to_be_repaired(v, &d) || awaited(v, &is));
	if (!last) {
		v->repaired += repair_all(v, &d);
		sd_event_source_set_time_relative(v->timer, v->wait_us);
		sd_event_source_set_enabled(v->timer, SD_EVENT_ONESHOT);
		v->wait_us += v->wait_us / 2;
	}
	job->pass(&is, &d, v->repaired, last, 0, job->arg);
	differences_free(&d);
	snapshot_free(&is);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	pass(arg);
	return 0;
}

void verify_start(struct verify *v, const struct verify_job *job)
{
	verify_stop(v);
	v->job = *job;
	v->passes = v->repaired = 0;
	v->wait_us = FIRST_US;
	pass(v);
}

void verify_stop(struct verify *v)
{
	sd_event_source_set_enabled(v->timer, SD_EVENT_OFF);
}

int verify_new(sd_event *event, struct verify **ret)
{
	_cleanup_(verify_freep) struct verify *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return -ENOMEM;
	r = sd_event_add_time(event, &v->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, v);
	if (r >= 0)
		r = sd_event_source_set_enabled(v->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(v);
	return 0;
}

void verify_free(struct verify *v)
{
	if (!v)
		return;
	sd_event_source_disable_unref(v->timer);
	free(v);
}
