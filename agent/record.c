// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of one migration. See record.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "record.h"

static const char *const outcomes[] = {
	[RECORD_RUNNING]	= "running",
	[RECORD_ARRIVED]	= "arrived",
	[RECORD_RETURNED]	= "returned",
	[RECORD_UNHEARD]	= "resumed unheard",
	[RECORD_CANCELLED]	= "cancelled",
	[RECORD_RESET]		= "reset",
};

const char *record_outcome_name(enum record_outcome outcome)
{
	return outcomes[outcome];
}

void record_name(struct record *record, char *difference)
{
	record->differences++;
	if (record->n_named < RECORD_DIFFERENCES)
		record->named[record->n_named++] = difference;
	else
		free(difference);
}

void record_clear(struct record *record)
{
	unsigned int i;

	for (i = 0; i < record->n_named; i++)
		free(record->named[i]);
	*record = (struct record){};
}

static json_t *named_json(const struct record *r)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < r->n_named; i++)
		json_array_append_new(list, json_string(r->named[i]));
	return list;
}

static void set_int(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

static json_t *neighbours_json(const struct record *r)
{
	const struct solicit_counts *n = &r->neighbours;
	json_t *o = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "asked", (int)n->neighbours,
			      "gateways", (int)n->gateways, "sent", (int)n->sent, "failed",
			      (int)n->failed, "answered", (int)n->answered, "moved",
			      (int)n->moved);

	if (o && n->answered)
		set_int(o, "answered_us", r->neighbours_us);
	return o;
}

json_t *record_json(const struct record *r)
{
	const struct announce_counts *a = &r->announce;
	char id[20];
	json_t *o;

	snprintf(id, sizeof(id), "%016" PRIx64, r->mig_id);
	o = json_pack("{s:s, s:s, s:s, s:s, s:b}", "migration", id, "vf", r->ifname, "mode",
		      r->mode ? r->mode : "", "outcome", record_outcome_name(r->outcome),
		      "agent_restarted", r->resumed_late);
	if (!o)
		return NULL;
	set_int(o, "begun_ns", r->begun_ns);
	if (r->suspended_ns) {
		set_int(o, "suspended_ns", r->suspended_ns);
		set_int(o, "suspend_us", r->suspend_us);
		set_int(o, "heard_us", r->heard_us);
		set_int(o, "agent_suspend_us", r->agent_suspend_us);
	}
	if (r->resumed_ns) {
		set_int(o, "resumed_ns", r->resumed_ns);
		set_int(o, "resume_us", r->resume_us);
		set_int(o, "agent_resume_us", r->agent_resume_us);
	}
	if (r->received)
		set_int(o, "first_rx_us", r->first_rx_us);
	set_int(o, "pages", r->pages);
	json_object_set_new(o, "announcements", json_pack(
		"{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I}", "planned", (int)a->planned,
		"addresses", (int)a->addresses, "sent", (int)a->sent, "failed", (int)a->failed,
		"proved", (int)a->proved, "unproved", (int)a->unproved, "unseen",
		(int)r->unseen, "late_us", (json_int_t)a->late_us));
	json_object_set_new(o, "neighbours", neighbours_json(r));
	json_object_set_new(o, "checked", json_boolean(r->checked));
	if (r->checked) {
		set_int(o, "verify_us", r->verify_us);
		set_int(o, "repaired", r->repaired);
		set_int(o, "remaining", r->remaining);
	}
	json_object_set_new(o, "differences", named_json(r));
	if (r->ended_ns)
		set_int(o, "ended_ns", r->ended_ns);
	return o;
}

void record_line(const struct record *r, char *buf, size_t size)
{
	char rx[48] = "first frame not seen";

	if (r->received)
		snprintf(rx, sizeof(rx), "first frame after %" PRIu64 " us", r->first_rx_us);
	snprintf(buf, size, "%s: %s; suspend %u us, resume %u us, %u of %u announcements proved, %s, %s",
		 r->ifname, record_outcome_name(r->outcome), r->suspend_us, r->resume_us,
		 r->announce.proved, r->announce.sent, rx,
		 !r->checked ? "configuration not compared" :
		 r->remaining ? "configuration differs" : "configuration as it was");
}
