/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the VF driver says in its netlink family. Pure, with libnl's attribute parsing. */
#ifndef VFERRYD_VFMSG_H
#define VFERRYD_VFMSG_H

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/vferry_vf.h"

#define VFMSG_PCI	32	/* bytes, with the final NUL */
#define VFMSG_REASON	128
#define VFMSG_REFUSED	17	/* lines: the driver's 16, and how many more there are */
#define VFMSG_REFUSED_LEN	96

/**
 * struct vfmsg - one VF, or what happened to it
 * @cmd: VFERRY_VF_CMD_GET, _EVENT or _ASK
 * @ifindex: interface
 * @ifname: its name
 * @pci: PCI address of the VF
 * @state: IDLE, MIGRATING or SUSPENDED
 * @migratable: it can be migrated; @reason: why not
 * @proto: protocol version agreed on with the host
 * @refused: of a GET's answer: what the VF does not receive, and why, a line each;
 *	@n_refused: of them
 * @event: of an event; VFERRY_VF_EVENT_UNSPEC otherwise
 * @result: of an event: 0 is success
 * @mig_id: migration, the current or the last; 0: none
 * @time_ns: of an event, CLOCK_REALTIME
 * @boot_ns: of an event, CLOCK_BOOTTIME; 0: an older driver does not say
 * @arrived: RESUME on another host
 * @suspend_us: of the last SUSPEND; @resume_us: of the last RESUME; 0: none
 * @heard_us: what of the last SUSPEND the driver waited for an agent
 * @pages: touched in this or the last migration
 */
struct vfmsg {
	unsigned int cmd;
	uint32_t ifindex;
	char ifname[IFNAMSIZ];
	char pci[VFMSG_PCI];
	enum vferry_mig_state state;
	bool migratable;
	char reason[VFMSG_REASON];
	uint32_t proto;
	unsigned int n_refused;
	char refused[VFMSG_REFUSED][VFMSG_REFUSED_LEN];
	enum vferry_vf_nl_event event;
	uint32_t result;
	uint64_t mig_id;
	uint64_t time_ns;
	uint64_t boot_ns;
	bool arrived;
	uint32_t suspend_us;
	uint32_t resume_us;
	uint32_t heard_us;
	uint64_t pages;
};

/**
 * vfmsg_decode() - understand a message
 * @msg: of the family
 * @len: bytes that are there
 * @ret: what it says
 *
 * Return: 0; -EBADMSG: truncated, of the wrong size, or without what every message has.
 */
int vfmsg_decode(const struct nlmsghdr *msg, size_t len, struct vfmsg *ret);

const char *vfmsg_state_name(enum vferry_mig_state state);
/* As hooks and vferryctl know it: "migrate", "suspend", "resume", "cancel", "reset". */
const char *vfmsg_event_name(enum vferry_vf_nl_event event);

#endif
