// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzer: a reservation's file. What can be read is written, and read again as the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reservation.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reservation r, again;
	char *text;

	if (reservation_read((const char *)data, size, &r))
		return 0;
	MUST(r.state <= RESERVATION_RUNNING && r.vlan <= 4094 && r.qos <= 7 && r.daemon.pid >= 0);
	MUST(!reservation_is_stale(&r, r.since, true, false));
	text = reservation_text(&r);
	MUST(text && !reservation_read(text, strlen(text), &again));
	MUST(!strcmp(r.uuid, again.uuid) && !strcmp(r.name, again.name));
	MUST(r.state == again.state && r.since == again.since);
	MUST(r.daemon.pid == again.daemon.pid && r.daemon.start == again.daemon.start);
	MUST(r.undo_mac == again.undo_mac && !memcmp(r.mac, again.mac, 6));
	MUST(r.undo_vlan == again.undo_vlan && r.vlan == again.vlan && r.qos == again.qos);
	free(text);
	return 0;
}
