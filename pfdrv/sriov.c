// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "pf.h"
#include "sriov.h"
#include "vf.h"

/*
 * What VFs that are switched off have begun ends within the first; the second passes
 * after IOVCTL.REUSE_VFQ until their queues are the PF's. QEMU needs neither.
 */
#define VPF_VFS_GO_MS		500
#define VPF_QUEUES_BACK_MS	100

/*
 * Set the NIC up for a number of VFs. The port's link stays: nothing is reset.
 * No VF exists at this moment, so nobody but the PF's own queues is disturbed.
 */
static int set_num_vfs(struct vpf_nic *nic, unsigned int num_vfs)
{
	unsigned int n;
	bool up;
	int err;

	rtnl_lock();
	up = test_bit(VPF_F_UP, &nic->flags);
	if (up)
		vpf_down(nic);
	vpf_irq_other_off(nic);
	err = vpf_filter_set_vfs(nic, num_vfs);
	vpf_nl_changed();
	if (vpf_queues_follow(nic))
		netdev_warn(nic->netdev, "no memory for more than %u queues\n", nic->num_queues);
	vpf_hw_configure(nic);
	if (!err)
		for (n = 0; n < num_vfs; n++)
			vpf_vf_create(&nic->vf[n]);
	vpf_irq_other_on(nic);
	/* queues that were VFs' are the PF's again */
	if (!nic->num_vfs)
		msleep(VPF_QUEUES_BACK_MS);
	if (up)
		vpf_up(nic);
	rtnl_unlock();
	return err;
}

static void destroy_vfs(struct vpf_nic *nic)
{
	unsigned int n;

	for (n = 0; n < nic->num_vfs; n++)
		vpf_vf_destroy(&nic->vf[n]);
}

/**
 * vpf_sriov_disable() - take all VFs away
 * @nic: the PF
 *
 * Their drivers are unbound first; if one is in use by a virtual machine this
 * waits until VFIO has got it back.
 */
void vpf_sriov_disable(struct vpf_nic *nic)
{
	if (!nic->num_vfs)
		return;

	pci_disable_sriov(nic->pdev);
	destroy_vfs(nic);
	msleep(VPF_VFS_GO_MS);
	set_num_vfs(nic, 0);
}

/* The function of the VF after @vf, NULL: of the first. Takes @vf's reference, gives one */
static struct pci_dev *next_vf(struct pci_dev *pdev, struct pci_dev *vf)
{
	do {
		vf = pci_get_device(pdev->vendor, PCI_ANY_ID, vf);
	} while (vf && (!vf->is_virtfn || pci_physfn(vf) != pdev));
	return vf;
}

/**
 * vpf_sriov_for_each() - do something with the PCI function of every VF
 * @pdev: the PF
 * @func: called with the lock of the VF's device held
 *
 * Leaves out a VF whose device is locked: who resets a whole bus holds all its devices'
 * locks, and does for each what is to be done.
 */
void vpf_sriov_for_each(struct pci_dev *pdev, void (*func)(struct pci_dev *vf))
{
	struct pci_dev *vf = NULL;

	while ((vf = next_vf(pdev, vf))) {
		if (!device_trylock(&vf->dev))
			continue;
		func(vf);
		device_unlock(&vf->dev);
	}
}

/*
 * When the host sleeps a VF goes before the PF, and comes back after it. Without this
 * the PCI core restores the VF's configuration in parallel with the PF's: what is
 * written before the PF has VFs again is lost, interrupts for example. The link ends
 * with the VF.
 */
static void order_vf(struct pci_dev *vf)
{
	if (!device_link_add(&vf->dev, &pci_physfn(vf)->dev, DL_FLAG_STATELESS))
		pci_warn(vf, "will not survive a sleep of the host\n");
}

/**
 * vpf_sriov_configure() - sriov_numvfs was written
 * @pdev: the PF
 * @num_vfs: 0: none
 *
 * Return: number of VFs, or -errno.
 */
int vpf_sriov_configure(struct pci_dev *pdev, int num_vfs)
{
	struct vpf_nic *nic = pci_get_drvdata(pdev);
	struct pci_dev *vf = NULL;
	int err;

	if (!num_vfs) {
		vpf_sriov_disable(nic);
		return 0;
	}
	if (num_vfs > VPF_MAX_VFS)	/* the PF needs a queue */
		return -ERANGE;
	if (nic->num_vfs)
		return -EBUSY;

	err = set_num_vfs(nic, num_vfs);
	if (err)
		return err;
	err = pci_enable_sriov(pdev, num_vfs);
	if (err) {
		destroy_vfs(nic);
		set_num_vfs(nic, 0);
		return err;
	}
	while ((vf = next_vf(pdev, vf)))
		order_vf(vf);
	return num_vfs;
}

