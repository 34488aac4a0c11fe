// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mailbox of a VF: transport.
 *
 * The other side is a guest that may write anything at any time. Each VF has a
 * work of its own and a budget of requests; the memory is read once, into a
 * buffer; nothing waits for the guest. The rules for both directions in one
 * memory are at the top of vferry_mbx.h.
 */
#include <linux/ethtool.h>
#include <linux/ktime.h>
#include <linux/math64.h>

#include "pf.h"
#include "trace.h"
#include "vf.h"
#include "vf_mbx.h"

/*
 * Requests and resets that a VF is served at once, and how fast that budget
 * comes back. A driver that comes up needs about ten, with 32 VLANs about 50. What
 * acknowledges nothing costs as much: it wakes the work all the same.
 */
#define VPF_TOKENS		64
#define VPF_TOKEN_NS		(2 * NSEC_PER_MSEC)

/*
 * A VF that holds the mailbox longer than this is dead. A request takes microseconds,
 * but its processor may be away in the middle; only the VF itself waits for this.
 */
#define VPF_HELD_NS		(500 * NSEC_PER_MSEC)
#define VPF_HELD_RETRY_NS	(1 * NSEC_PER_MSEC)
/* Attempts to take the lock in one go */
#define VPF_LOCK_TRIES		3

/* A message that was not read within this is overwritten by the next one */
#define VPF_ACK_CMD_NS		(1000 * NSEC_PER_MSEC)
#define VPF_ACK_CONTROL_NS	(100 * NSEC_PER_MSEC)
#define VPF_ACK_REPLY_NS	(100 * NSEC_PER_MSEC)

/* A driver that understands a CONTROL without CTS has asked for RESET by then */
#define VPF_NACK_NS		(2000 * NSEC_PER_MSEC)
/*
 * One that RESET was granted to has asked for something by then. If not, it may have given up
 * before the reply came: igbvf then waits for CTS, which that reply does not have, for ever.
 */
#define VPF_GRANTED_NS		(2000 * NSEC_PER_MSEC)

/* Requests served before others get the processor */
#define VPF_BATCH		8

/* Interrupts in one window, beyond which the mailboxes are polled instead */
#define VPF_IRQ_WINDOW		msecs_to_jiffies(100)
#define VPF_IRQ_MAX		1000
#define VPF_IRQ_POLL		msecs_to_jiffies(4)

static const char stat_names[VPF_MBX_STATS][ETH_GSTRING_LEN] = {
	[VPF_MBX_RX_RESET]		= "mbx_rx_reset",
	[VPF_MBX_RX_SET_MAC]		= "mbx_rx_set_mac",
	[VPF_MBX_RX_SET_MULTICAST]	= "mbx_rx_set_multicast",
	[VPF_MBX_RX_SET_VLAN]		= "mbx_rx_set_vlan",
	[VPF_MBX_RX_SET_MAX_FRAME]	= "mbx_rx_set_max_frame",
	[VPF_MBX_RX_SET_PROMISC]	= "mbx_rx_set_promisc",
	[VPF_MBX_RX_HELLO]		= "mbx_rx_hello",
	[VPF_MBX_RX_STATUS]		= "mbx_rx_status",
	[VPF_MBX_RX_UNKNOWN]		= "mbx_rx_unknown",
	[VPF_MBX_RX_INVALID]		= "mbx_rx_invalid",
	[VPF_MBX_TX_ACK]		= "mbx_tx_ack",
	[VPF_MBX_TX_NACK]		= "mbx_tx_nack",
	[VPF_MBX_TX_CONTROL]		= "mbx_tx_control",
	[VPF_MBX_TX_PING]		= "mbx_tx_ping",
	[VPF_MBX_TX_MIGRATE]		= "mbx_tx_migrate",
	[VPF_MBX_TX_CANCEL]		= "mbx_tx_cancel",
	[VPF_MBX_TX_SUSPEND]		= "mbx_tx_suspend",
	[VPF_MBX_TX_RESUME]		= "mbx_tx_resume",
	[VPF_MBX_TX_REPEAT]		= "mbx_tx_repeat",
	[VPF_MBX_OVERWRITTEN]		= "mbx_overwritten",
	[VPF_MBX_MIGRATE_OK]		= "mig_migrate_ok",
	[VPF_MBX_CANCEL_OK]		= "mig_cancel_ok",
	[VPF_MBX_SUSPEND_OK]		= "mig_suspend_ok",
	[VPF_MBX_RESUME_OK]		= "mig_resume_ok",
	[VPF_MBX_MIGRATE_FAILED]	= "mig_migrate_failed",
	[VPF_MBX_CANCEL_FAILED]		= "mig_cancel_failed",
	[VPF_MBX_SUSPEND_FAILED]	= "mig_suspend_failed",
	[VPF_MBX_RESUME_FAILED]		= "mig_resume_failed",
	[VPF_MBX_VF_RESETS]		= "vf_resets",
	[VPF_MBX_THROTTLED]		= "mbx_throttled",
	[VPF_MBX_LOCK_BROKEN]		= "mbx_lock_broken",
	[VPF_MBX_IRQ_HELD]		= "mbx_irq_held",
	[VPF_MBX_RUNS]			= "mbx_runs",
};

