// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: libvirt's daemon, for which libvirt's own test driver stands in. */
#include <dirent.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
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

static int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A daemon that ends each connection: its process */
static pid_t start_daemon(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	while (!pid)
		close(accept(fd, NULL, NULL));
	close(fd);
	return pid;
}

/* Tried for hours, connecting leaves no files behind. */
static void nothing_is_left(void **state)
{
	char path[] = "/tmp/test-conn-XXXXXX/sock", uri[64];
	struct conn *c;
	int i, had = 0;
	pid_t pid;

	(void)state;
	*strrchr(path, '/') = '\0';
	assert_non_null(mkdtemp(path));
	path[strlen(path)] = '/';
	pid = start_daemon(path);
	snprintf(uri, sizeof(uri), "test+unix:///default?socket=%s", path);
	for (i = 0; i < 6; i++) {
		assert_int_equal(verbs->open(uri, &c), -ENOTCONN);
		verbs->close(c);
		if (!i)
			had = count_files();
	}
	assert_int_equal(count_files(), had);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_quiet),
		cmocka_unit_test(nothing_is_left),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
