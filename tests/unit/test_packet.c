// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unit test: announcements, byte for byte as Linux itself sends them. The frames
 * were captured on a veth pair (arp_notify, ndisc_notify, joins of a group with
 * each version of the protocol).
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "packet.h"
#include "unit.h"

static const uint8_t mac1[PACKET_MAC] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac3[PACKET_MAC] = { 2, 0, 0, 0, 0, 3 };

static size_t from_hex(const char *hex, uint8_t *buf)
{
	size_t i, len = strlen(hex) / 2;
	unsigned int byte;

	for (i = 0; i < len; i++) {
		sscanf(hex + 2 * i, "%2x", &byte);
		buf[i] = (uint8_t)byte;
	}
	return len;
}

static void expect_frame(const uint8_t *frame, size_t len, const char *captured)
{
	uint8_t want[PACKET_MAX];

	assert_int_equal(len, from_hex(captured, want));
	assert_memory_equal(frame, want, len);
}

static struct in_addr in(const char *text)
{
	struct in_addr address;

	assert_int_equal(inet_pton(AF_INET, text, &address), 1);
	return address;
}

static struct in6_addr in6(const char *text)
{
	struct in6_addr address;

	assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
	return address;
}

static void arp(void **state)
{
	uint8_t buf[PACKET_MAX];

	(void)state;
	expect_frame(buf, packet_arp(buf, mac3, in("10.9.0.5")),
		     "ffffffffffff02000000000308060001080006040001"
		     "0200000000030a0900050000000000000a090005");
}

static void na(void **state)
{
	struct in6_addr global = in6("fd09::5"), local = in6("fe80::ff:fe00:1");
	uint8_t buf[PACKET_MAX];

	(void)state;
	expect_frame(buf, packet_na(buf, mac3, &global, false),
		     "33330000000102000000000386dd6000000000203aff"
		     "fd090000000000000000000000000005ff020000000000000000000000000001"
		     "88005a7f20000000fd0900000000000000000000000000050201020000000003");
	expect_frame(buf, packet_na(buf, mac1, &global, true),
		     "33330000000102000000000186dd6000000000203aff"
		     "fd090000000000000000000000000005ff020000000000000000000000000001"
		     "8800da80a0000000fd0900000000000000000000000000050201020000000001");
	expect_frame(buf, packet_na(buf, mac1, &local, true),
		     "33330000000102000000000186dd6000000000203aff"
		     "fe80000000000000000000fffe000001ff020000000000000000000000000001"
		     "8800d99aa0000000fe80000000000000000000fffe0000010201020000000001");
}

static void igmp(void **state)
{
	struct in_addr groups[] = { in("239.1.2.3") };
	uint8_t buf[PACKET_MAX];

	(void)state;
	expect_frame(buf, packet_igmp3(buf, mac1, in("10.9.0.5"), groups, 1),
		     "01005e000016020000000001080046c00028000040000102f9eb0a090005e0000016"
		     "940400002200e8f90000000104000000ef010203");
	expect_frame(buf, packet_igmp2(buf, mac1, in("10.9.0.5"), in("239.1.2.4")),
		     "01005e010204020000000001080046c00020000040000102e9040a090005ef010204"
		     "940400001600f8f9ef010204");
}

static void mld(void **state)
{
	struct in6_addr source = in6("fe80::ff:fe00:1");
	struct in6_addr groups[] = { in6("ff05::123"), in6("ff02::1:ff00:1"), in6("ff02::1:ff00:5") };
	struct in6_addr other = in6("ff05::124");
	uint8_t buf[PACKET_MAX];

	(void)state;
	expect_frame(buf, packet_mld2(buf, mac1, &source, groups, 3),
		     "33330000001602000000000186dd60000000004c0001"
		     "fe80000000000000000000fffe000001ff020000000000000000000000000016"
		     "3a000502000001008f006baa00000003"
		     "04000000ff050000000000000000000000000123"
		     "04000000ff0200000000000000000001ff000001"
		     "04000000ff0200000000000000000001ff000005");
	expect_frame(buf, packet_mld1(buf, mac1, &source, &other),
		     "33330000012402000000000186dd6000000000200001"
		     "fe80000000000000000000fffe000001ff050000000000000000000000000124"
		     "3a0005020000010083007ed700000000ff050000000000000000000000000124");
}

