/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot in a file, so that an agent that is started anew in the middle of a
 * migration knows what there was. The format is for the same build only: the file
 * lies in /run and is gone with the next boot. Pure, but for writing it.
 */
#ifndef VFERRYD_SAVED_H
#define VFERRYD_SAVED_H

#include <stdint.h>

#include "snapshot.h"

/**
 * struct saved - beside the snapshot
 * @ifindex: interface
 * @mig_id: migration
 * @begun_ns: when it began, CLOCK_REALTIME
 * @taken_us: when the snapshot was taken, CLOCK_BOOTTIME
 */
struct saved {
	uint32_t ifindex;
	uint64_t mig_id;
	uint64_t begun_ns;
	uint64_t taken_us;
};

/* Write @path anew, in one step. 0 or -errno. */
int saved_write(const char *path, const struct saved *saved, const struct snapshot *snapshot);

/**
 * saved_parse() - understand a file
 * @data: its content
 * @len: bytes
 * @ret: beside the snapshot
 * @snapshot: empty, but for names; to be freed also if this fails
 *
 * Return: 0; -EBADMSG: not written by us, or cut; -ENOMEM.
 */
int saved_parse(const uint8_t *data, size_t len, struct saved *ret, struct snapshot *snapshot);

/* Read @path and parse it. -ENOENT: there is none. */
int saved_read(const char *path, struct saved *ret, struct snapshot *snapshot);

#endif