void vpf_mbx_count(struct vpf_nic *nic, enum vpf_mbx_stat stat)
{
	atomic64_inc(&nic->mbx_irq.stats[stat]);
}

unsigned int vpf_mbx_stat_count(void)
{
	return VPF_MBX_STATS;
}

void vpf_mbx_stat_names(u8 **data)
{
	unsigned int i;

	for (i = 0; i < VPF_MBX_STATS; i++)
		ethtool_puts(data, stat_names[i]);
}

void vpf_mbx_stat_values(struct vpf_nic *nic, u64 *data)
{
	unsigned int i;

	for (i = 0; i < VPF_MBX_STATS; i++)
		data[i] = atomic64_read(&nic->mbx_irq.stats[i]);
}

/* Wake the works of all VFs that want something, but not of those over budget */
static void wake_vfs(struct vpf_nic *nic)
{
	u32 flr = vpf_rd(nic, R_VFLRE);
	u32 icr = vpf_rd(nic, R_MBVFICR);
	unsigned int n;

	for (n = 0; n < nic->num_vfs; n++) {
		struct vferry_pf_vf *vf = &nic->vf[n];

		if ((flr & BIT(n) || icr & (MBVFICR_REQ(n) | MBVFICR_ACK(n))) &&
		    !READ_ONCE(vf->mbx.throttled))
			vpf_vf_kick(vf);
	}
}

static void irq_poll(struct work_struct *work)
{
	struct vpf_nic *nic = container_of(to_delayed_work(work), struct vpf_nic,
					   mbx_irq.poll);

	if (test_bit(VPF_F_REMOVING, &nic->flags))
		return;
	vpf_wr(nic, R_IMS, INT_VMMB);
	wake_vfs(nic);
}

/**
 * vpf_mbx_irq() - a VF may have done something
 * @nic: the PF; from the interrupt handler
 *
 * No VF can make this happen so often that nothing else gets done.
 */
void vpf_mbx_irq(struct vpf_nic *nic)
{
	struct vpf_mbx_irq *irq = &nic->mbx_irq;

	if (time_after(jiffies, irq->window + VPF_IRQ_WINDOW)) {
		irq->window = jiffies;
		irq->count = 0;
	}
	if (++irq->count > VPF_IRQ_MAX && !test_bit(VPF_F_REMOVING, &nic->flags)) {
		vpf_wr(nic, R_IMC, INT_VMMB);
		vpf_mbx_count(nic, VPF_MBX_IRQ_HELD);
		queue_delayed_work(nic->wq, &irq->poll, VPF_IRQ_POLL);
		return;
	}
	wake_vfs(nic);
}

void vpf_mbx_init(struct vpf_nic *nic)
{
	nic->mbx_irq.window = jiffies;
	INIT_DELAYED_WORK(&nic->mbx_irq.poll, irq_poll);
}

/* The interrupt is off; nothing is queued after this */
void vpf_mbx_stop(struct vpf_nic *nic)
{
	cancel_delayed_work_sync(&nic->mbx_irq.poll);
}

/* The VF's mailbox as new */
void vpf_mbx_reset(struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	vf->mbx = (struct vpf_mbx) {
		.tokens = VPF_TOKENS,
		.tokens_ns = ktime_get_ns(),
	};
}

static void refill(struct vpf_mbx *mbx, u64 now)
{
	u64 earned = div_u64(now - mbx->tokens_ns, VPF_TOKEN_NS);

	if (mbx->tokens + earned >= VPF_TOKENS) {
		mbx->tokens = VPF_TOKENS;
		mbx->tokens_ns = now;
	} else {
		mbx->tokens += earned;
		mbx->tokens_ns += earned * VPF_TOKEN_NS;
	}
}

