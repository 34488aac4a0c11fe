// SPDX-License-Identifier: GPL-2.0-or-later
/* One VF: what the agent does when the host moves it. See vf.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "announce.h"
#include "capture.h"
#include "cleanup.h"
#include "clock.h"
#include "event_hooks.h"
#include "journal.h"
#include "kept.h"
#include "repair.h"
#include "report.h"
#include "solicit.h"
#include "verify.h"
#include "vf.h"

#define REFRESH_US	200000	/* changes come in bursts */
#define SAY_US		1000000	/* longer than a blackout */
#define EARLY_NS	2000000	/* from the queues' start to the driver's event, at most */
#define GRACE_US	150000	/* for what was sent last to be seen leaving ... */
#define GRACES		6	/* ... once more, if it was not */
#define IFF_UP_FLAG	0x1	/* IFF_UP */

/**
 * struct vf
 * @shared: what all VFs use
 * @msg: the last that was heard of it
 * @state: what we are doing about it
 * @settings: as they were when the migration began
 * @record: of the migration
 * @kept: configuration that must be there after it
 * @refresh: takes it again, some time after a change; and see @say_suspended
 * @changed: it is not what it was
 * @capture: of the interface, while a migration goes on; may be NULL
 * @announcer: of this VF
 * @announcing: it has begun; @announced: it is through
 * @solicitor: of this VF; @solicited: it is through
 * @neighbours: as they were before the interface was brought down
 * @verify: of this VF; @verified: it is through
 * @grace: until the end, when all are; @graces: how often it was extended
 * @downed: mode "down": the interface was brought down
 * @logging: the migration is not over: the driver resumed, and goes on logging
 * @keep: a migration ended before its configuration was restored: that of before is
 *	also what must be there after the next one
 * @known_ns: events until then are known already, from a dump
 * @say_suspended: the journal's entry about SUSPEND waits until nothing else does
 * @resumed_ns: when RESUME was; 0: not yet
 * @received_ns: when the driver had the first frame after RESUME; 0: it has not said so
 * @armed_ns: since when what comes in is kept; 0: it is not
 *
 * Times are CLOCK_BOOTTIME.
 */
struct vf {
	const struct vf_shared *shared;
	struct vfmsg msg;
	enum vf_state state;
	struct settings settings;
	struct record record;
	struct kept kept;
	sd_event_source *refresh;
	bool changed;
	struct capture *capture;
	struct announcer *announcer;
	bool announcing, announced;
	struct solicitor *solicitor;
	bool solicited;
	struct neighbours neighbours;
	struct verify *verify;
	bool verified;
	sd_event_source *grace;
	unsigned int graces;
	bool downed;
	bool logging;
	bool keep;
	uint64_t resumed_ns;
	uint64_t armed_ns;
	uint64_t received_ns;
	uint64_t known_ns;
	bool say_suspended;
};

DEFINE_CLEANUP(struct vf *, vf_free);

/* When something of the driver's was, CLOCK_BOOTTIME. An older driver has another clock. */
static uint64_t boot_of(const struct vfmsg *msg)
{
	return msg->boot_ns ? msg->boot_ns :
	       msg->time_ns ? clock_boot_of(msg->time_ns) : clock_ns(CLOCK_BOOTTIME);
}

/* The same for people. */
static uint64_t real_of(const struct vfmsg *msg)
{
	return msg->time_ns ? msg->time_ns : clock_ns(CLOCK_REALTIME);
}

static void set_state(struct vf *vf, enum vf_state state)
{
	journal_debug("%s: %s -> %s", vf->msg.ifname, vf_state_name(vf->state), vf_state_name(state));
	vf->state = state;
}

static void trouble(struct vf *vf, const char *what, int error)
{
	report_trouble(vf->msg.ifname, vf->record.mig_id, what, error);
}

/* -- the snapshot */

static void save_snapshot(struct vf *vf)
{
	int r = kept_write(&vf->kept, vf->shared->runtime_dir, vf->msg.ifindex, vf->record.mig_id,
			   vf->record.begun_ns);

	if (r < 0)
		trouble(vf, "cannot save the snapshot", r);
}

static void refreshed(struct vf *vf)
{
	vf->changed = false;
	sd_event_source_set_enabled(vf->refresh, SD_EVENT_OFF);
}

static void forget_snapshot(struct vf *vf)
{
	kept_forget(&vf->kept, vf->shared->runtime_dir, vf->msg.ifindex);
	refreshed(vf);
}

