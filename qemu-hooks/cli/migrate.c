// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry migrate: migrate a guest of plain QEMU, with its progress. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "check.h"
#include "cleanup.h"
#include "cmd.h"
#include "facts.h"
#include "interrupt.h"
#include "launch.h"
#include "moves.h"
#include "progress.h"
#include "qmp.h"
#include "options.h"
#include "say.h"
#include "text.h"

#define MAX_VFS		8
#define POLL_MS		100
#define LATE_MS		500	/* events that are still on their way at the end */

static const char help[] =
	"Usage: vferry migrate [OPTIONS] --qmp=SOCKET URI\n\n"
	"Migrates the guest of the QEMU behind a QMP socket to the QEMU that awaits it at\n"
	"URI (as tcp:HOST:PORT). Checks first, shows the progress, and ends with the timeline\n"
	"and the downtime. ^C cancels the migration, and says where the guest is.\n\n"
	"      --qmp=SOCKET         path of the socket, or tcp:HOST:PORT\n"
	"      --vf=VF              the guest's VF, if it cannot be found out\n"
	"      --bandwidth=BYTES    a second, with K, M, G or T; 0: no limit (as QEMU has it)\n"
	"      --downtime-limit=MS  (as QEMU has it)\n"
	"      --timeout=SECONDS    cancel if it takes longer\n"
	"      --no-check           begin even if a check does not pass\n"
	"  -j, --json               the result as JSON\n"
	"  -h, --help               this text\n";

/**
 * struct wish - what was asked for
 *
 * -1: not set
 */
struct wish {
	const char *qmp;
	const char *uri;
	const char *vf;
	int64_t bandwidth;
	int64_t downtime_ms;
	int64_t timeout_s;
	bool no_check;
	bool json;
};

/**
 * struct run - one migration
 * @stop_fd: ^C
 * @stopped: ^C has come, or the time is over
 * @timed_out: it was the time
 * @mute: QEMU did not say whether it has begun
 * @phase: shown last, where there is no terminal
 */
struct run {
	const struct wish *wish;
	struct qmp *qmp;
	struct pf *pf;
	struct target vfs[MAX_VFS];
	int vf_count;
	struct moves moves;
	struct progress progress;
	uint64_t begin_ns;
	int stop_fd;
	bool stopped;
	bool timed_out;
	bool mute;
	const char *phase;
};

static int nothing_begun(const char *why)
{
	say("%s: nothing was begun, the guest is where it was", why);
	return STATUS_STOPPED;
}

static int qmp_failed(const struct run *run, int err)
{
	if (err == -EINTR)
		return nothing_begun("interrupted");
	say("%s: %s", run->wish->qmp, run->qmp ? qmp_reason(run->qmp) : strerror(-err));
	return err == -EREMOTEIO ? STATUS_NO : STATUS_CANNOT;
}

/* VFs that somebody's virtual machine holds; for a QEMU whose process is not known */
static int held_vfs(struct pf *pf, struct target *ret, int max)
{
	_cleanup_free_ struct vf_info *vfs = NULL;
	struct target at;
	size_t count = 0, i;
	int n = 0, r;

	r = pf_dump(pf, &vfs, &count);
	if (r < 0)
		return r;
	for (i = 0; i < count && n < max; i++)
		if (vfs[i].held && !target_find(vfs[i].vf_pci, &at))
			ret[n++] = at;
	return n;
}

static int find_vfs(struct run *run)
{
	int pid = qmp_peer(run->qmp), n;

	if (run->wish->vf) {
		run->vf_count = 1;
		return need_vf(run->wish->vf, &run->vfs[0]);
	}
	n = pid ? vfs_of_process(pid, run->vfs, MAX_VFS) : 0;
	if (n > 0) {
		run->vf_count = n;
		return STATUS_OK;
	}
	/* -daemonize changes the process; a TCP socket has none */
	n = held_vfs(run->pf, run->vfs, MAX_VFS);
	if (n == 1) {
		run->vf_count = 1;
		return STATUS_OK;
	}
	say(n > 1 ? "which of the VFs is this guest's? Use --vf" :
	    "this QEMU uses no VF of vferry_pf");
	return n > 1 ? STATUS_USAGE : STATUS_CANNOT;
}

static int check(struct run *run)
{
	_cleanup_json_ json_t *facts = facts_here();
	_cleanup_free_ struct checks *checks = calloc(1, sizeof(*checks));
	int i;

	if (!facts || !checks)
		return STATUS_CANNOT;
	/* the one that runs, not the one that is installed */
	json_object_set_new(facts, "qemu", json_string(qmp_version(run->qmp)));
	for (i = 0; i < run->vf_count; i++)
		check_here(&run->vfs[i], facts, checks);
	if (interrupt_take())
		return nothing_begun("interrupted");
	if (checks_pass(checks))
		return STATUS_OK;
	checks_print(checks, stderr, false);
	if (run->wish->no_check)
		return STATUS_OK;
	say("nothing was begun, the guest is where it was (--no-check begins all the same)");
	return STATUS_NO;
}

