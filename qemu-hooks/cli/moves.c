// SPDX-License-Identifier: GPL-2.0-or-later
/* The migrations of all VFs; see moves.h. */
#include <stdlib.h>

#include "moves.h"

struct one_vf {
	uint32_t ifindex;
	uint32_t vf;
	struct move *move;
};

static struct move *find(const struct moves *moves, uint32_t ifindex, uint32_t vf)
{
	size_t i;

	for (i = 0; i < moves->count; i++)
		if (moves->all[i].ifindex == ifindex && moves->all[i].vf == vf)
			return moves->all[i].move;
	return NULL;
}

static struct move *find_or_make(struct moves *moves, const struct vf_event *event)
{
	struct move *fresh = find(moves, event->ifindex, event->vf);
	struct one_vf *grown;

	if (fresh)
		return fresh;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return NULL;
	grown = reallocarray(moves->all, moves->count + 1, sizeof(*grown));
	if (!grown) {
		free(fresh);
		return NULL;
	}
	moves->all = grown;
	grown[moves->count++] = (struct one_vf) { event->ifindex, event->vf, fresh };
	return fresh;
}

struct move *moves_add(struct moves *moves, const struct vf_event *event, bool *ret_ended)
{
	struct move *move = find_or_make(moves, event);

	*ret_ended = move && move_add(move, event);
	return move;
}

const struct move *moves_get(const struct moves *moves, uint32_t ifindex, uint32_t vf)
{
	const struct move *move = find(moves, ifindex, vf);

	return move && move->count ? move : NULL;
}

const struct move *moves_settle(struct moves *moves, const struct vf_info *vf)
{
	struct move *move = find(moves, vf->ifindex, vf->vf);

	return move && move_settle(move, vf->state) ? move : NULL;
}

void moves_lost(struct moves *moves)
{
	size_t i;

	for (i = 0; i < moves->count; i++)
		if (move_is_on(moves->all[i].move))
			moves->all[i].move->lost = true;
}

void moves_free(struct moves *moves)
{
	size_t i;

	for (i = 0; i < moves->count; i++)
		free(moves->all[i].move);
	free(moves->all);
	*moves = (struct moves) {};
}
