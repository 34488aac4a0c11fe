// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: codec of the mailbox protocol's extension. */
#include <linux/errno.h>

#include "unit.h"
#include "vferry_mbx.h"

#define TYPE_BITS	(VFERRY_MBX_ACK | VFERRY_MBX_NACK)

/* A mailbox full of what the last message left behind. */
static void dirty(__u32 *msg)
{
	unsigned int i;

	for (i = 0; i < VFERRY_MBX_WORDS; i++)
		msg[i] = 0xdeadbeef ^ i;
}

static void assert_clear_from(const __u32 *msg, unsigned int first)
{
	unsigned int i;

	for (i = first; i < VFERRY_MBX_WORDS; i++)
		assert_int_equal(msg[i], 0);
}

/* Readers write their result only if they take the message. */
#define assert_untouched(obj) do {					\
	unsigned char poison[sizeof(obj)];				\
									\
	memset(poison, 0x5a, sizeof(poison));				\
	assert_memory_equal(&(obj), poison, sizeof(poison));		\
} while (0)

/* The ids that igb and igbvf put on the wire must never move. */
static void ids_of_others(void **state)
{
	(void)state;
	assert_int_equal(VFERRY_MBX_RESET, 0x01);
	assert_int_equal(VFERRY_MBX_SET_MAC, 0x02);
	assert_int_equal(VFERRY_MBX_SET_MULTICAST, 0x03);
	assert_int_equal(VFERRY_MBX_SET_VLAN, 0x04);
	assert_int_equal(VFERRY_MBX_SET_MAX_FRAME, 0x05);
	assert_int_equal(VFERRY_MBX_SET_PROMISC, 0x06);
	assert_int_equal(VFERRY_MBX_CONTROL, 0x0100);
	assert_int_equal(VFERRY_MBX_ACK, 1u << 31);
	assert_int_equal(VFERRY_MBX_NACK, 1u << 30);
	assert_int_equal(VFERRY_MBX_CTS, 1u << 29);
	assert_int_equal(VFERRY_MBX_WORDS * 4, 64);
	/* 16-bit hashes fit behind word 0. */
	assert_true(VFERRY_MBX_MC_MAX <= 2 * (VFERRY_MBX_WORDS - 1));
}

static void word0_fields(void **state)
{
	(void)state;
	assert_int_equal(vferry_mbx_id(0xffff1234), 0x1234);
	assert_int_equal(vferry_mbx_info(0xff5affff), 0x5a);
	assert_int_equal(vferry_mbx_info(0xff00ffff), 0);
}

static void hello_round_trip(void **state)
{
	static const struct vferry_mbx_hello hellos[] = {
		{ 1, 1, 0 },
		{ 1, 1, VFERRY_FEAT_MIGRATE },
		{ 1, 0xffff, 0xffffffff },
		{ 0xffff, 0xffff, 0x80000001 },
		{ 0x0102, 0x0304, 0x05060708 },
	};
	struct vferry_mbx_hello got;
	__u32 msg[VFERRY_MBX_WORDS];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(hellos); i++) {
		dirty(msg);
		assert_int_equal(vferry_mbx_put_hello(msg, &hellos[i]), 3);
		assert_clear_from(msg, 3);
		assert_int_equal(msg[0], VFERRY_MBX_HELLO);
		assert_int_equal(vferry_mbx_get_hello(msg, &got), 0);
		assert_int_equal(got.min, hellos[i].min);
		assert_int_equal(got.max, hellos[i].max);
		assert_int_equal(got.features, hellos[i].features);
	}
}

static void hello_refused(void **state)
{
	static const struct { __u32 word0, word1; } bad[] = {
		{ VFERRY_MBX_HELLO, 0x00000000 },	/* no version 0 */
		{ VFERRY_MBX_HELLO, 0x00010000 },	/* min 0 */
		{ VFERRY_MBX_HELLO, 0x00010002 },	/* min above max */
		{ VFERRY_MBX_HELLO, 0x0000ffff },
		{ VFERRY_MBX_STATUS, 0x00010001 },	/* another message */
		{ VFERRY_MBX_HELLO | VFERRY_MBX_ACK, 0x00010001 },
		{ VFERRY_MBX_HELLO | VFERRY_MBX_NACK, 0x00010001 },
		{ VFERRY_MBX_HELLO | TYPE_BITS, 0x00010001 },
		{ 0, 0x00010001 },
		{ 0xffffffff, 0xffffffff },
	};
	struct vferry_mbx_hello got;
	__u32 msg[VFERRY_MBX_WORDS];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		dirty(msg);
		msg[0] = bad[i].word0;
		msg[1] = bad[i].word1;
		memset(&got, 0x5a, sizeof(got));
		assert_int_equal(vferry_mbx_get_hello(msg, &got), -EPROTO);
		assert_untouched(got);
	}
}

