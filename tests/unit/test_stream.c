// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: writer and reader of the device-state stream. */
#include <linux/errno.h>

#include "crc32c.h"
#include "stream.h"
#include "unit.h"
#include "wire.h"

#define NEW_TAG		0x1234	/* a record that this version does not know */

/* A state with all fields different and all lists full. */
static struct vferry_dev_state full(void)
{
	struct vferry_dev_state s;
	unsigned int i;

	memset(&s, 0, sizeof(s));
	s.nic = VFERRY_NIC_82576;
	s.proto = 0x01020304;
	s.features = 0x11121314;
	s.mig_id = 0x2122232425262728ull;
	s.cts = true;
	memcpy(s.mac, "\x02\x31\x32\x33\x34\x35", 6);
	memcpy(s.reset_mac, "\x02\x36\x37\x38\x39\x3a", 6);
	s.mc_wanted = true;
	s.trusted = true;
	s.port_vlan = 0x0fa1;
	s.port_qos = 7;
	s.link_state = 2;
	s.mc_promisc = true;
	s.max_frame = 9022;
	s.vlan_count = VFERRY_DEV_VLANS;
	for (i = 0; i < VFERRY_DEV_VLANS; i++)
		s.vlans[i] = 4095 - 3 * i;
	s.mc_count = VFERRY_DEV_MC_HASHES;
	for (i = 0; i < VFERRY_DEV_MC_HASHES; i++)
		s.mc_hashes[i] = 0xfff ^ (i << 4);
	s.uc_count = VFERRY_DEV_UC_ADDRS;
	for (i = 0; i < VFERRY_DEV_UC_ADDRS * ETH_ALEN; i++)
		s.uc_addrs[i / ETH_ALEN][i % ETH_ALEN] = 0x40 + i;
	s.vtivar = 0x51528081;
	s.vtivar_misc = 0x81;
	s.eims = 7;
	s.eiac = 3;
	for (i = 0; i < VFERRY_DEV_VECTORS; i++)
		s.eitr[i] = 0x6160 + i;
	for (i = 0; i < VFERRY_DEV_COUNTERS; i++)
		s.counters[i] = 0xfedcba9876543210ull + i;
	return s;
}

static struct vferry_dev_state empty(void)
{
	struct vferry_dev_state s;

	memset(&s, 0, sizeof(s));
	s.nic = VFERRY_NIC_82576;
	return s;
}

static void assert_same(const struct vferry_dev_state *a, const struct vferry_dev_state *b)
{
	unsigned int i;

	assert_int_equal(a->nic, b->nic);
	assert_int_equal(a->proto, b->proto);
	assert_int_equal(a->features, b->features);
	assert_true(a->mig_id == b->mig_id);
	assert_int_equal(a->cts, b->cts);
	assert_memory_equal(a->mac, b->mac, ETH_ALEN);
	assert_memory_equal(a->reset_mac, b->reset_mac, ETH_ALEN);
	assert_int_equal(a->mac_by_host, b->mac_by_host);
	assert_int_equal(a->port_vlan, b->port_vlan);
	assert_int_equal(a->port_qos, b->port_qos);
	assert_int_equal(a->link_state, b->link_state);
	assert_int_equal(a->trusted, b->trusted);
	assert_int_equal(a->spoofchk, b->spoofchk);
	assert_int_equal(a->mc_promisc, b->mc_promisc);
	assert_int_equal(a->mc_wanted, b->mc_wanted);
	assert_int_equal(a->max_frame, b->max_frame);
	assert_int_equal(a->vlan_count, b->vlan_count);
	assert_memory_equal(a->vlans, b->vlans, sizeof(a->vlans));
	assert_int_equal(a->mc_count, b->mc_count);
	assert_memory_equal(a->mc_hashes, b->mc_hashes, sizeof(a->mc_hashes));
	assert_int_equal(a->uc_count, b->uc_count);
	assert_memory_equal(a->uc_addrs, b->uc_addrs, sizeof(a->uc_addrs));
	assert_int_equal(a->vtivar, b->vtivar);
	assert_int_equal(a->vtivar_misc, b->vtivar_misc);
	assert_int_equal(a->eims, b->eims);
	assert_int_equal(a->eiac, b->eiac);
	assert_memory_equal(a->eitr, b->eitr, sizeof(a->eitr));
	for (i = 0; i < VFERRY_DEV_COUNTERS; i++)
		assert_true(a->counters[i] == b->counters[i]);
}

struct stream {
	__u8 bytes[VFERRY_STREAM_MAX + 4096];
	__u32 len;
};

static struct stream *written(const struct vferry_dev_state *s)
{
	struct stream *st = test_calloc(1, sizeof(*st));
	struct vferry_stream_writer w;

	vferry_stream_write(&w, st->bytes, VFERRY_STREAM_WRITE_MAX);
	assert_int_equal(vferry_stream_put_compat(&w, s), 0);
	assert_int_equal(w.len, VFERRY_STREAM_COMPAT_LEN);
	assert_int_equal(vferry_stream_put_rest(&w, s), 0);
	st->len = w.len;
	return st;
}

