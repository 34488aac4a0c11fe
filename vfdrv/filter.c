// SPDX-License-Identifier: GPL-2.0-only
/* What the VF wants to receive; see filter.h. */
#include <linux/rtnetlink.h>

#include "compat.h"
#include "request.h"
#include "vvf.h"

/* The PF has been reset, or the VF: nothing that it was told counts. */
#define FILTER_FORGOTTEN	0
/* The PF may allow what it has refused. */
#define FILTER_RECHECK		1
/* The PF could not be told. */
#define FILTER_LATER		2

/* RTNL waits for an answer no longer than this. */
#define ANSWER_MS		300
/* Interval of telling a PF again that does not answer. */
#define RETRY			(2 * HZ)

static const char *vvf_filter_reason(int error)
{
	switch (error) {
	case -EPERM:
		return "the host does not allow it";
	case -ENOSPC:
		return "the NIC's table is full";
	case -EADDRINUSE:
		return "another has it";
	}
	return "the host refuses it";
}

/* Is this an answer? Notes what it says about the PF. */
static bool vvf_filter_answered(struct vvf *vvf, int r)
{
	bool refused = r == -EACCES || r == -EPERM || r == -ENOSPC || r == -EADDRINUSE;

	if (r == -ETIMEDOUT)
		WRITE_ONCE(vvf->filter.silent, true);
	if (refused)
		vvf->filter.refused++;
	if (r && !refused)
		return false;
	WRITE_ONCE(vvf->filter.silent, false);
	return true;
}

static void vvf_filter_note(struct vvf *vvf, int *error, int r)
{
	spin_lock_bh(&vvf->filter.guard);
	*error = r;
	spin_unlock_bh(&vvf->filter.guard);
}

static void vvf_filter_tell_soon(struct vvf *vvf)
{
	vvf_hasten_work(vvf, &vvf->filter.work);
}

/*
 * The functions that follow tell one thing each. They return 0 if the PF has it or has
 * refused it, or -errno if it has not answered: then nobody knows whether it has.
 */

/*
 * Whose choice is the address? That of the guest's administrator, if the PF accepts it; else
 * the host's, if it has one. An address that is nobody's choice is told to a PF that gave none.
 */
static int vvf_filter_tell_mac(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	u8 mac[ETH_ALEN], pf_mac[ETH_ALEN], old[ETH_ALEN];
	bool chosen;
	int r;

	spin_lock_bh(&filter->guard);
	if (is_zero_ether_addr(filter->mac))
		ether_addr_copy(filter->mac, vvf->netdev->dev_addr);
	ether_addr_copy(mac, filter->mac);
	ether_addr_copy(pf_mac, filter->pf_mac);
	chosen = filter->mac_chosen;
	r = filter->mac_error;
	spin_unlock_bh(&filter->guard);

	if (r || ether_addr_equal(mac, filter->told_mac))
		return 0;
	if (!chosen && is_valid_ether_addr(pf_mac) && !ether_addr_equal(mac, pf_mac)) {
		vvf_queue_work(vvf, system_percpu_wq, &filter->adopt);
		return 0;
	}
	ether_addr_copy(old, filter->told_mac);
	eth_zero_addr(filter->told_mac);
	r = vvf_request_mac(vvf, VFERRY_MBX_MAC_SET, mac);
	if (!vvf_filter_answered(vvf, r))
		return r;
	ether_addr_copy(filter->told_mac, r ? old : mac);
	if (!r)
		return 0;
	/* Another may be wanted by now. */
	spin_lock_bh(&filter->guard);
	if (ether_addr_equal(mac, filter->mac))
		filter->mac_error = r;
	spin_unlock_bh(&filter->guard);
	if (!ether_addr_equal(mac, filter->mac_said))
		netdev_info(vvf->netdev, "address %pM refused: %s\n", mac, vvf_filter_reason(r));
	ether_addr_copy(filter->mac_said, mac);
	if (is_valid_ether_addr(pf_mac))
		vvf_queue_work(vvf, system_percpu_wq, &filter->adopt);
	return 0;
}