static void take_snapshot(struct vf *vf)
{
	int r;

	refreshed(vf);
	r = kept_take(&vf->kept, vf->shared->rtnl, vf->msg.ifindex);
	if (r < 0)
		trouble(vf, "cannot take a snapshot of the configuration", r);
	else
		save_snapshot(vf);
}

static void say_suspended(struct vf *vf)
{
	if (vf->say_suspended)
		report_suspended(&vf->record);
	vf->say_suspended = false;
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *arg)
{
	struct vf *vf = arg;

	(void)source;
	(void)usec;
	if (vf->state == VF_MIGRATING)
		take_snapshot(vf);
	say_suspended(vf);
	return 0;
}

void vf_config_changed(struct vf *vf, const struct nlmsghdr *msg)
{
	if (vf->state != VF_MIGRATING || vf->changed)
		return;
	/* The kernel says much that is no change, most of all at RESUME. */
	if (msg && vf->kept.have && !snapshot_news(&vf->kept.was, msg, msg->nlmsg_len))
		return;
	journal_debug("%s: changed by message %u", vf->msg.ifname, msg ? msg->nlmsg_type : 0);
	vf->changed = true;
	sd_event_source_set_time_relative(vf->refresh, REFRESH_US);
	sd_event_source_set_enabled(vf->refresh, SD_EVENT_ONESHOT);
}

/* What an agent before us has left, if it is of this migration (0: no matter which). */
static bool load_snapshot(struct vf *vf, uint64_t mig_id)
{
	if (!kept_load(&vf->kept, vf->shared->rtnl, vf->shared->runtime_dir, vf->msg.ifindex, mig_id))
		return false;
	vf->record.begun_ns = vf->kept.of.begun_ns;
	vf->record.mig_id = vf->kept.of.mig_id;
	return true;
}

static void run_hooks(struct vf *vf, const char *event)
{
	event_hooks_run(vf->shared->event, vf->shared->hooks_dir, &vf->settings, vf->msg.pci,
			&vf->record, event);
}

/* -- what leaves and comes */

static void on_sent(const uint8_t *frame, size_t len, void *arg)
{
	struct vf *vf = arg;

	if (vf->announcing)
		announcer_seen(vf->announcer, frame, len);
}

static void arm(struct vf *vf)
{
	if (!vf->armed_ns)
		vf->armed_ns = clock_ns(CLOCK_BOOTTIME);
	capture_arm(vf->capture);
}

/*
 * Some frames come when the VF is suspended already: the last that were in its rings.
 * The driver's time of RESUME is taken when the queues have run for a moment.
 */
static bool on_received(uint64_t time_ns, void *arg)
{
	struct vf *vf = arg;
	uint64_t earliest = vf->resumed_ns - vf->record.resume_us * UINT64_C(1000) - EARLY_NS;

	if (time_ns < earliest)
		return false;
	if (vf->received_ns)
		return true;
	/* If nobody looked when the queues started, another may have been the first. */
	vf->record.received = vf->armed_ns < vf->resumed_ns - EARLY_NS || vf->downed;
	vf->record.first_rx_us = clock_us_between(vf->resumed_ns, time_ns);
	return true;
}

/* The driver's word for it. */
static void note_received(struct vf *vf)
{
	if (!vf->received_ns || !vf->resumed_ns)
		return;
	vf->record.received = true;
	vf->record.first_rx_us = clock_us_between(vf->resumed_ns, vf->received_ns);
}

/* An announcement for each address, twice, and what the kernel says by itself. */
static unsigned int frames_of(const struct snapshot *snapshot)
{
	unsigned int addresses = 0;
	size_t i;

	for (i = 0; i < snapshot->count; i++)
		addresses += snapshot->objects[i]->kind == OBJECT_ADDRESS;
	return 2 * addresses;
}

static void open_capture(struct vf *vf)
{
	const struct capture_listener listener = { on_sent, on_received, vf };
	char error[256] = "";

	if (capture_new(vf->shared->event, vf->msg.ifname, &listener, frames_of(&vf->kept.was),
			&vf->capture, error) < 0)
		journal(JOURNAL_TROUBLE, vf->msg.ifname, vf->record.mig_id,
			"%s: cannot watch what leaves the interface: %s", vf->msg.ifname, error);
}

static void close_capture(struct vf *vf)
{
	capture_free(vf->capture);
	vf->capture = NULL;
}

