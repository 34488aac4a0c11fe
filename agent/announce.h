/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announcements of all addresses and multicast groups of a snapshot: when each is due,
 * sent through its own link, and proved to have left the interface.
 */
#ifndef VFERRYD_ANNOUNCE_H
#define VFERRYD_ANNOUNCE_H

#include <systemd/sd-event.h>

#include "groups.h"
#include "schedule.h"
#include "snapshot.h"

struct announcer;

/**
 * struct announce_counts - of one migration
 * @planned: different announcements: one for each address, some for the groups
 * @addresses: how many of these are for addresses
 * @sent: given to the kernel, over all rounds
 * @failed: refused by the kernel
 * @proved: seen leaving the interface
 * @unproved: announcements of which not one was seen
 * @late_us: by how much one was given to the kernel later than it was due, at most
 * @first_ns: when the first was given to the kernel, CLOCK_BOOTTIME; 0: none was
 */
struct announce_counts {
	unsigned int planned;
	unsigned int addresses;
	unsigned int sent;
	unsigned int failed;
	unsigned int proved;
	unsigned int unproved;
	uint64_t late_us;
	uint64_t first_ns;
};

/**
 * struct announce_owner - who is told
 * @sent: some were sent, not more than a capture can hold: what left is to be told now
 * @done: the last round is over
 * @arg: their argument
 */
struct announce_owner {
	void (*sent)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

int announcer_new(sd_event *event, const struct announce_owner *owner, struct announcer **ret);
void announcer_free(struct announcer *announcer);

/**
 * announcer_start() - announce everything, the first time at once: some, and then some more
 * @announcer: one that may be at work; it begins anew
 * @snapshot: links and addresses as they are
 * @groups: multicast groups as they are
 * @schedule: how often
 *
 * Left out are links that are down or without carrier or not Ethernet, IPv4 on links
 * without ARP (IFF_NOARP), and IPv6 addresses that are tentative or duplicates.
 *
 * Return: 0 or -errno. If there is nothing to announce, @done is called all the same.
 */
int announcer_start(struct announcer *announcer, const struct snapshot *snapshot,
		    const struct groups *groups, const struct schedule *schedule);
void announcer_stop(struct announcer *announcer);

/*
 * A frame has left the interface. It may prove what was sent before this is called, so
 * all that left before announcer_start() is to be told, or passed over, before that.
 */
void announcer_seen(struct announcer *announcer, const uint8_t *frame, size_t len);

struct announce_counts announcer_counts(const struct announcer *announcer);

/* Call @each for what is announced; for vferryctl check, and for those not proved. */
void announcer_each(const struct announcer *announcer,
		    void (*each)(const char *what, unsigned int sent, unsigned int proved,
				 void *arg), void *arg);

#endif
