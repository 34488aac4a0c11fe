// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry history: the last migrations. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "cmd.h"
#include "journal.h"
#include "plot.h"
#include "options.h"
#include "say.h"

#define MAX_MOVES	1000

static const char help[] =
	"Usage: vferry history [OPTIONS] [MIGRATION]\n\n"
	"Migrations of this host's VFs, the newest first, from the journal (written by\n"
	"vferry-journal.service), and the timings that the PF driver keeps of the last one of each VF.\n"
	"With the first digits of a migration's id: that one, with its timeline.\n\n"
	"  -n, --lines=NUMBER   at most so many (10)\n"
	"      --plot=FILE.svg  draw the newest, or the one that is named\n"
	"  -j, --json           as JSON\n"
	"  -h, --help           this text\n";

/**
 * struct history - what is to be shown
 * @wanted: first digits of an id, "": all
 */
struct history {
	const char *wanted;
	const char *plot;
	int64_t lines;
	bool json;
};

static bool is_wanted(const struct history *h, uint64_t mig_id)
{
	char id[17];

	return !strncmp(mig_id_text(mig_id, id), h->wanted, strlen(h->wanted));
}

static void print_move(const struct move *move, bool whole)
{
	time_t seconds = move->begin_ns / 1000000000ull;
	int64_t rest = move_rest_us(move);
	char date[32] = "", id[17];
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s  %s  %s vf %u  %s%s%s", date, mig_id_text(move->mig_id, id), move->pf, move->vf,
	       paint(stdout, move->outcome == MOVE_FAILED ? PAINT_BAD : PAINT_GOOD),
	       move_outcome_name(move->outcome), paint(stdout, PAINT_OFF));
	if (rest >= 0)
		printf("  VF at rest for %.1f ms", rest / 1e3);
	if (move->reason[0])
		printf("  %s", move->reason);
	putchar('\n');
	if (whole)
		move_print(move, stdout);
}

static void print_us(const char *name, int64_t us)
{
	if (us >= 0)
		printf("  %s %.2f ms", name, us / 1e3);
}

static void print_last(const struct vf_info *vf)
{
	const struct last_move *last = &vf->last;
	char id[17];

	printf("%-20s %s  %s vf %u", "last here", mig_id_text(last->mig_id, id), vf->ifname, vf->vf);
	print_us("MIGRATE", last->migrate_us);
	print_us("SUSPEND", last->suspend_us);
	print_us("in the guest", last->guest_suspend_us);
	print_us("at rest", last->suspended_us);
	print_us("RESUME", last->resume_us);
	print_us("in the guest", last->guest_resume_us);
	printf("  %u pages\n", last->pages);
}

static int plot(const struct history *h, const struct move *moves, size_t count)
{
	_cleanup_fclose_ FILE *f = NULL;
	size_t i;

	for (i = 0; i < count && !is_wanted(h, moves[i].mig_id); i++)
		;
	if (i == count) {
		say("there is no such migration in the journal");
		return STATUS_NO;
	}
	f = fopen(h->plot, "we");
	if (!f || plot_svg(&moves[i], f) < 0 || fflush(f)) {
		say("%s: %s", h->plot, strerror(errno));
		return STATUS_CANNOT;
	}
	return STATUS_OK;
}

static int show_json(const struct history *h, const struct move *moves, size_t count,
		     const struct vf_info *vfs, size_t vf_count)
{
	json_t *all = json_array(), *last = json_array();
	int status = STATUS_OK;
	size_t i;

	for (i = 0; i < count; i++)
		if (is_wanted(h, moves[i].mig_id))
			json_array_append_new(all, move_json(&moves[i]));
	for (i = 0; i < vf_count; i++)
		if (vfs[i].last.mig_id && is_wanted(h, vfs[i].last.mig_id))
			json_array_append_new(last, vf_json(&vfs[i]));
	if (h->wanted[0] && !json_array_size(all) && !json_array_size(last))
		status = STATUS_NO;
	return say_json(json_pack("{s:o, s:o}", "migrations", all, "last", last)) ?: status;
}

static int show(const struct history *h, const struct move *moves, size_t count,
		const struct vf_info *vfs, size_t vf_count)
{
	size_t i, shown = 0;

	if (h->json)
		return show_json(h, moves, count, vfs, vf_count);
	for (i = 0; i < count; i++) {
		if (!is_wanted(h, moves[i].mig_id))
			continue;
		print_move(&moves[i], h->wanted[0]);
		shown++;
	}
	for (i = 0; i < vf_count; i++) {
		if (!vfs[i].last.mig_id || !is_wanted(h, vfs[i].last.mig_id))
			continue;
		print_last(&vfs[i]);
		shown++;
	}
	if (shown)
		return STATUS_OK;
	printf("no migration is known\n");
	return h->wanted[0] ? STATUS_NO : STATUS_OK;
}

static int history(const struct history *h)
{
	_cleanup_free_ struct vf_info *vfs = NULL;
	_cleanup_free_ struct move *moves = NULL;
	_cleanup_(pf_p) struct pf *pf = NULL;
	size_t vf_count = 0;
	int count, r;

	moves = calloc(h->wanted[0] ? MAX_MOVES : h->lines, sizeof(*moves));
	if (!moves)
		return STATUS_CANNOT;
	count = journal_read(moves, h->wanted[0] ? MAX_MOVES : h->lines);
	if (count == -EACCES) {
		say("the journal cannot be read by this user: run this as root, or as a member of the "
		    "group systemd-journal");
		return STATUS_CANNOT;
	}
	if (count < 0) {
		say("the journal cannot be read: %s", strerror(-count));
		count = 0;
	}
	if (h->plot)
		return plot(h, moves, count);

	/* without the driver there is still the journal */
	if (!pf_open(&pf)) {
		r = pf_dump(pf, &vfs, &vf_count);
		if (r < 0)
			return say_pf_error(pf, r, "history");
	}
	return show(h, moves, count, vfs, vf_count);
}

int cmd_history(int argc, char **argv)
{
	struct history h = { .wanted = "", .lines = 10 };
	const struct option_spec options[] = {
		{ "lines", 'n', OPTION_NUMBER, &h.lines, 1, MAX_MOVES, 0, "a number" },
		{ "plot", .kind = OPTION_TEXT, .ret = &h.plot, .what = "the name of a file" },
		{}
	};
	const struct command_line line = {
		.command = "history", .help = help, .options = options, .json = &h.json, .max = 1,
		.words = "one migration",
	};
	int r;

	r = options_read(&line, &argc, &argv);
	if (r != OPTIONS_GO_ON)
		return r;
	if (argc == 1)
		h.wanted = argv[0];
	if (h.wanted[strspn(h.wanted, "0123456789abcdef")]) {
		say("history: %s: not the first digits of a migration's id (0 to 9, a to f)",
		    h.wanted);
		return STATUS_USAGE;
	}
	return history(&h);
}
