/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ^C and SIGTERM as something to be polled for, in place of an end. */
#ifndef VFERRY_CLI_INTERRUPT_H
#define VFERRY_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on; returns the descriptor, or -errno. */
int interrupt_begin(void);

/* Has one come since the last call? */
bool interrupt_take(void);

#endif
