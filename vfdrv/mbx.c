// SPDX-License-Identifier: GPL-2.0-only
/* Mailbox to the PF driver: transport; see mbx.h. */
#include <linux/delay.h>
#include <linux/sched.h>

#include "compat.h"
#include "trace.h"
#include "vvf.h"

/* The lock bits are held for a few register accesses only. */
#define LOCK_MS		20
/* A PF reads a message when its work queue runs. */
#define UNREAD_MS	20
/* A PF answers at once, but its processors may be busy with others. */
#define REPLY_MS	1000
/* The reset message may get lost in the PF's own handling of the reset. */
#define RESET_REPLY_MS	300
#define RSTI_MS		200
/* STATUS is repeated this often, this many times. */
#define STATUS_MS	20
#define STATUS_TRIES	50
/* Interval of looking at the mailbox while suspended: an interrupt may be lost. */
#define SUSPENDED_MS	5

/* Longest message of the PF. */
#define READ_WORDS	VFERRY_MBX_CMD_WORDS

static ktime_t deadline_ms(unsigned int ms)
{
	return ktime_add_ms(ktime_get(), ms);
}

static bool passed(ktime_t deadline)
{
	return ktime_after(ktime_get(), deadline);
}

static void mbx_lock(struct vvf *vvf)
{
	mutex_lock(&vvf->mbx.lock);
	vvf_gate_enter(vvf);
}

static void mbx_unlock(struct vvf *vvf)
{
	vvf_gate_leave(vvf);
	mutex_unlock(&vvf->mbx.lock);
}

/* For what threads do with mbx.lock, and the interrupt handler with gate.lock. */
static void mbx_assert_locked(struct vvf *vvf)
{
	lockdep_assert(lockdep_is_held(&vvf->mbx.lock) || lockdep_is_held(&vvf->gate.lock));
}

/* The one place that reads V2PMAILBOX. Return: its bits, those of @seen kept. */
static u32 vvf_mbx_look(struct vvf *vvf)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	u32 bits;

	mbx_assert_locked(vvf);

	bits = vvf_read(vvf, VVF_V2PMAILBOX);
	if (bits == VVF_GONE)
		return 0;
	mbx->seen |= bits & (VVF_MBX_PFSTS | VVF_MBX_PFACK | VVF_MBX_RSTD);
	if (mbx->seen & VVF_MBX_PFACK)
		mbx->unread = false;
	return bits | mbx->seen;
}

static bool vvf_mbx_try_take(struct vvf *vvf)
{
	vvf_write(vvf, VVF_V2PMAILBOX, VVF_MBX_VFU);
	return vvf_mbx_look(vvf) & VVF_MBX_VFU;
}

/* Take the memory. False after the bound: the PF does not let go of it. */
static bool vvf_mbx_take(struct vvf *vvf)
{
	ktime_t deadline = deadline_ms(LOCK_MS);

	for (;;) {
		if (vvf_mbx_try_take(vvf))
			return true;
		if (passed(deadline))
			return false;
		usleep_range(10, 20);
	}
}

/* Read the PF's message that @seen tells of; it has to be acknowledged. */
static void vvf_mbx_fetch(struct vvf *vvf, u32 *msg)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	unsigned int i;

	for (i = 0; i < READ_WORDS; i++)
		msg[i] = vvf_read(vvf, VVF_VMBMEM(i));
	for (; i < VFERRY_MBX_WORDS; i++)
		msg[i] = 0;
	mbx->seen &= ~VVF_MBX_PFSTS;
	trace_vvf_mbx(vvf->netdev, false, msg);
}

/*
 * Read it, and acknowledge it. With @keep the memory, which should be ours, is not
 * released.
 */
static void vvf_mbx_read(struct vvf *vvf, u32 *msg, bool keep)
{
	vvf_mbx_fetch(vvf, msg);
	vvf_write(vvf, VVF_V2PMAILBOX, VVF_MBX_ACK | (keep ? VVF_MBX_VFU : 0));
}

static void vvf_mbx_got(struct vvf_mbx *mbx, enum vvf_mbx_received kind)
{
	mbx->received[kind]++;
}

