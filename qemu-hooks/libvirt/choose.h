/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VF of this host is for which VF of a domain. Pure. */
#ifndef VFERRY_LIBVIRT_CHOOSE_H
#define VFERRY_LIBVIRT_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "dom.h"
#include "place.h"

#define CHOOSE_NONE	((size_t)-1)

/**
 * choose() - a VF for each device that is ours
 * @table: VFs of this host
 * @dom: the domain
 * @ours: for each of its devices: is it to have a VF?
 * @ret_rows: receives for each device the number of a row, or CHOOSE_NONE
 * @reason: receives what is wrong and what to do, one line
 * @size: of @reason
 *
 * A VF at the same address as the device's is preferred, and before that one that has
 * the guest's address already.
 *
 * Return: 0; -ENOENT: no VF of that network is free; -EADDRINUSE: only where the
 * guest's address is another's; -EINVAL: it is not known which network.
 */
int choose(const struct vf_table *table, const struct dom *dom, const bool *ours,
	   size_t *ret_rows, char *reason, size_t size);

#endif
