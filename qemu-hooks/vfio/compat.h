/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that this driver is built for; the code above it reads as
 * for the newest. VFERRY_HAS_* come from Kbuild, which looks into the kernel's headers.
 */
#ifndef VFERRY_VFIO_COMPAT_H
#define VFERRY_VFIO_COMPAT_H

#include <linux/version.h>
#include <linux/workqueue.h>

/* Namespaces of symbols are strings since Linux 6.13, and were bare words before. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define VFERRY_NS(name)	name
#else
#define VFERRY_NS(name)	#name
#endif

/*
 * Members of struct vfio_device_ops without which a device cannot be used. Kbuild has not looked
 * into the right file if it did not find one where it is known to be.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0) && !defined(VFERRY_HAS_MATCH_TOKEN_UUID)
#error "match_token_uuid was not found in linux/vfio.h: see Kbuild"
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0) && !defined(VFERRY_HAS_REGION_INFO_CAPS)
#error "get_region_info_caps was not found in linux/vfio.h: see Kbuild"
#endif

/* The work queue's name since Linux 6.17. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq	system_wq
#endif

#endif
