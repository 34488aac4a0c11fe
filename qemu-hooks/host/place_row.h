/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this host knows of its VFs, for the rule in place.h. */
#ifndef VFERRY_HOST_PLACE_ROW_H
#define VFERRY_HOST_PLACE_ROW_H

#include "conf.h"
#include "place.h"
#include "reservation.h"

/**
 * place_row_read() - all but who has reserved it, and the name of who uses it
 * @conf: host.conf
 * @pf: its PF
 * @vf: as the PF driver tells it
 * @ret: receives it
 *
 * Return: 0; -ENODEV: it is just going.
 */
int place_row_read(const struct conf *conf, const struct target *pf, const struct vf_info *vf,
		   struct vf_row *ret);

/* Who has reserved it, looked at without the lock: for who only tells of it. */
void place_row_reserved(struct vf_row *row);

/* CLOCK_BOOTTIME, seconds: as reservations have it */
uint64_t boot_seconds(void);

/* Name and time of the start of a process; -errno: it has gone */
int process_read(int pid, char comm[static 32], uint64_t *ret_start);
bool process_lives(const struct process *p);

#endif
