/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mailbox of a VF: transport, requests of the VF, commands to it.
 */
#ifndef VPF_VF_MBX_H
#define VPF_VF_MBX_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct vpf_nic;
struct vferry_pf_vf;

/**
 * enum vpf_mbx_stat - counters of all mailboxes of a PF
 *
 * In the order of the names in vf_mbx.c.
 */
enum vpf_mbx_stat {
	VPF_MBX_RX_RESET,
	VPF_MBX_RX_SET_MAC,
	VPF_MBX_RX_SET_MULTICAST,
	VPF_MBX_RX_SET_VLAN,
	VPF_MBX_RX_SET_MAX_FRAME,
	VPF_MBX_RX_SET_PROMISC,
	VPF_MBX_RX_HELLO,
	VPF_MBX_RX_STATUS,
	VPF_MBX_RX_UNKNOWN,
	VPF_MBX_RX_INVALID,
	VPF_MBX_TX_ACK,
	VPF_MBX_TX_NACK,
	VPF_MBX_TX_CONTROL,
	VPF_MBX_TX_PING,
	VPF_MBX_TX_MIGRATE,
	VPF_MBX_TX_CANCEL,
	VPF_MBX_TX_SUSPEND,
	VPF_MBX_TX_RESUME,
	VPF_MBX_TX_REPEAT,
	VPF_MBX_OVERWRITTEN,
	VPF_MBX_MIGRATE_OK,
	VPF_MBX_CANCEL_OK,
	VPF_MBX_SUSPEND_OK,
	VPF_MBX_RESUME_OK,
	VPF_MBX_MIGRATE_FAILED,
	VPF_MBX_CANCEL_FAILED,
	VPF_MBX_SUSPEND_FAILED,
	VPF_MBX_RESUME_FAILED,
	VPF_MBX_VF_RESETS,
	VPF_MBX_THROTTLED,
	VPF_MBX_LOCK_BROKEN,
	VPF_MBX_IRQ_HELD,
	VPF_MBX_RUNS,
	VPF_MBX_STATS,
};

/**
 * struct vpf_mbx_irq - all mailboxes of a PF
 * @poll: looks at the mailboxes when the interrupt is held back
 * @window: jiffies when counting began
 * @count: interrupts since; handler only
 * @stats: enum vpf_mbx_stat
 */
struct vpf_mbx_irq {
	struct delayed_work poll;
	unsigned long window;
	unsigned int count;
	atomic64_t stats[VPF_MBX_STATS];
};

/**
 * struct vpf_mbx - the mailbox of one VF; protected by the VF's lock
 * @tokens: requests, resets and needless acknowledgements that are served at once
 * @tokens_ns: when @tokens was counted
 * @throttled: out of tokens; interrupts do not wake the work. Read without lock
 * @held_ns: since when the VF has held the mailbox, 0: it does not
 * @held_seen_ns: when that was seen last
 * @ack_due: something was written, and not acknowledged
 * @unacked: a message of ours has not been read yet
 * @unacked_ns: when we stop caring about that
 * @reply_unread: nor has the reply to a request
 * @reply_ns: when we stop caring about that
 * @control: CONTROL is to be sent
 * @control_unread: it was, and has not been acknowledged
 * @call: what is written next is announced by all vectors
 * @nack_ns: when a driver that did not heed a CONTROL without CTS gets a NACK, which
 *	igbvf understands; 0: not at all
 * @granted_ns: when one that has said nothing since it was granted RESET is told that it
 *	may; 0: not at all
 */
struct vpf_mbx {
	unsigned int tokens;
	u64 tokens_ns;
	bool throttled;
	u64 held_ns;
	u64 held_seen_ns;
	bool ack_due;
	bool unacked;
	u64 unacked_ns;
	bool reply_unread;
	u64 reply_ns;
	bool control;
	bool control_unread;
	bool call;
	u64 nack_ns;
	u64 granted_ns;
};

/* No need to come back */
#define VPF_NEVER	U64_MAX

void vpf_mbx_init(struct vpf_nic *nic);
void vpf_mbx_stop(struct vpf_nic *nic);
void vpf_mbx_irq(struct vpf_nic *nic);
void vpf_mbx_count(struct vpf_nic *nic, enum vpf_mbx_stat stat);

void vpf_mbx_reset(struct vferry_pf_vf *vf);
void vpf_mbx_seize(struct vferry_pf_vf *vf);
void vpf_mbx_clear(struct vferry_pf_vf *vf);
u64 vpf_mbx_run(struct vferry_pf_vf *vf);

/* vf_req.c: returns the number of words of the reply in @msg, 0: none */
unsigned int vpf_req_words(u32 word0);
unsigned int vpf_req_handle(struct vferry_pf_vf *vf, u32 *msg);

unsigned int vpf_mbx_stat_count(void);
void vpf_mbx_stat_names(u8 **data);
void vpf_mbx_stat_values(struct vpf_nic *nic, u64 *data);

#endif