static void welcome_round_trip(void **state)
{
	struct vferry_mbx_welcome welcome = { .features = 0x87654321 };
	struct vferry_mbx_welcome got;
	__u32 msg[VFERRY_MBX_WORDS];

	(void)state;
	for (welcome.version = VFERRY_PROTO_MIN; welcome.version <= VFERRY_PROTO_MAX;
	     welcome.version++) {
		dirty(msg);
		assert_int_equal(vferry_mbx_put_welcome(msg, &welcome), 3);
		assert_clear_from(msg, 3);
		assert_true(msg[0] & VFERRY_MBX_CTS);
		assert_false(vferry_mbx_is_cmd(msg[0]));
		assert_int_equal(vferry_mbx_get_welcome(msg, &got), 0);
		assert_int_equal(got.version, welcome.version);
		assert_int_equal(got.features, welcome.features);
	}
}

static void welcome_refused(void **state)
{
	static const struct { __u32 word0, word1; } bad[] = {
		{ VFERRY_MBX_HELLO, 1 },			/* not a reply */
		{ VFERRY_MBX_HELLO | VFERRY_MBX_NACK, 1 },	/* a stock PF */
		{ VFERRY_MBX_HELLO | TYPE_BITS, 1 },
		{ VFERRY_MBX_STATUS | VFERRY_MBX_ACK, 1 },
		{ VFERRY_MBX_HELLO | VFERRY_MBX_ACK, VFERRY_PROTO_MIN - 1 },
		{ VFERRY_MBX_HELLO | VFERRY_MBX_ACK, VFERRY_PROTO_MAX + 1 },
		{ VFERRY_MBX_HELLO | VFERRY_MBX_ACK, 0xffffffff },
	};
	struct vferry_mbx_welcome got;
	__u32 msg[VFERRY_MBX_WORDS];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		dirty(msg);
		msg[0] = bad[i].word0;
		msg[1] = bad[i].word1;
		memset(&got, 0x5a, sizeof(got));
		assert_int_equal(vferry_mbx_get_welcome(msg, &got), -EPROTO);
		assert_untouched(got);
	}
}

static void command_round_trip(void **state)
{
	static const struct vferry_mbx_command commands[] = {
		{ VFERRY_CMD_PING, 1, 0, 0 },
		{ VFERRY_CMD_MIGRATE, 0xffffffff, ~0ull, 0 },
		{ VFERRY_CMD_CANCEL, 0x01020304, 0x1122334455667788ull, 0 },
		{ VFERRY_CMD_SUSPEND, 2, 1ull << 32, 0 },
		{ VFERRY_CMD_RESUME, 3, 1, VFERRY_CMD_F_KEEP_LOGGING },
		{ VFERRY_CMD_RESUME, 3, 1, VFERRY_CMD_F_ARRIVED },
		{ 0, 3, 1, 0xffffffff },	/* not known: passed on */
		{ VFERRY_CMD_LAST + 1, 3, 1, 0 },
		{ 0xff, 3, 1, 0 },
	};
	struct vferry_mbx_command got;
	__u32 msg[VFERRY_MBX_WORDS];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(commands); i++) {
		dirty(msg);
		assert_int_equal(vferry_mbx_put_command(msg, &commands[i]), 5);
		assert_clear_from(msg, 5);
		assert_true(vferry_mbx_is_cmd(msg[0]));
		assert_int_equal(vferry_mbx_get_command(msg, &got), 0);
		assert_int_equal(got.cmd, commands[i].cmd);
		assert_int_equal(got.seq, commands[i].seq);
		assert_true(got.mig_id == commands[i].mig_id);
		assert_int_equal(got.flags, commands[i].flags);
	}
}

