// SPDX-License-Identifier: GPL-2.0-or-later
/* What an operator can see. See journal.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "cleanup.h"
#include "journal.h"

#define FIELDS	24

static const struct {
	const char *id;
	int priority;
} entries[] = {
	[JOURNAL_VF_FOUND]	= { "69f0446be122419f8aa9db197c6ef721", LOG_INFO },
	[JOURNAL_VF_GONE]	= { "a55d03266d064a9782d1e17b6b985669", LOG_INFO },
	[JOURNAL_STARTED]	= { "70167179bb144851aed4407af956642a", LOG_NOTICE },
	[JOURNAL_SUSPENDED]	= { "64b9d77af75f4b8b8b5f6753bf4de634", LOG_INFO },
	[JOURNAL_RESUMED]	= { "6169b86805024a18b6d0db8a28934db6", LOG_INFO },
	[JOURNAL_COMPLETED]	= { "8c522fac25dc4ffa860e3cab15cee761", LOG_NOTICE },
	[JOURNAL_CANCELLED]	= { "f12a582303a14c62a1f0301d49d332e2", LOG_NOTICE },
	[JOURNAL_FAILED]	= { "c3e696af84324972957f02fa74d7d1a6", LOG_ERR },
	[JOURNAL_DIFFERENCE]	= { "83efd350e46b4c67b710492a160223cc", LOG_WARNING },
	[JOURNAL_UNPROVED]	= { "842b1bee294d4634ab7c037028cf2ede", LOG_WARNING },
	[JOURNAL_NEIGHBOUR]	= { "8e4dd970092847adacb7bd9661618f5b", LOG_INFO },
	[JOURNAL_HOOK]		= { "df866c6e527344f184366d76a1a7baa4", LOG_WARNING },
	[JOURNAL_CONFIG]	= { "4bb3798af63b415f8a942e5f32dca91a", LOG_ERR },
	[JOURNAL_TROUBLE]	= { "b1f872e918f041dbb63bab7d0e45419f", LOG_ERR },
};

struct entry {
	int priority;
	char *fields[FIELDS + 1];	/* NULL at the end */
	size_t count;
};

static struct {
	void (*told)(const char *const *fields, void *arg);
	void *arg;
} listener;

void journal_listen(void (*told)(const char *const *fields, void *arg), void *arg)
{
	listener.told = told;
	listener.arg = arg;
}

static void entry_free(struct entry *entry)
{
	size_t i;

	for (i = 0; i < entry->count; i++)
		free(entry->fields[i]);
	free(entry);
}

static void add(struct entry *entry, const char *name, const char *format, va_list ap)
{
	_cleanup_free_ char *value = NULL;

	if (!entry || entry->count == FIELDS || vasprintf(&value, format, ap) < 0)
		return;
	if (asprintf(&entry->fields[entry->count], "%s=%s", name, value) < 0)
		entry->fields[entry->count] = NULL;
	else
		entry->count++;
}

void journal_field(struct entry *entry, const char *name, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(entry, name, format, ap);
	va_end(ap);
}

struct entry *journal_begin(enum journal_id id, const char *vf, uint64_t migration)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->priority = entries[id].priority;
	journal_field(entry, "MESSAGE_ID", "%s", entries[id].id);
	journal_field(entry, "PRIORITY", "%d", entries[id].priority);
	if (vf)
		journal_field(entry, "VFERRY_VF", "%s", vf);
	if (migration)
		journal_field(entry, "VFERRY_MIGRATION", "%016" PRIx64, migration);
	return entry;
}

/* Started by hand, from a shell: there, too. */
static void say(const struct entry *entry)
{
	const char *message = entry->fields[entry->count - 1] + strlen("MESSAGE=");

	if (!getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", entry->priority, message);
}

static void write_entry(struct entry *entry)
{
	struct iovec iov[FIELDS];
	size_t i;

	for (i = 0; i < entry->count; i++) {
		iov[i].iov_base = entry->fields[i];
		iov[i].iov_len = strlen(entry->fields[i]);
	}
	sd_journal_sendv(iov, (int)entry->count);
	say(entry);
	if (listener.told)
		listener.told((const char *const *)entry->fields, listener.arg);
	entry_free(entry);
}

static void end(struct entry *entry, const char *format, va_list ap)
{
	size_t before;

	if (!entry)
		return;
	before = entry->count;
	add(entry, "MESSAGE", format, ap);
	if (entry->count > before)
		write_entry(entry);
	else
		entry_free(entry);
}

void journal_end(struct entry *entry, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	end(entry, format, ap);
	va_end(ap);
}

void journal(enum journal_id id, const char *vf, uint64_t migration, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	end(journal_begin(id, vf, migration), format, ap);
	va_end(ap);
}

void journal_debug(const char *format, ...)
{
	va_list ap;

	/* Each line wakes journald: not in a blackout, if nobody wants it. */
	if (!getenv("VFERRYD_DEBUG"))
		return;
	va_start(ap, format);
	sd_journal_printv(LOG_DEBUG, format, ap);
	va_end(ap);
}
