/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reservations of VFs: a folder with a file for each VF that has one, named by its
 * PCI address. Whoever has it open has it alone; it is locked, and the kernel
 * unlocks it when a process ends.
 *
 * Functions return 0 or -errno and do not print.
 */
#ifndef VFERRY_LIBVIRT_STORE_H
#define VFERRY_LIBVIRT_STORE_H

#include "reservation.h"

#define STORE_LOCK_MS	5000

extern const char *store_path;	/* "/run/vferry"; tests replace it */

/**
 * store_open() - take the lock, make the folder if there is none
 * @ret: descriptor, to be closed
 *
 * Return: -ETIMEDOUT: others have had the lock for STORE_LOCK_MS.
 */
int store_open(int *ret);

/* -ENOENT: there is none; -EBADMSG: it cannot be understood. */
int store_get(int store, const char *pci, struct reservation *ret);

/* A new one: -EEXIST: the VF has one. */
int store_add(int store, const char *pci, const struct reservation *r);

/* In place of the one that there is, whole or not at all. */
int store_replace(int store, const char *pci, const struct reservation *r);

/* -ENOENT: there is none. */
int store_remove(int store, const char *pci);

/**
 * store_list() - VFs that have one
 * @store: open
 * @ret_pci: array, to be freed
 * @ret_count: of its members
 */
int store_list(int store, char (**ret_pci)[MSG_PCI], size_t *ret_count);

#endif
