/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/vferry/host.conf: PFs, their VFs and addresses.
 *
 *	[pf0]				interface or PCI address of the PF
 *	network = lan1			label: PFs with the same one reach each other
 *	vfs = 4				number of VFs, 1 to 7
 *	bind = 0 1 2			VFs for guests that migrate; default: all
 *	mac.0 = 52:54:00:12:34:56	address of a VF
 *
 * A comment begins with # or ;, behind white space too. A line that is not understood is an
 * error, not passed over; so is what stands twice.
 */
#ifndef VFERRY_HOST_CONF_H
#define VFERRY_HOST_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONF_FILE	"/etc/vferry/host.conf"
#define CONF_PFS	16
#define CONF_SIZE	65536
#define CONF_VFS	7	/* of an 82576 whose PF works too */

/**
 * struct conf_pf - a section
 * @name: as it was written
 * @network: "": no label
 * @vfs: 0: not set
 * @bind: bit n: VF n; @bind_set: it was written
 * @mac_set: bit n: @mac[n] was written
 */
struct conf_pf {
	char name[64];
	char network[64];
	unsigned int vfs;
	unsigned int bind;
	bool bind_set;
	unsigned int mac_set;
	uint8_t mac[CONF_VFS][6];
};

struct conf {
	struct conf_pf pfs[CONF_PFS];
	size_t count;
};

/**
 * conf_read() - read a configuration
 * @in: text
 * @ret: the configuration
 * @reason: receives what is wrong, with the line's number
 * @size: of @reason
 *
 * Return: 0; -EINVAL; what reading returned, as -EISDIR. Pure, apart from libinih.
 */
int conf_read(FILE *in, struct conf *ret, char *reason, size_t size);

/* The same from a file; -ENOENT: there is none, and @ret is empty. */
int conf_load(const char *path, struct conf *ret, char *reason, size_t size);

#endif
