// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the VFIO driver may do with a VF; see include/vferry_pf_ops.h.
 */
#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/module.h>

#include "../include/vferry_pf_ops.h"
#include "compat.h"
#include "pf.h"
#include "vf.h"

#define VPF_EXPORT(symbol)	EXPORT_SYMBOL_NS_GPL(symbol, VPF_NS(VFERRY_PF))

struct vferry_pf_vf *vferry_pf_open(struct pci_dev *pdev,
				    const struct vferry_pf_client_ops *ops, void *ctx)
{
	struct vpf_nic *nic = pci_iov_get_pf_drvdata(pdev, &vpf_driver);
	struct vferry_pf_vf *vf;
	int nr = pci_iov_vf_id(pdev);
	int err = 0;

	if (IS_ERR(nic) || nr < 0 || nr >= nic->num_vfs)
		return ERR_PTR(-ENODEV);

	vf = &nic->vf[nr];
	mutex_lock(&vf->client_lock);
	if (vf->client_ops) {
		err = -EBUSY;
	} else {
		vf->client_ctx = ctx;
		WRITE_ONCE(vf->client_ops, ops);
	}
	mutex_unlock(&vf->client_lock);
	return err ? ERR_PTR(err) : vf;
}
VPF_EXPORT(vferry_pf_open);

/*
 * What came with a guest is forgotten: the next one on this VF is another. VFIO
 * has reset the VF; the settings take effect even if that is not known here yet.
 */
void vferry_pf_close(struct vferry_pf_vf *vf)
{
	mutex_lock(&vf->client_lock);
	WRITE_ONCE(vf->client_ops, NULL);
	vf->client_ctx = NULL;
	mutex_unlock(&vf->client_lock);

	mutex_lock(&vf->lock);
	if (vf->active) {
		vpf_vf_check_flr(vf);
		vpf_vf_left(vf);
		vpf_vf_reset(vf);
	}
	mutex_unlock(&vf->lock);
	vpf_vf_kick(vf);
}
VPF_EXPORT(vferry_pf_close);

int vferry_pf_migratable(struct vferry_pf_vf *vf, const char **ret_reason)
{
	return vpf_mig_migratable(vf, ret_reason);
}
VPF_EXPORT(vferry_pf_migratable);

int vferry_pf_migrate(struct vferry_pf_vf *vf, u64 *ret_mig_id)
{
	return vpf_mig_begin(vf, ret_mig_id, NULL);
}
VPF_EXPORT(vferry_pf_migrate);

int vferry_pf_ping(struct vferry_pf_vf *vf)
{
	return vpf_mig_ping(vf->nic, vf->nr, NULL);
}
VPF_EXPORT(vferry_pf_ping);

int vferry_pf_suspend(struct vferry_pf_vf *vf)
{
	return vpf_mig_ask(vf, VPF_MIG_EV_SUSPEND, NULL);
}
VPF_EXPORT(vferry_pf_suspend);

int vferry_pf_resume(struct vferry_pf_vf *vf, bool more)
{
	return vpf_mig_ask(vf, more ? VPF_MIG_EV_RESUME_MORE : VPF_MIG_EV_RESUME, NULL);
}
VPF_EXPORT(vferry_pf_resume);

int vferry_pf_cancel(struct vferry_pf_vf *vf)
{
	int err = vpf_mig_ask(vf, VPF_MIG_EV_CANCEL, NULL);

	return err == -EALREADY ? 0 : err;
}
VPF_EXPORT(vferry_pf_cancel);

enum vferry_mig_state vferry_pf_state(struct vferry_pf_vf *vf)
{
	return vpf_mig_state(vf);
}
VPF_EXPORT(vferry_pf_state);

u64 vferry_pf_mig_id(struct vferry_pf_vf *vf)
{
	return vpf_mig_id(vf);
}
VPF_EXPORT(vferry_pf_mig_id);

