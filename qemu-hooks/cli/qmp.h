/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QMP connection to one QEMU.
 *
 * Functions return 0 or -errno and do not print; qmp_reason() has words.
 * -EPIPE: QEMU has closed the connection. -ETIMEDOUT: no answer in QMP_ANSWER_MS.
 * -EREMOTEIO: QEMU answered with an error. -EINTR: see qmp_open(); the connection stays
 * good.
 */
#ifndef VFERRY_CLI_QMP_H
#define VFERRY_CLI_QMP_H

#include "qmp_msg.h"

#define QMP_ANSWER_MS	10000

struct qmp;

/**
 * qmp_open() - connect, hear the greeting, leave the negotiation
 * @where: path of a socket, or tcp:HOST:PORT
 * @stop_fd: when this is readable, waiting ends with -EINTR; -1: nothing ends it
 * @ret_qmp: to be freed by qmp_close(), also on error, for qmp_reason()
 */
int qmp_open(const char *where, int stop_fd, struct qmp **ret_qmp);
void qmp_close(struct qmp *qmp);

static inline void qmp_p(struct qmp **qmp)
{
	qmp_close(*qmp);
}

/* Version of QEMU, as 10.0.13 */
const char *qmp_version(const struct qmp *qmp);

/* Process at the other end of a local socket, 0: not known */
int qmp_peer(const struct qmp *qmp);
int qmp_fd(const struct qmp *qmp);
const char *qmp_reason(const struct qmp *qmp);

/**
 * qmp_call() - execute a command
 * @qmp: connection
 * @command: its name
 * @arguments: reference is taken, also on error; NULL: none
 * @ret_value: new reference; NULL: not wanted
 *
 * Events that come meanwhile are dropped.
 */
int qmp_call(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret_value);

/*
 * The two halves of qmp_call(). A command that has been sent is executed, whether its answer
 * is awaited or not; so qmp_await() may be called again for the same one after -EINTR or
 * -ETIMEDOUT. Answers to others are dropped.
 */
int qmp_send(struct qmp *qmp, const char *command, json_t *arguments, json_int_t *ret_id);
int qmp_await(struct qmp *qmp, json_int_t id, uint64_t until_ns, json_t **ret_value);

/* Read what has come in, and drop it: events. 0, or -EPIPE. */
int qmp_drain(struct qmp *qmp);

#endif
