/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VF of this host is for which VF of a domain. Pure. */
#ifndef VFERRY_LIBVIRT_CHOOSE_H
#define VFERRY_LIBVIRT_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dom.h"
#include "sysfs.h"

#define CHOOSE_NONE	((size_t)-1)

/**
 * struct vf_row - a VF of a PF that vferry_pf drives
 * @place: names and drivers
 * @network: label of its PF, "": none
 * @meant: host.conf has it for guests that migrate
 * @iommu: it is in an IOMMU group
 * @pf_up: the PF's interface is up
 * @netdev_up: the VF has an interface on this host, which is up
 * @held: somebody has it open through VFIO
 * @user: who: guest or program, "": not seen
 * @reserved: the domain that has reserved it, "": none; not the one that asks
 * @mac: it has now; @mac_conf: host.conf has one for it
 * @pf_mac: the PF's
 */
struct vf_row {
	struct target place;
	char network[DOM_TEXT];
	bool meant;
	bool iommu;
	bool pf_up;
	bool netdev_up;
	bool held;
	char user[96];
	char reserved[DOM_NAME];
	uint8_t mac[6];
	bool mac_conf;
	uint8_t pf_mac[6];
};

/**
 * struct vf_table - all of them
 * @loaded: vferry_vfio is loaded
 * @installed: it is where modprobe and libvirt look for it
 */
struct vf_table {
	struct vf_row *rows;
	size_t count;
	bool loaded;
	bool installed;
};

/**
 * choose() - a VF for each device that is ours
 * @table: VFs of this host
 * @dom: the domain
 * @ours: for each of its devices: is it to have a VF?
 * @ret_rows: receives for each device the number of a row, or CHOOSE_NONE
 * @reason: receives what is wrong and what to do, one line
 * @size: of @reason
 *
 * A VF at the same address as the device's is preferred, and before that one that has
 * the guest's address already.
 *
 * Return: 0; -ENOENT: no VF of that network is free; -EADDRINUSE: only where the
 * guest's address is another's; -EINVAL: it is not known which network.
 */
int choose(const struct vf_table *table, const struct dom *dom, const bool *ours,
	   size_t *ret_rows, char *reason, size_t size);

#endif
