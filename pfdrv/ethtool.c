// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethtool.
 */
#include <linux/ethtool.h>

#include "abuse.h"
#include "flow.h"
#include "pf.h"
#include "phy.h"
#include "rss.h"
#include "selftest.h"

/* Counters of the rings, in the order of struct vpf_queue_stats */
static const char ring_names[][ETH_GSTRING_LEN] = {
	"tx_packets", "tx_bytes", "tx_busy", "tx_dropped",
	"rx_packets", "rx_bytes", "rx_errors", "rx_alloc_failed",
	"rx_csum_errors", "rx_own_dropped",
};
static_assert(sizeof(struct vpf_queue_stats) == ARRAY_SIZE(ring_names) * sizeof(u64));

/* Single counters of the PF */
struct field {
	char name[ETH_GSTRING_LEN];
	size_t offset;
};

#define FIELD(name, member)	{ name, offsetof(struct vpf_nic, member) }

static const struct field fields[] = {
	FIELD("resets", reset_count),
	FIELD("queue_restarts", queue_restarts),
	FIELD("irq_other", irq_other),
	FIELD("port_rx_total", hw_stats.rx_total),
	FIELD("port_rx_good", hw_stats.rx_good),
	FIELD("port_rx_multicast", hw_stats.rx_multicast),
	FIELD("port_rx_broadcast", hw_stats.rx_broadcast),
	FIELD("port_rx_errors", hw_stats.rx_errors),
	FIELD("port_rx_crc_errors", hw_stats.crc_errors),
	FIELD("port_rx_missed", hw_stats.rx_missed),
	FIELD("port_rx_no_buffer", hw_stats.rx_no_buffer),
	FIELD("port_rx_length_errors", hw_stats.rx_length_errors),
	FIELD("port_rx_undersize", hw_stats.rx_undersize),
	FIELD("port_rx_oversize", hw_stats.rx_oversize),
	FIELD("port_tx_total", hw_stats.tx_total),
	FIELD("port_tx_good", hw_stats.tx_good),
	FIELD("port_tx_multicast", hw_stats.tx_multicast),
	FIELD("port_tx_broadcast", hw_stats.tx_broadcast),
	FIELD("port_tx_late_collisions", hw_stats.tx_late_collisions),
	FIELD("port_collisions", hw_stats.collisions),
};

/* Private flags, bits of get_priv_flags() */
static const char priv_flags[][ETH_GSTRING_LEN] = {
	"keep-own-frames",
};

#define PRIV_KEEP_OWN	BIT(0)

static int get_sset_count(struct net_device *netdev, int sset)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	switch (sset) {
	case ETH_SS_TEST:
		return vpf_selftest_count();
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(priv_flags);
	case ETH_SS_STATS:
		break;
	default:
		return -EOPNOTSUPP;
	}
	return ARRAY_SIZE(ring_names) + ARRAY_SIZE(fields) + vpf_mbx_stat_count() +
	       vpf_abuse_stat_count() + 2 * nic->max_queues;
}

static void get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int i;

	switch (sset) {
	case ETH_SS_TEST:
		vpf_selftest_names(&data);
		return;
	case ETH_SS_PRIV_FLAGS:
		for (i = 0; i < ARRAY_SIZE(priv_flags); i++)
			ethtool_puts(&data, priv_flags[i]);
		return;
	case ETH_SS_STATS:
		break;
	default:
		return;
	}
	for (i = 0; i < ARRAY_SIZE(ring_names); i++)
		ethtool_puts(&data, ring_names[i]);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		ethtool_puts(&data, fields[i].name);
	vpf_mbx_stat_names(&data);
	vpf_abuse_stat_names(&data);
	for (i = 0; i < nic->max_queues; i++) {
		ethtool_sprintf(&data, "tx_queue_%u_packets", i);
		ethtool_sprintf(&data, "rx_queue_%u_packets", i);
	}
}

static u64 *ring_stats(struct vpf_nic *nic, u64 *data)
{
	struct vpf_queue_stats sum;

	vpf_queues_stats(nic, 0, VPF_QUEUES, &sum);
	memcpy(data, &sum, sizeof(sum));
	return data + ARRAY_SIZE(ring_names);
}

static void get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats,
			      u64 *data)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int i;

	vpf_hw_update_stats(nic);
	data = ring_stats(nic, data);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		*data++ = *(u64 *)((char *)nic + fields[i].offset);
	vpf_mbx_stat_values(nic, data);
	data += vpf_mbx_stat_count();
	vpf_abuse_stat_values(nic, data);
	data += vpf_abuse_stat_count();
	for (i = 0; i < nic->max_queues; i++) {
		struct vpf_queue_stats stats;

		vpf_queues_stats(nic, i, i + 1, &stats);
		*data++ = stats.tx_packets;
		*data++ = stats.rx_packets;
	}
}

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	strscpy(info->driver, VPF_NAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(nic->pdev), sizeof(info->bus_info));
}

