// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vferryctl: what the guest's agent knows. See vferryctl(8). Who asks may be root, the agent has
 * less rights: what it says is cleaned.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "cleanup.h"
#include "control.h"
#include "driver.h"
#include "program.h"
#include "text.h"

#define RUNTIME_DIR	"/run/vferryd"
#define ANSWER_S	10

/* Exit statuses; vferryctl(8) has them too. */
enum { GOOD = 0, PROBLEMS = 1, USAGE = 2, UNREACHABLE = 3, UNWRITTEN = 4 };

/* Why not: for people, or as an object for programs. Returns the status. */
__attribute__((format(printf, 3, 4)))
static int fail(bool as_json, int status, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	json_t *o;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!as_json) {
		text_print(stderr, "vferryctl: %s\n", text ? text : "out of memory");
		return status;
	}
	o = json_pack("{s:o}", "error", text_json(text ? text : "out of memory"));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(o);
	return status;
}

static const char *text_of(json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static long long number_of(json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static bool true_of(json_t *o, const char *name)
{
	return json_is_true(json_object_get(o, name));
}

static void print_time(long long ns)
{
	time_t seconds = ns / 1000000000;
	struct tm tm;
	char buf[32];

	localtime_r(&seconds, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s.%03lld", buf, ns / 1000000 % 1000);
}

static void print_migration(json_t *m)
{
	json_t *a = json_object_get(m, "announcements"), *n = json_object_get(m, "neighbours");
	json_t *named, *one;
	size_t i;

	print_time(number_of(m, "begun_ns"));
	text_print(stdout, "  %s  %s  %s, mode %s%s\n", text_of(m, "vf"), text_of(m, "migration"),
		   text_of(m, "outcome"), text_of(m, "mode"),
		   true_of(m, "agent_restarted") ? ", agent was started in its middle" : "");
	if (json_object_get(m, "suspended_ns"))
		printf("    suspend %lld us (%lld us of it for the agent), agent %lld us later\n",
		       number_of(m, "suspend_us"), number_of(m, "heard_us"),
		       number_of(m, "agent_suspend_us"));
	if (json_object_get(m, "resumed_ns"))
		printf("    resume %lld us, first announcement %lld us later\n",
		       number_of(m, "resume_us"), number_of(m, "agent_resume_us"));
	if (json_object_get(m, "first_rx_us"))
		printf("    first frame received after %lld us\n", number_of(m, "first_rx_us"));
	printf("    %lld addresses, %lld announcements sent, %lld proved, %lld failed\n",
	       number_of(a, "addresses"), number_of(a, "sent"), number_of(a, "proved"),
	       number_of(a, "failed"));
	if (number_of(n, "asked"))
		printf("    %lld gateways and neighbours asked, %lld answered, %lld with another MAC\n",
		       number_of(n, "asked"), number_of(n, "answered"), number_of(n, "moved"));
	if (true_of(m, "checked"))
		printf("    configuration %s after %lld us, %lld repairs\n",
		       number_of(m, "remaining") ? "differs" : "is as it was",
		       number_of(m, "verify_us"), number_of(m, "repaired"));
	named = json_object_get(m, "differences");
	json_array_foreach(named, i, one)
		text_print(stdout, "      %s\n", json_string_value(one));
}

static int print_status(json_t *answer)
{
	json_t *vfs = json_object_get(answer, "vfs"), *vf;
	size_t i;

	if (!json_array_size(vfs))
		printf("no VF of vferry_vf\n");
	json_array_foreach(vfs, i, vf) {
		text_print(stdout, "%s  %s  %s, mode %s, ", text_of(vf, "vf"), text_of(vf, "pci"),
			   text_of(vf, "state"), text_of(vf, "mode"));
		if (true_of(vf, "migratable"))
			printf("can be migrated\n");
		else
			text_print(stdout, "cannot be migrated: %s\n", text_of(vf, "reason"));
		if (json_object_get(vf, "migration"))
			print_migration(json_object_get(vf, "migration"));
	}
	printf("%lld migrations since the agent was started\n", number_of(answer, "migrations"));
	return GOOD;
}

static int print_history(json_t *answer)
{
	json_t *list = json_object_get(answer, "history"), *m;
	size_t i;

	json_array_foreach(list, i, m)
		print_migration(m);
	return GOOD;
}

static int print_check(json_t *answer)
{
	json_t *list = json_object_get(answer, "problems"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		text_print(stdout, "%s\n", json_string_value(one));
	if (!json_array_size(list))
		printf("%lld VFs, %lld hooks: all is well\n", number_of(answer, "vfs"),
		       number_of(answer, "hooks"));
	return GOOD;
}

static int print_event(json_t *event)
{
	if (json_object_get(event, "MESSAGE"))
		text_print(stdout, "%s\n", text_of(event, "MESSAGE"));
	fflush(stdout);
	return GOOD;
}

static const struct {
	const char *name;
	int (*print)(json_t *answer);
} commands[] = {
	{ "status", print_status },
	{ "history", print_history },
	{ "watch", print_event },
	{ "check", print_check },
};

static int connect_to(const char *runtime_dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTROL_NAME,
		     runtime_dir) >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* What an answer means for a script. */
static int status_of(json_t *answer)
{
	if (json_object_get(answer, "error"))
		return true_of(answer, "busy") ? UNREACHABLE : USAGE;
	return json_array_size(json_object_get(answer, "problems")) ? PROBLEMS : GOOD;
}

static int show(json_t *answer, bool as_json, int (*print)(json_t *answer))
{
	int r = status_of(answer);

	if (as_json) {
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		fflush(stdout);
	} else {
		print(answer);
	}
	json_decref(answer);
	return r;
}

static int one_answer(char *line, bool as_json, int (*print)(json_t *answer))
{
	json_t *answer = json_loads(line, 0, NULL), *more;
	int r;

	if (!answer)
		return fail(as_json, UNREACHABLE, "the agent's answer is not understood");
	if (json_object_get(answer, "error") && !as_json) {
		fail(as_json, 0, "the agent: %s", text_of(answer, "error"));
		r = status_of(answer);
		json_decref(answer);
		return r;
	}
	/* The agent's sandbox has no /lib/modules. */
	if (print == print_check && (more = driver_problems())) {
		json_array_extend(json_object_get(answer, "problems"), more);
		json_decref(more);
	}
	return show(answer, as_json, print);
}

/* Where there is no agent: perhaps because no VF has the driver that it is started by */
static int check_without_agent(bool as_json)
{
	json_t *problems = driver_problems();

	if (!json_array_size(problems)) {
		json_decref(problems);
		return UNREACHABLE;
	}
	return show(json_pack("{s:i, s:i, s:o}", "vfs", 0, "hooks", 0, "problems", problems),
		    as_json, print_check);
}

static void say(int fd, const char *command)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "%s\n", command);

	send(fd, line, (size_t)len, MSG_NOSIGNAL);
}

static int talk(int fd, const char *command, bool as_json, int (*print)(json_t *answer))
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	bool watch = !strcmp(command, "watch");
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *line = NULL;
	int r = UNREACHABLE;
	size_t size = 0;

	/* Only who watches waits for ever. */
	if (!watch)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	file = fdopen(fd, "r");
	if (!file)
		return fail(as_json, UNREACHABLE, "%s", strerror(errno));
	/* An agent that has no time for us has said so, and is gone. */
	say(fd, command);
	while (getline(&line, &size, file) > 0) {
		r = one_answer(line, as_json, print);
		/* an agent that is busy says so, and nothing more */
		if (!watch || ferror(stdout) || r == UNREACHABLE)
			return r;
	}
	return fail(as_json, UNREACHABLE, "the agent %s", watch ? "has ended" : "does not answer");
}

#define COMMANDS	"status, history, watch or check"

static int help(void)
{
	fputs("usage: vferryctl [OPTION...] COMMAND\n"
	      "  status          each VF, and the migration that goes on\n"
	      "  history         the last migrations\n"
	      "  watch           what goes on, as it happens\n"
	      "  check           what would keep the agent from its work\n"
	      "  --json          for programs: JSON objects, one on a line\n"
	      "  --runtime DIR   where the agent's socket is, instead of " RUNTIME_DIR "\n"
	      "  --help\n"
	      "  --version\n", stdout);
	return GOOD;
}

/* The command's number, or -1: it is said what is wrong. */
static int find_command(int argc, char **argv, bool as_json)
{
	size_t i;

	if (optind == argc) {
		fail(as_json, 0, "a command is missing: " COMMANDS);
		return -1;
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[optind], commands[i].name))
			break;
	if (i == ARRAY_SIZE(commands))
		fail(as_json, 0, "\"%s\" is no command: " COMMANDS, argv[optind]);
	else if (optind < argc - 1)
		fail(as_json, 0, "%s: \"%s\" is one word too many", argv[optind],
		     argv[optind + 1]);
	else
		return (int)i;
	return -1;
}

