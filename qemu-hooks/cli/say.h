/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for people: complaints, colours, JSON. */
#ifndef VFERRY_CLI_SAY_H
#define VFERRY_CLI_SAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "conf.h"
#include "pf.h"
#include "sysfs.h"

/* A complaint on standard error, with "vferry: " and an end of line. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum paint {
	PAINT_OFF,
	PAINT_GOOD,
	PAINT_BAD,
	PAINT_DIM,
	PAINT_BOLD,
};

/* What switches a colour on or off on this stream: "" unless it is a terminal. */
const char *paint(FILE *out, enum paint paint);

/*
 * From now on, a command that fails without a result as JSON says why as JSON: see say_end().
 * Complaints go to standard error all the same.
 */
void say_as_json(void);

/* New reference: an array of all complaints so far. */
json_t *say_said(void);

/* Those were told: for who goes on for ever. */
void say_forget(void);

/*
 * The end of the program with an exit status: what was printed has to be written, and a
 * failure has to be told. Returns the exit status.
 */
int say_end(int status);

/* One JSON value and an end of line, written out at once; takes the reference. */
int say_json(json_t *value);

/* /etc/vferry/host.conf; if it is not good it counts as empty, and a line says so. */
void conf_load_or_say(struct conf *ret);

/*
 * Something about the PF driver has gone wrong: say what and what to do. @pf
 * may be NULL. Returns an exit status.
 */
int say_pf_error(const struct pf *pf, int err, const char *what);

/* A name that target_find() did not find. Returns an exit status. */
int say_no_target(const char *name, int err);

/*
 * Find a VF by the name that somebody gave, and see that vferry_pf drives its
 * PF. STATUS_OK, or an exit status; then it has been said why.
 */
int need_vf(const char *name, struct target *ret);

#endif
