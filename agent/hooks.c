// SPDX-License-Identifier: GPL-2.0-or-later
/* The administrator's programs. See hooks.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "clock.h"
#include "hooks.h"

#define SWEEP_US	10000
#define SWEEPS		500	/* one may be in the kernel, and not end for some time */
#define DEPTH		16	/* of children's children */
#define PATH_VARIABLE	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * struct chain - the programs of one event
 * @prev, @next: all chains that are not over
 * @paths: what is left to be run, in order; @at is the one that runs
 * @pid: of that one; it leads a session of its own
 * @timed_out: it was killed by us
 */
struct chain {
	struct chain *prev, *next;
	sd_event *event;
	sd_event_source *child, *timer;
	char **paths;
	size_t count, at;
	char *argument;
	char **environment;
	pid_t pid;
	uint64_t started_us, timeout_us;
	bool timed_out;
	void (*ended)(const char *name, const char *argument, enum hook_end end, int status,
		      uint64_t took_us, char *const *environment, void *arg);
	void *arg;
};

static struct chain *chains;

/* Kills what has left its session, until nothing is left. */
static struct {
	sd_event_source *source;
	unsigned int rounds;
} sweeper;

static void free_strings(char **strings)
{
	size_t i;

	for (i = 0; strings && strings[i]; i++)
		free(strings[i]);
	free(strings);
}

static void chain_free(struct chain *c)
{
	if (!c)
		return;
	if (c->prev)
		c->prev->next = c->next;
	else if (chains == c)
		chains = c->next;
	if (c->next)
		c->next->prev = c->prev;
	sd_event_source_disable_unref(c->child);
	sd_event_source_disable_unref(c->timer);
	free_strings(c->paths);
	free_strings(c->environment);
	free(c->argument);
	free(c);
}

DEFINE_CLEANUP(struct chain *, chain_free);
DEFINE_CLEANUP(char **, free_strings);

/* -- which */

static int wanted(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && entry->d_name[len - 1] != '~';
}

static bool executable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Paths of all programs, NULL at the end; their number, or -errno. */
static int find_programs(const char *dir, char ***ret)
{
	_cleanup_(free_stringsp) char **paths = NULL;
	struct dirent **entries;
	int i, n, count = 0;

	n = scandir(dir, &entries, wanted, alphasort);
	if (n < 0 && errno != ENOENT)
		return -errno;
	n = n < 0 ? 0 : n;
	paths = calloc((size_t)n + 1, sizeof(*paths));
	for (i = 0; i < n; i++) {
		if (paths && asprintf(&paths[count], "%s/%s", dir, entries[i]->d_name) >= 0) {
			if (executable(paths[count])) {
				count++;
			} else {
				free(paths[count]);
				paths[count] = NULL;
			}
		}
		free(entries[i]);
	}
	if (n)
		free(entries);
	if (!paths)
		return -ENOMEM;
	*ret = TAKE_PTR(paths);
	return count;
}

int hooks_count(const char *dir)
{
	_cleanup_(free_stringsp) char **paths = NULL;

	return find_programs(dir, &paths);
}

/* -- running */

static void start_next(struct chain *c);

static void tell(struct chain *c, enum hook_end end, int status)
{
	const char *name = strrchr(c->paths[c->at], '/') + 1;

	c->ended(name, c->argument, end, status, clock_monotonic_us() - c->started_us, c->environment,
		 c->arg);
}

static bool any_runs(void)
{
	struct chain *c;

	for (c = chains; c; c = c->next)
		if (c->child)
			return true;
	return false;
}

/* Kill all children of a thread with all of theirs; returns how many it had. */
static unsigned int kill_children(const char *thread, unsigned int depth)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	unsigned int count = 0;
	int pid;

	if (depth > DEPTH || asprintf(&path, "/proc/%s/children", thread) < 0)
		return 0;
	file = fopen(path, "re");
	for (; file && fscanf(file, "%d", &pid) == 1; count++) {
		char theirs[48];

		snprintf(theirs, sizeof(theirs), "%d/task/%d", pid, pid);
		kill_children(theirs, depth + 1);
		kill(pid, SIGKILL);
	}
	return count;
}

/*
 * What has left the session of a program that has ended is our child, since we are a
 * subreaper. While a program runs, it may be its own, and has time until that ends.
 * Returns whether some are still there.
 */