static int run(const char *runtime_dir, int command, bool as_json)
{
	int fd = connect_to(runtime_dir), r;

	if (fd < 0 && commands[command].print == print_check) {
		r = check_without_agent(as_json);
		if (r != UNREACHABLE)
			return r;
	}
	if (fd < 0)
		return fail(as_json, UNREACHABLE, "vferryd is not reached: %s/" CONTROL_NAME ": %s",
			    runtime_dir, strerror(-fd));
	return talk(fd, commands[command].name, as_json, commands[command].print);
}

/* What could not be written was not answered. */
static int written(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "vferryctl: standard output: %s\n", strerror(errno));
	return UNWRITTEN;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	const char *runtime_dir = RUNTIME_DIR;
	bool as_json = false;
	int c, command;

	while ((c = getopt_long(argc, argv, "jr:hV", options, NULL)) >= 0) {
		switch (c) {
		case 'j':
			as_json = true;
			break;
		case 'r':
			runtime_dir = optarg;
			break;
		case 'h':
			return written(help());
		case 'V':
			fputs(PROGRAM_VERSION("vferryctl"), stdout);
			return written(GOOD);
		default:
			fputs("Try 'vferryctl --help'.\n", stderr);
			return USAGE;
		}
	}
	command = find_command(argc, argv, as_json);
	return written(command < 0 ? USAGE : run(runtime_dir, command, as_json));
}
