// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: vferryd.conf. */
#include <errno.h>
#include <stdio.h>

#include "config.h"
#include "unit.h"

static struct config parsed(const char *text)
{
	char error[CONFIG_ERROR] = "";
	struct config config;

	config_init(&config);
	if (config_parse(&config, text, error))
		fail_msg("%s", error);
	return config;
}

static void nothing_said(void **state)
{
	struct config config = parsed("");
	struct settings s = config_for(&config, "eth0");

	(void)state;
	assert_int_equal(s.mode, CONFIG_DETACH);
	assert_false(s.repair);
	assert_false(s.hear);
	assert_true(s.announce);
	assert_int_equal(s.announce_rounds, 5);
	assert_int_equal(s.announce_initial_ms, 50);
	assert_int_equal(s.announce_step_ms, 100);
	assert_true(s.hooks);
}

static void sections(void **state)
{
	struct config config = parsed(
		"# a comment\n"
		"[default]\n"
		"announce_rounds = 3	; and another\n"
		"repair=yes\n"
		"\n"
		"[interface eth*]\n"
		"mode = down\n"
		"announce_rounds = 7\n"
		"[interface eth1]\n"
		"mode = detach\n"
		"repair = no\n");
	struct settings s;

	(void)state;
	s = config_for(&config, "lan0");
	assert_int_equal(s.mode, CONFIG_DETACH);
	assert_int_equal(s.announce_rounds, 3);
	assert_true(s.repair);
	s = config_for(&config, "eth0");
	assert_int_equal(s.mode, CONFIG_DOWN);
	assert_int_equal(s.announce_rounds, 7);
	assert_true(s.repair);
	/* The later section wins, where it says something. */
	s = config_for(&config, "eth1");
	assert_int_equal(s.mode, CONFIG_DETACH);
	assert_int_equal(s.announce_rounds, 7);
	assert_false(s.repair);
}

/* What the file says last counts, and what it does not say later stays. */
static void section_said_twice(void **state)
{
	struct config config = parsed("[interface a]\nmode=down\nrepair=yes\n[default]\nhear=yes\n"
				      "[interface a]\nmode=detach\n");
	struct settings s = config_for(&config, "a");

	(void)state;
	assert_int_equal(config.count, 1);
	assert_int_equal(s.mode, CONFIG_DETACH);
	assert_true(s.repair);
	assert_true(s.hear);
}

static void errors_say_where_and_why(void **state)
{
	static const struct {
		const char *text, *error;
	} wrong[] = {
		{ "[default]\nmode=sideways\n",
		  "line 2: mode: \"sideways\" is neither \"detach\" nor \"down\"" },
		{ "[default]\nrepair=1\n", "line 2: repair: \"1\" is neither \"no\" nor \"yes\"" },
		{ "[default]\n\nannounce_rounds=0\n",
		  "line 3: announce_rounds: 0 is not between 1 and 20" },
		{ "[default]\nannounce_rounds=21\n",
		  "line 2: announce_rounds: 21 is not between 1 and 20" },
		{ "[default]\nannounce_rounds=99999999999999999999\n",
		  "line 2: announce_rounds: 99999999999999999999 is not between 1 and 20" },
		{ "[default]\nannounce_rounds=-1\n",
		  "line 2: announce_rounds: \"-1\" is no number" },
		{ "[default]\nhook_timeout_ms=5s\n",
		  "line 2: hook_timeout_ms: \"5s\" is no number" },
		{ "[default]\nhook_timeout_ms=\n", "line 2: hook_timeout_ms: \"\" is no number" },
		{ "[default]\nmodus=down\n", "line 2: modus: no such setting" },
		{ "mode=down\n", "line 1: a setting before the first section" },
		{ "[eth0]\nmode=down\n", "line 2: [eth0]: neither [default] nor [interface NAME]" },
		{ "[interface ]\nmode=down\n", "line 2: [interface ]: not a name of an interface" },
		{ "[interface a b]\nmode=down\n",
		  "line 2: [interface a b]: not a name of an interface" },
		{ "[default]\nmode down\n",
		  "line 2: neither a section nor \"name = value\"" },
		{ "[default\n", "line 1: neither a section nor \"name = value\"" },
		/* the first one counts */
		{ "[default]\nmode=x\nrepair=x\n",
		  "line 2: mode: \"x\" is neither \"detach\" nor \"down\"" },
	};
	char error[CONFIG_ERROR];
	struct config config;
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++) {
		config_init(&config);
		assert_int_equal(config_parse(&config, wrong[i].text, error), -EINVAL);
		assert_string_equal(error, wrong[i].error);
	}
}

static void too_many_sections(void **state)
{
	char text[CONFIG_SECTIONS * 32 + 32] = "", error[CONFIG_ERROR];
	struct config config;
	int i;

	(void)state;
	for (i = 0; i < CONFIG_SECTIONS; i++)
		sprintf(text + strlen(text), "[interface a%d]\nmode=down\n", i);
	config_init(&config);
	assert_int_equal(config_parse(&config, text, error), 0);
	strcat(text, "[interface b]\nmode=down\n");
	config_init(&config);
	assert_int_equal(config_parse(&config, text, error), -EINVAL);
	assert_string_equal(error, "line 66: more than 32 sections");
}

/* The file that is installed says what is built in. */
static void installed_file(void **state)
{
	char error[CONFIG_ERROR] = "";
	struct config config, built_in;
	struct settings a, b;

	(void)state;
	config_init(&built_in);
	config_init(&config);
	assert_int_equal(config_load(&config, TOP "/agent/vferryd.conf", error), 0);
	a = config_for(&config, "eth0");
	b = config_for(&built_in, "eth0");
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(config_load(&config, TOP "/agent/no-such-file", error), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(sections),
		cmocka_unit_test(section_said_twice),
		cmocka_unit_test(errors_say_where_and_why),
		cmocka_unit_test(too_many_sections),
		cmocka_unit_test(installed_file),
	};

	return cmocka_run_group_tests_name("vferryd.conf", tests, NULL, NULL);
}