static void command_refused(void **state)
{
	static const struct { __u32 word0, seq; } bad[] = {
		{ VFERRY_MBX_CMD, 0 },			/* no number */
		{ VFERRY_MBX_CONTROL, 1 },
		{ VFERRY_MBX_CMD | VFERRY_MBX_ACK, 1 },
		{ VFERRY_MBX_CMD | VFERRY_MBX_NACK, 1 },
		{ 0, 1 },
	};
	struct vferry_mbx_command got;
	__u32 msg[VFERRY_MBX_WORDS];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		dirty(msg);
		msg[0] = bad[i].word0;
		msg[1] = bad[i].seq;
		memset(&got, 0x5a, sizeof(got));
		assert_int_equal(vferry_mbx_get_command(msg, &got), -EPROTO);
		assert_untouched(got);
	}
}

/* While a VF waits for a reply, a command must not be taken for it. */
static void commands_told_from_replies(void **state)
{
	__u32 id;

	(void)state;
	for (id = 0; id <= VFERRY_MBX_ID_MASK; id++) {
		assert_int_equal(vferry_mbx_is_cmd(id), id == VFERRY_MBX_CMD);
		assert_false(vferry_mbx_is_cmd(id | VFERRY_MBX_ACK));
		assert_false(vferry_mbx_is_cmd(id | VFERRY_MBX_NACK));
	}
	assert_true(vferry_mbx_is_cmd(VFERRY_MBX_CMD | VFERRY_MBX_CTS | 0x00ff0000));
}

static void status_round_trip(void **state)
{
	struct vferry_mbx_status status = { .seq = 0x89abcdef, .duration_us = 4711 };
	struct vferry_mbx_status got;
	__u32 msg[VFERRY_MBX_WORDS];

	(void)state;
	for (status.cmd = VFERRY_CMD_FIRST; status.cmd <= VFERRY_CMD_LAST; status.cmd++) {
		for (status.result = 0; status.result <= VFERRY_RES_LAST; status.result++) {
			for (status.state = 0; status.state < VFERRY_MIG_STATES; status.state++) {
				status.pages = ~(status.cmd * 100 + status.state);
				status.flags = status.pages ^ 0x5a5a5a5a;
				dirty(msg);
				assert_int_equal(vferry_mbx_put_status(msg, &status), 7);
				assert_clear_from(msg, 7);
				assert_int_equal(vferry_mbx_get_status(msg, &got), 0);
				assert_memory_equal(&got, &status, sizeof(got));
			}
		}
	}
}

static void status_refused(void **state)
{
	static const struct vferry_mbx_status good = {
		.cmd = VFERRY_CMD_SUSPEND, .seq = 1, .state = VFERRY_MIG_SUSPENDED,
	};
	static const struct { unsigned int word; __u32 value; } bad[] = {
		{ 0, VFERRY_MBX_STATUS },			/* command 0 */
		{ 0, VFERRY_MBX_STATUS | (VFERRY_CMD_LAST + 1) << 16 },
		{ 0, VFERRY_MBX_STATUS | 0x00ff0000 },
		{ 0, VFERRY_MBX_STATUS | VFERRY_CMD_PING << 16 | VFERRY_MBX_ACK },
		{ 0, VFERRY_MBX_STATUS | VFERRY_CMD_PING << 16 | VFERRY_MBX_NACK },
		{ 0, VFERRY_MBX_HELLO | VFERRY_CMD_PING << 16 },
		{ 1, 0 },
		{ 2, VFERRY_RES_LAST + 1 },
		{ 2, 0xffffffff },
		{ 4, VFERRY_MIG_STATES },
		{ 4, 0xffffffff },
	};
	struct vferry_mbx_status got;
	__u32 msg[VFERRY_MBX_WORDS];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		vferry_mbx_put_status(msg, &good);
		msg[bad[i].word] = bad[i].value;
		memset(&got, 0x5a, sizeof(got));
		assert_int_equal(vferry_mbx_get_status(msg, &got), -EPROTO);
		assert_untouched(got);
	}
}

