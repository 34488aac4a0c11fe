/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VFs that vferry_vf could drive, and another driver has. */
#ifndef VFERRY_AGENT_DRIVER_H
#define VFERRY_AGENT_DRIVER_H

#include <jansson.h>

extern const char *driver_sysfs;	/* "/sys" */
extern const char *driver_modules;	/* "/lib/modules" */

/**
 * driver_problems() - VFs of this machine without vferry_vf
 *
 * Return: an array of lines, each of which says who has the VF and what to do; NULL: no
 * memory.
 */
json_t *driver_problems(void);

#endif
