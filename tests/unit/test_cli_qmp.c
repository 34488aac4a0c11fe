// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: what QEMU says on a QMP socket, and a migration as one line. */
#include <errno.h>
#include <stdio.h>

#include "names.h"
#include "progress.h"
#include "qmp_msg.h"
#include "unit.h"

static int read_text(const char *text, struct qmp_msg *msg)
{
	return qmp_msg_read(text, strlen(text), msg);
}

/* Bytes in any portions make the same lines. */
static void lines_in_portions(void **state)
{
	static const char text[] = "{\"a\":1}\r\n\n{\"b\":2}\nrest";
	struct qmp_lines lines = {};
	const char *line;
	size_t size, at, len, n;

	(void)state;
	for (size = 1; size <= sizeof(text) - 1; size++) {
		char got[64] = "";

		for (at = 0; at < sizeof(text) - 1; at += size) {
			n = at + size < sizeof(text) - 1 ? size : sizeof(text) - 1 - at;
			assert_int_equal(qmp_lines_feed(&lines, text + at, n), 0);
			while ((line = qmp_lines_next(&lines, &len))) {
				strncat(got, line, len);
				strcat(got, "|");
			}
		}
		assert_string_equal(got, "{\"a\":1}||{\"b\":2}|");
		qmp_lines_free(&lines);
	}
}

static void endless_line_is_refused(void **state)
{
	static char block[65536];
	struct qmp_lines lines = {};
	int i, r = 0;

	(void)state;
	memset(block, 'x', sizeof(block));
	for (i = 0; i < 100 && !r; i++)
		r = qmp_lines_feed(&lines, block, sizeof(block));
	assert_int_equal(r, -EMSGSIZE);
	assert_int_equal(i - 1, QMP_LINE_MAX / sizeof(block));
	qmp_lines_free(&lines);
}

static void messages(void **state)
{
	struct qmp_msg msg;

	(void)state;
	assert_int_equal(read_text("{\"QMP\":{\"version\":{\"qemu\":{\"micro\":13,\"minor\":0,"
				   "\"major\":10},\"package\":\"Debian\"},\"capabilities\":[]}}",
				   &msg), 0);
	assert_int_equal(msg.kind, QMP_GREETING);
	assert_string_equal(msg.text, "10.0.13");
	qmp_msg_free(&msg);

	assert_int_equal(read_text("{\"return\":{},\"id\":7}", &msg), 0);
	assert_int_equal(msg.kind, QMP_RETURN);
	assert_int_equal(msg.id, 7);
	qmp_msg_free(&msg);

	assert_int_equal(read_text("{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\\n\"},"
				   "\"id\":8}", &msg), 0);
	assert_int_equal(msg.kind, QMP_ERROR);
	assert_int_equal(msg.id, 8);
	assert_string_equal(msg.text, "no?");
	qmp_msg_free(&msg);

	assert_int_equal(read_text("{\"event\":\"STOP\",\"timestamp\":{}}", &msg), 0);
	assert_int_equal(msg.kind, QMP_EVENT);
	assert_int_equal(msg.id, -1);
	assert_string_equal(msg.text, "STOP");
	qmp_msg_free(&msg);
}

static void not_messages(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "7", "{}", "{\"QMP\":{}}", "{\"QMP\":7}", "{\"error\":7}",
		"{\"error\":{\"desc\":7}}", "{\"event\":{}}", "{\"id\":1}", "{\"return\":1}}",
		"{\"QMP\":{\"version\":{\"qemu\":{\"major\":\"10\",\"minor\":0,\"micro\":1}}}}",
	};
	struct qmp_msg msg;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		assert_int_equal(read_text(texts[i], &msg), -EBADMSG);
}

static struct qmp_migration migration(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);
	struct qmp_migration m;

	assert_non_null(value);
	assert_int_equal(qmp_migration_read(value, &m), 0);
	json_decref(value);
	return m;
}

static const char active[] =
	"{\"status\":\"active\",\"total-time\":1234,\"expected-downtime\":41,\"setup-time\":3,"
	"\"ram\":{\"total\":268435456,\"transferred\":100663296,\"remaining\":67108864,"
	"\"mbps\":880.5,\"dirty-pages-rate\":100,\"page-size\":4096,\"dirty-sync-count\":3},"
	"\"vfio\":{\"transferred\":0}}";

