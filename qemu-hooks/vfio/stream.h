/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writer and reader of the device-state stream (format: vferry_stream.h).
 *
 * Pure C: module, unit test and fuzzer compile the same source.
 */
#ifndef VFERRY_VFIO_STREAM_H
#define VFERRY_VFIO_STREAM_H

#include "vferry_dev_state.h"
#include "vferry_stream.h"

/* Length of what vferry_stream_put_compat() writes, bytes. */
#define VFERRY_STREAM_COMPAT_LEN	64

/* No stream that this source writes is longer, bytes (unit-tested). */
#define VFERRY_STREAM_WRITE_MAX		712

/**
 * struct vferry_stream_writer - a stream in the making
 * @buf: where it is written; the caller's
 * @size: of @buf, bytes
 * @len: bytes written so far
 * @err: 0, or -ENOSPC: @buf is too small
 *
 * Both parts go to one buffer, one after the other.
 */
struct vferry_stream_writer {
	__u8 *buf;
	__u32 size;
	__u32 len;
	int err;
};

/**
 * vferry_stream_write() - begin a stream
 * @w: writer; wholly written
 * @buf: receives the stream; VFERRY_STREAM_WRITE_MAX bytes are enough
 * @size: of @buf, bytes
 */
void vferry_stream_write(struct vferry_stream_writer *w, __u8 *buf, __u32 size);

/**
 * vferry_stream_put_compat() - write header and COMPAT (PRE_COPY)
 * @w: writer
 * @state: of the VF now; what changes later is sent with the rest
 *
 * Return: 0 or -ENOSPC.
 */
int vferry_stream_put_compat(struct vferry_stream_writer *w,
			     const struct vferry_dev_state *state);

/**
 * vferry_stream_put_room() - write ROOM (PRE_COPY), directly after COMPAT
 * @w: writer
 * @state: of the VF now. Counts beyond the arrays are an error
 *
 * Return: 0, -ENOSPC or -EINVAL (then nothing is written).
 */
int vferry_stream_put_room(struct vferry_stream_writer *w,
			   const struct vferry_dev_state *state);

/**
 * vferry_stream_put_rest() - write all other records and END (STOP_COPY)
 * @w: writer
 * @state: of the VF at rest. Counts beyond the arrays are an error
 *
 * Return: 0, -ENOSPC or -EINVAL (then nothing is written).
 */
int vferry_stream_put_rest(struct vferry_stream_writer *w,
			   const struct vferry_dev_state *state);

/* Where a reader stands. */
enum vferry_stream_at {
	VFERRY_STREAM_AT_HEADER,	/* in the header */
	VFERRY_STREAM_AT_RECORD,	/* in the head of a record */
	VFERRY_STREAM_AT_PAYLOAD,	/* in the payload of a known record */
	VFERRY_STREAM_AT_SKIP,		/* in the payload of an unknown one */
	VFERRY_STREAM_AT_PADDING,	/* between payload and next record */
	VFERRY_STREAM_AT_END,		/* END has been read */
};

/* Longest payload that a reader has to understand (ROOM, all entries). */
#define VFERRY_STREAM_PAYLOAD_MAX	(16 + 2 * VFERRY_DEV_VLANS + ETH_ALEN * VFERRY_DEV_UC_ADDRS)

/**
 * struct vferry_stream_reader - a stream being taken in
 * @state: what has been read; meaningful as far as @seen says
 * @at: where the reader stands
 * @err: 0, or -errno: the stream is refused, for good
 * @reason: why, in words; constant string; NULL while @err is 0
 * @seen: bit of each known tag that has been read completely
 * @tag: of the record at hand
 * @left: bytes of the payload or padding at hand that are still to come
 * @pad: bytes of padding after the payload at hand
 * @total: bytes taken so far
 * @crc: CRC-32C, not yet inverted, of the bytes that it covers
 * @fill: bytes in @buf
 * @buf: header, head of a record or payload, until it is complete
 */
struct vferry_stream_reader {
	struct vferry_dev_state state;
	enum vferry_stream_at at;
	int err;
	const char *reason;
	__u32 seen;
	__u32 tag;
	__u64 left;
	__u32 pad;
	__u32 total;
	__u32 crc;
	__u32 fill;
	__u8 buf[VFERRY_STREAM_PAYLOAD_MAX];
};

/**
 * vferry_stream_read() - begin to take in a stream
 * @r: reader; wholly written
 */
void vferry_stream_read(struct vferry_stream_reader *r);

/**
 * vferry_stream_push() - take in the next bytes
 * @r: reader
 * @data: may be any piece of the stream
 * @len: of @data, bytes; 0 is fine
 *
 * All sizes are checked before use; the values in @r->state are not judged.
 * Once refused, a stream stays refused.
 *
 * Return: 0, or @r->err: -EPROTO: not such a stream, or broken; -EOPNOTSUPP:
 * of a version, or with a mandatory record, that this source does not know;
 * -EBADMSG: checksum; -E2BIG: too long.
 */
int vferry_stream_push(struct vferry_stream_reader *r, const void *data, __u64 len);

/* Has COMPAT been read? Then @r->state can be checked for compatibility. */
bool vferry_stream_has_compat(const struct vferry_stream_reader *r);

/* Has ROOM been read? Then VLANs and addresses in @r->state can be checked too. */
bool vferry_stream_has_room(const struct vferry_stream_reader *r);

/* Has END been read? Then vferry_stream_done() judges the stream. */
bool vferry_stream_has_end(const struct vferry_stream_reader *r);

/**
 * vferry_stream_done() - no more will come: is the stream complete?
 * @r: reader
 *
 * Return: 0: END has been read, nothing mandatory is missing and the checksum
 * is right; otherwise @r->err, which is -ENODATA for a stream cut short.
 */
int vferry_stream_done(struct vferry_stream_reader *r);

#endif
