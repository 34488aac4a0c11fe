// SPDX-License-Identifier: GPL-2.0-or-later
/* vferryd: the guest's agent. See vferryd(8). */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "cleanup.h"
#include "manager.h"
#include "program.h"
#include "runtime.h"

#define CONFIG_FILE	"/etc/vferry/vferryd.conf"
#define HOOKS_DIR	"/etc/vferry/hooks.d"
#define RUNTIME_DIR	"/run/vferryd"

/* Exit statuses; vferryd(8) has them too. */
enum { FAILED = 1, USAGE = 2 };

DEFINE_CLEANUP(struct manager *, manager_free);

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct timespec now;

	(void)source;
	(void)info;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   now.tv_sec * 1000000ull + (unsigned long long)now.tv_nsec / 1000);
	manager_reload(arg);
	sd_notify(0, "READY=1");
	return 0;
}

static int run(const struct manager_paths *paths)
{
	_cleanup_(manager_freep) struct manager *manager = NULL;
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);

	r = sd_event_new(&event);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = manager_new(event, paths, &manager);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGHUP, on_reload, manager);
	if (r < 0)
		return r;
	sd_notify(0, "READY=1\nSTATUS=No migration so far");
	r = sd_event_loop(event);
	sd_notify(0, "STOPPING=1");
	return r;
}

static int usage(void)
{
	fputs("Try 'vferryd --help'.\n", stderr);
	return USAGE;
}

static int help(void)
{
	fputs("usage: vferryd [OPTION...]\n"
	      "  --config FILE   settings, instead of " CONFIG_FILE "\n"
	      "  --hooks DIR     hooks, instead of " HOOKS_DIR "\n"
	      "  --runtime DIR   socket and snapshots, instead of " RUNTIME_DIR "\n"
	      "  --help\n"
	      "  --version\n", stdout);
	return 0;
}

/* Named on the command line: it has to be there. */
static bool is_there(const char *path, bool directory)
{
	struct stat st;
	int error = stat(path, &st) ? errno : directory && !S_ISDIR(st.st_mode) ? ENOTDIR : 0;

	if (error)
		fprintf(stderr, "vferryd: %s: %s\n", path, strerror(error));
	return !error;
}

static int start(const struct manager_paths *paths)
{
	char error[RUNTIME_ERROR] = "out of memory";
	_cleanup_close_ int lock = -1;
	int r;

	lock = runtime_lock(paths->runtime, error);
	if (lock < 0) {
		fprintf(stderr, "vferryd: %s\n", error);
		return FAILED;
	}
	r = run(paths);
	if (r < 0)
		fprintf(stderr, "vferryd: %s\n", strerror(-r));
	return r < 0 ? FAILED : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "hooks", required_argument, NULL, 'k' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	struct manager_paths paths = {
		.config = CONFIG_FILE, .hooks = HOOKS_DIR, .runtime = RUNTIME_DIR,
	};
	bool good = true;
	int c;

	while ((c = getopt_long(argc, argv, "c:k:r:hV", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			paths.config = optarg;
			paths.config_given = true;
			good = is_there(optarg, false) && good;
			break;
		case 'k':
			paths.hooks = optarg;
			good = is_there(optarg, true) && good;
			break;
		case 'r':
			paths.runtime = optarg;
			good = is_there(optarg, true) && good;
			break;
		case 'h':
			return help();
		case 'V':
			fputs(PROGRAM_VERSION("vferryd"), stdout);
			return 0;
		default:
			return usage();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vferryd: \"%s\": only options are expected\n", argv[optind]);
		return usage();
	}
	return good ? start(&paths) : USAGE;
}
