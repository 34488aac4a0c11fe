/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One migration of one VF, as this host's PF driver told it: its events, what
 * became of it, as text and as JSON.
 *
 * Pure, apart from jansson. JSON that is read may come from a journal that
 * others can write: all is checked.
 */
#ifndef VFERRY_CLI_MOVE_H
#define VFERRY_CLI_MOVE_H

#include <stdio.h>

#include "msg.h"

#define MOVE_EVENTS	96

/**
 * enum move_outcome - what became of a migration, here
 * @MOVE_GOING_ON: it goes on
 * @MOVE_LEFT: the guest has left this host
 * @MOVE_ARRIVED: the guest has come to this host and its VF works
 * @MOVE_STAYED: called off, or suspended and resumed here: the guest is here
 * @MOVE_FAILED: for a reason; the guest is here, or nowhere yet
 */
enum move_outcome {
	MOVE_GOING_ON,
	MOVE_LEFT,
	MOVE_ARRIVED,
	MOVE_STAYED,
	MOVE_FAILED,
};

/**
 * struct move - one migration
 * @pf: interface of the PF
 * @vf: number of the VF
 * @mig_id: 0: none
 * @begin_ns: CLOCK_REALTIME of its first event
 * @outcome: so far
 * @reason: of MOVE_FAILED
 * @lost: events may be missing
 * @events: in their order
 * @count: of @events
 */
struct move {
	char pf[MSG_IFNAME];
	char pf_pci[MSG_PCI];
	uint32_t vf;
	uint64_t mig_id;
	uint64_t begin_ns;
	enum move_outcome outcome;
	char reason[MSG_REASON];
	bool lost;
	struct vf_event events[MOVE_EVENTS];
	size_t count;
};

/**
 * move_add() - an event of this VF has come
 * @move: zeroed at first; begins anew when it is over and another one begins
 * @event: of the same VF as those before
 *
 * Return: true: this event has ended the migration; @move stays as it is until
 * the next one begins.
 */
bool move_add(struct move *move, const struct vf_event *event);

/**
 * move_settle() - events were lost, and the VF has been looked at
 * @move: of that VF
 * @state: the state that it is in
 *
 * Return: true: the migration is over, its end was lost; the outcome is what the
 * events before suggest.
 */
bool move_settle(struct move *move, uint32_t state);

/* Is a migration under way? */
bool move_is_on(const struct move *move);

/* Milliseconds from the begin to a time. */
double move_ms(const struct move *move, uint64_t time_ns);

/* Microseconds between leaving and coming back to a working VF here, as the
 * events have it; -1: not both happened here. */
int64_t move_rest_us(const struct move *move);

const char *move_outcome_name(enum move_outcome outcome);

/* What an event says: a word or two, and a sentence (may be ""). */
const char *event_label(const struct vf_event *event);
const char *event_meaning(const struct vf_event *event);

/* The timeline as text, a line for each event. */
void move_print(const struct move *move, FILE *out);

json_t *move_json(const struct move *move);

/* 0; -EBADMSG: not what move_json() makes. */
int move_from_json(const json_t *value, struct move *ret_move);

#endif
