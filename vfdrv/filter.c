// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the VF wants to receive; see filter.h.
 *
 * A change that cannot be told now, because the VF is suspended, is accepted
 * and told after RESUME, with everything else.
 */
#include "request.h"
#include "vvf.h"

#define FILTER_ALL	0

static void vvf_filter_later(struct vvf *vvf)
{
	set_bit(FILTER_ALL, &vvf->filter.all);
}

/* Note what became of a request that nobody can be told about. Return: it was heard. */
static bool vvf_filter_result(struct vvf *vvf, int r, const char *what)
{
	if (r == -EBUSY || r == -ENODEV) {
		vvf_filter_later(vvf);
		return false;
	}
	if (r) {
		vvf->filter.refused++;
		netdev_dbg(vvf->netdev, "%s: %pe\n", what, ERR_PTR(r));
	}
	return true;
}

static unsigned int vvf_filter_max_frame(unsigned int mtu)
{
	return mtu + ETH_HLEN + VLAN_HLEN + ETH_FCS_LEN;
}

/* The 82576's hash with RCTL.MO 0: bits 47:36 of the address. */
static u16 vvf_filter_hash(const u8 *mac)
{
	return mac[4] >> 4 | mac[5] << 4;
}

static void vvf_filter_tell_multicast(struct vvf *vvf)
{
	struct net_device *netdev = vvf->netdev;
	struct vvf_filter *filter = &vvf->filter;
	u16 hashes[VFERRY_MBX_MC_MAX];
	unsigned int count = 0;
	struct netdev_hw_addr *ha;
	bool promisc;

	netif_addr_lock_bh(netdev);
	promisc = netdev->flags & (IFF_ALLMULTI | IFF_PROMISC) ||
		  netdev_mc_count(netdev) > VFERRY_MBX_MC_MAX;
	netdev_for_each_mc_addr(ha, netdev) {
		if (count == VFERRY_MBX_MC_MAX)
			break;
		hashes[count++] = vvf_filter_hash(ha->addr);
	}
	netif_addr_unlock_bh(netdev);

	vvf_filter_result(vvf, vvf_request_multicast(vvf, hashes, count), "multicast filter");
	if (promisc != filter->promisc &&
	    vvf_filter_result(vvf, vvf_request_promisc(vvf, promisc ?
						       VFERRY_MBX_PROMISC_MULTICAST :
						       VFERRY_MBX_PROMISC_OFF),
			      "multicast promiscuity"))
		filter->promisc = promisc;
}

static void vvf_filter_tell_unicast(struct vvf *vvf)
{
	struct net_device *netdev = vvf->netdev;
	struct vvf_filter *filter = &vvf->filter;
	struct netdev_hw_addr *ha;
	unsigned int i, count = 0;

	netif_addr_lock_bh(netdev);
	netdev_for_each_uc_addr(ha, netdev) {
		if (count == VVF_UC_MAX)
			break;
		ether_addr_copy(filter->uc[count++], ha->addr);
	}
	netif_addr_unlock_bh(netdev);
	filter->uc_count = count;

	if (!filter->uc_told && !count)
		return;
	if (vvf_filter_result(vvf, vvf_request_mac(vvf, VFERRY_MBX_MAC_UC_CLEAR, netdev->dev_addr),
			      "clear unicast filters"))
		filter->uc_told = count;
	for (i = 0; i < count; i++)
		vvf_filter_result(vvf, vvf_request_mac(vvf, VFERRY_MBX_MAC_UC_ADD, filter->uc[i]),
				  "unicast filter");
}

static void vvf_filter_tell_rest(struct vvf *vvf)
{
	struct net_device *netdev = vvf->netdev;
	struct vvf_filter *filter = &vvf->filter;
	unsigned int vid;

	if (!ether_addr_equal(filter->pf_mac, netdev->dev_addr))
		vvf_filter_result(vvf, vvf_request_mac(vvf, VFERRY_MBX_MAC_SET, netdev->dev_addr),
				  "address");
	vvf_filter_result(vvf, vvf_request_max_frame(vvf, vvf_filter_max_frame(netdev->mtu)),
			  "largest frame");
	for (vid = 0; vid < VLAN_N_VID; vid++) {
		bool add = test_bit(vid, filter->vlans);

		if (add != test_bit(vid, filter->vlans_told) &&
		    vvf_filter_result(vvf, vvf_request_vlan(vvf, vid, add), "VLAN"))
			assign_bit(vid, filter->vlans_told, add);
	}
}

