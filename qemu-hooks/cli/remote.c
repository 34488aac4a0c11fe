// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry on another host; see remote.h. */
#include <stdlib.h>

#include "remote.h"

#define MAX_WORDS	16

int remote_start(struct child *ssh, const char *host, const char *const *words)
{
	const char *argv[MAX_WORDS + 12] = {
		getenv("VFERRY_SSH") ?: "ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
		"-T", "--", host, "vferry",
	};
	int n = 9, i;

	for (i = 0; words[i] && i < MAX_WORDS; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	return child_start(ssh, argv);
}
