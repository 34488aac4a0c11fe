/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VFERRY_CLI_LIBVIRT_SYNC_H
#define VFERRY_CLI_LIBVIRT_SYNC_H

#include <stdbool.h>

/*
 * The persistent definitions of domains that run get the addresses of the VFs that they
 * have. @uri: for virsh, or NULL; @domains: names, NULL at their end; none: all that run.
 * An exit status.
 */
int libvirt_sync(const char *uri, bool json, char **domains);

/* All that run, now and each time that a guest has arrived. Returns when that cannot be
 * known any more: an exit status.
 */
int libvirt_follow(const char *uri, bool json);

#endif