/* The version is the highest that both speak; none is an error. */
static void versions_negotiated(void **state)
{
	struct vferry_mbx_hello hello = { 0 };
	unsigned int min, max;
	int want;

	(void)state;
	for (min = 1; min <= VFERRY_PROTO_MAX + 3; min++) {
		for (max = min; max <= VFERRY_PROTO_MAX + 3; max++) {
			hello.min = min;
			hello.max = max;
			want = max < VFERRY_PROTO_MAX ? max : VFERRY_PROTO_MAX;
			if (max < VFERRY_PROTO_MIN || min > VFERRY_PROTO_MAX)
				want = -EPROTO;
			assert_int_equal(vferry_mbx_choose(&hello), want);
		}
	}
}

static void mac_order(void **state)
{
	static const __u8 mac[6] = { 0x02, 0xff, 0x80, 0x7f, 0xfe, 0x01 };
	__u32 words[2];
	__u8 got[6];

	(void)state;
	vferry_mbx_put_mac(words, mac);
	assert_int_equal(words[0], 0x7f80ff02);
	assert_int_equal(words[1], 0x000001fe);
	words[1] |= 0xabcd0000;		/* what else is there does not matter */
	vferry_mbx_get_mac(words, got);
	assert_memory_equal(got, mac, 6);
}

static void all_have_names(void **state)
{
	__u32 i, j;

	(void)state;
	for (i = VFERRY_CMD_FIRST; i <= VFERRY_CMD_LAST; i++)
		assert_string_not_equal(vferry_mbx_cmd_name(i), "?");
	for (i = 0; i <= VFERRY_RES_LAST; i++)
		assert_string_not_equal(vferry_mbx_result_name(i), "?");
	for (i = 0; i < VFERRY_MIG_STATES; i++) {
		assert_string_not_equal(vferry_mig_state_name(i), "?");
		for (j = 0; j < i; j++)
			assert_string_not_equal(vferry_mig_state_name(i),
						vferry_mig_state_name(j));
	}
	assert_string_equal(vferry_mbx_cmd_name(0), "?");
	assert_string_equal(vferry_mbx_cmd_name(VFERRY_CMD_LAST + 1), "?");
	assert_string_equal(vferry_mbx_result_name(VFERRY_RES_LAST + 1), "?");
	assert_string_equal(vferry_mig_state_name(VFERRY_MIG_STATES), "?");
	assert_string_equal(vferry_mig_state_name(0xffffffff), "?");
}

static void reasons(void **state)
{
	const __u32 request = VFERRY_MBX_SET_MAC | VFERRY_MBX_MAC_UC_ADD << VFERRY_MBX_INFO_SHIFT;
	__u32 i, reply;

	(void)state;
	for (i = VFERRY_WHY_UNKNOWN; i <= VFERRY_WHY_IN_USE; i++) {
		reply = vferry_mbx_put_why(request, i);
		assert_int_equal(vferry_mbx_id(reply), VFERRY_MBX_SET_MAC);
		assert_true(reply & VFERRY_MBX_NACK && !(reply & VFERRY_MBX_ACK));
		assert_int_equal(vferry_mbx_get_why(reply), i);
	}
	/* a PF that echoes the request's info gives no reason, whatever that was */
	for (i = 0; i <= VFERRY_MBX_MC_MAX; i++) {
		reply = VFERRY_MBX_SET_MULTICAST | i << VFERRY_MBX_INFO_SHIFT | VFERRY_MBX_NACK;
		assert_int_equal(vferry_mbx_get_why(reply), VFERRY_WHY_UNKNOWN);
	}
	reply = vferry_mbx_put_why(request, VFERRY_WHY_IN_USE + 1);
	assert_int_equal(vferry_mbx_get_why(reply), VFERRY_WHY_UNKNOWN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_others),
		cmocka_unit_test(word0_fields),
		cmocka_unit_test(hello_round_trip),
		cmocka_unit_test(hello_refused),
		cmocka_unit_test(welcome_round_trip),
		cmocka_unit_test(welcome_refused),
		cmocka_unit_test(command_round_trip),
		cmocka_unit_test(command_refused),
		cmocka_unit_test(commands_told_from_replies),
		cmocka_unit_test(status_round_trip),
		cmocka_unit_test(status_refused),
		cmocka_unit_test(versions_negotiated),
		cmocka_unit_test(mac_order),
		cmocka_unit_test(reasons),
		cmocka_unit_test(all_have_names),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
