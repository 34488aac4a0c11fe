// SPDX-License-Identifier: GPL-2.0-only
/*
 * One VF: its life, its resets, its settings in the NIC.
 */
#include <linux/etherdevice.h>
#include <linux/if_link.h>

#include "pf.h"
#include "vf.h"

/* What a VF asks for is told of this often */
#define VPF_SAY_INTERVAL	(10 * HZ)
#define VPF_SAY_BURST		5

static bool going(struct vferry_pf_vf *vf)
{
	return READ_ONCE(vf->active) && vpf_present(vf->nic) &&
	       !test_bit(VPF_F_REMOVING, &vf->nic->flags);
}

static void vf_work(struct work_struct *work)
{
	struct vferry_pf_vf *vf = container_of(to_delayed_work(work),
					       struct vferry_pf_vf, work);
	u64 wait = VPF_NEVER;

	mutex_lock(&vf->lock);
	if (vf->active && vpf_present(vf->nic))
		wait = vpf_mbx_run(vf);
	mutex_unlock(&vf->lock);

	wait = min(wait, vpf_notes_deliver(vf));
	if (wait != VPF_NEVER && going(vf))
		queue_delayed_work(vf->nic->wq, &vf->work,
				   wait ? nsecs_to_jiffies(wait) + 1 : 0);
}

/**
 * vpf_vf_kick() - let the VF's work look now
 * @vf: the VF
 *
 * Any context.
 */
void vpf_vf_kick(struct vferry_pf_vf *vf)
{
	if (going(vf))
		mod_delayed_work(vf->nic->wq, &vf->work, 0);
}

/* Once, at probe of the PF */
void vpf_vf_init(struct vferry_pf_vf *vf, struct vpf_nic *nic, unsigned int nr)
{
	vf->nic = nic;
	vf->nr = nr;
	INIT_DELAYED_WORK(&vf->work, vf_work);
	mutex_init(&vf->lock);
	mutex_init(&vf->client_lock);
	spin_lock_init(&vf->mig_lock);
	vpf_abuse_init(vf);
	ratelimit_state_init(&vf->said, VPF_SAY_INTERVAL, VPF_SAY_BURST);
}

/**
 * vpf_vf_create() - the VF comes into being
 * @vf: the VF; the NIC is set up for it, its PCI function does not exist yet
 */
void vpf_vf_create(struct vferry_pf_vf *vf)
{
	mutex_lock(&vf->lock);
	eth_random_addr(vf->default_mac);
	vf->given = false;
	vf->admin = (struct vpf_policy) {
		.link_state = IFLA_VF_LINK_STATE_AUTO,
		.spoofchk = true,
	};
	memset(vf->counters, 0, sizeof(vf->counters));
	memset(vf->counters_hw, 0, sizeof(vf->counters_hw));
	vpf_vf_update_counters(vf);	/* what others left in the registers ... */
	memset(vf->counters, 0, sizeof(vf->counters));	/* ... does not count */
	vf->hidden = false;
	vpf_mbx_reset(vf);
	vpf_mig_init(vf);
	vpf_vf_release_policy(vf);
	vpf_vf_reset(vf);
	vf->active = true;
	mutex_unlock(&vf->lock);
}

/**
 * vpf_vf_destroy() - the VF has gone
 * @vf: the VF; its PCI function does not exist any more
 */
void vpf_vf_destroy(struct vferry_pf_vf *vf)
{
	mutex_lock(&vf->lock);
	vf->active = false;
	mutex_unlock(&vf->lock);
	cancel_delayed_work_sync(&vf->work);
	vpf_notes_deliver(vf);
}

/* Forget what the VF's driver asked for */
static void forget(struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	vf->running = false;
	vf->cts = false;
	vf->mc_wanted = false;
	vf->distrusted = false;
	vf->max_frame = ETH_FRAME_LEN + ETH_FCS_LEN;
	vf->vlan_count = 0;
	vf->mc_count = 0;
	vf->uc_count = 0;
	ether_addr_copy(vf->mac, vpf_vf_home(vf));
	vpf_filter_reset_pool(vf->nic, vf->nr);
	vpf_filter_set_spoofchk(vf->nic, vf->nr, vf->policy.spoofchk);
	vf->hidden = false;
	if (vpf_vf_apply_vlan(vf))
		vpf_vf_say(vf, "no room for its port VLAN %u", vf->policy.vlan);
	vpf_mig_reset(vf);
}

/**
 * vpf_vf_reset() - the VF was reset
 * @vf: the VF
 *
 * By its driver, by FLR, or because all were. It stays silent until its
 * driver asks for RESET.
 */
