// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writer and reader of the device-state stream. Pure; see stream.h.
 */
#include <linux/errno.h>
#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif

#include "crc32c.h"
#include "stream.h"
#include "wire.h"

/* Payload sizes of the records that have just one, bytes. */
#define COMPAT_SIZE	32
#define IDENTITY_SIZE	24
#define INTERRUPTS_SIZE	(12 + 4 * VFERRY_DEV_VECTORS)
#define COUNTERS_SIZE	(8 * VFERRY_DEV_COUNTERS)
#define ROOM_HEAD	16
#define HOME_SIZE	8
#define END_SIZE	8
#define END_CRC		4	/* where in END the checksum is */

#define KNOWN_ID_FLAGS	(VFERRY_STREAM_ID_CTS | VFERRY_STREAM_ID_MAC_BY_HOST | \
			 VFERRY_STREAM_ID_TRUSTED | VFERRY_STREAM_ID_SPOOFCHK | \
			 VFERRY_STREAM_ID_MC_PROMISC)

static __u32 padding(__u64 size)
{
	return -size & (VFERRY_STREAM_ALIGN - 1);
}

static __u32 seen_bit(__u32 tag)
{
	return tag == VFERRY_STREAM_END ? 1 : 1u << tag;
}

/* Without these a stream is not complete. */
static __u32 required(void)
{
	return seen_bit(VFERRY_STREAM_COMPAT) | seen_bit(VFERRY_STREAM_IDENTITY) |
	       seen_bit(VFERRY_STREAM_VLANS) | seen_bit(VFERRY_STREAM_MULTICAST) |
	       seen_bit(VFERRY_STREAM_UNICAST) |
	       seen_bit(VFERRY_STREAM_INTERRUPTS) | seen_bit(VFERRY_STREAM_END);
}

static __u32 pack_flags(const struct vferry_dev_state *state)
{
	return (state->cts ? VFERRY_STREAM_ID_CTS : 0) |
	       (state->mac_by_host ? VFERRY_STREAM_ID_MAC_BY_HOST : 0) |
	       (state->trusted ? VFERRY_STREAM_ID_TRUSTED : 0) |
	       (state->spoofchk ? VFERRY_STREAM_ID_SPOOFCHK : 0) |
	       (state->mc_promisc ? VFERRY_STREAM_ID_MC_PROMISC : 0);
}

static void unpack_flags(struct vferry_dev_state *state, __u32 flags)
{
	state->cts = flags & VFERRY_STREAM_ID_CTS;
	state->mac_by_host = flags & VFERRY_STREAM_ID_MAC_BY_HOST;
	state->trusted = flags & VFERRY_STREAM_ID_TRUSTED;
	state->spoofchk = flags & VFERRY_STREAM_ID_SPOOFCHK;
	state->mc_promisc = flags & VFERRY_STREAM_ID_MC_PROMISC;
}

/*
 * Writer
 */

void vferry_stream_write(struct vferry_stream_writer *w, __u8 *buf, __u32 size)
{
	w->buf = buf;
	w->size = size;
	w->len = 0;
	w->err = 0;
}

/* Room for @size bytes, cleared; NULL and a sticky error if there is none. */
static __u8 *take(struct vferry_stream_writer *w, __u32 size)
{
	__u8 *p = w->buf + w->len;

	if (w->err || size > w->size - w->len) {
		w->err = -ENOSPC;
		return NULL;
	}

	__builtin_memset(p, 0, size);
	w->len += size;
	return p;
}

/* Head of a record, and room for its payload with padding. */
static __u8 *record(struct vferry_stream_writer *w, __u32 tag, __u32 flags, __u32 size)
{
	__u8 *p = take(w, VFERRY_STREAM_RECORD_SIZE + size + padding(size));

	if (!p)
		return NULL;

	wire_put32(p, tag);
	wire_put32(p + 4, flags);
	wire_put64(p + 8, size);
	return p + VFERRY_STREAM_RECORD_SIZE;
}