static unsigned int vvf_filter_max_frame(unsigned int mtu)
{
	return mtu + ETH_HLEN + VLAN_HLEN + ETH_FCS_LEN;
}

static int vvf_filter_tell_mtu(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	unsigned int mtu, old = filter->told_mtu;
	int r;

	spin_lock_bh(&filter->guard);
	if (!filter->mtu)
		filter->mtu = vvf->netdev->mtu;
	mtu = filter->mtu;
	r = filter->mtu_error;
	spin_unlock_bh(&filter->guard);

	if (r || mtu == old)
		return 0;
	filter->told_mtu = 0;
	r = vvf_request_max_frame(vvf, vvf_filter_max_frame(mtu));
	if (!vvf_filter_answered(vvf, r))
		return r;
	filter->told_mtu = r ? old : mtu;
	spin_lock_bh(&filter->guard);
	if (mtu == filter->mtu)
		filter->mtu_error = r;
	spin_unlock_bh(&filter->guard);
	if (r && mtu != filter->mtu_said)
		netdev_info(vvf->netdev, "MTU %u refused: %s\n", mtu, vvf_filter_reason(r));
	if (r)
		filter->mtu_said = mtu;
	return 0;
}

static int vvf_filter_add_vlan(struct vvf *vvf, u16 vid)
{
	struct vvf_filter *filter = &vvf->filter;
	int r;

	set_bit(vid, filter->vlans_maybe);
	r = vvf_request_vlan(vvf, vid, true);
	if (!vvf_filter_answered(vvf, r))
		return r;
	if (!r) {
		set_bit(vid, filter->vlans_told);
		return 0;
	}
	clear_bit(vid, filter->vlans_maybe);
	vvf_filter_note(vvf, &filter->vlan_error, r);
	set_bit(vid, filter->vlans_refused);
	if (!test_and_set_bit(vid, filter->vlans_said))
		netdev_info(vvf->netdev, "VLAN %u refused: %s\n", vid, vvf_filter_reason(r));
	return 0;
}

/* A VLAN that the PF does not let go only costs the host a filter. */
static int vvf_filter_del_vlan(struct vvf *vvf, u16 vid)
{
	struct vvf_filter *filter = &vvf->filter;
	int r;

	clear_bit(vid, filter->vlans_told);
	r = vvf_request_vlan(vvf, vid, false);
	if (!vvf_filter_answered(vvf, r))
		return r;
	clear_bit(vid, filter->vlans_maybe);
	return 0;
}

static int vvf_filter_tell_vlans(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	unsigned int vid;
	int r = 0;

	for (vid = 0; vid < VLAN_N_VID && !r; vid++) {
		if (!test_bit(vid, filter->vlans)) {
			if (test_bit(vid, filter->vlans_maybe))
				r = vvf_filter_del_vlan(vvf, vid);
		} else if (!test_bit(vid, filter->vlans_told) &&
			   !test_bit(vid, filter->vlans_refused)) {
			r = vvf_filter_add_vlan(vvf, vid);
		}
	}
	return r;
}

static void vvf_filter_want_unicast(struct vvf *vvf, struct vvf_unicast *want)
{
	struct net_device *netdev = vvf->netdev;
	struct netdev_hw_addr *ha;

	*want = (struct vvf_unicast) {};
	netif_addr_lock_bh(netdev);
	netdev_for_each_uc_addr(ha, netdev) {
		if (want->count == VVF_UC_MAX)
			want->more++;
		else
			ether_addr_copy(want->addrs[want->count++], ha->addr);
	}
	netif_addr_unlock_bh(netdev);
}

/* Does a list begin as the one that the PF has? Then it need not be cleared. */
static bool vvf_filter_extends(const struct vvf_unicast *want, const struct vvf_unicast *told)
{
	return want->count >= told->count &&
	       !memcmp(want->addrs, told->addrs, told->count * ETH_ALEN);
}

