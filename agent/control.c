// SPDX-License-Identifier: GPL-2.0-or-later
/* What vferryctl speaks to. See control.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cleanup.h"
#include "control.h"

#define CLIENTS		16
#define COMMAND		32	/* bytes, with the newline */

/* @control: NULL: the slot is free. */
struct client {
	struct control *control;
	sd_event_source *source;
	int fd;
	char command[COMMAND];
	size_t len;
	bool watches;
};

struct control {
	sd_event *event;
	sd_event_source *source;
	int fd;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct control_answers answers;
	struct client clients[CLIENTS];
};

DEFINE_CLEANUP(struct control *, control_free);

static void drop(struct client *client)
{
	sd_event_source_disable_unref(client->source);
	close(client->fd);
	*client = (struct client){};
}

/* All or nothing: a client that does not read gets no more. */
static bool say(struct client *client, const char *text)
{
	size_t len = strlen(text);

	return send(client->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

static char *line_of(json_t *object)
{
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);
	char *line = NULL;

	return text && asprintf(&line, "%s\n", text) >= 0 ? line : NULL;
}

static bool answer(struct client *client)
{
	struct control *control = client->control;
	_cleanup_free_ char *line = NULL;
	json_t *object;

	if (!strcmp(client->command, "watch")) {
		client->watches = true;
		return say(client, "{\"event\":\"watching\"}\n");
	}
	object = control->answers.answer(client->command, control->answers.arg);
	if (!object)
		object = json_pack("{s:s}", "error", "no such command");
	line = line_of(object);
	json_decref(object);
	if (line)
		say(client, line);
	return false;
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct client *client = arg;
	char *newline;
	ssize_t n;

	(void)source;
	(void)events;
	n = recv(fd, client->command + client->len, COMMAND - 1 - client->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0 || client->watches) {
		drop(client);
		return 0;
	}
	client->len += (size_t)n;
	client->command[client->len] = '\0';
	newline = strchr(client->command, '\n');
	if (newline)
		*newline = '\0';
	if (newline ? !answer(client) : client->len == COMMAND - 1)
		drop(client);
	return 0;
}

static int on_listen(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct control *control = arg;
	struct client *client = NULL;
	_cleanup_close_ int new = -1;
	size_t i;
	int r;

	(void)source;
	(void)events;
	new = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (i = 0; i < CLIENTS && !client; i++)
		if (!control->clients[i].control)
			client = &control->clients[i];
	/* Too many: this one is closed. */
	if (new < 0 || !client)
		return 0;
	r = sd_event_add_io(control->event, &client->source, new, EPOLLIN, on_client, client);
	if (r < 0)
		return 0;
	client->control = control;
	client->fd = TAKE_FD(new);
	return 0;
}

bool control_watched(const struct control *control)
{
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		if (control->clients[i].watches)
			return true;
	return false;
}

void control_tell(struct control *control, json_t *object)
{
	_cleanup_free_ char *line = line_of(object);
	size_t i;

	for (i = 0; line && i < CLIENTS; i++)
		if (control->clients[i].watches && !say(&control->clients[i], line))
			drop(&control->clients[i]);
}

static int listen_at(struct control *control, const char *runtime_dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t before;
	int r;

	if (snprintf(control->path, sizeof(control->path), "%s/" CONTROL_NAME, runtime_dir) >=
	    (int)sizeof(control->path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, control->path);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return -errno;
	unlink(control->path);
	before = umask(0077);
	r = bind(control->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(control->fd, CLIENTS) ? -errno : 0;
	umask(before);
	return r;
}

int control_new(sd_event *event, const char *runtime_dir, const struct control_answers *answers,
		struct control **ret)
{
	_cleanup_(control_freep) struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->event = event;
	control->fd = -1;
	control->answers = *answers;
	r = listen_at(control, runtime_dir);
	if (!r)
		r = sd_event_add_io(event, &control->source, control->fd, EPOLLIN, on_listen,
				    control);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(control);
	return 0;
}

void control_free(struct control *control)
{
	size_t i;

	if (!control)
		return;
	for (i = 0; i < CLIENTS; i++)
		if (control->clients[i].control)
			drop(&control->clients[i]);
	sd_event_source_disable_unref(control->source);
	if (control->fd >= 0) {
		close(control->fd);
		unlink(control->path);
	}
	free(control);
}