static enum vvf_mbx_received vvf_mbx_cmd_kind(u32 cmd)
{
	switch ((enum vferry_mbx_cmd)cmd) {
	case VFERRY_CMD_PING:		return VVF_MBX_GOT_PING;
	case VFERRY_CMD_MIGRATE:	return VVF_MBX_GOT_MIGRATE;
	case VFERRY_CMD_CANCEL:		return VVF_MBX_GOT_CANCEL;
	case VFERRY_CMD_SUSPEND:	return VVF_MBX_GOT_SUSPEND;
	case VFERRY_CMD_RESUME:		return VVF_MBX_GOT_RESUME;
	}
	return VVF_MBX_GOT_UNKNOWN_CMD;
}

/* A message that is not the reply to a request under way. */
static void vvf_mbx_unasked(struct vvf *vvf, const u32 *msg, ktime_t noticed)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	struct vferry_mbx_command command;

	if (vferry_mbx_is_cmd(msg[0]) && !vferry_mbx_get_command(msg, &command)) {
		vvf_mbx_got(mbx, vvf_mbx_cmd_kind(command.cmd));
		mbx->command = command;
		mbx->command_noticed = noticed;
		mbx->have_command = true;
		/*
		 * A new command: nobody waits for the old one's STATUS. A PF
		 * writes only when it has read what it was sent; and the PF of
		 * another host cannot acknowledge what this one was sent.
		 */
		mbx->status_words = 0;
		mbx->unread = false;
	} else if (vferry_mbx_id(msg[0]) == VFERRY_MBX_CONTROL) {
		vvf_mbx_got(mbx, VVF_MBX_GOT_CONTROL);
		vvf_link_control(vvf, msg[0] & VFERRY_MBX_CTS);
	} else {
		vvf_mbx_got(mbx, VVF_MBX_GOT_STRAY);
	}
}

static enum vvf_mbx_sent vvf_mbx_sent_kind(u32 word0)
{
	switch (vferry_mbx_id(word0)) {
	case VFERRY_MBX_RESET:		return VVF_MBX_SENT_RESET;
	case VFERRY_MBX_SET_MAC:	return VVF_MBX_SENT_SET_MAC;
	case VFERRY_MBX_SET_MULTICAST:	return VVF_MBX_SENT_SET_MULTICAST;
	case VFERRY_MBX_SET_VLAN:	return VVF_MBX_SENT_SET_VLAN;
	case VFERRY_MBX_SET_MAX_FRAME:	return VVF_MBX_SENT_SET_MAX_FRAME;
	case VFERRY_MBX_SET_PROMISC:	return VVF_MBX_SENT_SET_PROMISC;
	case VFERRY_MBX_HELLO:		return VVF_MBX_SENT_HELLO;
	}
	return VVF_MBX_SENT_STATUS;
}

/* Write a message into the memory, which is ours and holds nothing of the PF's, and ring. */
static void vvf_mbx_write(struct vvf *vvf, const u32 *msg, unsigned int words)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	unsigned int i;

	for (i = 0; i < words; i++)
		vvf_write(vvf, VVF_VMBMEM(i), msg[i]);
	mbx->seen &= ~VVF_MBX_PFACK;
	mbx->unread = true;
	/* Before: a virtual machine may be stopped as soon as SUSPENDED is read. */
	mbx->posted = ktime_get();
	vvf_write(vvf, VVF_V2PMAILBOX, VVF_MBX_REQ | mbx->owed);
	mbx->owed = 0;
	mbx->sent[vvf_mbx_sent_kind(msg[0])]++;
	trace_vvf_mbx(vvf->netdev, true, msg);
}

/*
 * Write a message into the memory and ring. What the PF has not read yet is
 * waited for, within a bound; what it has written is read first.
 */
static int vvf_mbx_post(struct vvf *vvf, const u32 *msg, unsigned int words)
{
	ktime_t deadline = deadline_ms(UNREAD_MS);
	u32 in[VFERRY_MBX_WORDS];
	struct vvf_mbx *mbx = &vvf->mbx;

	mbx_assert_locked(vvf);

	while (mbx->unread) {
		vvf_mbx_look(vvf);
		if (!mbx->unread || passed(deadline))
			break;
		usleep_range(20, 50);
	}
	if (!vvf_mbx_take(vvf))
		return -EBUSY;
	if (mbx->seen & VVF_MBX_PFSTS) {
		vvf_mbx_read(vvf, in, true);
		vvf_mbx_unasked(vvf, in, ktime_get());
	}
	vvf_mbx_write(vvf, msg, words);
	return 0;
}

