// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has a VF; see reservation.h. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "reservation.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define MAX_SIZE	4096

static const char *const states[] = {
	[RESERVATION_INCOMING]	= "incoming",
	[RESERVATION_PREPARED]	= "prepared",
	[RESERVATION_RUNNING]	= "running",
};

static void put_process(json_t *j, const char *key, const struct process *p)
{
	if (p->pid)
		json_object_set_new(j, key, json_pack("{s:i, s:I}", "pid", p->pid, "start",
						      (json_int_t)p->start));
}

char *reservation_text(const struct reservation *r)
{
	_cleanup_json_ json_t *j = NULL;
	char mac[18];

	j = json_pack("{s:s, s:s, s:s, s:I}", "uuid", r->uuid, "name", r->name, "state",
		      states[r->state], "since", (json_int_t)r->since);
	if (!j)
		return NULL;
	put_process(j, "daemon", &r->daemon);
	if (r->undo_mac)
		json_object_set_new(j, "mac", json_string(mac_text(r->mac, mac)));
	if (r->undo_vlan) {
		json_object_set_new(j, "vlan", json_integer(r->vlan));
		json_object_set_new(j, "qos", json_integer(r->qos));
	}
	return json_dumps(j, JSON_COMPACT);
}

static int get_text(const json_t *j, const char *key, char *ret, size_t size)
{
	const char *text = json_string_value(json_object_get(j, key));

	if (!text || !*text || strlen(text) >= size)
		return -EBADMSG;
	strcpy(ret, text);
	return 0;
}

static int get_state(const json_t *j, enum reservation_state *ret)
{
	const char *text = json_string_value(json_object_get(j, "state"));
	size_t i;

	for (i = 0; text && i < COUNT(states); i++) {
		if (!strcmp(text, states[i])) {
			*ret = i;
			return 0;
		}
	}
	return -EBADMSG;
}

/* A whole number from 0 to a limit */
static int get_number(const json_t *j, const char *key, json_int_t max, uint64_t *ret)
{
	const json_t *value = json_object_get(j, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > max)
		return -EBADMSG;
	*ret = json_integer_value(value);
	return 0;
}

static int get_process(const json_t *j, const char *key, struct process *ret)
{
	const json_t *value = json_object_get(j, key);
	uint64_t pid;

	if (!value)
		return 0;
	if (get_number(value, "pid", INT32_MAX, &pid) ||
	    get_number(value, "start", INT64_MAX, &ret->start) || !pid)
		return -EBADMSG;
	ret->pid = pid;
	return 0;
}

static int get_mac(const json_t *j, struct reservation *ret)
{
	const char *text = json_string_value(json_object_get(j, "mac"));
	char again[18];

	if (!json_object_get(j, "mac"))
		return 0;
	if (!text || sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &ret->mac[0], &ret->mac[1],
			    &ret->mac[2], &ret->mac[3], &ret->mac[4], &ret->mac[5]) != 6 ||
	    strcmp(mac_text(ret->mac, again), text))
		return -EBADMSG;
	ret->undo_mac = true;
	return 0;
}

static int get_vlan(const json_t *j, struct reservation *ret)
{
	uint64_t vlan, qos;

	if (!json_object_get(j, "vlan"))
		return 0;
	if (get_number(j, "vlan", 4094, &vlan) || get_number(j, "qos", 7, &qos))
		return -EBADMSG;
	ret->undo_vlan = true;
	ret->vlan = vlan;
	ret->qos = qos;
	return 0;
}

int reservation_read(const char *text, size_t size, struct reservation *ret)
{
	_cleanup_json_ json_t *j = NULL;

	*ret = (struct reservation) {};
	if (size > MAX_SIZE)
		return -EBADMSG;
	j = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(j) || get_text(j, "uuid", ret->uuid, sizeof(ret->uuid)) ||
	    get_text(j, "name", ret->name, sizeof(ret->name)) || get_state(j, &ret->state) ||
	    get_number(j, "since", INT64_MAX, &ret->since) ||
	    get_process(j, "daemon", &ret->daemon) || get_mac(j, ret) || get_vlan(j, ret))
		return -EBADMSG;
	return 0;
}

bool reservation_is_stale(const struct reservation *r, uint64_t now, bool held,
			  bool daemon_lives)
{
	if (held)
		return false;
	switch (r->state) {
	case RESERVATION_INCOMING:
	case RESERVATION_PREPARED:
		return (r->daemon.pid && !daemon_lives) || r->since > now ||
		       now - r->since > RESERVATION_LIFE;
	case RESERVATION_RUNNING:
		break;
	}
	return true;
}
