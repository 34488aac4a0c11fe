// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry check: can a guest be migrated, here and to another host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "check.h"
#include "cleanup.h"
#include "cmd.h"
#include "facts.h"
#include "frame.h"
#include "module.h"
#include "remote.h"
#include "options.h"
#include "say.h"
#include "text.h"

#define PING_MS		2000
#define FRAME_MS	250
#define FRAMES		12

static const char help[] =
	"Usage: vferry check [OPTIONS] VF\n\n"
	"Can the guest on this VF be migrated? Each line passes or fails, with what to do\n"
	"about it. Exit status 0 only if all pass.\n\n"
	"      --to=HOST   also: could it go to that host? Runs vferry there by ssh and\n"
	"                  compares both. Whether the networks are the same is told by the labels\n"
	"                  in host.conf of both, otherwise by a frame that is sent here and heard\n"
	"                  there\n"
	"      --facts     print what is known of this host, as JSON (what --to asks for)\n"
	"  -j, --json      as JSON\n"
	"  -h, --help      this text\n";

/* The guest's answer to a ping: 1: *ret_us; 0: none in time; -errno: it is not asked */
static int ping(struct pf *pf, const struct target *vf, int64_t *ret_us)
{
	uint64_t until = from_now_ns(PING_MS);
	struct vf_event event;
	int r;

	r = pf_subscribe(pf, 0);
	if (!r)
		r = pf_ping(pf, vf->ifindex, vf->vf);
	if (r < 0)
		return r;
	do {
		r = pf_wait_event(pf, until, &event);
		if (r == -EINTR || r == -ENOBUFS || r == -ERESTART) {
			event = (struct vf_event) {};
			continue;
		}
		if (r <= 0)
			return r;
	} while (event.event != VFERRY_PF_EVENT_PONG || event.ifindex != vf->ifindex ||
		 event.vf != (uint32_t)vf->vf);
	*ret_us = event.duration_us;
	return 1;
}

static void check_ping(const struct target *vf, struct checks *checks)
{
	_cleanup_(pf_p) struct pf *pf = NULL;
	int64_t us = -1;
	int r;

	r = pf_open(&pf);
	if (r < 0) {
		check_add(checks, "ping", VERDICT_SKIP, "", "not without vferry_pf");
		return;
	}
	r = ping(pf, vf, &us);
	if (r > 0)
		check_add(checks, "ping", VERDICT_PASS, "",
			  "the guest's driver answered a ping in %.2f ms", us / 1e3);
	else if (!r)
		check_add(checks, "ping", VERDICT_FAIL,
			  "is the guest paused, or without a processor?",
			  "the guest's driver did not answer a ping within %d ms", PING_MS);
	else if (r == -EPERM)
		check_add(checks, "ping", VERDICT_FAIL, "run this as root",
			  "not permitted to ping the guest's driver");
	else
		check_add(checks, "ping", VERDICT_FAIL, "see above",
			  "the guest's driver cannot be asked: %s",
			  *pf_refusal(pf) ? pf_refusal(pf) : strerror(-r));
}

void check_here(const struct target *vf, const json_t *facts, struct checks *checks)
{
	verdict_here(checks, facts, vf->pf_pci, vf->vf);
	check_ping(vf, checks);
}

void checks_print(const struct checks *checks, FILE *out, bool all)
{
	static const char *const marks[] = {
		[VERDICT_PASS] = "ok", [VERDICT_FAIL] = "FAIL", [VERDICT_SKIP] = "-",
	};
	static const enum paint paints[] = {
		[VERDICT_PASS] = PAINT_GOOD, [VERDICT_FAIL] = PAINT_BAD, [VERDICT_SKIP] = PAINT_DIM,
	};
	size_t i;

	for (i = 0; i < checks->count; i++) {
		const struct check *c = &checks->all[i];

		if (!all && c->verdict == VERDICT_PASS)
			continue;
		fprintf(out, "%s%-4s%s  %-18s %s\n", paint(out, paints[c->verdict]),
			marks[c->verdict], paint(out, PAINT_OFF), c->name, c->text);
		if (c->verdict == VERDICT_FAIL && c->advice[0])
			fprintf(out, "      %-18s %s→ %s%s\n", "", paint(out, PAINT_BOLD), c->advice,
				paint(out, PAINT_OFF));
	}
}

/* Facts of the other host; NULL: a line says why */
static json_t *facts_there(const char *host, struct checks *checks)
{
	static const char *const words[] = { "check", "--facts", NULL };
	_cleanup_free_ char *output = NULL;
	struct child remote;
	json_t *facts = NULL;
	int r;

	r = remote_start(&remote, host, words);
	if (!r)
		r = child_finish(&remote, &output);
	if (!r && output)
		facts = json_loads(output, 0, NULL);
	if (json_is_object(facts)) {
		check_add(checks, "there", VERDICT_PASS, "", "%s answers", host);
		return facts;
	}
	json_decref(facts);
	if (r == 255 || r < 0)
		check_add(checks, "there", VERDICT_FAIL, "ssh to it must work without a password",
			  "%s cannot be reached by ssh%s", host,
			  r == -ETIMEDOUT ? ": no answer in time" : "");
	else if (r == 127)
		check_add(checks, "there", VERDICT_FAIL, "install vferry there",
			  "there is no vferry on %s", host);
	else
		check_add(checks, "there", VERDICT_FAIL, "install the same version of vferry there",
			  "vferry on %s does not tell its facts (exit status %d)", host, r);
	return NULL;
}

