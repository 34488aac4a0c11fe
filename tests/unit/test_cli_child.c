// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: programs that are run, and what they say to a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "pf.h"
#include "text.h"
#include "unit.h"

static bool is_hasty;

/* If it is, what is waited for half a minute is waited for a moment. */
#define MOMENT_MS	300

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

uint64_t from_now_ns(unsigned int ms)
{
	return now_ns() + (ms == CHILD_MS && is_hasty ? MOMENT_MS : ms) * 1000000ull;
}

static int own_stderr;

/* Standard error is a file, to be read by said(). */
static void listen_in(void)
{
	char path[] = "/tmp/test_cli_child-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	fflush(stderr);
	own_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static const char *said(void)
{
	static char buf[1 << 20];
	ssize_t n;

	fflush(stderr);
	n = pread(STDERR_FILENO, buf, sizeof(buf) - 1, 0);
	dup2(own_stderr, STDERR_FILENO);
	close(own_stderr);
	assert_true(n >= 0);
	buf[n] = '\0';
	return buf;
}

/* Run a script of sh; its exit status. *ret_output is to be freed. */
static int run(const char *script, char **ret_output)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct child child;

	assert_int_equal(child_start(&child, argv), 0);
	return child_finish(&child, ret_output);
}

static void errors_are_cleaned(void **state)
{
	char *output;
	int status;

	(void)state;
	listen_in();
	status = run("printf 'one \\033[2J\\302\\233x\\r\\ntwo\\a \\377\\n\\nthree' >&2; "
		     "printf '\\033out'; exit 3", &output);
	assert_string_equal(said(), "one ?[2J?x\ntwo? ?\n\nthree\n");
	assert_int_equal(status, 3);
	/* what a program reads is left as it is */
	assert_string_equal(output, "\033out");
	free(output);
}

/* Neither pipe has room for all of it. */
static void much_of_both(void **state)
{
	char *output;
	const char *text;
	int status;

	(void)state;
	listen_in();
	status = run("i=0; while [ $i -lt 5000 ]; do echo 0123456789012345678901234567890123456789; "
		     "echo error-$i >&2; i=$((i + 1)); done; printf '%3000s|' x >&2", &output);
	text = said();
	assert_int_equal(status, 0);
	assert_int_equal(strlen(output), 5000 * 41);
	assert_memory_equal(text, "error-0\nerror-1\n", 16);
	assert_non_null(strstr(text, "\nerror-4999\n"));
	assert_non_null(strstr(text, "x|\n"));
	free(output);
}

/* As with ssh, whose connection others share. */
static void errors_held_open(void **state)
{
	char *output;
	int status;

	(void)state;
	listen_in();
	status = run("sleep 100 >/dev/null & echo $!; echo last >&2", &output);
	assert_string_equal(said(), "last\n");
	assert_int_equal(status, 0);
	assert_true(atoi(output) > 0);
	kill(atoi(output), SIGKILL);
	free(output);
}

static void line_by_line(void **state)
{
	const char *argv[] = { "sh", "-c", "echo heard >&2; echo ready; read x; echo got $x", NULL };
	struct child child;
	char line[32];
	char *output;

	(void)state;
	listen_in();
	assert_int_equal(child_start(&child, argv), 0);
	assert_int_equal(child_line(&child, line, sizeof(line), 10000), 5);
	assert_string_equal(line, "ready");
	assert_int_equal(child_line(&child, line, sizeof(line), 50), -ETIMEDOUT);
	assert_int_equal(child_finish(&child, &output), 0);
	assert_string_equal(said(), "heard\n");
	assert_string_equal(output, "got\n");
	free(output);
}

/* Standard error goes to /dev/null, for what is too much to be kept; until unheard(false). */
static void unheard(bool is_so)
{
	int fd = is_so ? open("/dev/null", O_WRONLY) : own_stderr;

	fflush(stderr);
	if (is_so)
		own_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	is_hasty = is_so;
}

/* Another host's errors without end do not take the deadline away. */
static void errors_without_end(void **state)
{
	const char *argv[] = { "sh", "-c", "yes >&2; :", NULL };
	struct child child;
	char line[32];
	int r, status;

	(void)state;
	unheard(true);
	assert_int_equal(child_start(&child, argv), 0);
	r = child_line(&child, line, sizeof(line), 50);
	status = child_finish(&child, NULL);
	unheard(false);
	assert_int_equal(r, -ETIMEDOUT);
	assert_int_equal(status, -ETIMEDOUT);
}

/* Nor do they, and it goes on, when it has no output any more. */
static void no_end_after_output(void **state)
{
	static const char *const scripts[] = {
		"echo all; exec >&-; exec yes >&2", "echo all; exec sleep 100 >&- 2>&-",
	};
	char *output;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < COUNT(scripts); i++) {
		unheard(true);
		r = run(scripts[i], &output);
		unheard(false);
		assert_int_equal(r, -ETIMEDOUT);
		assert_string_equal(output, "all\n");
		free(output);
	}
}

/* More than a pipe has room for, after the end of its output */
static void errors_after_output(void **state)
{
	const char *text;
	int status;

	(void)state;
	listen_in();
	status = run("exec >&-; i=0; while [ $i -lt 20000 ]; do echo error-$i >&2; i=$((i + 1)); done; "
		     "exit 3", NULL);
	text = said();
	assert_int_equal(status, 3);
	assert_non_null(strstr(text, "\nerror-19999\n"));
}

static void no_such_program(void **state)
{
	const char *argv[] = { "/nosuch\033[2J", NULL };
	struct child child;
	int status;

	(void)state;
	listen_in();
	assert_int_equal(child_start(&child, argv), 0);
	status = child_finish(&child, NULL);
	assert_string_equal(said(), "vferry: /nosuch?[2J: No such file or directory\n");
	assert_int_equal(status, CHILD_CANNOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_cleaned),
		cmocka_unit_test(much_of_both),
		cmocka_unit_test(errors_held_open),
		cmocka_unit_test(line_by_line),
		cmocka_unit_test(errors_without_end),
		cmocka_unit_test(no_end_after_output),
		cmocka_unit_test(errors_after_output),
		cmocka_unit_test(no_such_program),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