/* -- a migration */

static void begin(struct vf *vf, const struct vfmsg *msg, bool late)
{
	vf->settings = config_for(vf->shared->config, vf->msg.ifname);
	record_clear(&vf->record);
	vf->record = (struct record){
		.mig_id = msg->mig_id,
		.mode = config_mode_name(vf->settings.mode),
		.resumed_late = late,
		.begun_ns = real_of(msg),
	};
	snprintf(vf->record.ifname, sizeof(vf->record.ifname), "%s", vf->msg.ifname);
	vf->downed = vf->logging = false;
	vf->resumed_ns = vf->armed_ns = vf->received_ns = 0;
	set_state(vf, VF_MIGRATING);
	vf->shared->busy(true, vf->shared->arg);
	if (vf->keep)
		save_snapshot(vf);
	else if (!late || !load_snapshot(vf, msg->mig_id))
		take_snapshot(vf);
	vf->keep = false;
	open_capture(vf);
	if (vf->settings.hear)
		vf->shared->hear(vf->msg.ifindex, true, vf->shared->arg);
	/* Another agent has run them, or it is too late. */
	if (!late)
		run_hooks(vf, "migrate");
	report_started(&vf->record, &vf->kept.was);
}

static int set_up(struct vf *vf, bool up)
{
	struct nl_msg *msg = repair_link_flags(vf->msg.ifindex, up ? IFF_UP_FLAG : 0, IFF_UP_FLAG);
	int r;

	if (!msg)
		return -ENOMEM;
	r = rtnl_request(vf->shared->rtnl, msg);
	nlmsg_free(msg);
	return r;
}

static void read_neighbours(struct vf *vf, const struct snapshot *snapshot)
{
	int r;

	if (!vf->settings.neighbours)
		return;
	neighbours_free(&vf->neighbours);
	r = rtnl_neighbours(vf->shared->rtnl, snapshot, &vf->neighbours);
	if (!r)
		r = neighbours_add_gateways(&vf->neighbours, snapshot);
	if (r < 0)
		trouble(vf, "cannot read the neighbours", r);
}

/* Mode "down". Only what was up; and only if it can be restored. */
static void bring_down(struct vf *vf)
{
	const struct object_link *link = vf->kept.have ?
		snapshot_link(&vf->kept.was, vf->msg.ifindex) : NULL;
	int r;

	if (vf->settings.mode != CONFIG_DOWN || vf->downed || !link || !(link->flags & IFF_UP_FLAG))
		return;
	/* They go with it. */
	read_neighbours(vf, &vf->kept.was);
	r = set_up(vf, false);
	if (r < 0)
		trouble(vf, "cannot bring the interface down", r);
	else
		vf->downed = true;
}

static void suspend(struct vf *vf, const struct vfmsg *msg)
{
	arm(vf);
	if (vf->changed)
		take_snapshot(vf);
	set_state(vf, VF_SUSPENDED);
	bring_down(vf);
	vf->record.suspended_ns = real_of(msg);
	vf->record.suspend_us = msg->suspend_us;
	vf->record.heard_us = msg->heard_us;
	vf->record.agent_suspend_us = clock_us_between(boot_of(msg), clock_ns(CLOCK_BOOTTIME));
	run_hooks(vf, "suspend");
	/* Not now: the journal would write, while the host copies the last dirty pages. */
	vf->say_suspended = true;
	sd_event_source_set_time_relative(vf->refresh, SAY_US);
	sd_event_source_set_enabled(vf->refresh, SD_EVENT_ONESHOT);
}

/* -- afterwards */

static void maybe_finish(struct vf *vf)
{
	if (!vf->announced || !vf->solicited || !vf->verified)
		return;
	sd_event_source_set_time_relative(vf->grace, GRACE_US);
	sd_event_source_set_enabled(vf->grace, SD_EVENT_ONESHOT);
}

/* Before the next ones: all that are sent in one round are more than a capture holds. */
static void on_announcing(void *arg)
{
	struct vf *vf = arg;

	capture_drain(vf->capture);
}

static void on_announced(void *arg)
{
	struct vf *vf = arg;

	vf->announced = true;
	vf->graces = 0;
	maybe_finish(vf);
}

