// SPDX-License-Identifier: GPL-2.0-or-later
/* What the journal says of a migration. See report.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "journal.h"
#include "report.h"

/* Entries for one migration at most */
#define DIFFERENCES_SAID 16
#define UNPROVED_SAID	16	/* announcements */
#define MOVES_SAID	16	/* neighbours with another MAC */

#define MAC		"%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_OF(m)	(m)[0], (m)[1], (m)[2], (m)[3], (m)[4], (m)[5]

static struct entry *entry_of(enum journal_id id, const struct record *record)
{
	return journal_begin(id, record->ifname, record->mig_id);
}

void report_trouble(const char *ifname, uint64_t mig_id, const char *what, int error)
{
	journal(JOURNAL_TROUBLE, ifname, mig_id, "%s: %s: %s", ifname, what, strerror(-error));
}

void report_started(const struct record *record, const struct snapshot *was)
{
	struct entry *entry = entry_of(JOURNAL_STARTED, record);

	journal_field(entry, "VFERRY_MODE", "%s", record->mode);
	journal_field(entry, "VFERRY_OBJECTS", "%zu", was->count);
	journal_end(entry, "%s: migration has begun%s; %zu objects of configuration on %zu links",
		    record->ifname, record->resumed_late ? " before this agent was started" : "",
		    was->count, was->n_set);
}

void report_suspended(const struct record *record)
{
	struct entry *entry = entry_of(JOURNAL_SUSPENDED, record);

	journal_field(entry, "VFERRY_SUSPEND_US", "%u", record->suspend_us);
	journal_field(entry, "VFERRY_AGENT_US", "%" PRIu64, record->agent_suspend_us);
	journal_end(entry, "%s: suspended in %u us", record->ifname, record->suspend_us);
}

void report_resumed(const struct record *record)
{
	bool arrived = record->outcome == RECORD_ARRIVED;
	struct entry *entry = entry_of(JOURNAL_RESUMED, record);

	journal_field(entry, "VFERRY_RESUME_US", "%u", record->resume_us);
	journal_field(entry, "VFERRY_AGENT_US", "%" PRIu64, record->agent_resume_us);
	journal_field(entry, "VFERRY_ARRIVED", "%d", arrived);
	journal_end(entry, "%s: resumed%s in %u us", record->ifname,
		    arrived ? " on another host" : "", record->resume_us);
}

void report_refused(const struct vfmsg *msg)
{
	journal(JOURNAL_FAILED, msg->ifname, msg->mig_id,
		"%s: the driver could not %s (result %u); the migration is tried again or fails on the host",
		msg->ifname, vfmsg_event_name(msg->event), msg->result);
}

void report_difference(struct record *record, const struct difference *d, bool repaired)
{
	char *text = difference_text(d);
	struct entry *entry;

	if (!text)
		return;
	if (record->differences < DIFFERENCES_SAID) {
		entry = entry_of(JOURNAL_DIFFERENCE, record);
		journal_field(entry, "VFERRY_REPAIR", "%d", repaired);
		journal_end(entry, "%s: %s%s", record->ifname, text,
			    repaired ? " (will be repaired)" : "");
	}
	record_name(record, text);
}

void report_moved(const struct record *record, unsigned int nth, const char *address,
		  const uint8_t *was, const uint8_t *is)
{
	struct entry *entry;

	if (nth > MOVES_SAID)
		return;
	entry = entry_of(JOURNAL_NEIGHBOUR, record);
	journal_field(entry, "VFERRY_NEIGHBOUR", "%s", address);
	journal_end(entry, "%s: %s has MAC " MAC ", was " MAC, record->ifname, address,
		    MAC_OF(is), MAC_OF(was));
}

/* @said: that were named so far */
struct unproved {
	const struct record *record;
	unsigned int said;
};

static void say_unproved(const char *what, unsigned int sent, unsigned int proved, void *arg)
{
	struct unproved *u = arg;
	struct entry *entry;

	if (proved || u->said++ >= UNPROVED_SAID)
		return;
	entry = entry_of(JOURNAL_UNPROVED, u->record);
	journal_field(entry, "VFERRY_ANNOUNCEMENT", "%s", what);
	journal_end(entry, "%s: the announcement of %s was not seen leaving the interface (sent %u times)",
		    u->record->ifname, what, sent);
}

void report_unproved(const struct record *record, const struct announcer *announcer)
{
	struct unproved u = { .record = record };

	if (record->unseen && record->announce.unproved) {
		journal(JOURNAL_UNPROVED, record->ifname, record->mig_id,
			"%s: it is not known of %u announcements whether they left the interface: %u frames were too many to be watched",
			record->ifname, record->announce.unproved, record->unseen);
		return;
	}
	announcer_each(announcer, say_unproved, &u);
	if (u.said > UNPROVED_SAID)
		journal(JOURNAL_UNPROVED, record->ifname, record->mig_id,
			"%s: %u more announcements were not seen leaving the interface",
			record->ifname, u.said - UNPROVED_SAID);
}

static enum journal_id end_of(enum record_outcome outcome)
{
	switch (outcome) {
	case RECORD_ARRIVED:
	case RECORD_RETURNED:
	case RECORD_UNHEARD:
		return JOURNAL_COMPLETED;
	case RECORD_CANCELLED:
		return JOURNAL_CANCELLED;
	case RECORD_RUNNING:
	case RECORD_RESET:
		break;
	}
	return JOURNAL_FAILED;
}

static void field_neighbours(struct entry *entry, const struct record *r)
{
	journal_field(entry, "VFERRY_NEIGHBOURS", "%u", r->neighbours.neighbours);
	journal_field(entry, "VFERRY_NEIGHBOURS_ANSWERED", "%u", r->neighbours.answered);
	journal_field(entry, "VFERRY_NEIGHBOURS_MOVED", "%u", r->neighbours.moved);
	if (r->neighbours.answered)
		journal_field(entry, "VFERRY_NEIGHBOURS_US", "%" PRIu64, r->neighbours_us);
}

void report_ended(const struct record *r)
{
	struct entry *entry = entry_of(end_of(r->outcome), r);
	char line[512];

	journal_field(entry, "VFERRY_OUTCOME", "%s", record_outcome_name(r->outcome));
	journal_field(entry, "VFERRY_SUSPEND_US", "%u", r->suspend_us);
	journal_field(entry, "VFERRY_RESUME_US", "%u", r->resume_us);
	journal_field(entry, "VFERRY_AGENT_SUSPEND_US", "%" PRIu64, r->agent_suspend_us);
	journal_field(entry, "VFERRY_AGENT_RESUME_US", "%" PRIu64, r->agent_resume_us);
	journal_field(entry, "VFERRY_ANNOUNCED", "%u", r->announce.sent);
	journal_field(entry, "VFERRY_PROVED", "%u", r->announce.proved);
	if (r->received)
		journal_field(entry, "VFERRY_FIRST_RX_US", "%" PRIu64, r->first_rx_us);
	field_neighbours(entry, r);
	journal_field(entry, "VFERRY_VERIFY_US", "%" PRIu64, r->verify_us);
	journal_field(entry, "VFERRY_DIFFERENCES", "%u", r->remaining);
	journal_field(entry, "VFERRY_REPAIRED", "%u", r->repaired);
	record_line(r, line, sizeof(line));
	journal_end(entry, "%s", line);
}
