// SPDX-License-Identifier: GPL-2.0-only
/* Do the queues get on? See watch.h. */
#include <linux/ktime.h>

#include "vvf.h"

/* Who is asked oftener, as by each word of the PF, has nothing to judge by. */
#define LOOK_NS		NSEC_PER_SEC

/*
 * The NIC's place. On silicon it may run ahead of what was sent while the link is down; nothing
 * is judged then.
 */
static unsigned int vvf_watch_tx(struct vvf *vvf)
{
	u16 clean = READ_ONCE(vvf->rings->tx.next_to_clean);
	u16 head = netif_carrier_ok(vvf->netdev) ? vvf_read(vvf, VVF_TDH) : clean;

	return vvf_watch_look(&vvf->watch.tx, clean, head);
}

static unsigned int vvf_watch_rx(struct vvf *vvf)
{
	return vvf_watch_look(&vvf->watch.rx, READ_ONCE(vvf->rings->rx.next_to_clean),
			      vvf_read(vvf, VVF_RDH));
}

/**
 * vvf_watch() - look at the queues, if that is a second ago
 * @vvf: device, neither suspended nor away
 *
 * Calls NAPI if it has missed something.
 *
 * Return: false: the queues do not get on, and NAPI cannot help.
 */
bool vvf_watch(struct vvf *vvf)
{
	u64 now = ktime_get_ns();
	unsigned int looks;

	lockdep_assert_held(&vvf->lock);

	if (!vvf->running || now - vvf->watch.looked < LOOK_NS)
		return true;
	vvf->watch.looked = now;
	looks = max(vvf_watch_tx(vvf), vvf_watch_rx(vvf));
	if (looks >= VVF_WATCH_RESET) {
		vvf->watch.stuck++;
		dev_warn(&vvf->pdev->dev, "queues do not get on (receive %u, transmit %u), resetting\n",
			 vvf->watch.rx.clean, vvf->watch.tx.clean);
		return false;
	}
	if (looks >= VVF_WATCH_POLL) {
		vvf->watch.polled++;
		vvf_queue_kick(vvf);
	}
	return true;
}
