/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * devlink: what the NIC is, and how it fares.
 */
#ifndef VPF_HEALTH_H
#define VPF_HEALTH_H

#include <linux/types.h>

struct devlink;
struct devlink_health_reporter;
struct vpf_nic;

/**
 * struct vpf_health - for devlink
 * @devlink: the instance
 * @tx: transmit hangs; recovers by restarting the queue or the NIC
 * @mailbox: a VF kept its mailbox
 * @migration: a guest did not do what it was told, or not in time
 * @held: mailboxes taken away, as reported last; service task only
 * @failed: commands failed, as reported last; service task only
 */
struct vpf_health {
	struct devlink *devlink;
	struct devlink_health_reporter *tx;
	struct devlink_health_reporter *mailbox;
	struct devlink_health_reporter *migration;
	u64 held;
	u64 failed;
};

/* The interface is registered; del: the service task has ended. May sleep */
int vpf_health_add(struct vpf_nic *nic);
void vpf_health_del(struct vpf_nic *nic);

/* Service task, no lock held */
void vpf_health_look(struct vpf_nic *nic);
void vpf_health_tx_hangs(struct vpf_nic *nic);

#endif
