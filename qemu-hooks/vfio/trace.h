/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: one per change of state, one per question for the size. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vferry_vfio

#if !defined(VFERRY_VFIO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VFERRY_VFIO_TRACE_H

#include <linux/tracepoint.h>

#include "arcs.h"

TRACE_EVENT(vferry_vfio_state,
	TP_PROTO(const char *name, enum vferry_arc_state from, enum vferry_arc_state to,
		 enum vferry_arc arc),
	TP_ARGS(name, from, to, arc),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned int, from)
		__field(unsigned int, to)
		__field(unsigned int, arc)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->from = from;
		__entry->to = to;
		__entry->arc = arc;
	),
	TP_printk("%s from=%s to=%s arc=%s", __get_str(name),
		  vferry_arc_state_name(__entry->from),
		  vferry_arc_state_name(__entry->to), vferry_arc_name(__entry->arc))
);

TRACE_EVENT(vferry_vfio_size,
	TP_PROTO(const char *name, unsigned int vf_state, u64 size, bool suspend),
	TP_ARGS(name, vf_state, size, suspend),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned int, vf_state)
		__field(u64, size)
		__field(bool, suspend)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vf_state = vf_state;
		__entry->size = size;
		__entry->suspend = suspend;
	),
	TP_printk("%s vf_state=%u size=%llu suspend=%d", __get_str(name),
		  __entry->vf_state, __entry->size, __entry->suspend)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