static struct schedule schedule_of(const struct settings *settings)
{
	return (struct schedule){
		.rounds = settings->announce_rounds,
		.initial_us = settings->announce_initial_ms * UINT64_C(1000),
		.step_us = settings->announce_step_ms * UINT64_C(1000),
		.max_us = settings->announce_max_ms * UINT64_C(1000),
		.interval_us = settings->announce_interval_ms * UINT64_C(1000),
	};
}

static void on_solicited(void *arg)
{
	struct vf *vf = arg;

	vf->solicited = true;
	vf->graces = 0;
	maybe_finish(vf);
}

static void on_moved(const char *address, const uint8_t *was, const uint8_t *is, void *arg)
{
	struct vf *vf = arg;

	report_moved(&vf->record, solicitor_counts(vf->solicitor).moved, address, was, is);
}

static void start_soliciting(struct vf *vf, const struct snapshot *snapshot)
{
	const struct schedule schedule = schedule_of(&vf->settings);
	int r;

	if (!vf->settings.neighbours) {
		vf->solicited = true;
		return;
	}
	if (!vf->downed)
		read_neighbours(vf, snapshot);
	neighbours_choose(&vf->neighbours, snapshot);
	r = solicitor_start(vf->solicitor, snapshot, &vf->neighbours, &schedule);
	neighbours_free(&vf->neighbours);
	if (r < 0) {
		trouble(vf, "cannot ask the neighbours", r);
		vf->solicited = true;
	}
}

static void start_announcing(struct vf *vf, const struct snapshot *snapshot)
{
	const struct schedule schedule = schedule_of(&vf->settings);
	struct groups groups = {};
	int r;

	/* What has left until now is no proof of what will. */
	capture_drain(vf->capture);
	vf->announcing = true;
	if (!vf->settings.announce) {
		vf->announced = true;
		return;
	}
	r = groups_read(&groups);
	if (r < 0)
		trouble(vf, "cannot read multicast groups", r);
	r = announcer_start(vf->announcer, snapshot, &groups, &schedule);
	groups_free(&groups);
	if (r < 0) {
		trouble(vf, "cannot announce", r);
		vf->announced = true;
		return;
	}
	vf->record.announce = announcer_counts(vf->announcer);
	vf->record.agent_resume_us = clock_us_between(vf->resumed_ns,
						      vf->record.announce.first_ns);
}

static void tell_network(struct vf *vf, const struct snapshot *snapshot)
{
	start_announcing(vf, snapshot);
	start_soliciting(vf, snapshot);
}

/* Are the carriers back, and all addresses that are to be announced? */
static bool can_announce(const struct vf *vf, const struct snapshot *is,
			 const struct differences *d)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (d->list[i].was && d->list[i].was->kind == OBJECT_ADDRESS)
			return false;
	return snapshot_carriers(&vf->kept.was, is);
}

/*
 * In mode "detach", what differs at first is said, whether it is repaired or not. In
 * mode "down" that is the work of going down: what still differs at the end is said.
 */
static void on_pass(const struct snapshot *is, const struct differences *d, unsigned int repaired,
		    bool last, int error, void *arg)
{
	struct vf *vf = arg;
	bool first = !vf->record.checked;
	size_t i;

	if (error) {
		trouble(vf, "cannot verify the configuration", error);
	} else {
		if (!vf->announcing && (last || can_announce(vf, is, d)))
			tell_network(vf, is);
		if (vf->settings.mode == CONFIG_DOWN ? last : first)
			for (i = 0; i < d->count; i++)
				report_difference(&vf->record, &d->list[i], !last);
		vf->record.checked = true;
		vf->record.repaired = repaired;
		vf->record.remaining = (unsigned int)d->count;
	}
	if (!last)
		return;
	if (!vf->announcing)
		tell_network(vf, &vf->kept.was);
	vf->verified = true;
	vf->record.verify_us = clock_us_between(vf->resumed_ns, clock_ns(CLOCK_BOOTTIME));
	maybe_finish(vf);
}

static void start_verifying(struct vf *vf)
{
	bool down = vf->settings.mode == CONFIG_DOWN;
	const struct verify_job job = {
		.rtnl = vf->shared->rtnl,
		.ifindex = vf->msg.ifindex,
		.was = &vf->kept.was,
		.age_s = kept_age_s(&vf->kept),
		.restore = down || vf->settings.repair,
		.remove = vf->settings.repair,
		.pass = on_pass,
		.arg = vf,
	};

	if (vf->kept.have) {
		verify_start(vf->verify, &job);
		return;
	}
	/* Nor is it known what to announce. */
	vf->announced = vf->solicited = vf->verified = true;
	maybe_finish(vf);
}

