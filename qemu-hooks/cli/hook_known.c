// SPDX-License-Identifier: GPL-2.0-or-later
/* Will libvirt call vferry's hook? See hook_known.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hook_known.h"

/* When a unit was started or last reloaded; 0: it is not active. */
static int64_t active_since(const char *unit)
{
	char command[160], line[64];
	bool active = false;
	int64_t at = 0;
	FILE *p;

	snprintf(command, sizeof(command), "systemctl show --timestamp=unix -p ActiveState "
		 "-p StateChangeTimestamp %s 2>/dev/null", unit);
	p = popen(command, "re");
	while (p && fgets(line, sizeof(line), p)) {
		sscanf(line, "StateChangeTimestamp=@%" SCNd64, &at);
		active |= !strcmp(line, "ActiveState=active\n");
	}
	if (p)
		pclose(p);
	return active ? at : 0;
}

const char *hook_verdict(int64_t daemon, int64_t hook)
{
	if (!daemon)
		return "idle";
	if (!hook)
		return "none";
	return hook > daemon ? "unknown" : "known";
}

const char *hook_known(void)
{
	int64_t daemon = active_since("libvirtd.service") ?: active_since("virtqemud.service");
	struct stat link;

	return hook_verdict(daemon, lstat(HOOK_LINK, &link) ? 0 : link.st_ctim.tv_sec);
}
