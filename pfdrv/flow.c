// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flow control: pause frames of IEEE 802.3 annex 31B.
 */
#include <linux/bitfield.h>
#include <linux/ethtool.h>
#include <linux/mii.h>

#include "flow.h"
#include "pf.h"
#include "phy.h"

/* Destination 01:80:c2:00:00:01 and EtherType of a pause frame, as the registers have them */
#define VPF_PAUSE_ADDR_LOW	0x00c28001
#define VPF_PAUSE_ADDR_HIGH	0x0100
#define VPF_PAUSE_TYPE		0x8808
/* Asked for at once, in times of 512 bits: the longest; taken back when there is room */
#define VPF_PAUSE_TIME		0xffff

/* What of the receive buffer must be free when we say stop: two of the largest frames */
#define VPF_PAUSE_ROOM		(2 * VPF_MAX_FRAME)
#define VPF_PAUSE_HYSTERESIS	1500

static void set_marks(struct vpf_nic *nic, bool on)
{
	u32 size = FIELD_GET(RXPBS_SIZE, vpf_rd(nic, R_RXPBS)) * 1024;
	u32 high = 0, low = 0;

	if (on && size > VPF_PAUSE_ROOM + VPF_PAUSE_HYSTERESIS) {
		high = (size - VPF_PAUSE_ROOM) & ~0xfu;
		low = (high - VPF_PAUSE_HYSTERESIS) & ~0xfu;
	}
	vpf_wr(nic, R_FCRTL, low ? low | FCRTL_XONE : 0);
	vpf_wr(nic, R_FCRTH, high);
}

/**
 * vpf_flow_apply() - let the NIC do what both sides have agreed on
 * @nic: the PF, when its link comes up, or after a change
 *
 * Return: 0, or the PHY's error.
 */
int vpf_flow_apply(struct vpf_nic *nic)
{
	struct vpf_phy_info info;
	unsigned int i;
	u32 ctrl, mode;
	int err;

	ASSERT_RTNL();

	err = vpf_phy_info(nic, &info);
	if (err)
		return err;
	if (nic->autoneg && nic->pause_autoneg)
		mode = info.full ? mii_resolve_flowctrl_fdx(info.pause_own, info.pause_partner) : 0;
	else
		mode = nic->pause;

	ctrl = vpf_rd(nic, R_CTRL) & ~(CTRL_RFCE | CTRL_TFCE);
	if (mode & FLOW_CTRL_RX)
		ctrl |= CTRL_RFCE;
	if (mode & FLOW_CTRL_TX)
		ctrl |= CTRL_TFCE;
	vpf_wr(nic, R_FCAL, VPF_PAUSE_ADDR_LOW);
	vpf_wr(nic, R_FCAH, VPF_PAUSE_ADDR_HIGH);
	vpf_wr(nic, R_FCT, VPF_PAUSE_TYPE);
	vpf_wr(nic, R_FCTTV, VPF_PAUSE_TIME);
	set_marks(nic, mode & FLOW_CTRL_TX);
	vpf_wr(nic, R_CTRL, ctrl);

	nic->pause_sent = mode & FLOW_CTRL_TX;
	for (i = 0; test_bit(VPF_F_UP, &nic->flags) && i < nic->num_queues; i++)
		vpf_rx_set_drop(&nic->queues[i]);
	return 0;
}

void vpf_get_pauseparam(struct net_device *netdev, struct ethtool_pauseparam *pause)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	pause->autoneg = nic->pause_autoneg;
	pause->rx_pause = !!(nic->pause & FLOW_CTRL_RX);
	pause->tx_pause = !!(nic->pause & FLOW_CTRL_TX);
}

int vpf_set_pauseparam(struct net_device *netdev, struct ethtool_pauseparam *pause)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	if (pause->autoneg && !nic->autoneg)
		return -EINVAL;
	nic->pause_autoneg = pause->autoneg;
	nic->pause = (pause->rx_pause ? FLOW_CTRL_RX : 0) | (pause->tx_pause ? FLOW_CTRL_TX : 0);
	/* what we offer is another: the link comes up anew, and then applies it */
	if (nic->autoneg)
		return vpf_phy_setup(nic);
	return vpf_flow_apply(nic);
}
