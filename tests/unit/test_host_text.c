// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: text of others, on its way to a terminal or to JSON. */
#include <stdio.h>

#include "text.h"
#include "unit.h"

static const struct {
	const char *text;
	const char *cleaned;
} cases[] = {
	{ "", "" },
	{ NULL, "" },
	{ "plain, 100% ~", "plain, 100% ~" },
	{ "wéb → 日本 \xf0\x9f\x98\x80", "wéb → 日本 \xf0\x9f\x98\x80" },
	{ "\033[2Jgone", "?[2Jgone" },
	{ "a\nb\tc\rd\x7f", "a?b?c?d?" },
	{ "C1: \xc2\x9b" "31m, \xc2\x9d" "0;title\xc2\x9c", "C1: ?31m, ?0;title?" },
	{ "8-bit C1: \x9b" "31m", "8-bit C1: ?31m" },
	{ "Latin-1: M\xfcller", "Latin-1: M?ller" },
	{ "cut: \xe2\x86", "cut: ??" },
	{ "overlong: \xc0\xaf \xe0\x80\xaf", "overlong: ?? ???" },
	{ "surrogate: \xed\xa0\x80", "surrogate: ???" },
	{ "too far: \xf4\x90\x80\x80", "too far: ????" },
	{ "backwards: \xe2\x80\xae" "exe.txt", "backwards: ?exe.txt" },
	{ "isolate: \xe2\x81\xa6" "x", "isolate: ?x" },
	{ "no-break\xc2\xa0space", "no-break\xc2\xa0space" },
};

static void cleaned(void **state)
{
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		text_clean(text, sizeof(text), cases[i].text);
		assert_string_equal(text, cases[i].cleaned);
		assert_true(text_is_clean(text));
		assert_int_equal(text_is_clean(cases[i].text ?: ""),
				 !strcmp(cases[i].text ?: "", cases[i].cleaned));
	}
}

static void in_place(void **state)
{
	char text[] = "é\033é\xff";

	(void)state;
	text_clean(text, sizeof(text), text);
	assert_string_equal(text, "é?é?");
}

/* Never half a character */
static void cut_off(void **state)
{
	const char *text = "ab→c";
	char small[8];
	size_t size;

	(void)state;
	for (size = 1; size <= sizeof(small); size++) {
		memset(small, 'x', sizeof(small));
		text_clean(small, size, text);
		assert_true(text_is_clean(small));
		assert_true(strlen(small) < size);
		assert_memory_equal(small, text, strlen(small));
	}
	text_clean(small, 5, text);
	assert_string_equal(small, "ab");
	text_clean(small, 6, text);
	assert_string_equal(small, "ab→");
}

static void as_json(void **state)
{
	json_t *j = text_json("M\xfcller\033");

	(void)state;
	assert_string_equal(json_string_value(j), "M?ller?");
	json_decref(j);
}

static void printed(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	text_print(f, "%s\t%d\n", "\033[31mred\xc2\x9b", 7);
	fclose(f);
	assert_string_equal(text, "?[31mred?\t7\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleaned),
		cmocka_unit_test(in_place),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(as_json),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
