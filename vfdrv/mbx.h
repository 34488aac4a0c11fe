/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mailbox to the PF driver: transport. Rules: include/vferry_mbx.h.
 *
 * Only mbx.c reads V2PMAILBOX, which forgets what it tells. Interrupt handlers
 * wake the one worker that looks at the mailbox; whoever has a request holds
 * mbx.lock, looks itself, and leaves commands that arrive to the worker. SUSPEND
 * and RESUME are done by the handler itself if nobody holds a lock (struct
 * vvf_gate): an outage waits for them. Or by the worker in the same way, if it is the
 * first to see them.
 */
#ifndef VVF_MBX_H
#define VVF_MBX_H

#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>

#include "../include/vferry_mbx.h"

struct vvf;

/* What is counted of the messages sent. */
enum vvf_mbx_sent {
	VVF_MBX_SENT_RESET,
	VVF_MBX_SENT_SET_MAC,
	VVF_MBX_SENT_SET_MULTICAST,
	VVF_MBX_SENT_SET_VLAN,
	VVF_MBX_SENT_SET_MAX_FRAME,
	VVF_MBX_SENT_SET_PROMISC,
	VVF_MBX_SENT_HELLO,
	VVF_MBX_SENT_STATUS,
	VVF_MBX_SENT_COUNT,
};

/* What is counted of the messages received. */
enum vvf_mbx_received {
	VVF_MBX_GOT_ACK,	/* replies */
	VVF_MBX_GOT_NACK,
	VVF_MBX_GOT_CONTROL,
	VVF_MBX_GOT_PING,	/* commands */
	VVF_MBX_GOT_MIGRATE,
	VVF_MBX_GOT_CANCEL,
	VVF_MBX_GOT_SUSPEND,
	VVF_MBX_GOT_RESUME,
	VVF_MBX_GOT_UNKNOWN_CMD,
	VVF_MBX_GOT_STRAY,	/* nothing that was waited for */
	VVF_MBX_GOT_COUNT,
};

/**
 * struct vvf_mbx - mailbox of one VF
 * @lock: protects the registers of the mailbox and what follows, unless noted
 * @seen: PFSTS, PFACK and RSTD that were read and not yet used
 * @owed: acknowledgement that goes out with the next message; 0: none. Only within
 *	the interrupt handler
 * @unread: our last message has not been acknowledged by the PF
 * @posted: when our last message was sent
 * @offline: the device must not be touched
 * @paused: no requests: the VF is suspended, or RESUME is not yet answered
 * @have_command: @command waits for the worker
 * @command: a command that came
 * @command_noticed: when it was noticed
 * @status: STATUS to be repeated until the PF has read it
 * @status_words: its length; 0: nothing to repeat
 * @status_due: when to repeat it
 * @status_tries: how often it has been sent
 * @worker: the only thread that executes commands, real-time
 * @event: looks at the mailbox; queued by interrupt handlers
 * @poll: the same, later: while suspended, and to repeat STATUS
 * @noticed: when an interrupt handler saw the mailbox vector first, ns;
 *	0: not since the worker looked. No lock
 * @peeked: jiffies of the worker's last look. No lock
 * @sent: messages by kind
 * @received: messages by kind
 * @interrupts: of the mailbox's vectors
 * @timeouts: requests that the PF did not answer
 * @repeats: repeated STATUS messages
 */
struct vvf_mbx {
	struct mutex lock;	/* see above */
	u32 seen;
	u32 owed;
	bool unread;
	ktime_t posted;
	bool offline;
	bool paused;
	bool have_command;
	struct vferry_mbx_command command;
	ktime_t command_noticed;
	u32 status[VFERRY_MBX_WORDS];
	unsigned int status_words;
	ktime_t status_due;
	unsigned int status_tries;

	struct kthread_worker *worker;
	struct kthread_work event;
	struct kthread_delayed_work poll;
	atomic64_t noticed;
	unsigned long peeked;

	unsigned long sent[VVF_MBX_SENT_COUNT];
	unsigned long received[VVF_MBX_GOT_COUNT];
	unsigned long interrupts;
	unsigned long timeouts;
	unsigned long repeats;
};

/**
 * vvf_mbx_noticed() - has the mailbox's vector fired, and the worker not run yet?
 * @mbx: mailbox
 */
static inline bool vvf_mbx_noticed(const struct vvf_mbx *mbx)
{
	return atomic64_read(&mbx->noticed);
}

int vvf_mbx_init(struct vvf *vvf);
void vvf_mbx_exit(struct vvf *vvf);
void vvf_mbx_notice(struct vvf *vvf);
void vvf_mbx_kick(struct vvf *vvf);
void vvf_mbx_online(struct vvf *vvf, bool online);
void vvf_mbx_pause(struct vvf *vvf, bool pause);
int vvf_mbx_reset(struct vvf *vvf);
int vvf_mbx_request(struct vvf *vvf, u32 *msg, unsigned int words);
ktime_t vvf_mbx_status(struct vvf *vvf, const struct vferry_mbx_status *status);
ktime_t vvf_mbx_quick_status(struct vvf *vvf, const struct vferry_mbx_status *status);

#endif
