// SPDX-License-Identifier: GPL-2.0-only
/* An agent in user space that wants to be heard before SUSPEND; see hear.h. */
#include "nl.h"
#include "vvf.h"

/* The blackout has not begun, but the host waits: never longer than this. */
#define HEAR_US	2000

void vvf_hear_init(struct vvf_hear *hear)
{
	init_waitqueue_head(&hear->wait);
}

/**
 * vvf_hear_register() - somebody wants to be heard
 * @hear: of the VF
 * @net: network namespace of the socket
 * @portid: its address
 *
 * Return: 0, also if it wanted that before; -EBUSY: another one does. One of another
 * namespace does not count: the interface has been moved away from it since.
 */
int vvf_hear_register(struct vvf_hear *hear, const struct net *net, u32 portid)
{
	if (hear->portid && hear->portid != portid && hear->net == net)
		return -EBUSY;
	WRITE_ONCE(hear->net, net);
	WRITE_ONCE(hear->portid, portid);
	return 0;
}

/**
 * vvf_hear_unregister() - does not want to be heard any more, or is gone
 * @hear: of the VF
 * @net: network namespace of the socket
 * @portid: its address; another one's wish is left alone
 */
void vvf_hear_unregister(struct vvf_hear *hear, const struct net *net, u32 portid)
{
	if (!hear->portid || hear->portid != portid || hear->net != net)
		return;
	WRITE_ONCE(hear->portid, 0);
	wake_up(&hear->wait);
}

/**
 * vvf_hear_go() - it has answered
 * @hear: of the VF
 * @net: network namespace of the socket
 * @portid: its address; nobody else's answer counts
 */
void vvf_hear_go(struct vvf_hear *hear, const struct net *net, u32 portid)
{
	if (hear->portid != portid || hear->net != net)
		return;
	WRITE_ONCE(hear->go, true);
	wake_up(&hear->wait);
}

/**
 * vvf_hear_wanted() - does SUSPEND have to go through vvf_hear_ask()?
 * @hear: of the VF
 */
bool vvf_hear_wanted(const struct vvf_hear *hear)
{
	return READ_ONCE(hear->portid);
}

/**
 * vvf_hear_ask() - SUSPEND has come: let the agent do what it has to
 * @vvf: device; its worker calls, and holds no lock
 * @mig_id: the migration
 *
 * Returns when the agent has answered or is gone, and after HEAR_US at the latest.
 */
void vvf_hear_ask(struct vvf *vvf, u64 mig_id)
{
	struct vvf_hear *hear = &vvf->hear;
	u32 portid = READ_ONCE(hear->portid);
	ktime_t begun = ktime_get();

	WRITE_ONCE(hear->waited_us, 0);
	if (!portid)
		return;
	/* In another namespace the same number is another's socket. */
	if (READ_ONCE(hear->net) != dev_net(vvf->netdev)) {
		cmpxchg(&hear->portid, portid, 0);
		return;
	}
	WRITE_ONCE(hear->go, false);
	if (vvf_nl_ask(vvf, portid, mig_id))
		return;
	wait_event_hrtimeout(hear->wait, READ_ONCE(hear->go) || !vvf_hear_wanted(hear),
			     ns_to_ktime(HEAR_US * NSEC_PER_USEC));
	WRITE_ONCE(hear->waited_us, max_t(s64, ktime_us_delta(ktime_get(), begun), 1));
}
