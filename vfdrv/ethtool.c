// SPDX-License-Identifier: GPL-2.0-only
/* What ethtool shows and sets. */
#include <linux/ethtool.h>

#include "compat.h"
#include "vvf.h"

struct vvf_counter {
	char name[ETH_GSTRING_LEN];
	size_t offset;
	u8 size;
};

#define COUNTER(label, member)						\
	{ label, offsetof(struct vvf, member), sizeof_field(struct vvf, member) }
#define SENT(label, kind)	COUNTER("mbx_sent_" label, mbx.sent[VVF_MBX_SENT_##kind])
#define GOT(label, kind)	COUNTER("mbx_received_" label, mbx.received[VVF_MBX_GOT_##kind])

static const struct vvf_counter vvf_counters[] = {
	COUNTER("interrupts", stats.interrupts),
	COUNTER("polls", stats.polls),
	COUNTER("polls_empty", stats.polls_empty),
	COUNTER("tx_dropped", stats.tx_dropped),
	COUNTER("tx_linearized", stats.tx_linearized),
	COUNTER("tx_stopped", stats.tx_stopped),
	COUNTER("tx_timeouts", stats.tx_timeouts),
	COUNTER("tx_kept_over_suspend", stats.tx_kept),
	COUNTER("rx_own_dropped", stats.rx_own),
	COUNTER("queues_stuck", stats.queues_stuck),
	COUNTER("rx_copied", stats.rx_copied),
	COUNTER("rx_csum_errors", stats.rx_csum_errors),
	COUNTER("rx_dropped", stats.rx_dropped),
	COUNTER("rx_no_memory", stats.rx_no_memory),
	COUNTER("resets", link.resets),
	COUNTER("bus_errors", link.bus_errors),
	COUNTER("polled_by_watchdog", watch.polled),
	COUNTER("stuck_resets", watch.stuck),
	COUNTER("filter_refused", filter.refused),
	COUNTER("migrations", mig.migrations),
	COUNTER("suspends", mig.suspends),
	COUNTER("resumes", mig.resumes),
	COUNTER("suspend_us", mig.suspend_us),
	COUNTER("suspend_wait_us", mig.suspend_wait_us),
	COUNTER("resume_us", mig.resume_us),
	COUNTER("resume_wait_us", mig.resume_wait_us),
	COUNTER("pages_touched", dirty.touched),
	COUNTER("commands_repeated", mig.repeated),
	COUNTER("mbx_interrupts", mbx.interrupts),
	COUNTER("mbx_timeouts", mbx.timeouts),
	COUNTER("mbx_status_repeats", mbx.repeats),
	SENT("reset", RESET),
	SENT("set_mac", SET_MAC),
	SENT("set_multicast", SET_MULTICAST),
	SENT("set_vlan", SET_VLAN),
	SENT("set_max_frame", SET_MAX_FRAME),
	SENT("set_promisc", SET_PROMISC),
	SENT("hello", HELLO),
	SENT("status", STATUS),
	GOT("ack", ACK),
	GOT("nack", NACK),
	GOT("control", CONTROL),
	GOT("ping", PING),
	GOT("migrate", MIGRATE),
	GOT("cancel", CANCEL),
	GOT("suspend", SUSPEND),
	GOT("resume", RESUME),
	GOT("unknown_command", UNKNOWN_CMD),
	GOT("stray", STRAY),
};

/* Shown after the counters. */
static const char vvf_gauges[][ETH_GSTRING_LEN] = {
	"migratable",
	"migration_state",
	"pages_touched_this_migration",
};

enum { GAUGE_MIGRATABLE, GAUGE_STATE, GAUGE_PAGES, GAUGES };

static_assert(ARRAY_SIZE(vvf_gauges) == GAUGES);

static const u32 vvf_regs[] = {
	VVF_STATUS, VVF_EIMS, VVF_EIAC, VVF_IVAR, VVF_IVAR_MISC,
	VVF_EITR(0), VVF_EITR(1), VVF_EITR(2),
	VVF_RDBAL, VVF_RDBAH, VVF_RDLEN, VVF_SRRCTL, VVF_RDH, VVF_RDT, VVF_RXDCTL,
	VVF_TDBAL, VVF_TDBAH, VVF_TDLEN, VVF_TDH, VVF_TDT, VVF_TXDCTL, VVF_TDWBAL, VVF_TDWBAH,
	VVF_GPRC, VVF_GPTC, VVF_GORC, VVF_GOTC, VVF_MPRC,
};

