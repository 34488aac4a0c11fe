/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The migration check, for those who want to migrate. */
#ifndef VFERRY_CLI_CHECK_H
#define VFERRY_CLI_CHECK_H

#include <jansson.h>
#include <stdio.h>

#include "sysfs.h"
#include "verdict.h"

/* All checks of this host for one VF, with a ping of the guest's driver. */
void check_here(const struct target *vf, const json_t *facts, struct checks *checks);

/* The lines as text. Only what did not pass, if @all is not set. */
void checks_print(const struct checks *checks, FILE *out, bool all);

#endif