static bool vvf_filter_was_refused(const struct vvf_unicast *list, const u8 *mac)
{
	unsigned int i;

	for (i = 0; i < list->count; i++)
		if (list->errors[i] && ether_addr_equal(list->addrs[i], mac))
			return true;
	return false;
}

static void vvf_filter_say_unicast(struct vvf *vvf, const struct vvf_unicast *want,
				   const struct vvf_unicast *old)
{
	unsigned int i;

	for (i = 0; i < want->count; i++)
		if (want->errors[i] && !vvf_filter_was_refused(old, want->addrs[i]))
			netdev_info(vvf->netdev, "further address %pM is not received: %s\n",
				    want->addrs[i], vvf_filter_reason(want->errors[i]));
	if (want->more > old->more)
		netdev_info(vvf->netdev, "%u further addresses are not received: %s\n",
			    want->more, vvf_filter_reason(-ENOSPC));
}

static int vvf_filter_ask_unicast(struct vvf *vvf, struct vvf_unicast *want)
{
	const struct vvf_unicast *old = &vvf->filter.uc;
	bool extends = vvf->filter.uc_sure && vvf_filter_extends(want, old);
	unsigned int i = 0;
	int r;

	if (extends) {
		for (; i < old->count; i++)
			want->errors[i] = old->errors[i];
	} else {
		vvf->filter.uc_sure = false;
		r = vvf_request_mac(vvf, VFERRY_MBX_MAC_UC_CLEAR, want->addrs[0]);
		if (!vvf_filter_answered(vvf, r))
			return r;
	}
	for (; i < want->count; i++) {
		vvf->filter.uc_sure = false;
		r = vvf_request_mac(vvf, VFERRY_MBX_MAC_UC_ADD, want->addrs[i]);
		if (!vvf_filter_answered(vvf, r))
			return r;
		want->errors[i] = r;
	}
	return 0;
}

static int vvf_filter_tell_unicast(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	struct vvf_unicast *want;
	int r = 0;

	want = kmalloc(sizeof(*want), GFP_KERNEL);
	if (!want)
		return -ENOMEM;
	vvf_filter_want_unicast(vvf, want);
	if (filter->uc_sure && want->count == filter->uc.count &&
	    want->more == filter->uc.more && vvf_filter_extends(want, &filter->uc))
		goto out;
	r = vvf_filter_ask_unicast(vvf, want);
	if (r)
		goto out;
	vvf_filter_say_unicast(vvf, want, &filter->uc);
	spin_lock_bh(&filter->guard);
	filter->uc = *want;
	spin_unlock_bh(&filter->guard);
	filter->uc_sure = true;
out:
	kfree(want);
	return r;
}

/* The 82576's hash with RCTL.MO 0: bits 47:36 of the address. */
static u16 vvf_filter_hash(const u8 *mac)
{
	return mac[4] >> 4 | mac[5] << 4;
}

static void vvf_filter_add_hash(struct vvf_multicast *want, u16 hash)
{
	unsigned int i;

	for (i = 0; i < want->count; i++)
		if (want->hashes[i] == hash)
			return;
	if (want->count == VFERRY_MBX_MC_MAX)
		want->all = true;
	else
		want->hashes[want->count++] = hash;
}

static void vvf_filter_want_multicast(struct vvf *vvf, struct vvf_multicast *want)
{
	struct net_device *netdev = vvf->netdev;
	struct netdev_hw_addr *ha;

	*want = (struct vvf_multicast) {};
	netif_addr_lock_bh(netdev);
	want->all = netdev->flags & (IFF_ALLMULTI | IFF_PROMISC);
	want->groups = netdev_mc_count(netdev);
	netdev_for_each_mc_addr(ha, netdev)
		vvf_filter_add_hash(want, vvf_filter_hash(ha->addr));
	netif_addr_unlock_bh(netdev);
}