/* The same with what a source sends early in PRE_COPY, which may differ from the rest. */
static struct stream *written_early(const struct vferry_dev_state *early,
				    const struct vferry_dev_state *s)
{
	struct stream *st = test_calloc(1, sizeof(*st));
	struct vferry_stream_writer w;

	vferry_stream_write(&w, st->bytes, VFERRY_STREAM_WRITE_MAX);
	assert_int_equal(vferry_stream_put_compat(&w, early), 0);
	assert_int_equal(vferry_stream_put_room(&w, early), 0);
	assert_int_equal(vferry_stream_put_rest(&w, s), 0);
	st->len = w.len;
	return st;
}

/* Take in all of @st at once; the verdict is that of the end. */
static int taken(const struct stream *st, struct vferry_stream_reader *r)
{
	vferry_stream_read(r);
	vferry_stream_push(r, st->bytes, st->len);
	return vferry_stream_done(r);
}

static void assert_refused(const struct stream *st, int err)
{
	struct vferry_stream_reader r;

	assert_int_equal(taken(st, &r), err);
	assert_int_equal(r.err, err);
	assert_non_null(r.reason);
	assert_true(strlen(r.reason) > 8);
}

/*
 * Streams by hand. END is always made anew, with the right checksum, so that
 * a test shows the check that it means and not the checksum's.
 */
static void add_bytes(struct stream *st, const void *data, __u32 len)
{
	assert_true(st->len + len <= sizeof(st->bytes));
	if (len)
		memcpy(st->bytes + st->len, data, len);
	st->len += len;
}

static void add_record(struct stream *st, __u32 tag, __u32 flags, const void *data, __u32 size)
{
	static const __u8 zero[8];
	__u8 head[VFERRY_STREAM_RECORD_SIZE];

	wire_put32(head, tag);
	wire_put32(head + 4, flags);
	wire_put64(head + 8, size);
	add_bytes(st, head, sizeof(head));
	add_bytes(st, data, size);
	add_bytes(st, zero, -size & 7);
}

static void add_end(struct stream *st)
{
	__u8 zero[8] = { 0 };
	__u32 at;

	add_record(st, VFERRY_STREAM_END, VFERRY_STREAM_F_MANDATORY, zero, 8);
	at = st->len - 4;
	wire_put32(st->bytes + at, ~crc32c_add(CRC32C_START, st->bytes, at));
}

/* Where each record of a stream begins; returns how many there are. */
static unsigned int find_records(const struct stream *st, __u32 *at, unsigned int max)
{
	__u32 pos = VFERRY_STREAM_HEADER_SIZE;
	unsigned int n = 0;

	while (pos < st->len) {
		assert_true(n < max);
		at[n++] = pos;
		pos += VFERRY_STREAM_RECORD_SIZE + (wire_get64(st->bytes + pos + 8) + 7) / 8 * 8;
	}
	assert_int_equal(pos, st->len);
	return n;
}

static __u32 record_len(const struct stream *st, __u32 at)
{
	return VFERRY_STREAM_RECORD_SIZE + (wire_get64(st->bytes + at + 8) + 7) / 8 * 8;
}

#define RECORDS	9	/* of a stream as it is written */

static void checksum_is_crc32c(void **state)
{
	__u8 data[32];
	unsigned int i;

	(void)state;
	/* RFC 3720, B.4 */
	memset(data, 0, 32);
	assert_int_equal(~crc32c_add(CRC32C_START, data, 32), 0x8a9136aa);
	memset(data, 0xff, 32);
	assert_int_equal(~crc32c_add(CRC32C_START, data, 32), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		data[i] = i;
	assert_int_equal(~crc32c_add(CRC32C_START, data, 32), 0x46dd794e);
	assert_int_equal(~crc32c_add(CRC32C_START, (const __u8 *)"123456789", 9), 0xe3069283);
}

/* The bytes of the header and the first record: the format, not the code. */
static void golden_bytes(void **state)
{
	static const __u8 golden[VFERRY_STREAM_COMPAT_LEN] = {
		'V', 'F', 'R', 'Y', 1, 0, 0, 0,  1, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 0, 1, 0, 0, 0,  32, 0, 0, 0, 0, 0, 0, 0,
		4, 3, 2, 1, 0x14, 0x13, 0x12, 0x11,
		2, 0x31, 0x32, 0x33, 0x34, 0x35, 0xa1, 0x0f,
		0x3e, 0x23, 0, 0, 0x15, 0, 0, 0,
		0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,
	};
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);

	(void)state;
	assert_memory_equal(st->bytes, golden, sizeof(golden));
	test_free(st);
}

