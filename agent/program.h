/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both programs say of themselves. */
#ifndef VFERRYD_PROGRAM_H
#define VFERRYD_PROGRAM_H

/* VFERRY_VERSION comes from the Makefile, which has it from debian/changelog. */
#define PROGRAM_VERSION(name)	name " (vferry) " VFERRY_VERSION "\n"

#endif
