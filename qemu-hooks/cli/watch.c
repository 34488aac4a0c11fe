// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry watch: what happens to VFs, as it happens. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "cmd.h"
#include "journal.h"
#include "moves.h"
#include "options.h"
#include "say.h"

static const char help[] =
	"Usage: vferry watch [OPTIONS] [PF|VF]\n\n"
	"Events of all VFs, or of those of one PF, or of one VF, until it is ended: time of\n"
	"day, milliseconds since the migration of this VF began, what has happened. If\n"
	"events come faster than they are read and some are lost, this is said, and all VFs are\n"
	"shown as they are then.\n\n"
	"      --journal        write an entry for each migration to the journal, print nothing\n"
	"      --buffer=BYTES   that may wait to be read (1048576)\n"
	"  -j, --json           a JSON object on each line\n"
	"  -h, --help           this text\n";

/**
 * struct watch - what is watched, and how it is shown
 * @only: if it has a name: only this PF or VF
 */
struct watch {
	struct target only;
	bool json;
	bool journal;
	struct moves moves;
};

/* Not by the number of the interface: a driver that is loaded anew has another. */
static bool wanted(const struct watch *w, const char *pf_pci, uint32_t vf)
{
	return !w->only.pf_pci[0] ||
	       (!strcmp(w->only.pf_pci, pf_pci) &&
		(w->only.vf < 0 || (uint32_t)w->only.vf == vf));
}

static void print_event(const struct vf_event *e, const struct move *move)
{
	time_t seconds = e->time_ns / 1000000000ull;
	char clock[16] = "", since[24] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	if (move && move->count && e->event != VFERRY_PF_EVENT_PONG &&
	    e->event != VFERRY_PF_EVENT_HELLO)
		snprintf(since, sizeof(since), "%.1f ms", move_ms(move, e->time_ns));
	printf("%s%s.%06" PRIu64 "%s %12s  %s vf %u  %-10s %s%s", paint(stdout, PAINT_DIM), clock,
	       e->time_ns / 1000 % 1000000, paint(stdout, PAINT_OFF), since, e->ifname, e->vf,
	       event_label(e), e->event == VFERRY_PF_EVENT_FAILED ? paint(stdout, PAINT_BAD) : "",
	       event_meaning(e));
	if (e->event == VFERRY_PF_EVENT_FAILED)
		fputs(paint(stdout, PAINT_OFF), stdout);
	if (e->guest_us >= 0)
		printf(" (%.2f ms in the guest)", e->guest_us / 1e3);
	putchar('\n');
}

static int show(struct watch *w, const struct vf_event *e)
{
	const struct move *move;
	json_t *j;
	bool ended;

	move = moves_add(&w->moves, e, &ended);
	if (!wanted(w, e->pf_pci, e->vf))
		return STATUS_OK;
	if (w->journal) {
		if (ended)
			journal_write(move);
		return STATUS_OK;
	}
	if (!w->json) {
		print_event(e, move);
		fflush(stdout);
		return ferror(stdout) ? STATUS_CANNOT : STATUS_OK;
	}
	j = event_json(e);
	if (j && move && move->count && e->mig_id && e->mig_id == move->mig_id)
		json_object_set_new(j, "since_ms", json_real(move_ms(move, e->time_ns)));
	return say_json(j);
}

/* The driver has gone, and with it what was known of its VFs; or it has come. */
static void show_driver(struct watch *w, bool there)
{
	moves_free(&w->moves);
	if (w->json)
		say_json(json_pack("{s:s}", "event", there ? "loaded" : "unloaded"));
	else if (!w->journal)
		printf(there ? "vferry_pf has been loaded; the VFs are now:\n" :
		       "vferry_pf has been unloaded; its events are waited for\n");
	fflush(stdout);
}

/* Show how things are. */
static int show_vfs(struct watch *w, struct pf *pf)
{
	_cleanup_free_ struct vf_info *vfs = NULL;
	const struct move *over;
	size_t count = 0, i;
	int r;

	r = pf_dump(pf, &vfs, &count);
	if (r == -ENOENT)	/* just gone: the next event says so */
		return STATUS_OK;
	if (r < 0)
		return say_pf_error(pf, r, "watch");
	for (i = 0; i < count; i++) {
		over = moves_settle(&w->moves, &vfs[i]);
		if (!wanted(w, vfs[i].pf_pci, vfs[i].vf))
			continue;
		if (w->journal) {
			if (over)
				journal_write(over);
		} else if (w->json) {
			json_t *j = vf_json(&vfs[i]);

			json_object_set_new(j, "event", json_string("snapshot"));
			say_json(j);
		} else {
			printf("%28s  %s vf %u  %s\n", "", vfs[i].ifname, vfs[i].vf,
			       mig_state_name(vfs[i].state));
		}
	}
	fflush(stdout);
	return STATUS_OK;
}

static void show_loss(struct watch *w)
{
	moves_lost(&w->moves);
	if (w->json)
		say_json(json_pack("{s:s}", "event", "overrun"));
	else if (!w->journal)
		printf("events were lost; the VFs are now:\n");
}

static int watch(struct watch *w, unsigned int buffer)
{
	_cleanup_(pf_p) struct pf *pf = NULL;
	struct vf_event event;
	int r, status = STATUS_OK;

	/* The service is there before the driver, and stays when that is loaded anew. */
	r = w->journal ? pf_open_early(&pf) : pf_open(&pf);
	if (!r)
		r = pf_subscribe(pf, buffer);
	if (r < 0) {
		r = say_pf_error(pf, r, "watch");
		return r == STATUS_NO ? STATUS_CANNOT : r;
	}
	if (w->json)
		status = say_json(json_pack("{s:s}", "event", "watching"));
	while (status == STATUS_OK) {
		r = pf_wait_event(pf, from_now_ns(3600 * 1000u), &event);
		if (r == -ENOBUFS) {
			show_loss(w);
			status = show_vfs(w, pf);
		} else if (r == -ENOENT) {
			show_driver(w, false);
		} else if (r == -ERESTART) {
			show_driver(w, true);
			status = show_vfs(w, pf);
		} else if (r > 0)
			status = show(w, &event);
		else if (r < 0 && r != -EINTR)
			return say_pf_error(pf, r, "watch");
	}
	return status;
}

int cmd_watch(int argc, char **argv)
{
	struct watch w = {};
	int64_t buffer = 0;
	const struct option_spec options[] = {
		{ "journal", .kind = OPTION_FLAG, .ret = &w.journal },
		{ "buffer", .kind = OPTION_NUMBER, .ret = &buffer, .min = 1, .max = 1 << 28,
		  .what = "a number of bytes" },
		{}
	};
	const struct command_line line = {
		.command = "watch", .help = help, .options = options, .json = &w.json, .max = 1,
		.words = "one PF or VF",
	};
	int r;

	r = options_read(&line, &argc, &argv);
	if (r != OPTIONS_GO_ON)
		return r;
	if (argc == 1) {
		r = target_find(argv[0], &w.only);
		if (r < 0)
			return say_no_target(argv[0], r);
	}
	r = watch(&w, buffer);
	moves_free(&w.moves);
	return r;
}