void vferry_pf_report(struct vferry_pf_vf *vf, int err, const char *reason)
{
	vpf_mig_report(vf, err, reason);
}
VPF_EXPORT(vferry_pf_report);

void vferry_pf_phase(struct vferry_pf_vf *vf, u32 phase)
{
	vpf_mig_phase(vf, phase);
}
VPF_EXPORT(vferry_pf_phase);

/*
 * What came in while nobody could see it: transmit rings are looked at when the
 * tail is written, packets that wait for buffers when the receive tail is. The
 * interrupts may be spurious, that is cheaper than a lost one.
 */
static void kick_queues(struct vferry_pf_vf *vf)
{
	const unsigned int queues[] = { vf->nr, vf->nr + VPF_HW_POOLS };
	struct vpf_nic *nic = vf->nic;
	unsigned int i;

	lockdep_assert_held(&vf->lock);

	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		unsigned int q = queues[i];

		if (vpf_rd(nic, R_TXDCTL(q)) & XXDCTL_ENABLE)
			vpf_wr(nic, R_TDT(q), vpf_rd(nic, R_TDT(q)));
		if (vpf_rd(nic, R_RXDCTL(q)) & XXDCTL_ENABLE)
			vpf_wr(nic, R_RDT(q), vpf_rd(nic, R_RDT(q)));
	}
	vpf_wr(nic, R_PVTEICS(vf->nr), GENMASK(VPF_VF_VECTORS - 1, 0));
}

static bool queues_run(struct vferry_pf_vf *vf)
{
	return vpf_hw_queue_runs(vf->nic, vf->nr) ||
	       vpf_hw_queue_runs(vf->nic, vf->nr + VPF_HW_POOLS);
}

int vferry_pf_quiesce(struct vferry_pf_vf *vf, bool quiet)
{
	bool settle = false;

	mutex_lock(&vf->lock);
	if (vf->active) {
		bool was = vf->quiet;

		/* the next guest on this VF may be another */
		if (!quiet)
			vpf_vf_check_flr(vf);
		vf->quiet = quiet;
		vpf_vf_apply_enable(vf);
		/* a guest that is suspended has switched its queues off long ago */
		settle = quiet && !was && queues_run(vf);
		if (was && !quiet && vf->running) {
			vf->given = false;	/* it goes on here after all */
			kick_queues(vf);
		}
	}
	mutex_unlock(&vf->lock);
	if (settle)
		vpf_hw_settle(vf->nic);
	return 0;
}
VPF_EXPORT(vferry_pf_quiesce);

static void save_interrupts(struct vferry_pf_vf *vf, struct vferry_dev_state *state)
{
	unsigned int shift = VPF_VF_EICR_SHIFT(vf->nr), v;
	struct vpf_nic *nic = vf->nic;

	state->vtivar = vpf_rd(nic, R_PVTIVAR(vf->nr));
	state->vtivar_misc = vpf_rd(nic, R_PVTIVAR_MISC(vf->nr));
	/* the VF's own view of these shows what it wrote, not what is */
	state->eims = vpf_rd(nic, R_EIMS) >> shift & GENMASK(VPF_VF_VECTORS - 1, 0);
	state->eiac = vpf_rd(nic, R_EIAC) >> shift & GENMASK(VPF_VF_VECTORS - 1, 0);
	for (v = 0; v < VPF_VF_VECTORS; v++)
		state->eitr[v] = vpf_rd(nic, R_EITR(shift + v));
}

