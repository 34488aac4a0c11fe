/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mailbox protocol between a VF driver and its PF driver.
 *
 * The first part is what Intel's igb and igbvf speak on an 82576 and must not
 * change. The second part is vferry's extension; a PF that does not know it
 * answers HELLO with a NACK, and the VF driver then is an ordinary VF driver.
 *
 * Pure C: needs neither the kernel nor libc. Words are in host byte order; the
 * mailbox is a set of 32-bit registers, so it has no byte order of its own.
 *
 * One 16-word memory serves both directions. The rules that keep the two
 * sides from overwriting each other:
 *
 *  - The VF takes VFU, then looks at PFSTS: a message of the PF that is
 *    not read yet is read (and acknowledged, with REQ at the latest) first.
 *    Only then does it write its own request and REQ.
 *  - The PF takes PFU, then looks at MBVFICR: a request of the VF that is
 *    not read yet is served first. Only then does it write a command and STS.
 *  - The PF does not post a second command before the VF has acknowledged
 *    (MBVFICR.VFACK) the first, or its deadline has passed; nor anything before
 *    the VF has so acknowledged the reply to a request.
 *  - A VF that sent a request other than STATUS waits for the PF's reply and
 *    takes any command that comes before it out of the way (see
 *    vferry_mbx_is_cmd()).
 *  - STATUS has no reply; the PF only sets PFACK. It is safe to send twice.
 */
#ifndef VFERRY_MBX_H
#define VFERRY_MBX_H

#include <linux/types.h>

#include "uapi/vferry_state.h"
#include "vferry_state_name.h"

/* Words of mailbox memory (82576: VMBMEM is 64 bytes for each VF). */
#define VFERRY_MBX_WORDS	16

/* Word 0: id in bits 15:0, info in bits 23:16, flags above. */
#define VFERRY_MBX_ID_MASK	0x0000ffffu
#define VFERRY_MBX_INFO_SHIFT	16
#define VFERRY_MBX_INFO_MASK	0x00ff0000u
#define VFERRY_MBX_CTS		0x20000000u	/* VF is clear to send */
#define VFERRY_MBX_NACK		0x40000000u
#define VFERRY_MBX_ACK		0x80000000u

/* What every 82576 VF driver may ask (ids of igb and igbvf). */
enum vferry_mbx_id {
	VFERRY_MBX_RESET		= 0x0001, /* exactly this word 0; reply: MAC in words 1, 2 */
	VFERRY_MBX_SET_MAC		= 0x0002, /* info: enum vferry_mbx_mac; MAC in words 1, 2 */
	VFERRY_MBX_SET_MULTICAST	= 0x0003, /* info: count; 16-bit hashes from word 1 */
	VFERRY_MBX_SET_VLAN		= 0x0004, /* info: 1 add, 0 remove; word 1: VLAN id */
	VFERRY_MBX_SET_MAX_FRAME	= 0x0005, /* word 1: largest frame, bytes, with CRC */
	VFERRY_MBX_SET_PROMISC		= 0x0006, /* info: enum vferry_mbx_promisc */

	VFERRY_MBX_HELLO		= 0x0040, /* vferry, VF to PF, with reply */
	VFERRY_MBX_STATUS		= 0x0041, /* vferry, VF to PF, no reply */

	VFERRY_MBX_CONTROL		= 0x0100, /* PF to VF: link, CTS or what is allowed may be other */
	VFERRY_MBX_CMD			= 0x0140, /* vferry, PF to VF: info: enum vferry_mbx_cmd */
};

/* SET_MAC: what to do with the address. */
enum vferry_mbx_mac {
	VFERRY_MBX_MAC_SET		= 0,	/* the VF's own address */
	VFERRY_MBX_MAC_UC_CLEAR		= 1,	/* forget all further unicast addresses */
	VFERRY_MBX_MAC_UC_ADD		= 2,	/* one further unicast address */
};

/* SET_PROMISC: info. Unicast promiscuity does not exist on the 82576. */
enum vferry_mbx_promisc {
	VFERRY_MBX_PROMISC_OFF		= 0,
	VFERRY_MBX_PROMISC_MULTICAST	= 2,
};

/*
 * Why a request was refused: in the info of a NACK to a VF that has said HELLO. Other PFs echo
 * the request's info, which never has this bit, and igbvf expects them to.
 */
#define VFERRY_MBX_WHY		0x80u

