/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that this driver is built for; the code above it reads as
 * for the newest.
 */
#ifndef VPF_COMPAT_H
#define VPF_COMPAT_H

#include <linux/version.h>

/* Namespaces of symbols are strings since Linux 6.13, and were bare words before */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define VPF_NS(name)	name
#else
#define VPF_NS(name)	#name
#endif

/*
 * VPF_HAS_*, members of struct ethtool_ops, come from Kbuild, which looks into the kernel's
 * headers: distributions bring some to older kernels. It has not looked into the right ones
 * if it did not find what is known to be there.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0) && !defined(VPF_HAS_GET_RXFH_FIELDS)
#error "get_rxfh_fields was not found in the kernel's headers, but is there since Linux 6.17: see Kbuild"
#endif

#endif