static void migrations(void **state)
{
	struct qmp_migration m = migration(active);
	json_t *value;

	(void)state;
	assert_int_equal(m.status, QMP_MIG_ACTIVE);
	assert_int_equal(m.remaining, 67108864);
	assert_int_equal(m.rate, 110062500);
	assert_int_equal(m.dirty_rate, 409600);
	assert_int_equal(m.round, 3);
	assert_int_equal(m.downtime_ms, -1);

	m = migration("{}");
	assert_int_equal(m.status, QMP_MIG_NONE);
	assert_int_equal(m.total, -1);
	m = migration("{\"status\":\"wait-unplug\"}");
	assert_int_equal(m.status, QMP_MIG_OTHER);
	m = migration("{\"status\":\"failed\",\"error-desc\":\"why\\t\\u001b[0m\"}");
	assert_int_equal(m.status, QMP_MIG_FAILED);
	assert_string_equal(m.error, "why??[0m");
	m = migration("{\"status\":7,\"ram\":{\"total\":-5,\"remaining\":\"x\",\"mbps\":1e300,"
		      "\"dirty-pages-rate\":9223372036854775807,\"page-size\":4096}}");
	assert_int_equal(m.total, -1);
	assert_int_equal(m.remaining, -1);
	assert_int_equal(m.rate, -1);
	assert_int_equal(m.dirty_rate, -1);
	/* QEMU 11.1 while vferry_vfio holds the switch, before and with much bandwidth */
	m = migration("{\"status\":\"active\",\"expected-downtime\":8126782,"
		      "\"remaining\":1099511627776,\"ram\":{\"remaining\":4096}}");
	assert_int_equal(m.expected_downtime_ms, -1);
	assert_int_equal(m.remaining, 4096);
	m = migration("{\"status\":\"active\",\"expected-downtime\":41,\"remaining\":4096}");
	assert_int_equal(m.expected_downtime_ms, 41);

	value = json_array();
	assert_int_equal(qmp_migration_read(value, &m), -EBADMSG);
	json_decref(value);
	assert_true(qmp_status_is_final(QMP_MIG_FAILED));
	assert_false(qmp_status_is_final(QMP_MIG_CANCELLING));
}

static void a_line(void **state)
{
	struct progress p = {
		.migration = migration(active), .vf_state = VFERRY_MIG_MIGRATING, .seconds = 1.25,
	};
	char line[256];

	(void)state;
	progress_line(&p, 200, line, sizeof(line));
	assert_string_equal(line, "copying    [######################--------]  75 %  "
			    "64.0 MiB left of 256 MiB  105 MiB/s  round 3  down ~41 ms  1.2 s");
	p.vf_state = VFERRY_MIG_SUSPENDED;
	assert_string_equal(progress_phase(&p), "switching");
	p.migration.status = QMP_MIG_CANCELLING;
	assert_string_equal(progress_phase(&p), "cancelling");
	p.migration.status = QMP_MIG_COMPLETED;
	progress_line(&p, 200, line, sizeof(line));
	assert_non_null(strstr(line, "100 %"));
}

/* It is never wider than the terminal, and never overflows. */
static void narrow(void **state)
{
	struct progress p = { .migration = migration(active), .seconds = 1e9 };
	unsigned int width;
	char line[256];

	(void)state;
	for (width = 0; width < 120; width++) {
		memset(line, 'x', sizeof(line));
		progress_line(&p, width, line, sizeof(line));
		assert_true(strlen(line) <= width);
		memset(line, 'x', sizeof(line));
		progress_line(&p, 1000, line, width + 1);
		assert_true(strlen(line) <= width);
		assert_true(line[width + 1] == 'x');
	}
}

static void sizes(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(bytes_text(-1, buf), "?");
	assert_string_equal(bytes_text(0, buf), "0 B");
	assert_string_equal(bytes_text(1023, buf), "1023 B");
	assert_string_equal(bytes_text(1536, buf), "1.5 KiB");
	assert_string_equal(bytes_text(INT64_MAX, buf), "8.0 EiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_in_portions),
		cmocka_unit_test(endless_line_is_refused),
		cmocka_unit_test(messages),
		cmocka_unit_test(not_messages),
		cmocka_unit_test(migrations),
		cmocka_unit_test(a_line),
		cmocka_unit_test(narrow),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