/* The first groups are received in any case: they are those of the stack itself. */
static int vvf_filter_tell_hashes(struct vvf *vvf, const struct vvf_multicast *want)
{
	struct vvf_filter *filter = &vvf->filter;
	int r;

	if (filter->mc_sure && want->count == filter->mc.count &&
	    !memcmp(want->hashes, filter->mc.hashes, want->count * sizeof(want->hashes[0])))
		return 0;
	filter->mc_sure = false;
	r = vvf_request_multicast(vvf, want->hashes, want->count);
	if (!vvf_filter_answered(vvf, r))
		return r;
	filter->mc_sure = true;
	if (r)
		netdev_info(vvf->netdev, "multicast is not received: %s\n", vvf_filter_reason(r));
	return 0;
}

static int vvf_filter_tell_all_multicast(struct vvf *vvf, const struct vvf_multicast *want)
{
	struct vvf_filter *filter = &vvf->filter;
	int r, said;

	if (filter->all_sure && want->all == filter->all_told)
		return 0;
	filter->all_sure = false;
	r = vvf_request_promisc(vvf, want->all ? VFERRY_MBX_PROMISC_MULTICAST :
						 VFERRY_MBX_PROMISC_OFF);
	if (!vvf_filter_answered(vvf, r))
		return r;
	filter->all_sure = true;
	filter->all_told = want->all;
	said = filter->all_error;
	vvf_filter_note(vvf, &filter->all_error, want->all ? r : 0);
	if (want->all && r && !said)
		netdev_info(vvf->netdev,
			    "all multicast refused, %u of %u groups are received at least: %s\n",
			    want->count, want->groups, vvf_filter_reason(r));
	return 0;
}

static int vvf_filter_tell_multicast(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	struct vvf_multicast want;
	int r;

	vvf_filter_want_multicast(vvf, &want);
	r = vvf_filter_tell_hashes(vvf, &want) ?: vvf_filter_tell_all_multicast(vvf, &want);
	spin_lock_bh(&filter->guard);
	filter->mc = want;
	spin_unlock_bh(&filter->guard);
	return r;
}

/* All that the PF was told is void. What it has given with the reset counts. */
static void vvf_filter_forget(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;

	bitmap_zero(filter->vlans_told, VLAN_N_VID);
	bitmap_zero(filter->vlans_maybe, VLAN_N_VID);
	filter->told_mtu = 0;
	filter->mc_sure = false;
	/* As it is after a reset; what was refused is kept, so as to be said once. */
	filter->all_told = false;
	filter->all_sure = true;

	spin_lock_bh(&filter->guard);
	ether_addr_copy(filter->told_mac, filter->pf_mac);
	spin_unlock_bh(&filter->guard);
}

/* Ask again for what was refused. */
static void vvf_filter_ask_again(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	unsigned int i;

	bitmap_zero(filter->vlans_refused, VLAN_N_VID);
	for (i = 0; i < filter->uc.count; i++)
		if (filter->uc.errors[i])
			filter->uc_sure = false;
	if (filter->all_error)
		filter->all_sure = false;
	vvf_filter_note(vvf, &filter->mac_error, 0);
	vvf_filter_note(vvf, &filter->mtu_error, 0);
}

static int vvf_filter_tell(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;

	if (test_and_clear_bit(FILTER_FORGOTTEN, &filter->flags)) {
		vvf_filter_forget(vvf);
		vvf_filter_ask_again(vvf);
		filter->uc_sure = !filter->uc.count;
	}
	if (test_and_clear_bit(FILTER_RECHECK, &filter->flags))
		vvf_filter_ask_again(vvf);
	return vvf_filter_tell_mac(vvf) ?: vvf_filter_tell_mtu(vvf) ?:
	       vvf_filter_tell_vlans(vvf) ?: vvf_filter_tell_unicast(vvf) ?:
	       vvf_filter_tell_multicast(vvf);
}

/* A VF that is suspended or being reset comes back to this. */
static void vvf_filter_work(struct work_struct *work)
{
	struct vvf *vvf = container_of(to_delayed_work(work), struct vvf, filter.work);
	struct vvf_filter *filter = &vvf->filter;
	int asked, r;

	mutex_lock(&filter->lock);
	asked = atomic_read_acquire(&filter->asked);
	r = vvf_filter_tell(vvf);
	WRITE_ONCE(filter->answered, asked);
	mutex_unlock(&filter->lock);
	wake_up(&filter->wait);
	if (!r)
		return;
	set_bit(FILTER_LATER, &filter->flags);
	if (!vvf_mig_suspended(vvf))
		vvf_queue_delayed_work(vvf, &filter->work, RETRY);
}