static void resume(struct vf *vf, const struct vfmsg *msg, enum record_outcome outcome)
{
	set_state(vf, VF_SETTLING);
	vf->record.outcome = outcome;
	vf->record.resumed_ns = real_of(msg);
	vf->resumed_ns = boot_of(msg);
	vf->record.resume_us = msg->resume_us;
	vf->record.pages = msg->pages;
	note_received(vf);
	arm(vf);
	capture_receive(vf->capture);
	vf->logging = msg->state == VFERRY_MIG_MIGRATING;
	vf->announcing = vf->announced = vf->solicited = vf->verified = false;

	/* The network first; in mode "down" that has to wait for the carrier. */
	bring_down(vf);
	if (vf->settings.mode == CONFIG_DETACH && vf->kept.have)
		tell_network(vf, &vf->kept.was);
	if (vf->downed) {
		/* The captures ended with the interface. */
		int r = set_up(vf, true);

		if (r < 0)
			trouble(vf, "cannot bring the interface up", r);
		close_capture(vf);
		open_capture(vf);
		if (!vf->record.received) {
			arm(vf);
			capture_receive(vf->capture);
		}
	}
	run_hooks(vf, outcome == RECORD_CANCELLED ? "cancel" : "resume");
	say_suspended(vf);
	report_resumed(&vf->record);
	start_verifying(vf);
}

/* All is done that can be: tell, and give back. */
static void finish(struct vf *vf)
{
	bool watched = vf->capture;

	vf->record.unseen += capture_lost(vf->capture);
	sd_event_source_set_enabled(vf->grace, SD_EVENT_OFF);
	announcer_stop(vf->announcer);
	solicitor_stop(vf->solicitor);
	verify_stop(vf->verify);
	if (vf->announcing && vf->settings.announce)
		vf->record.announce = announcer_counts(vf->announcer);
	if (vf->announcing && vf->settings.neighbours) {
		vf->record.neighbours = solicitor_counts(vf->solicitor);
		vf->record.neighbours_us = clock_us_between(vf->resumed_ns,
							    vf->record.neighbours.last_ns);
	}
	vf->record.ended_ns = clock_ns(CLOCK_REALTIME);
	if (vf->announcing && watched)
		report_unproved(&vf->record, vf->announcer);
	close_capture(vf);
	if (vf->settings.hear)
		vf->shared->hear(vf->msg.ifindex, false, vf->shared->arg);
	say_suspended(vf);
	report_ended(&vf->record);
	vf->shared->ended(&vf->record, vf->shared->arg);
	vf->record = (struct record){};
	vf->keep = vf->state == VF_SETTLING && !vf->verified && vf->kept.have;
	if (!vf->keep)
		forget_snapshot(vf);
	vf->announcing = false;
	set_state(vf, VF_IDLE);
	vf->shared->busy(false, vf->shared->arg);
}

static bool all_proved(const struct vf *vf)
{
	struct announce_counts counts = announcer_counts(vf->announcer);

	return !vf->announcing || !vf->settings.announce || counts.proved == counts.sent;
}

static int on_grace(sd_event_source *source, uint64_t usec, void *arg)
{
	struct vf *vf = arg;
	struct vfmsg msg = vf->msg;
	bool logging = vf->logging;

	(void)source;
	(void)usec;
	/* A busy machine may come to this before what waits for it to be read. */
	capture_drain(vf->capture);
	if (!all_proved(vf) && vf->graces++ < GRACES) {
		sd_event_source_set_time_relative(vf->grace, GRACE_US);
		return sd_event_source_set_enabled(vf->grace, SD_EVENT_ONESHOT);
	}
	finish(vf);
	/* The driver waits for another SUSPEND of the same migration. */
	if (logging) {
		msg.time_ns = msg.boot_ns = 0;
		begin(vf, &msg, false);
	}
	return 0;
}

/* How it ended, by what the driver says; in a dump it says nothing of that. */
static enum record_outcome outcome_of(const struct vfmsg *msg)
{
	switch (msg->event) {
	case VFERRY_VF_EVENT_CANCEL:
		return RECORD_CANCELLED;
	case VFERRY_VF_EVENT_RESET:
		return RECORD_RESET;
	case VFERRY_VF_EVENT_RESUME:
		return msg->arrived ? RECORD_ARRIVED : RECORD_RETURNED;
	default:
		return RECORD_UNHEARD;
	}
}