static __u8 *mandatory(struct vferry_stream_writer *w, __u32 tag, __u32 size)
{
	return record(w, tag, VFERRY_STREAM_F_MANDATORY, size);
}

static void put_header(struct vferry_stream_writer *w, const struct vferry_dev_state *state)
{
	__u8 *p = take(w, VFERRY_STREAM_HEADER_SIZE);

	if (!p)
		return;

	wire_put32(p, VFERRY_STREAM_MAGIC);
	wire_put32(p + 4, VFERRY_STREAM_VERSION);
	wire_put32(p + 8, state->nic);
}

int vferry_stream_put_compat(struct vferry_stream_writer *w,
			     const struct vferry_dev_state *state)
{
	__u8 *p;

	put_header(w, state);
	p = mandatory(w, VFERRY_STREAM_COMPAT, COMPAT_SIZE);
	if (!p)
		return w->err;

	wire_put32(p, state->proto);
	wire_put32(p + 4, state->features);
	__builtin_memcpy(p + 8, state->mac, ETH_ALEN);
	wire_put16(p + 14, state->port_vlan);
	wire_put32(p + 16, state->max_frame);
	wire_put32(p + 20, pack_flags(state));
	wire_put64(p + 24, state->mig_id);
	return 0;
}

static bool counts_fit(const struct vferry_dev_state *state)
{
	return state->vlan_count <= VFERRY_DEV_VLANS &&
	       state->mc_count <= VFERRY_DEV_MC_HASHES &&
	       state->uc_count <= VFERRY_DEV_UC_ADDRS;
}

int vferry_stream_put_room(struct vferry_stream_writer *w,
			   const struct vferry_dev_state *state)
{
	__u32 vlans = 2 * state->vlan_count, ucs = ETH_ALEN * state->uc_count, i;
	__u8 *p;

	if (!counts_fit(state))
		return -EINVAL;
	p = record(w, VFERRY_STREAM_ROOM, 0, ROOM_HEAD + vlans + ucs);
	if (!p)
		return w->err;

	__builtin_memcpy(p, state->reset_mac, ETH_ALEN);
	p[6] = state->port_qos;
	p[7] = state->link ? VFERRY_STREAM_ROOM_LINK : 0;
	wire_put16(p + 8, state->vlan_count);
	wire_put16(p + 10, state->uc_count);
	for (i = 0; i < state->vlan_count; i++)
		wire_put16(p + ROOM_HEAD + 2 * i, state->vlans[i]);
	__builtin_memcpy(p + ROOM_HEAD + vlans, state->uc_addrs, ucs);
	return 0;
}

static void put_home(struct vferry_stream_writer *w, const struct vferry_dev_state *state)
{
	__u8 *p = record(w, VFERRY_STREAM_HOME, 0, HOME_SIZE);

	if (!p)
		return;

	__builtin_memcpy(p, state->reset_mac, ETH_ALEN);
	wire_put16(p + 6, state->mc_wanted ? VFERRY_STREAM_HOME_MC_WANTED : 0);
}

static void put_identity(struct vferry_stream_writer *w, const struct vferry_dev_state *state)
{
	__u8 *p = mandatory(w, VFERRY_STREAM_IDENTITY, IDENTITY_SIZE);

	if (!p)
		return;

	__builtin_memcpy(p, state->mac, ETH_ALEN);
	wire_put16(p + 6, state->port_vlan);
	wire_put32(p + 8, state->max_frame);
	wire_put32(p + 12, pack_flags(state));
	p[16] = state->port_qos;
	p[17] = state->link_state;
}

static void put_list16(struct vferry_stream_writer *w, __u32 tag, const __u16 *list,
		       __u32 count)
{
	__u8 *p = mandatory(w, tag, 2 * count);
	__u32 i;

	if (!p)
		return;

	for (i = 0; i < count; i++)
		wire_put16(p + 2 * i, list[i]);
}