/* The largest reports fit into a frame. */
static void largest(void **state)
{
	struct in6_addr groups6[PACKET_MLD2_GROUPS] = {}, source = in6("fe80::1");
	struct in_addr groups[PACKET_IGMP3_GROUPS] = {};
	uint8_t *buf = malloc(PACKET_MAX);

	(void)state;
	assert_true(packet_igmp3(buf, mac1, in("10.9.0.5"), groups, PACKET_IGMP3_GROUPS) <=
		    PACKET_MAX);
	assert_true(packet_mld2(buf, mac1, &source, groups6, PACKET_MLD2_GROUPS) <= PACKET_MAX);
	free(buf);
}

static void tags_come_off(void **state)
{
	struct packet_tags want = { 2, { { 0x88a8, 7 }, { 0x8100, 100 } } }, tags;
	uint8_t plain[PACKET_MAX], buf[PACKET_MAX], tagged[PACKET_MAX + 8];
	size_t len = packet_arp(plain, mac1, in("10.9.0.5"));

	(void)state;
	/* Priority bits are not part of a VLAN's number. */
	memcpy(tagged, plain, 12);
	memcpy(tagged + 12, "\x88\xa8\x60\x07\x81\x00\x00\x64", 8);
	memcpy(tagged + 20, plain + 12, len - 12);
	assert_int_equal(packet_untag(tagged, len + 8, buf, &tags), len);
	assert_memory_equal(buf, plain, len);
	assert_true(packet_tags_equal(&tags, &want));
	want.tag[1].vlan = 101;
	assert_false(packet_tags_equal(&tags, &want));
	want.count = 1;
	assert_false(packet_tags_equal(&tags, &want));

	assert_int_equal(packet_untag(plain, len, buf, &tags), len);
	assert_int_equal(tags.count, 0);
	assert_memory_equal(buf, plain, len);
}

/* A frame that ends within its headers is none; each length in memory of its own. */
static void cut_frames(void **state)
{
	static const uint8_t frame[] = "\x33\x33\0\0\0\1\2\0\0\0\0\1\x81\0\0\x64\x81\0\0\x65\x08\x06";
	uint8_t buf[PACKET_MAX];
	struct packet_tags tags;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(frame) - 1; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, frame, len);
		assert_int_equal(packet_untag(copy, len, buf, &tags), 0);
		free(copy);
	}
	assert_int_equal(packet_untag(frame, sizeof(frame) - 1, buf, &tags), 14);
}

static void too_many_tags_and_too_long(void **state)
{
	uint8_t frame[PACKET_MAX + 64] = {}, buf[PACKET_MAX];
	struct packet_tags tags;
	unsigned int i;

	(void)state;
	assert_int_equal(packet_untag(frame, PACKET_MAX, buf, &tags), PACKET_MAX);
	assert_int_equal(packet_untag(frame, PACKET_MAX + 1, buf, &tags), 0);
	for (i = 0; i <= PACKET_TAGS; i++)
		frame[12 + 4 * i] = 0x81;
	assert_int_equal(packet_untag(frame, 100, buf, &tags), 0);
	frame[12 + 4 * PACKET_TAGS] = 0x08;
	assert_int_equal(packet_untag(frame, 100, buf, &tags), 100 - 4 * PACKET_TAGS);
	assert_int_equal(tags.count, PACKET_TAGS);
}

