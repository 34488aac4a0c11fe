// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: libvirt's daemon, for which libvirt's own test driver stands in. */
#include <libvirt/libvirt.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "unit.h"

extern const struct conn_verbs vferry_conn_verbs;

#define verbs	(&vferry_conn_verbs)

/* It is quiet after two seconds; a clock may be read a little earlier. */
#define QUIET_MS	1900

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* By somebody else */
static void define(virConnect *other, const char *xml)
{
	virDomain *domain = virDomainDefineXML(other, xml);

	assert_non_null(domain);
	virDomainFree(domain);
}

/* The test driver's only domain is the next of which something is heard. */
static void expect_next(struct conn *c)
{
	char uuid[CONN_UUID], *name;

	assert_int_equal(verbs->next(c, uuid), 0);
	assert_int_equal(verbs->settled(c, uuid, &name), 1);
	assert_string_equal(name, "test");
	free(name);
}

/* Each guest has its time of quiet, also one that is heard of while another is looked after. */
static void each_has_its_quiet(void **state)
{
	virConnect *other = virConnectOpen("test:///default");
	struct conn *c;
	int64_t began;
	char *xml;

	(void)state;
	assert_non_null(other);
	assert_int_equal(verbs->open("test:///default", &c), 0);
	assert_int_equal(verbs->xml(c, "test", CONN_SECRET, &xml), 0);
	define(other, xml);
	expect_next(c);
	began = now_ms();
	assert_int_equal(verbs->define(c, "test", xml, xml), 0);
	expect_next(c);
	assert_true(now_ms() - began >= QUIET_MS);

	free(xml);
	verbs->close(c);
	virConnectClose(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_quiet),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
