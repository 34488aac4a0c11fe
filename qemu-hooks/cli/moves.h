/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The migrations of all VFs of this host, as events tell of them. Pure. */
#ifndef VFERRY_CLI_MOVES_H
#define VFERRY_CLI_MOVES_H

#include "move.h"

/**
 * struct moves - one struct move for each VF that an event came from
 * @all: to be freed by moves_free()
 * @count: of @all
 */
struct moves {
	struct one_vf *all;
	size_t count;
};

/**
 * moves_add() - an event has come
 * @moves: zeroed at first
 * @event: of any VF
 * @ret_ended: this event has ended the migration
 *
 * Return: the migration of that VF, good until the next call; NULL: no memory.
 */
struct move *moves_add(struct moves *moves, const struct vf_event *event, bool *ret_ended);

/* The migration of one VF; NULL: nothing has been heard of it. */
const struct move *moves_get(const struct moves *moves, uint32_t ifindex, uint32_t vf);

/* Events were lost: what is known of migrations under way has gaps. */
void moves_lost(struct moves *moves);

/* Afterwards, for each VF as it is: move_settle(). The migration that is over; NULL: none */
const struct move *moves_settle(struct moves *moves, const struct vf_info *vf);
void moves_free(struct moves *moves);

#endif