/* The checksum is of another program. */
static void questions(void **state)
{
	struct in6_addr from = in6("fd09::5"), to = in6("fd09::1234:5678");
	uint8_t buf[PACKET_MAX];

	(void)state;
	expect_frame(buf, packet_arp_question(buf, mac1, in("10.9.0.5"), in("10.9.0.1")),
		     "ffffffffffff02000000000108060001080006040001"
		     "0200000000010a0900050000000000000a090001");
	expect_frame(buf, packet_ns(buf, mac1, &from, &to),
		     "3333ff34567802000000000186dd6000000000203aff"
		     "fd090000000000000000000000000005ff0200000000000000000001ff345678"
		     "8700be2c00000000fd0900000000000000000000123456780101020000000001");
	assert_true(packet_ns(buf, mac1, &from, &to) <= PACKET_QUESTION);
}

#define ARP_ANSWER	"02000000000102000000009908060001080006040002" \
			"0200000000990a0900010200000000010a090005"
#define NA_ANSWER	"02000000000102000000009986dd6000000000203aff" \
			"fd090000000000000000000000000001fd090000000000000000000000000005" \
			"88000000e0000000fd0900000000000000000000000000010201020000000077"

static bool answer(const char *hex, size_t cut, size_t at, uint8_t value,
		   struct packet_answer *ret)
{
	uint8_t frame[PACKET_MAX], *copy;
	size_t len = from_hex(hex, frame) - cut;
	bool r;

	if (at)
		frame[at] = value;
	copy = malloc(len);
	memcpy(copy, frame, len);
	r = packet_answer(copy, len, ret);
	free(copy);
	return r;
}

static void answers(void **state)
{
	static const uint8_t mac99[] = { 2, 0, 0, 0, 0, 0x99 }, mac77[] = { 2, 0, 0, 0, 0, 0x77 };
	struct in6_addr from = in6("fd09::1"), to = in6("fd09::5");
	struct packet_answer a;
	size_t cut;

	(void)state;
	assert_true(answer(ARP_ANSWER, 0, 0, 0, &a));
	assert_int_equal(a.family, AF_INET);
	assert_int_equal(a.from.in.s_addr, in("10.9.0.1").s_addr);
	assert_int_equal(a.to.in.s_addr, in("10.9.0.5").s_addr);
	assert_memory_equal(a.mac, mac99, PACKET_MAC);
	assert_false(answer(ARP_ANSWER, 0, 21, 1, &a));		/* a request */
	assert_false(answer(ARP_ANSWER, 0, 22, 3, &a));		/* a group's MAC */
	for (cut = 1; cut <= 42; cut++)
		assert_false(answer(ARP_ANSWER, cut, 0, 0, &a));

	assert_true(answer(NA_ANSWER, 0, 0, 0, &a));
	assert_int_equal(a.family, AF_INET6);
	assert_memory_equal(&a.from.in6, &from, sizeof(from));
	assert_memory_equal(&a.to.in6, &to, sizeof(to));
	assert_memory_equal(a.mac, mac77, PACKET_MAC);
	assert_true(answer(NA_ANSWER, 8, 0, 0, &a));		/* without the option */
	assert_memory_equal(a.mac, mac99, PACKET_MAC);
	assert_false(answer(NA_ANSWER, 0, 21, 254, &a));	/* not from the link */
	assert_false(answer(NA_ANSWER, 0, 54, 135, &a));
	assert_false(answer(NA_ANSWER, 0, 55, 1, &a));
	for (cut = 9; cut <= 86; cut++)
		assert_false(answer(NA_ANSWER, cut, 0, 0, &a));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp),
		cmocka_unit_test(na),
		cmocka_unit_test(questions),
		cmocka_unit_test(answers),
		cmocka_unit_test(igmp),
		cmocka_unit_test(mld),
		cmocka_unit_test(largest),
		cmocka_unit_test(tags_come_off),
		cmocka_unit_test(cut_frames),
		cmocka_unit_test(too_many_tags_and_too_long),
	};

	return cmocka_run_group_tests_name("announcement frames", tests, NULL, NULL);
}