/*
 * The host has given the VF another address, or has refused the guest's. With its own the
 * interface would send, and receive nothing.
 */
static void vvf_filter_adopt(struct work_struct *work)
{
	struct vvf *vvf = container_of(work, struct vvf, filter.adopt);
	struct vvf_filter *filter = &vvf->filter;
	struct net_device *netdev = vvf->netdev;
	u8 mac[ETH_ALEN];
	bool keep;

	rtnl_lock();
	spin_lock_bh(&filter->guard);
	ether_addr_copy(mac, filter->pf_mac);
	keep = !is_valid_ether_addr(mac) || (filter->mac_chosen && !filter->mac_error) ||
	       netdev->reg_state != NETREG_REGISTERED;
	if (!keep) {
		ether_addr_copy(filter->mac, mac);
		filter->mac_chosen = false;
		filter->mac_error = 0;
	}
	spin_unlock_bh(&filter->guard);

	if (!keep && !ether_addr_equal(mac, netdev->dev_addr)) {
		netdev_info(netdev, "address is %pM now: the host has set it\n", mac);
		eth_hw_addr_set(netdev, mac);
		netdev->addr_assign_type = NET_ADDR_PERM;
		call_netdevice_notifiers(NETDEV_CHANGEADDR, netdev);
		if (netif_running(netdev))
			__netdev_notify_peers(netdev);
	}
	rtnl_unlock();
}

/**
 * vvf_filter_lists_changed() - tell the PF the address lists, soon
 * @vvf: device
 *
 * Any context.
 */
void vvf_filter_lists_changed(struct vvf *vvf)
{
	vvf_filter_tell_soon(vvf);
}

/**
 * vvf_filter_given() - the PF has answered a reset
 * @vvf: device
 * @mac: the address that it has for the VF, zero: none
 */
void vvf_filter_given(struct vvf *vvf, const u8 *mac)
{
	struct vvf_filter *filter = &vvf->filter;

	spin_lock_bh(&filter->guard);
	ether_addr_copy(filter->pf_mac, mac);
	spin_unlock_bh(&filter->guard);
}

/**
 * vvf_filter_restore() - tell the PF everything, soon
 * @vvf: device, reset
 *
 * After a reset the PF knows nothing, and may refuse and allow other things than before.
 */
void vvf_filter_restore(struct vvf *vvf)
{
	set_bit(FILTER_FORGOTTEN, &vvf->filter.flags);
	vvf_filter_tell_soon(vvf);
}

/**
 * vvf_filter_resumed() - tell the PF what could not be told
 * @vvf: device, resumed
 *
 * The filters themselves came along with the migration.
 */
void vvf_filter_resumed(struct vvf *vvf)
{
	if (test_and_clear_bit(FILTER_LATER, &vvf->filter.flags))
		vvf_filter_tell_soon(vvf);
}

/**
 * vvf_filter_recheck() - the PF may allow what it has refused
 * @vvf: device
 *
 * Any context.
 */
void vvf_filter_recheck(struct vvf *vvf)
{
	set_bit(FILTER_RECHECK, &vvf->filter.flags);
	vvf_filter_tell_soon(vvf);
}

/*
 * Have the PF told what was changed, and wait for its answer, if one can be expected. Without one
 * the change is accepted.
 */
static void vvf_filter_ask(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	int asked = atomic_inc_return(&filter->asked);

	vvf_filter_tell_soon(vvf);
	if (READ_ONCE(filter->silent) || READ_ONCE(vvf->link.pf_absent) ||
	    READ_ONCE(vvf->mbx.offline) || vvf_mig_suspended(vvf))
		return;
	wait_event_timeout(filter->wait, READ_ONCE(filter->answered) - asked >= 0,
			   msecs_to_jiffies(ANSWER_MS));
}

