/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's programs: each executable file in a directory, in the order of
 * their names, with the event as argument. They run beside us, one after another; one
 * that takes too long is killed with all that it started, and the next one's turn comes.
 * Nothing that it started outlives it, also if it has left its session.
 */
#ifndef VFERRYD_HOOKS_H
#define VFERRYD_HOOKS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

enum hook_end {
	HOOK_EXITED,	/* status: exit status */
	HOOK_KILLED,	/* status: signal */
	HOOK_TIMEOUT,	/* by us, after its time limit */
	HOOK_FAILED,	/* could not be started; status: errno */
};

/**
 * struct hooks_run - what to run, and for what
 * @dir: directory
 * @argument: event: "migrate", "suspend", "resume", "cancel"
 * @environment: NAME=value strings, NULL at the end; beside PATH alone
 * @timeout_us: for each program
 * @ended: called for each program that has ended, with its environment
 * @arg: its argument
 *
 * Nothing of it is kept but @ended and @arg, which must stay valid until all programs
 * have ended.
 */
struct hooks_run {
	const char *dir;
	const char *argument;
	const char *const *environment;
	uint64_t timeout_us;
	void (*ended)(const char *name, const char *argument, enum hook_end end, int status,
		      uint64_t took_us, char *const *environment, void *arg);
	void *arg;
};

/* Start the first one. Returns the number of programs, or -errno. */
int hooks_start(sd_event *event, const struct hooks_run *run);

/* Is any of them still to end? */
bool hooks_run_still(void);

/* Number of programs that would run. Names that begin with a dot or end with ~ do not. */
int hooks_count(const char *dir);

/* Kill what runs, start nothing any more. For the end of the daemon. */
void hooks_stop_all(void);

#endif
