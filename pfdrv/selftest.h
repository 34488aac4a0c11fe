/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ethtool -t.
 */
#ifndef VPF_SELFTEST_H
#define VPF_SELFTEST_H

#include <linux/types.h>

struct ethtool_test;
struct net_device;

unsigned int vpf_selftest_count(void);
void vpf_selftest_names(u8 **data);
void vpf_selftest(struct net_device *netdev, struct ethtool_test *test, u64 *data);

#endif
