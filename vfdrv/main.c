// SPDX-License-Identifier: GPL-2.0-only
/*
 * vferry_vf: driver of 82576 virtual functions that are migrated with their
 * guest. Life of a device: probe, remove, shutdown; what comes in between: away.c.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/module.h>

#include "../include/vferry_version.h"
#include "away.h"
#include "compat.h"
#include "nl.h"
#include "vvf.h"

#define VVF_BAR	0

static void vvf_init(struct vvf *vvf)
{
	mutex_init(&vvf->lock);
	spin_lock_init(&vvf->gate.lock);
	vvf->tx_size = VVF_RING_DEFAULT;
	vvf->rx_size = VVF_RING_DEFAULT;
	vvf->quiet = true;
	u64_stats_init(&vvf->stats.tx_sync);
	u64_stats_init(&vvf->stats.rx_sync);
	INIT_LIST_HEAD(&vvf->node);
	vvf_queue_init(vvf);
	vvf_filter_init(vvf);
	vvf_link_init(vvf);
	vvf_mig_init(vvf);
}

/* First contact with the PF. A PF that does not answer now may later. */
static void vvf_introduce(struct vvf *vvf)
{
	vvf_lock(vvf);
	/* The filters are told when the interface is registered. */
	vvf_link_reset(vvf);
	if (is_valid_ether_addr(vvf->filter.pf_mac))
		eth_hw_addr_set(vvf->netdev, vvf->filter.pf_mac);
	else
		eth_hw_addr_random(vvf->netdev);
	vvf_unlock(vvf);
}

/*
 * Switch the device off, in a way that can be done twice: queues, and the
 * VF's place in the PF.
 */
static void vvf_quiesce(struct vvf *vvf)
{
	vvf_lock(vvf);
	vvf_queue_stop(vvf);
	vvf_mig_reset(vvf);
	vvf_unlock(vvf);
}

static int vvf_pci_setup(struct pci_dev *pdev)
{
	int r;

	r = pcim_enable_device(pdev);
	if (r)
		return r;
	r = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (r)
		return r;
	/* Bounce buffers must not move data over a page boundary; see tx.c. */
	dma_set_min_align_mask(&pdev->dev, VVF_TX_PIECE - 1);
	return pcim_iomap_regions(pdev, BIT(VVF_BAR), VVF_NAME);
}

static int vvf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *netdev;
	struct vvf *vvf;
	int r;

	r = vvf_pci_setup(pdev);
	if (r)
		return dev_err_probe(&pdev->dev, r, "cannot set up the PCI device\n");

	netdev = alloc_etherdev(sizeof(*vvf));
	if (!netdev)
		return -ENOMEM;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	vvf = netdev_priv(netdev);
	vvf->netdev = netdev;
	vvf->pdev = pdev;
	vvf->bar = pcim_iomap_table(pdev)[VVF_BAR];
	vvf_init(vvf);
	vvf_netdev_setup(netdev);
	netif_napi_add(netdev, &vvf->napi, vvf_poll);
	netif_carrier_off(netdev);
	pci_set_drvdata(pdev, vvf);
	pci_set_master(pdev);
	pci_save_state(pdev);	/* for slot_reset */

	r = vvf_mbx_init(vvf);
	if (r)
		goto free_netdev;
	r = vvf_irq_request(vvf);
	if (r)
		goto exit_mbx;
	netif_napi_set_irq(&vvf->napi, pci_irq_vector(pdev, VVF_VECTOR_QUEUE));
	vvf_introduce(vvf);
	netif_tx_stop_all_queues(netdev);
	r = register_netdev(netdev);
	if (r)
		goto stop;
	vvf_works_begin(vvf);
	vvf_mig_start(vvf);
	vvf_filter_start(vvf);
	vvf_link_start(vvf);
	return 0;

stop:
	vvf_mbx_online(vvf, false);
	vvf_works_end(vvf);
	vvf_link_stop(vvf);
	vvf_filter_stop(vvf);
	vvf_irq_free(vvf);
exit_mbx:
	vvf_mbx_exit(vvf);
	vvf_mig_stop(vvf);
free_netdev:
	pci_clear_master(pdev);
	netif_napi_del(&vvf->napi);
	free_netdev(netdev);
	return dev_err_probe(&pdev->dev, r, "cannot start\n");
}

static void vvf_remove(struct pci_dev *pdev)
{
	struct vvf *vvf = pci_get_drvdata(pdev);

	unregister_netdev(vvf->netdev);
	vvf_quiesce(vvf);
	vvf_mbx_online(vvf, false);
	vvf_works_end(vvf);
	vvf_link_stop(vvf);
	vvf_filter_stop(vvf);
	vvf_irq_free(vvf);
	vvf_mbx_exit(vvf);
	vvf_mig_stop(vvf);
	/* The PF sees this, and takes away what the VF had. */
	vvf_write(vvf, VVF_CTRL, VVF_CTRL_RST);
	pci_clear_master(pdev);
	netif_napi_del(&vvf->napi);
	free_netdev(vvf->netdev);
}

static void vvf_shutdown(struct pci_dev *pdev)
{
	struct vvf *vvf = pci_get_drvdata(pdev);

	rtnl_lock();
	netif_device_detach(vvf->netdev);
	vvf_quiesce(vvf);
	vvf_mbx_online(vvf, false);
	rtnl_unlock();
	vvf_link_away(vvf);
	vvf_write(vvf, VVF_EIMC, ~0);
	vvf_write(vvf, VVF_CTRL, VVF_CTRL_RST);
	pci_clear_master(pdev);
}

static const struct pci_device_id vvf_ids[] = {
	{ PCI_VDEVICE(INTEL, 0x10ca) },
	{}
};
MODULE_DEVICE_TABLE(pci, vvf_ids);

static struct pci_driver vvf_driver = {
	.name = VVF_NAME,
	.id_table = vvf_ids,
	.probe = vvf_probe,
	.remove = vvf_remove,
	.shutdown = vvf_shutdown,
	.err_handler = &vvf_error_handlers,
	.driver.pm = pm_sleep_ptr(&vvf_pm_ops),
};

static int __init vvf_module_init(void)
{
	int r;

	r = vvf_nl_init();
	if (r)
		return r;
	r = pci_register_driver(&vvf_driver);
	if (r)
		vvf_nl_exit();
	return r;
}
module_init(vvf_module_init);

static void __exit vvf_module_exit(void)
{
	pci_unregister_driver(&vvf_driver);
	vvf_nl_exit();
}
module_exit(vvf_module_exit);

MODULE_DESCRIPTION("Intel 82576 virtual function that migrates with its guest");
MODULE_AUTHOR("The vferry authors");
MODULE_VERSION(VFERRY_VERSION);
MODULE_LICENSE("GPL");
