// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NIC goes away for a while and comes back with nothing in it.
 *
 * Everything that is to be in the NIC is kept by the driver, so coming back is a
 * full reset. VFs find the mailbox as after one: their drivers start over, also
 * a guest that is suspended.
 */
#include <linux/rtnetlink.h>

#include "away.h"
#include "pf.h"
#include "sriov.h"

/*
 * @lost: it has gone already, its registers cannot be read. Until back() nobody
 * asks the NIC for anything; what is set meanwhile takes effect then.
 */
static void leave(struct vpf_nic *nic, bool lost)
{
	rtnl_lock();
	if (lost)
		set_bit(VPF_F_AWAY, &nic->flags);
	netif_device_detach(nic->netdev);
	if (test_bit(VPF_F_UP, &nic->flags))
		vpf_down(nic);
	vpf_irq_other_off(nic);
	vpf_hw_update_stats(nic);
	vpf_vfs_leave(nic);
	rtnl_unlock();

	cancel_delayed_work_sync(&nic->service);
	vpf_mbx_stop(nic);
}

static int back(struct vpf_nic *nic)
{
	int err;

	rtnl_lock();
	err = vpf_restart(nic, netif_running(nic->netdev));
	if (!err)
		netif_device_attach(nic->netdev);
	rtnl_unlock();
	vpf_service_kick(nic);
	return err;
}

static int pm_suspend(struct device *dev)
{
	struct vpf_nic *nic = dev_get_drvdata(dev);

	leave(nic, false);
	vpf_hw_stop(nic);
	if (nic->wake && device_may_wakeup(dev))
		vpf_hw_wake_on(nic);
	vpf_hw_release(nic);
	return 0;
}

static int pm_resume(struct device *dev)
{
	struct vpf_nic *nic = dev_get_drvdata(dev);

	/* the core has used up what it had saved; errors on the bus need it again */
	pci_save_state(nic->pdev);
	pci_set_master(nic->pdev);
	return back(nic);
}

DEFINE_SIMPLE_DEV_PM_OPS(vpf_pm_ops, pm_suspend, pm_resume);

/*
 * An error that left the link working may have been caused by one VF's guest: that
 * is no reason to reset what all others use.
 */
static pci_ers_result_t error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct vpf_nic *nic = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;

	netdev_warn(nic->netdev, "PCI error: the NIC %s\n",
		    state == pci_channel_io_frozen ? "is reset" : "is gone");
	leave(nic, true);
	return state == pci_channel_io_frozen ? PCI_ERS_RESULT_NEED_RESET :
						PCI_ERS_RESULT_DISCONNECT;
}

/*
 * From Linux 6.18 on the bus is also reset if the link works, when the driver of one function
 * asks for it: of any VF.
 */
static pci_ers_result_t slot_reset(struct pci_dev *pdev)
{
	struct vpf_nic *nic = pci_get_drvdata(pdev);

	pci_restore_state(pdev);
	pci_save_state(pdev);
	pci_set_master(pdev);
	if (vpf_present(nic) && !vpf_hw_is_ours(nic)) {
		netdev_warn(nic->netdev, "PCI error: the NIC was reset for another function\n");
		leave(nic, true);
	}
	return vpf_rd(nic, R_STATUS) == ~0u ? PCI_ERS_RESULT_DISCONNECT :
					      PCI_ERS_RESULT_RECOVERED;
}

static void error_resume(struct pci_dev *pdev)
{
	struct vpf_nic *nic = pci_get_drvdata(pdev);

	if (!vpf_present(nic) && !back(nic))
		netdev_info(nic->netdev, "back after a PCI error\n");
}

static void save_vf(struct pci_dev *vf)
{
	pci_save_state(vf);
}

static void restore_vf(struct pci_dev *vf)
{
	pci_restore_state(vf);
}

/*
 * Somebody resets the PF's function. The PCI core saves and restores its configuration,
 * and that it has VFs, but not theirs: a guest's VF would come back without
 * bus mastering and interrupts.
 */
static void reset_prepare(struct pci_dev *pdev)
{
	leave(pci_get_drvdata(pdev), false);
	vpf_sriov_for_each(pdev, save_vf);
}

static void reset_done(struct pci_dev *pdev)
{
	struct vpf_nic *nic = pci_get_drvdata(pdev);

	pci_save_state(pdev);
	pci_set_master(pdev);
	vpf_sriov_for_each(pdev, restore_vf);
	if (back(nic))
		netdev_err(nic->netdev, "the NIC did not come back from a reset\n");
}

const struct pci_error_handlers vpf_error_handlers = {
	.error_detected	= error_detected,
	.slot_reset	= slot_reset,
	.resume		= error_resume,
	.reset_prepare	= reset_prepare,
	.reset_done	= reset_done,
};
