// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: netlink messages, as the host's command reads them. What is taken makes
 * JSON, and a migration, whatever it says.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "moves.h"
#include "rtnl.h"
#include "fuzz.h"

static void read_one(const struct nlmsghdr *h, struct moves *moves)
{
	static struct vf_settings settings[RTNL_VFS];
	struct genl_family family;
	struct vf_event event;
	const struct move *move;
	struct vf_info vf;
	char text[32];
	json_t *j;
	bool ended;
	int r;

	if (!msg_get_vf(h, &vf)) {
		MUST(strlen(vf.ifname) < sizeof(vf.ifname));
		MUST(strlen(vf.reason) < sizeof(vf.reason));
		j = vf_json(&vf);
		MUST(j);
		json_decref(j);
	}
	if (!msg_get_event(h, &event)) {
		j = event_json(&event);
		MUST(j);
		json_decref(j);
		move = moves_add(moves, &event, &ended);
		MUST(move && move->count <= MOVE_EVENTS);
		MUST(!ended || !move_is_on(move));
	}
	msg_get_family(h, VFERRY_PF_GENL_EVENTS, &family);
	rtnl_get_settings(h, settings);
	memset(text, 'x', sizeof(text));
	r = msg_get_error(h, text, sizeof(text));
	MUST(r <= 0 && memchr(text, '\0', sizeof(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* as large as the messages say they are, up to netlink's alignment */
	char *copy = malloc(MNL_ALIGN(size) ?: 1);
	const struct nlmsghdr *h = (const void *)copy;
	struct moves moves = {};
	int left = size;

	MUST(copy);
	memset(copy, 0, MNL_ALIGN(size));
	memcpy(copy, data, size);
	for (; msg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		read_one(h, &moves);
	moves_free(&moves);
	free(copy);
	return 0;
}