static void put_unicast(struct vferry_stream_writer *w, const struct vferry_dev_state *state)
{
	__u32 size = ETH_ALEN * state->uc_count;
	__u8 *p = mandatory(w, VFERRY_STREAM_UNICAST, size);

	if (p)
		__builtin_memcpy(p, state->uc_addrs, size);
}

static void put_interrupts(struct vferry_stream_writer *w,
			   const struct vferry_dev_state *state)
{
	__u8 *p = mandatory(w, VFERRY_STREAM_INTERRUPTS, INTERRUPTS_SIZE);
	__u32 i;

	if (!p)
		return;

	wire_put32(p, state->vtivar);
	wire_put32(p + 4, state->vtivar_misc);
	p[8] = state->eims;
	p[9] = state->eiac;
	for (i = 0; i < VFERRY_DEV_VECTORS; i++)
		wire_put32(p + 12 + 4 * i, state->eitr[i]);
}

static void put_counters(struct vferry_stream_writer *w, const struct vferry_dev_state *state)
{
	__u8 *p = record(w, VFERRY_STREAM_COUNTERS, 0, COUNTERS_SIZE);
	__u32 i;

	if (!p)
		return;

	for (i = 0; i < VFERRY_DEV_COUNTERS; i++)
		wire_put64(p + 8 * i, state->counters[i]);
}

static void put_end(struct vferry_stream_writer *w)
{
	__u8 *p = mandatory(w, VFERRY_STREAM_END, END_SIZE);

	if (p)
		wire_put32(p + END_CRC, ~crc32c_add(CRC32C_START, w->buf,
						    p + END_CRC - w->buf));
}

int vferry_stream_put_rest(struct vferry_stream_writer *w,
			   const struct vferry_dev_state *state)
{
	if (!counts_fit(state))
		return -EINVAL;

	put_identity(w, state);
	put_list16(w, VFERRY_STREAM_VLANS, state->vlans, state->vlan_count);
	put_list16(w, VFERRY_STREAM_MULTICAST, state->mc_hashes, state->mc_count);
	put_unicast(w, state);
	put_interrupts(w, state);
	put_counters(w, state);
	put_home(w, state);
	put_end(w);
	return w->err;
}

/*
 * Reader
 */

void vferry_stream_read(struct vferry_stream_reader *r)
{
	__builtin_memset(r, 0, sizeof(*r));
	r->at = VFERRY_STREAM_AT_HEADER;
	r->crc = CRC32C_START;
}

static int refuse(struct vferry_stream_reader *r, int err, const char *reason)
{
	r->err = err;
	r->reason = reason;
	return err;
}

static int get_header(struct vferry_stream_reader *r)
{
	if (wire_get32(r->buf) != VFERRY_STREAM_MAGIC)
		return refuse(r, -EPROTO, "not a vferry device state");
	if (wire_get32(r->buf + 4) != VFERRY_STREAM_VERSION)
		return refuse(r, -EOPNOTSUPP,
			      "device state of a stream version not known here");
	if (wire_get32(r->buf + 12))
		return refuse(r, -EPROTO, "device state with a broken header");

	r->state.nic = wire_get32(r->buf + 8);
	return 0;
}

/* May a record with this tag have a payload of @size bytes? Only known tags. */
static bool size_fits(__u32 tag, __u64 size)
{
	switch (tag) {
	case VFERRY_STREAM_COMPAT:
		return size == COMPAT_SIZE;
	case VFERRY_STREAM_IDENTITY:
		return size == IDENTITY_SIZE;
	case VFERRY_STREAM_VLANS:
		return size % 2 == 0 && size <= 2 * VFERRY_DEV_VLANS;
	case VFERRY_STREAM_MULTICAST:
		return size % 2 == 0 && size <= 2 * VFERRY_DEV_MC_HASHES;
	case VFERRY_STREAM_UNICAST:
		return size % ETH_ALEN == 0 &&
		       size <= ETH_ALEN * VFERRY_DEV_UC_ADDRS;
	case VFERRY_STREAM_INTERRUPTS:
		return size == INTERRUPTS_SIZE;
	case VFERRY_STREAM_COUNTERS:
		return size == COUNTERS_SIZE;
	case VFERRY_STREAM_ROOM:
		return size >= ROOM_HEAD && size <= VFERRY_STREAM_PAYLOAD_MAX;
	case VFERRY_STREAM_HOME:
		return size == HOME_SIZE;
	case VFERRY_STREAM_END:
		return size == END_SIZE;
	}
	return false;
}

