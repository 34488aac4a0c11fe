// SPDX-License-Identifier: GPL-2.0-or-later
/* A QMP connection; see qmp.h. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "pf.h"
#include "qmp.h"

struct qmp {
	int fd;
	int stop_fd;
	struct qmp_lines lines;
	json_int_t id;
	int peer;
	char version[QMP_TEXT];
	char reason[QMP_TEXT];
};

const char *qmp_version(const struct qmp *qmp)
{
	return qmp->version;
}

int qmp_peer(const struct qmp *qmp)
{
	return qmp->peer;
}

int qmp_fd(const struct qmp *qmp)
{
	return qmp->fd;
}

const char *qmp_reason(const struct qmp *qmp)
{
	return qmp->reason;
}

static int fail(struct qmp *qmp, int err, const char *reason)
{
	snprintf(qmp->reason, sizeof(qmp->reason), "%s", reason);
	return err;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int done;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	done = fd;
	fd = -1;
	return done;
}

static int connect_tcp(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found, *a;
	const char *colon = strrchr(where, ':');
	int fd = -1, err = -ECONNREFUSED;
	char host[QMP_TEXT];

	if (!colon)
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - where), where);
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return -EHOSTUNREACH;
	for (a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0 && !connect(fd, a->ai_addr, a->ai_addrlen))
			break;
		err = -errno;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd >= 0 ? fd : err;
}

/* Wait for bytes up to a time. 0: there may be some; -ETIMEDOUT, -EINTR, -EPIPE */
static int receive(struct qmp *qmp, uint64_t until_ns)
{
	struct pollfd p[] = {
		{ .fd = qmp->fd, .events = POLLIN },
		{ .fd = qmp->stop_fd, .events = POLLIN },
	};
	uint64_t now = now_ns();
	int ms = now < until_ns ? (until_ns - now) / 1000000 + 1 : 0;
	char data[65536];
	ssize_t n;
	int r;

	r = poll(p, 2, ms);
	if (r < 0 && errno != EINTR)
		return -errno;
	if (p[1].revents)
		return fail(qmp, -EINTR, "interrupted");
	if (!r)
		return fail(qmp, -ETIMEDOUT, "no answer in time");
	if (r < 0)
		return 0;
	n = recv(qmp->fd, data, sizeof(data), 0);
	if (n < 0 && errno != ECONNRESET)
		return -errno;
	if (n <= 0)
		return fail(qmp, -EPIPE, "QEMU has closed the connection");
	r = qmp_lines_feed(&qmp->lines, data, n);
	return r < 0 ? fail(qmp, r, "a message is too long") : 0;
}

/* The next message that is no event. */
static int next_message(struct qmp *qmp, uint64_t until_ns, struct qmp_msg *ret)
{
	const char *line;
	size_t len;
	int r;

	for (;;) {
		while ((line = qmp_lines_next(&qmp->lines, &len))) {
			if (!len)
				continue;
			if (qmp_msg_read(line, len, ret) < 0)
				return fail(qmp, -EBADMSG, "not a QMP socket");
			if (ret->kind != QMP_EVENT)
				return 0;
			qmp_msg_free(ret);
		}
		r = receive(qmp, until_ns);
		if (r < 0)
			return r;
	}
}

int qmp_call(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret_value)
{
	_cleanup_json_ json_t *message = NULL;
	uint64_t until = from_now_ns(QMP_ANSWER_MS);
	_cleanup_free_ char *text = NULL;
	_cleanup_(qmp_msg_free) struct qmp_msg answer = {};
	size_t at = 0, len;
	ssize_t n;
	int r;

	message = json_pack("{s:s, s:I, s:o*}", "execute", command, "id", ++qmp->id,
			    "arguments", arguments);
	text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len++] = '\n';	/* in place of the end, which is not sent */
	while (at < len) {
		n = send(qmp->fd, text + at, len - at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ?
			       fail(qmp, -EPIPE, "QEMU has closed the connection") : -errno;
		at += n;
	}

	do {
		qmp_msg_free(&answer);
		r = next_message(qmp, until, &answer);
		if (r < 0)
			return r;
	} while (answer.id != qmp->id);
	if (answer.kind == QMP_ERROR)
		return fail(qmp, -EREMOTEIO, answer.text);
	if (answer.kind != QMP_RETURN)
		return fail(qmp, -EBADMSG, "not an answer");
	if (ret_value)
		*ret_value = json_incref(answer.value);
	return 0;
}

int qmp_drain(struct qmp *qmp)
{
	const char *line;
	size_t len;
	int r;

	r = receive(qmp, 0);
	while ((line = qmp_lines_next(&qmp->lines, &len)))
		;
	return r == -ETIMEDOUT || r == -EINTR ? 0 : r;
}

static int greet(struct qmp *qmp)
{
	_cleanup_(qmp_msg_free) struct qmp_msg greeting = {};
	int r;

	r = next_message(qmp, from_now_ns(QMP_ANSWER_MS), &greeting);
	if (r == -ETIMEDOUT)
		return fail(qmp, r, "no greeting: is another client connected to this socket?");
	if (r < 0)
		return r;
	if (greeting.kind != QMP_GREETING)
		return fail(qmp, -EBADMSG, "not a QMP socket");
	memcpy(qmp->version, greeting.text, sizeof(qmp->version));
	return qmp_call(qmp, "qmp_capabilities", NULL, NULL);
}

int qmp_open(const char *where, int stop_fd, struct qmp **ret_qmp)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct qmp *qmp = calloc(1, sizeof(*qmp));

	*ret_qmp = qmp;
	if (!qmp)
		return -ENOMEM;
	qmp->stop_fd = stop_fd;
	qmp->fd = strncmp(where, "tcp:", 4) ? connect_unix(where) : connect_tcp(where + 4);
	if (qmp->fd < 0)
		return fail(qmp, qmp->fd, strerror(-qmp->fd));
	if (!getsockopt(qmp->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.pid > 0)
		qmp->peer = peer.pid;
	return greet(qmp);
}

void qmp_close(struct qmp *qmp)
{
	if (!qmp)
		return;
	if (qmp->fd >= 0)
		close(qmp->fd);
	qmp_lines_free(&qmp->lines);
	free(qmp);
}