static void vvf_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct vvf *vvf = netdev_priv(netdev);

	strscpy(info->driver, VVF_NAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(vvf->pdev), sizeof(info->bus_info));
	strscpy(info->fw_version, vvf_mig_reason(vvf) ? "not migratable" : "migratable",
		sizeof(info->fw_version));
	info->regdump_len = 2 * sizeof(vvf_regs);
}

static int vvf_get_regs_len(struct net_device *netdev)
{
	return 2 * sizeof(vvf_regs);
}

/* Pairs of offset and value, so that a dump explains itself. */
static void vvf_get_regs(struct net_device *netdev, struct ethtool_regs *regs, void *data)
{
	struct vvf *vvf = netdev_priv(netdev);
	u32 *out = data;
	unsigned int i;

	regs->version = 1;
	for (i = 0; i < ARRAY_SIZE(vvf_regs); i++) {
		*out++ = vvf_regs[i];
		*out++ = vvf_read(vvf, vvf_regs[i]);
	}
}

static int vvf_get_link_ksettings(struct net_device *netdev, struct ethtool_link_ksettings *link)
{
	struct vvf *vvf = netdev_priv(netdev);
	u32 status = vvf_read(vvf, VVF_STATUS);

	ethtool_link_ksettings_zero_link_mode(link, supported);
	ethtool_link_ksettings_zero_link_mode(link, advertising);
	link->base.port = PORT_OTHER;
	link->base.autoneg = AUTONEG_DISABLE;
	link->base.speed = SPEED_UNKNOWN;
	link->base.duplex = DUPLEX_UNKNOWN;
	if (!(status & VVF_STATUS_LU) || status == VVF_GONE)
		return 0;
	link->base.speed = status & VVF_STATUS_SPEED_1000 ? SPEED_1000 :
			   status & VVF_STATUS_SPEED_100 ? SPEED_100 : SPEED_10;
	link->base.duplex = status & VVF_STATUS_FD ? DUPLEX_FULL : DUPLEX_HALF;
	return 0;
}

static void vvf_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			      struct kernel_ethtool_ringparam *kernel,
			      struct netlink_ext_ack *extack)
{
	struct vvf *vvf = netdev_priv(netdev);

	ring->rx_max_pending = VVF_RING_MAX;
	ring->tx_max_pending = VVF_RING_MAX;
	ring->rx_pending = vvf->rx_size;
	ring->tx_pending = vvf->tx_size;
}

static u16 vvf_ring_size(u32 wanted)
{
	return roundup(clamp_t(u32, wanted, VVF_RING_MIN, VVF_RING_MAX), VVF_RING_STEP);
}

/*
 * Exchange the rings; the new ones are there before the old ones stop. The old
 * ones are freed while NAPI is disabled: their page pool is tied to it.
 */
static int vvf_set_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			     struct kernel_ethtool_ringparam *kernel,
			     struct netlink_ext_ack *extack)
{
	u16 tx_size = vvf_ring_size(ring->tx_pending);
	u16 rx_size = vvf_ring_size(ring->rx_pending);
	struct vvf *vvf = netdev_priv(netdev);
	struct vvf_rings *rings = NULL;
	int r = 0;

	if (ring->rx_mini_pending || ring->rx_jumbo_pending)
		return -EINVAL;
	if (tx_size == vvf->tx_size && rx_size == vvf->rx_size)
		return 0;
	if (netif_running(netdev)) {
		rings = vvf_rings_alloc(vvf, tx_size, rx_size);
		if (IS_ERR(rings))
			return PTR_ERR(rings);
	}

	vvf_lock(vvf);
	vvf->tx_size = tx_size;
	vvf->rx_size = rx_size;
	if (rings) {
		bool start = vvf->running && !vvf_mig_suspended(vvf);

		vvf_queue_stop(vvf);
		swap(vvf->rings, rings);
		vvf_rings_free(vvf, rings);
		if (start)
			r = vvf_queue_start(vvf);
		vvf_queue_kick(vvf);
	}
	vvf_unlock(vvf);

	if (r)
		vvf_link_want_reset(vvf);
	return r;
}

/* One vector serves both rings, so there is one figure: that of receive. */
static int vvf_get_coalesce(struct net_device *netdev, struct ethtool_coalesce *coalesce,
			    struct kernel_ethtool_coalesce *kernel, struct netlink_ext_ack *extack)
{
	struct vvf *vvf = netdev_priv(netdev);

	coalesce->rx_coalesce_usecs = vvf->usecs;
	return 0;
}

static int vvf_set_coalesce(struct net_device *netdev, struct ethtool_coalesce *coalesce,
			    struct kernel_ethtool_coalesce *kernel, struct netlink_ext_ack *extack)
{
	struct vvf *vvf = netdev_priv(netdev);