int vferry_pf_save(struct vferry_pf_vf *vf, struct vferry_dev_state *ret_state)
{
	memset(ret_state, 0, sizeof(*ret_state));
	ret_state->nic = VFERRY_NIC_82576;

	mutex_lock(&vf->lock);
	/* its registers read as ones */
	if (!vpf_present(vf->nic)) {
		mutex_unlock(&vf->lock);
		return -ENODEV;
	}
	ret_state->cts = vf->cts;
	/* of a virtual machine that is stopped: it may go on elsewhere */
	vf->given |= vf->quiet;
	ether_addr_copy(ret_state->mac, vf->mac);
	ether_addr_copy(ret_state->reset_mac, vpf_vf_home(vf));
	ret_state->mac_by_host = vf->policy.mac_set;
	ret_state->port_vlan = vf->policy.vlan;
	ret_state->port_qos = vf->policy.qos;
	ret_state->link_state = vf->policy.link_state;
	/* what it may, it has been told */
	ret_state->trusted = vf->policy.trusted && !vf->distrusted && !vf->mbx.control &&
			     !vf->mbx.control_unread;
	ret_state->spoofchk = vf->policy.spoofchk;
	ret_state->link = vpf_rd(vf->nic, R_STATUS) & STATUS_LU;
	ret_state->mc_promisc = vpf_vf_all_multicast(vf);
	ret_state->mc_wanted = vf->mc_wanted;
	ret_state->max_frame = vf->max_frame;
	ret_state->vlan_count = vf->vlan_count;
	memcpy(ret_state->vlans, vf->vlans, vf->vlan_count * sizeof(vf->vlans[0]));
	ret_state->mc_count = vf->mc_count;
	memcpy(ret_state->mc_hashes, vf->mc_hashes, vf->mc_count * sizeof(vf->mc_hashes[0]));
	ret_state->uc_count = vf->uc_count;
	memcpy(ret_state->uc_addrs, vf->uc_addrs, vf->uc_count * ETH_ALEN);
	save_interrupts(vf, ret_state);
	vpf_vf_update_counters(vf);
	memcpy(ret_state->counters, vf->counters, sizeof(vf->counters));

	spin_lock_bh(&vf->mig_lock);
	ret_state->proto = vf->mig.proto;
	ret_state->features = vf->mig.features;
	ret_state->mig_id = vf->mig.mig_id;
	spin_unlock_bh(&vf->mig_lock);
	mutex_unlock(&vf->lock);
	return 0;
}
VPF_EXPORT(vferry_pf_save);

static int check_values(const struct vferry_dev_state *s, char *reason, size_t size)
{
	unsigned int i;

	if (s->nic != VFERRY_NIC_82576) {
		snprintf(reason, size, "guest comes from another kind of NIC (%u)", s->nic);
		return -EOPNOTSUPP;
	}
	if (s->proto < VFERRY_PROTO_MIN || s->proto > VFERRY_PROTO_MAX ||
	    !(s->features & VFERRY_FEAT_MIGRATE)) {
		snprintf(reason, size, "guest driver speaks protocol %u, this host %u to %u",
			 s->proto, VFERRY_PROTO_MIN, VFERRY_PROTO_MAX);
		return -EOPNOTSUPP;
	}
	if (s->features & ~VFERRY_FEAT_MIGRATE) {
		snprintf(reason, size, "guest uses features that this host has not: %#x",
			 s->features & ~VFERRY_FEAT_MIGRATE);
		return -EOPNOTSUPP;
	}

	if (!is_valid_ether_addr(s->mac) || !s->cts ||
	    (!is_zero_ether_addr(s->reset_mac) && !is_valid_ether_addr(s->reset_mac)) ||
	    s->port_vlan >= VLAN_N_VID - 1 ||
	    s->port_qos > 7 || s->link_state > IFLA_VF_LINK_STATE_DISABLE ||
	    s->max_frame < ETH_ZLEN + ETH_FCS_LEN || s->max_frame > VPF_MAX_FRAME ||
	    s->vlan_count > VFERRY_DEV_VLANS || s->mc_count > VFERRY_DEV_MC_HASHES ||
	    s->uc_count > VFERRY_DEV_UC_ADDRS || (s->port_vlan && s->vlan_count) ||
	    s->eims >= BIT(VPF_VF_VECTORS) || s->eiac >= BIT(VPF_VF_VECTORS))
		goto invalid;
	for (i = 0; i < s->vlan_count; i++)
		if (s->vlans[i] >= VLAN_N_VID - 1)
			goto invalid;
	for (i = 0; i < s->uc_count; i++)
		if (!is_valid_ether_addr(s->uc_addrs[i]))
			goto invalid;
	return 0;

invalid:
	snprintf(reason, size, "state of the VF has a value out of range");
	return -EINVAL;
}