static void vvf_filter_work(struct work_struct *work)
{
	struct vvf *vvf = container_of(work, struct vvf, filter.work);
	struct vvf_filter *filter = &vvf->filter;

	mutex_lock(&filter->lock);
	if (test_and_clear_bit(FILTER_ALL, &filter->all))
		vvf_filter_tell_rest(vvf);
	vvf_filter_tell_unicast(vvf);
	vvf_filter_tell_multicast(vvf);
	mutex_unlock(&filter->lock);
}

/**
 * vvf_filter_lists_changed() - tell the PF the address lists, soon
 * @vvf: device
 *
 * Any context.
 */
void vvf_filter_lists_changed(struct vvf *vvf)
{
	schedule_work(&vvf->filter.work);
}

/**
 * vvf_filter_restore() - tell the PF everything, soon
 * @vvf: device, reset or resumed
 *
 * After a reset the PF knows nothing.
 */
void vvf_filter_restore(struct vvf *vvf)
{
	struct vvf_filter *filter = &vvf->filter;

	filter->promisc = false;
	filter->uc_told = false;
	bitmap_zero(filter->vlans_told, VLAN_N_VID);
	vvf_filter_later(vvf);
	schedule_work(&vvf->filter.work);
}

/**
 * vvf_filter_resumed() - tell the PF what could not be told
 * @vvf: device, resumed
 *
 * The filters themselves came along with the migration.
 */
void vvf_filter_resumed(struct vvf *vvf)
{
	if (test_bit(FILTER_ALL, &vvf->filter.all))
		schedule_work(&vvf->filter.work);
}

/* While suspended: yes, and later. */
static int vvf_filter_accept(struct vvf *vvf, int r)
{
	if (r != -EBUSY)
		return r;
	vvf_filter_later(vvf);
	return 0;
}

/**
 * vvf_filter_set_mac() - change the VF's own address
 * @vvf: device
 * @mac: new address
 *
 * Return: 0, the interface's address is for the caller to change; -EACCES: the
 * PF does not allow it.
 */
int vvf_filter_set_mac(struct vvf *vvf, const u8 *mac)
{
	int r = vvf_request_mac(vvf, VFERRY_MBX_MAC_SET, mac);

	if (!r)
		ether_addr_copy(vvf->filter.pf_mac, mac);
	return vvf_filter_accept(vvf, r);
}

/**
 * vvf_filter_set_mtu() - change the largest frame
 * @vvf: device
 * @mtu: new MTU
 */
int vvf_filter_set_mtu(struct vvf *vvf, unsigned int mtu)
{
	return vvf_filter_accept(vvf, vvf_request_max_frame(vvf, vvf_filter_max_frame(mtu)));
}

/**
 * vvf_filter_set_vlan() - a VLAN comes or goes
 * @vvf: device
 * @vid: its number
 * @add: comes
 */
int vvf_filter_set_vlan(struct vvf *vvf, u16 vid, bool add)
{
	struct vvf_filter *filter = &vvf->filter;
	int r = vvf_request_vlan(vvf, vid, add);

	if (!r)
		assign_bit(vid, filter->vlans_told, add);
	r = vvf_filter_accept(vvf, r);
	/* A VLAN that the PF does not let go only costs the host a filter. */
	if (r && add)
		return r;
	assign_bit(vid, filter->vlans, add);
	return 0;
}

/**
 * vvf_filter_init() - prepare
 * @vvf: device
 */
void vvf_filter_init(struct vvf *vvf)
{
	mutex_init(&vvf->filter.lock);
	INIT_WORK(&vvf->filter.work, vvf_filter_work);
	/* The interface's lists have no lock before it is registered. */
	disable_work(&vvf->filter.work);
}

/**
 * vvf_filter_start() - tell the PF what has been asked for, and go on with it
 * @vvf: device, registered
 */
void vvf_filter_start(struct vvf *vvf)
{
	enable_work(&vvf->filter.work);
	schedule_work(&vvf->filter.work);
}

/**
 * vvf_filter_stop() - tell the PF nothing any more
 * @vvf: device
 */
void vvf_filter_stop(struct vvf *vvf)
{
	disable_work_sync(&vvf->filter.work);
}
