// SPDX-License-Identifier: GPL-2.0-or-later
/* One migration of one VF; see move.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "move.h"
#include "text.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const char *const outcomes[] = {
	[MOVE_GOING_ON]	= "going-on",
	[MOVE_LEFT]	= "left",
	[MOVE_ARRIVED]	= "arrived",
	[MOVE_STAYED]	= "stayed",
	[MOVE_FAILED]	= "failed",
};

const char *move_outcome_name(enum move_outcome outcome)
{
	return outcomes[outcome];
}

bool move_is_on(const struct move *move)
{
	return move->count && move->outcome == MOVE_GOING_ON;
}

double move_ms(const struct move *move, uint64_t time_ns)
{
	return ((double)time_ns - (double)move->begin_ns) / 1e6;
}

static bool has_phase(const struct move *move, uint32_t phase)
{
	size_t i;

	for (i = 0; i < move->count; i++)
		if (move->events[i].event == VFERRY_PF_EVENT_PHASE &&
		    move->events[i].phase == phase)
			return true;
	return false;
}

/* Did the guest come from another host, suspended? */
static bool came(const struct move *move)
{
	size_t i;

	for (i = 0; i < move->count; i++)
		if (move->events[i].event == VFERRY_PF_EVENT_STATE)
			return move->events[i].state == VFERRY_MIG_SUSPENDED &&
			       move->events[i].old_state == VFERRY_MIG_IDLE;
	return false;
}

static void start(struct move *move, const struct vf_event *event)
{
	*move = (struct move) {
		.vf = event->vf,
		.begin_ns = event->time_ns,
	};
	memcpy(move->pf, event->ifname, sizeof(move->pf));
	memcpy(move->pf_pci, event->pf_pci, sizeof(move->pf_pci));
}

/* The state is idle again: what has it been? */
static enum move_outcome outcome_of(const struct move *move, const struct vf_event *last)
{
	if (move->reason[0])
		return MOVE_FAILED;
	if (came(move))
		return last->old_state == VFERRY_MIG_RESUME_SENT ? MOVE_ARRIVED : MOVE_STAYED;
	if (last->old_state == VFERRY_MIG_SUSPENDED && has_phase(move, VFERRY_PF_PHASE_SAVED))
		return MOVE_LEFT;
	return MOVE_STAYED;
}

/* Does an event open a migration that is not known yet? */
static bool opens(const struct vf_event *event)
{
	switch (event->event) {
	case VFERRY_PF_EVENT_STATE:
		return event->state != VFERRY_MIG_IDLE;
	case VFERRY_PF_EVENT_PHASE:
		return event->phase == VFERRY_PF_PHASE_INCOMING;
	case VFERRY_PF_EVENT_FAILED:
		return true;
	}
	return false;
}

/* Pings and drivers that come up are no part of a migration. */
static bool belongs(const struct vf_event *event)
{
	return event->event == VFERRY_PF_EVENT_STATE || event->event == VFERRY_PF_EVENT_PHASE ||
	       event->event == VFERRY_PF_EVENT_FAILED || event->event == VFERRY_PF_EVENT_RESET;
}

bool move_add(struct move *move, const struct vf_event *event)
{
	if (!belongs(event))
		return false;
	/* What a destination awaited may never have come. */
	if (!move_is_on(move) || (event->mig_id && move->mig_id && event->mig_id != move->mig_id) ||
	    (!move->mig_id && event->event == VFERRY_PF_EVENT_PHASE &&
	     event->phase == VFERRY_PF_PHASE_INCOMING)) {
		if (!opens(event))
			return false;
		start(move, event);
	}

	if (event->mig_id)
		move->mig_id = event->mig_id;
	if (move->count == MOVE_EVENTS)
		move->lost = true;
	else
		move->events[move->count++] = *event;

	if (event->event == VFERRY_PF_EVENT_FAILED) {
		memcpy(move->reason, event->reason, sizeof(move->reason));
		if (!move->reason[0])
			snprintf(move->reason, sizeof(move->reason), "no reason given");
		/* refused before it began, or a device state that was not taken */
		if (event->state == VFERRY_MIG_IDLE) {
			move->outcome = MOVE_FAILED;
			return true;
		}
	}
	if (event->event == VFERRY_PF_EVENT_STATE && event->state == VFERRY_MIG_IDLE) {
		move->outcome = outcome_of(move, event);
		return true;
	}
	return false;
}

/* The state that the last event told; idle if none did */
static uint32_t last_state(const struct move *move)
{
	size_t i = move->count;

	while (i--)
		if (move->events[i].event == VFERRY_PF_EVENT_STATE)
			return move->events[i].state;
	return VFERRY_MIG_IDLE;
}