/**
 * vpf_mbx_seize() - take the mailbox's lock from the VF
 * @vf: the VF; it is not running, or has held the lock for too long
 *
 * RVFU alone does not do that on QEMU, clearing the VF's own register does; on
 * silicon it is the other way round. A reset of the VF leaves the lock as it is.
 */
void vpf_mbx_seize(struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	vpf_wr(vf->nic, R_P2VMAILBOX(vf->nr), P2V_RVFU);
	vpf_wr(vf->nic, R_V2PMAILBOX(vf->nr), 0);
	vf->mbx.held_ns = 0;
}

/* Take the mailbox. -EBUSY: the VF has it; after VPF_HELD_NS it is taken from it */
static int lock_mailbox(struct vferry_pf_vf *vf)
{
	struct vpf_nic *nic = vf->nic;
	u64 now = ktime_get_ns();
	unsigned int i;

	lockdep_assert_held(&vf->lock);

	/* not what was seen long ago, with nobody who looked in between */
	if (vf->mbx.held_ns && now - vf->mbx.held_seen_ns > VPF_HELD_NS)
		vf->mbx.held_ns = 0;
	if (vf->mbx.held_ns && now - vf->mbx.held_ns > VPF_HELD_NS) {
		vpf_mbx_seize(vf);
		vpf_mbx_count(nic, VPF_MBX_LOCK_BROKEN);
		vpf_abuse_count(vf, VPF_ABUSE_LOCK_BROKEN);
	}
	for (i = 0; i < VPF_LOCK_TRIES; i++) {
		vpf_wr(nic, R_P2VMAILBOX(vf->nr), P2V_PFU);
		if (vpf_rd(nic, R_P2VMAILBOX(vf->nr)) & P2V_PFU) {
			vf->mbx.held_ns = 0;
			return 0;
		}
	}
	if (!vf->mbx.held_ns)
		vf->mbx.held_ns = now;
	vf->mbx.held_seen_ns = now;
	return -EBUSY;
}

/* Let go of it, with @bits: P2V_ACK, P2V_STS */
static void unlock_mailbox(struct vferry_pf_vf *vf, u32 bits)
{
	vpf_wr(vf->nic, R_P2VMAILBOX(vf->nr), bits);
}

/**
 * vpf_mbx_clear() - leave nothing of the last driver in the mailbox
 * @vf: the VF, reset
 *
 * Unless a new one is using it already.
 */
void vpf_mbx_clear(struct vferry_pf_vf *vf)
{
	struct vpf_nic *nic = vf->nic;
	unsigned int w;

	if (lock_mailbox(vf))
		return;
	if (!(vpf_rd(nic, R_MBVFICR) & MBVFICR_REQ(vf->nr))) {
		for (w = 0; w < VFERRY_MBX_WORDS; w++)
			vpf_wr(nic, R_VMBMEM(vf->nr, w), 0);
		vpf_wr(nic, R_MBVFICR, MBVFICR_ACK(vf->nr));
	}
	unlock_mailbox(vf, 0);
}

static void write_words(struct vferry_pf_vf *vf, const u32 *msg, unsigned int words)
{
	unsigned int w;

	trace_vpf_mbx_tx(vf->nic->netdev, vf->nr, msg, words);
	for (w = 0; w < words; w++)
		vpf_wr(vf->nic, R_VMBMEM(vf->nr, w), msg[w]);
	vf->mbx.ack_due = true;
}