static void round_trip_full(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;

	(void)state;
	assert_int_equal(taken(st, &r), 0);
	assert_null(r.reason);
	assert_same(&r.state, &s);
	test_free(st);

	st = written_early(&s, &s);
	assert_int_equal(taken(st, &r), 0);
	assert_same(&r.state, &s);
	/* No state makes a longer one. */
	assert_int_equal(st->len, VFERRY_STREAM_WRITE_MAX);
	test_free(st);
}

static void round_trip_empty(void **state)
{
	struct vferry_dev_state s = empty();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;

	(void)state;
	assert_int_equal(taken(st, &r), 0);
	assert_same(&r.state, &s);
	test_free(st);
}

static void round_trip_every_length(void **state)
{
	struct vferry_dev_state s, all = full();
	struct vferry_stream_reader r;
	struct stream *st;
	unsigned int i;

	(void)state;
	for (i = 0; i <= VFERRY_DEV_VLANS; i++) {
		s = empty();
		s.vlan_count = i;
		memcpy(s.vlans, all.vlans, i * sizeof(s.vlans[0]));
		s.mc_count = i < VFERRY_DEV_MC_HASHES ? i : VFERRY_DEV_MC_HASHES;
		memcpy(s.mc_hashes, all.mc_hashes, s.mc_count * sizeof(s.mc_hashes[0]));
		s.uc_count = i < VFERRY_DEV_UC_ADDRS ? i : VFERRY_DEV_UC_ADDRS;
		memcpy(s.uc_addrs, all.uc_addrs, s.uc_count * sizeof(s.uc_addrs[0]));
		st = written(&s);
		assert_int_equal(st->len % VFERRY_STREAM_ALIGN, 0);
		assert_int_equal(taken(st, &r), 0);
		assert_same(&r.state, &s);
		test_free(st);
	}
}

static void round_trip_every_flag(void **state)
{
	struct vferry_stream_reader r;
	struct vferry_dev_state s;
	struct stream *st;
	unsigned int bits;

	(void)state;
	for (bits = 0; bits < 64; bits++) {
		s = empty();
		s.cts = bits & 1;
		s.mac_by_host = bits & 2;
		s.trusted = bits & 4;
		s.spoofchk = bits & 8;
		s.mc_promisc = bits & 16;
		s.mc_wanted = bits & 32;
		st = written(&s);
		assert_int_equal(taken(st, &r), 0);
		assert_same(&r.state, &s);
		test_free(st);
	}
}

/* What the guest changed between the two parts arrives as it is at the end. */
static void the_rest_overrides_compat(void **state)
{
	struct vferry_dev_state early = full(), late = full();
	struct stream *st = test_calloc(1, sizeof(*st));
	struct vferry_stream_reader r;
	struct vferry_stream_writer w;

	(void)state;
	early.max_frame = 1522;
	early.mac[5] = 0x99;
	early.mc_promisc = false;
	vferry_stream_write(&w, st->bytes, VFERRY_STREAM_WRITE_MAX);
	assert_int_equal(vferry_stream_put_compat(&w, &early), 0);
	assert_int_equal(vferry_stream_put_rest(&w, &late), 0);
	st->len = w.len;

	vferry_stream_read(&r);
	assert_int_equal(vferry_stream_push(&r, st->bytes, VFERRY_STREAM_COMPAT_LEN), 0);
	assert_int_equal(r.state.max_frame, 1522);
	assert_int_equal(vferry_stream_push(&r, st->bytes + VFERRY_STREAM_COMPAT_LEN,
					    st->len - VFERRY_STREAM_COMPAT_LEN), 0);
	assert_int_equal(vferry_stream_done(&r), 0);
	assert_same(&r.state, &late);
	test_free(st);
}

/* ROOM is there as soon as it has come, and nothing of it is left beside what comes later. */
static void room_comes_early(void **state)
{
	struct vferry_dev_state early = full(), late = empty();
	struct vferry_stream_reader r;
	struct stream *st;
	__u32 i;

	(void)state;
	early.link = true;
	/* what only COMPAT and ROOM have */
	late.link = true;
	late.proto = early.proto;
	late.features = early.features;
	late.mig_id = early.mig_id;
	st = written_early(&early, &late);
	vferry_stream_read(&r);
	for (i = 0; !vferry_stream_has_room(&r); i++) {
		assert_true(i < st->len);
		assert_int_equal(vferry_stream_push(&r, st->bytes + i, 1), 0);
	}
	assert_int_equal(r.state.port_qos, early.port_qos);
	assert_true(r.state.link);
	assert_memory_equal(r.state.reset_mac, early.reset_mac, ETH_ALEN);
	assert_int_equal(r.state.vlan_count, early.vlan_count);
	assert_memory_equal(r.state.vlans, early.vlans, sizeof(early.vlans));
	assert_int_equal(r.state.uc_count, early.uc_count);
	assert_memory_equal(r.state.uc_addrs, early.uc_addrs, sizeof(early.uc_addrs));
	assert_false(vferry_stream_has_end(&r));
	assert_int_equal(vferry_stream_push(&r, st->bytes + i, st->len - i), 0);
	assert_true(vferry_stream_has_end(&r));
	assert_int_equal(vferry_stream_done(&r), 0);
	assert_memory_equal(&r.state, &late, sizeof(late));
	test_free(st);
}

