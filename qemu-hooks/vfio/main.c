// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO driver of an 82576 VF, whose guest migrates with it: PCI driver, VFIO
 * device operations, settings. See vferry_vfio.h.
 */
#include <linux/module.h>

#include "compat.h"
#include "mig.h"
#include "vferry_vfio.h"

#define PCI_DEVICE_ID_82576_VF	0x10ca	/* 82576 datasheet, PCI configuration */

struct vferry_vfio_settings vferry_vfio_settings = {
	.answer_ms = 20,
	.wait_ms = 250,
	.gap_ms = 10,
	.patience_ms = 3000,
	.questions = 64,
	.hold_ms = 2000,
	.settle_ms = 30,
	.save_ms = 3000,
};

/*
 * QEMU holds its big lock during some of these: nobody waits for ever because of a slip
 * of the pen.
 */
#define SETTING(name, min, max, text)						\
	static int set_##name(const char *value, const struct kernel_param *param)	\
	{									\
		return param_set_uint_minmax(value, param, min, max);		\
	}									\
	static const struct kernel_param_ops name##_ops = {			\
		.set = set_##name,						\
		.get = param_get_uint,						\
	};									\
	module_param_cb(name, &name##_ops, &vferry_vfio_settings.name, 0644);	\
	__MODULE_PARM_TYPE(name, "uint");					\
	MODULE_PARM_DESC(name, text " (" __stringify(min) " to " __stringify(max) ")")

SETTING(answer_ms, 0, 1000, "How long QEMU waits for an answer of the guest, and five times as long when it has to ask again whether the guest has been suspended, ms (20). When a migration begins: an answer that comes later is as good, but all memory is sent twice");
SETTING(wait_ms, 0, 60000, "How much longer QEMU waits where it has to: for the guest to end an earlier migration, and to begin logging in a further one; then the new migration fails, ms (250)");
SETTING(gap_ms, 0, 60000, "The guest is suspended when QEMU finds its memory copied twice in a row within this time, ms (10)");
SETTING(patience_ms, 0, 3600000, "The guest is suspended at the latest after this time since QEMU first found its memory copied, ms (3000)");
SETTING(questions, 0, 1000000, "The guest is suspended at the latest when QEMU has found its memory copied so many times, 0: no limit (64)");
SETTING(hold_ms, 10, 3600000, "A guest that was suspended for so long without the switch is woken, and later suspended again, ms (2000)");
SETTING(settle_ms, 0, 1000, "A suspended guest has so long to put away what its VF has received, which holds up its RESUME after the switch, ms (30)");
SETTING(save_ms, 0, 3600000, "A virtual machine that was stopped no longer ago than this is being saved: its state is read although it cannot be asked, and its driver resets the VF when it goes on. One that has been paused for longer is refused, ms (3000)");

module_param_named(manual, vferry_vfio_settings.manual, bool, 0644);
MODULE_PARM_DESC(manual, "The guest is told nothing by this driver: MIGRATE before QEMU's migration begins, SUSPEND while it holds, and RESUME at the destination are asked for by hand (N)");

static int vferry_vfio_init(struct vfio_device *vdev)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);

	vferry_mig_init(dev);
	vferry_track_init(dev);
	vdev->mig_ops = &vferry_mig_ops;
	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
				VFIO_MIGRATION_PRE_COPY;
	vdev->log_ops = vferry_track_log_ops;
	return vfio_pci_core_init_dev(vdev);
}

static int vferry_vfio_open(struct vfio_device *vdev)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);
	struct vferry_pf_vf *vf;
	int err;

	err = vfio_pci_core_enable(&dev->core);
	if (err)
		return err;

	vf = vferry_pf_open(dev->core.pdev, &vferry_mig_client_ops, dev);
	if (IS_ERR(vf)) {
		err = PTR_ERR(vf);
		goto err_disable;
	}

	vferry_track_open(dev);
	vferry_mig_open(dev, vf);
	vfio_pci_core_finish_enable(&dev->core);
	return 0;

err_disable:
	vfio_pci_core_disable(&dev->core);
	return err;
}

static void vferry_vfio_close(struct vfio_device *vdev)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);

	vferry_mig_end(dev);
	/* Resets the VF, while the PF driver still knows whose it is. */
	vfio_pci_core_close_device(vdev);
	vferry_mig_close(dev);
}

static const struct vfio_device_ops vferry_vfio_ops = {
	.name = "vferry_vfio",
	.init = vferry_vfio_init,
	.release = vfio_pci_core_release_dev,
	.open_device = vferry_vfio_open,
	.close_device = vferry_vfio_close,
	.ioctl = vfio_pci_core_ioctl,
#ifdef VFERRY_HAS_REGION_INFO_CAPS
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
#endif
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
#ifdef VFERRY_HAS_MATCH_TOKEN_UUID
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#endif
	.dma_unmap = vferry_track_dma_unmap,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};

/* Is the PF driven by vferry_pf? Asked early, so that binding says so. */
static int check_pf(struct pci_dev *pdev, struct vferry_vfio *dev)
{
	struct vferry_pf_vf *vf = vferry_pf_open(pdev, &vferry_mig_client_ops, dev);

	if (IS_ERR(vf))
		return dev_err_probe(&pdev->dev, PTR_ERR(vf),
				     "not a VF that vferry_pf offers: use vfio-pci\n");
	vferry_pf_close(vf);
	return 0;
}

static int vferry_vfio_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vferry_vfio *dev;
	int err;

	dev = vfio_alloc_device(vferry_vfio, core.vdev, &pdev->dev, &vferry_vfio_ops);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	err = check_pf(pdev, dev);
	if (err)
		goto err_put;

	dev_set_drvdata(&pdev->dev, &dev->core);
	err = vfio_pci_core_register_device(&dev->core);
	if (err)
		goto err_put;
	return 0;

err_put:
	vfio_put_device(&dev->core.vdev);
	return err;
}

static void vferry_vfio_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	vfio_pci_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

static void vferry_vfio_reset_done(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	vferry_mig_reset_done(container_of(core, struct vferry_vfio, core));
}

static const struct pci_error_handlers vferry_vfio_err_handlers = {
	.reset_done = vferry_vfio_reset_done,
	.error_detected = vfio_pci_core_aer_err_detected,
};

static const struct pci_device_id vferry_vfio_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_82576_VF) },
	{}
};
MODULE_DEVICE_TABLE(pci, vferry_vfio_ids);

static struct pci_driver vferry_vfio_driver = {
	.name = KBUILD_MODNAME,
	.id_table = vferry_vfio_ids,
	.probe = vferry_vfio_probe,
	.remove = vferry_vfio_remove,
	.err_handler = &vferry_vfio_err_handlers,
	.driver_managed_dma = true,
};
module_pci_driver(vferry_vfio_driver);

MODULE_DESCRIPTION("VFIO driver of 82576 VFs whose guests migrate with them");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(VFERRY_NS(VFERRY_PF));
/* iova_bitmap_set(), where the kernel has it */
MODULE_IMPORT_NS(VFERRY_NS(IOMMUFD));