void vpf_vf_reset(struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	vpf_mbx_count(vf->nic, VPF_MBX_VF_RESETS);
	vf->quiet = false;
	/* usually the guest is on another host by now */
	vf->given |= vpf_mig_state(vf) == VFERRY_MIG_SUSPENDED;
	forget(vf);
	vf->mbx.unacked = false;
	vf->mbx.reply_unread = false;
	vf->mbx.control = false;
	vf->mbx.control_unread = false;
	vf->mbx.nack_ns = 0;
	vf->mbx.granted_ns = 0;
	vpf_vf_scrub(vf);
}

/**
 * vpf_vf_check_flr() - handle a reset of the VF that the NIC has noted
 * @vf: the VF
 *
 * Return: there was one.
 */
bool vpf_vf_check_flr(struct vferry_pf_vf *vf)
{
	struct vpf_nic *nic = vf->nic;

	lockdep_assert_held(&vf->lock);

	if (!vpf_present(nic) || !(vpf_rd(nic, R_VFLRE) & BIT(vf->nr)))
		return false;
	vpf_wr(nic, R_VFLRE, BIT(vf->nr));
	vpf_vf_reset(vf);
	return true;
}

static enum vpf_claim_by home_by(const struct vferry_pf_vf *vf)
{
	if (vf->policy.mac_set)
		return vf->admin.mac_set ? VPF_CLAIM_SET : VPF_CLAIM_CAME;
	return ether_addr_equal(vf->policy_default_mac, vf->default_mac) ? VPF_CLAIM_DRAWN :
									   VPF_CLAIM_CAME;
}

/* The address drawn for the VF was given to another meanwhile: it gets another one */
static int draw_again(struct vferry_pf_vf *vf)
{
	eth_random_addr(vf->default_mac);
	ether_addr_copy(vf->policy_default_mac, vf->default_mac);
	vpf_vf_claim_home(vf);
	ether_addr_copy(vf->mac, vf->default_mac);
	return vpf_filter_set_mac(vf->nic, vf->nr, vf->mac, vpf_mig_origin(vf));
}

/**
 * vpf_vf_start() - the VF's driver asked for RESET: let it send and receive
 * @vf: the VF
 *
 * Return: 0, or -EADDRINUSE: the VF has no address and must choose one.
 */
int vpf_vf_start(struct vferry_pf_vf *vf)
{
	int err;

	lockdep_assert_held(&vf->lock);

	if (vf->running)	/* it did not reset the VF itself */
		forget(vf);
	vpf_room_set_used(vf->nic, vf->nr, true);
	err = vpf_filter_set_mac(vf->nic, vf->nr, vf->mac, vpf_mig_origin(vf));
	if (err && home_by(vf) == VPF_CLAIM_DRAWN)
		err = draw_again(vf);
	if (err) {
		vpf_vf_say(vf, "address %pM is in use by another", vf->mac);
		eth_zero_addr(vf->mac);
	}
	vf->running = true;
	vf->cts = true;
	vpf_mig_up(vf, true);
	vpf_vf_apply_enable(vf);
	return err;
}

/**
 * vpf_vf_revoke() - make the VF's driver start over
 * @vf: the VF
 *
 * After a change that it learns of in the answer to RESET only. Until then it
 * sends and receives, but its requests are refused. Drivers that do not speak
 * vferry are left alone, as igb does: they would not notice.
 */
void vpf_vf_revoke(struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	if (!vf->cts || !vpf_mig_speaks(vf))
		return;
	vf->cts = false;
	vpf_mig_up(vf, false);
	vf->mbx.control = true;
	vpf_vf_kick(vf);
}

/* Let the VF send and receive, if nothing speaks against it */
void vpf_vf_apply_enable(struct vferry_pf_vf *vf)
{
	bool on = vf->running && !vf->quiet &&
		  vf->policy.link_state != IFLA_VF_LINK_STATE_DISABLE;

	lockdep_assert_held(&vf->lock);

	vpf_filter_set_enable(vf->nic, vf->nr, on, on);
}

/* Take the filters away or put them back, as the migration wants it */
void vpf_vf_apply_hidden(struct vferry_pf_vf *vf)
{
	bool hidden = vpf_mig_hidden(vf);

	lockdep_assert_held(&vf->lock);

	if (hidden == vf->hidden)
		return;
	vf->hidden = hidden;
	vpf_filter_set_hidden(vf->nic, vf->nr, hidden);
}

/**
 * vpf_vf_apply_vlan() - put the VF on its port VLAN, or on none
 * @vf: the VF; with a port VLAN the VLANs that it asked for itself are lost
 *
 * Return: 0, or -ENOSPC.
 */
