// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: mailbox messages. What a reader takes is written again and must read
 * as the same; what it does not take must leave its result alone.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vferry_mbx.h"
#include "fuzz.h"

/*
 * Readers get exactly a mailbox, in memory of its own. Results begin poisoned:
 * they are compared byte by byte, so that what is not written stays equal.
 */
#define CHECK(name) do {						\
	struct vferry_mbx_ ## name first, again, poison;		\
	__u32 copy[VFERRY_MBX_WORDS];					\
									\
	memset(&first, 0xa5, sizeof(first));				\
	memset(&again, 0xa5, sizeof(again));				\
	memset(&poison, 0xa5, sizeof(poison));				\
	if (vferry_mbx_get_ ## name(msg, &first)) {			\
		MUST(!memcmp(&first, &poison, sizeof(poison)));		\
	} else {							\
		MUST(vferry_mbx_put_ ## name(copy, &first) <= VFERRY_MBX_WORDS); \
		MUST(!vferry_mbx_get_ ## name(copy, &again));		\
		MUST(!memcmp(&first, &again, sizeof(first)));		\
		taken++;						\
	}								\
} while (0)

static void check_hello(const __u32 *msg)
{
	struct vferry_mbx_hello hello;
	int version;

	if (vferry_mbx_get_hello(msg, &hello))
		return;
	version = vferry_mbx_choose(&hello);
	if (version > 0) {
		MUST(version >= hello.min && version <= hello.max);
		MUST(version >= VFERRY_PROTO_MIN && version <= VFERRY_PROTO_MAX);
	}
}

static void check_status(const __u32 *msg)
{
	struct vferry_mbx_status status;

	if (vferry_mbx_get_status(msg, &status))
		return;
	/* What is taken may index tables. */
	MUST(status.cmd <= VFERRY_CMD_LAST && status.result <= VFERRY_RES_LAST);
	MUST(status.state < VFERRY_MIG_STATES);
	MUST(strcmp(vferry_mbx_cmd_name(status.cmd), "?"));
	MUST(strcmp(vferry_mbx_result_name(status.result), "?"));
	MUST(strcmp(vferry_mig_state_name(status.state), "?"));
}

static void check_mac(const __u32 *msg)
{
	__u8 mac[6], same[6];
	__u32 words[2];

	vferry_mbx_get_mac(msg + 1, mac);
	vferry_mbx_put_mac(words, mac);
	vferry_mbx_get_mac(words, same);
	MUST(!memcmp(mac, same, 6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u32 *msg = calloc(VFERRY_MBX_WORDS, sizeof(*msg));
	unsigned int taken = 0;

	MUST(msg);
	memcpy(msg, data, size < VFERRY_MBX_WORDS * 4 ? size : VFERRY_MBX_WORDS * 4);

	CHECK(hello);
	CHECK(welcome);
	CHECK(command);
	CHECK(status);
	/* A message is one thing only. */
	MUST(taken <= 1);
	check_hello(msg);
	check_status(msg);
	check_mac(msg);
	MUST(vferry_mbx_cmd_name(msg[0]) && vferry_mbx_result_name(msg[1]) &&
	     vferry_mig_state_name(msg[2]));

	free(msg);
	return 0;
}
