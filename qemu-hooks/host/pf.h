/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversation with the PF driver: requests to the family vferry_pf, and its
 * events.
 *
 * Functions return 0 or -errno and do not print. -ENOENT: the family does not
 * exist, vferry_pf is not loaded. Requests have a deadline of PF_ANSWER_MS:
 * -ETIMEDOUT.
 */
#ifndef VFERRY_HOST_PF_H
#define VFERRY_HOST_PF_H

#include <stddef.h>

#include "msg.h"

#define PF_ANSWER_MS	5000

struct pf;	/* a connection */

/**
 * pf_open() - connect
 * @ret_pf: to be freed by pf_close()
 */
int pf_open(struct pf **ret_pf);
void pf_close(struct pf *pf);

static inline void pf_p(struct pf **pf)
{
	pf_close(*pf);
}

/* Version of the family, as the driver has it. */
unsigned int pf_version(const struct pf *pf);

/**
 * pf_open_early() - connect, whether the driver is there or not
 * @ret_pf: to be freed by pf_close()
 *
 * For who waits for events for ever: pf_next_event() tells when it comes.
 */
int pf_open_early(struct pf **ret_pf);

/* Is the driver there, as far as is known? */
bool pf_is_there(const struct pf *pf);

/**
 * pf_dump() - all VFs of all PFs of this network namespace
 * @pf: connection
 * @ret_vfs: array, to be freed
 * @ret_count: of its members
 *
 * As they are at one moment: if some come or go meanwhile, it is asked again. -EAGAIN: they go on
 * doing so; pf_refusal() says it.
 */
int pf_dump(struct pf *pf, struct vf_info **ret_vfs, size_t *ret_count);

int pf_get(struct pf *pf, unsigned int ifindex, unsigned int vf, struct vf_info *ret_vf);

/**
 * pf_command() - ask for a step of a migration; returns when it is accepted
 * @pf: connection
 * @ifindex: of the PF
 * @vf: number of the VF
 * @command: enum vferry_link_state
 *
 * On error pf_refusal() has the driver's words.
 */
int pf_command(struct pf *pf, unsigned int ifindex, unsigned int vf, unsigned int command);

/* Ask the guest's driver for an answer; it is an event. */
int pf_ping(struct pf *pf, unsigned int ifindex, unsigned int vf);

/* Text of the last error, or ""; belongs to @pf. */
const char *pf_refusal(const struct pf *pf);

/**
 * pf_subscribe() - hear events from now on
 * @pf: connection
 * @buffer: bytes that may wait to be read, 0: enough for usual purposes
 */
int pf_subscribe(struct pf *pf, unsigned int buffer);

/* To be polled for events; -1 before pf_subscribe(). */
int pf_fd(const struct pf *pf);

/**
 * pf_next_event() - the next event, without waiting
 * @pf: connection
 * @ret_event: the event
 *
 * The kernel takes a listener's membership away with the family, without a word on it. So the
 * controller's notifications are heard too, and the membership is taken again.
 *
 * Return: 1: an event; 0: none now; -ENOBUFS: some were lost, dump anew; -ENOENT: the driver
 * has been unloaded; -ERESTART: it is there, or there again: dump anew. After each of them
 * it goes on.
 */
int pf_next_event(struct pf *pf, struct vf_event *ret_event);

/**
 * pf_wait_event() - the next event, waited for
 * @pf: connection
 * @until_ns: CLOCK_MONOTONIC
 * @ret_event: the event
 *
 * Return: as pf_next_event(), 0 only when the time is over; -EINTR: a signal.
 */
int pf_wait_event(struct pf *pf, uint64_t until_ns, struct vf_event *ret_event);

/* CLOCK_MONOTONIC, and a time so many ms from now */
uint64_t now_ns(void);
uint64_t from_now_ns(unsigned int ms);

#endif
