/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Will libvirt call vferry's hook? It remembers which hooks there were when it began. */
#ifndef VFERRY_CLI_HOOK_KNOWN_H
#define VFERRY_CLI_HOOK_KNOWN_H

#include <stdint.h>

#define HOOK_LINK	"/etc/libvirt/hooks/qemu.d/vferry"

/**
 * hook_known() - does libvirt know the hook?
 *
 * Return: "idle": no daemon of libvirt runs; "none": there is no hook; "unknown": it came
 * after the daemon was started or reloaded; "known".
 */
const char *hook_known(void);

/* The same, of the daemon's last start or reload and the hook's making, in seconds; 0: none. */
const char *hook_verdict(int64_t daemon, int64_t hook);

#endif