static bool vvf_mbx_is_reply(u32 word0, u32 request)
{
	return (word0 & (VFERRY_MBX_ACK | VFERRY_MBX_NACK)) &&
	       vferry_mbx_id(word0) == vferry_mbx_id(request);
}

/* A refusal. -EAGAIN: of a PF that does not know the VF any more; it has judged nothing. */
static int vvf_mbx_refusal(u32 word0)
{
	u32 id = vferry_mbx_id(word0);

	if (!(word0 & VFERRY_MBX_CTS) && id != VFERRY_MBX_RESET && id != VFERRY_MBX_HELLO)
		return -EAGAIN;

	switch (vferry_mbx_get_why(word0)) {
	case VFERRY_WHY_UNKNOWN:
		break;
	case VFERRY_WHY_NOT_ALLOWED:
		return -EPERM;
	case VFERRY_WHY_FULL:
		return -ENOSPC;
	case VFERRY_WHY_IN_USE:
		return -EADDRINUSE;
	}
	return -EACCES;
}

/* Wait for the reply to @msg; it goes to @msg. */
static int vvf_mbx_reply(struct vvf *vvf, u32 *msg, unsigned int timeout_ms)
{
	ktime_t deadline = deadline_ms(timeout_ms);
	struct vvf_mbx *mbx = &vvf->mbx;
	u32 in[VFERRY_MBX_WORDS];
	unsigned int us = 20;

	for (;;) {
		bool late = passed(deadline) || READ_ONCE(mbx->offline);

		if (vvf_mbx_look(vvf) & VVF_MBX_PFSTS) {
			vvf_mbx_take(vvf);
			vvf_mbx_read(vvf, in, false);
			if (vvf_mbx_is_reply(in[0], msg[0]))
				break;
			vvf_mbx_unasked(vvf, in, ktime_get());
		}
		if (late) {
			mbx->timeouts++;
			return -ETIMEDOUT;
		}
		usleep_range(us, 2 * us);
		us = min(2 * us, 1000u);
	}

	memcpy(msg, in, sizeof(in));
	if (msg[0] & VFERRY_MBX_NACK) {
		vvf_mbx_got(mbx, VVF_MBX_GOT_NACK);
		return vvf_mbx_refusal(msg[0]);
	}
	vvf_mbx_got(mbx, VVF_MBX_GOT_ACK);
	return 0;
}

static void vvf_mbx_wake(struct vvf_mbx *mbx)
{
	kthread_queue_work(mbx->worker, &mbx->event);
}

/**
 * vvf_mbx_request() - ask the PF and wait for its answer
 * @vvf: device
 * @msg: message of VFERRY_MBX_WORDS words; the reply goes here
 * @words: words of @msg that count
 *
 * May sleep, for a second at worst. Commands that come instead of the reply
 * are left to the worker.
 *
 * Return: 0: acknowledged; -EACCES: refused; -EPERM: the host does not allow it;
 * -ENOSPC: the NIC has no room for it; -EADDRINUSE: another VF has it; -EAGAIN: the PF wants a
 * reset first, which has been asked for; -EBUSY: not now, the VF is suspended, or
 * the PF holds the mailbox; -ETIMEDOUT: no answer; -ENODEV.
 */
int vvf_mbx_request(struct vvf *vvf, u32 *msg, unsigned int words)
{
	u32 id = vferry_mbx_id(msg[0]);
	bool reset = id == VFERRY_MBX_RESET;
	struct vvf_mbx *mbx = &vvf->mbx;
	int r;

	mbx_lock(vvf);
	if (mbx->offline)
		r = -ENODEV;
	/* a PF that has not heard of the reset yet would ask for another one */
	else if (mbx->paused ||
		 (READ_ONCE(vvf->link.asking) && !reset && id != VFERRY_MBX_HELLO))
		r = -EBUSY;
	else
		r = vvf_mbx_post(vvf, msg, words);
	if (!r)
		r = vvf_mbx_reply(vvf, msg, reset ? RESET_REPLY_MS : REPLY_MS);
	if (mbx->have_command)
		vvf_mbx_wake(mbx);
	mbx_unlock(vvf);
	if (r == -EAGAIN)
		vvf_link_control(vvf, false);
	return r;
}

