// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: migrations from events, as text, JSON and SVG. */
#include <errno.h>
#include <stdio.h>

#include "moves.h"
#include "plot.h"
#include "unit.h"

#include "json_schema.h"

#define MS	1000000ull
#define START	(1700000000ull * 1000 * MS)
#define ID	0x1122334455667788ull

static struct vf_event base(double ms, uint64_t id)
{
	struct vf_event e = {
		.ifindex = 3, .ifname = "pf0", .pf_pci = "0000:01:00.0", .vf = 1,
		.time_ns = START + (uint64_t)(ms * 1e6), .mig_id = id,
		.duration_us = -1, .guest_us = -1,
	};

	return e;
}

static bool step(struct move *m, double ms, uint32_t old, uint32_t new)
{
	struct vf_event e = base(ms, ID);

	e.event = VFERRY_PF_EVENT_STATE;
	e.old_state = old;
	e.state = new;
	return move_add(m, &e);
}

static bool phase(struct move *m, double ms, uint32_t which, uint64_t id)
{
	struct vf_event e = base(ms, id);

	e.event = VFERRY_PF_EVENT_PHASE;
	e.phase = which;
	return move_add(m, &e);
}

static bool other(struct move *m, double ms, uint32_t kind, uint32_t state, const char *reason)
{
	struct vf_event e = base(ms, ID);

	e.event = kind;
	e.state = state;
	e.error = kind == VFERRY_PF_EVENT_FAILED ? -EIO : 0;
	snprintf(e.reason, sizeof(e.reason), "%s", reason);
	return move_add(m, &e);
}

/* Up to the switch, on the source */
static void to_saved(struct move *m)
{
	assert_false(step(m, 0, VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATE_SENT));
	assert_false(step(m, 2, VFERRY_MIG_MIGRATE_SENT, VFERRY_MIG_MIGRATING));
	assert_false(phase(m, 2000, VFERRY_PF_PHASE_CONVERGED, ID));
	assert_false(step(m, 2000.5, VFERRY_MIG_MIGRATING, VFERRY_MIG_SUSPEND_SENT));
	assert_false(step(m, 2001.5, VFERRY_MIG_SUSPEND_SENT, VFERRY_MIG_SUSPENDED));
	assert_false(phase(m, 2002, VFERRY_PF_PHASE_SWITCH, ID));
	assert_false(phase(m, 2003, VFERRY_PF_PHASE_STOPPED, ID));
	assert_false(phase(m, 2010, VFERRY_PF_PHASE_SAVED, ID));
	assert_true(move_is_on(m));
}

static void left(void **state)
{
	struct move m = {};

	(void)state;
	to_saved(&m);
	assert_true(step(&m, 2500, VFERRY_MIG_SUSPENDED, VFERRY_MIG_IDLE));
	assert_int_equal(m.outcome, MOVE_LEFT);
	assert_false(other(&m, 2501, VFERRY_PF_EVENT_RESET, VFERRY_MIG_IDLE, ""));
	assert_true(m.begin_ns == START && m.mig_id == ID && m.count == 9);
	assert_int_equal(move_rest_us(&m), -1);
}

static void arrived(void **state)
{
	struct move m = {};

	(void)state;
	assert_false(phase(&m, 0, VFERRY_PF_PHASE_INCOMING, 0));
	/* a QEMU that waited in vain, and another one */
	assert_false(phase(&m, 500, VFERRY_PF_PHASE_INCOMING, 0));
	assert_int_equal(m.count, 1);
	assert_false(phase(&m, 1000, VFERRY_PF_PHASE_LOADED, 0));
	assert_false(step(&m, 1001, VFERRY_MIG_IDLE, VFERRY_MIG_SUSPENDED));
	assert_false(step(&m, 1002, VFERRY_MIG_SUSPENDED, VFERRY_MIG_RESUME_SENT));
	assert_false(phase(&m, 1003, VFERRY_PF_PHASE_RUNNING, ID));
	assert_true(step(&m, 1010, VFERRY_MIG_RESUME_SENT, VFERRY_MIG_IDLE));
	assert_int_equal(m.outcome, MOVE_ARRIVED);
	assert_true(m.mig_id == ID);
	assert_int_equal(move_rest_us(&m), 9000);
}