/* It ended while nothing had been suspended. */
static void end_unsuspended(struct vf *vf, const struct vfmsg *msg)
{
	vf->record.outcome = outcome_of(msg);
	vf->record.pages = msg->pages;
	run_hooks(vf, "cancel");
	finish(vf);
}

/* -- what happens */

static void carry_out(struct vf *vf, const struct vfmsg *msg, enum vf_input input)
{
	struct vf_plan plan = vf_plan(vf->state, input);

	if (plan.finish)
		finish(vf);
	if (plan.begin)
		begin(vf, msg, plan.late);
	switch (plan.act) {
	case VF_ACT_NONE:
		break;
	case VF_ACT_SUSPEND:
		suspend(vf, msg);
		break;
	case VF_ACT_RESUME:
		resume(vf, msg, outcome_of(msg));
		break;
	case VF_ACT_END:
		end_unsuspended(vf, msg);
		break;
	}
}

/* An event that a dump was quicker than; it may say more than the dump. */
static void known_event(struct vf *vf, const struct vfmsg *msg)
{
	struct record *r = &vf->record;

	if (msg->event != VFERRY_VF_EVENT_RESUME || vf->state != VF_SETTLING ||
	    r->outcome != RECORD_UNHEARD)
		return;
	r->outcome = msg->arrived ? RECORD_ARRIVED : RECORD_RETURNED;
	r->resumed_ns = msg->time_ns;
	vf->resumed_ns = boot_of(msg);
	r->resume_us = msg->resume_us;
	r->agent_resume_us = clock_us_between(vf->resumed_ns, r->announce.first_ns);
}

/* The driver waits: only what must be done before the VF is at rest, and nothing slow. */
static void asked(struct vf *vf)
{
	arm(vf);
	vf->shared->go(vf->msg.ifindex, vf->shared->arg);
}

static void received(struct vf *vf, const struct vfmsg *msg)
{
	if (vf->state == VF_IDLE || msg->mig_id != vf->record.mig_id)
		return;
	vf->received_ns = boot_of(msg);
	note_received(vf);
}

/* It may have another name by now, for hooks and the journal too. */
static void heard(struct vf *vf, const struct vfmsg *msg)
{
	vf->msg = *msg;
	if (vf->state != VF_IDLE)
		snprintf(vf->record.ifname, sizeof(vf->record.ifname), "%s", msg->ifname);
}

static void handle(struct vf *vf, const struct vfmsg *msg)
{
	heard(vf, msg);
	if (msg->boot_ns <= vf->known_ns) {
		known_event(vf, msg);
		return;
	}
	if (msg->result) {
		report_refused(msg);
		return;
	}
	switch (msg->event) {
	case VFERRY_VF_EVENT_UNSPEC:
		break;
	case VFERRY_VF_EVENT_MIGRATE:
		carry_out(vf, msg, msg->mig_id == vf->record.mig_id ? VF_MIGRATE :
								     VF_MIGRATE_OTHER);
		break;
	case VFERRY_VF_EVENT_SUSPEND:
		carry_out(vf, msg, VF_SUSPEND);
		break;
	case VFERRY_VF_EVENT_RESUME:
		carry_out(vf, msg, VF_RESUME);
		break;
	case VFERRY_VF_EVENT_RECEIVED:
		received(vf, msg);
		break;
	case VFERRY_VF_EVENT_CANCEL:
		carry_out(vf, msg, VF_CANCEL);
		break;
	case VFERRY_VF_EVENT_RESET:
		carry_out(vf, msg, VF_RESET);
		break;
	}
}

void vf_event(struct vf *vf, const struct vfmsg *msg)
{
	struct vfmsg event = *msg;

	if (msg->cmd == VFERRY_VF_CMD_ASK) {
		asked(vf);
		return;
	}
	/* Once: of an older driver it is when it came. */
	event.boot_ns = boot_of(msg);
	handle(vf, &event);
}

