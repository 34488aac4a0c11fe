// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the VF asks of its PF, one function a message. All sleep and return what
 * vvf_mbx_request() returns.
 */
#include <linux/etherdevice.h>

#include "request.h"
#include "vvf.h"

static u32 vvf_request_head(enum vferry_mbx_id id, u32 info)
{
	return id | info << VFERRY_MBX_INFO_SHIFT;
}

/**
 * vvf_request_reset() - tell the PF that the VF has been reset
 * @vvf: device, just reset by vvf_mbx_reset()
 *
 * The answer brings the address that the PF has for this VF. A PF that has
 * none refuses (igb) or gives zeros, and is asked to take the driver's.
 */
int vvf_request_reset(struct vvf *vvf)
{
	u32 msg[VFERRY_MBX_WORDS] = { VFERRY_MBX_RESET };
	u8 mac[ETH_ALEN] = {};
	int r;

	r = vvf_mbx_request(vvf, msg, 1);
	if (r && r != -EACCES)
		return r;
	if (!r)
		vferry_mbx_get_mac(&msg[1], mac);
	vvf_filter_given(vvf, mac);
	return 0;
}

/**
 * vvf_request_hello() - does the PF speak vferry?
 * @vvf: device; mig.welcome receives the answer
 * @features: VFERRY_FEAT_* on offer
 *
 * Return: -EACCES: it does not.
 */
int vvf_request_hello(struct vvf *vvf, u32 features)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN,
		.max = VFERRY_PROTO_MAX,
		.features = features,
	};
	u32 msg[VFERRY_MBX_WORDS];
	int r;

	r = vvf_mbx_request(vvf, msg, vferry_mbx_put_hello(msg, &hello));
	if (!r && vferry_mbx_get_welcome(msg, &vvf->mig.welcome))
		r = -EACCES;
	return r;
}

/**
 * vvf_request_mac() - set an address
 * @vvf: device
 * @what: which one
 * @mac: address; not used by %VFERRY_MBX_MAC_UC_CLEAR
 */
int vvf_request_mac(struct vvf *vvf, enum vferry_mbx_mac what, const u8 *mac)
{
	u32 msg[VFERRY_MBX_WORDS] = { vvf_request_head(VFERRY_MBX_SET_MAC, what) };

	vferry_mbx_put_mac(&msg[1], mac);
	return vvf_mbx_request(vvf, msg, 3);
}

/**
 * vvf_request_multicast() - set the multicast filter
 * @vvf: device
 * @hashes: 12-bit hashes
 * @count: at most VFERRY_MBX_MC_MAX
 */
int vvf_request_multicast(struct vvf *vvf, const u16 *hashes, unsigned int count)
{
	u32 msg[VFERRY_MBX_WORDS] = { vvf_request_head(VFERRY_MBX_SET_MULTICAST, count) };
	unsigned int i;

	for (i = 0; i < count; i++)
		msg[1 + i / 2] |= (u32)hashes[i] << 16 * (i % 2);
	return vvf_mbx_request(vvf, msg, 1 + DIV_ROUND_UP(count, 2));
}

/**
 * vvf_request_vlan() - let a VLAN in, or no longer
 * @vvf: device
 * @vid: its number
 * @add: in
 */
int vvf_request_vlan(struct vvf *vvf, u16 vid, bool add)
{
	u32 msg[VFERRY_MBX_WORDS] = { vvf_request_head(VFERRY_MBX_SET_VLAN, add), vid };

	return vvf_mbx_request(vvf, msg, 2);
}

/**
 * vvf_request_max_frame() - set the largest frame
 * @vvf: device
 * @bytes: with header, VLAN tag and CRC
 */
int vvf_request_max_frame(struct vvf *vvf, unsigned int bytes)
{
	u32 msg[VFERRY_MBX_WORDS] = { VFERRY_MBX_SET_MAX_FRAME, bytes };

	return vvf_mbx_request(vvf, msg, 2);
}

/**
 * vvf_request_promisc() - set promiscuity
 * @vvf: device
 * @what: of which kind
 */
int vvf_request_promisc(struct vvf *vvf, enum vferry_mbx_promisc what)
{
	u32 msg[VFERRY_MBX_WORDS] = { vvf_request_head(VFERRY_MBX_SET_PROMISC, what) };

	return vvf_mbx_request(vvf, msg, 1);
}