/* The address that the VF is to have after a reset; older sources do not tell */
static const u8 *home_of(const struct vferry_dev_state *s)
{
	return is_zero_ether_addr(s->reset_mac) ? s->mac : s->reset_mac;
}

static int check_mac(const struct vferry_pf_vf *vf, const struct vferry_dev_state *s,
		     enum vferry_pf_known known, char *reason, size_t size)
{
	const struct vpf_policy *admin = &vf->admin;
	const u8 *home = home_of(s);

	/* a trusted guest may have chosen another one than the host has set */
	if (admin->trusted) {
		if (known < VFERRY_PF_KNOWN_ROOM || !admin->mac_set ||
		    ether_addr_equal(admin->mac, s->mac) || ether_addr_equal(admin->mac, home))
			return 0;
	} else if (!admin->mac_set && s->mac_by_host && !ether_addr_equal(home, s->mac)) {
		snprintf(reason, size, "VF %u is not trusted here, and the guest has %pM instead of %pM, which was set for it (vf %u trust on)",
			 vf->nr, s->mac, home, vf->nr);
		return -EPERM;
	} else if (!admin->mac_set || ether_addr_equal(admin->mac, s->mac)) {
		return 0;
	}
	snprintf(reason, size, "VF %u: address set here is %pM, the guest's is %pM",
		 vf->nr, admin->mac, s->mac);
	return -EEXIST;
}

/*
 * What needs trust needs that of this host: the state comes from whoever could write it, so
 * that it was trusted elsewhere counts for nothing.
 */
static int check_trust(const struct vferry_pf_vf *vf, const struct vferry_dev_state *s,
		       char *reason, size_t size)
{
	bool bound = vf->admin.mac_set || s->mac_by_host;

	if (vf->admin.trusted)
		return 0;
	if (s->mc_promisc) {
		snprintf(reason, size, "VF %u is not trusted here, and the guest receives all multicast (vf %u trust on)",
			 vf->nr, vf->nr);
		return -EPERM;
	}
	if (s->uc_count && bound) {
		snprintf(reason, size, "VF %u is not trusted here, and the guest has %u addresses beside the one that was set for it (vf %u trust on)",
			 vf->nr, s->uc_count, vf->nr);
		return -EPERM;
	}
	return 0;
}

static int check_policy(const struct vferry_pf_vf *vf, const struct vferry_dev_state *s,
			enum vferry_pf_known known, char *reason, size_t size)
{
	const struct vpf_policy *admin = &vf->admin;
	bool same_qos = known < VFERRY_PF_KNOWN_ROOM || admin->qos == s->port_qos;
	int err;

	lockdep_assert_held(&vf->lock);

	err = check_mac(vf, s, known, reason, size);
	if (!err)
		err = check_trust(vf, s, reason, size);
	if (err)
		return err;
	if (admin->vlan && (admin->vlan != s->port_vlan || !same_qos)) {
		snprintf(reason, size, "VF %u: port VLAN set here is %u with priority %u, the guest's is %u with %u",
			 vf->nr, admin->vlan, admin->qos, s->port_vlan, s->port_qos);
		return -EEXIST;
	}
	return 0;
}

