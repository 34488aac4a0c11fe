// SPDX-License-Identifier: GPL-2.0-or-later
/* All VFs of this guest. See manager.h. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "capture.h"
#include "cleanup.h"
#include "clock.h"
#include "control.h"
#include "hooks.h"
#include "journal.h"
#include "manager.h"
#include "vf.h"
#include "vfnl.h"

#define VFS		32
#define HISTORY		32	/* migrations */
/*
 * systemd's watchdog is on while a migration goes on: an agent that has nothing to do
 * sleeps until something happens.
 */
#define WATCHDOG_US	20000000
#define PING_US		5000000
#define LOOK_US		100000

/**
 * struct manager
 * @vfs: those that are there; @found: was in the dump that goes on
 * @look: looks for VFs some time after an interface was made: the driver shows it later
 * @dump_ns: when the current dump was begun, CLOCK_BOOTTIME; 0: if nothing was lost
 * @busy: how many are in the middle of a migration
 * @history: migrations that have ended, the latest last; @ended: how many there were
 * @config_error: what is wrong with the configuration; empty: nothing
 */
struct manager {
	sd_event *event;
	struct manager_paths paths;
	struct config config;
	char config_error[CONFIG_ERROR];
	struct rtnl *rtnl;
	struct vfnl *vfnl;
	sd_event_source *rtnl_source, *vfnl_source, *ping, *look;
	struct control *control;
	struct vf_shared shared;
	uint64_t dump_ns;
	struct {
		struct vf *vf;
		bool found;
	} vfs[VFS];
	unsigned int busy;
	struct record history[HISTORY];
	unsigned int n_history;
	unsigned long ended;
};

DEFINE_CLEANUP(struct manager *, manager_free);

/* -- VFs that come and go */

static struct vf **slot_of(struct manager *m, uint32_t ifindex, bool **ret_found)
{
	size_t i;

	for (i = 0; i < VFS; i++) {
		if (m->vfs[i].vf && vf_ifindex(m->vfs[i].vf) == ifindex) {
			*ret_found = &m->vfs[i].found;
			return &m->vfs[i].vf;
		}
	}
	return NULL;
}

static struct vf *add_vf(struct manager *m, const struct vfmsg *msg)
{
	size_t i;
	int r;

	for (i = 0; i < VFS && m->vfs[i].vf; i++)
		;
	r = i == VFS ? -ENOSPC : vf_new(&m->shared, msg, &m->vfs[i].vf);
	if (r < 0) {
		journal(JOURNAL_TROUBLE, msg->ifname, 0, "%s: %s", msg->ifname, strerror(-r));
		return NULL;
	}
	m->vfs[i].found = true;
	journal(JOURNAL_VF_FOUND, msg->ifname, 0, "%s: VF at %s, %s%s", msg->ifname, msg->pci,
		msg->migratable ? "can be migrated" : "cannot be migrated: ",
		msg->migratable ? "" : msg->reason);
	return m->vfs[i].vf;
}

static void on_found(const struct vfmsg *msg, void *arg)
{
	struct manager *m = arg;
	struct vf **slot;
	struct vf *vf;
	bool *found;

	slot = slot_of(m, msg->ifindex, &found);
	if (slot)
		*found = true;
	if (slot) {
		vf_found(*slot, msg, m->dump_ns);
		return;
	}
	/* What has happened to one that is new was not heard. */
	vf = add_vf(m, msg);
	if (vf)
		vf_found(vf, msg, clock_ns(CLOCK_BOOTTIME));
}

static void drop_unfound(struct manager *m)
{
	size_t i;

	for (i = 0; i < VFS; i++) {
		struct vf *vf = m->vfs[i].vf;

		if (!vf || m->vfs[i].found)
			continue;
		journal(JOURNAL_VF_GONE, vf_ifname(vf), 0, "%s: VF is gone", vf_ifname(vf));
		m->vfs[i].vf = NULL;
		vf_free(vf);
	}
}

/*
 * Which VFs are there? @lost: and what has happened to them? A dump may be quicker than
 * an event that is on its way, so that is asked only if it has to be.
 */
static int enumerate(struct manager *m, bool lost)
{
	size_t i;
	int r;

	m->dump_ns = lost ? clock_ns(CLOCK_BOOTTIME) : 0;

	for (i = 0; i < VFS; i++)
		m->vfs[i].found = false;
	r = vfnl_dump(m->vfnl, on_found, m);
	if (r < 0) {
		journal(JOURNAL_TROUBLE, NULL, 0, "cannot ask the VF driver: %s", strerror(-r));
		return r;
	}
	drop_unfound(m);
	return 0;
}

static void on_event(const struct vfmsg *msg, void *arg)
{
	struct manager *m = arg;
	struct vf **slot;
	struct vf *vf;
	bool *found;

	slot = slot_of(m, msg->ifindex, &found);
	vf = slot ? *slot : add_vf(m, msg);
	if (vf)
		vf_event(vf, msg);
}