static bool kill_strays(void)
{
	bool some;

	if (any_runs())
		return false;
	some = kill_children("thread-self", 0);
	while (some && waitpid(-1, NULL, WNOHANG) > 0)
		;
	return some;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	(void)arg;
	if (kill_strays() && ++sweeper.rounds < SWEEPS) {
		sd_event_source_set_time_relative(source, SWEEP_US);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	} else {
		sweeper.source = sd_event_source_disable_unref(sweeper.source);
	}
	return 0;
}

static void sweep(sd_event *event)
{
	sweeper.rounds = 0;
	if (kill_strays() && !sweeper.source)
		sd_event_add_time_relative(event, &sweeper.source, CLOCK_MONOTONIC, SWEEP_US, 1000,
					   on_sweep, NULL);
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *arg)
{
	struct chain *c = arg;

	(void)source;
	c->child = sd_event_source_disable_unref(c->child);
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	/* What it left behind goes with it, in its session or not. */
	kill(-c->pid, SIGKILL);
	sweep(c->event);
	if (c->timed_out)
		tell(c, HOOK_TIMEOUT, 0);
	else if (info->si_code == CLD_EXITED)
		tell(c, HOOK_EXITED, info->si_status);
	else
		tell(c, HOOK_KILLED, info->si_status);
	c->at++;
	start_next(c);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
	struct chain *c = arg;

	(void)source;
	(void)usec;
	c->timed_out = true;
	kill(-c->pid, SIGKILL);
	kill(c->pid, SIGKILL);
	return 0;
}

/* In a session of its own, with default signals, standard input from nowhere. */
static int spawn(struct chain *c)
{
	char *argv[] = { c->paths[c->at], c->argument, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, every;
	int r;

	sigemptyset(&none);
	sigfillset(&every);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &every);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
					POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	/* Whatever a library has opened. */
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	r = posix_spawn(&c->pid, argv[0], &actions, &attr, argv, c->environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -r;
}

static int start_one(struct chain *c)
{
	int r;

	c->started_us = clock_monotonic_us();
	c->timed_out = false;
	r = spawn(c);
	if (r < 0)
		return r;
	r = sd_event_add_child(c->event, &c->child, c->pid, WEXITED, on_child, c);
	if (r < 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		return r;
	}
	sd_event_source_set_time(c->timer, c->started_us + c->timeout_us);
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
	return 0;
}

static void start_next(struct chain *c)
{
	int r;

	for (; c->at < c->count; c->at++) {
		r = start_one(c);
		if (!r)
			return;
		tell(c, HOOK_FAILED, -r);
	}
	chain_free(c);
}

static char **copy_environment(const char *const *strings)
{
	_cleanup_(free_stringsp) char **copy = NULL;
	size_t n = 0, i;

	while (strings[n])
		n++;
	copy = calloc(n + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	for (i = 0; i <= n; i++) {
		copy[i] = strdup(i < n ? strings[i] : PATH_VARIABLE);
		if (!copy[i])
			return NULL;
	}
	return TAKE_PTR(copy);
}

int hooks_start(sd_event *event, const struct hooks_run *run)
{
	_cleanup_(chain_freep) struct chain *c = calloc(1, sizeof(*c));
	int r, count;

	if (!c)
		return -ENOMEM;
	count = find_programs(run->dir, &c->paths);
	if (count <= 0)
		return count;
	c->event = event;
	c->count = (size_t)count;
	c->timeout_us = run->timeout_us;
	c->ended = run->ended;
	c->arg = run->arg;
	c->argument = strdup(run->argument);
	c->environment = copy_environment(run->environment);
	if (!c->argument || !c->environment)
		return -ENOMEM;
	r = sd_event_add_time(event, &c->timer, CLOCK_MONOTONIC, 0, 1000, on_timeout, c);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	c->next = chains;
	if (chains)
		chains->prev = c;
	chains = c;
	start_next(TAKE_PTR(c));
	return count;
}

bool hooks_run_still(void)
{
	return chains;
}

void hooks_stop_all(void)
{
	while (chains) {
		struct chain *c = chains;

		if (c->child) {
			kill(-c->pid, SIGKILL);
			c->child = sd_event_source_disable_unref(c->child);
			waitpid(c->pid, NULL, 0);
		}
		chain_free(c);
	}
	sweeper.source = sd_event_source_disable_unref(sweeper.source);
	kill_strays();
}
