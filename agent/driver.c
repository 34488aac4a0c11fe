// SPDX-License-Identifier: GPL-2.0-or-later
/* VFs that another driver has; see driver.h. */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "driver.h"

#define DRIVER	"vferry_vf"

const char *driver_sysfs = "/sys";
const char *driver_modules = "/lib/modules";

static bool file_has(const char *device, const char *name, const char *word)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[PATH_MAX], line[32] = "";

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", driver_sysfs, device, name);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = '\0';
	return !strcmp(line, word);
}

/* "": none */
static void driver_of(const char *device, char *ret, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t n;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver", driver_sysfs, device);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	last = strrchr(target, '/');
	snprintf(ret, size, "%.*s", (int)size - 1, last ? last + 1 : target);
}

/* Is vferry_vf where modprobe finds it, for the kernel that runs? */
static bool is_installed(const char *release)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	char path[PATH_MAX];
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/%s/modules.dep", driver_modules, release);
	f = fopen(path, "re");
	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, ":")] = '\0';
		if (strstr(line, "/" DRIVER ".ko"))
			return true;
	}
	return false;
}

static json_t *problem(const char *device, const char *driver)
{
	struct utsname uts;

	uname(&uts);
	if (is_installed(uts.release))
		return json_sprintf("VF %s: driven by %s, not by " DRIVER ", so that the guest cannot be "
				    "migrated: update-initramfs -u, and start the guest anew", device,
				    driver[0] ? driver : "nothing");
	return json_sprintf("VF %s: driven by %s, and there is no " DRIVER " for Linux %s, so that "
			    "the guest cannot be migrated: install linux-headers-%s, then: dkms "
			    "autoinstall, and start the guest anew", device,
			    driver[0] ? driver : "nothing", uts.release, uts.release);
}

/* A VF of a host's own PF is none of this machine's. */
static bool is_mine(const char *device)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/physfn", driver_sysfs, device);
	return access(path, F_OK) && file_has(device, "vendor", "0x8086") &&
		file_has(device, "device", "0x10ca");
}

json_t *driver_problems(void)
{
	json_t *problems = json_array();
	char path[PATH_MAX], driver[64];
	struct dirent **entries;
	int i, n;

	snprintf(path, sizeof(path), "%s/bus/pci/devices", driver_sysfs);
	n = scandir(path, &entries, NULL, alphasort);
	for (i = 0; i < n; i++) {
		const char *device = entries[i]->d_name;

		driver_of(device, driver, sizeof(driver));
		if (device[0] != '.' && is_mine(device) && strcmp(driver, DRIVER))
			json_array_append_new(problems, problem(device, driver));
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return problems;
}
