/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Solicitations after a switch: gateways and neighbours in use are asked for their MAC, by
 * broadcast, since at another site it may be another one and nobody there answers to the
 * old; and whoever is asked learns where the guest is, also if it ignores announcements.
 *
 * The kernel takes the answers as it takes any. What it keeps from a change that is less
 * than a second old, it is told.
 */
#ifndef VFERRYD_SOLICIT_H
#define VFERRYD_SOLICIT_H

#include <systemd/sd-event.h>

#include "neighbours.h"
#include "rtnl.h"
#include "schedule.h"

struct solicitor;

/**
 * struct solicit_counts - of one migration
 * @neighbours: that are asked; @gateways: how many of these are gateways
 * @sent: given to the kernel, over all rounds; @failed: refused by it
 * @answered: neighbours that answered; @moved: with another MAC than they had
 * @last_ns: when the last that answered did, CLOCK_BOOTTIME; 0: none did
 */
struct solicit_counts {
	unsigned int neighbours, gateways;
	unsigned int sent, failed;
	unsigned int answered, moved;
	uint64_t last_ns;
};

/**
 * struct solicit_owner - who is told
 * @moved: a neighbour has another MAC; @address: in words: "10.9.0.1 on eth0"
 * @done: all have answered, or the last round is over
 * @arg: their argument
 */
struct solicit_owner {
	void (*moved)(const char *address, const uint8_t *was, const uint8_t *is, void *arg);
	void (*done)(void *arg);
	void *arg;
};

int solicitor_new(sd_event *event, struct rtnl *rtnl, const struct solicit_owner *owner,
		  struct solicitor **ret);
void solicitor_free(struct solicitor *s);

/**
 * solicitor_start() - ask, the first time at once
 * @s: one that may be at work; it begins anew
 * @snapshot: links and addresses as they are
 * @neighbours: chosen ones
 * @schedule: how often; who has answered is not asked again
 *
 * Return: 0 or -errno. If there is nobody to be asked, @done is called all the same.
 */
int solicitor_start(struct solicitor *s, const struct snapshot *snapshot,
		    const struct neighbours *neighbours, const struct schedule *schedule);
void solicitor_stop(struct solicitor *s);

struct solicit_counts solicitor_counts(const struct solicitor *s);

#endif