static int set_parameters(struct run *run)
{
	json_t *parameters = json_object();

	if (run->wish->bandwidth >= 0)
		json_object_set_new(parameters, "max-bandwidth",
				    json_integer(run->wish->bandwidth));
	if (run->wish->downtime_ms >= 0)
		json_object_set_new(parameters, "downtime-limit",
				    json_integer(run->wish->downtime_ms));
	if (!json_object_size(parameters)) {
		json_decref(parameters);
		return 0;
	}
	return qmp_call(run->qmp, "migrate-set-parameters", parameters, NULL);
}

/* 0: QEMU has it, or may have it; otherwise an exit status. *ret_err: as of follow() */
static int begin(struct run *run, int *ret_err)
{
	const struct wish *wish = run->wish;
	struct launch launch;
	int r;

	r = set_parameters(run);
	if (r < 0)
		return qmp_failed(run, r);
	run->begin_ns = now_ns();
	*ret_err = launch_migration(run->qmp, wish->uri, wish->timeout_s < 0 ? UINT64_MAX :
				    run->begin_ns + wish->timeout_s * 1000000000ull, &launch);
	run->stopped = launch.stopped;
	run->timed_out = launch.timed_out;
	run->mute = launch.mute;
	if (*ret_err == -EREMOTEIO && launch.stopped && !launch.timed_out)
		return nothing_begun("interrupted");
	return *ret_err == -EREMOTEIO || !launch.sent ? qmp_failed(run, *ret_err) : STATUS_OK;
}

static unsigned int terminal_width(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 20 ? size.ws_col - 1 : 79;
}

static void show(struct run *run)
{
	const char *phase = progress_phase(&run->progress);
	char line[512];

	if (run->wish->json)
		return;
	run->progress.seconds = (now_ns() - run->begin_ns) / 1e9;
	if (isatty(STDERR_FILENO)) {
		progress_line(&run->progress, terminal_width(), line, sizeof(line));
		fprintf(stderr, "\r%s\033[K", line);
	} else if (phase != run->phase) {
		progress_line(&run->progress, sizeof(line) - 1, line, sizeof(line));
		fprintf(stderr, "%s\n", line);
	}
	run->phase = phase;
}

static bool is_ours(const struct run *run, const struct vf_event *event)
{
	int i;

	for (i = 0; i < run->vf_count; i++)
		if (event->ifindex == run->vfs[i].ifindex && event->vf == (uint32_t)run->vfs[i].vf)
			return true;
	return false;
}

/* Events that have come. The last state is what the progress shows. */
static void take_events(struct run *run)
{
	struct vf_event event;
	bool ended;
	int r;

	while ((r = pf_next_event(run->pf, &event))) {
		if (r == -ENOBUFS || r == -ERESTART) {
			moves_lost(&run->moves);
			continue;
		}
		if (r < 0)
			return;
		if (!is_ours(run, &event))
			continue;
		moves_add(&run->moves, &event, &ended);
		if (event.event == VFERRY_PF_EVENT_STATE)
			run->progress.vf_state = event.state;
	}
}

static int ask(struct run *run)
{
	_cleanup_json_ json_t *value = NULL;
	int r = qmp_call(run->qmp, "query-migrate", NULL, &value);

	if (r < 0)
		return r;
	return qmp_migration_read(value, &run->progress.migration);
}

/* ^C, or the time is over: 0, or an error of QMP */
static int look_for_stop(struct run *run)
{
	const struct wish *wish = run->wish;
	bool again = interrupt_take();
	int r;

	if (!run->stopped && !again && wish->timeout_s >= 0 &&
	    now_ns() - run->begin_ns > (uint64_t)wish->timeout_s * 1000000000ull)
		run->timed_out = again = true;
	if (!again)
		return 0;
	if (run->stopped)
		return -ECANCELED;
	run->stopped = true;
	r = qmp_call(run->qmp, "migrate_cancel", NULL, NULL);
	return r == -EINTR ? 0 : r;
}

