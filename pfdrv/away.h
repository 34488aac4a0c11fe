/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The NIC goes away for a while: sleep of the host, PCI errors, resets by others.
 */
#ifndef VPF_AWAY_H
#define VPF_AWAY_H

#include <linux/pci.h>
#include <linux/pm.h>

extern const struct pci_error_handlers vpf_error_handlers;
extern const struct dev_pm_ops vpf_pm_ops;

#endif