/* Send what is in mbx.status, once more or for the first time. */
static void vvf_mbx_send_status(struct vvf *vvf)
{
	struct vvf_mbx *mbx = &vvf->mbx;

	/* If the PF holds the memory now, the repeat will get it. */
	if (vvf_mbx_post(vvf, mbx->status, mbx->status_words))
		mbx->unread = true;
	mbx->status_tries++;
	mbx->status_due = deadline_ms(STATUS_MS);
	kthread_queue_delayed_work(mbx->worker, &mbx->poll, msecs_to_jiffies(STATUS_MS));
}

/**
 * vvf_mbx_status() - answer a command
 * @vvf: device
 * @status: the answer
 *
 * Called by the worker. Returns when it is sent, does not wait until the PF has
 * read it; it is repeated until then.
 *
 * Return: when it was sent.
 */
ktime_t vvf_mbx_status(struct vvf *vvf, const struct vferry_mbx_status *status)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	ktime_t posted;

	mbx_lock(vvf);
	if (!mbx->offline) {
		mbx->status_words = vferry_mbx_put_status(mbx->status, status);
		mbx->status_tries = 0;
		vvf_mbx_send_status(vvf);
	}
	posted = mbx->posted;
	mbx_unlock(vvf);
	return posted;
}

static void vvf_mbx_repeat_status(struct vvf *vvf)
{
	struct vvf_mbx *mbx = &vvf->mbx;

	if (!mbx->status_words)
		return;
	if (!mbx->unread || mbx->status_tries >= STATUS_TRIES) {
		mbx->status_words = 0;
		return;
	}
	if (!passed(mbx->status_due)) {
		kthread_queue_delayed_work(mbx->worker, &mbx->poll, 1);
		return;
	}
	mbx->unread = false;
	mbx->repeats++;
	vvf_mbx_send_status(vvf);
}

/* Read a message without waiting for anything. It is not acknowledged, the memory is ours. */
static bool vvf_mbx_try_fetch(struct vvf *vvf, u32 *msg)
{
	if (!(vvf_mbx_look(vvf) & VVF_MBX_PFSTS))
		return false;
	/* The bit is remembered: the worker reads the message. */
	if (!vvf_mbx_try_take(vvf))
		return false;
	vvf_mbx_fetch(vvf, msg);
	return true;
}

/**
 * vvf_mbx_quick_status() - answer a command from the interrupt handler or NAPI
 * @vvf: device, with gate.lock held
 * @status: the answer
 *
 * If the PF holds the memory the worker sends it, at once.
 *
 * Return: when it was sent, or when it should have been.
 */
ktime_t vvf_mbx_quick_status(struct vvf *vvf, const struct vferry_mbx_status *status)
{
	struct vvf_mbx *mbx = &vvf->mbx;

	lockdep_assert_held(&vvf->gate.lock);

	mbx->status_words = vferry_mbx_put_status(mbx->status, status);
	mbx->status_tries = 0;
	mbx->status_due = deadline_ms(STATUS_MS);
	if (vvf_mbx_try_take(vvf) && !(mbx->seen & VVF_MBX_PFSTS)) {
		vvf_mbx_write(vvf, mbx->status, mbx->status_words);
		mbx->status_tries = 1;
		return mbx->posted;
	}
	vvf_write(vvf, VVF_V2PMAILBOX, 0);
	mbx->unread = true;
	mbx->status_due = ktime_get();
	return mbx->status_due;
}

/*
 * The handler's own look at the mailbox: SUSPEND and RESUME, which an outage waits
 * for, and PING, are done here and now if they can be. All else is left to the worker. Return:
 * such a command was done.
 *
 * The command is acknowledged when it is done, with the answer if that goes out now: it
 * interrupts the host, which may take the guest's processor for it.
 */
