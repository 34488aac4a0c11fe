// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: numbers that people write. */
#include <errno.h>

#include "number.h"
#include "unit.h"

static void good(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(number_read("0", 0, 10, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(number_read("007", 0, 10, &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(number_read("18446744073709551615", 0, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(number_read_bytes("12", 0, 100, &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(number_read_bytes("3G", 0, UINT64_MAX, &n), 0);
	assert_true(n == 3ull << 30);
	assert_int_equal(number_read_bytes("1T", 0, UINT64_MAX, &n), 0);
	assert_true(n == 1ull << 40);
}

static void bad(void **state)
{
	static const char *const none[] = {
		"", " 1", "1 ", "+1", "-1", "5x", "0x5", "1K", "1.5", "1e3", "\n", "K",
	};
	static const char *const no_bytes[] = { "", "K", "1k", "1KK", "1 K", "+1K", "-1G", "1.5G" };
	uint64_t n = 77;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(none); i++)
		assert_int_equal(number_read(none[i], 0, UINT64_MAX, &n), -EINVAL);
	for (i = 0; i < COUNT(no_bytes); i++)
		assert_int_equal(number_read_bytes(no_bytes[i], 0, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(number_read("11", 0, 10, &n), -ERANGE);
	assert_int_equal(number_read("0", 1, 10, &n), -ERANGE);
	assert_int_equal(number_read("4294967296", 0, 255, &n), -ERANGE);
	assert_int_equal(number_read("18446744073709551616", 0, UINT64_MAX, &n), -ERANGE);
	assert_int_equal(number_read_bytes("18014398509481984K", 0, UINT64_MAX, &n), -ERANGE);
	assert_int_equal(number_read_bytes("2K", 0, 2047, &n), -ERANGE);
	assert_int_equal(n, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