enum vferry_mbx_why {
	VFERRY_WHY_UNKNOWN	= 0,
	VFERRY_WHY_NOT_ALLOWED	= 1,	/* the host's policy; a trusted VF may do more */
	VFERRY_WHY_FULL		= 2,	/* no room in a table of the NIC */
	VFERRY_WHY_IN_USE	= 3,	/* another function has this address */
};

/* Words of a COMMAND and of a STATUS that count. */
#define VFERRY_MBX_CMD_WORDS	5
#define VFERRY_MBX_STATUS_WORDS	7

/* Most multicast hashes that one SET_MULTICAST carries (15 words of two). */
#define VFERRY_MBX_MC_MAX	30

/* Protocol versions that this source speaks. */
#define VFERRY_PROTO_MIN	1
#define VFERRY_PROTO_MAX	1

/* Features, offered in HELLO by the VF, confirmed in the reply by the PF. */
#define VFERRY_FEAT_MIGRATE	0x00000001u	/* MIGRATE, CANCEL, SUSPEND, RESUME */
/* Without the above: the guest goes to sleep. It says HELLO again when it has woken up. */
#define VFERRY_FEAT_ASLEEP	0x00000002u

/**
 * enum vferry_mbx_cmd - what the PF tells the VF driver to do
 * @VFERRY_CMD_PING: answer; no state changes
 * @VFERRY_CMD_MIGRATE: switch dirty logging on
 * @VFERRY_CMD_CANCEL: forget the migration: resume if suspended, logging off
 * @VFERRY_CMD_SUSPEND: put the interface to rest, save its state in memory
 * @VFERRY_CMD_RESUME: program the VF again from memory and go on. Logging
 *	goes off, unless %VFERRY_CMD_F_KEEP_LOGGING is set
 *
 * The VF answers each with STATUS, with the command's sequence number.
 */
enum vferry_mbx_cmd {
	VFERRY_CMD_PING		= 1,
	VFERRY_CMD_MIGRATE	= 2,
	VFERRY_CMD_CANCEL	= 3,
	VFERRY_CMD_SUSPEND	= 4,
	VFERRY_CMD_RESUME	= 5,
};

#define VFERRY_CMD_FIRST	VFERRY_CMD_PING
#define VFERRY_CMD_LAST		VFERRY_CMD_RESUME

/* Flags of a command. */
#define VFERRY_CMD_F_KEEP_LOGGING	0x00000001u /* RESUME: the migration goes on */
#define VFERRY_CMD_F_ARRIVED		0x00000002u /* RESUME: on another host */

/*
 * Flags of a status. SETTLED: SUSPEND is answered as soon as the VF is off; what it has
 * received before may still be on its way out of the rings then. When it is out, the
 * answer is sent once more with this flag: a VM that is stopped from now on resumes
 * at once.
 */
#define VFERRY_STATUS_F_SETTLED		0x00000001u

/* Outcome of a command, STATUS word 2. Not errno values: those differ by ABI. */
enum vferry_mbx_result {
	VFERRY_RES_OK		= 0,
	VFERRY_RES_UNKNOWN	= 1,	/* command not known to this driver */
	VFERRY_RES_STATE	= 2,	/* not possible in the VF's state */
	VFERRY_RES_TIMEOUT	= 3,	/* the VF did not come to rest in time */
	VFERRY_RES_FAILED	= 4,	/* the driver could not do it */
};

#define VFERRY_RES_LAST		VFERRY_RES_FAILED

/**
 * struct vferry_mbx_hello - VF to PF: versions and features on offer
 * @min: lowest protocol version spoken
 * @max: highest protocol version spoken
 * @features: VFERRY_FEAT_*
 */
struct vferry_mbx_hello {
	__u16 min;
	__u16 max;
	__u32 features;
};

/**
 * struct vferry_mbx_welcome - the PF's reply to HELLO
 * @version: the version that both use from now on
 * @features: what both can do
 */
struct vferry_mbx_welcome {
	__u32 version;
	__u32 features;
};

/**
 * struct vferry_mbx_command - PF to VF
 * @cmd: enum vferry_mbx_cmd
 * @seq: sequence number, never 0; a repeat of the last number is answered
 *	with the last result and does nothing. A PF draws its first number at
 *	random, so that the destination's cannot be taken for a repeat
 * @mig_id: identifies the migration on both hosts and in the guest, 0: none
 * @flags: VFERRY_CMD_F_*
 */
struct vferry_mbx_command {
	__u32 cmd;
	__u32 seq;
	__u64 mig_id;
	__u32 flags;
};

