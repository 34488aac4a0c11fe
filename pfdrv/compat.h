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

#endif