static void stayed(void **state)
{
	struct move m = {};

	(void)state;
	to_saved(&m);
	assert_false(step(&m, 2020, VFERRY_MIG_SUSPENDED, VFERRY_MIG_CANCEL_SENT));
	assert_true(step(&m, 2030, VFERRY_MIG_CANCEL_SENT, VFERRY_MIG_IDLE));
	assert_int_equal(m.outcome, MOVE_STAYED);
	/* the next one begins anew */
	assert_false(step(&m, 3000, VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATE_SENT));
	assert_int_equal(m.count, 1);
	assert_int_equal(m.outcome, MOVE_GOING_ON);
}

static void failed(void **state)
{
	struct move m = {};

	(void)state;
	assert_false(step(&m, 0, VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATE_SENT));
	assert_false(other(&m, 1000, VFERRY_PF_EVENT_FAILED, VFERRY_MIG_CANCEL_SENT, "no answer"));
	assert_true(step(&m, 1010, VFERRY_MIG_CANCEL_SENT, VFERRY_MIG_IDLE));
	assert_int_equal(m.outcome, MOVE_FAILED);
	assert_string_equal(m.reason, "no answer");
	/* refused before it began */
	assert_true(other(&m, 2000, VFERRY_PF_EVENT_FAILED, VFERRY_MIG_IDLE, "paused"));
	assert_int_equal(m.outcome, MOVE_FAILED);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.reason, "paused");
}

/* What is no part of a migration leaves it alone. */
static void others(void **state)
{
	struct move m = {};

	(void)state;
	assert_false(other(&m, 0, VFERRY_PF_EVENT_PONG, 0, ""));
	assert_false(other(&m, 0, VFERRY_PF_EVENT_HELLO, 0, ""));
	assert_false(other(&m, 0, VFERRY_PF_EVENT_RESET, VFERRY_MIG_IDLE, ""));
	assert_int_equal(m.count, 0);
	assert_false(move_is_on(&m));
}

static void too_many(void **state)
{
	struct move m = {};
	int i;

	(void)state;
	assert_false(step(&m, 0, VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATE_SENT));
	for (i = 0; i < 2 * MOVE_EVENTS; i++)
		assert_false(phase(&m, i, VFERRY_PF_PHASE_CONVERGED, ID));
	assert_int_equal(m.count, MOVE_EVENTS);
	assert_true(m.lost);
}

/* The end was lost: what is known suggests what it was. */
static void settled(void **state)
{
	struct move m = {};

	(void)state;
	assert_false(move_settle(&m, VFERRY_MIG_IDLE));
	to_saved(&m);
	assert_false(move_settle(&m, VFERRY_MIG_SUSPENDED));
	assert_true(move_is_on(&m));
	assert_true(move_settle(&m, VFERRY_MIG_IDLE));
	assert_int_equal(m.outcome, MOVE_LEFT);
	assert_true(m.lost);
	assert_false(move_settle(&m, VFERRY_MIG_IDLE));

	assert_false(step(&m, 3000, VFERRY_MIG_IDLE, VFERRY_MIG_MIGRATE_SENT));
	assert_true(move_settle(&m, VFERRY_MIG_IDLE));
	assert_int_equal(m.outcome, MOVE_STAYED);
	/* somebody is awaited here, and has not come */
	assert_false(phase(&m, 4000, VFERRY_PF_PHASE_INCOMING, 0));
	assert_false(move_settle(&m, VFERRY_MIG_IDLE));
}

static void json_and_back(void **state)
{
	struct move m = {}, same;
	json_t *j, *again;

	(void)state;
	to_saved(&m);
	assert_false(other(&m, 2015, VFERRY_PF_EVENT_FAILED, VFERRY_MIG_SUSPENDED, "a \"reason\""));
	assert_true(step(&m, 2030, VFERRY_MIG_RESUME_SENT, VFERRY_MIG_IDLE));
	j = move_json(&m);
	assert_int_equal(move_from_json(j, &same), 0);
	assert_int_equal(same.count, m.count);
	assert_int_equal(same.outcome, MOVE_FAILED);
	assert_true(same.events[8].time_ns == m.events[8].time_ns);
	assert_string_equal(same.reason, m.reason);
	again = move_json(&same);
	assert_true(json_equal(again, j));
	json_decref(again);
	assert_true(fits_schema(j, "move"));
}