static bool vvf_mbx_quick(struct vvf *vvf, ktime_t noticed)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	u32 msg[VFERRY_MBX_WORDS];
	bool done;

	lockdep_assert_held(&vvf->gate.lock);

	if (mbx->offline || mbx->have_command || !vvf_mbx_try_fetch(vvf, msg))
		return false;
	mbx->owed = VVF_MBX_ACK;
	vvf_mbx_unasked(vvf, msg, noticed);
	done = mbx->have_command && vvf_mig_quick(vvf, &mbx->command, noticed);
	if (done)
		mbx->have_command = false;
	if (mbx->owed)
		vvf_write(vvf, VVF_V2PMAILBOX, VVF_MBX_ACK);
	mbx->owed = 0;
	return done;
}

/*
 * The worker's first look, in the way of the interrupt handler, which is so kept out for a
 * moment only: the worker comes by often, and SUSPEND and RESUME are not to wait for it,
 * nor to be done by it the long way because it was faster. Return: nothing is left to do.
 */
static bool vvf_mbx_glance(struct vvf *vvf, ktime_t noticed)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	bool nothing = false;

	/* With it on, what NAPI has to do begins at the end of this. */
	local_bh_disable();
	spin_lock_irq(&vvf->gate.lock);
	if (!vvf->gate.inside && !mbx->offline && !mbx->have_command) {
		vvf_mbx_quick(vvf, noticed);
		nothing = !mbx->have_command && !mbx->status_words && !vvf_mig_has_work(vvf) &&
			  !(vvf_mbx_look(vvf) & (VVF_MBX_PFSTS | VVF_MBX_RSTI | VVF_MBX_RSTD));
	}
	spin_unlock_irq(&vvf->gate.lock);
	local_bh_enable();
	return nothing;
}

static void vvf_mbx_look_again(struct vvf *vvf)
{
	if (!vvf_mig_suspended(vvf))
		return;
	netif_trans_update(vvf->netdev);
	kthread_queue_delayed_work(vvf->mbx.worker, &vvf->mbx.poll,
				   msecs_to_jiffies(SUSPENDED_MS));
}

/* Look at the mailbox and do what it asks for. Runs in the worker only. */
static void vvf_mbx_serve(struct vvf *vvf)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	struct vferry_mbx_command command;
	u32 msg[VFERRY_MBX_WORDS];
	ktime_t noticed;
	bool have;
	u32 bits;

	noticed = atomic64_xchg(&mbx->noticed, 0);
	if (!noticed)
		noticed = ktime_get();
	WRITE_ONCE(mbx->peeked, jiffies);

	if (vvf_mbx_glance(vvf, noticed)) {
		vvf_mbx_look_again(vvf);
		return;
	}

	mbx_lock(vvf);
	if (mbx->offline) {
		mbx_unlock(vvf);
		return;
	}
	bits = vvf_mbx_look(vvf);
	if (bits & VVF_MBX_PFSTS) {
		vvf_mbx_take(vvf);
		vvf_mbx_read(vvf, msg, false);
		vvf_mbx_unasked(vvf, msg, noticed);
	}
	mbx->seen &= ~VVF_MBX_RSTD;
	vvf_mbx_repeat_status(vvf);
	have = mbx->have_command;
	command = mbx->command;
	noticed = mbx->command_noticed;
	mbx->have_command = false;
	mbx_unlock(vvf);

	vvf_mig_follow_up(vvf);
	if (have)
		vvf_mig_command(vvf, &command, noticed);
	if (bits & (VVF_MBX_RSTI | VVF_MBX_RSTD))
		vvf_link_pf_reset(vvf, bits & VVF_MBX_RSTI);
	vvf_mbx_look_again(vvf);
}

static void vvf_mbx_event(struct kthread_work *work)
{
	vvf_mbx_serve(container_of(work, struct vvf, mbx.event));
}

static void vvf_mbx_poll(struct kthread_work *work)
{
	vvf_mbx_serve(container_of(work, struct vvf, mbx.poll.work));
}

/**
 * vvf_mbx_notice() - the mailbox vector fired
 * @vvf: device
 *
 * For interrupt handlers.
 */
