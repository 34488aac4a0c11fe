/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink family of the PF driver: what a host can see and do.
 * Reading needs no privilege, changing needs CAP_NET_ADMIN.
 */
#ifndef VFERRY_UAPI_PF_H
#define VFERRY_UAPI_PF_H

#include "vferry_state.h"

#define VFERRY_PF_GENL_NAME	"vferry_pf"
#define VFERRY_PF_GENL_VERSION	1
#define VFERRY_PF_GENL_EVENTS	"events"	/* multicast group */

/**
 * enum vferry_pf_nl_cmd - commands
 * @VFERRY_PF_CMD_GET_VF: dump all VFs of all PFs, or of the PF given by
 *	IFINDEX; or get one by IFINDEX and VF
 * @VFERRY_PF_CMD_SET_VF: IFINDEX, VF, LINK_STATE (enum vferry_link_state):
 *	as rtnetlink's IFLA_VF_LINK_STATE, with extack text
 * @VFERRY_PF_CMD_PING_VF: IFINDEX, VF: ask the guest's driver for an answer;
 *	returns at once, the answer is an event VFERRY_PF_EVENT_PONG
 * @VFERRY_PF_CMD_EVENT: sent to the multicast group only
 */
enum vferry_pf_nl_cmd {
	VFERRY_PF_CMD_UNSPEC,
	VFERRY_PF_CMD_GET_VF,
	VFERRY_PF_CMD_SET_VF,
	VFERRY_PF_CMD_PING_VF,
	VFERRY_PF_CMD_EVENT,

	__VFERRY_PF_CMD_MAX,
	VFERRY_PF_CMD_MAX = __VFERRY_PF_CMD_MAX - 1
};

/**
 * enum vferry_pf_nl_event - VFERRY_PF_A_EVENT
 * @VFERRY_PF_EVENT_STATE: A_STATE is the new state, A_OLD_STATE the old one
 * @VFERRY_PF_EVENT_FAILED: A_ERROR, A_REASON
 * @VFERRY_PF_EVENT_RESET: the VF was reset
 * @VFERRY_PF_EVENT_PONG: answer to a ping, A_DURATION_US is the round trip
 * @VFERRY_PF_EVENT_PHASE: A_PHASE
 * @VFERRY_PF_EVENT_HELLO: a driver that speaks vferry came up in the guest
 *
 * Of each VF 128 at once, and 40 each second. Of what comes faster the latest of each
 * kind is sent later, changes of state as one, from the first one's A_OLD_STATE.
 */
enum vferry_pf_nl_event {
	VFERRY_PF_EVENT_UNSPEC,
	VFERRY_PF_EVENT_STATE,
	VFERRY_PF_EVENT_FAILED,
	VFERRY_PF_EVENT_RESET,
	VFERRY_PF_EVENT_PONG,
	VFERRY_PF_EVENT_PHASE,
	VFERRY_PF_EVENT_HELLO,
};

/**
 * enum vferry_pf_nl_phase - steps of the virtual machine, from VFIO
 * @VFERRY_PF_PHASE_CONVERGED: RAM has converged, SUSPEND follows
 * @VFERRY_PF_PHASE_SWITCH: the real size is answered, the VM may stop
 * @VFERRY_PF_PHASE_STOPPED: the VM has stopped (source)
 * @VFERRY_PF_PHASE_SAVED: the device state has been read (source)
 * @VFERRY_PF_PHASE_INCOMING: a device state is awaited (destination)
 * @VFERRY_PF_PHASE_LOADED: the device state is complete (destination)
 * @VFERRY_PF_PHASE_RUNNING: the VM runs (again)
 * @VFERRY_PF_PHASE_SETTLED: the guest has put away what its VF had received before
 *	SUSPEND (source)
 */
enum vferry_pf_nl_phase {
	VFERRY_PF_PHASE_UNSPEC,
	VFERRY_PF_PHASE_CONVERGED,
	VFERRY_PF_PHASE_SWITCH,
	VFERRY_PF_PHASE_STOPPED,
	VFERRY_PF_PHASE_SAVED,
	VFERRY_PF_PHASE_INCOMING,
	VFERRY_PF_PHASE_LOADED,
	VFERRY_PF_PHASE_RUNNING,
	VFERRY_PF_PHASE_SETTLED,
};