/**
 * vvf_filter_set_mac() - change the VF's own address
 * @vvf: device
 * @mac: new address
 *
 * Under RTNL.
 *
 * Return: 0, the interface's address is for the caller to change; -errno: the PF does not
 * allow it.
 */
int vvf_filter_set_mac(struct vvf *vvf, const u8 *mac)
{
	struct vvf_filter *filter = &vvf->filter;
	bool was_chosen;
	int r;

	ASSERT_RTNL();

	spin_lock_bh(&filter->guard);
	was_chosen = filter->mac_chosen;
	ether_addr_copy(filter->mac, mac);
	filter->mac_chosen = true;
	filter->mac_error = 0;
	spin_unlock_bh(&filter->guard);

	vvf_filter_ask(vvf);

	spin_lock_bh(&filter->guard);
	r = filter->mac_error;
	if (r) {
		ether_addr_copy(filter->mac, vvf->netdev->dev_addr);
		filter->mac_chosen = was_chosen;
		filter->mac_error = 0;
	}
	spin_unlock_bh(&filter->guard);
	/* The old one may have to be told again. */
	if (r)
		vvf_filter_tell_soon(vvf);
	return r;
}

/**
 * vvf_filter_probe() - does the PF answer?
 * @vvf: device
 *
 * It is told what it knows already. Sleeps, for as long as a request may take.
 *
 * Return: 0; -EAGAIN: it knows nothing yet; -ETIMEDOUT: it has not answered of late; error of
 * the request.
 */
int vvf_filter_probe(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;
	int r = -EAGAIN;

	if (READ_ONCE(vvf->link.pf_absent) || READ_ONCE(filter->silent))
		return -ETIMEDOUT;
	mutex_lock(&filter->lock);
	if (filter->told_mtu)
		r = vvf_request_max_frame(vvf, vvf_filter_max_frame(filter->told_mtu));
	mutex_unlock(&filter->lock);
	return r;
}

/**
 * vvf_filter_set_mtu() - change the largest frame
 * @vvf: device
 * @mtu: new MTU
 *
 * Under RTNL.
 *
 * Return: 0, the interface's MTU is for the caller to change; -errno: the PF does not allow it.
 */
int vvf_filter_set_mtu(struct vvf *vvf, unsigned int mtu)
{
	struct vvf_filter *filter = &vvf->filter;
	int r;

	ASSERT_RTNL();

	spin_lock_bh(&filter->guard);
	filter->mtu = mtu;
	filter->mtu_error = 0;
	spin_unlock_bh(&filter->guard);

	vvf_filter_ask(vvf);

	spin_lock_bh(&filter->guard);
	r = filter->mtu_error;
	if (r) {
		filter->mtu = vvf->netdev->mtu;
		filter->mtu_error = 0;
	}
	spin_unlock_bh(&filter->guard);
	if (r)
		vvf_filter_tell_soon(vvf);
	return r;
}

/**
 * vvf_filter_set_vlan() - a VLAN comes or goes
 * @vvf: device
 * @vid: its number
 * @add: comes
 *
 * Under RTNL.
 *
 * Return: 0; -errno: the PF does not allow it.
 */
int vvf_filter_set_vlan(struct vvf *vvf, u16 vid, bool add)
{
	struct vvf_filter *filter = &vvf->filter;

	ASSERT_RTNL();

	clear_bit(vid, filter->vlans_said);
	if (!add) {
		clear_bit(vid, filter->vlans);
		vvf_filter_tell_soon(vvf);
		return 0;
	}
	clear_bit(vid, filter->vlans_refused);
	set_bit(vid, filter->vlans);
	vvf_filter_ask(vvf);
	if (!test_bit(vid, filter->vlans_refused))
		return 0;
	clear_bit(vid, filter->vlans);
	return READ_ONCE(filter->vlan_error) ?: -EACCES;
}

