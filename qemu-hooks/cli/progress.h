/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A migration under way as one line of text. Pure. */
#ifndef VFERRY_CLI_PROGRESS_H
#define VFERRY_CLI_PROGRESS_H

#include "qmp_msg.h"

/**
 * struct progress - what is known at one moment
 * @migration: as QEMU tells it
 * @vf_state: enum vferry_mig_state
 * @seconds: since it began
 */
struct progress {
	struct qmp_migration migration;
	uint32_t vf_state;
	double seconds;
};

/* What goes on now, in a word or two. */
const char *progress_phase(const struct progress *p);

/**
 * progress_line() - a bar and figures
 * @p: what is known
 * @width: of the terminal, columns; the line is never wider
 * @buf: receives the line, without an end of line
 * @size: of @buf, not 0
 */
void progress_line(const struct progress *p, unsigned int width, char *buf, size_t size);

/* 154.2 MiB; "?" for -1. buf: 32 bytes. */
const char *bytes_text(json_int_t bytes, char *buf);

#endif
