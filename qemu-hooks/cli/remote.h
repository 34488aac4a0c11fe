/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vferry on another host, by ssh (VFERRY_SSH in the environment: another
 * program that takes the same words).
 */
#ifndef VFERRY_CLI_REMOTE_H
#define VFERRY_CLI_REMOTE_H

#include "child.h"

/*
 * Start "vferry WORDS" on a host; @words ends with NULL. 0 or -errno. Exit status 255:
 * ssh could not reach the host.
 */
int remote_start(struct child *ssh, const char *host, const char *const *words);

#endif