/* Anywhere but directly after COMPAT it would overwrite what is true by then. */
static void room_comes_early_only(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written_early(&s, &s), *moved;
	__u32 at[RECORDS + 1];
	unsigned int i, j;

	(void)state;
	assert_int_equal(find_records(st, at, RECORDS + 1), RECORDS + 1);
	assert_int_equal(wire_get32(st->bytes + at[1]), VFERRY_STREAM_ROOM);
	for (i = 2; i < RECORDS; i++) {
		moved = test_calloc(1, sizeof(*moved));
		add_bytes(moved, st->bytes, at[1]);
		for (j = 2; j < RECORDS; j++) {
			add_bytes(moved, st->bytes + at[j], record_len(st, at[j]));
			if (j == i)
				add_bytes(moved, st->bytes + at[1], record_len(st, at[1]));
		}
		add_end(moved);
		assert_refused(moved, -EPROTO);
		test_free(moved);
	}
	test_free(st);
}

/* Its counts must be those of its payload, and no more than the arrays hold. */
static void room_counts_judged(void **state)
{
	static const struct { __u16 vlans, ucs; __u32 size; } bad[] = {
		{ 0, 0, 17 }, { 1, 0, 16 }, { 0, 1, 18 }, { 3, 0, 16 + 5 }, { 3, 1, 16 + 6 },
		{ VFERRY_DEV_VLANS + 1, 0, 16 + 2 * VFERRY_DEV_VLANS + 2 },
		{ 0, VFERRY_DEV_UC_ADDRS + 1, 16 + 6 * VFERRY_DEV_UC_ADDRS + 6 },
		{ 0xffff, 0xffff, 16 }, { 0, 0, 15 }, { 0, 0, 0 }, { 0, 0, 5000 },
	};
	struct vferry_dev_state s = full();
	struct stream *st = written(&s), *made;
	__u8 payload[5000] = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		made = test_calloc(1, sizeof(*made));
		add_bytes(made, st->bytes, VFERRY_STREAM_COMPAT_LEN);
		wire_put16(payload + 8, bad[i].vlans);
		wire_put16(payload + 10, bad[i].ucs);
		add_record(made, VFERRY_STREAM_ROOM, 0, payload, bad[i].size);
		assert_refused(made, -EPROTO);
		test_free(made);
	}
	test_free(st);
}

static void compat_known_at_its_last_byte(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;
	__u32 i;

	(void)state;
	vferry_stream_read(&r);
	for (i = 0; i < st->len; i++) {
		assert_int_equal(vferry_stream_has_compat(&r), i >= VFERRY_STREAM_COMPAT_LEN);
		assert_int_equal(vferry_stream_push(&r, st->bytes + i, 1), 0);
	}
	assert_int_equal(vferry_stream_done(&r), 0);
	test_free(st);
}

/* Any two cuts, then pieces of every size: always the same. */
static void chunks(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;
	__u32 cut, size, pos, n;

	(void)state;
	for (cut = 0; cut <= st->len; cut++) {
		vferry_stream_read(&r);
		assert_int_equal(vferry_stream_push(&r, st->bytes, cut), 0);
		assert_int_equal(vferry_stream_push(&r, NULL, 0), 0);
		assert_int_equal(vferry_stream_push(&r, st->bytes + cut, st->len - cut), 0);
		assert_int_equal(vferry_stream_done(&r), 0);
		assert_same(&r.state, &s);
	}
	for (size = 1; size <= st->len; size++) {
		vferry_stream_read(&r);
		for (pos = 0; pos < st->len; pos += n) {
			n = st->len - pos < size ? st->len - pos : size;
			assert_int_equal(vferry_stream_push(&r, st->bytes + pos, n), 0);
		}
		assert_int_equal(vferry_stream_done(&r), 0);
		assert_same(&r.state, &s);
	}
	test_free(st);
}

/*
 * Cut off after any byte: no error while more could come, refused at the end.
 * The bytes are in an allocation of just that length: the sanitizer sees it if
 * the reader looks further.
 */
static void cut_short_anywhere(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;
	__u8 *exact;
	__u32 len;

	(void)state;
	for (len = 0; len < st->len; len++) {
		exact = malloc(len ? len : 1);
		assert_non_null(exact);
		memcpy(exact, st->bytes, len);
		vferry_stream_read(&r);
		assert_int_equal(vferry_stream_push(&r, exact, len), 0);
		assert_int_equal(vferry_stream_done(&r), -ENODATA);
		assert_non_null(r.reason);
		/* and stays refused, though the rest comes after all */
		assert_int_equal(vferry_stream_push(&r, st->bytes + len, st->len - len), -ENODATA);
		assert_int_equal(vferry_stream_done(&r), -ENODATA);
		free(exact);
	}
	test_free(st);
}

