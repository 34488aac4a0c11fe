/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels call differently; the code reads as for the newest one.
 */
#ifndef VVF_COMPAT_H
#define VVF_COMPAT_H

#include <linux/kthread.h>

/*
 * Since Linux 6.14 kthread_create_worker() leaves the thread asleep, for its caller to
 * bind; before that it did what kthread_run_worker() does now.
 */
#ifndef kthread_run_worker
#define kthread_run_worker	kthread_create_worker
#endif

#endif
