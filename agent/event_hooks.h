/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's programs, with the facts of a migration: see hooks.h and hookmsg.h. */
#ifndef VFERRYD_EVENT_HOOKS_H
#define VFERRYD_EVENT_HOOKS_H

#include <systemd/sd-event.h>

#include "config.h"
#include "record.h"

/**
 * event_hooks_run() - have those of an event run, ours and those that run as root
 * @loop: loop
 * @dir: directory of ours
 * @settings: are they to be run, and for how long
 * @pci: PCI address of the VF
 * @record: of the migration
 * @event: "migrate", "suspend", "resume", "cancel"
 *
 * Returns at once. What goes wrong is in the journal.
 */
void event_hooks_run(sd_event *loop, const char *dir, const struct settings *settings,
		     const char *pci, const struct record *record, const char *event);

#endif
