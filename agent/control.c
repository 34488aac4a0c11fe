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
#define SAY_US		5000000	/* for the command to come */
#define READ_US		10000000 /* for the answer to be read */
#define OUT_MAX		(8 * 1024 * 1024)	/* bytes that are not read yet */
#define BUSY		"{\"error\":\"too many clients at once\",\"busy\":true}\n"

/**
 * struct client
 * @control: NULL: the slot is free
 * @deadline: when it is dropped, unless it watches
 * @command: as far as it has come; @len: bytes of it
 * @out: what was not sent yet; @out_len: bytes of it
 * @watches: it gets all that happens; @answered: it gets what is in @out, and no more
 */
struct client {
	struct control *control;
	sd_event_source *source, *deadline;
	int fd;
	char command[COMMAND];
	size_t len;
	char *out;
	size_t out_len;
	bool watches, answered;
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
	sd_event_source_disable_unref(client->deadline);
	close(client->fd);
	free(client->out);
	*client = (struct client){};
}

/* Send what can be sent now. False: the client is gone, or has all that it gets. */
static bool flush(struct client *client)
{
	ssize_t n = 0;

	while (client->out_len && n >= 0) {
		n = send(client->fd, client->out, client->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			client->out_len -= (size_t)n;
			memmove(client->out, client->out + n, client->out_len);
		}
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	/* What it says after its command is not read. */
	sd_event_source_set_io_events(client->source, (client->answered ? 0 : EPOLLIN) |
				      (client->out_len ? EPOLLOUT : 0));
	return client->out_len || !client->answered;
}

static bool say(struct client *client, const char *text)
{
	size_t len = strlen(text);
	char *out;

	if (len > OUT_MAX - client->out_len)
		return false;
	out = realloc(client->out, client->out_len + len);
	if (!out)
		return false;
	client->out = out;
	memcpy(out + client->out_len, text, len);
	client->out_len += len;
	return flush(client);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	drop(arg);
	return 0;
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
		sd_event_source_set_enabled(client->deadline, SD_EVENT_OFF);
		return say(client, "{\"event\":\"watching\"}\n");
	}
	object = control->answers.answer(client->command, control->answers.arg);
	if (!object)
		object = json_pack("{s:s}", "error", "no such command");
	line = line_of(object);
	json_decref(object);
	client->answered = true;
	sd_event_source_set_time_relative(client->deadline, READ_US);
	return line && say(client, line);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct client *client = arg;
	char *newline;
	ssize_t n;

	(void)source;
	if (events & EPOLLOUT && !flush(client)) {
		drop(client);
		return 0;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return 0;
	if (client->answered || client->watches) {
		/* It has said all: if this is more, or the end, it goes. */
		drop(client);
		return 0;
	}
	n = recv(fd, client->command + client->len, COMMAND - 1 - client->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
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
	if (new < 0)
		return 0;
	if (!client) {
		send(new, BUSY, strlen(BUSY), MSG_DONTWAIT | MSG_NOSIGNAL);
		return 0;
	}
	r = sd_event_add_io(control->event, &client->source, new, EPOLLIN, on_client, client);
	if (r >= 0)
		r = sd_event_add_time_relative(control->event, &client->deadline, CLOCK_MONOTONIC,
					       SAY_US, 100000, on_deadline, client);
	if (r < 0) {
		sd_event_source_disable_unref(client->source);
		*client = (struct client){};
		return 0;
	}
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
