// SPDX-License-Identifier: GPL-2.0-only
/*
 * devlink: info and health.
 *
 * What goes wrong is found by the service task, so that no guest can make more than
 * one report in each of its periods.
 */
#include <linux/version.h>
#include <net/devlink.h>

#include "../include/vferry_mig_name.h"
#include "health.h"
#include "pf.h"
#include "vf.h"

/* devlink's own: what its instance belongs to */
struct owner {
	struct vpf_nic *nic;
};

static int info_get(struct devlink *devlink, struct devlink_info_req *req,
		    struct netlink_ext_ack *extack)
{
	struct owner *owner = devlink_priv(devlink);
	u64 dsn = pci_get_dsn(owner->nic->pdev);
	char text[24];
	u16 version;
	int err;

	if (dsn) {
		snprintf(text, sizeof(text), "%016llx", dsn);
		err = devlink_info_serial_number_put(req, text);
		if (err)
			return err;
	}
	if (!vpf_present(owner->nic) ||
	    vpf_hw_nvm_word(owner->nic, VPF_NVM_VERSION, &version))
		return 0;
	snprintf(text, sizeof(text), "%u.%02x", version >> 12, version >> 4 & 0xff);
	return devlink_info_version_running_put(req, DEVLINK_INFO_VERSION_GENERIC_FW, text);
}

static const struct devlink_ops devlink_ops = {
	.info_get = info_get,
};

static int tx_recover(struct devlink_health_reporter *reporter, void *context,
		      struct netlink_ext_ack *extack)
{
	struct owner *owner = devlink_health_reporter_priv(reporter);

	vpf_recover(owner->nic);
	return 0;
}

static void describe_queue(const struct vpf_queue *queue, struct devlink_fmsg *fmsg)
{
	devlink_fmsg_u32_pair_put(fmsg, "queue", queue->nr);
	devlink_fmsg_u32_pair_put(fmsg, "number in the NIC", queue->hw);
	devlink_fmsg_u32_pair_put(fmsg, "head", vpf_rd(queue->nic, R_TDH(queue->hw)));
	devlink_fmsg_u32_pair_put(fmsg, "tail", vpf_rd(queue->nic, R_TDT(queue->hw)));
}

static int tx_diagnose(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
		       struct netlink_ext_ack *extack)
{
	struct owner *owner = devlink_health_reporter_priv(reporter);
	struct vpf_nic *nic = owner->nic;
	unsigned int i;

	devlink_fmsg_bool_pair_put(fmsg, "up", test_bit(VPF_F_UP, &nic->flags));
	devlink_fmsg_arr_pair_nest_start(fmsg, "queues");
	for (i = 0; vpf_present(nic) && i < READ_ONCE(nic->num_queues); i++) {
		devlink_fmsg_obj_nest_start(fmsg);
		describe_queue(&nic->queues[i], fmsg);
		devlink_fmsg_obj_nest_end(fmsg);
	}
	devlink_fmsg_arr_pair_nest_end(fmsg);
	devlink_fmsg_u64_pair_put(fmsg, "restarts", nic->queue_restarts);
	devlink_fmsg_u64_pair_put(fmsg, "resets", nic->reset_count);
	return 0;
}

/* As if the stack had seen a hang; a real one cannot be asked for */
static int tx_test(struct devlink_health_reporter *reporter, struct netlink_ext_ack *extack)
{
	struct owner *owner = devlink_health_reporter_priv(reporter);

	set_bit(VPF_F_REINIT, &owner->nic->flags);
	vpf_service_kick(owner->nic);
	return 0;
}

static void for_each_vf(struct vpf_nic *nic, struct devlink_fmsg *fmsg,
			void (*describe)(struct vferry_pf_vf *vf, struct devlink_fmsg *fmsg))
{
	unsigned int n;

	devlink_fmsg_arr_pair_nest_start(fmsg, "VFs");
	for (n = 0; n < nic->num_vfs; n++) {
		devlink_fmsg_obj_nest_start(fmsg);
		devlink_fmsg_u32_pair_put(fmsg, "VF", n);
		describe(&nic->vf[n], fmsg);
		devlink_fmsg_obj_nest_end(fmsg);
	}
	devlink_fmsg_arr_pair_nest_end(fmsg);
}

static void describe_mailbox(struct vferry_pf_vf *vf, struct devlink_fmsg *fmsg)
{
	mutex_lock(&vf->lock);
	devlink_fmsg_bool_pair_put(fmsg, "driver", vf->cts);
	devlink_fmsg_bool_pair_put(fmsg, "held", vf->mbx.held_ns);
	devlink_fmsg_bool_pair_put(fmsg, "unread", vf->mbx.unacked);
	devlink_fmsg_bool_pair_put(fmsg, "throttled", vf->mbx.throttled);
	mutex_unlock(&vf->lock);
	devlink_fmsg_u64_pair_put(fmsg, "taken away",
				  atomic64_read(&vf->abuse[VPF_ABUSE_LOCK_BROKEN]));
}