/* Send frames until the other side says that it hears them, and where. */
static void send_until_heard(struct child *remote, const struct target *vf, const char *word,
			     char *ret_heard, size_t size)
{
	int i;

	for (i = 0; i < FRAMES; i++) {
		if (frame_send(vf->ifindex, word) < 0)
			break;
		if (child_line(remote, ret_heard, size, FRAME_MS) > 0)
			return;
	}
	ret_heard[0] = '\0';
}

static void try_frame(const struct target *vf, const char *host, char *ret_heard, size_t size)
{
	const char *words[] = { "check", "--hear", NULL, NULL };
	struct child remote;
	char line[64], word[FRAME_WORD];
	unsigned long long random;

	ret_heard[0] = '\0';
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return;
	snprintf(word, sizeof(word), "%016llx", random);
	words[2] = word;
	if (remote_start(&remote, host, words) < 0)
		return;
	if (child_line(&remote, line, sizeof(line), CHILD_MS) > 0 && !strcmp(line, "ready"))
		send_until_heard(&remote, vf, word, ret_heard, size);
	child_finish(&remote, NULL);
}

static void check_there(const struct target *vf, const json_t *here, const char *host,
			struct checks *checks, struct way *ret_way)
{
	_cleanup_json_ json_t *there = facts_there(host, checks);
	char heard[64] = "";
	bool frame;

	if (!there)
		return;
	frame = verdict_needs_frame(here, there, vf->pf_pci);
	if (frame)
		try_frame(vf, host, heard, sizeof(heard));
	verdict_there(checks, here, there, vf->pf_pci, vf->vf, frame ? heard : NULL, ret_way);
}

static int check(const struct target *vf, const char *host, bool json)
{
	_cleanup_json_ json_t *here = facts_here();
	_cleanup_free_ struct checks *checks = calloc(1, sizeof(*checks));
	struct way way = {};
	json_t *j;
	int r;

	if (!here || !checks)
		return STATUS_CANNOT;
	check_here(vf, here, checks);
	if (host)
		check_there(vf, here, host, checks, &way);

	r = checks_pass(checks) ? STATUS_OK : STATUS_NO;
	if (!json) {
		checks_print(checks, stdout, true);
		if (way.vf_pci[0])
			printf("The guest would go to %s of %s on %s.\n", way.vf_pci, way.pf, host);
		printf("%s\n", r == STATUS_OK ? "All checks pass." : "Not migratable.");
		return r;
	}
	j = json_pack("{s:o, s:s, s:i, s:s, s:b, s:o}", "pf", text_json(vf->pf), "pf_pci", vf->pf_pci,
		      "vf", vf->vf, "vf_pci", vf->vf_pci, "pass", r == STATUS_OK,
		      "checks", checks_json(checks));
	if (j && host)
		json_object_set_new(j, "to", text_json(host));
	if (j && way.vf_pci[0])
		json_object_set_new(j, "way", json_pack("{s:s, s:s}", "pf", way.pf, "vf_pci",
							way.vf_pci));
	return say_json(j) ?: r;
}

/* No VF of that name; perhaps because its PF, "pf0" of "pf0/0", has another driver */
static void say_driver(const char *name)
{
	char pf_name[64], advice[160];
	struct utsname uts;
	struct target pf;
	bool installed;

	snprintf(pf_name, sizeof(pf_name), "%.*s", (int)strcspn(name, "/"), name);
	if (target_find(pf_name, &pf) < 0 || !strcmp(pf.pf_driver, "vferry_pf"))
		return;
	uname(&uts);
	installed = module_installed("vferry_pf");
	say("%s is driven by %s, not by vferry_pf%s%s: %s", pf_name,
	    pf.pf_driver[0] ? pf.pf_driver : "nothing",
	    installed ? "" : ", which there is not for Linux ", installed ? "" : uts.release,
	    pf_driver_advice(installed, uts.release, advice, sizeof(advice)));
}

int cmd_check(int argc, char **argv)
{
	const char *host = NULL, *hear = NULL;
	bool json = false, facts = false;
	const struct option_spec options[] = {
		{ "to", .kind = OPTION_TEXT, .ret = &host, .what = "the name of a host" },
		{ "facts", .kind = OPTION_FLAG, .ret = &facts },
		{ "hear", .kind = OPTION_TEXT, .ret = &hear, .what = "a word" },
		{}
	};
	const struct command_line line = {
		.command = "check", .help = help, .options = options, .json = &json, .max = 1,
		.words = "the VF",
	};
	struct target vf;
	int r;

	r = options_read(&line, &argc, &argv);
	if (r != OPTIONS_GO_ON)
		return r;
	if (facts)
		return say_json(facts_here());
	if (hear)
		return frame_hear(hear) < 0 ? STATUS_CANNOT : STATUS_OK;
	if (!argc) {
		say("check: which VF? As pf0/0, an interface or a PCI address");
		return STATUS_USAGE;
	}
	r = need_vf(argv[0], &vf);
	if (r == STATUS_OK)
		return check(&vf, host, json);
	say_driver(argv[0]);
	return r;
}
