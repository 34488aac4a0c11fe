// SPDX-License-Identifier: GPL-2.0-or-later
/* The administrator's programs, with the facts of a migration. See event_hooks.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "event_hooks.h"
#include "hookmsg.h"
#include "hooks.h"
#include "journal.h"
#include "report.h"

static const char *value_of(char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; *environment; environment++)
		if (!strncmp(*environment, name, len) && (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

/* The VF may be gone by then, and another migration may go on. */
static void on_end(const char *name, const char *argument, enum hook_end end, int status,
		   uint64_t took_us, char *const *environment, void *arg)
{
	const char *migration = value_of(environment, "VFERRY_MIGRATION");
	struct entry *entry;
	char how[64];

	(void)arg;
	switch (end) {
	case HOOK_EXITED:
		if (!status) {
			journal_debug("hook %s %s: done in %" PRIu64 " us", name, argument, took_us);
			return;
		}
		snprintf(how, sizeof(how), "exit status %d", status);
		break;
	case HOOK_KILLED:
		snprintf(how, sizeof(how), "killed by signal %d", status);
		break;
	case HOOK_TIMEOUT:
		snprintf(how, sizeof(how), "killed after its time limit");
		break;
	case HOOK_FAILED:
		snprintf(how, sizeof(how), "cannot be started: %s", strerror(status));
		break;
	}
	entry = journal_begin(JOURNAL_HOOK, value_of(environment, "VFERRY_VF"),
			      migration ? strtoull(migration, NULL, 16) : 0);
	journal_field(entry, "VFERRY_HOOK", "%s", name);
	journal_field(entry, "VFERRY_EVENT", "%s", argument);
	journal_field(entry, "VFERRY_TOOK_US", "%" PRIu64, took_us);
	journal_end(entry, "hook %s %s: %s", name, argument, how);
}

/* Whoever runs hooks as root is told; there is nobody, if no such unit is enabled. */
static void tell_root(const struct record *record, const char *event,
		      const char *const *environment)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	char text[HOOKMSG_MAX];
	size_t len;

	snprintf(to.sun_path, sizeof(to.sun_path), HOOKMSG_DIR "/%s", event);
	if (access(to.sun_path, F_OK))
		return;
	len = hookmsg_build(text, environment);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sendto(fd, text, len, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0)
		report_trouble(record->ifname, record->mig_id, "cannot tell vferryd-hook", -errno);
}

void event_hooks_run(sd_event *loop, const char *dir, const struct settings *settings,
		     const char *pci, const struct record *record, const char *event)
{
	char name[48], pci_text[48], migration[48], mode[32], event_text[32], arrived[24];
	const char *environment[] = { name, pci_text, migration, mode, event_text, arrived, NULL };
	const struct hooks_run run = {
		.dir = dir,
		.argument = event,
		.environment = environment,
		.timeout_us = settings->hook_timeout_ms * UINT64_C(1000),
		.ended = on_end,
	};
	int r;

	if (!settings->hooks)
		return;
	snprintf(name, sizeof(name), "VFERRY_VF=%s", record->ifname);
	snprintf(pci_text, sizeof(pci_text), "VFERRY_PCI=%s", pci);
	snprintf(migration, sizeof(migration), "VFERRY_MIGRATION=%016" PRIx64, record->mig_id);
	snprintf(mode, sizeof(mode), "VFERRY_MODE=%s", config_mode_name(settings->mode));
	snprintf(event_text, sizeof(event_text), "VFERRY_EVENT=%s", event);
	snprintf(arrived, sizeof(arrived), "VFERRY_ARRIVED=%d",
		 record->outcome == RECORD_ARRIVED);
	tell_root(record, event, environment);
	r = hooks_start(loop, &run);
	if (r < 0)
		report_trouble(record->ifname, record->mig_id, "cannot run hooks", r);
}
