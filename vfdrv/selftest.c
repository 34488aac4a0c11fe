// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethtool -t. Offline, the queues stop for the test of the registers; all else goes on
 * under traffic.
 */
#include <linux/delay.h>
#include <linux/ethtool.h>

#include "compat.h"
#include "vvf.h"

/* An interrupt comes at once, but its processor may be away. */
#define INTERRUPT_MS	500

enum { REGISTERS, INTERRUPTS, MAILBOX, LINK, TESTS };

static const char names[TESTS][ETH_GSTRING_LEN] = {
	[REGISTERS]	= "registers (offline)",
	[INTERRUPTS]	= "interrupts",
	[MAILBOX]	= "mailbox",
	[LINK]		= "link",
};

int vvf_selftest_count(void)
{
	return TESTS;
}

void vvf_selftest_strings(u8 **data)
{
	unsigned int i;

	for (i = 0; i < TESTS; i++)
		ethtool_puts(data, names[i]);
}

/* Registers that hold what is written while the queues are off. */
static const struct {
	u32 reg;
	u32 mask;
} rw_registers[] = {
	{ VVF_RDBAL, ~0x7fu }, { VVF_RDBAH, ~0u }, { VVF_RDLEN, 0xfff80 },
	{ VVF_TDBAL, ~0x7fu }, { VVF_TDBAH, ~0u }, { VVF_TDLEN, 0xfff80 },
};

/* Return: offset of a register that does not hold, 0: all do. */
static u64 test_registers(struct vvf *vvf)
{
	static const u32 patterns[] = { 0x55555555, 0xaaaaaaaa, 0 };
	u64 bad = 0;
	unsigned int i, p;

	for (i = 0; i < ARRAY_SIZE(rw_registers); i++) {
		for (p = 0; p < ARRAY_SIZE(patterns); p++) {
			u32 value = patterns[p] & rw_registers[i].mask;

			vvf_write(vvf, rw_registers[i].reg, value);
			if (vvf_read(vvf, rw_registers[i].reg) != value)
				bad = rw_registers[i].reg;
		}
	}
	return bad;
}

static u64 test_registers_offline(struct vvf *vvf)
{
	u64 bad;
	int r = 0;

	vvf_lock(vvf);
	if (vvf_mig_suspended(vvf)) {
		bad = EBUSY;
	} else {
		bool started = vvf->running;

		vvf_queue_stop(vvf);
		bad = test_registers(vvf);
		if (started)
			r = vvf_queue_start(vvf);
		vvf_queue_kick(vvf);
	}
	vvf_unlock(vvf);
	if (r)
		vvf_link_want_reset(vvf);
	return bad;
}

static bool fires(struct vvf *vvf, unsigned int vector, const unsigned long *counter)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), INTERRUPT_MS);
	unsigned long before = READ_ONCE(*counter);

	/* Suspended since: nobody may touch it, and nothing is known of it. */
	if (vvf_mig_suspended(vvf))
		return true;
	vvf_write(vvf, VVF_EICS, BIT(vector));
	while (READ_ONCE(*counter) == before) {
		if (ktime_after(ktime_get(), deadline))
			return false;
		usleep_range(50, 100);
	}
	return true;
}

/* Return: bit n: vector n is dead. That of the queues is masked while they are off. */
static u64 test_interrupts(struct vvf *vvf)
{
	u64 dead = 0;
	unsigned int v;

	for (v = 0; v < VVF_VECTORS; v++) {
		if (v == VVF_VECTOR_QUEUE && !READ_ONCE(vvf->running))
			continue;
		if (!fires(vvf, v, v == VVF_VECTOR_QUEUE ? &vvf->stats.interrupts :
							   &vvf->mbx.interrupts))
			dead |= BIT(v);
	}
	return dead;
}

/**
 * vvf_selftest() - ethtool_ops.self_test
 * @netdev: interface
 * @test: flags; offline or not, passed or not
 * @data: one for each test: 0: passed; errno, a register or vectors otherwise
 */
void vvf_selftest(struct net_device *netdev, struct ethtool_test *test, u64 *data)
{
	struct vvf *vvf = netdev_priv(netdev);
	unsigned int i;

	memset(data, 0, TESTS * sizeof(*data));
	if (test->flags & ETH_TEST_FL_OFFLINE)
		data[REGISTERS] = test_registers_offline(vvf);
	data[INTERRUPTS] = vvf_mig_suspended(vvf) ? EBUSY : test_interrupts(vvf);
	data[MAILBOX] = -vvf_filter_probe(vvf);
	data[LINK] = !netif_carrier_ok(netdev);
	for (i = 0; i < TESTS; i++)
		if (data[i])
			test->flags |= ETH_TEST_FL_FAILED;
}