static bool tag_known(__u32 tag)
{
	switch (tag) {
	case VFERRY_STREAM_COMPAT:
	case VFERRY_STREAM_IDENTITY:
	case VFERRY_STREAM_VLANS:
	case VFERRY_STREAM_MULTICAST:
	case VFERRY_STREAM_UNICAST:
	case VFERRY_STREAM_INTERRUPTS:
	case VFERRY_STREAM_COUNTERS:
	case VFERRY_STREAM_ROOM:
	case VFERRY_STREAM_HOME:
	case VFERRY_STREAM_END:
		return true;
	}
	return false;
}

/* The head of a record is in the buffer. */
static int get_record(struct vferry_stream_reader *r)
{
	__u32 flags = wire_get32(r->buf + 4);
	__u64 size = wire_get64(r->buf + 8);

	r->tag = wire_get32(r->buf);
	if (flags & ~VFERRY_STREAM_F_MANDATORY)
		return refuse(r, -EPROTO, "record with flags not known here");
	if (size > VFERRY_STREAM_MAX)
		return refuse(r, -E2BIG, "record too long");
	if ((r->tag == VFERRY_STREAM_COMPAT) != !vferry_stream_has_compat(r))
		return refuse(r, -EPROTO, "compatibility data not first");

	if (r->tag == VFERRY_STREAM_ROOM && r->seen != seen_bit(VFERRY_STREAM_COMPAT))
		return refuse(r, -EPROTO, "what the VF needs does not come early");

	r->left = size;
	r->pad = padding(size);
	if (!tag_known(r->tag)) {
		if (flags & VFERRY_STREAM_F_MANDATORY)
			return refuse(r, -EOPNOTSUPP,
				      "mandatory record not known here");
		r->at = VFERRY_STREAM_AT_SKIP;
		return 0;
	}
	if (r->seen & seen_bit(r->tag))
		return refuse(r, -EPROTO, "record sent twice");
	if (!size_fits(r->tag, size))
		return refuse(r, -EPROTO, "record of a wrong size");
	r->at = VFERRY_STREAM_AT_PAYLOAD;
	return 0;
}

static int get_flags(struct vferry_stream_reader *r, const __u8 *p)
{
	__u32 flags = wire_get32(p);

	if (flags & ~KNOWN_ID_FLAGS)
		return refuse(r, -EPROTO, "VF flags not known here");
	unpack_flags(&r->state, flags);
	return 0;
}

static int get_compat(struct vferry_stream_reader *r)
{
	const __u8 *p = r->buf;

	r->state.proto = wire_get32(p);
	r->state.features = wire_get32(p + 4);
	__builtin_memcpy(r->state.mac, p + 8, ETH_ALEN);
	r->state.port_vlan = wire_get16(p + 14);
	r->state.max_frame = wire_get32(p + 16);
	r->state.mig_id = wire_get64(p + 24);
	return get_flags(r, p + 20);
}

static int get_identity(struct vferry_stream_reader *r)
{
	const __u8 *p = r->buf;

	if (wire_get16(p + 18) || wire_get32(p + 20))
		return refuse(r, -EPROTO, "reserved bytes in use");

	__builtin_memcpy(r->state.mac, p, ETH_ALEN);
	r->state.port_vlan = wire_get16(p + 6);
	r->state.max_frame = wire_get32(p + 8);
	r->state.port_qos = p[16];
	r->state.link_state = p[17];
	return get_flags(r, p + 12);
}