/* A guest is not to lose its network by coming here */
static int check_link(const struct vferry_pf_vf *vf, const struct vferry_dev_state *s,
		      char *reason, size_t size)
{
	if (!vpf_present(vf->nic)) {
		snprintf(reason, size, "%s is away: it sleeps, or an error on the bus has stopped it",
			 vf->nic->netdev->name);
		return -ENETDOWN;
	}
	if (!s->link || vpf_rd(vf->nic, R_STATUS) & STATUS_LU)
		return 0;
	snprintf(reason, size, "%s has no link, and the guest has one where it is",
		 vf->nic->netdev->name);
	return -ENETDOWN;
}

static int promise_room(struct vferry_pf_vf *vf, const struct vferry_dev_state *s,
			char *reason, size_t size)
{
	struct vpf_promise wanted = {
		.same = vpf_mig_same(vf, s->mig_id),
		.uc_count = s->uc_count,
		.vlan_count = s->vlan_count,
	};

	ether_addr_copy(wanted.macs[0], s->mac);
	ether_addr_copy(wanted.macs[1], home_of(s));
	memcpy(wanted.ucs, s->uc_addrs, s->uc_count * ETH_ALEN);
	memcpy(wanted.vlans, s->vlans, s->vlan_count * sizeof(s->vlans[0]));
	if (s->port_vlan) {
		wanted.vlan_count = 1;
		wanted.vlans[0] = s->port_vlan;
	}
	return vpf_room_promise(vf->nic, vf->nr, &wanted, reason, size);
}

int vferry_pf_promise(struct vferry_pf_vf *vf, const struct vferry_dev_state *state,
		      enum vferry_pf_known known, char *reason, size_t size)
{
	int err;

	mutex_lock(&vf->lock);
	err = check_values(state, reason, size);
	if (!err)
		err = check_policy(vf, state, known, reason, size);
	if (!err)
		err = check_link(vf, state, reason, size);
	if (!err)
		err = promise_room(vf, state, reason, size);
	if (err)
		vpf_room_release(vf->nic, vf->nr);
	mutex_unlock(&vf->lock);
	return err;
}
VPF_EXPORT(vferry_pf_promise);

void vferry_pf_release(struct vferry_pf_vf *vf)
{
	vpf_room_release(vf->nic, vf->nr);
}
VPF_EXPORT(vferry_pf_release);

/*
 * The address that the guest came with becomes the VF's, as if it had always
 * been: a guest that is rebooted here must not find another one. What the administrator of
 * this host has set stands, and trust is his alone to give.
 */
static void adopt_policy(struct vferry_pf_vf *vf, const struct vferry_dev_state *s)
{
	struct vpf_policy *p = &vf->policy;

	*p = vf->admin;
	ether_addr_copy(vf->policy_default_mac, home_of(s));
	if (s->mac_by_host && !p->mac_set) {
		p->mac_set = true;
		ether_addr_copy(p->mac, home_of(s));
	}
	if (!p->vlan) {
		p->vlan = s->port_vlan;
		p->qos = s->port_qos;
	}
	if (p->link_state == IFLA_VF_LINK_STATE_AUTO)
		p->link_state = s->link_state;
	vpf_vf_claim_home(vf);
	vpf_room_set_used(vf->nic, vf->nr, true);
}

static int load_filters(struct vferry_pf_vf *vf, const struct vferry_dev_state *s)
{
	unsigned int same = vpf_mig_same(vf, s->mig_id);
	struct vpf_nic *nic = vf->nic;
	unsigned int i;
	int err;

	ether_addr_copy(vf->mac, s->mac);
	err = vpf_filter_set_mac(nic, vf->nr, s->mac, same);
	if (err)
		return err;
	for (i = 0; i < s->uc_count; i++) {
		err = vpf_filter_uc_add(nic, vf->nr, s->uc_addrs[i], same);
		/* -EADDRINUSE is kept for the VF's own */
		if (err)
			return err == -EADDRINUSE ? -EEXIST : err;
		ether_addr_copy(vf->uc_addrs[vf->uc_count++], s->uc_addrs[i]);
	}

	for (i = 0; i < s->vlan_count && !vf->policy.vlan; i++)
		vf->vlans[vf->vlan_count++] = s->vlans[i];
	err = vpf_vf_apply_vlan(vf);
	if (err)
		return err;

	vf->mc_wanted = s->mc_wanted || s->mc_promisc;
	vf->mc_count = s->mc_count;
	memcpy(vf->mc_hashes, s->mc_hashes, s->mc_count * sizeof(s->mc_hashes[0]));
	vpf_vf_apply_multicast(vf);
	vf->max_frame = s->max_frame;
	vpf_filter_set_size(nic, vf->nr, s->max_frame);
	return 0;
}

