// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mailbox codec, shared with the VF driver and the tests.
 */
#include "../include/vferry_mbx.c"
