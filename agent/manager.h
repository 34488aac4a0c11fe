/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All VFs of this guest, their history, and who is told of both. */
#ifndef VFERRYD_MANAGER_H
#define VFERRYD_MANAGER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct manager;

/* Where things are; strings that outlive the manager. */
struct manager_paths {
	const char *config;
	const char *hooks;
	const char *runtime;
	bool config_given;	/* by name: that it is not there is an error */
};

/* Opens all sockets; finds the VFs that are there. 0 or -errno, with a message written. */
int manager_new(sd_event *event, const struct manager_paths *paths, struct manager **ret);
void manager_free(struct manager *manager);

/* Read the configuration again; it holds from the next migration on. */
void manager_reload(struct manager *manager);

#endif
