// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: any domain is prepared; what is written then is read again, and a second time there
 * is nothing to do. The first byte is what the host knows.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prepare.h"
#include "xml.h"
#include "fuzz.h"

/* Prepare a text; its new form, or NULL if it is none, or too much to do */
static char *once(const char *text, size_t size, uint8_t host, struct prepare *p)
{
	struct prepare_vf *vfs;
	char reason[256], *bytes = NULL;
	struct dom dom;
	size_t i, len;

	if (dom_read(text, size, &dom, reason, sizeof(reason))) {
		dom_free(&dom);
		return NULL;
	}
	vfs = calloc(dom.count + 1, sizeof(*vfs));
	for (i = 0; i < dom.count; i++) {
		vfs[i] = (struct prepare_vf) { .here = host & 3, .mac_set = host & 4,
					       .mac = { 2, 0, 0, 0, 0, i }, .vlan = host & 8,
					       .qos = host >> 6 };
		if (host & 16)
			snprintf(vfs[i].network, sizeof(vfs[i].network), "lan%zu", i & host >> 5);
	}
	if (!prepare(&dom, vfs, host & 64, host & 32, p))
		MUST(!dom_bytes(&dom, &bytes, &len) && strlen(bytes) == len);
	MUST(p->vfs <= dom.count);
	free(vfs);
	dom_free(&dom);
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct prepare p, again;
	char *first, *second;

	if (!size)
		return 0;
	first = once((const char *)data + 1, size - 1, data[0], &p);
	if (!first)
		return 0;
	second = once(first, strlen(first), data[0], &again);
	MUST(second && p.vfs <= again.vfs);
	/* an alias that is given makes an entry of the metadata one for its device */
	if (p.vfs == again.vfs)
		MUST(!again.change_count && !strcmp(first, second));
	free(first);
	free(second);
	return 0;
}
