/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reservations of VFs: a folder with a file for each VF that has one, named by its
 * PCI address. Whoever has it open has it alone: a file in it is locked, which nobody but
 * root can open, and the kernel unlocks it when a process ends.
 *
 * Functions return 0 or -errno and do not print.
 */
#ifndef VFERRY_HOST_STORE_H
#define VFERRY_HOST_STORE_H

#include "reservation.h"

#define STORE_LOCK_MS	5000
#define STORE_LOCK	".lock"

/**
 * struct store - descriptors, -1: not open
 * @dir: the folder
 * @lock: the file that is locked
 */
struct store {
	int dir;
	int lock;
};

#define STORE_CLOSED	{ -1, -1 }

extern const char *store_path;	/* "/run/vferry"; tests replace it */

/**
 * store_open() - take the lock, make the folder if there is none
 * @ret: to be closed by store_close(); closed after an error
 *
 * Return: -ETIMEDOUT: others have had the lock for STORE_LOCK_MS.
 */
int store_open(struct store *ret);

/* To read from alone, without the lock: a reservation is written whole or not at all. */
int store_open_unlocked(struct store *ret);
void store_close(struct store *store);

/* -ENOENT: there is none; -EBADMSG: it cannot be understood. */
int store_get(const struct store *store, const char *pci, struct reservation *ret);

/* A new one: -EEXIST: the VF has one. */
int store_add(const struct store *store, const char *pci, const struct reservation *r);

/* In place of the one that there is, whole or not at all. */
int store_replace(const struct store *store, const char *pci, const struct reservation *r);

/* -ENOENT: there is none. */
int store_remove(const struct store *store, const char *pci);

/**
 * store_list() - VFs that have one
 * @store: open
 * @ret_pci: array, to be freed
 * @ret_count: of its members
 */
int store_list(const struct store *store, char (**ret_pci)[MSG_PCI], size_t *ret_count);

#endif