/* Lists are written whole: nothing is left of what ROOM has said. */
static void get_vlans(struct vferry_dev_state *state, const __u8 *p, __u32 count)
{
	__u32 i;

	__builtin_memset(state->vlans, 0, sizeof(state->vlans));
	for (i = 0; i < count; i++)
		state->vlans[i] = wire_get16(p + 2 * i);
	state->vlan_count = count;
}

static void get_unicast(struct vferry_dev_state *state, const __u8 *p, __u32 count)
{
	__builtin_memset(state->uc_addrs, 0, sizeof(state->uc_addrs));
	__builtin_memcpy(state->uc_addrs, p, ETH_ALEN * count);
	state->uc_count = count;
}

static void get_multicast(struct vferry_stream_reader *r)
{
	__u32 i;

	r->state.mc_count = r->fill / 2;
	for (i = 0; i < r->state.mc_count; i++)
		r->state.mc_hashes[i] = wire_get16(r->buf + 2 * i);
}

static int get_room(struct vferry_stream_reader *r)
{
	__u32 vlans = wire_get16(r->buf + 8), ucs = wire_get16(r->buf + 10);
	const __u8 *p = r->buf;

	if (vlans > VFERRY_DEV_VLANS || ucs > VFERRY_DEV_UC_ADDRS ||
	    r->fill != ROOM_HEAD + 2 * vlans + ETH_ALEN * ucs)
		return refuse(r, -EPROTO, "record of a wrong size");
	if (wire_get32(p + 12))
		return refuse(r, -EPROTO, "reserved bytes in use");

	__builtin_memcpy(r->state.reset_mac, p, ETH_ALEN);
	r->state.port_qos = p[6];
	r->state.link = p[7] & VFERRY_STREAM_ROOM_LINK;
	get_vlans(&r->state, p + ROOM_HEAD, vlans);
	get_unicast(&r->state, p + ROOM_HEAD + 2 * vlans, ucs);
	return 0;
}

static void get_home(struct vferry_stream_reader *r)
{
	__builtin_memcpy(r->state.reset_mac, r->buf, ETH_ALEN);
	r->state.mc_wanted = wire_get16(r->buf + 6) & VFERRY_STREAM_HOME_MC_WANTED;
}

static int get_interrupts(struct vferry_stream_reader *r)
{
	const __u8 *p = r->buf;
	__u32 i;

	if (wire_get16(p + 10))
		return refuse(r, -EPROTO, "reserved bytes in use");

	r->state.vtivar = wire_get32(p);
	r->state.vtivar_misc = wire_get32(p + 4);
	r->state.eims = p[8];
	r->state.eiac = p[9];
	for (i = 0; i < VFERRY_DEV_VECTORS; i++)
		r->state.eitr[i] = wire_get32(p + 12 + 4 * i);
	return 0;
}

static int get_end(struct vferry_stream_reader *r)
{
	if (wire_get32(r->buf))
		return refuse(r, -EPROTO, "reserved bytes in use");
	if (wire_get32(r->buf + END_CRC) != ~r->crc)
		return refuse(r, -EBADMSG, "checksum is wrong");
	return 0;
}

/* The payload of a known record is in the buffer, and has a size that fits. */
static int get_payload(struct vferry_stream_reader *r)
{
	struct vferry_dev_state *state = &r->state;
	__u32 i;

	switch (r->tag) {
	case VFERRY_STREAM_COMPAT:
		return get_compat(r);
	case VFERRY_STREAM_IDENTITY:
		return get_identity(r);
	case VFERRY_STREAM_VLANS:
		get_vlans(state, r->buf, r->fill / 2);
		return 0;
	case VFERRY_STREAM_MULTICAST:
		get_multicast(r);
		return 0;
	case VFERRY_STREAM_UNICAST:
		get_unicast(state, r->buf, r->fill / ETH_ALEN);
		return 0;
	case VFERRY_STREAM_INTERRUPTS:
		return get_interrupts(r);
	case VFERRY_STREAM_COUNTERS:
		for (i = 0; i < VFERRY_DEV_COUNTERS; i++)
			state->counters[i] = wire_get64(r->buf + 8 * i);
		return 0;
	case VFERRY_STREAM_ROOM:
		return get_room(r);
	case VFERRY_STREAM_HOME:
		get_home(r);
		return 0;
	case VFERRY_STREAM_END:
		return get_end(r);
	}
	return refuse(r, -EPROTO, "record not known here");
}

