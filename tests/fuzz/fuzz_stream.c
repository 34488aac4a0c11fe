// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer: device-state streams. The first byte of the input says how to cut
 * the rest into pieces.
 *
 *  - However a stream is cut, the verdict, the reason and the state are the same.
 *  - What is taken is written again, and that reads as the same state.
 *  - Counts never exceed their arrays, whatever the verdict.
 *
 * Chance does not find a checksum, so each input is tried as it is and with
 * its last four bytes replaced by the checksum of what is before them.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "stream.h"
#include "wire.h"
#include "fuzz.h"

static void check_bounds(const struct vferry_stream_reader *r)
{
	MUST(r->state.vlan_count <= VFERRY_DEV_VLANS);
	MUST(r->state.mc_count <= VFERRY_DEV_MC_HASHES);
	MUST(r->state.uc_count <= VFERRY_DEV_UC_ADDRS);
	MUST(r->fill <= sizeof(r->buf));
	MUST(r->total <= VFERRY_STREAM_MAX);
	MUST(!r->err == !r->reason);
}

/* Push @data in pieces, each in memory of its own; sizes come from @seed. */
static int push_pieces(struct vferry_stream_reader *r, const uint8_t *data, size_t size,
		       unsigned int seed)
{
	size_t piece, pos = 0;
	uint8_t *exact;

	vferry_stream_read(r);
	while (pos < size) {
		seed = seed * 1103515245u + 12345u;
		piece = 1 + (seed >> 16) % 61;
		if (piece > size - pos)
			piece = size - pos;
		exact = malloc(piece);
		MUST(exact);
		memcpy(exact, data + pos, piece);
		vferry_stream_push(r, exact, piece);
		free(exact);
		check_bounds(r);
		pos += piece;
	}
	return vferry_stream_done(r);
}

static void check_round_trip(const struct vferry_dev_state *state)
{
	uint8_t buf[VFERRY_STREAM_WRITE_MAX];
	struct vferry_stream_reader again;
	struct vferry_stream_writer w;

	vferry_stream_write(&w, buf, sizeof(buf));
	MUST(!vferry_stream_put_compat(&w, state));
	MUST(!vferry_stream_put_room(&w, state));
	MUST(!vferry_stream_put_rest(&w, state));
	MUST(w.len <= sizeof(buf));

	vferry_stream_read(&again);
	MUST(!vferry_stream_push(&again, buf, w.len));
	MUST(!vferry_stream_done(&again));
	MUST(!memcmp(&again.state, state, sizeof(*state)));
}

static void check_stream(const uint8_t *data, size_t size, unsigned int seed)
{
	struct vferry_stream_reader whole, pieces;
	int err;

	vferry_stream_read(&whole);
	vferry_stream_push(&whole, data, size);
	err = vferry_stream_done(&whole);
	check_bounds(&whole);

	MUST(push_pieces(&pieces, data, size, seed) == err);
	MUST(pieces.reason == whole.reason);
	MUST(!memcmp(&pieces.state, &whole.state, sizeof(whole.state)));

	if (!err)
		check_round_trip(&whole.state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *fixed;

	if (!size)
		return 0;
	check_stream(data + 1, size - 1, data[0]);
	if (size < 1 + 4)
		return 0;

	fixed = malloc(size - 1);
	MUST(fixed);
	memcpy(fixed, data + 1, size - 1);
	wire_put32(fixed + size - 5, ~crc32c_add(CRC32C_START, fixed, size - 5));
	check_stream(fixed, size - 1, data[0]);
	free(fixed);
	return 0;
}
