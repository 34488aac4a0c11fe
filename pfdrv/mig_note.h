/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be told about the migration of one VF: to its holder, to user space, and
 * to the kernel log.
 *
 * The holder is told all, at once. A guest, or who holds the VF, can cause events
 * without end; so user space is told of each VF no more than it can be expected to
 * read: what comes too fast waits, and of each kind of event the latest one stays.
 */
#ifndef VPF_MIG_NOTE_H
#define VPF_MIG_NOTE_H

#include <linux/ratelimit.h>
#include <linux/types.h>

#include "../include/vferry_pf_ops.h"
#include "nl.h"

struct vferry_pf_vf;

#define VPF_REASON_MAX	192
#define VPF_NOTES	64	/* a power of 2 */
#define VPF_NOTE_KINDS	(VFERRY_PF_EVENT_HELLO + 1)

/**
 * struct vpf_note - an event that has not been delivered yet
 * @nl: for user space; its reason is @reason
 * @client: for the holder too
 * @client_event: what
 * @migration: of which migration: the present or the last one, 0: none
 * @reason: empty: none
 */
struct vpf_note {
	struct vpf_nl_event nl;
	bool client;
	enum vferry_pf_event client_event;
	u64 migration;
	char reason[VPF_REASON_MAX];
};

/**
 * struct vpf_notes - events of one VF, protected by its mig_lock
 * @ring: to be delivered
 * @in: number of events put in so far
 * @out: number of events taken out so far
 * @held: the holder knows them, user space does not yet; by kind
 * @held_kinds: bit n: @held[n] is one
 * @left: events that user space is told at once
 * @left_ns: when @left was counted
 * @log: lines in the kernel log; its work only
 */
struct vpf_notes {
	struct vpf_note ring[VPF_NOTES];
	unsigned int in;
	unsigned int out;
	struct vpf_note held[VPF_NOTE_KINDS];
	unsigned long held_kinds;
	unsigned int left;
	u64 left_ns;
	struct ratelimit_state log;
};

/**
 * enum vpf_note_cause - who causes an event, and how far it may fill the ring
 * @VPF_NOTE_USER: the VF's holder, as often as it likes
 * @VPF_NOTE_COMMAND: the host begins something
 * @VPF_NOTE_STEP: what follows from that, and ends it
 */
enum vpf_note_cause {
	VPF_NOTE_USER,
	VPF_NOTE_COMMAND,
	VPF_NOTE_STEP,
};

/* With mig_lock held */
void vpf_notes_init(struct vpf_notes *notes);
bool vpf_notes_full(const struct vpf_notes *notes, enum vpf_note_cause cause);
struct vpf_note *vpf_note_add(struct vferry_pf_vf *vf, enum vferry_pf_nl_event event,
			      enum vpf_note_cause cause);

/* Without any lock */
void vpf_notes_kick(struct vferry_pf_vf *vf);
u64 vpf_notes_deliver(struct vferry_pf_vf *vf);

#endif
