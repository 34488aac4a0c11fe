// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: VLAN tags of captured frames, and answers of neighbours. A frame without tags is
 * left as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "packet.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1), *plain = malloc(PACKET_MAX);
	uint8_t *again = malloc(PACKET_MAX);
	struct packet_tags tags, none;
	struct packet_answer answer;
	size_t len;

	MUST(copy && plain && again);
	memcpy(copy, data, size);
	len = packet_untag(copy, size, plain, &tags);
	if (len) {
		MUST(tags.count <= PACKET_TAGS && len + 4 * tags.count == size);
		MUST(packet_tags_equal(&tags, &tags));
		MUST(packet_untag(plain, len, again, &none) == len);
		MUST(!none.count && !memcmp(plain, again, len));
	}
	if (packet_answer(copy, size, &answer))
		MUST(answer.family && !(answer.mac[0] & 1));
	free(copy);
	free(plain);
	free(again);
	return 0;
}
