/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VFERRY_CLI_LIBVIRT_SYNC_H
#define VFERRY_CLI_LIBVIRT_SYNC_H

#include <stdbool.h>

/*
 * The persistent definitions of domains that run get the addresses of the VFs that they
 * have. @uri: of libvirt, or NULL; @domains: names, NULL at their end; none: all that run.
 * An exit status.
 */
int libvirt_sync(const char *uri, bool json, char **domains);

/*
 * All that run, now and whenever libvirt's daemon is there again; and each that has arrived
 * or was defined. Returns when that cannot be: an exit status.
 */
int libvirt_follow(const char *uri, bool json);

#endif
