// SPDX-License-Identifier: GPL-2.0-or-later
/* Migrations in the journal; see journal.h. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "cleanup.h"
#include "journal.h"
#include "say.h"

static const char *message_id(enum move_outcome outcome)
{
	switch (outcome) {
	case MOVE_LEFT:
		return MESSAGE_LEFT;
	case MOVE_ARRIVED:
		return MESSAGE_ARRIVED;
	case MOVE_STAYED:
		return MESSAGE_STAYED;
	case MOVE_GOING_ON:
	case MOVE_FAILED:
		break;
	}
	return MESSAGE_FAILED;
}

static void message(const struct move *move, char *buf, size_t size)
{
	int64_t us = move_rest_us(move);

	switch (move->outcome) {
	case MOVE_LEFT:
		snprintf(buf, size, "The guest on %s vf %u has left this host", move->pf, move->vf);
		return;
	case MOVE_ARRIVED:
		snprintf(buf, size, "A guest has arrived on %s vf %u", move->pf, move->vf);
		return;
	case MOVE_STAYED:
		if (us >= 0)
			snprintf(buf, size, "The guest on %s vf %u stays: its VF was at rest for "
				 "%.1f ms", move->pf, move->vf, us / 1e3);
		else
			snprintf(buf, size, "The guest on %s vf %u stays: the migration was called "
				 "off", move->pf, move->vf);
		return;
	case MOVE_GOING_ON:
	case MOVE_FAILED:
		break;
	}
	snprintf(buf, size, "Migration on %s vf %u failed: %s", move->pf, move->vf, move->reason);
}

/**
 * struct fields - of an entry
 * @iov: each a text "NAME=value", to be freed
 */
struct fields {
	struct iovec iov[16];
	int count;
};

static void free_fields(struct fields *f)
{
	while (f->count)
		free(f->iov[--f->count].iov_base);
}

static void add(struct fields *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct fields *f, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len >= 0)
		f->iov[f->count++] = (struct iovec) { text, len };
}

void journal_write(const struct move *move)
{
	_cleanup_json_ json_t *j = move_json(move);
	_cleanup_free_ char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	_cleanup_(free_fields) struct fields f = {};
	char what[MSG_REASON + 64], id[17];
	int64_t us = move_rest_us(move);
	int r;

	message(move, what, sizeof(what));
	add(&f, "MESSAGE=%s", what);
	add(&f, "MESSAGE_ID=%s", message_id(move->outcome));
	add(&f, "PRIORITY=%d", move->outcome == MOVE_FAILED ? LOG_WARNING : LOG_INFO);
	add(&f, "SYSLOG_IDENTIFIER=vferry");
	if (move->mig_id)
		add(&f, "VFERRY_MIGRATION=%s", mig_id_text(move->mig_id, id));
	add(&f, "VFERRY_PF=%s", move->pf);
	add(&f, "VFERRY_VF=%u", move->vf);
	add(&f, "VFERRY_OUTCOME=%s", move_outcome_name(move->outcome));
	if (move->reason[0])
		add(&f, "VFERRY_REASON=%s", move->reason);
	if (us >= 0)
		add(&f, "VFERRY_REST_US=%" PRId64, us);
	if (text)
		add(&f, "VFERRY_MOVE=%s", text);
	r = sd_journal_sendv(f.iov, f.count);
	if (r < 0)
		say("the journal does not take an entry: %s", strerror(-r));
}

static void close_journal(sd_journal **j)
{
	if (*j)
		sd_journal_close(*j);
}

static int read_entry(sd_journal *journal, struct move *ret)
{
	static const char field[] = "VFERRY_MOVE";
	_cleanup_json_ json_t *j = NULL;
	const void *data;
	size_t len;
	int r;

	r = sd_journal_get_data(journal, field, &data, &len);
	if (r < 0)
		return r;
	if (len < sizeof(field))
		return -EBADMSG;
	j = json_loadb((const char *)data + sizeof(field), len - sizeof(field), 0, NULL);
	return j ? move_from_json(j, ret) : -EBADMSG;
}

/*
 * Anybody may write an entry with our MESSAGE_ID. What begins with _ is the journal's own
 * word: it has to come from the service, or from root by hand.
 */
static int match_ours(sd_journal *journal)
{
	static const char *const ids[] = {
		MESSAGE_LEFT, MESSAGE_ARRIVED, MESSAGE_STAYED, MESSAGE_FAILED,
	};
	char match[64];
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(match, sizeof(match), "MESSAGE_ID=%s", ids[i]);
		r = sd_journal_add_match(journal, match, 0);
	}
	if (r >= 0)
		r = sd_journal_add_conjunction(journal);
	if (r >= 0)
		r = sd_journal_add_match(journal, "_SYSTEMD_UNIT=" JOURNAL_UNIT, 0);
	if (r >= 0)
		r = sd_journal_add_disjunction(journal);
	if (r >= 0)
		r = sd_journal_add_match(journal, "_UID=0", 0);
	return r;
}

/* libsystemd passes over files that it may not read, and finds nothing. */
static int may_read(void)
{
	static const char *const folders[] = { "/run/log/journal", "/var/log/journal" };
	char path[128], machine[SD_ID128_STRING_MAX];
	sd_id128_t id;
	bool barred = false;
	size_t i;

	if (sd_id128_get_machine(&id) < 0)
		return 0;
	sd_id128_to_string(id, machine);
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/system.journal", folders[i], machine);
		if (!access(path, R_OK))
			return 0;
		barred |= errno == EACCES;
	}
	return barred ? -EACCES : 0;
}

int journal_read(struct move *ret, size_t max)
{
	_cleanup_(close_journal) sd_journal *journal = NULL;
	size_t count = 0;
	int r;

	r = may_read();
	if (!r)
		r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
	if (r >= 0)
		r = match_ours(journal);
	if (r < 0)
		return r;
	/* all fields whole, however long */
	sd_journal_set_data_threshold(journal, 0);
	r = sd_journal_seek_tail(journal);
	while (r >= 0 && count < max) {
		r = sd_journal_previous(journal);
		if (r <= 0)
			break;
		/* what others have written under our name is passed over */
		if (!read_entry(journal, &ret[count]))
			count++;
	}
	return r < 0 ? r : (int)count;
}