/**
 * vpf_sriov_pci_name() - PCI address of a VF
 * @nic: the PF
 * @nr: number of the VF
 * @buf: receives it
 * @size: of @buf
 */
void vpf_sriov_pci_name(struct vpf_nic *nic, unsigned int nr, char *buf, size_t size)
{
	struct pci_dev *pdev = nic->pdev;
	int pos = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_SRIOV);
	u16 offset, stride;
	unsigned int id;

	pci_read_config_word(pdev, pos + PCI_SRIOV_VF_OFFSET, &offset);
	pci_read_config_word(pdev, pos + PCI_SRIOV_VF_STRIDE, &stride);
	id = pci_dev_id(pdev) + offset + stride * nr;
	snprintf(buf, size, "%04x:%02x:%02x.%d", pci_domain_nr(pdev->bus), id >> 8,
		 PCI_SLOT(id), PCI_FUNC(id));
}

void vpf_vfs_init(struct vpf_nic *nic)
{
	unsigned int n;

	vpf_mbx_init(nic);
	for (n = 0; n < VPF_MAX_VFS; n++)
		vpf_vf_init(&nic->vf[n], nic, n);
}

void vpf_vfs_update_stats(struct vpf_nic *nic)
{
	unsigned int n;

	vpf_abuse_look(nic);
	for (n = 0; n < nic->num_vfs; n++) {
		struct vferry_pf_vf *vf = &nic->vf[n];

		mutex_lock(&vf->lock);
		if (vf->active)
			vpf_vf_update_counters(vf);
		mutex_unlock(&vf->lock);
	}
}

static void lock_vfs(struct vpf_nic *nic)
{
	unsigned int n;

	for (n = 0; n < nic->num_vfs; n++)
		mutex_lock_nested(&nic->vf[n].lock, n);
}

static void unlock_vfs(struct vpf_nic *nic)
{
	unsigned int n = nic->num_vfs;

	while (n--)
		mutex_unlock(&nic->vf[n].lock);
}

/**
 * vpf_vfs_leave() - the NIC goes away with all VFs
 * @nic: the PF
 *
 * When this returns %VPF_F_AWAY is set and nobody is at a register of a VF.
 */
void vpf_vfs_leave(struct vpf_nic *nic)
{
	unsigned int n;

	lock_vfs(nic);
	for (n = 0; n < nic->num_vfs; n++)
		vpf_vf_update_counters(&nic->vf[n]);
	set_bit(VPF_F_AWAY, &nic->flags);
	unlock_vfs(nic);
}

/**
 * vpf_vfs_before_reset() - the whole NIC is about to be reset
 * @nic: the PF
 *
 * Takes the locks of all VFs, so that nobody touches a mailbox during the reset;
 * vpf_vfs_after_reset() gives them back.
 */
void vpf_vfs_before_reset(struct vpf_nic *nic)
{
	unsigned int n;

	lock_vfs(nic);
	for (n = 0; n < nic->num_vfs; n++) {
		vpf_vf_update_counters(&nic->vf[n]);
		vpf_vf_reset(&nic->vf[n]);
	}
}

/**
 * vpf_vfs_after_reset() - the reset is over
 * @nic: the PF, configured again if it is still there
 *
 * Drivers of VFs see RSTI and RSTD in their mailbox register, and a CONTROL
 * without CTS.
 */
void vpf_vfs_after_reset(struct vpf_nic *nic)
{
	unsigned int n;

	for (n = 0; n < nic->num_vfs; n++) {
		memset(nic->vf[n].counters_hw, 0, sizeof(nic->vf[n].counters_hw));
		nic->vf[n].mbx.control = true;
	}
	unlock_vfs(nic);
	for (n = 0; n < nic->num_vfs; n++)
		vpf_vf_kick(&nic->vf[n]);
}

