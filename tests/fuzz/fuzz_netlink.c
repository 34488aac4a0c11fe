// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: rtnetlink messages, as a saved snapshot. Of what is taken, words,
 * differences and repairs can be made, and its gateways are found; it does not differ from
 * itself.
 */
#include <stdlib.h>
#include <string.h>

#include "neighbours.h"
#include "repair.h"
#include "saved.h"
#include "fuzz.h"

static void check(const struct snapshot *was, const struct snapshot *is, size_t most)
{
	struct nl_msg *msg[REPAIR_STEPS];
	struct differences d;
	size_t i;

	MUST(!snapshot_diff(was, is, &d));
	MUST(d.count <= most);
	for (i = 0; i < d.count; i++) {
		char *text = difference_text(&d.list[i]);

		MUST(text && strlen(text));
		free(text);
		if (!repair_build(&d.list[i], 10, msg)) {
			MUST(msg[0] && nlmsg_hdr(msg[0])->nlmsg_len >= NLMSG_HDRLEN);
			nlmsg_free(msg[0]);
			nlmsg_free(msg[1]);
		}
	}
	differences_free(&d);
}

static void ask(const struct snapshot *s)
{
	const struct object_address *sources[16];
	struct neighbours n = {};
	size_t i;

	for (i = 0; i < s->count; i++)
		neighbours_add(&n, s, s->objects[i]->msg, s->objects[i]->msg->nlmsg_len);
	MUST(!neighbours_add_gateways(&n, s));
	neighbours_choose(&n, s);
	MUST(n.count <= NEIGHBOURS_MAX);
	for (i = 0; i < n.count; i++)
		MUST(neighbour_sources(&n.list[i], s, sources, 16) <= 16);
	neighbours_free(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot snapshot = {}, empty = {};
	struct packet_tags tags;
	struct saved saved;
	size_t i;

	if (!saved_parse(data, size, &saved, &snapshot)) {
		MUST(snapshot_has(&snapshot, saved.ifindex));
		MUST(snapshot_link(&snapshot, saved.ifindex));
		for (i = 0; i < snapshot.n_set; i++)
			if (snapshot_tags(&snapshot, snapshot.set[i], &tags))
				MUST(tags.count <= PACKET_TAGS);
		ask(&snapshot);
		check(&snapshot, &snapshot, 0);
		check(&snapshot, &empty, snapshot.count);
		check(&empty, &snapshot, snapshot.count);
	}
	snapshot_free(&snapshot);
	return 0;
}