static void on_lost(void *arg)
{
	enumerate(arg, true);
}

static void on_family(void *arg)
{
	enumerate(arg, false);
}

static int on_look(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	enumerate(arg, false);
	return 0;
}

/* Can the VFs be others now, or have another name? Most of what links do is nothing new. */
static bool vfs_changed(struct manager *m, const struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = NLMSG_DATA(msg);
	struct object *object;
	struct vf **slot;
	bool *found, r;

	if (object_decode(msg, msg->nlmsg_len, NULL, &object))
		return false;
	slot = slot_of(m, object->link.ifindex, &found);
	if (slot)
		r = strcmp(vf_ifname(*slot), object->link.name);
	else
		r = info->ifi_change == UINT32_MAX || info->ifi_change & IFF_UP;
	object_free(object);
	return r;
}

static void on_rtnl_event(const struct nlmsghdr *msg, void *arg)
{
	struct manager *m = arg;
	size_t i;

	if (!msg || msg->nlmsg_type == RTM_DELLINK ||
	    (msg->nlmsg_type == RTM_NEWLINK && vfs_changed(m, msg))) {
		sd_event_source_set_time_relative(m->look, LOOK_US);
		sd_event_source_set_enabled(m->look, SD_EVENT_ONESHOT);
	}
	for (i = 0; i < VFS; i++)
		if (m->vfs[i].vf)
			vf_config_changed(m->vfs[i].vf, msg);
}

static int on_rtnl(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct manager *m = arg;

	(void)source;
	(void)fd;
	(void)events;
	rtnl_dispatch(m->rtnl);
	return 0;
}

static int on_vfnl(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct manager *m = arg;

	(void)source;
	(void)fd;
	(void)events;
	vfnl_dispatch(m->vfnl);
	return 0;
}

/* -- migrations */

static int on_ping(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	(void)arg;
	sd_notify(0, "WATCHDOG=1");
	sd_event_source_set_time_relative(source, PING_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_hear(uint32_t ifindex, bool on, void *arg)
{
	struct manager *m = arg;

	vfnl_hear(m->vfnl, ifindex, on);
}

static void on_go(uint32_t ifindex, void *arg)
{
	struct manager *m = arg;

	vfnl_go(m->vfnl, ifindex);
}

static void on_busy(bool busy, void *arg)
{
	struct manager *m = arg;
	int r;

	if (busy ? m->busy++ : --m->busy)
		return;
	r = rtnl_watch(m->rtnl, busy);
	if (r < 0)
		journal(JOURNAL_TROUBLE, NULL, 0, "cannot listen to changes: %s", strerror(-r));
	sd_notifyf(0, "WATCHDOG_USEC=%d", busy ? WATCHDOG_US : 0);
	if (busy)
		on_ping(m->ping, 0, m);
	else
		sd_event_source_set_enabled(m->ping, SD_EVENT_OFF);
}

static void on_ended(struct record *record, void *arg)
{
	struct manager *m = arg;
	char line[512];

	if (m->n_history == HISTORY) {
		record_clear(&m->history[0]);
		memmove(&m->history[0], &m->history[1], (HISTORY - 1) * sizeof(m->history[0]));
		m->n_history--;
	}
	m->history[m->n_history++] = *record;
	m->ended++;
	record_line(record, line, sizeof(line));
	sd_notifyf(0, "STATUS=%s", line);
	/* Until the next one, which may be in a year. */
	malloc_trim(0);
}

/* -- what is asked for */

static json_t *vfs_json(struct manager *m)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < VFS; i++)
		if (m->vfs[i].vf)
			json_array_append_new(list, vf_json(m->vfs[i].vf));
	return list;
}

static json_t *history_json(struct manager *m)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < m->n_history; i++)
		json_array_append_new(list, record_json(&m->history[i]));
	return list;
}

/* What a VF does not receive although the guest wants it: asked for now, it comes and goes */
static void add_refused(const struct vfmsg *msg, void *arg)
{
	json_t *problems = arg;
	char text[IFNAMSIZ + VFMSG_REFUSED_LEN + 8];
	unsigned int i;

	for (i = 0; i < msg->n_refused; i++) {
		snprintf(text, sizeof(text), "%s: %s", msg->ifname, msg->refused[i]);
		json_array_append_new(problems, json_string(text));
	}
}

static json_t *check(struct manager *m)
{
	json_t *problems = json_array();
	char text[CONFIG_ERROR + 512];
	unsigned int count = 0;
	size_t i;
	int r;

	if (m->config_error[0]) {
		snprintf(text, sizeof(text), "%s: %s", m->paths.config, m->config_error);
		json_array_append_new(problems, json_string(text));
	}
	r = hooks_count(m->paths.hooks);
	if (r < 0) {
		snprintf(text, sizeof(text), "%s: %s", m->paths.hooks, strerror(-r));
		json_array_append_new(problems, json_string(text));
	}
	for (i = 0; i < VFS; i++) {
		if (m->vfs[i].vf) {
			count++;
			vf_check(m->vfs[i].vf, problems);
		}
	}
	if (!count)
		json_array_append_new(problems, json_string("there is no VF of vferry_vf"));
	vfnl_dump(m->vfnl, add_refused, problems);
	return json_pack("{s:i, s:i, s:o}", "vfs", (int)count, "hooks", r < 0 ? 0 : r, "problems",
			 problems);
}

