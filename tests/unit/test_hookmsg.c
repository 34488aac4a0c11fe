// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: what root's hooks are told, by somebody who is not root. */
#include <stdio.h>

#include "hookmsg.h"
#include "unit.h"

static const char *parse(const char *text, size_t len, const char **ret)
{
	static char buf[HOOKMSG_MAX + 1];

	memcpy(buf, text, len);
	return hookmsg_parse(buf, len, "resume", ret);
}

static void there_and_back(void **state)
{
	static const char *const environment[] = {
		"VFERRY_VF=eth0.100", "VFERRY_PCI=0000:01:10.0",
		"VFERRY_MIGRATION=0123456789abcdef", "VFERRY_MODE=detach", "VFERRY_EVENT=resume",
		"VFERRY_ARRIVED=1", NULL,
	};
	const char *got[HOOKMSG_LINES + 1];
	char buf[HOOKMSG_MAX];
	size_t len, i;

	(void)state;
	len = hookmsg_build(buf, environment);
	assert_null(parse(buf, len, got));
	for (i = 0; environment[i]; i++)
		assert_string_equal(got[i], environment[i]);
	assert_null(got[i]);
}

static void refused(void **state)
{
	static const char *const wrong[] = {
		"", "\n", "VFERRY_EVENT=resume", "VFERRY_EVENT=suspend\n", "VFERRY_VF=eth0\n",
		"VFERRY_EVENT=resume\nLD_PRELOAD=/tmp/x.so\n", "VFERRY_EVENT=resume\nPATH=/tmp\n",
		"VFERRY_EVENT=resume\nVFERRY_VF=$(id)\n", "VFERRY_EVENT=resume\nVFERRY_VF=a b\n",
		"VFERRY_EVENT=resume\nVFERRY_VF=a/b\n", "VFERRY_EVENT=resume\nVFERRY_ZZZ=1\n",
		"VFERRY_EVENT=resume\n\n",
	};
	const char *got[HOOKMSG_LINES + 1];
	char many[400] = "VFERRY_EVENT=resume\n";
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		assert_non_null(parse(wrong[i], strlen(wrong[i]), got));
	assert_non_null(parse("VFERRY_EVENT=resume\n\0\n", 22, got));
	for (i = 0; i < HOOKMSG_LINES; i++)
		strcat(many, "VFERRY_ARRIVED=1\n");
	assert_non_null(parse(many, strlen(many), got));
}

static void too_long(void **state)
{
	char value[HOOKMSG_MAX], buf[HOOKMSG_MAX];
	const char *environment[] = { value, NULL };

	(void)state;
	memset(value, 'a', sizeof(value));
	value[sizeof(value) - 1] = 0;
	assert_int_equal(hookmsg_build(buf, environment), sizeof(value));
	environment[1] = NULL;
	{
		const char *two[] = { value, "b", NULL };

		assert_int_equal(hookmsg_build(buf, two), 0);
	}
	assert_true(hookmsg_event("cancel"));
	assert_false(hookmsg_event("../cancel"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(refused),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests_name("messages for root's hooks", tests, NULL, NULL);
}
