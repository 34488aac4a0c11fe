/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink family of the VF driver: what a guest can see.
 */
#ifndef VFERRY_UAPI_VF_H
#define VFERRY_UAPI_VF_H

#include "vferry_state.h"

#define VFERRY_VF_GENL_NAME	"vferry_vf"
#define VFERRY_VF_GENL_VERSION	1
#define VFERRY_VF_GENL_EVENTS	"events"	/* multicast group */

/**
 * enum vferry_vf_nl_cmd - commands
 * @VFERRY_VF_CMD_GET: dump all VFs, or get the one of IFINDEX
 * @VFERRY_VF_CMD_EVENT: sent to the multicast group only: the state changed
 * @VFERRY_VF_CMD_HEAR: the sending socket wants to be heard before the VF of IFINDEX is
 *	suspended (flag HEAR), or no more (without it). One socket for each VF; ends with
 *	the socket. Needs CAP_NET_ADMIN
 * @VFERRY_VF_CMD_ASK: sent to that socket only: SUSPEND has come. The driver waits for
 *	GO, but not longer than 2 ms
 * @VFERRY_VF_CMD_GO: answers ASK for the VF of IFINDEX
 * @VFERRY_VF_CMD_NEW: sent to the multicast group only: a VF has come into the network
 *	namespace; what GET says of it
 * @VFERRY_VF_CMD_DEL: sent to the multicast group only: a VF leaves the network namespace
 */
enum vferry_vf_nl_cmd {
	VFERRY_VF_CMD_UNSPEC,
	VFERRY_VF_CMD_GET,
	VFERRY_VF_CMD_EVENT,
	VFERRY_VF_CMD_HEAR,
	VFERRY_VF_CMD_ASK,
	VFERRY_VF_CMD_GO,
	VFERRY_VF_CMD_NEW,
	VFERRY_VF_CMD_DEL,

	__VFERRY_VF_CMD_MAX,
	VFERRY_VF_CMD_MAX = __VFERRY_VF_CMD_MAX - 1
};

/**
 * enum vferry_vf_nl_event - VFERRY_VF_A_EVENT: what the host asked for
 */
enum vferry_vf_nl_event {
	VFERRY_VF_EVENT_UNSPEC,
	VFERRY_VF_EVENT_MIGRATE,	/* dirty logging is on */
	VFERRY_VF_EVENT_CANCEL,		/* the migration is off */
	VFERRY_VF_EVENT_SUSPEND,	/* the VF is quiet */
	VFERRY_VF_EVENT_RESUME,		/* the VF works again */
	VFERRY_VF_EVENT_RESET,		/* a reset ended the migration */
	VFERRY_VF_EVENT_RECEIVED,	/* the first frame since RESUME came; may overtake RESUME */
};

enum vferry_vf_nl_attr {
	VFERRY_VF_A_UNSPEC,
	VFERRY_VF_A_PAD,
	VFERRY_VF_A_IFINDEX,		/* u32 */
	VFERRY_VF_A_IFNAME,		/* string */
	VFERRY_VF_A_PCI,		/* string: PCI address of the VF */
	VFERRY_VF_A_STATE,		/* u32: enum vferry_mig_state */
	VFERRY_VF_A_MIGRATABLE,		/* flag */
	VFERRY_VF_A_REASON,		/* string: why not */
	VFERRY_VF_A_PROTO,		/* u32: protocol version agreed on */
	VFERRY_VF_A_FEATURES,		/* u32: VFERRY_FEAT_* agreed on */
	VFERRY_VF_A_EVENT,		/* u32: enum vferry_vf_nl_event */
	VFERRY_VF_A_RESULT,		/* u32: enum vferry_mbx_result */
	VFERRY_VF_A_MIG_ID,		/* u64 */
	VFERRY_VF_A_TIME_NS,		/* u64: CLOCK_REALTIME of the event */
	VFERRY_VF_A_ARRIVED,		/* flag: RESUME on another host */
	VFERRY_VF_A_SUSPEND_US,		/* u32: last SUSPEND noticed to SUSPENDED sent */
	VFERRY_VF_A_RESUME_US,		/* u32: last RESUME noticed to queues running */
	VFERRY_VF_A_PAGES,		/* u64: pages touched in this or the last migration */
	VFERRY_VF_A_HEAR,		/* flag: of HEAR */
	VFERRY_VF_A_HEARD_US,		/* u32: of the last SUSPEND's time, waiting for GO */
	VFERRY_VF_A_REFUSED,		/* string, several: what is not received, and why; of GET */
	VFERRY_VF_A_BOOT_NS,		/* u64: CLOCK_BOOTTIME of the event: what orders events */

	__VFERRY_VF_A_MAX,
	VFERRY_VF_A_MAX = __VFERRY_VF_A_MAX - 1
};

#endif