/* Up to the end: 0; -EPIPE and the like: QEMU does not answer; -ECANCELED: ^C twice */
static int follow(struct run *run)
{
	struct pollfd p[] = {
		{ .fd = qmp_fd(run->qmp), .events = POLLIN },
		{ .fd = pf_fd(run->pf), .events = POLLIN },
		{ .fd = run->stop_fd, .events = POLLIN },
	};
	uint64_t next_ask = now_ns(), now;
	int r;

	for (;;) {
		now = now_ns();
		poll(p, 3, now < next_ask ? (next_ask - now) / 1000000 + 1 : 0);
		take_events(run);
		if (p[0].revents) {
			r = qmp_drain(run->qmp);
			if (r < 0)
				return r;
		}
		r = look_for_stop(run);
		if (r < 0)
			return r;
		if (now_ns() >= next_ask) {
			r = ask(run);
			if (r == -EINTR)
				continue;
			if (r < 0)
				return r;
			next_ask = from_now_ns(POLL_MS);
		}
		show(run);
		if (qmp_status_is_final(run->progress.migration.status))
			return 0;
	}
}

/* The last events of a guest that has left, or stays. */
static void take_late_events(struct run *run)
{
	uint64_t until = from_now_ns(LATE_MS);
	struct vf_event event;
	bool ended = false;

	while (!ended && pf_wait_event(run->pf, until, &event) > 0)
		if (is_ours(run, &event)) {
			moves_add(&run->moves, &event, &ended);
			ended |= event.event == VFERRY_PF_EVENT_PHASE &&
				 event.phase == VFERRY_PF_PHASE_SAVED;
		}
	take_events(run);
}

/* "running", "paused", …; "": QEMU does not say. To be freed */
static char *guest_status(struct run *run)
{
	_cleanup_json_ json_t *value = NULL;
	char text[QMP_TEXT] = "";

	if (!qmp_call(run->qmp, "query-status", NULL, &value))
		text_clean(text, sizeof(text),
			   json_string_value(json_object_get(value, "status")));
	return strdup(text);
}

/**
 * struct ending - what is to be said at the end
 * @result: "completed", "cancelled", "failed", "unknown"
 * @where: "there", "here", "unknown"
 * @reason: "": none
 */
struct ending {
	const char *result;
	const char *where;
	char reason[QMP_TEXT + MSG_REASON + 8];
	int status;
};

/* What the PF driver said, if it was what stopped it */
static const char *driver_reason(const struct run *run);

static struct ending ending_of(struct run *run, int err)
{
	const struct qmp_migration *m = &run->progress.migration;
	struct ending e = { .result = qmp_status_name(m->status), .where = "here" };
	const char *why = driver_reason(run);

	if (err) {
		e = (struct ending) { "unknown", "unknown", "", STATUS_CANNOT };
		snprintf(e.reason, sizeof(e.reason), "%s", err == -ECANCELED ?
			 "interrupted while cancelling" : qmp_reason(run->qmp));
		return e;
	}
	if (m->status == QMP_MIG_COMPLETED) {
		e.where = "there";
		e.status = STATUS_OK;
		if (run->stopped)
			snprintf(e.reason, sizeof(e.reason), "too late to be cancelled");
		return e;
	}
	e.status = run->stopped && !run->timed_out && !run->mute ? STATUS_STOPPED : STATUS_NO;
	if (run->timed_out)
		snprintf(e.reason, sizeof(e.reason), "not done within %" PRId64 " s",
			 run->wish->timeout_s);
	else if (run->mute)
		snprintf(e.reason, sizeof(e.reason), "QEMU did not say within %d s whether it has "
			 "begun", QMP_ANSWER_MS / 1000);
	else if (m->status == QMP_MIG_FAILED)
		snprintf(e.reason, sizeof(e.reason), "%s%s%s", m->error,
			 *m->error && *why ? "; " : "", why);
	return e;
}

/* The moves of our VFs; NULL: nothing was heard of */
static const struct move *move_of(const struct run *run, int i)
{
	return moves_get(&run->moves, run->vfs[i].ifindex, run->vfs[i].vf);
}

static const char *driver_reason(const struct run *run)
{
	int i;

	for (i = 0; i < run->vf_count; i++)
		if (move_of(run, i) && move_of(run, i)->reason[0])
			return move_of(run, i)->reason;
	return "";
}

static json_t *result_json(const struct run *run, const struct ending *e, const char *guest)
{
	const struct qmp_migration *m = &run->progress.migration;
	const struct { const char *key; json_int_t value; } figures[] = {
		{ "total_ms", m->total_ms },
		{ "downtime_ms", m->status == QMP_MIG_COMPLETED ? m->downtime_ms : -1 },
		{ "transferred_bytes", m->transferred },
		{ "device_bytes", m->device_bytes },
		{ "rounds", m->round },
	};
	json_t *moves = json_array(), *j;
	size_t k;
	int i;

	for (i = 0; i < run->vf_count; i++)
		if (move_of(run, i))
			json_array_append_new(moves, move_json(move_of(run, i)));
	j = json_pack("{s:s, s:s, s:o, s:o}", "result", e->result, "where", e->where,
		      "uri", text_json(run->wish->uri), "migrations", moves);
	if (j && e->reason[0])
		json_object_set_new(j, "reason", json_string(e->reason));
	if (j && *guest)
		json_object_set_new(j, "guest", json_string(guest));
	for (k = 0; j && k < sizeof(figures) / sizeof(figures[0]); k++)
		if (figures[k].value >= 0)
			json_object_set_new(j, figures[k].key, json_integer(figures[k].value));
	return j;
}