static void broken_json(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "7", "{\"outcome\":\"left\"}",
		"{\"outcome\":\"nowhere\",\"events\":[]}", "{\"outcome\":7,\"events\":[]}",
		"{\"outcome\":\"left\",\"events\":7}", "{\"outcome\":\"left\",\"events\":[7]}",
		"{\"outcome\":\"left\",\"events\":[{\"event\":\"?\"}]}",
		"{\"outcome\":\"left\",\"events\":[{\"event\":\"state\",\"state\":\"idle\"}]}",
		"{\"outcome\":\"left\",\"events\":[{\"event\":\"phase\",\"phase\":\"?\"}]}",
		"{\"outcome\":\"left\",\"events\":[],\"begin_ns\":-1}",
	};
	struct move m;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		json_t *j = json_loads(texts[i], JSON_DECODE_ANY, NULL);

		assert_non_null(j);
		assert_int_equal(move_from_json(j, &m), -EBADMSG);
		json_decref(j);
	}
}

static char *drawn(const struct move *m, int *ret)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	*ret = plot_svg(m, f);
	fclose(f);
	return text;
}

static void picture(void **state)
{
	struct move m = {};
	char *svg;
	int r;

	(void)state;
	svg = drawn(&m, &r);
	assert_int_equal(r, -ENODATA);
	free(svg);

	to_saved(&m);
	other(&m, 2015, VFERRY_PF_EVENT_FAILED, VFERRY_MIG_IDLE, "<b>&\"\033");
	svg = drawn(&m, &r);
	assert_int_equal(r, 0);
	assert_non_null(strstr(svg, "migrating</text>"));
	assert_non_null(strstr(svg, "saved 2010.0"));
	assert_non_null(strstr(svg, "enlarged"));
	assert_non_null(strstr(svg, "&lt;b&gt;&amp;&quot;?"));
	assert_null(strstr(svg, "<b>"));
	assert_null(strstr(svg, "nan"));
	assert_string_equal(svg + strlen(svg) - 7, "</svg>\n");
	free(svg);
}

/* One event alone, all at one time, a time that runs backwards */
static void odd_pictures(void **state)
{
	struct move m = {};
	char *svg;
	int r;

	(void)state;
	step(&m, 0, VFERRY_MIG_IDLE, VFERRY_MIG_SUSPENDED);
	svg = drawn(&m, &r);
	assert_int_equal(r, 0);
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));
	free(svg);
	m.events[0].time_ns = 0;
	m.events[1] = m.events[0];
	m.count = 2;
	svg = drawn(&m, &r);
	assert_int_equal(r, 0);
	assert_null(strstr(svg, "nan"));
	free(svg);
}

static void each_vf_has_its_own(void **state)
{
	struct vf_event a = base(0, 1), b = base(1, 2);
	struct moves moves = {};
	bool ended;

	(void)state;
	a.event = b.event = VFERRY_PF_EVENT_STATE;
	a.state = b.state = VFERRY_MIG_MIGRATE_SENT;
	b.vf = 2;
	assert_non_null(moves_add(&moves, &a, &ended));
	assert_false(ended);
	assert_non_null(moves_add(&moves, &b, &ended));
	assert_int_equal(moves.count, 2);
	assert_true(moves_get(&moves, 3, 1)->mig_id == 1);
	assert_true(moves_get(&moves, 3, 2)->mig_id == 2);
	assert_null(moves_get(&moves, 4, 1));
	moves_lost(&moves);
	assert_true(moves_get(&moves, 3, 2)->lost);
	moves_free(&moves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left),
		cmocka_unit_test(arrived),
		cmocka_unit_test(stayed),
		cmocka_unit_test(failed),
		cmocka_unit_test(others),
		cmocka_unit_test(too_many),
		cmocka_unit_test(settled),
		cmocka_unit_test(json_and_back),
		cmocka_unit_test(broken_json),
		cmocka_unit_test(picture),
		cmocka_unit_test(odd_pictures),
		cmocka_unit_test(each_vf_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
