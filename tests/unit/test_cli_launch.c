// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: a QEMU that is slow to answer to "migrate", or never does. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupt.h"
#include "launch.h"
#include "pf.h"
#include "unit.h"

static char path[] = "/tmp/test-launch-XXXXXX/qmp";
static int stop_fd;

/* What the QEMU of a test does with "migrate" */
enum manner {
	ANSWERS,
	REFUSES,
	ANSWERS_AFTER_CANCEL,	/* ^C comes while it thinks */
	REFUSES_AFTER_CANCEL,
	ANSWERS_LATE,		/* without ^C */
	NEVER,
	CLOSES,
};

/* Exit status of such a QEMU: has it been told to cancel? */
enum { NOT_CANCELLED, CANCELLED };

static void answer(FILE *f, long id, bool good)
{
	if (good)
		fprintf(f, "{\"return\": {}, \"id\": %ld}\n", id);
	else
		fprintf(f, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, "
			"\"id\": %ld}\n", id);
	fflush(f);
}

static void qemu(int fd, enum manner manner)
{
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	int status = NOT_CANCELLED;
	long migrate = 0, id;
	char line[512];

	/* Who asked may have gone with the first of two answers. */
	signal(SIGPIPE, SIG_IGN);
	fprintf(out, "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 10, \"minor\": 0, "
		"\"micro\": 13}}, \"capabilities\": []}}\n");
	fflush(out);
	while (fgets(line, sizeof(line), in)) {
		id = strtol(strstr(line, "\"id\":") + 5, NULL, 10);
		if (strstr(line, "\"migrate_cancel\"")) {
			status = CANCELLED;
			if (manner != NEVER)
				answer(out, migrate, manner != REFUSES_AFTER_CANCEL);
			if (manner == NEVER)
				kill(getppid(), SIGINT);	/* again */
			else
				answer(out, id, true);
		} else if (strstr(line, "\"migrate\"")) {
			migrate = id;
			if (manner == CLOSES)
				break;
			if (manner == ANSWERS || manner == REFUSES)
				answer(out, id, manner == ANSWERS);
			else if (manner != ANSWERS_LATE)
				kill(getppid(), SIGINT);
		} else {
			answer(out, id, true);
		}
	}
	_exit(status);
}

static int listener(int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static pid_t start(enum manner manner)
{
	int fd = listener(1);
	pid_t pid = fork();

	if (!pid)
		qemu(accept(fd, NULL, NULL), manner);
	close(fd);
	return pid;
}

/* What becomes of a migration that such a QEMU is asked for */
static int launched(enum manner manner, uint64_t limit_ns, struct launch *ret, int *ret_qemu)
{
	struct qmp *qmp;
	pid_t pid = start(manner);
	int r, status;

	assert_int_equal(qmp_open(path, stop_fd, &qmp), 0);
	assert_string_equal(qmp_version(qmp), "10.0.13");
	r = launch_migration(qmp, "tcp:b:4444", limit_ns, ret);
	qmp_close(qmp);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*ret_qemu = WEXITSTATUS(status);
	interrupt_take();
	return r;
}

static void answers(void **state)
{
	struct launch l;
	int qemu_was;

	(void)state;
	assert_int_equal(launched(ANSWERS, UINT64_MAX, &l, &qemu_was), 0);
	assert_true(l.sent && !l.stopped && qemu_was == NOT_CANCELLED);
	assert_int_equal(launched(REFUSES, UINT64_MAX, &l, &qemu_was), -EREMOTEIO);
	assert_true(!l.stopped && qemu_was == NOT_CANCELLED);
}

/* ^C before the answer: QEMU has the command all the same, so it has to be called off. */
static void interrupted_is_cancelled(void **state)
{
	struct launch l;
	int qemu_was;

	(void)state;
	assert_int_equal(launched(ANSWERS_AFTER_CANCEL, UINT64_MAX, &l, &qemu_was), 0);
	assert_true(l.sent && l.stopped && !l.timed_out && qemu_was == CANCELLED);
	assert_int_equal(launched(REFUSES_AFTER_CANCEL, UINT64_MAX, &l, &qemu_was), -EREMOTEIO);
	assert_true(l.stopped && qemu_was == CANCELLED);
}

static void time_is_over(void **state)
{
	struct launch l;
	int qemu_was;

	(void)state;
	assert_int_equal(launched(ANSWERS_LATE, from_now_ns(50), &l, &qemu_was), 0);
	assert_true(l.sent && l.stopped && l.timed_out && !l.mute && qemu_was == CANCELLED);
}

/* Neither ^C is lost, and nobody claims to know. */
static void interrupted_twice(void **state)
{
	struct launch l;
	int qemu_was;

	(void)state;
	assert_int_equal(launched(NEVER, UINT64_MAX, &l, &qemu_was), -ECANCELED);
	assert_true(l.sent && l.stopped && qemu_was == CANCELLED);
}

static void closed(void **state)
{
	struct launch l;
	int qemu_was;

	(void)state;
	assert_int_equal(launched(CLOSES, UINT64_MAX, &l, &qemu_was), -EPIPE);
	assert_true(l.sent && !l.stopped);
}

/* A socket that nobody takes connections from: ^C ends it, and so does time. */
static void nobody_accepts(void **state)
{
	int fd = listener(0), first, i;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t begin = now_ns();
	struct qmp *qmp;
	pid_t pid;

	(void)state;
	strcpy(address.sun_path, path);
	for (i = 0; i < 2; i++) {
		first = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(first, (struct sockaddr *)&address, sizeof(address));
	}
	pid = fork();
	if (!pid) {
		poll(NULL, 0, 300);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	assert_int_equal(qmp_open(path, stop_fd, &qmp), -EINTR);
	qmp_close(qmp);
	waitpid(pid, NULL, 0);
	assert_true(interrupt_take());
	assert_int_equal(qmp_open(path, stop_fd, &qmp), -ETIMEDOUT);
	assert_non_null(strstr(qmp_reason(qmp), "in time"));
	qmp_close(qmp);
	assert_true(now_ns() - begin < 2ull * QMP_ANSWER_MS * 1000000);
	close(fd);
}

static int make(void **state)
{
	(void)state;
	path[strlen(path) - 4] = '\0';
	assert_non_null(mkdtemp(path));
	path[strlen(path)] = '/';
	stop_fd = interrupt_begin();
	return stop_fd < 0;
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	path[strlen(path) - 4] = '\0';
	return rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(interrupted_is_cancelled),
		cmocka_unit_test(time_is_over),
		cmocka_unit_test(interrupted_twice),
		cmocka_unit_test(closed),
		cmocka_unit_test(nobody_accepts),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
