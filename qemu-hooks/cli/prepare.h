/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain's definition needs so that libvirt migrates the domain with its VFs.
 * Pure, apart from libxml2.
 */
#ifndef VFERRY_CLI_PREPARE_H
#define VFERRY_CLI_PREPARE_H

#include "dom.h"

#define PREPARE_LINES	64
#define PREPARE_TEXT	240

/**
 * struct prepare_vf - what this host knows of a device of the domain
 * @here: what is at its address
 * @network: label of its PF, "": none
 * @mac_set: host.conf has an address for the VF: @mac
 * @vlan: port VLAN that is set, 0: none; @qos is its priority
 */
struct prepare_vf {
	enum dom_here here;
	char network[DOM_TEXT];
	bool mac_set;
	uint8_t mac[6];
	unsigned int vlan;
	unsigned int qos;
};

/**
 * struct prepare - the outcome
 * @vfs: how many of the domain's devices are VFs of vferry's
 * @changes: what was changed in the tree, a line each
 * @notes: what has to be looked after by somebody else
 */
struct prepare {
	size_t vfs;
	char changes[PREPARE_LINES][PREPARE_TEXT];
	size_t change_count;
	char notes[PREPARE_LINES][PREPARE_TEXT];
	size_t note_count;
};

/**
 * prepare() - change a domain's tree
 * @dom: a definition, not that of a running domain; changed
 * @vfs: for each of its devices
 * @have_nic: as dom_is_ours()
 * @override: QEMU has to be told that migration is possible: the kernel has no IOMMUFD
 * @ret: the outcome
 *
 * What is so already is left as it is: a second time, nothing is changed.
 *
 * Return: 0, -ENOMEM, or -E2BIG: too many changes.
 */
int prepare(struct dom *dom, const struct prepare_vf *vfs, bool have_nic, bool override,
	    struct prepare *ret);

#endif
