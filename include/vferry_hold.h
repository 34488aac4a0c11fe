/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the VFIO driver tells QEMU while the switch is not to come yet: QEMU shows it
 * as memory that remains.
 */
#ifndef VFERRY_HOLD_H
#define VFERRY_HOLD_H

/* Bytes that no bandwidth can send within any downtime limit: 1 TiB. */
#define VFERRY_SWITCHOVER_HOLD	(1ull << 40)

#endif
