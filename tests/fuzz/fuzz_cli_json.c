// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: JSON that others may have written: a migration in the journal, the facts of
 * another host; and host.conf.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "move.h"
#include "plot.h"
#include "verdict.h"
#include "fuzz.h"

/* What is read is written, read and written again as the same. */
static void read_move(const json_t *value)
{
	static struct move first, again;
	char *picture = NULL;
	json_t *once, *twice;
	size_t size;
	FILE *out;

	if (move_from_json(value, &first))
		return;
	MUST(first.count <= MOVE_EVENTS);
	out = open_memstream(&picture, &size);
	MUST(out);
	plot_svg(&first, out);
	move_print(&first, out);
	fclose(out);
	free(picture);

	/* texts that are cut in the middle of a character cannot be JSON */
	once = move_json(&first);
	if (!once)
		return;
	MUST(!move_from_json(once, &again));
	twice = move_json(&again);
	MUST(twice && json_equal(once, twice));
	json_decref(once);
	json_decref(twice);
}

static void read_facts(const json_t *value)
{
	struct checks *checks = calloc(1, sizeof(*checks));
	struct way way;
	json_t *j;

	MUST(checks);
	verdict_here(checks, value, "0000:01:00.0", 0);
	verdict_there(checks, value, value, "0000:01:00.0", 0, "pf0", &way);
	MUST(checks->count <= CHECKS_MAX);
	MUST(strlen(way.pf) < sizeof(way.pf));
	j = checks_json(checks);
	MUST(j);
	json_decref(j);
	free(checks);
}

static void read_conf(const uint8_t *data, size_t size)
{
	FILE *f = fmemopen((void *)data, size, "r");
	static struct conf conf;
	char reason[64];
	int r;

	if (!f)
		return;
	r = conf_read(f, &conf, reason, sizeof(reason));
	MUST(!r || (r < 0 && *reason));
	MUST(conf.count <= CONF_PFS);
	fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *value = json_loadb((const char *)data, size, 0, NULL);

	if (value) {
		read_move(value);
		read_facts(value);
		json_decref(value);
	} else {
		read_conf(data, size);
	}
	return 0;
}
