// SPDX-License-Identifier: GPL-2.0-only
/*
 * The copper PHY.
 */
#include <linux/bitfield.h>
#include <linux/iopoll.h>
#include <linux/mii.h>

#include "pf.h"
#include "phy.h"

#define VPF_PHY_ADDR		1	/* [8.2.4] the internal PHY */
#define VPF_MDIC_US		2000	/* an access takes about 64 us on the wire */
#define VPF_SWSM_US		2000	/* held for a few register accesses */
#define VPF_SYNC_US		1000000	/* the firmware may be at it for that long */
#define VPF_SYNC_RETRY_US	5000

/* The semaphore that guards SW_FW_SYNC: first between drivers, then with the firmware */
static int swsm_get(struct vpf_nic *nic)
{
	u32 val;

	if (read_poll_timeout(vpf_rd, val, !(val & SWSM_SMBI), 50, VPF_SWSM_US,
			      false, nic, R_SWSM))
		return -EBUSY;
	vpf_wr(nic, R_SWSM, val | SWSM_SMBI | SWSM_SWESMBI);
	if (read_poll_timeout(vpf_rd, val, val & SWSM_SWESMBI, 50, VPF_SWSM_US,
			      false, nic, R_SWSM)) {
		vpf_wr(nic, R_SWSM, val & ~SWSM_SMBI);
		return -EBUSY;
	}
	return 0;
}

static void swsm_put(struct vpf_nic *nic)
{
	vpf_wr(nic, R_SWSM, vpf_rd(nic, R_SWSM) & ~(SWSM_SMBI | SWSM_SWESMBI));
}

/* One attempt at the PHY. -EAGAIN: the firmware or the other port has it */
static int sync_get(struct vpf_nic *nic, u32 bit)
{
	int err;
	u32 val;

	err = swsm_get(nic);
	if (err)
		return err;
	val = vpf_rd(nic, R_SW_FW_SYNC);
	if (val & (bit | SW_FW_SYNC_FW(bit)))
		err = -EAGAIN;
	else
		vpf_wr(nic, R_SW_FW_SYNC, val | bit);
	swsm_put(nic);
	return err;
}

static u32 phy_bit(struct vpf_nic *nic)
{
	return SW_FW_SYNC_PHY(FIELD_GET(STATUS_FUNC, vpf_rd(nic, R_STATUS)));
}

static void phy_end(struct vpf_nic *nic)
{
	int err = swsm_get(nic);

	vpf_wr(nic, R_SW_FW_SYNC, vpf_rd(nic, R_SW_FW_SYNC) & ~phy_bit(nic));
	if (!err)
		swsm_put(nic);
	mutex_unlock(&nic->phy_lock);
}

/*
 * Have the PHY to ourselves: the firmware and the driver of another port use the
 * same MDIO bus. Whoever holds it for longer than that is dead: go on without him.
 */
static void phy_begin(struct vpf_nic *nic)
{
	int err;

	mutex_lock(&nic->phy_lock);
	read_poll_timeout(sync_get, err, !err, VPF_SYNC_RETRY_US, VPF_SYNC_US, false,
			  nic, phy_bit(nic));
	if (!err)
		return;
	dev_warn_ratelimited(&nic->pdev->dev, "the PHY is kept by somebody else (%pe)\n",
			     ERR_PTR(err));
	vpf_wr(nic, R_SWSM, 0);
}

static int mdic(struct vpf_nic *nic, u32 cmd, u16 *ret_val)
{
	u32 val;

	lockdep_assert_held(&nic->phy_lock);

	vpf_wr(nic, R_MDIC, cmd | VPF_PHY_ADDR << MDIC_PHY_SHIFT);
	if (read_poll_timeout(vpf_rd, val, val & MDIC_READY, 50, VPF_MDIC_US,
			      false, nic, R_MDIC))
		return -ETIMEDOUT;
	if (val & MDIC_ERROR)
		return -EIO;
	if (ret_val)
		*ret_val = val;
	return 0;
}

static int phy_read(struct vpf_nic *nic, u32 reg, u16 *ret_val)
{
	return mdic(nic, MDIC_READ | reg << MDIC_REG_SHIFT, ret_val);
}

static int phy_write(struct vpf_nic *nic, u32 reg, u16 val)
{
	return mdic(nic, MDIC_WRITE | reg << MDIC_REG_SHIFT | val, NULL);
}

/**
 * vpf_phy_init() - see if there is a PHY
 * @nic: the PF, at probe
 *
 * Return: 0 or -errno.
 */
int vpf_phy_init(struct vpf_nic *nic)
{
	u16 id;
	int err;

	nic->autoneg = true;
	nic->advertising = VPF_LINK_ALL;
	nic->forced = VPF_LINK_100_FULL;
	nic->pause_autoneg = true;
	nic->pause = FLOW_CTRL_RX | FLOW_CTRL_TX;

	phy_begin(nic);
	err = phy_read(nic, MII_PHYSID1, &id);
	phy_end(nic);
	if (!err && (!id || id == 0xffff))
		err = -ENODEV;
	return err;
}

