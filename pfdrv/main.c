// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe, remove, service task.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "../include/vferry_mbx.h"
#include "../include/vferry_version.h"
#include "away.h"
#include "flow.h"
#include "nl.h"
#include "pf.h"
#include "phy.h"
#include "sriov.h"

/* Link and counters are looked at this often; octet counters wrap after 34 s */
#define VPF_SERVICE_PERIOD	(2 * HZ)
/* A queue that hangs again within this long makes us reset the whole NIC */
#define VPF_HANG_AGAIN		(30 * HZ)

/**
 * vpf_service_kick() - let the service task look now
 * @nic: the PF
 *
 * Any context.
 */
void vpf_service_kick(struct vpf_nic *nic)
{
	if (!test_bit(VPF_F_REMOVING, &nic->flags) && vpf_present(nic))
		mod_delayed_work(nic->wq, &nic->service, 0);
}

/**
 * vpf_restart() - reset the NIC and program all of it again
 * @nic: the PF; its queues are stopped, its interrupts off, its counters read
 * @up: start the queues
 *
 * Return: 0, or -EIO: there is no NIC any more; its interface is detached.
 */
int vpf_restart(struct vpf_nic *nic, bool up)
{
	int err;

	ASSERT_RTNL();

	vpf_vfs_before_reset(nic);
	err = vpf_hw_reset(nic);
	if (err) {
		netdev_err(nic->netdev, "the NIC is gone (%pe)\n", ERR_PTR(err));
		netif_device_detach(nic->netdev);
		set_bit(VPF_F_AWAY, &nic->flags);
		vpf_vfs_after_reset(nic);
		return err;
	}
	clear_bit(VPF_F_AWAY, &nic->flags);
	vpf_hw_configure(nic);
	vpf_vfs_after_reset(nic);
	err = vpf_phy_setup(nic);
	if (err)
		netdev_err(nic->netdev, "no answer from the PHY (%pe)\n", ERR_PTR(err));
	vpf_irq_other_on(nic);
	if (up)
		vpf_up(nic);
	return 0;
}

/**
 * vpf_full_reset() - reset the NIC and everything in it
 * @nic: the PF
 *
 * VFs lose their rings and interrupts too; they are told to start over.
 */
void vpf_full_reset(struct vpf_nic *nic)
{
	bool up = test_bit(VPF_F_UP, &nic->flags);

	ASSERT_RTNL();

	if (!vpf_present(nic))	/* it is reset when it comes back */
		return;
	if (up)
		vpf_down(nic);
	vpf_irq_other_off(nic);
	vpf_hw_update_stats(nic);
	vpf_restart(nic, up);
}

/**
 * vpf_recover() - transmit hangs
 * @nic: the PF
 *
 * VFs go on if restarting our own queues is enough; they would lose their
 * interrupts in a reset.
 */
void vpf_recover(struct vpf_nic *nic)
{
	bool again = nic->queue_restarts &&
		     time_before(jiffies, nic->last_restart + VPF_HANG_AGAIN);
	unsigned int hung, hw;

	rtnl_lock();
	if (!test_bit(VPF_F_UP, &nic->flags)) {
		rtnl_unlock();
		return;
	}
	/* there may be fewer by now */
	hung = min(READ_ONCE(nic->hung_queue), nic->num_queues - 1u);
	hw = nic->queues[hung].hw;
	netdev_warn(nic->netdev, "transmit queue hangs (number %u, head %u, tail %u): %s\n",
		    hung, vpf_rd(nic, R_TDH(hw)), vpf_rd(nic, R_TDT(hw)),
		    again ? "reset" : "restart");
	nic->queue_restarts++;
	nic->last_restart = jiffies;
	if (again) {
		vpf_full_reset(nic);
	} else {
		vpf_down(nic);
		vpf_up(nic);
	}
	rtnl_unlock();
}