/* Every single bit counts. */
static void any_bit_flipped(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;
	__u32 bit;

	(void)state;
	for (bit = 0; bit < 8 * st->len; bit++) {
		st->bytes[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(taken(st, &r), 0);
		assert_non_null(r.reason);
		st->bytes[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(taken(st, &r), 0);
	test_free(st);
}

/* Two bytes exchanged, anywhere. */
static void bytes_swapped(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;
	__u32 i, step;
	__u8 tmp;

	(void)state;
	for (step = 1; step <= 16; step++) {
		for (i = 0; i + step < st->len; i++) {
			if (st->bytes[i] == st->bytes[i + step])
				continue;
			tmp = st->bytes[i];
			st->bytes[i] = st->bytes[i + step];
			st->bytes[i + step] = tmp;
			assert_int_not_equal(taken(st, &r), 0);
			st->bytes[i + step] = st->bytes[i];
			st->bytes[i] = tmp;
		}
	}
	test_free(st);
}

static void header_judged(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);

	(void)state;
	wire_put32(st->bytes, VFERRY_STREAM_MAGIC ^ 0x20);
	assert_refused(st, -EPROTO);
	wire_put32(st->bytes, __builtin_bswap32(VFERRY_STREAM_MAGIC));
	assert_refused(st, -EPROTO);
	wire_put32(st->bytes, VFERRY_STREAM_MAGIC);

	wire_put32(st->bytes + 4, VFERRY_STREAM_VERSION + 1);
	assert_refused(st, -EOPNOTSUPP);
	wire_put32(st->bytes + 4, VFERRY_STREAM_VERSION - 1);
	assert_refused(st, -EOPNOTSUPP);
	wire_put32(st->bytes + 4, VFERRY_STREAM_VERSION);

	wire_put32(st->bytes + 12, 1);
	assert_refused(st, -EPROTO);
	test_free(st);
}

/* A NIC of another type is the PF driver's to refuse; the reader passes it on. */
static void other_nic_is_passed_on(void **state)
{
	struct vferry_dev_state s = full();
	struct vferry_stream_reader r;
	struct stream *st;

	(void)state;
	s.nic = 0xabcd;
	st = written(&s);
	assert_int_equal(taken(st, &r), 0);
	assert_int_equal(r.state.nic, 0xabcd);
	test_free(st);
}

static void each_record_missing(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s), *cut;
	struct vferry_stream_reader r;
	__u32 at[RECORDS];
	unsigned int i, j;
	int err;

	(void)state;
	assert_int_equal(find_records(st, at, RECORDS), RECORDS);
	for (i = 0; i < RECORDS - 1; i++) {
		cut = test_calloc(1, sizeof(*cut));
		add_bytes(cut, st->bytes, VFERRY_STREAM_HEADER_SIZE);
		for (j = 0; j < RECORDS - 1; j++)
			if (j != i)
				add_bytes(cut, st->bytes + at[j], record_len(st, at[j]));
		add_end(cut);
		err = taken(cut, &r);
		switch (wire_get32(st->bytes + at[i])) {
		case VFERRY_STREAM_COUNTERS:	/* optional */
			assert_int_equal(err, 0);
			assert_true(r.state.counters[0] == 0);
			break;
		case VFERRY_STREAM_HOME:	/* an older source */
			assert_int_equal(err, 0);
			assert_memory_equal(r.state.reset_mac, "\0\0\0\0\0\0", ETH_ALEN);
			break;
		default:
			assert_int_equal(err, -EPROTO);
		}
		test_free(cut);
	}
	test_free(st);
}

static void each_record_twice(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s), *more;
	__u32 at[RECORDS];
	unsigned int i, j;

	(void)state;
	find_records(st, at, RECORDS);
	for (i = 0; i < RECORDS - 1; i++) {
		more = test_calloc(1, sizeof(*more));
		add_bytes(more, st->bytes, VFERRY_STREAM_HEADER_SIZE);
		for (j = 0; j < RECORDS - 1; j++)
			add_bytes(more, st->bytes + at[j], record_len(st, at[j]));
		add_bytes(more, st->bytes + at[i], record_len(st, at[i]));
		add_end(more);
		assert_refused(more, -EPROTO);
		test_free(more);
	}
	test_free(st);
}

