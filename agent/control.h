/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vferryctl speaks to: a socket on which a client says one word and a newline,
 * and gets JSON objects, one on a line. "watch" gets them until the client leaves. A client
 * that says nothing, or does not read its answer, is not waited for for ever; one that is
 * one too many is told so.
 */
#ifndef VFERRYD_CONTROL_H
#define VFERRYD_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#define CONTROL_NAME	"control"	/* in the runtime directory */

struct control;

/**
 * struct control_answers - what is answered
 * @answer: to a command; a new object, or NULL if there is no such command
 * @arg: its argument
 */
struct control_answers {
	json_t *(*answer)(const char *command, void *arg);
	void *arg;
};

int control_new(sd_event *event, const char *runtime_dir, const struct control_answers *answers,
		struct control **ret);
void control_free(struct control *control);

/* To all who watch. A client that does not read for too long is dropped. */
void control_tell(struct control *control, json_t *object);
bool control_watched(const struct control *control);

#endif