void vf_found(struct vf *vf, const struct vfmsg *msg, uint64_t dump_ns)
{
	enum vf_input input = VF_FOUND_IDLE;

	heard(vf, msg);
	if (!dump_ns)
		return;
	vf->known_ns = dump_ns;
	switch (msg->state) {
	case VFERRY_MIG_MIGRATING:
		input = VF_FOUND_MIGRATING;
		break;
	case VFERRY_MIG_SUSPENDED:
		input = VF_FOUND_SUSPENDED;
		break;
	case VFERRY_MIG_IDLE:
		/* An agent before us did not come to the end of it. */
		if (vf->state == VF_IDLE && load_snapshot(vf, msg->mig_id))
			input = VF_FOUND_SAVED;
		break;
	/* The host's; a VF driver has no others. */
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_SUSPEND_SENT:
	case VFERRY_MIG_RESUME_SENT:
	case VFERRY_MIG_CANCEL_SENT:
	case VFERRY_MIG_STATES:
		return;
	}
	carry_out(vf, msg, input);
}

/* -- itself */

int vf_new(const struct vf_shared *shared, const struct vfmsg *msg, struct vf **ret)
{
	_cleanup_(vf_freep) struct vf *vf = calloc(1, sizeof(*vf));
	const struct announce_owner announce_owner = { on_announcing, on_announced, vf };
	const struct solicit_owner solicit_owner = { on_moved, on_solicited, vf };
	int r;

	if (!vf)
		return -ENOMEM;
	vf->shared = shared;
	vf->msg = *msg;
	r = announcer_new(shared->event, &announce_owner, &vf->announcer);
	if (!r)
		r = solicitor_new(shared->event, shared->rtnl, &solicit_owner, &vf->solicitor);
	if (!r)
		r = verify_new(shared->event, &vf->verify);
	if (r >= 0)
		r = sd_event_add_time(shared->event, &vf->refresh, CLOCK_MONOTONIC, 0, 10000,
				      on_refresh, vf);
	if (r >= 0)
		r = sd_event_add_time(shared->event, &vf->grace, CLOCK_MONOTONIC, 0, 10000,
				      on_grace, vf);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(vf->refresh, SD_EVENT_OFF);
	sd_event_source_set_enabled(vf->grace, SD_EVENT_OFF);
	capture_prepare(vf->msg.ifname);
	*ret = TAKE_PTR(vf);
	return 0;
}

void vf_free(struct vf *vf)
{
	if (!vf)
		return;
	/* What was saved stays: an agent after us may need it. */
	if (vf->state != VF_IDLE)
		vf->shared->busy(false, vf->shared->arg);
	close_capture(vf);
	announcer_free(vf->announcer);
	solicitor_free(vf->solicitor);
	neighbours_free(&vf->neighbours);
	verify_free(vf->verify);
	sd_event_source_disable_unref(vf->refresh);
	sd_event_source_disable_unref(vf->grace);
	snapshot_free(&vf->kept.was);
	record_clear(&vf->record);
	free(vf);
}

uint32_t vf_ifindex(const struct vf *vf)
{
	return vf->msg.ifindex;
}

const char *vf_ifname(const struct vf *vf)
{
	return vf->msg.ifname;
}

enum vf_state vf_state(const struct vf *vf)
{
	return vf->state;
}

json_t *vf_json(const struct vf *vf)
{
	struct settings settings = config_for(vf->shared->config, vf->msg.ifname);
	json_t *o;

	o = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:i}", "vf", vf->msg.ifname, "pci",
		      vf->msg.pci, "migratable", vf->msg.migratable, "reason", vf->msg.reason,
		      "state", vf_state_name(vf->state), "mode", config_mode_name(settings.mode),
		      "protocol", (int)vf->msg.proto);
	if (o && vf->state != VF_IDLE)
		json_object_set_new(o, "migration", record_json(&vf->record));
	return o;
}

__attribute__((format(printf, 2, 3)))
static void problem(json_t *problems, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	json_array_append_new(problems, json_string(text));
}

void vf_check(struct vf *vf, json_t *problems)
{
	struct settings settings = config_for(vf->shared->config, vf->msg.ifname);
	struct snapshot now = {};
	int r;

	if (!vf->msg.migratable)
		problem(problems, "%s: cannot be migrated: %s", vf->msg.ifname, vf->msg.reason);
	r = rtnl_snapshot(vf->shared->rtnl, vf->msg.ifindex, &now);
	if (r < 0)
		problem(problems, "%s: no snapshot can be taken: %s", vf->msg.ifname, strerror(-r));
	snapshot_free(&now);
	if (settings.announce && vf->state == VF_IDLE) {
		open_capture(vf);
		if (!vf->capture)
			problem(problems, "%s: what leaves the interface cannot be watched",
				vf->msg.ifname);
		close_capture(vf);
	}
}
