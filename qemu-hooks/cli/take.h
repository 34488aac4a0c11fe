/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PF goes from igb to vferry_pf, and is never left without a driver. */
#ifndef VFERRY_CLI_TAKE_H
#define VFERRY_CLI_TAKE_H

#include <stddef.h>

#include "sysfs.h"

/**
 * take_possible() - may the PF be taken from the driver that it has?
 * @pf: the PF
 * @ret: receives why not, and what to do
 * @size: of @ret
 *
 * Return: 0; -ENOENT: there is no vferry_pf to give it to; -EBUSY: its interface is up, or it
 * has VFs; -EPERM: it has a driver that is not igb.
 */
int take_possible(const struct target *pf, char *ret, size_t size);

/**
 * take_pf() - take it
 * @pf: the PF, for which take_possible() was 0; found anew: its interface is another one
 *
 * What vferry_pf does not want gets back its driver.
 *
 * Return: 0 or -errno.
 */
int take_pf(struct target *pf);

#endif
