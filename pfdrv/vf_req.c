// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of a VF.
 */
#include <linux/etherdevice.h>

#include "pf.h"
#include "vf.h"
#include "vf_mbx.h"

/**
 * vpf_req_words() - how many words of a request are to be read?
 * @word0: its first word
 *
 * Return: 0: it is none, and gets no answer.
 */
unsigned int vpf_req_words(u32 word0)
{
	if (word0 & (VFERRY_MBX_ACK | VFERRY_MBX_NACK))
		return 0;

	switch (vferry_mbx_id(word0)) {
	case VFERRY_MBX_SET_VLAN:
	case VFERRY_MBX_SET_MAX_FRAME:
		return 2;
	case VFERRY_MBX_SET_MAC:
	case VFERRY_MBX_HELLO:
		return 3;
	case VFERRY_MBX_STATUS:
		return VFERRY_MBX_STATUS_WORDS;
	case VFERRY_MBX_SET_MULTICAST:
		return VFERRY_MBX_WORDS;
	case VFERRY_MBX_CMD:	/* ours, before the VF has written anything over it */
		return 0;
	}
	return 1;
}

/* An address that the host has set can be changed by a trusted VF only */
static bool may_choose_mac(const struct vferry_pf_vf *vf)
{
	return !vf->policy.mac_set || vf->policy.trusted;
}

/* Refused until the VF is trusted */
static int distrust(struct vferry_pf_vf *vf)
{
	vf->distrusted = true;
	return -EPERM;
}

static int add_uc(struct vferry_pf_vf *vf, const u8 *mac)
{
	int err;

	if (!is_valid_ether_addr(mac))
		return -EADDRNOTAVAIL;
	if (!may_choose_mac(vf)) {
		vpf_vf_say(vf, "refused address %pM: the host has set one, and the VF is not trusted",
			   mac);
		return distrust(vf);
	}
	err = vf->uc_count == VFERRY_DEV_UC_ADDRS ? -ENOSPC :
	      vpf_filter_uc_add(vf->nic, vf->nr, mac, vpf_mig_origin(vf));
	if (!err)
		ether_addr_copy(vf->uc_addrs[vf->uc_count++], mac);
	else if (err == -ENOSPC)
		vpf_vf_say(vf, "no room for address %pM: it has %u, the NIC has %u for all",
			   mac, vf->uc_count, VFERRY_DEV_UC_ADDRS);
	else
		vpf_vf_say(vf, "address %pM is in use by another", mac);
	return err;
}

static int set_mac(struct vferry_pf_vf *vf, const u32 *msg)
{
	u8 mac[ETH_ALEN];

	vferry_mbx_get_mac(&msg[1], mac);
	switch (vferry_mbx_info(msg[0])) {
	case VFERRY_MBX_MAC_SET:
		if (!is_valid_ether_addr(mac))
			return -EADDRNOTAVAIL;
		if (!may_choose_mac(vf) && !ether_addr_equal(mac, vf->policy.mac))
			return distrust(vf);
		return vpf_vf_set_mac(vf, mac);
	case VFERRY_MBX_MAC_UC_CLEAR:
		vpf_filter_uc_clear(vf->nic, vf->nr);
		vf->uc_count = 0;
		return 0;
	case VFERRY_MBX_MAC_UC_ADD:
		return add_uc(vf, mac);
	}
	return -EINVAL;
}

static int set_multicast(struct vferry_pf_vf *vf, const u32 *msg)
{
	unsigned int count = vferry_mbx_info(msg[0]), i;

	if (count > VFERRY_MBX_MC_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++)
		vf->mc_hashes[i] = msg[1 + i / 2] >> 16 * (i % 2) & 0xfff;
	vf->mc_count = count;
	vpf_vf_apply_multicast(vf);
	return 0;
}

static int del_vlan(struct vferry_pf_vf *vf, u16 vid)
{
	unsigned int i;

	for (i = 0; i < vf->vlan_count; i++) {
		if (vf->vlans[i] != vid)
			continue;
		vf->vlans[i] = vf->vlans[--vf->vlan_count];
		vpf_filter_vlan_del(vf->nic, vf->nr, vid);
		break;
	}
	return 0;
}

static int add_vlan(struct vferry_pf_vf *vf, u16 vid)
{
	unsigned int i;
	int err;

	for (i = 0; i < vf->vlan_count; i++)
		if (vf->vlans[i] == vid)
			return 0;
	err = vf->vlan_count == VFERRY_DEV_VLANS ? -ENOSPC :
	      vpf_filter_vlan_add(vf->nic, vf->nr, vid);
	if (!err)
		vf->vlans[vf->vlan_count++] = vid;
	else
		vpf_vf_say(vf, "no room for VLAN %u: it is in %u, the NIC has %u for all",
			   vid, vf->vlan_count, VPF_VLVFS);
	return err;
}

static int set_vlan(struct vferry_pf_vf *vf, const u32 *msg)
{
	bool add = vferry_mbx_info(msg[0]) & 1;

	if (msg[1] >= VLAN_N_VID - 1)
		return -EINVAL;
	/* On a port VLAN there are no others; 0 is asked for by habit */
	if (vf->policy.vlan)
		return msg[1] ? -EPERM : 0;
	return add ? add_vlan(vf, msg[1]) : del_vlan(vf, msg[1]);
}

static int set_max_frame(struct vferry_pf_vf *vf, const u32 *msg)
{
	if (msg[1] < ETH_ZLEN + ETH_FCS_LEN || msg[1] > VPF_MAX_FRAME)
		return -EINVAL;
	vf->max_frame = msg[1];
	vpf_filter_set_size(vf->nic, vf->nr, msg[1]);
	return 0;
}