/* Between COMPAT and END any order will do; COMPAT elsewhere will not. */
static void order_of_records(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s), *turned;
	struct vferry_stream_reader r;
	__u32 at[RECORDS];
	unsigned int shift, j, pick;

	(void)state;
	find_records(st, at, RECORDS);
	for (shift = 0; shift < RECORDS - 2; shift++) {
		turned = test_calloc(1, sizeof(*turned));
		add_bytes(turned, st->bytes, VFERRY_STREAM_HEADER_SIZE);
		add_bytes(turned, st->bytes + at[0], record_len(st, at[0]));
		for (j = 0; j < RECORDS - 2; j++) {
			pick = 1 + (j + shift) % (RECORDS - 2);
			add_bytes(turned, st->bytes + at[pick], record_len(st, at[pick]));
		}
		add_end(turned);
		assert_int_equal(taken(turned, &r), 0);
		assert_same(&r.state, &s);
		test_free(turned);
	}
	for (shift = 1; shift < RECORDS - 1; shift++) {
		turned = test_calloc(1, sizeof(*turned));
		add_bytes(turned, st->bytes, VFERRY_STREAM_HEADER_SIZE);
		for (j = 0; j < RECORDS - 1; j++) {
			pick = (j + shift) % (RECORDS - 1);
			add_bytes(turned, st->bytes + at[pick], record_len(st, at[pick]));
		}
		add_end(turned);
		assert_refused(turned, -EPROTO);
		test_free(turned);
	}
	test_free(st);
}

static void end_alone(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);

	(void)state;
	st->len = VFERRY_STREAM_HEADER_SIZE;
	add_end(st);
	assert_refused(st, -EPROTO);
	test_free(st);
}

static void nothing_after_the_end(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;

	(void)state;
	add_bytes(st, "", 1);
	assert_refused(st, -EPROTO);
	st->len--;

	vferry_stream_read(&r);
	vferry_stream_push(&r, st->bytes, st->len);
	assert_int_equal(vferry_stream_done(&r), 0);
	assert_int_equal(vferry_stream_push(&r, st->bytes, st->len), -EPROTO);
	assert_int_equal(vferry_stream_done(&r), -EPROTO);
	test_free(st);
}

/* A stream with one more record before END. */
static struct stream *with_record(__u32 tag, __u32 flags, const void *data, __u32 size)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);

	st->len -= VFERRY_STREAM_RECORD_SIZE + 8;
	add_record(st, tag, flags, data, size);
	add_end(st);
	return st;
}

static void unknown_optional_is_skipped(void **state)
{
	static const __u8 junk[5000] = { 1, 2, 3 };
	static const __u32 sizes[] = { 0, 1, 7, 8, 9, 4096, 5000 };
	struct vferry_dev_state s = full();
	struct vferry_stream_reader r;
	struct stream *st;
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(sizes); i++) {
		st = with_record(NEW_TAG, 0, junk, sizes[i]);
		assert_int_equal(taken(st, &r), 0);
		assert_same(&r.state, &s);
		test_free(st);
	}
	/* What is not known may come as often as it likes. */
	st = with_record(NEW_TAG, 0, junk, 3);
	st->len -= VFERRY_STREAM_RECORD_SIZE + 8;
	add_record(st, NEW_TAG, 0, junk, 3);
	add_end(st);
	assert_int_equal(taken(st, &r), 0);
	test_free(st);
}

static void unknown_mandatory_refuses(void **state)
{
	static const __u32 tags[] = { 0, VFERRY_STREAM_HOME + 1, NEW_TAG, 31, 32, 33,
				      VFERRY_STREAM_END - 1, VFERRY_STREAM_END + 1u, ~0u };
	struct vferry_stream_reader r;
	struct stream *st;
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(tags); i++) {
		st = with_record(tags[i], VFERRY_STREAM_F_MANDATORY, "abc", 3);
		assert_refused(st, -EOPNOTSUPP);
		test_free(st);
		st = with_record(tags[i], 0, "abc", 3);
		assert_int_equal(taken(st, &r), 0);
		test_free(st);
	}
}

static void unknown_before_compat(void **state)
{
	struct stream *st = with_record(NEW_TAG, 0, "", 0);

	(void)state;
	memmove(st->bytes + VFERRY_STREAM_HEADER_SIZE + VFERRY_STREAM_RECORD_SIZE,
		st->bytes + VFERRY_STREAM_HEADER_SIZE,
		st->len - VFERRY_STREAM_HEADER_SIZE);
	wire_put32(st->bytes + VFERRY_STREAM_HEADER_SIZE, NEW_TAG);
	assert_refused(st, -EPROTO);
	test_free(st);
}

static void record_flags_judged(void **state)
{
	struct stream *st;
	unsigned int bit;

	(void)state;
	for (bit = 1; bit < 32; bit++) {
		st = with_record(NEW_TAG, 1u << bit, "", 0);
		assert_refused(st, -EPROTO);
		test_free(st);
	}
}

