/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version of all of vferry; that of debian/changelog, which a test compares. */
#ifndef VFERRY_VERSION_H
#define VFERRY_VERSION_H

#define VFERRY_VERSION	"0.1"

#endif
