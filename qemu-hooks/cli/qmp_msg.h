/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU says on a QMP socket: lines, messages, the state of a migration.
 *
 * Pure, apart from jansson. QEMU is trusted with its guest, its words are
 * checked all the same.
 */
#ifndef VFERRY_CLI_QMP_MSG_H
#define VFERRY_CLI_QMP_MSG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMP_LINE_MAX	(1 << 20)	/* longest message that is taken, bytes */
#define QMP_TEXT	256

/**
 * struct qmp_lines - bytes that have come in, as lines
 * @buf: to be freed by qmp_lines_free()
 * @len: bytes in @buf
 * @taken: of these have been handed out
 */
struct qmp_lines {
	char *buf;
	size_t len;
	size_t taken;
};

/* 0; -EMSGSIZE: a line is too long; -ENOMEM. */
int qmp_lines_feed(struct qmp_lines *lines, const char *data, size_t len);

/* The next whole line without its end, valid until the next feed; NULL: none yet. */
const char *qmp_lines_next(struct qmp_lines *lines, size_t *ret_len);
void qmp_lines_free(struct qmp_lines *lines);

enum qmp_kind {
	QMP_GREETING,
	QMP_RETURN,
	QMP_ERROR,
	QMP_EVENT,
};

/**
 * struct qmp_msg - one message
 * @id: of the command that is answered, -1: none
 * @text: of an error: its description; of an event: its name; of a greeting:
 *	QEMU's version, as 10.0.13
 * @value: what was returned, or an event's data; NULL: none. Own reference
 */
struct qmp_msg {
	enum qmp_kind kind;
	json_int_t id;
	char text[QMP_TEXT];
	json_t *value;
};

/* 0; -EBADMSG: not a message of QMP. Then nothing is to be freed. */
int qmp_msg_read(const char *line, size_t len, struct qmp_msg *ret_msg);
void qmp_msg_free(struct qmp_msg *msg);

enum qmp_status {
	QMP_MIG_NONE,
	QMP_MIG_SETUP,
	QMP_MIG_ACTIVE,
	QMP_MIG_CANCELLING,
	QMP_MIG_CANCELLED,
	QMP_MIG_COMPLETED,
	QMP_MIG_FAILED,
	QMP_MIG_PAUSED,		/* pre-switchover: somebody wants to be asked */
	QMP_MIG_DEVICE,		/* the VM has stopped, the rest is sent */
	QMP_MIG_OTHER,
};

/**
 * struct qmp_migration - an answer to query-migrate
 *
 * Bytes, bytes/s, milliseconds; -1: not told.
 */
struct qmp_migration {
	enum qmp_status status;
	json_int_t total;
	json_int_t transferred;
	json_int_t remaining;
	json_int_t rate;
	json_int_t dirty_rate;
	json_int_t round;
	json_int_t device_bytes;
	json_int_t total_ms;
	json_int_t setup_ms;
	json_int_t downtime_ms;
	json_int_t expected_downtime_ms;
	char error[QMP_TEXT];
};

/* 0; -EBADMSG: not such an answer. */
int qmp_migration_read(const json_t *value, struct qmp_migration *ret_migration);

const char *qmp_status_name(enum qmp_status status);

/* Has it come to an end? */
bool qmp_status_is_final(enum qmp_status status);

#endif