/* Drivers of VFs look at the link themselves; this only makes them look sooner */
void vpf_vfs_link_changed(struct vpf_nic *nic)
{
	unsigned int n;

	for (n = 0; n < nic->num_vfs; n++) {
		struct vferry_pf_vf *vf = &nic->vf[n];

		mutex_lock(&vf->lock);
		if (vf->cts)	/* one that is to say otherwise stays */
			vf->mbx.control = true;
		mutex_unlock(&vf->lock);
		vpf_vf_kick(vf);
	}
}

/* The VF that an ndo names, with its lock held, or NULL */
static struct vferry_pf_vf *get_vf(struct net_device *netdev, int nr)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vferry_pf_vf *vf;

	if (nr < 0 || nr >= nic->num_vfs)
		return NULL;
	vf = &nic->vf[nr];
	mutex_lock(&vf->lock);
	if (vf->active)
		return vf;
	mutex_unlock(&vf->lock);
	return NULL;
}

static void put_vf(struct vferry_pf_vf *vf)
{
	mutex_unlock(&vf->lock);
}

/*
 * May an administrator change this of the VF now? A guest that is on its way has been judged
 * by what is set, and cannot be sent back.
 */
static int check_settable(struct vferry_pf_vf *vf, const char *what)
{
	const char *why = NULL;

	lockdep_assert_held(&vf->lock);

	if (vpf_room_promised(vf->nic, vf->nr))
		why = "a guest is coming to it";
	switch (vpf_mig_state(vf)) {
	case VFERRY_MIG_MIGRATE_SENT:
	case VFERRY_MIG_MIGRATING:
	case VFERRY_MIG_SUSPEND_SENT:
	case VFERRY_MIG_SUSPENDED:
		why = "its guest is migrating";
		break;
	case VFERRY_MIG_IDLE:
	case VFERRY_MIG_RESUME_SENT:
	case VFERRY_MIG_CANCEL_SENT:
	case VFERRY_MIG_STATES:
		/* a guest can stay in the last two as long as it likes; revoked, it starts anew */
		break;
	}
	if (!why)
		return 0;
	netdev_warn(vf->nic->netdev, "VF %u: %s, its %s cannot be changed now\n",
		    vf->nr, why, what);
	return -EBUSY;
}

/* @mac: NULL gives the choice back to the guest. All or nothing is changed */
static int change_mac(struct vferry_pf_vf *vf, const u8 *mac)
{
	const struct vpf_policy old = vf->policy;
	int err;

	lockdep_assert_held(&vf->lock);

	if (mac) {
		err = vpf_room_give(vf->nic, vf->nr, mac);
		if (err)
			return err;
		ether_addr_copy(vf->policy.mac, mac);
	}
	vf->policy.mac_set = mac;
	err = vpf_vf_set_mac(vf, vpf_vf_home(vf));
	if (err) {
		vf->policy = old;
	} else {
		vf->admin.mac_set = mac;
		ether_addr_copy(vf->admin.mac, vf->policy.mac);
	}
	/* neither may it keep further ones; told by the same as of the address, if at all */
	if (!err && mac && !vf->policy.trusted) {
		vpf_filter_uc_clear(vf->nic, vf->nr);
		vf->uc_count = 0;
	}
	vpf_vf_claim_home(vf);
	return err;
}

/* An address of all zeros gives the choice back to the guest */
int vpf_ndo_set_vf_mac(struct net_device *netdev, int nr, u8 *mac)
{
	bool set = !is_zero_ether_addr(mac);
	struct vferry_pf_vf *vf;
	int err = 0;

	if (set && !is_valid_ether_addr(mac))
		return -EADDRNOTAVAIL;
	vf = get_vf(netdev, nr);
	if (!vf)
		return -EINVAL;

	err = check_settable(vf, "address");
	if (err)
		goto out;
	err = change_mac(vf, set ? mac : NULL);
	if (err) {
		netdev_warn(netdev, "VF %d: address %pM is in use by another\n", nr, mac);
		goto out;
	}
	/* the driver learns it from the answer to RESET */
	vpf_vf_revoke(vf);
out:
	put_vf(vf);
	return err;
}