int vpf_vf_apply_vlan(struct vferry_pf_vf *vf)
{
	const struct vpf_policy *p = &vf->policy;
	struct vpf_nic *nic = vf->nic;
	unsigned int i;
	u16 tag = 0;
	int err = 0;

	lockdep_assert_held(&vf->lock);

	vpf_filter_vlan_clear(nic, vf->nr);
	if (p->vlan) {
		err = vpf_filter_vlan_add(nic, vf->nr, p->vlan);
		if (!err)
			vf->vlan_count = 0;
		tag = p->vlan | p->qos << VLAN_PRIO_SHIFT;
	} else {
		for (i = 0; i < vf->vlan_count && !err; i++)
			err = vpf_filter_vlan_add(nic, vf->nr, vf->vlans[i]);
	}
	vpf_filter_set_port_tag(nic, vf->nr, tag);
	return err;
}

/**
 * vpf_vf_set_mac() - change the address in use
 * @vf: the VF
 * @mac: unicast address
 *
 * Return: 0 or -EADDRINUSE; then nothing has changed.
 */
int vpf_vf_set_mac(struct vferry_pf_vf *vf, const u8 *mac)
{
	int err = 0;

	lockdep_assert_held(&vf->lock);

	if (vf->running)
		err = vpf_filter_set_mac(vf->nic, vf->nr, mac, vpf_mig_origin(vf));
	if (!err)
		ether_addr_copy(vf->mac, mac);
	return err;
}

/**
 * vpf_vf_release_policy() - forget what came with a guest from another host
 * @vf: the VF; takes effect when it is reset
 */
void vpf_vf_release_policy(struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	vf->policy = vf->admin;
	ether_addr_copy(vf->policy_default_mac, vf->default_mac);
	vpf_vf_claim_home(vf);
}

/* The address that the VF has after a reset */
const u8 *vpf_vf_home(const struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	return vf->policy.mac_set ? vf->policy.mac : vf->policy_default_mac;
}

/* Nobody else is to have the address that the VF has after a reset */
void vpf_vf_claim_home(struct vferry_pf_vf *vf)
{
	vpf_room_claim(vf->nic, vf->nr, vpf_vf_home(vf), home_by(vf));
}

bool vpf_vf_all_multicast(const struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	return vf->mc_wanted && vf->policy.trusted;
}

/**
 * vpf_vf_apply_trust() - have the VF's driver ask again for what it was refused without trust
 * @vf: the VF; what was refused is not noted here
 *
 * By a CONTROL, after which it does. One that is suspended hears of it when it goes on.
 */
void vpf_vf_apply_trust(struct vferry_pf_vf *vf)
{
	enum vferry_mig_state state = vpf_mig_state(vf);

	lockdep_assert_held(&vf->lock);

	if (!vf->distrusted || !vf->policy.trusted || !vf->cts ||
	    (state != VFERRY_MIG_IDLE && state != VFERRY_MIG_MIGRATING))
		return;
	vf->distrusted = false;
	vf->mbx.control = true;
}

void vpf_vf_apply_multicast(struct vferry_pf_vf *vf)
{
	vpf_filter_set_multicast(vf->nic, vf->nr, vf->mc_hashes, vf->mc_count,
				 vpf_vf_all_multicast(vf));
}

/**
 * vpf_vf_left() - whoever used the VF does not any more
 * @vf: the VF; the next one on it is another
 *
 * What came with the guest is forgotten; takes effect when the VF is reset. If the guest is
 * elsewhere by now, so is the VF's address, and the next guest gets another.
 */
void vpf_vf_left(struct vferry_pf_vf *vf)
{
	lockdep_assert_held(&vf->lock);

	if (vf->given)
		eth_random_addr(vf->default_mac);
	vf->given = false;
	vpf_room_release(vf->nic, vf->nr);
	vpf_room_set_used(vf->nic, vf->nr, false);
	vpf_mig_left(vf);
	vpf_vf_release_policy(vf);
}

/**
 * vpf_vf_update_counters() - add what the registers have counted since last time
 * @vf: the VF; to be called before the 32-bit registers can have wrapped twice
 */
void vpf_vf_update_counters(struct vferry_pf_vf *vf)
{
	const u32 regs[VFERRY_DEV_COUNTERS] = {
		R_PVFGPRC(vf->nr), R_PVFGPTC(vf->nr), R_PVFGORC(vf->nr),
		R_PVFGOTC(vf->nr), R_PVFMPRC(vf->nr),
	};
	unsigned int i;

	lockdep_assert_held(&vf->lock);

	if (!vpf_present(vf->nic) || !vpf_hw_is_ours(vf->nic))
		return;
	for (i = 0; i < VFERRY_DEV_COUNTERS; i++) {
		u32 now = vpf_rd(vf->nic, regs[i]);

		vf->counters[i] += (u32)(now - vf->counters_hw[i]);
		vf->counters_hw[i] = now;
	}
}