/* Serve one request. -EBUSY: the VF is still writing it */
static int serve(struct vferry_pf_vf *vf)
{
	u32 msg[VFERRY_MBX_WORDS] = {};
	struct vpf_nic *nic = vf->nic;
	unsigned int words, w;

	lockdep_assert_held(&vf->lock);

	if (lock_mailbox(vf))
		return -EBUSY;

	/* before reading: a request that comes now is not lost */
	vpf_wr(nic, R_MBVFICR, MBVFICR_REQ(vf->nr));
	msg[0] = vpf_rd(nic, R_VMBMEM(vf->nr, 0));
	words = vpf_req_words(msg[0]);
	for (w = 1; w < words; w++)
		msg[w] = vpf_rd(nic, R_VMBMEM(vf->nr, w));
	trace_vpf_mbx_rx(nic->netdev, vf->nr, msg, max(words, 1u));

	if (!words || vferry_mbx_id(msg[0]) == VFERRY_MBX_STATUS) {
		unlock_mailbox(vf, P2V_ACK);
		vpf_req_handle(vf, msg);
		/* a guest reads what is there before it writes, unless it has just arrived */
		if (vf->mbx.unacked)
			vpf_mig_overwritten(vf);
		return 0;
	}

	/* acknowledged, and still ours for the reply */
	unlock_mailbox(vf, P2V_ACK | P2V_PFU);
	words = vpf_req_handle(vf, msg);
	vf->mbx.granted_ns = vferry_mbx_id(msg[0]) == VFERRY_MBX_RESET && vf->cts ?
			     ktime_get_ns() + VPF_GRANTED_NS : 0;
	vpf_mbx_count(nic, msg[0] & VFERRY_MBX_ACK ? VPF_MBX_TX_ACK : VPF_MBX_TX_NACK);
	if (!(msg[0] & VFERRY_MBX_ACK))
		vpf_abuse_count(vf, VPF_ABUSE_REFUSED);
	write_words(vf, msg, words);
	unlock_mailbox(vf, P2V_STS);
	/* from the first one on: who acknowledges nothing cannot put us off for ever */
	if (!vf->mbx.reply_unread) {
		vf->mbx.reply_unread = true;
		vf->mbx.reply_ns = ktime_get_ns() + VPF_ACK_REPLY_NS;
	}
	return 0;
}

static void take_ack(struct vferry_pf_vf *vf)
{
	struct vpf_mbx *mbx = &vf->mbx;

	vpf_wr(vf->nic, R_MBVFICR, MBVFICR_ACK(vf->nr));
	if (!mbx->ack_due && mbx->tokens)
		mbx->tokens--;
	mbx->ack_due = false;
	mbx->unacked = false;
	mbx->reply_unread = false;
	mbx->control_unread = false;
}

/* Out of tokens. Returns when to come back: interrupts do not wake the work */
static u64 throttle(struct vferry_pf_vf *vf)
{
	WRITE_ONCE(vf->mbx.throttled, true);
	vpf_mbx_count(vf->nic, VPF_MBX_THROTTLED);
	vpf_abuse_count(vf, VPF_ABUSE_THROTTLED);
	return VPF_TOKEN_NS;
}

/* Serve what there is. Returns when to come back */
static u64 serve_all(struct vferry_pf_vf *vf)
{
	struct vpf_nic *nic = vf->nic;
	struct vpf_mbx *mbx = &vf->mbx;
	unsigned int i;

	lockdep_assert_held(&vf->lock);

	refill(mbx, ktime_get_ns());
	WRITE_ONCE(mbx->throttled, false);

	for (i = 0; i < VPF_BATCH; i++) {
		/* in this order: the reset that was before a request is seen before it */
		u32 icr = vpf_rd(nic, R_MBVFICR);
		bool flr = vpf_rd(nic, R_VFLRE) & BIT(vf->nr);

		if (icr & MBVFICR_ACK(vf->nr))
			take_ack(vf);
		if (!mbx->tokens)
			return throttle(vf);
		if (!flr && !(icr & MBVFICR_REQ(vf->nr)))
			return VPF_NEVER;

		mbx->tokens--;
		if (flr)
			vpf_vf_check_flr(vf);
		else if (serve(vf))
			return VPF_HELD_RETRY_NS;
	}
	return 0;
}

static enum vpf_mbx_stat stat_of(enum vferry_mbx_cmd cmd)
{
	switch (cmd) {
	case VFERRY_CMD_PING:		return VPF_MBX_TX_PING;
	case VFERRY_CMD_MIGRATE:	return VPF_MBX_TX_MIGRATE;
	case VFERRY_CMD_CANCEL:		return VPF_MBX_TX_CANCEL;
	case VFERRY_CMD_SUSPEND:	return VPF_MBX_TX_SUSPEND;
	case VFERRY_CMD_RESUME:		return VPF_MBX_TX_RESUME;
	}
	return VPF_MBX_TX_CONTROL;
}

static u64 until(u64 when, u64 now)
{
	if (!when)
		return VPF_NEVER;
	return when > now ? when - now : 0;
}

/* When is something due that depends on what the VF does until then? */
static u64 reminder(const struct vpf_mbx *mbx, u64 now)
{
	return min(until(mbx->nack_ns, now), until(mbx->granted_ns, now));
}

