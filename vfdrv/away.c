// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that goes away for a while and comes back: sleep and hibernation of
 * the machine, a function level reset, an error on the bus.
 *
 * Nothing of what the NIC had is taken for granted afterwards. While it is away
 * the interface is detached: it keeps carrier, addresses and routes, and nobody
 * touches a register.
 */
#include <linux/pm.h>
#include <linux/rtnetlink.h>

#include "away.h"
#include "request.h"
#include "vvf.h"

static void vvf_away_locked(struct vvf *vvf)
{
	lockdep_assert_held(&vvf->lock);

	netif_device_detach(vvf->netdev);
	vvf_queue_stop(vvf);
	vvf_mig_reset(vvf);
	vvf_mbx_online(vvf, false);
}

static void vvf_away(struct vvf *vvf)
{
	rtnl_lock();
	vvf_lock(vvf);
	vvf_away_locked(vvf);
	vvf_unlock(vvf);
	rtnl_unlock();
	vvf_link_away(vvf);
}

/* Attach the interface; its queue stays stopped if the NIC's is not on. */
static void vvf_attach(struct vvf *vvf)
{
	struct net_device *netdev = vvf->netdev;

	netif_tx_lock_bh(netdev);
	netif_device_attach(netdev);
	if (!vvf->running || vvf_mig_suspended(vvf))
		netif_tx_stop_all_queues(netdev);
	netif_tx_unlock_bh(netdev);
}

/*
 * A PF that does not answer yet is waited for by the watchdog. Without RTNL: the answer may
 * take seconds. The interface is detached still, so it can go down meanwhile, but not up.
 */
static void vvf_back(struct vvf *vvf)
{
	pci_set_master(vvf->pdev);
	/* what the PCI core had saved it has used up; the next error on the bus needs it */
	pci_save_state(vvf->pdev);
	vvf_mbx_online(vvf, true);
	vvf_lock(vvf);
	vvf_link_reset(vvf);
	vvf_unlock(vvf);

	rtnl_lock();
	vvf_lock(vvf);
	vvf_attach(vvf);
	vvf_unlock(vvf);
	rtnl_unlock();
	vvf_link_check(vvf);
}

/*
 * A migration that has begun ends first: the host could only see it fail. One that is
 * asked for later is refused, the host knows why.
 */
static int vvf_sleep(struct device *dev)
{
	struct vvf *vvf = dev_get_drvdata(dev);
	bool told, busy;

	/* Asked without locks, as the answer may take long; whether it was right is seen then. */
	told = READ_ONCE(vvf->mig.state) == VFERRY_MIG_IDLE && vvf->mig.welcome.version &&
	       !READ_ONCE(vvf->link.pf_absent) &&
	       !vvf_request_hello(vvf, VFERRY_FEAT_ASLEEP);

	rtnl_lock();
	vvf_lock(vvf);
	busy = vvf->mig.state != VFERRY_MIG_IDLE || vvf->mig.n_jobs;
	if (!busy)
		vvf_away_locked(vvf);
	vvf_unlock(vvf);
	rtnl_unlock();

	if (busy) {
		dev_warn(dev, "no sleep: a migration is under way\n");
		if (told)
			vvf_request_hello(vvf, VFERRY_FEAT_MIGRATE);
		return -EBUSY;
	}
	vvf_link_away(vvf);
	vvf_write(vvf, VVF_EIMC, ~0);
	return 0;
}

static int vvf_wake(struct device *dev)
{
	vvf_back(dev_get_drvdata(dev));
	return 0;
}

/*
 * The same for an image of memory: nothing may write into what is being saved, and who
 * wakes up with it finds a device of another's.
 */
const struct dev_pm_ops vvf_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(vvf_sleep, vvf_wake)
};

/* FLR, asked for by user space. The device is not to be touched in between. */
static void vvf_reset_prepare(struct pci_dev *pdev)
{
	vvf_away(pci_get_drvdata(pdev));
}

static void vvf_reset_done(struct pci_dev *pdev)
{
	vvf_back(pci_get_drvdata(pdev));
}

static pci_ers_result_t vvf_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct vvf *vvf = pci_get_drvdata(pdev);

	dev_warn(&pdev->dev, "error on the bus\n");
	vvf->link.bus_errors++;
	vvf_away(vvf);
	pci_clear_master(pdev);
	/* Not NEED_RESET: from Linux 6.18 on that resets the PF, and all other VFs. */
	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	return state == pci_channel_io_perm_failure ? PCI_ERS_RESULT_DISCONNECT :
						      PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t vvf_slot_reset(struct pci_dev *pdev)
{
	struct vvf *vvf = pci_get_drvdata(pdev);

	/* A sleep that was given up has cleared that; what was saved is good all the same. */
	pdev->state_saved = true;
	pci_restore_state(pdev);
	if (vvf_read(vvf, VVF_STATUS) == VVF_GONE) {
		dev_err(&pdev->dev, "does not answer after an error on the bus\n");
		return PCI_ERS_RESULT_DISCONNECT;
	}
	return PCI_ERS_RESULT_RECOVERED;
}

static void vvf_error_resume(struct pci_dev *pdev)
{
	vvf_back(pci_get_drvdata(pdev));
	dev_info(&pdev->dev, "goes on after an error on the bus\n");
}

const struct pci_error_handlers vvf_error_handlers = {
	.error_detected = vvf_error_detected,
	.slot_reset = vvf_slot_reset,
	.resume = vvf_error_resume,
	.reset_prepare = vvf_reset_prepare,
	.reset_done = vvf_reset_done,
};
