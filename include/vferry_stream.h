/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device-state stream: what travels from host to host, inside QEMU's
 * migration stream, for one VF.
 *
 * All integers are little endian. A stream is a header, then records:
 *
 *	header	le32 magic, le32 version, le32 NIC type, le32 zero
 *	record	le32 tag, le32 flags, le64 size of payload, payload,
 *		zero bytes up to the next multiple of 8
 *
 * COMPAT is the first record. It is sent in PRE_COPY, so that a destination
 * which cannot take the guest says so before the guest has lost anything; ROOM,
 * if there is one, comes directly after it, so that the destination can keep
 * what the guest will need. The others follow in STOP_COPY, each once, in any
 * order. END is the last; its payload holds a CRC-32C of every byte of the
 * stream before that CRC. Nothing follows END.
 *
 * How the format may change:
 *
 *  - The layout of a record never changes, and a tag is never used again for
 *    something else. More to say is a new record with a new tag.
 *  - A new record without which the guest would be worse off at the
 *    destination than at the source is mandatory: readers that do not know it
 *    refuse. Otherwise it is optional: readers that do not know it skip it.
 *  - What a reader needs to refuse early, and COMPAT lacks, is a new record that
 *    is sent in PRE_COPY too: mandatory, unless an old reader that skips it finds
 *    out later, as before.
 *  - VFERRY_STREAM_VERSION grows only when the framing changes, that
 *    is, when an old reader could not even skip over what it does not know. A
 *    reader takes its own version and refuses any other.
 *  - A reader gives a default to what older writers do not send, for as long
 *    as migration from them is to work.
 *
 * Pure C: needs neither the kernel nor libc.
 */
#ifndef VFERRY_STREAM_H
#define VFERRY_STREAM_H

/* "VFRY" as it appears on the wire. */
#define VFERRY_STREAM_MAGIC		0x59524656u
#define VFERRY_STREAM_VERSION		1

#define VFERRY_STREAM_HEADER_SIZE	16
#define VFERRY_STREAM_RECORD_SIZE	16	/* head of a record */
#define VFERRY_STREAM_ALIGN		8

/* A reader refuses a stream that is longer than this, bytes. */
#define VFERRY_STREAM_MAX		65536

/* Flags of a record. Others are refused. */
#define VFERRY_STREAM_F_MANDATORY	0x00000001u

/**
 * enum vferry_stream_tag - records
 * @VFERRY_STREAM_COMPAT: le32 mailbox protocol, le32 features, 6 bytes MAC,
 *	le16 port VLAN, le32 largest frame, le32 flags (VFERRY_STREAM_ID_*),
 *	le64 id of the migration
 * @VFERRY_STREAM_IDENTITY: 6 bytes MAC, le16 port VLAN, le32 largest frame,
 *	le32 flags (VFERRY_STREAM_ID_*), u8 port QoS, u8 link state, 6 bytes zero
 * @VFERRY_STREAM_VLANS: le16 for each VLAN
 * @VFERRY_STREAM_MULTICAST: le16 for each hash
 * @VFERRY_STREAM_UNICAST: 6 bytes for each further address
 * @VFERRY_STREAM_INTERRUPTS: le32 VTIVAR, le32 VTIVAR_MISC, u8 vectors
 *	enabled, u8 vectors that clear themselves, le16 zero, le32 EITR of each
 *	vector
 * @VFERRY_STREAM_COUNTERS: le64 each of VFGPRC, VFGPTC, VFGORC, VFGOTC, VFMPRC;
 *	optional: zero if absent
 * @VFERRY_STREAM_ROOM: what the VF has of tables that the NIC's functions share, as
 *	it is in PRE_COPY: 6 bytes MAC after a reset (see HOME), u8 port QoS, u8
 *	flags (VFERRY_STREAM_ROOM_*), le16 number of VLANs, le16 number of further addresses, le32 zero; le16
 *	for each VLAN, 6 bytes for each further address. Optional: a destination
 *	then knows what is needed when the guest has stopped
 * @VFERRY_STREAM_HOME: 6 bytes MAC that the VF has after a reset, whatever its guest has
 *	chosen since; le16 flags (VFERRY_STREAM_HOME_*). Optional: the same as the
 *	VF's MAC if absent
 * @VFERRY_STREAM_END: le32 zero, le32 CRC-32C (polynomial 0x1EDC6F41
 *	reflected, initial value and final inversion all ones: RFC 3720, B.4)
 */
enum vferry_stream_tag {
	VFERRY_STREAM_COMPAT		= 1,
	VFERRY_STREAM_IDENTITY		= 2,
	VFERRY_STREAM_VLANS		= 3,
	VFERRY_STREAM_MULTICAST		= 4,
	VFERRY_STREAM_UNICAST		= 5,
	VFERRY_STREAM_INTERRUPTS	= 6,
	VFERRY_STREAM_COUNTERS		= 7,
	VFERRY_STREAM_ROOM		= 8,
	VFERRY_STREAM_HOME		= 9,
	VFERRY_STREAM_END		= 0x7fffffff,
};

/* Flags in COMPAT and IDENTITY. Others are refused. */
#define VFERRY_STREAM_ID_CTS		0x00000001u	/* clear to send */
#define VFERRY_STREAM_ID_MAC_BY_HOST	0x00000002u
#define VFERRY_STREAM_ID_TRUSTED	0x00000004u
#define VFERRY_STREAM_ID_SPOOFCHK	0x00000008u
#define VFERRY_STREAM_ID_MC_PROMISC	0x00000010u

/* Flags in ROOM. Others are ignored. */
#define VFERRY_STREAM_ROOM_LINK		0x01u	/* the NIC's port has a link */

/* Flags in HOME. Others are ignored. */
#define VFERRY_STREAM_HOME_MC_WANTED	0x0001u	/* VF asks for all multicast, if it may */

#endif