bool move_settle(struct move *move, uint32_t state)
{
	struct vf_event last = { .old_state = last_state(move) };

	/* A destination that awaits a guest is idle as well. */
	if (!move_is_on(move) || state != VFERRY_MIG_IDLE || last.old_state == VFERRY_MIG_IDLE)
		return false;
	move->lost = true;
	move->outcome = outcome_of(move, &last);
	return true;
}

int64_t move_rest_us(const struct move *move)
{
	uint64_t from = 0, to = 0;
	size_t i;

	for (i = 0; i < move->count; i++) {
		const struct vf_event *e = &move->events[i];

		if (e->event != VFERRY_PF_EVENT_STATE)
			continue;
		if (e->state == VFERRY_MIG_SUSPENDED)
			from = e->time_ns;
		else if (e->old_state == VFERRY_MIG_RESUME_SENT)
			to = e->time_ns;
	}
	return from && to > from ? (int64_t)((to - from) / 1000) : -1;
}

static const struct {
	const char *label;
	const char *meaning;
} state_texts[] = {
	[VFERRY_MIG_IDLE]		= { "idle", "the migration is over" },
	[VFERRY_MIG_MIGRATE_SENT]	= { "MIGRATE", "the guest's driver is asked to log what its VF writes" },
	[VFERRY_MIG_MIGRATING]		= { "logging", "it logs" },
	[VFERRY_MIG_SUSPEND_SENT]	= { "SUSPEND", "the guest's driver is asked to put the VF to rest" },
	[VFERRY_MIG_SUSPENDED]		= { "suspended", "the VF is at rest" },
	[VFERRY_MIG_RESUME_SENT]	= { "RESUME", "the guest's driver is asked to wake the VF" },
	[VFERRY_MIG_CANCEL_SENT]	= { "CANCEL", "the guest's driver is told that it is off" },
}, phase_texts[] = {
	[VFERRY_PF_PHASE_CONVERGED]	= { "converged", "next to no memory is left to copy" },
	[VFERRY_PF_PHASE_SWITCH]	= { "switch", "the virtual machine may stop" },
	[VFERRY_PF_PHASE_STOPPED]	= { "stopped", "the virtual machine has stopped here" },
	[VFERRY_PF_PHASE_SAVED]		= { "saved", "the state of the VF has been read" },
	[VFERRY_PF_PHASE_INCOMING]	= { "awaited", "a virtual machine is expected here" },
	[VFERRY_PF_PHASE_LOADED]	= { "loaded", "the state of the VF has come" },
	[VFERRY_PF_PHASE_RUNNING]	= { "running", "the virtual machine runs here" },
	[VFERRY_PF_PHASE_SETTLED]	= { "settled", "what the VF had received before is put away" },
};

const char *event_label(const struct vf_event *event)
{
	switch (event->event) {
	case VFERRY_PF_EVENT_STATE:
		return event->state < COUNT(state_texts) ? state_texts[event->state].label : "?";
	case VFERRY_PF_EVENT_PHASE:
		return event->phase < COUNT(phase_texts) && phase_texts[event->phase].label ?
		       phase_texts[event->phase].label : "?";
	}
	return event_name(event->event);
}

const char *event_meaning(const struct vf_event *event)
{
	switch (event->event) {
	case VFERRY_PF_EVENT_STATE:
		if (event->state == VFERRY_MIG_IDLE && event->old_state == VFERRY_MIG_RESUME_SENT)
			return "the VF works again";
		if (event->state == VFERRY_MIG_MIGRATING &&
		    event->old_state == VFERRY_MIG_RESUME_SENT)
			return "the VF works again, and the guest still logs";
		return event->state < COUNT(state_texts) ? state_texts[event->state].meaning : "";
	case VFERRY_PF_EVENT_PHASE:
		return event->phase < COUNT(phase_texts) && phase_texts[event->phase].meaning ?
		       phase_texts[event->phase].meaning : "";
	case VFERRY_PF_EVENT_RESET:
		return "the VF was reset";
	case VFERRY_PF_EVENT_FAILED:
		return event->reason;
	case VFERRY_PF_EVENT_PONG:
		return "the guest's driver has answered";
	case VFERRY_PF_EVENT_HELLO:
		return "a driver that speaks vferry has come up in the guest";
	}
	return "";
}

void move_print(const struct move *move, FILE *out)
{
	size_t i;

	for (i = 0; i < move->count; i++) {
		const struct vf_event *e = &move->events[i];

		fprintf(out, "%10.1f ms  %-10s %s", move_ms(move, e->time_ns), event_label(e),
			event_meaning(e));
		if (e->guest_us >= 0)
			fprintf(out, " (%.2f ms in the guest)", e->guest_us / 1e3);
		fputc('\n', out);
	}
	if (move->lost)
		fprintf(out, "%13s  some events are missing\n", "");
}

