// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzer: messages of the VF driver. What is taken may index the tables of names. */
#include <stdlib.h>
#include <string.h>

#include "vfmsg.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	struct vfmsg msg;

	MUST(copy);
	memcpy(copy, data, size);
	if (!vfmsg_decode(copy, size, &msg)) {
		MUST(msg.ifindex && strlen(msg.ifname) < sizeof(msg.ifname));
		MUST(strlen(msg.pci) < sizeof(msg.pci) && strlen(msg.reason) < sizeof(msg.reason));
		MUST(strlen(vfmsg_state_name(msg.state)) && strlen(vfmsg_event_name(msg.event)));
	}
	free(copy);
	return 0;
}
