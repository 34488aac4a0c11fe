/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a VF: what a file in /run/vferry says, as JSON. Pure, apart from jansson.
 */
#ifndef VFERRY_HOST_RESERVATION_H
#define VFERRY_HOST_RESERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom.h"

/* So long a domain may take from its hook to a QEMU that has the VF open, seconds. */
#define RESERVATION_LIFE	300

/**
 * enum reservation_state - how far the domain is
 * @RESERVATION_INCOMING: it has been chosen a VF
 * @RESERVATION_PREPARED: libvirt is about to start QEMU
 * @RESERVATION_RUNNING: QEMU runs
 */
enum reservation_state {
	RESERVATION_INCOMING,
	RESERVATION_PREPARED,
	RESERVATION_RUNNING,
};

/**
 * struct process - one process, not another that has its number later
 * @pid: 0: not known
 * @start: time of its start, as /proc has it
 */
struct process {
	int pid;
	uint64_t start;
};

/**
 * struct reservation - a VF is a domain's
 * @since: CLOCK_BOOTTIME, seconds, of the last change of @state
 * @daemon: libvirt's, that has called the hook
 * @undo_mac: when the domain has gone, give back: @mac, or if that is all 0, the
 *	choice to the PF driver
 * @undo_vlan: when the domain has gone, set @vlan and @qos
 */
struct reservation {
	char uuid[DOM_UUID];
	char name[DOM_NAME];
	enum reservation_state state;
	uint64_t since;
	struct process daemon;
	bool undo_mac;
	uint8_t mac[6];
	bool undo_vlan;
	unsigned int vlan;
	unsigned int qos;
};

/* Text, to be freed; NULL: no memory, or a name that is not UTF-8. */
char *reservation_text(const struct reservation *r);

/* 0 or -EBADMSG; then the result is not to be used. */
int reservation_read(const char *text, size_t size, struct reservation *ret);

/**
 * reservation_is_stale() - has the domain gone without a word?
 * @r: what it left
 * @now: as @r->since
 * @held: somebody has the VF open
 * @daemon_lives: libvirt's daemon that called the hook still runs
 *
 * A QEMU that runs has its VF open; if not, it was taken from it.
 */
bool reservation_is_stale(const struct reservation *r, uint64_t now, bool held,
			  bool daemon_lives);

#endif