json_t *move_json(const struct move *move)
{
	_cleanup_json_ json_t *j = NULL, *events = json_array();
	char id[17];
	size_t i;

	for (i = 0; i < move->count; i++)
		if (json_array_append_new(events, event_json(&move->events[i])))
			return NULL;
	j = json_pack("{s:s, s:s, s:I, s:s, s:I, s:s, s:b, s:O}", "pf", move->pf,
		      "pf_pci", move->pf_pci, "vf", (json_int_t)move->vf,
		      "migration", mig_id_text(move->mig_id, id),
		      "begin_ns", (json_int_t)move->begin_ns,
		      "outcome", move_outcome_name(move->outcome),
		      "events_lost", (int)move->lost, "events", events);
	if (!j || (move->reason[0] && json_object_set_new(j, "reason", json_string(move->reason))))
		return NULL;
	return json_incref(j);
}

/* The number that a name function gives this word for, or -EBADMSG */
static int number_of(const char *(*name)(__u32), unsigned int count, const json_t *word)
{
	const char *text = json_string_value(word);
	unsigned int i;

	for (i = 0; text && i < count; i++)
		if (!strcmp(name(i), text) && strcmp(text, "?"))
			return i;
	return -EBADMSG;
}

static void copy(char *ret, size_t size, const json_t *text)
{
	text_clean(ret, size, json_string_value(text));
}

static int64_t us_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) && json_integer_value(value) >= 0 ?
	       json_integer_value(value) : -1;
}

static uint64_t mig_id_of(const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "migration"));

	return text ? strtoull(text, NULL, 16) : 0;
}

/* Numbers of a state or phase: 0, or -EBADMSG */
static int read_word(const json_t *object, const char *key, const char *(*name)(__u32),
		     unsigned int count, uint32_t *ret)
{
	int number = number_of(name, count, json_object_get(object, key));

	if (number < 0)
		return number;
	*ret = number;
	return 0;
}

static int event_from_json(const json_t *value, struct vf_event *ret)
{
	json_int_t time;

	*ret = (struct vf_event) {
		.vf = json_integer_value(json_object_get(value, "vf")),
		.error = json_integer_value(json_object_get(value, "error")),
		.proto = json_integer_value(json_object_get(value, "protocol")),
		.mig_id = mig_id_of(value),
		.duration_us = us_of(value, "duration_us"),
		.guest_us = us_of(value, "guest_us"),
	};
	copy(ret->ifname, sizeof(ret->ifname), json_object_get(value, "pf"));
	copy(ret->pf_pci, sizeof(ret->pf_pci), json_object_get(value, "pf_pci"));
	copy(ret->reason, sizeof(ret->reason), json_object_get(value, "reason"));
	time = json_integer_value(json_object_get(value, "time_ns"));
	if (time < 0 || read_word(value, "event", event_name, VFERRY_PF_EVENT_HELLO + 1, &ret->event))
		return -EBADMSG;
	ret->time_ns = time;

	switch (ret->event) {
	case VFERRY_PF_EVENT_STATE:
		if (read_word(value, "old_state", mig_state_name, VFERRY_MIG_STATES,
			      &ret->old_state))
			return -EBADMSG;
		/* fall through */
	case VFERRY_PF_EVENT_FAILED:
	case VFERRY_PF_EVENT_RESET:
		return read_word(value, "state", mig_state_name, VFERRY_MIG_STATES, &ret->state);
	case VFERRY_PF_EVENT_PHASE:
		return read_word(value, "phase", phase_name, COUNT(phase_texts), &ret->phase);
	}
	return 0;
}

int move_from_json(const json_t *value, struct move *ret_move)
{
	const json_t *events = json_object_get(value, "events");
	const char *outcome = json_string_value(json_object_get(value, "outcome"));
	json_int_t begin = json_integer_value(json_object_get(value, "begin_ns"));
	size_t i;

	*ret_move = (struct move) {
		.vf = json_integer_value(json_object_get(value, "vf")),
		.mig_id = mig_id_of(value),
		.lost = json_is_true(json_object_get(value, "events_lost")),
	};
	copy(ret_move->pf, sizeof(ret_move->pf), json_object_get(value, "pf"));
	copy(ret_move->pf_pci, sizeof(ret_move->pf_pci), json_object_get(value, "pf_pci"));
	copy(ret_move->reason, sizeof(ret_move->reason), json_object_get(value, "reason"));
	if (!outcome || begin < 0 || !json_is_array(events) ||
	    json_array_size(events) > MOVE_EVENTS)
		return -EBADMSG;
	ret_move->begin_ns = begin;

	for (i = 0; i < COUNT(outcomes) && strcmp(outcomes[i], outcome); i++)
		;
	if (i == COUNT(outcomes))
		return -EBADMSG;
	ret_move->outcome = i;

	for (i = 0; i < json_array_size(events); i++)
		if (event_from_json(json_array_get(events, i), &ret_move->events[i]))
			return -EBADMSG;
	ret_move->count = json_array_size(events);
	return 0;
}