	if (coalesce->rx_coalesce_usecs > VVF_EITR_USECS_MAX) {
		NL_SET_ERR_MSG(extack, "the NIC cannot wait longer than "
			       __stringify(VVF_EITR_USECS_MAX) " us");
		return -ERANGE;
	}
	vvf_lock(vvf);
	WRITE_ONCE(vvf->usecs, coalesce->rx_coalesce_usecs);
	/* RESUME programs it */
	if (!vvf_mig_suspended(vvf))
		vvf_irq_throttle(vvf);
	vvf_unlock(vvf);
	return 0;
}

/* All of the VF, or nothing: it has one reset. */
#define RESET_COMPONENTS	(ETH_RESET_IRQ | ETH_RESET_DMA | ETH_RESET_FILTER |	\
				 ETH_RESET_OFFLOAD | ETH_RESET_MAC)

static int vvf_ethtool_reset(struct net_device *netdev, u32 *flags)
{
	struct vvf *vvf = netdev_priv(netdev);
	int r = -EBUSY;

	if ((*flags & RESET_COMPONENTS) != RESET_COMPONENTS)
		return -EOPNOTSUPP;
	/* A PF that is not there is waited for by the watchdog, not under RTNL. */
	if (READ_ONCE(vvf->link.pf_absent)) {
		vvf_link_want_reset(vvf);
		return -EINPROGRESS;
	}
	vvf_lock(vvf);
	/* It would end the migration, on the host that the guest is about to leave. */
	if (!vvf_mig_suspended(vvf))
		r = vvf_link_reset(vvf);
	vvf_unlock(vvf);
	vvf_link_check(vvf);
	if (!r)
		*flags &= ~RESET_COMPONENTS;
	return r;
}

static int vvf_get_sset_count(struct net_device *netdev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return ARRAY_SIZE(vvf_counters) + GAUGES + page_pool_ethtool_stats_get_count();
	case ETH_SS_TEST:
		return vvf_selftest_count();
	}
	return -EOPNOTSUPP;
}

static void vvf_get_strings(struct net_device *netdev, u32 set, u8 *data)
{
	unsigned int i;

	if (set == ETH_SS_TEST)
		vvf_selftest_strings(&data);
	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < ARRAY_SIZE(vvf_counters); i++)
		ethtool_puts(&data, vvf_counters[i].name);
	for (i = 0; i < GAUGES; i++)
		ethtool_puts(&data, vvf_gauges[i]);
	page_pool_ethtool_stats_get_strings(data);
}

/* Of the pool in use: they begin anew when the interface comes up. Under RTNL. */
static void vvf_get_pool_stats(const struct vvf *vvf, u64 *data)
{
#ifdef CONFIG_PAGE_POOL_STATS
	struct page_pool_stats stats = {};

	if (vvf->rings)
		page_pool_get_stats(vvf->rings->rx.pool, &stats);
	page_pool_ethtool_stats_get(data, &stats);
#endif
}

static void vvf_get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats,
				  u64 *data)
{
	struct vvf *vvf = netdev_priv(netdev);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vvf_counters); i++) {
		const void *value = (const u8 *)vvf + vvf_counters[i].offset;

		*data++ = vvf_counters[i].size == sizeof(u32) ?
			  READ_ONCE(*(const u32 *)value) :
			  READ_ONCE(*(const unsigned long *)value);
	}
	data[GAUGE_MIGRATABLE] = !vvf_mig_reason(vvf);
	data[GAUGE_STATE] = READ_ONCE(vvf->mig.state);
	data[GAUGE_PAGES] = vvf_dirty_pages(&vvf->dirty);
	vvf_get_pool_stats(vvf, data + GAUGES);
}

const struct ethtool_ops vvf_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS,
	.get_drvinfo = vvf_get_drvinfo,
	.get_regs_len = vvf_get_regs_len,
	.get_regs = vvf_get_regs,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = vvf_get_link_ksettings,
	.get_ringparam = vvf_get_ringparam,
	.set_ringparam = vvf_set_ringparam,
	.get_coalesce = vvf_get_coalesce,
	.set_coalesce = vvf_set_coalesce,
	.reset = vvf_ethtool_reset,
	.self_test = vvf_selftest,
	.get_sset_count = vvf_get_sset_count,
	.get_strings = vvf_get_strings,
	.get_ethtool_stats = vvf_get_ethtool_stats,
	.get_ts_info = ethtool_op_get_ts_info,
};