/* VPF_LINK_* and the numbers that ethtool knows them by */
static const struct {
	u32 mode;
	int bit;
	u32 speed;
	u8 duplex;
} link_modes[] = {
	{ VPF_LINK_10_HALF,   ETHTOOL_LINK_MODE_10baseT_Half_BIT,   SPEED_10,   DUPLEX_HALF },
	{ VPF_LINK_10_FULL,   ETHTOOL_LINK_MODE_10baseT_Full_BIT,   SPEED_10,   DUPLEX_FULL },
	{ VPF_LINK_100_HALF,  ETHTOOL_LINK_MODE_100baseT_Half_BIT,  SPEED_100,  DUPLEX_HALF },
	{ VPF_LINK_100_FULL,  ETHTOOL_LINK_MODE_100baseT_Full_BIT,  SPEED_100,  DUPLEX_FULL },
	{ VPF_LINK_1000_FULL, ETHTOOL_LINK_MODE_1000baseT_Full_BIT, SPEED_1000, DUPLEX_FULL },
};

static void modes_to_ethtool(u32 modes, unsigned long *map)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(link_modes); i++)
		if (modes & link_modes[i].mode)
			__set_bit(link_modes[i].bit, map);
}

static int get_link_ksettings(struct net_device *netdev, struct ethtool_link_ksettings *ks)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	struct vpf_phy_info info;
	int err;

	err = vpf_phy_info(nic, &info);
	if (err)
		return err;

	ethtool_link_ksettings_zero_link_mode(ks, supported);
	ethtool_link_ksettings_zero_link_mode(ks, advertising);
	ethtool_link_ksettings_zero_link_mode(ks, lp_advertising);
	modes_to_ethtool(VPF_LINK_ALL, ks->link_modes.supported);
	ethtool_link_ksettings_add_link_mode(ks, supported, Autoneg);
	ethtool_link_ksettings_add_link_mode(ks, supported, TP);
	ethtool_link_ksettings_add_link_mode(ks, advertising, TP);
	if (nic->autoneg) {
		modes_to_ethtool(nic->advertising, ks->link_modes.advertising);
		ethtool_link_ksettings_add_link_mode(ks, advertising, Autoneg);
	}
	modes_to_ethtool(info.partner, ks->link_modes.lp_advertising);
	if (info.partner_autoneg)
		ethtool_link_ksettings_add_link_mode(ks, lp_advertising, Autoneg);

	ks->base.port = PORT_TP;
	ks->base.phy_address = 1;
	ks->base.autoneg = nic->autoneg ? AUTONEG_ENABLE : AUTONEG_DISABLE;
	ks->base.speed = info.speed ?: SPEED_UNKNOWN;
	ks->base.duplex = !info.speed ? DUPLEX_UNKNOWN : info.full ? DUPLEX_FULL : DUPLEX_HALF;
	return 0;
}

static int set_link_ksettings(struct net_device *netdev,
			      const struct ethtool_link_ksettings *ks)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	u32 modes = 0;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(link_modes); i++) {
		bool wanted;

		if (ks->base.autoneg == AUTONEG_ENABLE)
			wanted = test_bit(link_modes[i].bit, ks->link_modes.advertising);
		else
			wanted = ks->base.speed == link_modes[i].speed &&
				 ks->base.duplex == link_modes[i].duplex;
		if (wanted)
			modes |= link_modes[i].mode;
	}
	if (!modes)
		return -EINVAL;
	/* 1000BASE-T does not exist without autonegotiation [IEEE 802.3 40.5] */
	if (ks->base.autoneg != AUTONEG_ENABLE && modes == VPF_LINK_1000_FULL)
		return -EINVAL;

	nic->autoneg = ks->base.autoneg == AUTONEG_ENABLE;
	if (nic->autoneg)
		nic->advertising = modes;
	else
		nic->forced = modes;
	err = vpf_phy_setup(nic);
	vpf_service_kick(nic);
	return err;
}

static int nway_reset(struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	return nic->autoneg ? vpf_phy_setup(nic) : -EINVAL;
}

static void get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			  struct kernel_ethtool_ringparam *kernel_ring,
			  struct netlink_ext_ack *extack)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	ring->rx_max_pending = VPF_RING_MAX;
	ring->tx_max_pending = VPF_RING_MAX;
	ring->rx_pending = nic->rx_count;
	ring->tx_pending = nic->tx_count;
}

