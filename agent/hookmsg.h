/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent tells vferryd-hook, which runs hooks as root: one datagram for each event,
 * to a socket of its own in HOOKMSG_DIR, of NAME=value lines. Pure.
 *
 * The agent has less rights than root: a message is taken only if it is exactly that.
 */
#ifndef VFERRYD_HOOKMSG_H
#define VFERRYD_HOOKMSG_H

#include <stdbool.h>
#include <stddef.h>

#define HOOKMSG_DIR	"/run/vferryd-hook"
#define HOOKMSG_MAX	1024	/* bytes */
#define HOOKMSG_LINES	8

/* Is it an event that hooks are run for? */
bool hookmsg_event(const char *event);

/* Make one of @environment (NULL at the end); its length, or 0: too long. */
size_t hookmsg_build(char *buf, const char *const *environment);

/**
 * hookmsg_parse() - take one apart
 * @buf: message, HOOKMSG_MAX + 1 bytes; is written to
 * @len: bytes of it
 * @event: for which it has to be
 * @ret: HOOKMSG_LINES + 1 strings in @buf, NULL at the end
 *
 * Return: NULL; or why it is refused, in words.
 */
const char *hookmsg_parse(char *buf, size_t len, const char *event, const char **ret);

#endif