/*
 * Attributes of all commands. Integers are in host byte order. What is not
 * known is left out.
 */
enum vferry_pf_nl_attr {
	VFERRY_PF_A_UNSPEC,
	VFERRY_PF_A_PAD,
	VFERRY_PF_A_IFINDEX,		/* u32: netdev of the PF */
	VFERRY_PF_A_IFNAME,		/* string: its name */
	VFERRY_PF_A_PF_PCI,		/* string: PCI address of the PF */
	VFERRY_PF_A_VF,			/* u32: number of the VF */
	VFERRY_PF_A_VF_PCI,		/* string: PCI address of the VF */
	VFERRY_PF_A_MAC,		/* binary, 6 bytes */
	VFERRY_PF_A_STATE,		/* u32: enum vferry_mig_state */
	VFERRY_PF_A_OLD_STATE,		/* u32: enum vferry_mig_state */
	VFERRY_PF_A_LINK_STATE,		/* u32: enum vferry_link_state */
	VFERRY_PF_A_PROTO,		/* u32: protocol version of the guest's driver */
	VFERRY_PF_A_FEATURES,		/* u32: VFERRY_FEAT_* in use */
	VFERRY_PF_A_MIGRATABLE,		/* flag: a migration could begin now */
	VFERRY_PF_A_REASON,		/* string: why not, or why it failed */
	VFERRY_PF_A_HELD,		/* flag: VFIO holds the VF */
	VFERRY_PF_A_EVENT,		/* u32: enum vferry_pf_nl_event */
	VFERRY_PF_A_PHASE,		/* u32: enum vferry_pf_nl_phase */
	VFERRY_PF_A_ERROR,		/* s32: 0 or -errno */
	VFERRY_PF_A_MIG_ID,		/* u64: identifies the migration */
	VFERRY_PF_A_TIME_NS,		/* u64: CLOCK_REALTIME of the event */
	VFERRY_PF_A_DURATION_US,	/* u32: command posted to answer read */
	VFERRY_PF_A_GUEST_US,		/* u32: duration measured by the guest */
	VFERRY_PF_A_LAST,		/* nest: the last migration, enum vferry_pf_nl_last */
	VFERRY_PF_A_LINK,		/* u32: 1: the PF's port has a link, and so have its VFs */
	VFERRY_PF_A_TRUSTED,		/* flag: an administrator trusts the VF */
	VFERRY_PF_A_MAC_SET,		/* flag: an administrator has set the VF's address here */
	VFERRY_PF_A_ADDRS,		/* u32: further addresses that the VF has */
	VFERRY_PF_A_ADDR_ROOM,		/* u32: as many it could have in all */
	VFERRY_PF_A_VLANS,		/* binary, u16 each: VLANs that the VF is in */
	VFERRY_PF_A_VLAN_ROOM,		/* u32: as many it could be in that nobody on the PF is in */
	VFERRY_PF_A_PF_VLANS,		/* binary, u16 each: VLANs that others on the PF are in */

	__VFERRY_PF_A_MAX,
	VFERRY_PF_A_MAX = __VFERRY_PF_A_MAX - 1
};

/* In VFERRY_PF_A_LAST: the last migration of a VF, as far as it went here. */
enum vferry_pf_nl_last {
	VFERRY_PF_L_UNSPEC,
	VFERRY_PF_L_PAD,
	VFERRY_PF_L_MIG_ID,		/* u64 */
	VFERRY_PF_L_MIGRATE_US,		/* u32: MIGRATE posted to answer read */
	VFERRY_PF_L_SUSPEND_US,		/* u32: SUSPEND posted to answer read */
	VFERRY_PF_L_RESUME_US,		/* u32: RESUME posted to answer read */
	VFERRY_PF_L_GUEST_SUSPEND_US,	/* u32: as the guest measured it */
	VFERRY_PF_L_GUEST_RESUME_US,	/* u32: as the guest measured it */
	VFERRY_PF_L_SUSPENDED_US,	/* u32: answer to SUSPEND to RESUME posted, if both here */
	VFERRY_PF_L_PAGES,		/* u32: pages touched by dirty logging */
	VFERRY_PF_L_ERROR,		/* s32 */

	__VFERRY_PF_L_MAX,
	VFERRY_PF_L_MAX = __VFERRY_PF_L_MAX - 1
};

#endif
