/* SPDX-License-Identifier: GPL-2.0-only */
/* A device that goes away for a while and comes back; see away.c. */
#ifndef VVF_AWAY_H
#define VVF_AWAY_H

struct dev_pm_ops;
struct pci_error_handlers;

extern const struct dev_pm_ops vvf_pm_ops;
extern const struct pci_error_handlers vvf_error_handlers;

#endif
