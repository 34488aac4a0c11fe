/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Migration states and commands of one VF, as user space sees them: in the
 * netlink families vferry_pf (host) and vferry_vf (guest) and in
 * IFLA_VF_LINK_STATE.
 */
#ifndef VFERRY_UAPI_STATE_H
#define VFERRY_UAPI_STATE_H

/*
 * Values of IFLA_VF_LINK_STATE beyond the kernel's own IFLA_VF_LINK_STATE_AUTO
 * (0), _ENABLE (1) and _DISABLE (2). rtnetlink hands them unchecked to the
 * driver's ndo_set_vf_link_state().
 */
enum vferry_link_state {
	VFERRY_LINK_STATE_MIGRATE	= 3,
	VFERRY_LINK_STATE_CANCEL	= 4,
	VFERRY_LINK_STATE_SUSPEND	= 5,
	VFERRY_LINK_STATE_RESUME	= 6,
};

/**
 * enum vferry_mig_state - where one VF stands in a migration, seen by its PF
 * @VFERRY_MIG_IDLE: no migration; the VF works normally
 * @VFERRY_MIG_MIGRATE_SENT: MIGRATE is posted, the guest has not answered
 * @VFERRY_MIG_MIGRATING: the guest logs the pages that the VF dirties
 * @VFERRY_MIG_SUSPEND_SENT: SUSPEND is posted, the guest has not answered
 * @VFERRY_MIG_SUSPENDED: the VF is quiet, its filters are taken away; the
 *	guest may be switched to another host
 * @VFERRY_MIG_RESUME_SENT: RESUME is posted, the guest has not answered
 * @VFERRY_MIG_CANCEL_SENT: CANCEL is posted, the guest has not answered
 *
 * The guest's driver uses IDLE, MIGRATING and SUSPENDED only.
 */
enum vferry_mig_state {
	VFERRY_MIG_IDLE,
	VFERRY_MIG_MIGRATE_SENT,
	VFERRY_MIG_MIGRATING,
	VFERRY_MIG_SUSPEND_SENT,
	VFERRY_MIG_SUSPENDED,
	VFERRY_MIG_RESUME_SENT,
	VFERRY_MIG_CANCEL_SENT,
	VFERRY_MIG_STATES,		/* number of states, not a state */
};

#endif
