/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migrations in the systemd journal: one entry for each, when it is over here.
 *
 * Fields: MESSAGE_ID (one for each outcome, with an entry in the catalog),
 * VFERRY_MIGRATION (the id, the same on both hosts and in the guest),
 * VFERRY_PF, VFERRY_VF, VFERRY_OUTCOME, VFERRY_REASON, VFERRY_REST_US, and
 * VFERRY_MOVE: all of it as move_json() has it.
 */
#ifndef VFERRY_CLI_JOURNAL_H
#define VFERRY_CLI_JOURNAL_H

#include "move.h"

#define JOURNAL_UNIT	"vferry-journal.service"

#define MESSAGE_LEFT	"120c58179e5e4e2591081ccb06ea7764"
#define MESSAGE_ARRIVED	"187604a2d6c94e5289afa184ef402f27"
#define MESSAGE_STAYED	"4c08479340d54495a32940229b61cfc8"
#define MESSAGE_FAILED	"e78ec25c1b38482c917bbf35c64cc95c"

/* Write an entry for a migration that is over. Says so itself if it cannot. */
void journal_write(const struct move *move);

/**
 * journal_read() - the last migrations, the newest first
 * @ret: receives them
 * @max: room in @ret
 *
 * Only those that vferry-journal.service or root has written.
 *
 * Return: how many; -EACCES: this user may not read it; -errno: there is none.
 */
int journal_read(struct move *ret, size_t max);

#endif