/* Write a message of ours. Returns when to come back, VPF_NEVER: there is no need */
static u64 post(struct vferry_pf_vf *vf)
{
	struct vferry_mbx_command cmd;
	u32 msg[VFERRY_MBX_WORDS] = {};
	struct vpf_nic *nic = vf->nic;
	struct vpf_mbx *mbx = &vf->mbx;
	u64 now = ktime_get_ns(), wait;
	bool is_cmd, nack, repeat = false;
	unsigned int words = 1;

	lockdep_assert_held(&vf->lock);

	wait = vpf_mig_next(vf, now, &cmd, &repeat);
	is_cmd = !wait;
	repeat &= is_cmd;
	if (vf->cts)
		mbx->nack_ns = 0;
	nack = mbx->nack_ns && now >= mbx->nack_ns;
	if (mbx->granted_ns && now >= mbx->granted_ns) {
		mbx->granted_ns = 0;
		mbx->control = true;
	}
	if (!is_cmd && !mbx->control && !nack)
		return min(wait, reminder(mbx, now));
	/* whatever is due: not before what stands in its way */
	if (mbx->unacked && !repeat && now < mbx->unacked_ns)
		return min(is_cmd ? VPF_NEVER : wait, mbx->unacked_ns - now);
	if (mbx->reply_unread && now < mbx->reply_ns)
		return min(is_cmd ? VPF_NEVER : wait, mbx->reply_ns - now);
	if (mbx->throttled)	/* its request comes first, and that has to wait */
		return VPF_TOKEN_NS;
	if (lock_mailbox(vf))
		return VPF_HELD_RETRY_NS;
	if (vpf_rd(nic, R_MBVFICR) & MBVFICR_REQ(vf->nr)) {
		unlock_mailbox(vf, 0);
		return 0;	/* costs it a token each time */
	}

	if (is_cmd) {
		/* it is written over, and would not be missed */
		mbx->control |= mbx->control_unread;
		mbx->control_unread = false;
		words = vferry_mbx_put_command(msg, &cmd);
		vpf_mbx_count(nic, repeat ? VPF_MBX_TX_REPEAT : stat_of(cmd.cmd));
		mbx->unacked_ns = now + VPF_ACK_CMD_NS;
	} else {
		msg[0] = VFERRY_MBX_CONTROL | (vf->cts ? VFERRY_MBX_CTS : 0);
		if (nack && !mbx->control)
			msg[0] |= VFERRY_MBX_NACK;
		vpf_mbx_count(nic, VPF_MBX_TX_CONTROL);
		mbx->nack_ns = mbx->control && !vf->cts ? now + VPF_NACK_NS : 0;
		mbx->control = false;
		mbx->control_unread = true;
		mbx->unacked_ns = now + VPF_ACK_CONTROL_NS;
	}
	mbx->unacked = true;
	mbx->reply_unread = false;
	write_words(vf, msg, words);
	vpf_wr(nic, R_MBVFICR, MBVFICR_ACK(vf->nr));
	unlock_mailbox(vf, P2V_STS);
	/*
	 * STS interrupts a vector that QEMU takes from the wrong bits of
	 * VTIVAR_MISC, perhaps none. Who does not answer is called by all vectors;
	 * not at once, since each interrupt costs a guest that has just arrived
	 * milliseconds, with none of its memory mapped.
	 */
	if (repeat || mbx->call)
		vpf_wr(nic, R_PVTEICS(vf->nr), GENMASK(VPF_VF_VECTORS - 1, 0));
	mbx->call = false;
	if (is_cmd)
		wait = vpf_mig_posted(vf, cmd.seq, now);
	if (mbx->control)
		wait = min_t(u64, wait, VPF_ACK_CONTROL_NS);
	return min(wait, reminder(mbx, now));
}

/**
 * vpf_mbx_run() - do all there is to do for a VF
 * @vf: the VF
 *
 * Return: nanoseconds until it is to be called again, or %VPF_NEVER.
 */
u64 vpf_mbx_run(struct vferry_pf_vf *vf)
{
	u64 wait, timer, now;

	lockdep_assert_held(&vf->lock);

	vpf_mbx_count(vf->nic, VPF_MBX_RUNS);
	wait = serve_all(vf);
	now = ktime_get_ns();
	if (vpf_mig_lost(vf, now)) {
		vf->mbx.control = true;
		vf->mbx.call = true;
	}
	timer = vpf_mig_timers(vf, now);
	vpf_vf_apply_hidden(vf);	/* shown before RESUME is posted */
	vpf_vf_apply_trust(vf);
	wait = min(wait, post(vf));
	return min(wait, timer);
}
