/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink family vferry_pf: what user space sees of the VFs.
 *
 * nl.c knows attributes and messages only. What it tells is filled in by
 * mig.c (vpf_mig_describe()), what it is told goes to vpf_mig_user() and
 * vpf_mig_ping().
 */
#ifndef VPF_NL_H
#define VPF_NL_H

#include <linux/if_ether.h>
#include <linux/types.h>

#include "../include/uapi/vferry_pf.h"

struct netlink_ext_ack;
struct vpf_nic;

/**
 * struct vpf_nl_last - the last migration of a VF, as far as it went here
 * @mig_id: 0: there was none
 *
 * Microseconds; -1 in a duration: did not happen here.
 */
struct vpf_nl_last {
	u64 mig_id;
	s64 migrate_us;
	s64 suspend_us;
	s64 resume_us;
	s64 guest_suspend_us;
	s64 guest_resume_us;
	s64 suspended_us;
	u32 pages;
	int err;
};

/**
 * struct vpf_nl_vf - one VF, for an answer to GET_VF
 * @pci: PCI address of the VF, empty: it has none now
 * @reason: constant string: why not migratable; NULL: it is
 */
struct vpf_nl_vf {
	char pci[32];
	u8 mac[ETH_ALEN];
	enum vferry_mig_state state;
	u32 link_state;
	u32 proto;
	u32 features;
	bool held;
	const char *reason;
	u64 mig_id;
	struct vpf_nl_last last;
};

/**
 * struct vpf_nl_event - one event
 * @event: enum vferry_pf_nl_event
 * @time_ns: CLOCK_REALTIME when it happened, 0: now
 * @state: sent with STATE, FAILED, RESET
 * @old_state: sent with STATE
 * @phase: sent with PHASE
 * @err: sent with FAILED
 * @reason: sent if not NULL
 * @mig_id: sent if not 0
 * @duration_us: sent if not negative
 * @guest_us: sent if not negative
 * @proto: sent with HELLO
 */
struct vpf_nl_event {
	u32 event;
	u64 time_ns;
	enum vferry_mig_state state;
	enum vferry_mig_state old_state;
	u32 phase;
	int err;
	const char *reason;
	u64 mig_id;
	s64 duration_us;
	s64 guest_us;
	u32 proto;
};

/* The family, at module load and unload. May sleep. */
int vpf_nl_init(void);
void vpf_nl_exit(void);

/*
 * A PF can be reached by user space from add to del; when del returns no call
 * into mig.c for it is under way. May sleep; takes vpf_nics_lock. The netdev must be
 * registered.
 */
void vpf_nl_add(struct vpf_nic *nic);
void vpf_nl_del(struct vpf_nic *nic);

/* A PF has another number of VFs: a dump under way is told to be none of one moment */
void vpf_nl_changed(void);

/**
 * vpf_nl_event() - tell the group "events" about a VF
 * @nic: PF; its netdev must exist
 * @vf: number of the VF
 * @event: what to tell
 *
 * May sleep; no lock is needed, none is taken. An event that no memory can be
 * had for is lost: listeners compare with a dump when in doubt, as after an
 * overrun.
 */
void vpf_nl_event(struct vpf_nic *nic, unsigned int vf, const struct vpf_nl_event *event);

/* Implemented by mig.c, called with vpf_nics_lock held, @vf < num_vfs. */
void vpf_mig_describe(struct vpf_nic *nic, unsigned int vf, struct vpf_nl_vf *ret);
int vpf_mig_user(struct vpf_nic *nic, unsigned int vf, u32 link_state,
		 struct netlink_ext_ack *extack);
int vpf_mig_ping(struct vpf_nic *nic, unsigned int vf, struct netlink_ext_ack *extack);

#endif
