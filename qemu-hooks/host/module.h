/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is there a module for this kernel, and what to do where a PF has another driver. */
#ifndef VFERRY_HOST_MODULE_H
#define VFERRY_HOST_MODULE_H

#include <stdbool.h>
#include <stddef.h>

extern const char *modules_root;	/* "/lib/modules" */

/* Is the module where modprobe finds it, for the kernel that runs? */
bool module_installed(const char *name);

/**
 * pf_driver_advice() - what to do about a PF that vferry_pf does not drive
 * @installed: there is a vferry_pf for the kernel
 * @release: of the kernel
 * @ret: receives a line; returned
 * @size: of @ret
 *
 * Pure.
 */
const char *pf_driver_advice(bool installed, const char *release, char *ret, size_t size);

#endif