/* Known tags with every size that is not theirs. */
static void sizes_judged(void **state)
{
	static const struct { __u32 tag, unit, min, max; } known[] = {
		{ VFERRY_STREAM_COMPAT, 1, 32, 32 },
		{ VFERRY_STREAM_IDENTITY, 1, 24, 24 },
		{ VFERRY_STREAM_VLANS, 2, 0, 64 },
		{ VFERRY_STREAM_MULTICAST, 2, 0, 60 },
		{ VFERRY_STREAM_UNICAST, 6, 0, 96 },
		{ VFERRY_STREAM_INTERRUPTS, 1, 24, 24 },
		{ VFERRY_STREAM_COUNTERS, 1, 40, 40 },
		{ VFERRY_STREAM_HOME, 1, 8, 8 },
	};
	struct vferry_dev_state s = full();
	struct stream *st = written(&s), *made;
	struct vferry_stream_reader r;
	__u8 zero[256] = { 0 };
	unsigned int i, j;
	__u32 at[RECORDS];
	__u32 size;
	bool good;

	(void)state;
	find_records(st, at, RECORDS);
	for (i = 0; i < COUNT(known); i++) {
		assert_int_equal(wire_get32(st->bytes + at[i]), known[i].tag);
		for (size = 0; size <= sizeof(zero); size++) {
			made = test_calloc(1, sizeof(*made));
			add_bytes(made, st->bytes, VFERRY_STREAM_HEADER_SIZE);
			for (j = 0; j < RECORDS - 1; j++) {
				if (j == i)
					add_record(made, known[i].tag, VFERRY_STREAM_F_MANDATORY,
						   zero, size);
				else
					add_bytes(made, st->bytes + at[j], record_len(st, at[j]));
			}
			add_end(made);
			good = size >= known[i].min && size <= known[i].max &&
			       size % known[i].unit == 0;
			assert_int_equal(taken(made, &r), good ? 0 : -EPROTO);
			test_free(made);
		}
	}
	test_free(st);
}

/* Sizes that would wrap, or never end, are refused at the head already. */
static void huge_sizes(void **state)
{
	static const __u64 sizes[] = {
		VFERRY_STREAM_MAX + 1, 0x7fffffff, 0xffffffff, 1ull << 32,
		(1ull << 32) + 24, ~0ull, ~0ull - 7, 1ull << 63,
	};
	static const __u32 tags[] = { NEW_TAG, VFERRY_STREAM_VLANS, VFERRY_STREAM_END };
	struct vferry_dev_state s = full();
	struct vferry_stream_reader r;
	struct stream *st = written(&s);
	__u8 head[VFERRY_STREAM_RECORD_SIZE];
	unsigned int i, j;

	(void)state;
	for (i = 0; i < COUNT(sizes); i++) {
		for (j = 0; j < COUNT(tags); j++) {
			vferry_stream_read(&r);
			vferry_stream_push(&r, st->bytes, VFERRY_STREAM_COMPAT_LEN);
			wire_put32(head, tags[j]);
			wire_put32(head + 4, 0);
			wire_put64(head + 8, sizes[i]);
			assert_int_equal(vferry_stream_push(&r, head, sizeof(head)), -E2BIG);
		}
	}
	test_free(st);
}

static void total_is_bounded(void **state)
{
	static const __u8 junk[1024];
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;
	__u8 head[VFERRY_STREAM_RECORD_SIZE];
	__u32 sent = VFERRY_STREAM_COMPAT_LEN;
	int err = 0;

	(void)state;
	vferry_stream_read(&r);
	vferry_stream_push(&r, st->bytes, VFERRY_STREAM_COMPAT_LEN);
	wire_put32(head, NEW_TAG);
	wire_put32(head + 4, 0);
	wire_put64(head + 8, sizeof(junk));
	while (!err && sent < 2 * VFERRY_STREAM_MAX) {
		err = vferry_stream_push(&r, head, sizeof(head));
		if (!err)
			err = vferry_stream_push(&r, junk, sizeof(junk));
		sent += sizeof(head) + sizeof(junk);
	}
	assert_int_equal(err, -E2BIG);
	assert_int_equal(r.total, VFERRY_STREAM_MAX);
	test_free(st);
}

static void padding_must_be_zero(void **state)
{
	struct stream *st;
	unsigned int i;

	(void)state;
	for (i = 1; i < 8; i++) {
		st = with_record(NEW_TAG, 0, "x", 1);
		st->len -= VFERRY_STREAM_RECORD_SIZE + 8;
		st->bytes[st->len - i] = 1;
		add_end(st);
		assert_refused(st, -EPROTO);
		test_free(st);
	}
}

/* Reserved bytes and flag bits that mean nothing yet must be zero. */
static void reserved_must_be_zero(void **state)
{
	static const struct { __u32 tag, first, last; } reserved[] = {
		{ VFERRY_STREAM_COMPAT, 21, 23 },
		{ VFERRY_STREAM_IDENTITY, 13, 15 },
		{ VFERRY_STREAM_IDENTITY, 18, 23 },
		{ VFERRY_STREAM_INTERRUPTS, 10, 11 },
		{ VFERRY_STREAM_END, 0, 3 },
	};
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	__u32 at[RECORDS], crc_at, i, j, byte;
	__u8 *p;

	(void)state;
	find_records(st, at, RECORDS);
	crc_at = st->len - 4;
	for (i = 0; i < COUNT(reserved); i++) {
		for (j = 0; j < RECORDS; j++)
			if (wire_get32(st->bytes + at[j]) == reserved[i].tag)
				break;
		assert_true(j < RECORDS);
		for (byte = reserved[i].first; byte <= reserved[i].last; byte++) {
			p = st->bytes + at[j] + VFERRY_STREAM_RECORD_SIZE + byte;
			*p ^= 0x80;
			wire_put32(st->bytes + crc_at,
				   ~crc32c_add(CRC32C_START, st->bytes, crc_at));
			assert_refused(st, -EPROTO);
			*p ^= 0x80;
		}
	}
	test_free(st);
}

