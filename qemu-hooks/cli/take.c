// SPDX-License-Identifier: GPL-2.0-or-later
/* A PF goes from igb to vferry_pf; see take.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "module.h"
#include "take.h"

#define DRIVER	"vferry_pf"

static int missing(char *ret, size_t size)
{
	char advice[160];
	struct utsname uts;

	uname(&uts);
	if (module_installed(DRIVER))
		snprintf(ret, size, "vferry_pf is not loaded: modprobe vferry_pf tells why");
	else
		snprintf(ret, size, "there is no vferry_pf for Linux %s: %s", uts.release,
			 pf_driver_advice(false, uts.release, advice, sizeof(advice)));
	return -ENOENT;
}

int take_possible(const struct target *pf, char *ret, size_t size)
{
	if (pf->pf_driver[0] && strcmp(pf->pf_driver, "igb")) {
		snprintf(ret, size, "it is not taken from %s: unbind it first", pf->pf_driver);
		return -EPERM;
	}
	if (!sysfs_exists("bus/pci/drivers/" DRIVER))
		return missing(ret, size);
	if (sysfs_number("bus/pci/devices/%s/sriov_numvfs", pf->pf_pci) > 0) {
		snprintf(ret, size, "it has VFs: take them away first, or start the host anew");
		return -EBUSY;
	}
	if (pf->pf[0] && sysfs_number("class/net/%s/flags", pf->pf) & 1) {
		snprintf(ret, size, "%s is up: it is in use; ip link set %s down, or start the host anew",
			 pf->pf, pf->pf);
		return -EBUSY;
	}
	return 0;
}

static int bind_to(const char *pci, const char *driver)
{
	char now[SYSFS_TEXT];
	int r;

	/* A new line alone: whichever driver matches */
	r = sysfs_write(driver, "bus/pci/devices/%s/driver_override", pci);
	if (!r)
		r = sysfs_write(pci, "bus/pci/drivers_probe");
	sysfs_link(now, sizeof(now), "bus/pci/devices/%s/driver", pci);
	return r ?: now[0] ? 0 : -ENODEV;
}

int take_pf(struct target *pf)
{
	char pci[sizeof(pf->pf_pci)];
	int r = 0;

	strcpy(pci, pf->pf_pci);
	if (pf->pf_driver[0])
		r = sysfs_write(pci, "bus/pci/devices/%s/driver/unbind", pci);
	if (r)
		return r;
	r = bind_to(pci, DRIVER);
	if (r)
		bind_to(pci, "\n");
	return target_find(pci, pf) ?: r;
}
