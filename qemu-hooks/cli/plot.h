/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One migration as a picture: the states of the VF on a time axis, the steps of
 * the virtual machine above, and the end again, enlarged. Pure.
 */
#ifndef VFERRY_CLI_PLOT_H
#define VFERRY_CLI_PLOT_H

#include "move.h"

/* Write an SVG document. 0; -ENODATA: there is nothing to be seen; -EIO. */
int plot_svg(const struct move *move, FILE *out);

#endif
