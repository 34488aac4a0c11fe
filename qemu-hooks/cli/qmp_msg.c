// SPDX-License-Identifier: GPL-2.0-or-later
/* What QEMU says on a QMP socket; see qmp_msg.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "qmp_msg.h"
#include "text.h"
#include "vferry_hold.h"

int qmp_lines_feed(struct qmp_lines *lines, const char *data, size_t len)
{
	size_t rest = lines->len - lines->taken;
	char *grown;

	if (rest + len > QMP_LINE_MAX)
		return -EMSGSIZE;
	if (lines->taken)
		memmove(lines->buf, lines->buf + lines->taken, rest);
	lines->taken = 0;
	lines->len = rest;
	if (!len)
		return 0;
	grown = realloc(lines->buf, rest + len);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + rest, data, len);
	lines->buf = grown;
	lines->len = rest + len;
	return 0;
}

const char *qmp_lines_next(struct qmp_lines *lines, size_t *ret_len)
{
	const char *begin, *end;

	if (lines->taken == lines->len)
		return NULL;
	begin = lines->buf + lines->taken;
	end = memchr(begin, '\n', lines->len - lines->taken);
	if (!end)
		return NULL;
	lines->taken += end - begin + 1;
	*ret_len = end - begin;
	if (*ret_len && end[-1] == '\r')
		(*ret_len)--;
	return begin;
}

void qmp_lines_free(struct qmp_lines *lines)
{
	free(lines->buf);
	*lines = (struct qmp_lines) {};
}

static int read_greeting(const json_t *greeting, struct qmp_msg *ret)
{
	int major, minor, micro;

	if (json_unpack((json_t *)greeting, "{s:{s:{s:i, s:i, s:i}}}", "version", "qemu",
			"major", &major, "minor", &minor, "micro", &micro))
		return -EBADMSG;
	ret->kind = QMP_GREETING;
	snprintf(ret->text, sizeof(ret->text), "%d.%d.%d", major, minor, micro);
	return 0;
}

static int read_error(const json_t *error, struct qmp_msg *ret)
{
	const char *text = json_string_value(json_object_get(error, "desc"));

	if (!text)
		return -EBADMSG;
	ret->kind = QMP_ERROR;
	text_clean(ret->text, sizeof(ret->text), text);
	return 0;
}

int qmp_msg_read(const char *line, size_t len, struct qmp_msg *ret_msg)
{
	_cleanup_json_ json_t *root = json_loadb(line, len, 0, NULL);
	json_t *part;

	*ret_msg = (struct qmp_msg) { .id = -1 };
	if (!json_is_object(root))
		return -EBADMSG;

	part = json_object_get(root, "id");
	if (json_is_integer(part))
		ret_msg->id = json_integer_value(part);

	part = json_object_get(root, "QMP");
	if (part)
		return read_greeting(part, ret_msg);
	part = json_object_get(root, "error");
	if (part)
		return read_error(part, ret_msg);
	part = json_object_get(root, "return");
	if (part) {
		ret_msg->kind = QMP_RETURN;
		ret_msg->value = json_incref(part);
		return 0;
	}
	part = json_object_get(root, "event");
	if (!json_is_string(part))
		return -EBADMSG;
	ret_msg->kind = QMP_EVENT;
	text_clean(ret_msg->text, sizeof(ret_msg->text), json_string_value(part));
	ret_msg->value = json_incref(json_object_get(root, "data"));
	return 0;
}

void qmp_msg_free(struct qmp_msg *msg)
{
	json_decref(msg->value);
	msg->value = NULL;
}

static const struct {
	const char *word;
	enum qmp_status status;
} statuses[] = {
	{ "none",		QMP_MIG_NONE },
	{ "setup",		QMP_MIG_SETUP },
	{ "active",		QMP_MIG_ACTIVE },
	{ "cancelling",		QMP_MIG_CANCELLING },
	{ "cancelled",		QMP_MIG_CANCELLED },
	{ "completed",		QMP_MIG_COMPLETED },
	{ "failed",		QMP_MIG_FAILED },
	{ "pre-switchover",	QMP_MIG_PAUSED },
	{ "device",		QMP_MIG_DEVICE },
	{ "other",		QMP_MIG_OTHER },
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

const char *qmp_status_name(enum qmp_status status)
{
	size_t i;

	for (i = 0; i < COUNT(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].word;
	return "other";
}

bool qmp_status_is_final(enum qmp_status status)
{
	return status == QMP_MIG_CANCELLED || status == QMP_MIG_COMPLETED ||
	       status == QMP_MIG_FAILED;
}

static enum qmp_status status_of(const char *word)
{
	size_t i;

	for (i = 0; word && i < COUNT(statuses); i++)
		if (!strcmp(statuses[i].word, word))
			return statuses[i].status;
	return word ? QMP_MIG_OTHER : QMP_MIG_NONE;
}

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	return json_integer_value(value);
}

/* Megabits a second, as a real number, to bytes/s */
static json_int_t rate_of(const json_t *ram)
{
	double mbps = json_number_value(json_object_get(ram, "mbps"));

	return mbps >= 0 && mbps < 1e9 ? (json_int_t)(mbps * 125000) : -1;
}

static json_int_t product(json_int_t a, json_int_t b)
{
	return a < 0 || b < 0 || (b && a > INT64_MAX / b) ? -1 : a * b;
}

/*
 * From QEMU 11.1 on what is left includes the devices', and the downtime is reckoned from that:
 * from the answer with which vferry_vfio holds the switch, which says nothing of the downtime.
 */
static json_int_t expected_downtime(const json_t *value)
{
	return number(value, "remaining") >= (json_int_t)VFERRY_SWITCHOVER_HOLD ? -1 :
	       number(value, "expected-downtime");
}

int qmp_migration_read(const json_t *value, struct qmp_migration *ret)
{
	const json_t *ram = json_object_get(value, "ram");

	if (!json_is_object(value))
		return -EBADMSG;
	*ret = (struct qmp_migration) {
		.status = status_of(json_string_value(json_object_get(value, "status"))),
		.total = number(ram, "total"),
		.transferred = number(ram, "transferred"),
		.remaining = number(ram, "remaining"),
		.rate = ram ? rate_of(ram) : -1,
		.dirty_rate = product(number(ram, "dirty-pages-rate"), number(ram, "page-size")),
		.round = number(ram, "dirty-sync-count"),
		.device_bytes = number(json_object_get(value, "vfio"), "transferred"),
		.total_ms = number(value, "total-time"),
		.setup_ms = number(value, "setup-time"),
		.downtime_ms = number(value, "downtime"),
		.expected_downtime_ms = expected_downtime(value),
	};
	text_clean(ret->error, sizeof(ret->error),
		   json_string_value(json_object_get(value, "error-desc")));
	return 0;
}
