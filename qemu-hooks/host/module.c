// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules of this kernel; see module.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "module.h"

const char *modules_root = "/lib/modules";

bool module_installed(const char *name)
{
	_cleanup_fclose_ FILE *f = NULL;
	_cleanup_free_ char *line = NULL;
	char path[PATH_MAX], file[64];
	struct utsname uts;
	size_t size = 0;

	uname(&uts);
	snprintf(path, sizeof(path), "%s/%s/modules.dep", modules_root, uts.release);
	snprintf(file, sizeof(file), "/%s.ko", name);
	f = fopen(path, "re");
	/* What comes after the colon are modules that it needs. */
	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, ":")] = '\0';
		if (strstr(line, file))
			return true;
	}
	return false;
}

const char *pf_driver_advice(bool installed, const char *release, char *ret, size_t size)
{
	if (installed)
		snprintf(ret, size, "name the PF in /etc/vferry/host.conf, then: "
			 "systemctl start vferry-host");
	else
		snprintf(ret, size, "install linux-headers-%s, then: dkms autoinstall && "
			 "systemctl start vferry-host", release);
	return ret;
}
