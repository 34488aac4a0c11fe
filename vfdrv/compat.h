/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels from 6.1 on call differently, or do not have; the code reads as for the newest
 * one. VVF_HAS_* come from Kbuild, which looks into the kernel's headers: it has not looked
 * into the right ones if it did not find what is known to be there.
 */
#ifndef VVF_COMPAT_H
#define VVF_COMPAT_H

#include <linux/ethtool.h>
#include <linux/kthread.h>
#include <linux/netdevice.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#include <net/netdev_queues.h>
/* The header's name since Linux 6.6 */
#ifdef VVF_HAS_POOL_HELPERS
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) &&				\
	!(defined(VVF_HAS_ETHTOOL_PUTS) && defined(VVF_HAS_NAPI_SET_IRQ) &&	\
	  defined(VVF_HAS_POOL_HELPERS) && defined(VVF_HAS_QUEUE_SET_NAPI) &&	\
	  defined(VVF_HAS_QUEUE_STATS))
#error "something was not found in the kernel's headers that is there since Linux 6.12: see Kbuild"
#endif

/*
 * Since Linux 6.14 kthread_create_worker() leaves the thread asleep, for its caller to
 * bind; before that it did what kthread_run_worker() does now.
 */
#ifndef kthread_run_worker
#define kthread_run_worker	kthread_create_worker
#endif

/* The work queue's name since Linux 6.17 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq	system_wq
#endif

#ifndef VVF_HAS_ETHTOOL_PUTS
static inline void ethtool_puts(u8 **data, const char *str)
{
	strscpy_pad((char *)*data, str, ETH_GSTRING_LEN);
	*data += ETH_GSTRING_LEN;
}
#endif

/* Only user space wants to know these, and has nothing to ask before. */
#ifndef VVF_HAS_NAPI_SET_IRQ
static inline void netif_napi_set_irq(struct napi_struct *napi, int irq)
{
}
#endif
#ifndef VVF_HAS_QUEUE_SET_NAPI
#define netif_queue_set_napi(netdev, index, type, napi)	((void)(napi))
#endif

/* Since Linux 6.4; the rest of its header came to stable kernels without it. */
#ifndef __netif_txq_completed_wake
#define __netif_txq_completed_wake(txq, packets, bytes, free, wanted, down)	\
({										\
	unsigned int _packets = (packets);					\
										\
	netdev_tx_completed_queue(txq, _packets, bytes);			\
	_packets ? __netif_txq_maybe_wake(txq, free, wanted, down) : -1;	\
})
#endif

/*
 * Who empties a pool, so that pages go back without a lock, is said since Linux 6.4; its
 * interface, for user space, since 6.8; that its pages are shared out until 6.7.
 */
static inline void vvf_pool_owner(struct page_pool_params *params, struct napi_struct *napi,
				  struct net_device *netdev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	params->napi = napi;
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	params->netdev = netdev;
#endif
#ifdef PP_FLAG_PAGE_FRAG
	params->flags |= PP_FLAG_PAGE_FRAG;
#endif
}

#endif