static void checksum_judged(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	unsigned int i;

	(void)state;
	for (i = 0; i < 32; i++) {
		st->bytes[st->len - 4 + i / 8] ^= 1 << i % 8;
		assert_refused(st, -EBADMSG);
		st->bytes[st->len - 4 + i / 8] ^= 1 << i % 8;
	}
	test_free(st);
}

static void first_refusal_stays(void **state)
{
	struct vferry_dev_state s = full();
	struct stream *st = written(&s);
	struct vferry_stream_reader r;
	const char *reason;

	(void)state;
	vferry_stream_read(&r);
	assert_int_equal(vferry_stream_push(&r, "not a stream at all", 19), -EPROTO);
	reason = r.reason;
	assert_int_equal(vferry_stream_push(&r, st->bytes, st->len), -EPROTO);
	assert_int_equal(vferry_stream_done(&r), -EPROTO);
	assert_ptr_equal(r.reason, reason);
	assert_false(vferry_stream_has_compat(&r));
	test_free(st);
}

static void writer_needs_room(void **state)
{
	struct vferry_dev_state s = full();
	struct vferry_stream_writer w;
	__u8 *exact;
	__u32 size;

	(void)state;
	for (size = 0; size < VFERRY_STREAM_WRITE_MAX; size++) {
		exact = malloc(size ? size : 1);
		assert_non_null(exact);
		vferry_stream_write(&w, exact, size);
		assert_int_equal(vferry_stream_put_compat(&w, &s),
				 size < VFERRY_STREAM_COMPAT_LEN ? -ENOSPC : 0);
		assert_int_equal(vferry_stream_put_room(&w, &s),
				 size < VFERRY_STREAM_COMPAT_LEN + 192 ? -ENOSPC : 0);
		assert_int_equal(vferry_stream_put_rest(&w, &s), -ENOSPC);
		assert_true(w.len <= size);
		free(exact);
	}
}

static void writer_judges_counts(void **state)
{
	struct vferry_stream_writer w;
	struct vferry_dev_state s;
	__u8 buf[VFERRY_STREAM_WRITE_MAX];
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		s = full();
		if (i == 0)
			s.vlan_count++;
		if (i == 1)
			s.mc_count++;
		if (i == 2)
			s.uc_count = 0xffff;
		vferry_stream_write(&w, buf, sizeof(buf));
		assert_int_equal(vferry_stream_put_compat(&w, &s), 0);
		assert_int_equal(vferry_stream_put_room(&w, &s), -EINVAL);
		assert_int_equal(vferry_stream_put_rest(&w, &s), -EINVAL);
		assert_int_equal(w.len, VFERRY_STREAM_COMPAT_LEN);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_crc32c),
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(round_trip_full),
		cmocka_unit_test(round_trip_empty),
		cmocka_unit_test(round_trip_every_length),
		cmocka_unit_test(round_trip_every_flag),
		cmocka_unit_test(the_rest_overrides_compat),
		cmocka_unit_test(room_comes_early),
		cmocka_unit_test(room_comes_early_only),
		cmocka_unit_test(room_counts_judged),
		cmocka_unit_test(compat_known_at_its_last_byte),
		cmocka_unit_test(chunks),
		cmocka_unit_test(cut_short_anywhere),
		cmocka_unit_test(any_bit_flipped),
		cmocka_unit_test(bytes_swapped),
		cmocka_unit_test(header_judged),
		cmocka_unit_test(other_nic_is_passed_on),
		cmocka_unit_test(each_record_missing),
		cmocka_unit_test(each_record_twice),
		cmocka_unit_test(order_of_records),
		cmocka_unit_test(end_alone),
		cmocka_unit_test(nothing_after_the_end),
		cmocka_unit_test(unknown_optional_is_skipped),
		cmocka_unit_test(unknown_mandatory_refuses),
		cmocka_unit_test(unknown_before_compat),
		cmocka_unit_test(record_flags_judged),
		cmocka_unit_test(sizes_judged),
		cmocka_unit_test(huge_sizes),
		cmocka_unit_test(total_is_bounded),
		cmocka_unit_test(padding_must_be_zero),
		cmocka_unit_test(reserved_must_be_zero),
		cmocka_unit_test(checksum_judged),
		cmocka_unit_test(first_refusal_stays),
		cmocka_unit_test(writer_needs_room),
		cmocka_unit_test(writer_judges_counts),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