static int set_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			 struct kernel_ethtool_ringparam *kernel_ring,
			 struct netlink_ext_ack *extack)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	if (ring->rx_mini_pending || ring->rx_jumbo_pending)
		return -EINVAL;
	if (ring->rx_pending < VPF_RING_MIN || ring->tx_pending < VPF_RING_MIN ||
	    ring->rx_pending > VPF_RING_MAX || ring->tx_pending > VPF_RING_MAX ||
	    ring->rx_pending % VPF_RING_STEP || ring->tx_pending % VPF_RING_STEP) {
		NL_SET_ERR_MSG_MOD(extack, "64 to 4096 descriptors, in steps of 8");
		return -EINVAL;
	}
	if (ring->rx_pending == nic->rx_count && ring->tx_pending == nic->tx_count)
		return 0;
	return vpf_queues_change(nic, nic->wanted_queues, ring->tx_pending, ring->rx_pending);
}

static void get_channels(struct net_device *netdev, struct ethtool_channels *channels)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	channels->max_combined = vpf_usable_queues(nic);
	channels->combined_count = nic->num_queues;
}

/* Within what get_channels() says, and enough for the table of RSS: ethtool has looked */
static int set_channels(struct net_device *netdev, struct ethtool_channels *channels)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	return vpf_queues_change(nic, channels->combined_count, nic->tx_count, nic->rx_count);
}

static int get_coalesce(struct net_device *netdev, struct ethtool_coalesce *ec,
			struct kernel_ethtool_coalesce *kernel_ec,
			struct netlink_ext_ack *extack)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	ec->rx_coalesce_usecs = nic->rx_usecs;
	return 0;
}

static int set_coalesce(struct net_device *netdev, struct ethtool_coalesce *ec,
			struct kernel_ethtool_coalesce *kernel_ec,
			struct netlink_ext_ack *extack)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	if (ec->rx_coalesce_usecs > EITR_USECS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "8191 microseconds at most");
		return -EINVAL;
	}
	nic->rx_usecs = ec->rx_coalesce_usecs;
	vpf_irq_pace(nic);
	return 0;
}

/* WAKE_* and the NIC's bits for them */
static const struct {
	u32 wake;
	u32 filter;
} wakes[] = {
	{ WAKE_MAGIC, WUF_MAGIC },
	{ WAKE_UCAST, WUF_UNICAST },
	{ WAKE_MCAST, WUF_MULTICAST },
	{ WAKE_BCAST, WUF_BROADCAST },
};

static void get_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int i;

	if (!pci_pme_capable(nic->pdev, PCI_D3hot) && !pci_pme_capable(nic->pdev, PCI_D3cold))
		return;
	for (i = 0; i < ARRAY_SIZE(wakes); i++) {
		wol->supported |= wakes[i].wake;
		if (nic->wake & wakes[i].filter)
			wol->wolopts |= wakes[i].wake;
	}
}

static int set_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct ethtool_wolinfo can = {};
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int i;

	get_wol(netdev, &can);
	if (wol->wolopts & ~can.supported)
		return -EOPNOTSUPP;
	nic->wake = 0;
	for (i = 0; i < ARRAY_SIZE(wakes); i++)
		if (wol->wolopts & wakes[i].wake)
			nic->wake |= wakes[i].filter;
	return device_set_wakeup_enable(&nic->pdev->dev, nic->wake);
}

static u32 get_priv_flags(struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	return nic->keep_own ? PRIV_KEEP_OWN : 0;
}

static int set_priv_flags(struct net_device *netdev, u32 flags)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	if (flags & ~PRIV_KEEP_OWN)
		return -EINVAL;
	WRITE_ONCE(nic->keep_own, flags & PRIV_KEEP_OWN);
	return 0;
}

/*
 * Register dump: pairs of address and value. Only what reading does not change:
 * not ICR, EICR, V2PMAILBOX, nor counters.
 */
static const u32 dump_regs[] = {
	R_CTRL, R_STATUS, R_CTRL_EXT, R_EECD, R_IMS, R_IAM, R_GPIE, R_EIMS, R_EIAC,
	R_IVAR(0), R_IVAR(1), R_IVAR(2), R_IVAR(3), R_IVAR(4), R_IVAR(5), R_IVAR(6),
	R_IVAR(7), R_IVAR_MISC, R_FCRTL, R_FCRTH, R_FCTTV, R_RXPBS, R_WUC, R_WUFC, R_RCTL, R_TCTL, R_RXCSUM, R_RLPML,
	R_MRQC, R_VT_CTL, R_DTXSWC, R_RPLOLR, R_QDE, R_VFRE, R_VFTE, R_VFLRE,
	R_MBVFICR, R_MBVFIMR,
};

