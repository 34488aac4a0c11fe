/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of one migration of one VF, for the journal and for vferryctl. */
#ifndef VFERRYD_RECORD_H
#define VFERRYD_RECORD_H

#include <jansson.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "announce.h"
#include "solicit.h"

#define RECORD_DIFFERENCES	64	/* named; more are counted */

enum record_outcome {
	RECORD_RUNNING,
	RECORD_ARRIVED,		/* on another host */
	RECORD_RETURNED,	/* resumed where it was */
	RECORD_UNHEARD,		/* resumed while no agent ran: here or there */
	RECORD_CANCELLED,
	RECORD_RESET,		/* a reset of the VF ended it */
};

/**
 * struct record
 * @mig_id: ID of the migration
 * @ifname: interface
 * @mode: "detach" or "down"
 * @outcome: how it ended
 * @resumed_late: the agent was started after it had begun
 * @begun_ns: MIGRATE; @suspended_ns: SUSPEND; @resumed_ns: RESUME; @ended_ns: all was
 *	announced and verified. CLOCK_REALTIME; 0: not so far
 * @suspend_us: the driver's own time for SUSPEND; @resume_us: for RESUME
 * @heard_us: what of the driver's SUSPEND was waiting for the agent
 * @agent_suspend_us: SUSPEND done by the driver, to the agent's part done
 * @agent_resume_us: RESUME done by the driver, to the first announcement sent
 * @verify_us: RESUME done by the driver, to the configuration found as it was
 * @first_rx_us: RESUME done by the driver, to the first frame received; @received: there
 *	was one
 * @pages: that the driver touched
 * @announce: announcements
 * @unseen: frames that left and were not seen, since the capture had no room for them
 * @neighbours: gateways and neighbours that were asked; @neighbours_us: RESUME done by the
 *	driver, to the last of them that answered
 * @checked: the configuration was compared with a snapshot
 * @differences: how many there were that do not come from going down
 * @repaired: how many requests were made to repair, or to restore after going down
 * @remaining: how many differences there are at the end
 * @named: the differences in words
 */
struct record {
	uint64_t mig_id;
	char ifname[IFNAMSIZ];
	const char *mode;
	enum record_outcome outcome;
	bool resumed_late;
	uint64_t begun_ns, suspended_ns, resumed_ns, ended_ns;
	uint32_t suspend_us, resume_us, heard_us;
	uint64_t agent_suspend_us, agent_resume_us, verify_us, first_rx_us;
	bool received;
	uint64_t pages;
	struct announce_counts announce;
	unsigned int unseen;
	struct solicit_counts neighbours;
	uint64_t neighbours_us;
	bool checked;
	unsigned int differences, repaired, remaining;
	char *named[RECORD_DIFFERENCES];
	unsigned int n_named;
};

const char *record_outcome_name(enum record_outcome outcome);

/* Name a difference; takes the string. */
void record_name(struct record *record, char *difference);

/* A JSON object; NULL: no memory. */
json_t *record_json(const struct record *record);

/* In a line: "eth0: arrived, suspended 1.2 ms, ...". */
void record_line(const struct record *record, char *buf, size_t size);

void record_clear(struct record *record);

#endif
