/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares the configuration with a snapshot, again and again while differences are
 * being repaired: what the kernel does after a link is up takes its time.
 */
#ifndef VFERRYD_VERIFY_H
#define VFERRYD_VERIFY_H

#include <systemd/sd-event.h>

#include "rtnl.h"

struct verify;

/**
 * struct verify_job
 * @rtnl: socket
 * @ifindex: interface
 * @was: what must be there
 * @age_s: seconds since @was was taken
 * @restore: have what is missing or has changed made as it was, and wait for carriers
 * @remove: take away what was added
 * @pass: called for each comparison with what is and the differences; @last: no more
 *	comes. @repaired: requests that the kernel took so far. @error: instead of all
 *	that, the comparison failed
 * @arg: its argument
 */
struct verify_job {
	struct rtnl *rtnl;
	uint32_t ifindex;
	const struct snapshot *was;
	uint32_t age_s;
	bool restore;
	bool remove;
	void (*pass)(const struct snapshot *is, const struct differences *differences,
		     unsigned int repaired, bool last, int error, void *arg);
	void *arg;
};

int verify_new(sd_event *event, struct verify **ret);
void verify_free(struct verify *verify);

/* The first comparison is made at once. @job is copied; @was is not. */
void verify_start(struct verify *verify, const struct verify_job *job);
void verify_stop(struct verify *verify);

#endif
