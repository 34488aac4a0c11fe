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

#define RETRY_MS	50

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

/*
 * Wait for an event on a descriptor up to a time. 0; -ETIMEDOUT; -EINTR: somebody wants to
 * stop. Without a descriptor (-1): at most a moment.
 */
static int wait_for(const struct qmp *qmp, int fd, short events, uint64_t until_ns)
{
	struct pollfd p[] = {
		{ .fd = fd, .events = events },
		{ .fd = qmp->stop_fd, .events = POLLIN },
	};
	uint64_t now = now_ns(), latest = fd < 0 ? now + RETRY_MS * 1000000ull : until_ns;
	int r;

	if (latest > until_ns)
		latest = until_ns;
	r = poll(p, 2, now < latest ? (latest - now) / 1000000 + 1 : 0);
	if (r < 0 && errno != EINTR)
		return -errno;
	if (p[1].revents)
		return -EINTR;
	return r || now_ns() < until_ns ? 0 : -ETIMEDOUT;
}

/* A connection that has been begun: 0, or why it was not made */
static int wait_connected(const struct qmp *qmp, int fd, uint64_t until_ns)
{
	socklen_t len = sizeof(int);
	int err = 0, r;

	do {
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		r = wait_for(qmp, fd, POLLOUT, until_ns);
		if (r < 0)
			return r;
		r = poll(&p, 1, 0);
	} while (r <= 0);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? -errno : -err;
}

static int connect_to(const struct qmp *qmp, int family, const struct sockaddr *address,
		      socklen_t len, uint64_t until_ns)
{
	_cleanup_close_ int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r, done;

	if (fd < 0)
		return -errno;
	for (;;) {
		r = connect(fd, address, len) ? -errno : 0;
		/* a local socket with too many that wait: nothing tells when there is room */
		if (r != -EAGAIN)
			break;
		r = wait_for(qmp, -1, 0, until_ns);
		if (r < 0)
			return r;
	}
	if (r == -EINPROGRESS)
		r = wait_connected(qmp, fd, until_ns);
	if (r < 0)
		return r;
	done = fd;
	fd = -1;
	return done;
}

static int connect_unix(const struct qmp *qmp, const char *path, uint64_t until_ns)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	return connect_to(qmp, AF_UNIX, (struct sockaddr *)&address, sizeof(address), until_ns);
}

/**
 * struct lookup - a name that is being looked up
 *
 * glibc writes to it for as long as it looks: it is not freed before that.
 */
struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char host[QMP_TEXT];
	char port[32];
};

/* The name server may be silent for longer than somebody wants to wait. */
static int look_up(const struct qmp *qmp, struct lookup **l, uint64_t until_ns)
{
	struct gaicb *list[] = { &(*l)->request };
	int r, err = 0;

	r = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	if (r)
		return r == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH;
	while (!err && (r = gai_error(list[0])) == EAI_INPROGRESS)
		err = wait_for(qmp, -1, 0, until_ns);
	if (err && gai_cancel(list[0]) == EAI_NOTCANCELED)
		*l = NULL;
	return err ? err : r ? -EHOSTUNREACH : 0;
}

static int connect_found(const struct qmp *qmp, const struct addrinfo *a, uint64_t until_ns)
{
	int r = -ECONNREFUSED;

	for (; a; a = a->ai_next) {
		r = connect_to(qmp, a->ai_family, a->ai_addr, a->ai_addrlen, until_ns);
		if (r >= 0 || r == -EINTR || r == -ETIMEDOUT)
			return r;
	}
	return r;
}

static int connect_tcp(const struct qmp *qmp, const char *where, uint64_t until_ns)
{
	const char *colon = strrchr(where, ':');
	struct lookup *l;
	int r;

	if (!colon)
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	snprintf(l->host, sizeof(l->host), "%.*s", (int)(colon - where), where);
	snprintf(l->port, sizeof(l->port), "%s", colon + 1);
	l->hints.ai_socktype = SOCK_STREAM;
	l->request = (struct gaicb) {
		.ar_name = l->host, .ar_service = l->port, .ar_request = &l->hints,
	};
	r = look_up(qmp, &l, until_ns);
	if (!r)
		r = connect_found(qmp, l->request.ar_result, until_ns);
	if (l && l->request.ar_result)
		freeaddrinfo(l->request.ar_result);
	free(l);
	return r;
}

/* Bytes that come up to a time. 0: there may be some; -ETIMEDOUT, -EINTR, -EPIPE */
static int receive(struct qmp *qmp, uint64_t until_ns)
{
	char data[65536];
	ssize_t n;
	int r;

	r = wait_for(qmp, qmp->fd, POLLIN, until_ns);
	if (r == -EINTR)
		return fail(qmp, r, "interrupted");
	if (r == -ETIMEDOUT)
		return fail(qmp, r, "no answer in time");
	if (r < 0)
		return r;
	n = recv(qmp->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
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

/* All of it. Half a command makes the connection useless, so ^C waits for the rest. */
static int send_all(struct qmp *qmp, const char *text, size_t len)
{
	uint64_t until = from_now_ns(QMP_ANSWER_MS);
	struct pollfd p = { .fd = qmp->fd, .events = POLLOUT };
	ssize_t n;

	for (; len; text += n, len -= n) {
		n = send(qmp->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			continue;
		n = 0;
		if (errno == EPIPE || errno == ECONNRESET)
			return fail(qmp, -EPIPE, "QEMU has closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (now_ns() >= until)
			return fail(qmp, -EPIPE, "QEMU does not take commands");
		poll(&p, 1, RETRY_MS);
	}
	return 0;
}

int qmp_send(struct qmp *qmp, const char *command, json_t *arguments, json_int_t *ret_id)
{
	_cleanup_json_ json_t *message = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;

	message = json_pack("{s:s, s:I, s:o*}", "execute", command, "id", ++qmp->id,
			    "arguments", arguments);
	text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	if (!text)
		return -ENOMEM;
	*ret_id = qmp->id;
	len = strlen(text);
	text[len++] = '\n';	/* in place of the end, which is not sent */
	return send_all(qmp, text, len);
}

int qmp_await(struct qmp *qmp, json_int_t id, uint64_t until_ns, json_t **ret_value)
{
	_cleanup_(qmp_msg_free) struct qmp_msg answer = {};
	int r;

	do {
		qmp_msg_free(&answer);
		r = next_message(qmp, until_ns, &answer);
		if (r < 0)
			return r;
	} while (answer.id != id);
	if (answer.kind == QMP_ERROR)
		return fail(qmp, -EREMOTEIO, answer.text);
	if (answer.kind != QMP_RETURN)
		return fail(qmp, -EBADMSG, "not an answer");
	if (ret_value)
		*ret_value = json_incref(answer.value);
	return 0;
}

int qmp_call(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret_value)
{
	json_int_t id;
	int r;

	r = qmp_send(qmp, command, arguments, &id);
	return r < 0 ? r : qmp_await(qmp, id, from_now_ns(QMP_ANSWER_MS), ret_value);
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
	uint64_t until = from_now_ns(QMP_ANSWER_MS);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct qmp *qmp = calloc(1, sizeof(*qmp));

	*ret_qmp = qmp;
	if (!qmp)
		return -ENOMEM;
	qmp->stop_fd = stop_fd;
	qmp->fd = strncmp(where, "tcp:", 4) ? connect_unix(qmp, where, until) :
		  connect_tcp(qmp, where + 4, until);
	if (qmp->fd == -ETIMEDOUT)
		return fail(qmp, qmp->fd, "the connection is not taken in time");
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
