/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May this VF take the guest? The one rule, for vferry check, vferry list and libvirt's
 * hook. Pure: what is known of the VFs is given, by place_row_read() of this host, or from
 * the facts of another.
 */
#ifndef VFERRY_HOST_PLACE_H
#define VFERRY_HOST_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysfs.h"

#define PLACE_TEXT	64
#define PLACE_NAME	256

/**
 * struct vf_row - a VF of a PF that vferry_pf drives
 * @place: names and drivers
 * @network: label of its PF, "": none
 * @meant: host.conf has it for guests that migrate
 * @iommu: it is in an IOMMU group
 * @link: the PF's port has one, and so has the VF, be the PF's interface up or down
 * @netdev_up: the VF has an interface on this host, which is up
 * @held: somebody has it open through VFIO
 * @user: who: guest or program, "": not seen
 * @moving: word of the state that it is in, if a migration is under way on it; "": none
 * @reserved: the domain that has reserved it, "": none; not the one that asks
 * @mac: it has now; @mac_conf: host.conf has one for it
 * @pf_mac: the PF's
 */
struct vf_row {
	struct target place;
	char network[PLACE_TEXT];
	bool meant;
	bool iommu;
	bool link;
	bool netdev_up;
	bool held;
	char user[96];
	char moving[32];
	char reserved[PLACE_NAME];
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

/* Who binds the VF to vferry_vfio, if it is not? */
enum place_binding {
	BINDING_NOBODY,		/* plain QEMU */
	BINDING_REFUSED,	/* libvirt would, but the domain has managed='no' */
	BINDING_LIBVIRT,	/* libvirt, and the domain does not say by which driver */
	BINDING_NAMED,		/* libvirt, to the driver that the domain names */
};

/**
 * struct place_guest - what the guest brings with it
 * @network: label of the PF that it needs, "": any
 * @mac: its address, NULL: not known
 * @binding: who binds the VF
 */
struct place_guest {
	const char *network;
	const uint8_t *mac;
	enum place_binding binding;
};

/* In the order of how much there is to be said. */
enum place_unfit {
	PLACE_FITS,
	UNFIT_NETWORK,	/* of another network, or not for guests: not worth a word */
	UNFIT_BUSY,	/* somebody has it */
	UNFIT_STATE,	/* something has to be done to it */
	UNFIT_ADDRESS,	/* its PF knows the guest's address already */
};

/**
 * place_unfit() - may this VF take this guest?
 * @table: all VFs of the host
 * @row: one of @table
 * @guest: what the guest brings
 * @words: receives why not, as "used by web"; "" if it may
 * @size: of @words
 */
enum place_unfit place_unfit(const struct vf_table *table, const struct vf_row *row,
			     const struct place_guest *guest, char *words, size_t size);

/* Does somebody work with it, so that it must be left alone? */
bool place_in_use(const struct vf_row *row);

/* By whom, as "used by web" */
const char *place_user(const struct vf_row *row, char *buf, size_t size);

/* Is this address that of the PF itself, or of a VF in use? As place_unfit() */
enum place_unfit place_address(const struct vf_table *table, const struct vf_row *row,
			       const uint8_t *mac, char *words, size_t size);

#define PLACE_RANKS	5

/* How gladly, of those that fit? 0: best. @source: PCI address that it had, or "" */
unsigned int place_rank(const struct vf_row *row, const struct place_guest *guest,
			const char *source);

#endif
