/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VF by VFIO's group interface, as a QEMU has it; registers of a VF of the 82576. */
#ifndef VFERRY_LAB_VFIO_H
#define VFERRY_LAB_VFIO_H

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tool.h"

#define VMBMEM(w)	(0x0800 + 4 * (w))
#define V2PMAILBOX	0x0c40
#define V2P_REQ		0x01u
#define V2P_ACK		0x02u
#define V2P_VFU		0x04u
#define V2P_PFSTS	0x10u
#define V2P_PFACK	0x20u
#define V2P_RSTD	0x80u

/* The group's file of the device at a PCI address; -1 and errno. */
static inline int vfio_open_group(const char *pci)
{
	char path[128], link[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", pci);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -1;
	link[n] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(link, '/'));
	return open(path, O_RDWR);
}

/**
 * vfio_open() - take a device that nobody uses
 * @pci: its PCI address; it is bound to a VFIO driver
 * @ret_container: where DMA is mapped; NULL: nothing will be
 *
 * Return: the device's file, open until the program ends; -1 and errno.
 */
static inline int vfio_open(const char *pci, int *ret_container)
{
	int container = open("/dev/vfio/vfio", O_RDWR), group = vfio_open_group(pci);

	if (container < 0 || group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	if (ret_container)
		*ret_container = container;
	return ioctl(group, VFIO_GROUP_GET_DEVICE_FD, pci);
}

/* As a guest does, before which the device's memory does not answer; -1 and errno. */
static inline int vfio_enable_memory(int device)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config))
		return -1;
	return pwrite(device, &command, sizeof(command), config.offset + PCI_COMMAND) ==
		sizeof(command) ? 0 : -1;
}

/* BAR 0, once its memory answers; NULL and errno. */
static inline volatile uint32_t *vfio_map_registers(int device)
{
	struct vfio_region_info bar = {
		.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	void *p;

	if (vfio_enable_memory(device) || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar))
		return NULL;
	p = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, bar.offset);
	return p == MAP_FAILED ? NULL : p;
}

/* One of VFIO's features: @what, with VFIO_DEVICE_FEATURE_GET or _SET, and its data. */
static inline int vfio_feature(int device, uint32_t what, void *data, size_t size)
{
	char arg[64];
	struct vfio_device_feature *head = (void *)arg;
	int r;

	head->argsz = sizeof(*head) + size;
	head->flags = what;
	memcpy(head->data, data, size);
	r = ioctl(device, VFIO_DEVICE_FEATURE, arg) ? -errno : 0;
	memcpy(data, head->data, size);
	return r;
}

/* To one of VFIO's migration states. *data_fd changes if that has a file. 0 or -errno. */
static inline int vfio_go_to(int device, uint32_t state, int *data_fd)
{
	struct vfio_device_feature_mig_state mig = { .device_state = state, .data_fd = -1 };
	int r = vfio_feature(device, VFIO_DEVICE_FEATURE_SET |
			     VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig));

	if (!r && mig.data_fd >= 0)
		*data_fd = mig.data_fd;
	return r;
}

/* How much there is to be read when the guest has been stopped. 0 or -errno. */
static inline int vfio_ask_size(int device)
{
	struct vfio_device_feature_mig_data_size size = {};

	return vfio_feature(device, VFIO_DEVICE_FEATURE_GET |
			    VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size, sizeof(size));
}

#endif
