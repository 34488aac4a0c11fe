/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: one for mailbox messages, one for migration states. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vferry_vf

#if !defined(VVF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VVF_TRACE_H

#include <linux/netdevice.h>
#include <linux/tracepoint.h>

#include "../include/vferry_mbx.h"

TRACE_EVENT(vvf_mbx,
	TP_PROTO(const struct net_device *netdev, bool sent, const u32 *msg),
	TP_ARGS(netdev, sent, msg),
	TP_STRUCT__entry(
		__array(char, name, IFNAMSIZ)
		__field(bool, sent)
		__array(u32, word, 4)
	),
	TP_fast_assign(
		strscpy(__entry->name, netdev->name, IFNAMSIZ);
		__entry->sent = sent;
		memcpy(__entry->word, msg, sizeof(__entry->word));
	),
	TP_printk("%s %s %08x %08x %08x %08x", __entry->name,
		  __entry->sent ? "sent" : "received", __entry->word[0],
		  __entry->word[1], __entry->word[2], __entry->word[3])
);

TRACE_EVENT(vvf_state,
	TP_PROTO(const struct net_device *netdev, u32 from, u32 to),
	TP_ARGS(netdev, from, to),
	TP_STRUCT__entry(
		__array(char, name, IFNAMSIZ)
		__field(u32, from)
		__field(u32, to)
	),
	TP_fast_assign(
		strscpy(__entry->name, netdev->name, IFNAMSIZ);
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("%s %u -> %u", __entry->name, __entry->from, __entry->to)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
