/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runtime directory, which belongs to one vferryd. */
#ifndef VFERRYD_RUNTIME_H
#define VFERRYD_RUNTIME_H

#define RUNTIME_ERROR	512

/**
 * runtime_lock() - take the runtime directory
 * @dir: directory
 * @ret_error: RUNTIME_ERROR bytes: why not, if it fails
 *
 * Return: a descriptor, which holds it until it is closed; -EBUSY: another vferryd has
 * it; another -errno.
 */
int runtime_lock(const char *dir, char *ret_error);

#endif