int vpf_ndo_set_vf_vlan(struct net_device *netdev, int nr, u16 vlan, u8 qos, __be16 proto)
{
	struct vpf_policy old;
	struct vferry_pf_vf *vf;
	int err = 0;

	if (vlan >= VLAN_N_VID - 1 || qos > 7)
		return -EINVAL;
	if (proto != htons(ETH_P_8021Q))
		return -EPROTONOSUPPORT;
	vf = get_vf(netdev, nr);
	if (!vf)
		return -EINVAL;

	err = check_settable(vf, "port VLAN");
	if (err)
		goto out;
	old = vf->policy;
	vf->policy.vlan = vlan;
	vf->policy.qos = qos;
	err = vpf_vf_apply_vlan(vf);
	if (err) {
		netdev_warn(netdev, "VF %d: no room for VLAN %u\n", nr, vlan);
		vf->policy = old;
		vpf_vf_apply_vlan(vf);
		goto out;
	}
	vf->admin.vlan = vlan;
	vf->admin.qos = qos;
	vpf_vf_revoke(vf);	/* its own VLANs are gone, or possible again */
out:
	put_vf(vf);
	return err;
}

/* The 82576 as QEMU makes it has no rate limits */
int vpf_ndo_set_vf_rate(struct net_device *netdev, int nr, int min, int max)
{
	return -EOPNOTSUPP;
}

int vpf_ndo_set_vf_spoofchk(struct net_device *netdev, int nr, bool on)
{
	struct vferry_pf_vf *vf = get_vf(netdev, nr);

	if (!vf)
		return -EINVAL;
	vf->admin.spoofchk = vf->policy.spoofchk = on;
	vpf_filter_set_spoofchk(vf->nic, nr, on);
	put_vf(vf);
	return 0;
}

int vpf_ndo_set_vf_trust(struct net_device *netdev, int nr, bool on)
{
	struct vferry_pf_vf *vf = get_vf(netdev, nr);

	if (!vf)
		return -EINVAL;
	/* what was promised to a guest that is on its way may need trust */
	if (!on && vpf_room_promised(vf->nic, nr)) {
		put_vf(vf);
		return -EBUSY;
	}
	vf->admin.trusted = vf->policy.trusted = on;
	vpf_vf_apply_multicast(vf);
	put_vf(vf);
	vpf_vf_kick(vf);
	return 0;
}

/* 0 to 2 as everywhere; 3 to 6: enum vferry_link_state, only noted here */
int vpf_ndo_set_vf_link_state(struct net_device *netdev, int nr, int link_state)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vferry_pf_vf *vf;

	if (nr < 0 || nr >= nic->num_vfs)
		return -EINVAL;

	switch (link_state) {
	case IFLA_VF_LINK_STATE_AUTO:
	case IFLA_VF_LINK_STATE_ENABLE:
	case IFLA_VF_LINK_STATE_DISABLE:
		break;
	case VFERRY_LINK_STATE_MIGRATE:
	case VFERRY_LINK_STATE_CANCEL:
	case VFERRY_LINK_STATE_SUSPEND:
	case VFERRY_LINK_STATE_RESUME:
		return vpf_mig_user(nic, nr, link_state, NULL);
	default:
		return -EINVAL;
	}

	vf = get_vf(netdev, nr);
	if (!vf)
		return -EINVAL;
	vf->admin.link_state = vf->policy.link_state = link_state;
	vpf_vf_apply_enable(vf);
	put_vf(vf);
	return 0;
}

int vpf_ndo_get_vf_config(struct net_device *netdev, int nr, struct ifla_vf_info *ivi)
{
	struct vferry_pf_vf *vf = get_vf(netdev, nr);

	if (!vf)
		return -EINVAL;
	ivi->vf = nr;
	ether_addr_copy(ivi->mac, vf->mac);
	ivi->vlan = vf->policy.vlan;
	ivi->qos = vf->policy.qos;
	ivi->vlan_proto = htons(ETH_P_8021Q);
	ivi->trusted = vf->policy.trusted;
	ivi->spoofchk = vf->policy.spoofchk;
	ivi->linkstate = vpf_mig_link_state(vpf_mig_state(vf)) ?: vf->policy.link_state;
	put_vf(vf);
	return 0;
}

int vpf_ndo_get_vf_stats(struct net_device *netdev, int nr, struct ifla_vf_stats *stats)
{
	struct vferry_pf_vf *vf = get_vf(netdev, nr);

	if (!vf)
		return -EINVAL;
	vpf_vf_update_counters(vf);
	stats->rx_packets = vf->counters[0];
	stats->tx_packets = vf->counters[1];
	stats->rx_bytes = vf->counters[2];
	stats->tx_bytes = vf->counters[3];
	stats->multicast = vf->counters[4];
	put_vf(vf);
	return 0;
}
