// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vferryd-hook: runs hooks as root, each time that the agent tells of an event. Started by
 * vferryd-hook@EVENT.socket; what the hooks leave behind ends with the unit. See vferryd(8).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "cleanup.h"
#include "hookmsg.h"
#include "hooks.h"
#include "program.h"

#define ROOT_HOOKS_DIR	"/etc/vferry/root-hooks.d"
#define TIMEOUT_US	60000000	/* for each; the unit has one for all */

static bool failed;

static void on_end(const char *name, const char *argument, enum hook_end end, int status,
		   uint64_t took_us, char *const *environment, void *arg)
{
	(void)took_us;
	(void)environment;
	(void)arg;
	if (end == HOOK_EXITED && !status)
		return;
	failed = true;
	if (end == HOOK_EXITED)
		fprintf(stderr, "hook %s %s: exit status %d\n", name, argument, status);
	else if (end == HOOK_KILLED)
		fprintf(stderr, "hook %s %s: killed by signal %d\n", name, argument, status);
	else if (end == HOOK_TIMEOUT)
		fprintf(stderr, "hook %s %s: killed after its time limit\n", name, argument);
	else
		fprintf(stderr, "hook %s %s: cannot be started: %s\n", name, argument,
			strerror(status));
}

/* What another than root can write is not run as root. */
static int look_at(const char *dir)
{
	struct stat st;

	if (stat(dir, &st))
		return -errno;
	return st.st_uid || st.st_mode & 022 ? -EPERM : 0;
}

static int run(sd_event *event, const char *dir, const char *argument,
	       const char *const *environment)
{
	const struct hooks_run job = {
		.dir = dir,
		.argument = argument,
		.environment = environment,
		.timeout_us = TIMEOUT_US,
		.ended = on_end,
	};
	int r = look_at(dir);

	if (!r)
		r = hooks_start(event, &job);
	while (r >= 0 && hooks_run_still())
		r = sd_event_run(event, UINT64_MAX);
	return r < 0 ? r : 0;
}

/* All that is there: 0 or -errno. */
static int serve(sd_event *event, int fd, const char *dir, const char *argument)
{
	const char *environment[HOOKMSG_LINES + 1];
	char buf[HOOKMSG_MAX + 1];
	const char *why;
	ssize_t n;
	int r;

	while ((n = recv(fd, buf, HOOKMSG_MAX, MSG_DONTWAIT | MSG_TRUNC)) >= 0) {
		why = hookmsg_parse(buf, (size_t)n, argument, environment);
		if (why) {
			fprintf(stderr, "a message is refused: %s\n", why);
			failed = true;
			continue;
		}
		r = run(event, dir, argument, environment);
		if (r < 0)
			return r;
	}
	return errno == EAGAIN ? 0 : -errno;
}

static int start(const char *dir, const char *argument)
{
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	sigset_t mask;
	int r;

	if (sd_listen_fds(1) != 1) {
		fputs("vferryd-hook: started by its socket only\n", stderr);
		return 2;
	}
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	r = sd_event_new(&event);
	if (r >= 0)
		r = serve(event, SD_LISTEN_FDS_START, dir, argument);
	if (r < 0)
		fprintf(stderr, "vferryd-hook: %s: %s\n", dir, r == -EPERM ?
			"another than root can write to it" : strerror(-r));
	return r < 0 || failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	const char *dir = ROOT_HOOKS_DIR;
	int c;

	while ((c = getopt_long(argc, argv, "d:V", options, NULL)) >= 0) {
		switch (c) {
		case 'd':
			dir = optarg;
			break;
		case 'V':
			fputs(PROGRAM_VERSION("vferryd-hook"), stdout);
			return 0;
		default:
			return 2;
		}
	}
	if (optind != argc - 1 || !hookmsg_event(argv[optind])) {
		fputs("usage: vferryd-hook [--dir DIR] migrate|suspend|resume|cancel\n", stderr);
		return 2;
	}
	return start(dir, argv[optind]);
}
