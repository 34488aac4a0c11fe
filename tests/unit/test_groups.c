// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: multicast groups from the kernel's text, as Linux 6.18 writes it. */
#include <arpa/inet.h>

#include "groups.h"
#include "unit.h"

static const char igmp[] =
	"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
	"1\tlo        :     1      V3\n"
	"\t\t\t\t010000E0     1 0:00000000\t\t0\n"
	"3\tv0        :     3      V2\n"
	"\t\t\t\t030201EF     1 0:00000000\t\t0\n"
	"\t\t\t\t040201EF     1 0:00000000\t\t0\n"
	"\t\t\t\t010000E0     1 0:00000000\t\t0\n"
	"12\tv0.100    :     1      V3\n"
	"\t\t\t\tFB0000E0     2 0:00000000\t\t0\n";

static const char igmp6[] =
	"1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
	"1    lo              ff010000000000000000000000000001     1 00000008 0\n"
	"3    v0              ff050000000000000000000000000123     1 00000004 0\n"
	"3    v0              ff0200000000000000000001ff000001     1 00000004 0\n"
	"3    v0              ff020000000000000000000000000001     1 0000000C 0\n"
	"3    v0              ff010000000000000000000000000001     1 00000008 0\n";

static void ipv4(void **state)
{
	static const struct {
		uint32_t ifindex;
		unsigned int version;
		const char *address;
	} want[] = {
		{ 3, 2, "239.1.2.3" }, { 3, 2, "239.1.2.4" }, { 12, 3, "224.0.0.251" },
	};
	struct groups groups = {};
	unsigned int i;

	(void)state;
	assert_int_equal(groups_parse_igmp(&groups, igmp), 0);
	assert_int_equal(groups.count, COUNT(want));
	for (i = 0; i < COUNT(want); i++) {
		assert_int_equal(groups.list[i].family, AF_INET);
		assert_int_equal(groups.list[i].ifindex, want[i].ifindex);
		assert_int_equal(groups.list[i].version, want[i].version);
		assert_string_equal(inet_ntoa(groups.list[i].address.in), want[i].address);
	}
	groups_free(&groups);
}

static void ipv6(void **state)
{
	static const char *const want[] = { "ff05::123", "ff02::1:ff00:1" };
	struct groups groups = {};
	char text[64];
	unsigned int i;

	(void)state;
	assert_int_equal(groups_parse_igmp6(&groups, igmp6), 0);
	assert_int_equal(groups.count, COUNT(want));
	for (i = 0; i < COUNT(want); i++) {
		assert_int_equal(groups.list[i].family, AF_INET6);
		assert_int_equal(groups.list[i].ifindex, 3);
		inet_ntop(AF_INET6, &groups.list[i].address.in6, text, sizeof(text));
		assert_string_equal(text, want[i]);
	}
	groups_free(&groups);
}

/* Text that is cut anywhere gives what was before the cut, and nothing else. */
static void cut_text(void **state)
{
	struct groups groups = {};
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(igmp); len++) {
		char *copy = strndup(igmp, len);

		assert_int_equal(groups_parse_igmp(&groups, copy), 0);
		assert_int_equal(groups_parse_igmp6(&groups, copy), 0);
		assert_true(groups.count <= 3);
		groups_free(&groups);
		free(copy);
	}
	for (len = 0; len < sizeof(igmp6); len++) {
		char *copy = strndup(igmp6, len);

		assert_int_equal(groups_parse_igmp6(&groups, copy), 0);
		assert_true(groups.count <= 2);
		groups_free(&groups);
		free(copy);
	}
}

/* A group without an interface, one that is none, one that is too short. */
static void odd_text(void **state)
{
	struct groups groups = {};

	(void)state;
	assert_int_equal(groups_parse_igmp(&groups, "\t\t\t\t030201EF     1 0:00000000\t\t0\n"), 0);
	assert_int_equal(groups_parse_igmp(&groups, "3\tv0 : 1 V3\n\t\t\t\t0302010A 1\n"), 0);
	assert_int_equal(groups_parse_igmp6(&groups, "3 v0 ff05 1 0 0\n"), 0);
	assert_int_equal(groups_parse_igmp6(&groups,
			 "3 v0 fd050000000000000000000000000123 1 0 0\n"), 0);
	assert_int_equal(groups_parse_igmp6(&groups,
			 "0 v0 ff050000000000000000000000000123 1 0 0\n"), 0);
	assert_int_equal(groups.count, 0);
	groups_free(&groups);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(cut_text),
		cmocka_unit_test(odd_text),
	};

	return cmocka_run_group_tests_name("multicast groups", tests, NULL, NULL);
}