void vvf_mbx_notice(struct vvf *vvf)
{
	struct vvf_mbx *mbx = &vvf->mbx;
	ktime_t noticed = ktime_get();
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&vvf->gate.lock, flags);
	done = !vvf->gate.inside && vvf_mbx_quick(vvf, noticed);
	spin_unlock_irqrestore(&vvf->gate.lock, flags);

	/* The worker looks in any case; if all is done it need not hurry. */
	if (!done)
		atomic64_cmpxchg(&mbx->noticed, 0, noticed);
	vvf_mbx_wake(mbx);
}

/**
 * vvf_mbx_kick() - look at the mailbox, there may be something
 * @vvf: device
 *
 * Any context.
 */
void vvf_mbx_kick(struct vvf *vvf)
{
	WRITE_ONCE(vvf->mbx.peeked, jiffies);
	vvf_mbx_wake(&vvf->mbx);
}

/**
 * vvf_mbx_online() - may the registers be touched?
 * @vvf: device
 * @online: no longer, or again
 *
 * Nobody touches them any more when it returns.
 */
void vvf_mbx_online(struct vvf *vvf, bool online)
{
	struct vvf_mbx *mbx = &vvf->mbx;

	/* A request that waits for its answer gives up. */
	if (!online)
		WRITE_ONCE(mbx->offline, true);
	mbx_lock(vvf);
	WRITE_ONCE(mbx->offline, !online);
	mbx_unlock(vvf);
}

/**
 * vvf_mbx_pause() - refuse requests with -EBUSY, or take them again
 * @vvf: device
 * @pause: refuse
 *
 * A request under way has ended when it returns.
 */
void vvf_mbx_pause(struct vvf *vvf, bool pause)
{
	struct vvf_mbx *mbx = &vvf->mbx;

	mbx_lock(vvf);
	mbx->paused = pause;
	mbx_unlock(vvf);
}

/**
 * vvf_mbx_reset() - reset the VF, and what is known of the mailbox
 * @vvf: device
 *
 * Return: 0; -EAGAIN: the PF is in reset itself; -ENODEV: the device is away.
 */
int vvf_mbx_reset(struct vvf *vvf)
{
	ktime_t deadline = deadline_ms(RSTI_MS);
	struct vvf_mbx *mbx = &vvf->mbx;
	int r = 0;

	mbx_lock(vvf);
	if (mbx->offline) {
		mbx_unlock(vvf);
		return -ENODEV;
	}
	vvf_write(vvf, VVF_CTRL, VVF_CTRL_RST);
	while (vvf_mbx_look(vvf) & VVF_MBX_RSTI) {
		if (passed(deadline)) {
			r = -EAGAIN;
			break;
		}
		usleep_range(1000, 2000);
	}
	/* Give up the lock of an earlier life. */
	vvf_write(vvf, VVF_V2PMAILBOX, 0);
	mbx->seen = 0;
	mbx->unread = false;
	mbx->paused = false;
	mbx->have_command = false;
	mbx->status_words = 0;
	mbx_unlock(vvf);
	return r;
}

/**
 * vvf_mbx_init() - start the worker
 * @vvf: device
 */
int vvf_mbx_init(struct vvf *vvf)
{
	struct vvf_mbx *mbx = &vvf->mbx;

	mutex_init(&mbx->lock);
	kthread_init_work(&mbx->event, vvf_mbx_event);
	kthread_init_delayed_work(&mbx->poll, vvf_mbx_poll);
	mbx->worker = kthread_run_worker(0, VVF_NAME "-%s", pci_name(vvf->pdev));
	if (IS_ERR(mbx->worker))
		return PTR_ERR(mbx->worker);
	/* The outage of a migration waits for this thread. */
	sched_set_fifo(mbx->worker->task);
	return 0;
}

/**
 * vvf_mbx_exit() - end the worker
 * @vvf: device, with no interrupt handler that could wake it
 */
void vvf_mbx_exit(struct vvf *vvf)
{
	vvf_mbx_online(vvf, false);
	kthread_cancel_delayed_work_sync(&vvf->mbx.poll);
	kthread_destroy_worker(vvf->mbx.worker);
}
