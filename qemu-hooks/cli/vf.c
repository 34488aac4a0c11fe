// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry vf: one step of a migration by hand. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "number.h"
#include "options.h"
#include "say.h"

#define VF_MAX	255	/* of any PF: a bus has no more */

static const char help[] =
	"Usage: vferry vf [OPTIONS] PF NUMBER migrate|cancelmigration|suspend|resume\n"
	"       vferry vf [OPTIONS] VF migrate|cancelmigration|suspend|resume\n\n"
	"The same as ip link set PF vf NUMBER state WORD, for hosts with stock ip.\n\n"
	"  -w, --wait[=SECONDS]  wait until the guest's driver has done it (40)\n"
	"  -j, --json            as JSON\n"
	"  -h, --help            this text\n";

static int finish(const struct target *vf, const struct vf_event *event, bool json)
{
	char text[64];

	target_text(vf, text, sizeof(text));
	if (json)
		return say_json(event_json(event));
	if (event->duration_us >= 0)
		printf("%s: %s after %.2f ms\n", text, mig_state_name(event->state),
		       event->duration_us / 1e3);
	else
		printf("%s: %s\n", text, mig_state_name(event->state));
	return STATUS_OK;
}

/* What an event means for who waits: -1: go on; otherwise an exit status */
static int judge(const struct target *vf, const struct vf_event *event,
		 enum vferry_mig_state goal, bool json)
{
	char text[64];

	if (event->ifindex != vf->ifindex || event->vf != (uint32_t)vf->vf)
		return -1;
	target_text(vf, text, sizeof(text));
	if (event->event == VFERRY_PF_EVENT_FAILED) {
		say("%s: %s", text, event->reason);
		return STATUS_NO;
	}
	if (event->event == VFERRY_PF_EVENT_RESET) {
		say("%s: the VF was reset", text);
		return STATUS_NO;
	}
	if (event->event != VFERRY_PF_EVENT_STATE || event->state != goal)
		return -1;
	return finish(vf, event, json);
}

/* Events were lost: only the state can be looked at. */
static int judge_state(struct pf *pf, const struct target *vf, enum vferry_mig_state goal,
		       bool json)
{
	struct vf_info now;
	struct vf_event event;
	int r = pf_get(pf, vf->ifindex, vf->vf, &now);

	if (r < 0)
		return say_pf_error(pf, r, "state");
	if (now.state != goal)
		return -1;
	event = (struct vf_event) {
		.event = VFERRY_PF_EVENT_STATE, .vf = now.vf, .state = now.state,
		.old_state = now.state, .duration_us = -1, .guest_us = -1,
	};
	memcpy(event.ifname, now.ifname, sizeof(event.ifname));
	memcpy(event.pf_pci, now.pf_pci, sizeof(event.pf_pci));
	return finish(vf, &event, json);
}

static int await(struct pf *pf, const struct target *vf, unsigned int command,
		 unsigned int seconds, bool json)
{
	enum vferry_mig_state goal = command_goal(command);
	uint64_t until = from_now_ns(seconds * 1000);
	struct vf_event event;
	int r;

	/* nothing to do: then there is no event either */
	if (command == VFERRY_LINK_STATE_CANCEL) {
		r = judge_state(pf, vf, goal, json);
		if (r >= 0)
			return r;
	}
	for (;;) {
		r = pf_wait_event(pf, until, &event);
		if (r == -EINTR)
			continue;
		if (r == -ENOBUFS || r == -ERESTART)
			r = judge_state(pf, vf, goal, json);
		else if (r < 0)
			return say_pf_error(pf, r, "events");
		else if (!r) {
			say("not done after %u s; the guest may still do it", seconds);
			return STATUS_NO;
		} else
			r = judge(vf, &event, goal, json);
		if (r >= 0)
			return r;
	}
}

static int command_vf(const struct target *vf, unsigned int command, unsigned int seconds,
		      bool json)
{
	_cleanup_(pf_p) struct pf *pf = NULL;
	struct vf_info now;
	char text[64];
	int r;

	target_text(vf, text, sizeof(text));
	r = pf_open(&pf);
	if (!r && seconds)
		r = pf_subscribe(pf, 0);
	if (!r)
		r = pf_command(pf, vf->ifindex, vf->vf, command);
	if (r < 0) {
		/* the driver's words begin with the number of the VF */
		return say_pf_error(pf, r, vf->pf[0] ? vf->pf : vf->pf_pci);
	}
	if (seconds)
		return await(pf, vf, command, seconds, json);
	if (!json)
		return STATUS_OK;
	r = pf_get(pf, vf->ifindex, vf->vf, &now);
	return r < 0 ? say_pf_error(pf, r, text) : say_json(vf_json(&now));
}

/* PF NUMBER, or one name */
static int find_vf(char **words, int count, struct target *ret)
{
	struct target pf;
	uint64_t nr;
	int r;

	if (count == 1)
		return need_vf(words[0], ret);
	r = target_find(words[0], &pf);
	if (r < 0)
		return say_no_target(words[0], r);
	if (pf.vf >= 0) {
		say("%s: a VF: leave %s out", words[0], words[1]);
		return STATUS_USAGE;
	}
	if (number_read(words[1], 0, VF_MAX, &nr) || target_vf(&pf, nr, ret) < 0) {
		say("%s has no VF %s", words[0], words[1]);
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

int cmd_vf(int argc, char **argv)
{
	int64_t seconds = 0;
	bool json = false;
	const struct option_spec options[] = {
		{ "wait", 'w', OPTION_MAY_NUMBER, &seconds, 1, 86400, 40, "a number of seconds" },
		{}
	};
	const struct command_line line = {
		.command = "vf", .help = help, .options = options, .json = &json, .min = 2, .max = 3,
		.words = "PF NUMBER WORD, or VF WORD",
	};
	struct target vf;
	int command, r;

	r = options_read(&line, &argc, &argv);
	if (r != OPTIONS_GO_ON)
		return r;
	command = command_by_name(argv[argc - 1]);
	if (command < 0) {
		say("%s: not one of migrate, cancelmigration, suspend, resume", argv[argc - 1]);
		return STATUS_USAGE;
	}
	r = find_vf(argv, argc - 1, &vf);
	return r == STATUS_OK ? command_vf(&vf, command, seconds, json) : r;
}
