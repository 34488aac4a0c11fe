// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: a domain's XML as it comes to libvirt's hook. What can be read can be given other VFs
 * and written, and is read again as the same domain with those VFs.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom.h"
#include "xml.h"
#include "fuzz.h"

static void compare(const struct dom *dom, const struct dom *again)
{
	size_t i;

	MUST(!strcmp(dom->name, again->name) && !strcmp(dom->uuid, again->uuid));
	MUST(!strcmp(dom->stray, again->stray) && dom->count == again->count);
	for (i = 0; i < dom->count; i++) {
		const struct dom_device *a = &dom->devices[i], *b = &again->devices[i];

		MUST(!strcmp(a->source, b->source) && !strcmp(a->alias, b->alias));
		MUST(!strcmp(a->model, b->model) && !strcmp(a->network, b->network));
		MUST(a->managed == b->managed && a->interface == b->interface);
		MUST(a->migration == b->migration && a->named == b->named);
		MUST(a->mac_known == b->mac_known && !memcmp(a->mac, b->mac, 6));
		MUST(a->vlan == b->vlan && a->qos == b->qos);
		MUST(a->vlan >= -1 && a->vlan <= 4094 && a->qos <= 7);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dom dom, again;
	char reason[256], pci[16], *bytes;
	size_t i, len;
	int r;

	r = dom_read((const char *)data, size, &dom, reason, sizeof(reason));
	MUST(!r == !reason[0] && !strchr(reason, '\n') && strlen(reason) < sizeof(reason));
	if (r) {
		dom_free(&dom);
		return 0;
	}
	MUST(!dom.count || dom_may_concern((const char *)data, size) || memchr(data, '&', size) ||
	     memchr(data, 0, size) || data[0] >= 0x80);
	for (i = 0; i < dom.count; i++) {
		snprintf(pci, sizeof(pci), "%04zx:%02zx:1f.%zx", i, i & 0xff, i & 7);
		MUST(!dom_move(&dom, i, pci));
	}
	MUST(!dom_bytes(&dom, &bytes, &len) && strlen(bytes) == len);
	MUST(!dom_read(bytes, len, &again, reason, sizeof(reason)));
	compare(&dom, &again);
	free(bytes);
	dom_free(&again);
	dom_free(&dom);
	return 0;
}