static void look_at_link(struct vpf_nic *nic)
{
	struct net_device *netdev = nic->netdev;
	u32 speed;
	bool full;
	bool up = vpf_phy_link(nic, &speed, &full);

	if (test_bit(VPF_F_UP, &nic->flags) && up != netif_carrier_ok(netdev)) {
		if (up)
			netif_carrier_on(netdev);
		else
			netif_carrier_off(netdev);
	}
	if (up && !nic->link_up)
		set_bit(VPF_F_FLOW, &nic->flags);
	/* resets are under RTNL, and write the same register; else next time */
	if (up && test_bit(VPF_F_FLOW, &nic->flags) && rtnl_trylock()) {
		clear_bit(VPF_F_FLOW, &nic->flags);
		if (vpf_flow_apply(nic))
			netdev_warn(netdev, "no answer from the PHY: no flow control\n");
		rtnl_unlock();
	}
	if (up == nic->link_up)
		return;

	nic->link_up = up;
	if (up)
		netdev_info(netdev, "link up, %u Mbit/s, %s duplex\n", speed,
			    full ? "full" : "half");
	else
		netdev_info(netdev, "link down\n");
	vpf_vfs_link_changed(nic);
}

static void service(struct work_struct *work)
{
	struct vpf_nic *nic = container_of(to_delayed_work(work), struct vpf_nic, service);

	if (test_bit(VPF_F_REMOVING, &nic->flags) || !vpf_present(nic))
		return;
	if (test_and_clear_bit(VPF_F_REINIT, &nic->flags))
		vpf_health_tx_hangs(nic);
	look_at_link(nic);
	vpf_hw_update_stats(nic);
	vpf_vfs_update_stats(nic);
	vpf_health_look(nic);
	/* earlier, if something came while we were at it */
	queue_delayed_work(nic->wq, &nic->service, VPF_SERVICE_PERIOD);
}

static int setup_hw(struct vpf_nic *nic)
{
	struct device *dev = &nic->pdev->dev;
	int err;

	err = vpf_hw_reset(nic);
	if (err)
		return dev_err_probe(dev, err, "reset\n");

	if (vpf_hw_read_mac(nic)) {
		eth_hw_addr_random(nic->netdev);
		dev_warn(dev, "no address in the NIC, %pM chosen at random\n",
			 nic->netdev->dev_addr);
	} else {
		eth_hw_addr_set(nic->netdev, nic->perm_addr);
		ether_addr_copy(nic->netdev->perm_addr, nic->perm_addr);
	}

	err = vpf_phy_init(nic);
	if (err)
		return dev_err_probe(dev, err, "no PHY\n");
	return 0;
}

