/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operator can see: one journal entry for each event, with an ID that the
 * message catalog explains (vferryd.catalog).
 */
#ifndef VFERRYD_JOURNAL_H
#define VFERRYD_JOURNAL_H

#include <stdint.h>

/* An entry's ID is for ever: systemd's catalog, and filters of operators, know it. */
enum journal_id {
	JOURNAL_VF_FOUND,
	JOURNAL_VF_GONE,
	JOURNAL_STARTED,	/* a migration */
	JOURNAL_SUSPENDED,
	JOURNAL_RESUMED,
	JOURNAL_COMPLETED,
	JOURNAL_CANCELLED,
	JOURNAL_FAILED,
	JOURNAL_DIFFERENCE,
	JOURNAL_UNPROVED,
	JOURNAL_NEIGHBOUR,
	JOURNAL_HOOK,
	JOURNAL_CONFIG,
	JOURNAL_TROUBLE,	/* of the agent itself */
};

struct entry;

/**
 * journal_begin() - begin an entry
 * @id: which
 * @vf: interface; NULL: none
 * @migration: its ID; 0: none
 *
 * Return: entry, which journal_end() writes and frees; NULL if there is no memory,
 * which all functions take.
 */
struct entry *journal_begin(enum journal_id id, const char *vf, uint64_t migration);

/* A field beside those: VFERRY_..., with its value. */
__attribute__((format(printf, 3, 4)))
void journal_field(struct entry *entry, const char *name, const char *format, ...);

/* The message, and write it. */
__attribute__((format(printf, 2, 3)))
void journal_end(struct entry *entry, const char *format, ...);

/* All of the above with no fields of its own. */
__attribute__((format(printf, 4, 5)))
void journal(enum journal_id id, const char *vf, uint64_t migration, const char *format, ...);

/* A line for developers, without an ID, if VFERRYD_DEBUG is in the environment. */
__attribute__((format(printf, 1, 2)))
void journal_debug(const char *format, ...);

/**
 * journal_listen() - who else is told of each entry
 * @told: gets the fields as NAME=value strings, NULL at the end
 */
void journal_listen(void (*told)(const char *const *fields, void *arg), void *arg);

#endif
