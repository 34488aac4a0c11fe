// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethtool -t.
 */
#include <linux/delay.h>
#include <linux/ethtool.h>
#include <linux/iopoll.h>

#include "pf.h"
#include "phy.h"
#include "selftest.h"

/* The NIC's memory: all words up to and with the checksum add up to this [6.2.35] */
#define VPF_NVM_WORDS		64
#define VPF_NVM_SUM		0xbaba
/* An interrupt of our own making is there within this */
#define VPF_IRQ_TEST_US		100000

enum { TEST_LINK, TEST_PHY, TEST_NVM, TEST_REGISTERS, TEST_INTERRUPT, TESTS };

static const char names[TESTS][ETH_GSTRING_LEN] = {
	[TEST_LINK]		= "link          (on/offline)",
	[TEST_PHY]		= "PHY           (on/offline)",
	[TEST_NVM]		= "NVM checksum  (on/offline)",
	[TEST_REGISTERS]	= "registers     (offline)",
	[TEST_INTERRUPT]	= "interrupt     (offline)",
};

unsigned int vpf_selftest_count(void)
{
	return TESTS;
}

void vpf_selftest_names(u8 **data)
{
	unsigned int i;

	for (i = 0; i < TESTS; i++)
		ethtool_puts(data, names[i]);
}

static bool link_fails(struct vpf_nic *nic)
{
	u32 speed;
	bool full;

	return !vpf_phy_link(nic, &speed, &full);
}

static bool phy_fails(struct vpf_nic *nic)
{
	struct vpf_phy_info info;

	return vpf_phy_info(nic, &info);
}

static bool nvm_fails(struct vpf_nic *nic)
{
	u16 sum = 0, val;
	unsigned int i;

	for (i = 0; i < VPF_NVM_WORDS; i++) {
		if (vpf_hw_nvm_word(nic, i, &val))
			return true;
		sum += val;
	}
	return sum != VPF_NVM_SUM;
}

static bool pattern_fails(struct vpf_nic *nic, u32 reg, u32 mask)
{
	static const u32 patterns[] = { 0, ~0u, 0x5a5a5a5a, 0xa5a5a5a5 };
	u32 old = vpf_rd(nic, reg);
	bool fails = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		vpf_wr(nic, reg, patterns[i] & mask);
		fails |= (vpf_rd(nic, reg) & mask) != (patterns[i] & mask);
	}
	vpf_wr(nic, reg, old);
	return fails;
}

static bool queue_fails(struct vpf_nic *nic, unsigned int q)
{
	return pattern_fails(nic, R_RDBAL(q), ~0x7fu) | pattern_fails(nic, R_RDBAH(q), ~0u) |
	       pattern_fails(nic, R_RDLEN(q), 0xfff80) | pattern_fails(nic, R_TDBAL(q), ~0x7fu) |
	       pattern_fails(nic, R_TDBAH(q), ~0u) | pattern_fails(nic, R_TDLEN(q), 0xfff80);
}

/* Only of the PF's own queues, which are stopped: VFs go on meanwhile */
static bool registers_fail(struct vpf_nic *nic)
{
	bool fails = false;
	unsigned int i;

	for (i = 0; i < nic->num_queues; i++)
		fails |= queue_fails(nic, nic->queues[i].hw);
	return fails;
}

static u64 irqs_seen(const struct vpf_nic *nic)
{
	return READ_ONCE(nic->irq_other);
}

static bool interrupt_fails(struct vpf_nic *nic)
{
	u64 before = irqs_seen(nic), now;

	vpf_wr(nic, R_EICS, BIT(VPF_VEC_OTHER));
	return read_poll_timeout(irqs_seen, now, now != before, 1000, VPF_IRQ_TEST_US, false, nic);
}

/**
 * vpf_selftest() - the interface's self_test
 * @netdev: the PF's interface
 * @test: what is asked for, and whether all went well
 * @data: for each test 0 or 1: failed
 *
 * Offline stops the PF's own queues for a moment, not the VFs.
 */
void vpf_selftest(struct net_device *netdev, struct ethtool_test *test, u64 *data)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	bool up = test_bit(VPF_F_UP, &nic->flags);
	unsigned int i;

	memset(data, 0, TESTS * sizeof(*data));
	data[TEST_LINK] = link_fails(nic);
	data[TEST_PHY] = phy_fails(nic);
	data[TEST_NVM] = nvm_fails(nic);
	if (test->flags & ETH_TEST_FL_OFFLINE) {
		if (up)
			vpf_down(nic);
		data[TEST_REGISTERS] = registers_fail(nic);
		data[TEST_INTERRUPT] = interrupt_fails(nic);
		if (up)
			vpf_up(nic);
	}
	for (i = 0; i < TESTS; i++)
		if (data[i])
			test->flags |= ETH_TEST_FL_FAILED;
}
