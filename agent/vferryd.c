// SPDX-License-Identifier: GPL-2.0-or-later
/* vferryd: the guest's agent. See vferryd(8). */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "cleanup.h"
#include "manager.h"

#define CONFIG_FILE	"/etc/vferry/vferryd.conf"
#define HOOKS_DIR	"/etc/vferry/hooks.d"
#define RUNTIME_DIR	"/run/vferryd"

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

static void usage(FILE *to)
{
	fputs("usage: vferryd [--config FILE] [--hooks DIR] [--runtime DIR]\n", to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "hooks", required_argument, NULL, 'k' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct manager_paths paths = { CONFIG_FILE, HOOKS_DIR, RUNTIME_DIR };
	int c, r;

	while ((c = getopt_long(argc, argv, "c:k:r:h", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			paths.config = optarg;
			break;
		case 'k':
			paths.hooks = optarg;
			break;
		case 'r':
			paths.runtime = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	r = run(&paths);
	if (r < 0)
		fprintf(stderr, "vferryd: %s\n", strerror(-r));
	return r < 0 ? 1 : 0;
}
