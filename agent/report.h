/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the journal says of a migration: an entry for each of these. See journal.h. */
#ifndef VFERRYD_REPORT_H
#define VFERRYD_REPORT_H

#include "announce.h"
#include "record.h"
#include "snapshot.h"
#include "vfmsg.h"

/* The agent itself is in trouble; @mig_id 0: outside of a migration; @error: -errno. */
void report_trouble(const char *ifname, uint64_t mig_id, const char *what, int error);

/* It has begun; @was: the configuration that must be there afterwards. */
void report_started(const struct record *record, const struct snapshot *was);
void report_suspended(const struct record *record);
void report_resumed(const struct record *record);

/* The driver could not do what it was told to. */
void report_refused(const struct vfmsg *msg);

/**
 * report_difference() - the configuration is not what it was
 * @record: the difference is added to it
 * @d: difference
 * @repaired: it will be
 *
 * Only the first ones have entries of their own.
 */
void report_difference(struct record *record, const struct difference *d, bool repaired);

/* A neighbour has another MAC at the new place. The first ones only: @nth, from 1. */
void report_moved(const struct record *record, unsigned int nth, const char *address,
		  const uint8_t *was, const uint8_t *is);

/* Announcements that were not seen leaving; what a full capture did not see may have left. */
void report_unproved(const struct record *record, const struct announcer *announcer);

/* The end. */
void report_ended(const struct record *record);

#endif