/* Registers that exist once for each of @count things */
static const struct {
	u32 first;
	u32 step;
	u32 count;
} dump_arrays[] = {
	{ R_VMOLR(0), 4, VPF_HW_POOLS },
	{ R_VMVIR(0), 4, VPF_HW_POOLS },
	{ R_P2VMAILBOX(0), 4, VPF_HW_POOLS },
	{ R_PVTIVAR(0), 4, VPF_HW_POOLS },
	{ R_PVTIVAR_MISC(0), 4, VPF_HW_POOLS },
	{ R_EITR(0), 4, 25 },
	{ R_RETA(0), 4, VPF_RSS_TABLE / 4 },
	{ R_RSSRK(0), 4, VPF_RSS_KEY / 4 },
	{ R_VLVF(0), 4, VPF_VLVFS },
	{ R_RAL(0), 4, 32 },
	{ R_RAL(16), 4, 16 },
	{ R_RDBAL(0), 0x40, VPF_HW_QUEUES },
	{ R_RDLEN(0), 0x40, VPF_HW_QUEUES },
	{ R_SRRCTL(0), 0x40, VPF_HW_QUEUES },
	{ R_RDH(0), 0x40, VPF_HW_QUEUES },
	{ R_RDT(0), 0x40, VPF_HW_QUEUES },
	{ R_RXDCTL(0), 0x40, VPF_HW_QUEUES },
	{ R_TDBAL(0), 0x40, VPF_HW_QUEUES },
	{ R_TDLEN(0), 0x40, VPF_HW_QUEUES },
	{ R_TDH(0), 0x40, VPF_HW_QUEUES },
	{ R_TDT(0), 0x40, VPF_HW_QUEUES },
	{ R_TXDCTL(0), 0x40, VPF_HW_QUEUES },
	{ R_TDWBAL(0), 0x40, VPF_HW_QUEUES },
};

static int get_regs_len(struct net_device *netdev)
{
	unsigned int i, n = ARRAY_SIZE(dump_regs);

	for (i = 0; i < ARRAY_SIZE(dump_arrays); i++)
		n += dump_arrays[i].count;
	return n * 2 * sizeof(u32);
}

static void get_regs(struct net_device *netdev, struct ethtool_regs *regs, void *p)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int i, j;
	u32 *out = p;

	regs->version = 1;
	for (i = 0; i < ARRAY_SIZE(dump_regs); i++) {
		*out++ = dump_regs[i];
		*out++ = vpf_rd(nic, dump_regs[i]);
	}
	for (i = 0; i < ARRAY_SIZE(dump_arrays); i++) {
		for (j = 0; j < dump_arrays[i].count; j++) {
			u32 reg = dump_arrays[i].first + j * dump_arrays[i].step;

			*out++ = reg;
			*out++ = vpf_rd(nic, reg);
		}
	}
}

/* "all" also resets what VFs have programmed: they start over */
static int reset(struct net_device *netdev, u32 *flags)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	if (*flags == ETH_RESET_ALL) {
		vpf_full_reset(nic);
		*flags = 0;
		return 0;
	}
	if (!(*flags & ETH_RESET_DMA))
		return -EOPNOTSUPP;
	if (test_bit(VPF_F_UP, &nic->flags)) {
		vpf_down(nic);
		vpf_up(nic);
	}
	*flags &= ~ETH_RESET_DMA;
	return 0;
}

const struct ethtool_ops vpf_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS,
	.get_drvinfo		= get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= get_link_ksettings,
	.set_link_ksettings	= set_link_ksettings,
	.nway_reset		= nway_reset,
	.reset			= reset,
	.get_ringparam		= get_ringparam,
	.set_ringparam		= set_ringparam,
	.get_channels		= get_channels,
	.set_channels		= set_channels,
	.get_rxfh_key_size	= vpf_get_rxfh_key_size,
	.get_rxfh_indir_size	= vpf_get_rxfh_indir_size,
	.get_rxfh		= vpf_get_rxfh,
	.set_rxfh		= vpf_set_rxfh,
	.get_rxnfc		= vpf_get_rxnfc,
	.set_rxnfc		= vpf_set_rxnfc,
#ifdef VPF_HAS_GET_RX_RING_COUNT
	.get_rx_ring_count	= vpf_get_rx_ring_count,
#endif
#ifdef VPF_HAS_GET_RXFH_FIELDS
	.get_rxfh_fields	= vpf_get_rxfh_fields,
	.set_rxfh_fields	= vpf_set_rxfh_fields,
#endif
	.get_wol		= get_wol,
	.set_wol		= set_wol,
	.get_coalesce		= get_coalesce,
	.set_coalesce		= set_coalesce,
	.get_pauseparam		= vpf_get_pauseparam,
	.set_pauseparam		= vpf_set_pauseparam,
	.get_priv_flags		= get_priv_flags,
	.set_priv_flags		= set_priv_flags,
	.self_test		= vpf_selftest,
	.get_sset_count		= get_sset_count,
	.get_strings		= get_strings,
	.get_ethtool_stats	= get_ethtool_stats,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_regs_len		= get_regs_len,
	.get_regs		= get_regs,
};
