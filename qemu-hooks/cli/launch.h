/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that begins a migration, and what ^C means while its answer is awaited. */
#ifndef VFERRY_CLI_LAUNCH_H
#define VFERRY_CLI_LAUNCH_H

#include "qmp.h"

/**
 * struct launch - how it went
 * @sent: QEMU has the command: whatever is not known, it may have been executed
 * @stopped: it was cancelled at once: ^C, or QEMU took too long to answer
 * @timed_out: it was the caller's limit
 * @mute: it was QMP_ANSWER_MS
 */
struct launch {
	bool sent;
	bool stopped;
	bool timed_out;
	bool mute;
};

/**
 * launch_migration() - send "migrate", and wait for its answer
 * @qmp: connection
 * @uri: where to
 * @limit_ns: CLOCK_MONOTONIC; when it is over, or at ^C, "migrate_cancel" is sent, and the
 *	answer is awaited on: both are executed in this order
 * @ret: how it went
 *
 * Return: 0: QEMU has begun, and with @ret->stopped been told to stop; -EREMOTEIO: QEMU
 * refuses; -ECANCELED: ^C again; otherwise -errno. With @ret->sent the last two mean that
 * nobody knows.
 */
int launch_migration(struct qmp *qmp, const char *uri, uint64_t limit_ns, struct launch *ret);

#endif
