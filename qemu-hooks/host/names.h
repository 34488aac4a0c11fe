/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words for the numbers of uapi/vferry_pf.h and vferry_state.h. Pure.
 *
 * These words are part of what --json promises.
 */
#ifndef VFERRY_HOST_NAMES_H
#define VFERRY_HOST_NAMES_H

#include <linux/types.h>

#include "uapi/vferry_pf.h"

/* Never NULL; "?" for what this source does not know. */
const char *mig_state_name(__u32 state);
const char *event_name(__u32 event);
const char *phase_name(__u32 phase);
const char *link_state_name(__u32 state);

/* enum vferry_link_state of a command's word, or -EINVAL. Whole words only. */
int command_by_name(const char *word);

/* The state that a VF is in when a command (enum vferry_link_state) is done. */
enum vferry_mig_state command_goal(__u32 command);

#endif