static void load_interrupts(struct vferry_pf_vf *vf, const struct vferry_dev_state *s)
{
	unsigned int shift = VPF_VF_EICR_SHIFT(vf->nr), v;
	struct vpf_nic *nic = vf->nic;

	vpf_wr(nic, R_PVTIVAR(vf->nr), 0);
	vpf_wr(nic, R_IVAR(vf->nr), 0);	/* VTIVAR is added to it */
	vpf_wr(nic, R_PVTIVAR(vf->nr), s->vtivar);
	vpf_wr(nic, R_PVTIVAR_MISC(vf->nr), s->vtivar_misc);
	for (v = 0; v < VPF_VF_VECTORS; v++)
		vpf_wr(nic, R_EITR(shift + v), s->eitr[v]);
	/* by the VF's own registers: what is next to these bits is other VFs' */
	vpf_wr(nic, R_PVTEIAC(vf->nr), s->eiac);
	vpf_wr(nic, R_PVTEIMS(vf->nr), s->eims);
}

/*
 * What was promised was not kept: not expected to happen, but the source has let the guest go.
 * It finds a VF that was reset, with an address, and hears of it by a CONTROL without CTS on the
 * vectors that it uses.
 */
static void start_over(struct vferry_pf_vf *vf, const struct vferry_dev_state *s, int err)
{
	/* somebody has its address */
	if (err == -EADDRINUSE)
		vpf_vf_release_policy(vf);
	vpf_vf_reset(vf);
	load_interrupts(vf, s);
	vf->mbx.control = true;
	vf->mbx.call = true;
}

int vferry_pf_load(struct vferry_pf_vf *vf, const struct vferry_dev_state *state)
{
	int err;

	mutex_lock(&vf->lock);
	if (!vf->active) {
		err = -ENODEV;
		goto out;
	}
	vpf_vf_check_flr(vf);
	/* whatever was here before; a guest that went may have held the lock */
	vpf_mbx_seize(vf);
	vpf_vf_reset(vf);
	adopt_policy(vf, state);
	err = vpf_mig_load(vf, state->mig_id, state->proto, state->features);
	if (!err) {
		vpf_vf_apply_hidden(vf);	/* suspended: nothing of it is seen yet */
		err = load_filters(vf, state);
	}
	vpf_room_release(vf->nic, vf->nr);
	memcpy(vf->counters, state->counters, sizeof(vf->counters));
	if (err)
		start_over(vf, state, err);
	vf->given = false;
	if (err)
		goto out;
	load_interrupts(vf, state);
	vf->running = true;
	vf->cts = true;
	/* what was refused where it comes from is asked for again where it is trusted */
	vf->distrusted = !(state->trusted && vf->policy.trusted);
	vpf_vf_apply_enable(vf);
out:
	mutex_unlock(&vf->lock);
	vpf_vf_kick(vf);
	return err;
}
VPF_EXPORT(vferry_pf_load);

int vferry_pf_restart(struct vferry_pf_vf *vf)
{
	int err = 0;

	mutex_lock(&vf->lock);
	if (vf->active) {
		vpf_vf_revoke(vf);
		vf->mbx.call = true;
	} else {
		err = -ENODEV;
	}
	mutex_unlock(&vf->lock);
	vpf_vf_kick(vf);
	return err;
}
VPF_EXPORT(vferry_pf_restart);