static u16 advertise(u32 modes)
{
	u16 val = ADVERTISE_CSMA;

	if (modes & VPF_LINK_10_HALF)
		val |= ADVERTISE_10HALF;
	if (modes & VPF_LINK_10_FULL)
		val |= ADVERTISE_10FULL;
	if (modes & VPF_LINK_100_HALF)
		val |= ADVERTISE_100HALF;
	if (modes & VPF_LINK_100_FULL)
		val |= ADVERTISE_100FULL;
	return val;
}

static u16 forced_bmcr(u32 mode)
{
	u16 val = 0;

	if (mode & (VPF_LINK_100_HALF | VPF_LINK_100_FULL))
		val |= BMCR_SPEED100;
	if (mode & (VPF_LINK_10_FULL | VPF_LINK_100_FULL))
		val |= BMCR_FULLDPLX;
	return val;
}

/* Start autonegotiation, or force a mode, as @nic says */
static int setup_locked(struct vpf_nic *nic)
{
	u16 ctrl1000;
	int err;

	if (!nic->autoneg)
		return phy_write(nic, MII_BMCR, forced_bmcr(nic->forced));

	err = phy_write(nic, MII_ADVERTISE, advertise(nic->advertising) |
					    mii_advertise_flowctrl(nic->pause));
	if (err)
		return err;
	err = phy_read(nic, MII_CTRL1000, &ctrl1000);
	if (err)
		return err;
	ctrl1000 &= ~(ADVERTISE_1000HALF | ADVERTISE_1000FULL);
	if (nic->advertising & VPF_LINK_1000_FULL)
		ctrl1000 |= ADVERTISE_1000FULL;
	err = phy_write(nic, MII_CTRL1000, ctrl1000);
	if (err)
		return err;
	return phy_write(nic, MII_BMCR, BMCR_ANENABLE | BMCR_ANRESTART |
					BMCR_FULLDPLX | BMCR_SPEED1000);
}

/**
 * vpf_phy_setup() - bring the link up as configured
 * @nic: the PF, after a reset or a change of link settings
 *
 * Does not wait for it.
 */
int vpf_phy_setup(struct vpf_nic *nic)
{
	int err;

	phy_begin(nic);
	err = setup_locked(nic);
	phy_end(nic);
	set_bit(VPF_F_FLOW, &nic->flags);
	return err;
}

/**
 * vpf_phy_link() - is there a link?
 * @nic: the PF
 * @ret_speed: Mbit/s
 * @ret_full: full duplex
 */
bool vpf_phy_link(struct vpf_nic *nic, u32 *ret_speed, bool *ret_full)
{
	static const u32 speeds[] = { 10, 100, 1000, 1000 };
	u32 status = vpf_rd(nic, R_STATUS);

	*ret_speed = speeds[FIELD_GET(STATUS_SPEED, status)];
	*ret_full = status & STATUS_FD;
	return status & STATUS_LU;
}

/**
 * vpf_phy_info() - ask the PHY about the link
 * @nic: the PF
 * @ret_info: written on success
 */
int vpf_phy_info(struct vpf_nic *nic, struct vpf_phy_info *ret_info)
{
	u16 own = 0, lpa = 0, stat1000 = 0, expansion = 0;
	int err;

	phy_begin(nic);
	err = phy_read(nic, MII_ADVERTISE, &own);
	if (!err)
		err = phy_read(nic, MII_LPA, &lpa);
	if (!err)
		err = phy_read(nic, MII_STAT1000, &stat1000);
	if (!err)
		err = phy_read(nic, MII_EXPANSION, &expansion);
	phy_end(nic);
	if (err)
		return err;

	*ret_info = (struct vpf_phy_info) {};
	if (!vpf_phy_link(nic, &ret_info->speed, &ret_info->full))
		ret_info->speed = 0;
	ret_info->partner_autoneg = expansion & EXPANSION_NWAY;
	ret_info->pause_own = own & (ADVERTISE_PAUSE_CAP | ADVERTISE_PAUSE_ASYM);
	ret_info->pause_partner = lpa & (LPA_PAUSE_CAP | LPA_PAUSE_ASYM);
	if (lpa & LPA_10HALF)
		ret_info->partner |= VPF_LINK_10_HALF;
	if (lpa & LPA_10FULL)
		ret_info->partner |= VPF_LINK_10_FULL;
	if (lpa & LPA_100HALF)
		ret_info->partner |= VPF_LINK_100_HALF;
	if (lpa & LPA_100FULL)
		ret_info->partner |= VPF_LINK_100_FULL;
	if (stat1000 & LPA_1000FULL)
		ret_info->partner |= VPF_LINK_1000_FULL;
	return 0;
}