static void print_result(const struct run *run, const struct ending *e, const char *guest)
{
	const struct qmp_migration *m = &run->progress.migration;
	char bytes[32];
	int i;

	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	for (i = 0; i < run->vf_count; i++)
		if (move_of(run, i))
			move_print(move_of(run, i), stdout);
	printf("%s%s%s", paint(stdout, e->status == STATUS_OK ? PAINT_GOOD : PAINT_BAD), e->result,
	       paint(stdout, PAINT_OFF));
	if (m->total_ms >= 0 && strcmp(e->where, "unknown"))
		printf(" after %.1f s", m->total_ms / 1e3);
	if (e->reason[0])
		printf(": %s", e->reason);
	if (!strcmp(e->where, "there"))
		printf("\nThe guest is at %s. Its virtual machine was stopped for %lld ms; %s were sent",
		       run->wish->uri, (long long)m->downtime_ms, bytes_text(m->transferred, bytes));
	else if (!strcmp(e->where, "here"))
		printf("\nThe guest is here%s%s", *guest ? ", " : "", guest);
	else
		printf("\nWhere the guest is cannot be told from here: look at %s", run->wish->uri);
	printf(".\n");
}

static int finish(struct run *run, int err)
{
	_cleanup_free_ char *guest = NULL;
	struct ending e;

	if (!err)
		take_late_events(run);
	else
		take_events(run);
	e = ending_of(run, err);
	/* what runs there is not this QEMU's to say */
	guest = !err && !strcmp(e.where, "here") ? guest_status(run) : strdup("");
	if (!guest)
		return STATUS_CANNOT;
	if (run->wish->json)
		return say_json(result_json(run, &e, guest)) ?: e.status;
	print_result(run, &e, guest);
	return e.status;
}

static int migrate(struct run *run)
{
	int r, err = 0;

	r = pf_open(&run->pf);
	if (r < 0)
		return say_pf_error(NULL, r, "migrate");
	r = qmp_open(run->wish->qmp, run->stop_fd, &run->qmp);
	if (r < 0)
		return qmp_failed(run, r);
	r = find_vfs(run);
	if (r == STATUS_OK)
		r = check(run);
	if (r != STATUS_OK)
		return r;
	r = pf_subscribe(run->pf, 0);
	if (r < 0)
		return say_pf_error(run->pf, r, "migrate");
	r = begin(run, &err);
	if (r != STATUS_OK)
		return r;
	return finish(run, err ? err : follow(run));
}

int cmd_migrate(int argc, char **argv)
{
	struct wish wish = { .bandwidth = -1, .downtime_ms = -1, .timeout_s = -1 };
	const struct option_spec options[] = {
		{ "qmp", .kind = OPTION_TEXT, .ret = &wish.qmp, .what = "a socket" },
		{ "vf", .kind = OPTION_TEXT, .ret = &wish.vf, .what = "a VF" },
		{ "bandwidth", .kind = OPTION_BYTES, .ret = &wish.bandwidth, .max = INT64_MAX,
		  .what = "a number of bytes (K, M, G, T)" },
		{ "downtime-limit", .kind = OPTION_NUMBER, .ret = &wish.downtime_ms, .max = 2000000,
		  .what = "a number of milliseconds" },
		{ "timeout", .kind = OPTION_NUMBER, .ret = &wish.timeout_s, .max = 1000000,
		  .what = "a number of seconds" },
		{ "no-check", .kind = OPTION_FLAG, .ret = &wish.no_check },
		{}
	};
	const struct command_line line = {
		.command = "migrate", .help = help, .options = options, .json = &wish.json,
		.min = 1, .max = 1, .words = "the URI where QEMU awaits the guest, as tcp:HOST:PORT",
	};
	struct run run = { .wish = &wish };
	int r;

	r = options_read(&line, &argc, &argv);
	if (r != OPTIONS_GO_ON)
		return r;
	if (!wish.qmp) {
		say("migrate: --qmp=SOCKET is missing: the QMP socket of the guest's QEMU; "
		    "see vferry migrate --help");
		return STATUS_USAGE;
	}
	wish.uri = argv[0];

	run.stop_fd = interrupt_begin();
	if (run.stop_fd < 0) {
		say("signals: %s", strerror(-run.stop_fd));
		return STATUS_CANNOT;
	}
	r = migrate(&run);
	moves_free(&run.moves);
	qmp_close(run.qmp);
	pf_close(run.pf);
	return r;
}