static void init_nic(struct vpf_nic *nic, struct pci_dev *pdev, struct net_device *netdev)
{
	nic->pdev = pdev;
	nic->netdev = netdev;
	nic->tx_count = VPF_RING_DEFAULT;
	nic->rx_count = VPF_RING_DEFAULT;
	INIT_LIST_HEAD(&nic->list);
	INIT_DELAYED_WORK(&nic->service, service);
	mutex_init(&nic->phy_lock);
	mutex_init(&nic->nvm_lock);
	mutex_init(&nic->stats_lock);
	vpf_filter_init(nic);
	vpf_vfs_init(nic);
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *netdev;
	struct vpf_nic *nic;
	int err;

	/* Left by a driver that went without taking them along */
	if (pci_num_vf(pdev))
		pci_disable_sriov(pdev);

	err = pci_enable_device_mem(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		goto err_disable;
	err = pci_request_mem_regions(pdev, VPF_NAME);
	if (err)
		goto err_disable;
	pci_set_master(pdev);

	err = -ENOMEM;
	netdev = alloc_etherdev_mq(sizeof(*nic), vpf_irq_max_queues(pdev));
	if (!netdev)
		goto err_regions;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	nic = netdev_priv(netdev);
	init_nic(nic, pdev, netdev);
	pci_set_drvdata(pdev, nic);

	nic->regs = pci_ioremap_bar(pdev, 0);
	if (!nic->regs)
		goto err_netdev;
	err = setup_hw(nic);
	if (err)
		goto err_unmap;

	nic->wq = alloc_workqueue(VPF_NAME "-%s", WQ_UNBOUND | WQ_HIGHPRI, 0,
				  pci_name(pdev));
	if (!nic->wq) {
		err = -ENOMEM;
		goto err_unmap;
	}
	err = vpf_irq_init(nic);
	if (err) {
		dev_err(&pdev->dev, "no MSI-X (%pe)\n", ERR_PTR(err));
		goto err_wq;
	}

	vpf_netdev_init(nic);
	err = vpf_queues_add(nic);
	if (err)
		goto err_irq;
	vpf_filter_set_mac(nic, VPF_POOL_PF, netdev->dev_addr, 0);
	vpf_hw_configure(nic);
	netif_carrier_off(netdev);
	err = register_netdev(netdev);
	if (err)
		goto err_irq;

	vpf_queues_spread(nic, 0);
	vpf_irq_other_on(nic);
	err = vpf_phy_setup(nic);
	if (err) {
		dev_err(&pdev->dev, "no answer from the PHY (%pe)\n", ERR_PTR(err));
		goto err_unregister;
	}
	err = vpf_health_add(nic);
	if (err)
		goto err_unregister;
	vpf_nl_add(nic);
	pci_save_state(pdev);	/* for slot_reset() */
	/* what sriov_totalvfs says, and what sriov_numvfs takes */
	pci_sriov_set_totalvfs(pdev, VPF_MAX_VFS);
	queue_delayed_work(nic->wq, &nic->service, 0);
	netdev_info(netdev, "82576 at %s, %pM, %u queues, up to %d VFs\n", pci_name(pdev),
		    netdev->dev_addr, nic->max_queues, VPF_MAX_VFS);
	return 0;

err_unregister:
	vpf_irq_other_off(nic);
	set_bit(VPF_F_REMOVING, &nic->flags);
	unregister_netdev(netdev);
	cancel_delayed_work_sync(&nic->service);
err_irq:
	vpf_irq_exit(nic);
err_wq:
	destroy_workqueue(nic->wq);
err_unmap:
	iounmap(nic->regs);
err_netdev:
	free_netdev(netdev);
err_regions:
	pci_release_mem_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return err;
}

/*
 * VFs go first, while everything still works: their drivers, VFIO among them,
 * are unbound and may need the mailbox for that.
 */
static void remove(struct pci_dev *pdev)
{
	struct vpf_nic *nic = pci_get_drvdata(pdev);

	vpf_sriov_disable(nic);
	vpf_nl_del(nic);
	set_bit(VPF_F_REMOVING, &nic->flags);
	cancel_delayed_work_sync(&nic->service);
	vpf_health_del(nic);
	unregister_netdev(nic->netdev);
	vpf_irq_other_off(nic);
	vpf_irq_exit(nic);
	vpf_mbx_stop(nic);
	cancel_delayed_work_sync(&nic->service);
	destroy_workqueue(nic->wq);
	vpf_hw_stop(nic);
	vpf_hw_release(nic);
	iounmap(nic->regs);
	free_netdev(nic->netdev);
	pci_release_mem_regions(pdev);
	pci_disable_device(pdev);
}

/* The machine goes down: nothing of the NIC may reach into memory any more */
static void shutdown(struct pci_dev *pdev)
{
	struct vpf_nic *nic = pci_get_drvdata(pdev);

	set_bit(VPF_F_REMOVING, &nic->flags);
	cancel_delayed_work_sync(&nic->service);
	rtnl_lock();
	netif_device_detach(nic->netdev);
	if (netif_running(nic->netdev))
		dev_close(nic->netdev);
	rtnl_unlock();
	vpf_irq_other_off(nic);
	vpf_hw_stop(nic);
	vpf_hw_release(nic);
	pci_clear_master(pdev);
}

static const struct pci_device_id ids[] = {
	{ PCI_VDEVICE(INTEL, 0x10c9) },		/* 82576, copper */
	{}
};
MODULE_DEVICE_TABLE(pci, ids);

struct pci_driver vpf_driver = {
	.name = VPF_NAME,
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.shutdown = shutdown,
	.sriov_configure = vpf_sriov_configure,
	.err_handler = &vpf_error_handlers,
	.driver.pm = pm_sleep_ptr(&vpf_pm_ops),
};

static int __init vpf_init(void)
{
	int err;

	err = vpf_nl_init();
	if (err)
		return err;
	err = pci_register_driver(&vpf_driver);
	if (err)
		vpf_nl_exit();
	return err;
}
module_init(vpf_init);

static void __exit vpf_exit(void)
{
	pci_unregister_driver(&vpf_driver);
	vpf_nl_exit();
}
module_exit(vpf_exit);

MODULE_DESCRIPTION("vferry: 82576 PF driver with migration of VFs");
MODULE_AUTHOR("The vferry authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(VFERRY_VERSION);