/* After a record's payload and padding. */
static void next_record(struct vferry_stream_reader *r)
{
	r->fill = 0;
	r->at = r->tag == VFERRY_STREAM_END ? VFERRY_STREAM_AT_END :
					      VFERRY_STREAM_AT_RECORD;
}

static void after_payload(struct vferry_stream_reader *r)
{
	if (r->pad)
		r->at = VFERRY_STREAM_AT_PADDING;
	else
		next_record(r);
}

/* Take the byte into the checksum, unless it belongs to the checksum itself. */
static void check_byte(struct vferry_stream_reader *r, __u8 byte)
{
	if (r->at == VFERRY_STREAM_AT_PAYLOAD && r->tag == VFERRY_STREAM_END &&
	    r->fill >= END_CRC)
		return;
	r->crc = crc32c_add(r->crc, &byte, 1);
}

static int push_byte(struct vferry_stream_reader *r, __u8 byte)
{
	int err;

	if (r->total >= VFERRY_STREAM_MAX)
		return refuse(r, -E2BIG, "device state too long");
	r->total++;
	check_byte(r, byte);

	switch (r->at) {
	case VFERRY_STREAM_AT_HEADER:
		r->buf[r->fill++] = byte;
		if (r->fill < VFERRY_STREAM_HEADER_SIZE)
			return 0;
		r->fill = 0;
		r->at = VFERRY_STREAM_AT_RECORD;
		return get_header(r);

	case VFERRY_STREAM_AT_RECORD:
		r->buf[r->fill++] = byte;
		if (r->fill < VFERRY_STREAM_RECORD_SIZE)
			return 0;
		r->fill = 0;
		err = get_record(r);
		if (err)
			return err;
		break;

	case VFERRY_STREAM_AT_PAYLOAD:
		r->buf[r->fill++] = byte;
		r->left--;
		break;

	case VFERRY_STREAM_AT_SKIP:
		r->left--;
		break;

	case VFERRY_STREAM_AT_PADDING:
		if (byte)
			return refuse(r, -EPROTO, "padding is not zero");
		if (!--r->pad)
			next_record(r);
		return 0;

	case VFERRY_STREAM_AT_END:
		return refuse(r, -EPROTO, "data after the end");
	}

	if (r->left)
		return 0;
	if (r->at == VFERRY_STREAM_AT_PAYLOAD) {
		err = get_payload(r);
		if (err)
			return err;
		r->seen |= seen_bit(r->tag);
	}
	after_payload(r);
	return 0;
}

int vferry_stream_push(struct vferry_stream_reader *r, const void *data, __u64 len)
{
	const __u8 *p = data;
	__u64 i;

	for (i = 0; i < len && !r->err; i++)
		push_byte(r, p[i]);
	return r->err;
}

bool vferry_stream_has_compat(const struct vferry_stream_reader *r)
{
	return r->seen & seen_bit(VFERRY_STREAM_COMPAT);
}

bool vferry_stream_has_room(const struct vferry_stream_reader *r)
{
	return r->seen & seen_bit(VFERRY_STREAM_ROOM);
}

bool vferry_stream_has_end(const struct vferry_stream_reader *r)
{
	return r->at == VFERRY_STREAM_AT_END;
}

int vferry_stream_done(struct vferry_stream_reader *r)
{
	if (r->err)
		return r->err;
	if (r->at != VFERRY_STREAM_AT_END)
		return refuse(r, -ENODATA, "device state is cut short");
	if ((r->seen & required()) != required())
		return refuse(r, -EPROTO, "mandatory record is missing");
	return 0;
}