/* The lines about further addresses, from 0 on. */
static bool vvf_filter_describe_unicast(const struct vvf_filter *filter, unsigned int *pos,
					char *line)
{
	const struct vvf_unicast *uc = &filter->uc;

	for (; *pos < uc->count; ++*pos) {
		unsigned int i = *pos;

		if (!uc->errors[i])
			continue;
		snprintf(line, VVF_REFUSED_LEN, "further address %pM: %s", uc->addrs[i],
			 vvf_filter_reason(uc->errors[i]));
		return true;
	}
	if (*pos > uc->count || !uc->more)
		return false;
	snprintf(line, VVF_REFUSED_LEN, "%u further addresses: %s", uc->more,
		 vvf_filter_reason(-ENOSPC));
	return true;
}

static bool vvf_filter_describe_vlan(const struct vvf_filter *filter, unsigned int *pos,
				     unsigned int base, char *line)
{
	unsigned int vid = find_next_and_bit(filter->vlans_refused, filter->vlans, VLAN_N_VID,
					     *pos - base);

	*pos = base + vid;
	if (vid >= VLAN_N_VID)
		return false;
	snprintf(line, VVF_REFUSED_LEN, "VLAN %u: %s", vid, vvf_filter_reason(filter->vlan_error));
	return true;
}

/**
 * vvf_filter_describe() - what is not received, though the interface wants it?
 * @vvf: device
 * @pos: 0 at first; the next call continues after this line
 * @line: receives what and why, VVF_REFUSED_LEN bytes
 *
 * Return: there is such a thing.
 */
bool vvf_filter_describe(struct vvf *vvf, unsigned int *pos, char *line)
{
	enum { MAC, MTU, ALL, UNICAST, VLANS = UNICAST + VVF_UC_MAX + 1 };
	struct vvf_filter *filter = &vvf->filter;
	bool found = false;
	unsigned int i;

	spin_lock_bh(&filter->guard);
	if (*pos <= MAC && filter->mac_error) {
		snprintf(line, VVF_REFUSED_LEN, "address %pM: %s", filter->mac,
			 vvf_filter_reason(filter->mac_error));
		*pos = MAC + 1;
		found = true;
	} else if (*pos <= MTU && filter->mtu_error) {
		snprintf(line, VVF_REFUSED_LEN, "MTU %u: %s", filter->mtu,
			 vvf_filter_reason(filter->mtu_error));
		*pos = MTU + 1;
		found = true;
	} else if (*pos <= ALL && filter->all_error) {
		snprintf(line, VVF_REFUSED_LEN, "all multicast (%u groups): %s",
			 filter->mc.groups, vvf_filter_reason(filter->all_error));
		*pos = ALL + 1;
		found = true;
	} else if (*pos < VLANS) {
		i = max(*pos, (unsigned int)UNICAST) - UNICAST;
		found = vvf_filter_describe_unicast(filter, &i, line);
		*pos = found ? UNICAST + i + 1 : VLANS;
	}
	if (!found && *pos >= VLANS) {
		found = vvf_filter_describe_vlan(filter, pos, VLANS, line);
		++*pos;
	}
	spin_unlock_bh(&filter->guard);
	return found;
}

/**
 * vvf_filter_init() - prepare
 * @vvf: device
 */
void vvf_filter_init(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;

	mutex_init(&filter->lock);
	spin_lock_init(&filter->guard);
	init_waitqueue_head(&filter->wait);
	INIT_DELAYED_WORK(&filter->work, vvf_filter_work);
	INIT_WORK(&filter->adopt, vvf_filter_adopt);
}

/**
 * vvf_filter_start() - tell the PF what has been asked for, and go on with it
 * @vvf: device, registered
 */
void vvf_filter_start(struct vvf *vvf)
{
	vvf_filter_tell_soon(vvf);
}

/**
 * vvf_filter_stop() - tell the PF nothing any more
 * @vvf: device whose works have ended; the caller does not hold RTNL
 */
void vvf_filter_stop(struct vvf *vvf)
{
	cancel_delayed_work_sync(&vvf->filter.work);
	cancel_work_sync(&vvf->filter.adopt);
}
