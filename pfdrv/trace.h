/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: every mailbox message, every change of a migration state.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vferry_pf

#if !defined(VPF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VPF_TRACE_H

#include <linux/netdevice.h>
#include <linux/tracepoint.h>

#include "../include/vferry_mbx.h"
#include "../include/vferry_mig_name.h"
#include "mig_state.h"

#define VPF_TRACE_STATES						\
	{ VFERRY_MIG_IDLE, "idle" },					\
	{ VFERRY_MIG_MIGRATE_SENT, "migrate-sent" },			\
	{ VFERRY_MIG_MIGRATING, "migrating" },				\
	{ VFERRY_MIG_SUSPEND_SENT, "suspend-sent" },			\
	{ VFERRY_MIG_SUSPENDED, "suspended" },				\
	{ VFERRY_MIG_RESUME_SENT, "resume-sent" },			\
	{ VFERRY_MIG_CANCEL_SENT, "cancel-sent" }

TRACE_DEFINE_ENUM(VFERRY_MIG_IDLE);
TRACE_DEFINE_ENUM(VFERRY_MIG_MIGRATE_SENT);
TRACE_DEFINE_ENUM(VFERRY_MIG_MIGRATING);
TRACE_DEFINE_ENUM(VFERRY_MIG_SUSPEND_SENT);
TRACE_DEFINE_ENUM(VFERRY_MIG_SUSPENDED);
TRACE_DEFINE_ENUM(VFERRY_MIG_RESUME_SENT);
TRACE_DEFINE_ENUM(VFERRY_MIG_CANCEL_SENT);

DECLARE_EVENT_CLASS(vpf_mbx,
	TP_PROTO(const struct net_device *netdev, unsigned int vf, const u32 *msg,
		 unsigned int words),
	TP_ARGS(netdev, vf, msg, words),
	TP_STRUCT__entry(
		__string(name, netdev->name)
		__field(unsigned int, vf)
		__dynamic_array(u32, msg, words)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vf = vf;
		memcpy(__get_dynamic_array(msg), msg, words * sizeof(u32));
	),
	TP_printk("%s vf %u: %s", __get_str(name), __entry->vf,
		  __print_array(__get_dynamic_array(msg),
				__get_dynamic_array_len(msg) / sizeof(u32), sizeof(u32)))
);

/* From the VF, to the VF */
DEFINE_EVENT(vpf_mbx, vpf_mbx_rx,
	TP_PROTO(const struct net_device *netdev, unsigned int vf, const u32 *msg,
		 unsigned int words),
	TP_ARGS(netdev, vf, msg, words));
DEFINE_EVENT(vpf_mbx, vpf_mbx_tx,
	TP_PROTO(const struct net_device *netdev, unsigned int vf, const u32 *msg,
		 unsigned int words),
	TP_ARGS(netdev, vf, msg, words));

TRACE_EVENT(vpf_mig_state,
	TP_PROTO(const struct net_device *netdev, unsigned int vf, u32 old, u32 state,
		 u32 event, u64 mig_id),
	TP_ARGS(netdev, vf, old, state, event, mig_id),
	TP_STRUCT__entry(
		__string(name, netdev->name)
		__field(unsigned int, vf)
		__field(u32, old)
		__field(u32, state)
		__field(u32, event)
		__field(u64, mig_id)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vf = vf;
		__entry->old = old;
		__entry->state = state;
		__entry->event = event;
		__entry->mig_id = vferry_mig_name(mig_id);
	),
	TP_printk("%s vf %u: %s -> %s by event %u, migration %llu", __get_str(name),
		  __entry->vf, __print_symbolic(__entry->old, VPF_TRACE_STATES),
		  __print_symbolic(__entry->state, VPF_TRACE_STATES), __entry->event,
		  __entry->mig_id)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
