// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: what comes on a QMP socket, cut into portions by the first byte. What
 * is taken for the state of a migration makes a line that fits.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "fuzz.h"

static void read_line(const char *line, size_t len)
{
	struct progress p = { .vf_state = len };
	struct qmp_msg msg;
	char text[81];

	if (qmp_msg_read(line, len, &msg))
		return;
	MUST(strlen(msg.text) < sizeof(msg.text));
	if (msg.value && !qmp_migration_read(msg.value, &p.migration)) {
		MUST(strlen(p.migration.error) < sizeof(p.migration.error));
		MUST(p.migration.total >= -1 && p.migration.rate >= -1);
		progress_line(&p, 80, text, sizeof(text));
		MUST(strlen(text) <= 80);
		MUST(*qmp_status_name(p.migration.status));
	}
	qmp_msg_free(&msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qmp_lines lines = {};
	size_t step, n, len;
	const char *line;

	if (!size)
		return 0;
	step = data[0] + 1;
	for (data++, size--; size; data += n, size -= n) {
		n = step < size ? step : size;
		MUST(!qmp_lines_feed(&lines, (const char *)data, n));
		while ((line = qmp_lines_next(&lines, &len)))
			read_line(line, len);
	}
	qmp_lines_free(&lines);
	return 0;
}
