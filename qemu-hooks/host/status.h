/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit status of the host's programs, the same for all and for all sub-commands. */
#ifndef VFERRY_HOST_STATUS_H
#define VFERRY_HOST_STATUS_H

enum {
	STATUS_OK	= 0,
	STATUS_NO	= 1,	/* refused, failed, or a check did not pass */
	STATUS_USAGE	= 2,	/* wrong words, or no such PF or VF */
	STATUS_CANNOT	= 3,	/* module, permission, QEMU or host is missing */
	STATUS_STOPPED	= 4,	/* interrupted; the guest is where it was */
};

#endif