static json_t *on_command(const char *command, void *arg)
{
	struct manager *m = arg;

	if (!strcmp(command, "status"))
		return json_pack("{s:o, s:I}", "vfs", vfs_json(m), "migrations",
				 (json_int_t)m->ended);
	if (!strcmp(command, "history"))
		return json_pack("{s:o}", "history", history_json(m));
	if (!strcmp(command, "check"))
		return check(m);
	return NULL;
}

/* Each entry of the journal, as an object. */
static void on_entry(const char *const *fields, void *arg)
{
	struct manager *m = arg;
	json_t *o;

	if (!m->control || !control_watched(m->control))
		return;
	o = json_object();
	for (; *fields; fields++) {
		size_t len = strcspn(*fields, "=");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)len, *fields);
		json_object_set_new(o, name, json_string(*fields + len + 1));
	}
	control_tell(m->control, o);
	json_decref(o);
}

/* -- itself */

void manager_reload(struct manager *m)
{
	struct config config;

	config_init(&config);
	m->config_error[0] = '\0';
	if (m->paths.config_given && access(m->paths.config, F_OK))
		snprintf(m->config_error, sizeof(m->config_error), "%s", strerror(errno));
	else if (!config_load(&config, m->paths.config, m->config_error)) {
		m->config = config;
		return;
	}
	/* What held goes on to hold. */
	journal(JOURNAL_CONFIG, NULL, 0, "%s: %s", m->paths.config, m->config_error);
}

static int open_sockets(struct manager *m)
{
	const struct rtnl_listener rtnl = { on_rtnl_event, m };
	const struct vfnl_listener vfnl = { on_event, on_lost, on_family, m };
	const struct control_answers answers = { on_command, m };
	int r;

	r = rtnl_new(&rtnl, &m->rtnl);
	if (!r)
		r = vfnl_new(&vfnl, &m->vfnl);
	if (r >= 0)
		r = sd_event_add_io(m->event, &m->rtnl_source, rtnl_fd(m->rtnl), EPOLLIN, on_rtnl,
				    m);
	if (r >= 0)
		r = sd_event_add_io(m->event, &m->vfnl_source, vfnl_fd(m->vfnl), EPOLLIN, on_vfnl,
				    m);
	if (r >= 0)
		r = sd_event_add_time(m->event, &m->ping, CLOCK_MONOTONIC, 0, 0, on_ping, m);
	if (r >= 0)
		r = sd_event_add_time(m->event, &m->look, CLOCK_MONOTONIC, 0, 10000, on_look, m);
	if (r >= 0)
		r = sd_event_source_set_enabled(m->ping, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_enabled(m->look, SD_EVENT_OFF);
	if (r < 0)
		return r;
	/* What happens to a VF comes before what others do and want. */
	sd_event_source_set_priority(m->vfnl_source, SD_EVENT_PRIORITY_IMPORTANT - 10);
	return control_new(m->event, m->paths.runtime, &answers, &m->control);
}

int manager_new(sd_event *event, const struct manager_paths *paths, struct manager **ret)
{
	_cleanup_(manager_freep) struct manager *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->event = event;
	m->paths = *paths;
	config_init(&m->config);
	manager_reload(m);
	r = open_sockets(m);
	if (r < 0) {
		journal(JOURNAL_TROUBLE, NULL, 0, "cannot start: %s", strerror(-r));
		return r;
	}
	m->shared = (struct vf_shared){
		.event = event,
		.rtnl = m->rtnl,
		.config = &m->config,
		.hooks_dir = paths->hooks,
		.runtime_dir = paths->runtime,
		.hear = on_hear,
		.go = on_go,
		.busy = on_busy,
		.ended = on_ended,
		.arg = m,
	};
	journal_listen(on_entry, m);
	r = enumerate(m, true);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(m);
	return 0;
}

void manager_free(struct manager *m)
{
	size_t i;

	if (!m)
		return;
	journal_listen(NULL, NULL);
	for (i = 0; i < VFS; i++)
		vf_free(m->vfs[i].vf);
	hooks_stop_all();
	capture_forget();
	control_free(m->control);
	sd_event_source_disable_unref(m->rtnl_source);
	sd_event_source_disable_unref(m->vfnl_source);
	sd_event_source_disable_unref(m->ping);
	sd_event_source_disable_unref(m->look);
	vfnl_free(m->vfnl);
	rtnl_free(m->rtnl);
	for (i = 0; i < m->n_history; i++)
		record_clear(&m->history[i]);
	free(m);
}