/* What is wanted is remembered, also when it is refused: trust may come later */
static int set_promisc(struct vferry_pf_vf *vf, const u32 *msg)
{
	u32 mode = vferry_mbx_info(msg[0]);

	if (mode != VFERRY_MBX_PROMISC_OFF && mode != VFERRY_MBX_PROMISC_MULTICAST)
		return -EINVAL;
	vf->mc_wanted = mode == VFERRY_MBX_PROMISC_MULTICAST;
	vpf_vf_apply_multicast(vf);
	if (!vf->mc_wanted || vf->policy.trusted)
		return 0;
	vpf_vf_say(vf, "refused all multicast: the VF is not trusted");
	return -EPERM;
}

/* Returns words of the reply */
static unsigned int reset(struct vferry_pf_vf *vf, u32 *msg)
{
	u8 none[ETH_ALEN] = {};

	if (msg[0] != VFERRY_MBX_RESET) {
		msg[0] |= VFERRY_MBX_NACK;
		return 1;
	}
	if (vpf_vf_start(vf)) {
		msg[0] |= VFERRY_MBX_NACK;
		vferry_mbx_put_mac(&msg[1], none);
	} else {
		msg[0] |= VFERRY_MBX_ACK;
		vferry_mbx_put_mac(&msg[1], vf->mac);
	}
	return 3;
}

static int hello(struct vferry_pf_vf *vf, u32 *msg)
{
	struct vferry_mbx_welcome welcome;
	struct vferry_mbx_hello hello;
	int version;

	if (vferry_mbx_get_hello(msg, &hello))
		return -EPROTO;
	version = vferry_mbx_choose(&hello);
	if (version < 0)
		return version;

	welcome.version = version;
	welcome.features = hello.features & (VFERRY_FEAT_MIGRATE | VFERRY_FEAT_ASLEEP);
	vpf_mig_hello(vf, welcome.version, welcome.features);
	return vferry_mbx_put_welcome(msg, &welcome);
}

static void status(struct vferry_pf_vf *vf, const u32 *msg)
{
	struct vferry_mbx_status status;

	if (!vf->cts || vferry_mbx_get_status(msg, &status)) {
		vpf_mbx_count(vf->nic, VPF_MBX_RX_INVALID);
		vpf_abuse_count(vf, VPF_ABUSE_INVALID);
		return;
	}
	vpf_mig_status(vf, &status);
}

static enum vpf_mbx_stat stat_of(u32 word0)
{
	switch (vferry_mbx_id(word0)) {
	case VFERRY_MBX_RESET:		return VPF_MBX_RX_RESET;
	case VFERRY_MBX_SET_MAC:	return VPF_MBX_RX_SET_MAC;
	case VFERRY_MBX_SET_MULTICAST:	return VPF_MBX_RX_SET_MULTICAST;
	case VFERRY_MBX_SET_VLAN:	return VPF_MBX_RX_SET_VLAN;
	case VFERRY_MBX_SET_MAX_FRAME:	return VPF_MBX_RX_SET_MAX_FRAME;
	case VFERRY_MBX_SET_PROMISC:	return VPF_MBX_RX_SET_PROMISC;
	case VFERRY_MBX_HELLO:		return VPF_MBX_RX_HELLO;
	case VFERRY_MBX_STATUS:		return VPF_MBX_RX_STATUS;
	}
	return VPF_MBX_RX_UNKNOWN;
}

static enum vferry_mbx_why why(int err)
{
	switch (err) {
	case -EPERM:
		return VFERRY_WHY_NOT_ALLOWED;
	case -ENOSPC:
		return VFERRY_WHY_FULL;
	case -EADDRINUSE:
		return VFERRY_WHY_IN_USE;
	}
	return VFERRY_WHY_UNKNOWN;
}

/**
 * vpf_req_handle() - do what a VF asks for
 * @vf: the VF
 * @msg: whole mailbox; in: the request, out: the reply
 *
 * Return: words of the reply, 0: none.
 */
unsigned int vpf_req_handle(struct vferry_pf_vf *vf, u32 *msg)
{
	int err = -EOPNOTSUPP;

	lockdep_assert_held(&vf->lock);

	if (!vpf_req_words(msg[0])) {
		vpf_mbx_count(vf->nic, VPF_MBX_RX_INVALID);
		vpf_abuse_count(vf, VPF_ABUSE_INVALID);
		return 0;
	}
	vpf_mbx_count(vf->nic, stat_of(msg[0]));

	switch (vferry_mbx_id(msg[0])) {
	case VFERRY_MBX_RESET:
		return reset(vf, msg);
	case VFERRY_MBX_STATUS:
		status(vf, msg);
		return 0;
	}
	if (!vf->cts) {
		msg[0] |= VFERRY_MBX_NACK;
		return 1;
	}

	switch (vferry_mbx_id(msg[0])) {
	case VFERRY_MBX_SET_MAC:
		err = set_mac(vf, msg);
		break;
	case VFERRY_MBX_SET_MULTICAST:
		err = set_multicast(vf, msg);
		break;
	case VFERRY_MBX_SET_VLAN:
		err = set_vlan(vf, msg);
		break;
	case VFERRY_MBX_SET_MAX_FRAME:
		err = set_max_frame(vf, msg);
		break;
	case VFERRY_MBX_SET_PROMISC:
		err = set_promisc(vf, msg);
		break;
	case VFERRY_MBX_HELLO:
		err = hello(vf, msg);
		if (err > 0)
			return err;
		break;
	}
	if (err && vpf_mig_speaks(vf))
		msg[0] = vferry_mbx_put_why(msg[0], why(err));
	msg[0] |= VFERRY_MBX_CTS | (err ? VFERRY_MBX_NACK : VFERRY_MBX_ACK);
	return 1;
}