static int mailbox_diagnose(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			    struct netlink_ext_ack *extack)
{
	struct owner *owner = devlink_health_reporter_priv(reporter);

	for_each_vf(owner->nic, fmsg, describe_mailbox);
	return 0;
}

static void describe_migration(struct vferry_pf_vf *vf, struct devlink_fmsg *fmsg)
{
	enum vferry_mig_state state;
	struct vpf_nl_last last;

	spin_lock_bh(&vf->mig_lock);
	state = vf->mig.state;
	last = vf->mig.last;
	spin_unlock_bh(&vf->mig_lock);
	devlink_fmsg_u32_pair_put(fmsg, "state", state);
	devlink_fmsg_u64_pair_put(fmsg, "last id", vferry_mig_name(last.mig_id));
	devlink_fmsg_u32_pair_put(fmsg, "last error", -last.err);
}

static int migration_diagnose(struct devlink_health_reporter *reporter,
			      struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	struct owner *owner = devlink_health_reporter_priv(reporter);

	for_each_vf(owner->nic, fmsg, describe_migration);
	return 0;
}

static const struct devlink_health_reporter_ops tx_ops = {
	.name = "tx",
	.recover = tx_recover,
	.diagnose = tx_diagnose,
	.test = tx_test,
};

static const struct devlink_health_reporter_ops mailbox_ops = {
	.name = "mailbox",
	.diagnose = mailbox_diagnose,
};

static const struct devlink_health_reporter_ops migration_ops = {
	.name = "migration",
	.diagnose = migration_diagnose,
};

/* Without one everything works but its reports */
static struct devlink_health_reporter *create(struct devlink *devlink,
					      const struct devlink_health_reporter_ops *ops)
{
	struct devlink_health_reporter *reporter;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	reporter = devlink_health_reporter_create(devlink, ops, devlink_priv(devlink));
#else
	reporter = devlink_health_reporter_create(devlink, ops, 0, devlink_priv(devlink));
#endif
	return IS_ERR(reporter) ? NULL : reporter;
}

static void destroy(struct devlink_health_reporter *reporter)
{
	if (reporter)
		devlink_health_reporter_destroy(reporter);
}

int vpf_health_add(struct vpf_nic *nic)
{
	struct vpf_health *health = &nic->health;
	struct devlink *devlink;
	struct owner *owner;

	devlink = devlink_alloc(&devlink_ops, sizeof(*owner), &nic->pdev->dev);
	if (!devlink)
		return -ENOMEM;
	owner = devlink_priv(devlink);
	owner->nic = nic;
	health->devlink = devlink;
	health->tx = create(devlink, &tx_ops);
	health->mailbox = create(devlink, &mailbox_ops);
	health->migration = create(devlink, &migration_ops);
	devlink_register(devlink);
	return 0;
}

void vpf_health_del(struct vpf_nic *nic)
{
	struct vpf_health *health = &nic->health;

	if (!health->devlink)
		return;
	devlink_unregister(health->devlink);
	destroy(health->tx);
	destroy(health->mailbox);
	destroy(health->migration);
	devlink_free(health->devlink);
	*health = (struct vpf_health) {};
}

/* Report what has been counted since the last look; nothing new is healthy again */
static void look(struct devlink_health_reporter *reporter, const char *what, u64 now, u64 *seen)
{
	if (!reporter)
		return;
	if (now != *seen)
		devlink_health_report(reporter, what, NULL);
	else
		devlink_health_reporter_state_update(reporter,
						     DEVLINK_HEALTH_REPORTER_STATE_HEALTHY);
	*seen = now;
}

void vpf_health_look(struct vpf_nic *nic)
{
	static const enum vpf_mbx_stat failures[] = {
		VPF_MBX_MIGRATE_FAILED, VPF_MBX_CANCEL_FAILED,
		VPF_MBX_SUSPEND_FAILED, VPF_MBX_RESUME_FAILED,
	};
	u64 failed = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(failures); i++)
		failed += atomic64_read(&nic->mbx_irq.stats[failures[i]]);
	look(nic->health.migration, "a VF's driver failed to do what it was told", failed,
	     &nic->health.failed);
	look(nic->health.mailbox, "a VF kept its mailbox",
	     atomic64_read(&nic->mbx_irq.stats[VPF_MBX_LOCK_BROKEN]), &nic->health.held);
}

/**
 * vpf_health_tx_hangs() - the transmit queue hangs: say so, and do something
 * @nic: the PF
 *
 * An administrator who has switched automatic recovery off wants to look at it first.
 */
void vpf_health_tx_hangs(struct vpf_nic *nic)
{
	if (nic->health.tx)
		devlink_health_report(nic->health.tx, "the transmit queue hangs", NULL);
	else
		vpf_recover(nic);
}
