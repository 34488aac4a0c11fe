// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzer: the kernel's text about multicast groups. Whatever is found is a group. */
#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct groups groups = {};
	char *text = malloc(size + 1);
	size_t i;

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	MUST(!groups_parse_igmp(&groups, text));
	MUST(!groups_parse_igmp6(&groups, text));
	for (i = 0; i < groups.count; i++) {
		const struct group *g = &groups.list[i];

		MUST(g->ifindex);
		if (g->family == AF_INET)
			MUST(IN_MULTICAST(ntohl(g->address.in.s_addr)));
		else
			MUST(g->family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&g->address.in6));
	}
	groups_free(&groups);
	free(text);
	return 0;
}
