/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the migration states, for drivers and programs alike. Pure C: needs neither
 * the kernel nor libc.
 */
#ifndef VFERRY_STATE_NAME_H
#define VFERRY_STATE_NAME_H

#include <linux/types.h>

#include "uapi/vferry_state.h"

/**
 * vferry_mig_state_name() - a state in words
 * @state: enum vferry_mig_state, or anything
 *
 * Return: never NULL; "?": not a state.
 */
static inline const char *vferry_mig_state_name(__u32 state)
{
	switch (state) {
	case VFERRY_MIG_IDLE:		return "idle";
	case VFERRY_MIG_MIGRATE_SENT:	return "migrate-sent";
	case VFERRY_MIG_MIGRATING:	return "migrating";
	case VFERRY_MIG_SUSPEND_SENT:	return "suspend-sent";
	case VFERRY_MIG_SUSPENDED:	return "suspended";
	case VFERRY_MIG_RESUME_SENT:	return "resume-sent";
	case VFERRY_MIG_CANCEL_SENT:	return "cancel-sent";
	}
	return "?";
}

#endif