/**
 * struct vferry_mbx_status - VF to PF: what became of a command
 * @cmd: the command that this answers
 * @seq: its sequence number
 * @result: enum vferry_mbx_result
 * @duration_us: from the command noticed to the work done, microseconds
 * @state: enum vferry_mig_state of the VF driver afterwards
 * @pages: pages touched by dirty logging so far in this migration, saturating
 * @flags: VFERRY_STATUS_F_*; unknown ones are ignored
 */
struct vferry_mbx_status {
	__u32 cmd;
	__u32 seq;
	__u32 result;
	__u32 duration_us;
	__u32 state;
	__u32 pages;
	__u32 flags;
};

static inline __u32 vferry_mbx_id(__u32 word0)
{
	return word0 & VFERRY_MBX_ID_MASK;
}

static inline __u32 vferry_mbx_info(__u32 word0)
{
	return (word0 & VFERRY_MBX_INFO_MASK) >> VFERRY_MBX_INFO_SHIFT;
}

/**
 * vferry_mbx_put_why() - a NACK that tells why
 * @word0: first word of the request
 * @why: enum vferry_mbx_why
 *
 * Return: first word of the reply, without other flags than those of @word0.
 */
static inline __u32 vferry_mbx_put_why(__u32 word0, enum vferry_mbx_why why)
{
	return (word0 & ~VFERRY_MBX_INFO_MASK) |
	       (VFERRY_MBX_WHY | (__u32)why) << VFERRY_MBX_INFO_SHIFT | VFERRY_MBX_NACK;
}

/**
 * vferry_mbx_get_why() - why was it refused?
 * @word0: first word of a NACK
 *
 * Return: enum vferry_mbx_why; %VFERRY_WHY_UNKNOWN: it does not say, or in an unknown way.
 */
static inline enum vferry_mbx_why vferry_mbx_get_why(__u32 word0)
{
	__u32 info = vferry_mbx_info(word0);

	if (!(info & VFERRY_MBX_WHY) || (info & ~VFERRY_MBX_WHY) > VFERRY_WHY_IN_USE)
		return VFERRY_WHY_UNKNOWN;
	return (enum vferry_mbx_why)(info & ~VFERRY_MBX_WHY);
}

/**
 * vferry_mbx_is_cmd() - is this message of the PF a command and not a reply?
 * @word0: first word of the message
 *
 * Replies echo the id of the request and carry ACK or NACK.
 */
static inline int vferry_mbx_is_cmd(__u32 word0)
{
	return !(word0 & (VFERRY_MBX_ACK | VFERRY_MBX_NACK)) &&
	       vferry_mbx_id(word0) == VFERRY_MBX_CMD;
}

/*
 * Codec. @msg is always a whole mailbox of VFERRY_MBX_WORDS words. Writers
 * clear what they do not use and return the number of words that count.
 * Readers return 0, or -EPROTO if the message is not of the kind asked for,
 * or carries a value out of range; then the output is not written.
 */
int vferry_mbx_put_hello(__u32 *msg, const struct vferry_mbx_hello *hello);
int vferry_mbx_get_hello(const __u32 *msg, struct vferry_mbx_hello *ret_hello);
int vferry_mbx_put_welcome(__u32 *msg, const struct vferry_mbx_welcome *welcome);
int vferry_mbx_get_welcome(const __u32 *msg, struct vferry_mbx_welcome *ret_welcome);
int vferry_mbx_put_command(__u32 *msg, const struct vferry_mbx_command *command);
int vferry_mbx_get_command(const __u32 *msg, struct vferry_mbx_command *ret_command);
int vferry_mbx_put_status(__u32 *msg, const struct vferry_mbx_status *status);
int vferry_mbx_get_status(const __u32 *msg, struct vferry_mbx_status *ret_status);

/**
 * vferry_mbx_choose() - agree on a protocol version
 * @hello: what the VF offers
 *
 * Return: the highest version that both speak, or -EPROTO.
 */
int vferry_mbx_choose(const struct vferry_mbx_hello *hello);

/**
 * vferry_mbx_put_mac() - an Ethernet address into two words
 * @words: words 1 and 2 of a message
 * @mac: six bytes
 *
 * The 82576's order: the first byte on the wire is the lowest of word 1.
 */
void vferry_mbx_put_mac(__u32 *words, const __u8 *mac);
void vferry_mbx_get_mac(const __u32 *words, __u8 *ret_mac);

/* Names for logs; never NULL, "?" for what is not known. */
const char *vferry_mbx_cmd_name(__u32 cmd);
const char *vferry_mbx_result_name(__u32 result);

#endif
