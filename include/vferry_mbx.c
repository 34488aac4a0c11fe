// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Codec of the mailbox protocol's extension. Pure; see vferry_mbx.h.
 *
 * Built into both drivers (each includes this file), the unit tests and the
 * fuzzer.
 */
#include <linux/errno.h>

#include "vferry_mbx.h"

static void clear(__u32 *msg)
{
	unsigned int i;

	for (i = 0; i < VFERRY_MBX_WORDS; i++)
		msg[i] = 0;
}

static __u32 head(__u32 id, __u32 info)
{
	return id | info << VFERRY_MBX_INFO_SHIFT;
}

/* Is this @id, sent and not replied to? Info and CTS may be anything. */
static int is_request(__u32 word0, __u32 id)
{
	return vferry_mbx_id(word0) == id &&
	       !(word0 & (VFERRY_MBX_ACK | VFERRY_MBX_NACK));
}

static int cmd_known(__u32 cmd)
{
	return cmd >= VFERRY_CMD_FIRST && cmd <= VFERRY_CMD_LAST;
}

int vferry_mbx_put_hello(__u32 *msg, const struct vferry_mbx_hello *hello)
{
	clear(msg);
	msg[0] = head(VFERRY_MBX_HELLO, 0);
	msg[1] = hello->min | (__u32)hello->max << 16;
	msg[2] = hello->features;
	return 3;
}

int vferry_mbx_get_hello(const __u32 *msg, struct vferry_mbx_hello *ret_hello)
{
	__u16 min = msg[1] & 0xffff;
	__u16 max = msg[1] >> 16;

	if (!is_request(msg[0], VFERRY_MBX_HELLO) || !min || min > max)
		return -EPROTO;

	ret_hello->min = min;
	ret_hello->max = max;
	ret_hello->features = msg[2];
	return 0;
}

int vferry_mbx_put_welcome(__u32 *msg, const struct vferry_mbx_welcome *welcome)
{
	clear(msg);
	msg[0] = head(VFERRY_MBX_HELLO, 0) | VFERRY_MBX_ACK | VFERRY_MBX_CTS;
	msg[1] = welcome->version;
	msg[2] = welcome->features;
	return 3;
}

int vferry_mbx_get_welcome(const __u32 *msg, struct vferry_mbx_welcome *ret_welcome)
{
	if (vferry_mbx_id(msg[0]) != VFERRY_MBX_HELLO ||
	    !(msg[0] & VFERRY_MBX_ACK) || (msg[0] & VFERRY_MBX_NACK))
		return -EPROTO;
	if (msg[1] < VFERRY_PROTO_MIN || msg[1] > VFERRY_PROTO_MAX)
		return -EPROTO;

	ret_welcome->version = msg[1];
	ret_welcome->features = msg[2];
	return 0;
}

int vferry_mbx_put_command(__u32 *msg, const struct vferry_mbx_command *command)
{
	clear(msg);
	msg[0] = head(VFERRY_MBX_CMD, command->cmd) | VFERRY_MBX_CTS;
	msg[1] = command->seq;
	msg[2] = command->mig_id & 0xffffffffu;
	msg[3] = command->mig_id >> 32;
	msg[4] = command->flags;
	return VFERRY_MBX_CMD_WORDS;
}

/*
 * A command that is not known is not an error here: the receiver answers it
 * with VFERRY_RES_UNKNOWN, so that a newer PF learns about it.
 */
int vferry_mbx_get_command(const __u32 *msg, struct vferry_mbx_command *ret_command)
{
	if (!is_request(msg[0], VFERRY_MBX_CMD) || !msg[1])
		return -EPROTO;

	ret_command->cmd = vferry_mbx_info(msg[0]);
	ret_command->seq = msg[1];
	ret_command->mig_id = msg[2] | (__u64)msg[3] << 32;
	ret_command->flags = msg[4];
	return 0;
}

int vferry_mbx_put_status(__u32 *msg, const struct vferry_mbx_status *status)
{
	clear(msg);
	msg[0] = head(VFERRY_MBX_STATUS, status->cmd);
	msg[1] = status->seq;
	msg[2] = status->result;
	msg[3] = status->duration_us;
	msg[4] = status->state;
	msg[5] = status->pages;
	msg[6] = status->flags;
	return VFERRY_MBX_STATUS_WORDS;
}

int vferry_mbx_get_status(const __u32 *msg, struct vferry_mbx_status *ret_status)
{
	if (!is_request(msg[0], VFERRY_MBX_STATUS) || !msg[1] ||
	    !cmd_known(vferry_mbx_info(msg[0])) || msg[2] > VFERRY_RES_LAST ||
	    msg[4] >= VFERRY_MIG_STATES)
		return -EPROTO;

	ret_status->cmd = vferry_mbx_info(msg[0]);
	ret_status->seq = msg[1];
	ret_status->result = msg[2];
	ret_status->duration_us = msg[3];
	ret_status->state = msg[4];
	ret_status->pages = msg[5];
	ret_status->flags = msg[6];
	return 0;
}

int vferry_mbx_choose(const struct vferry_mbx_hello *hello)
{
	__u32 max = hello->max < VFERRY_PROTO_MAX ? hello->max : VFERRY_PROTO_MAX;
	__u32 min = hello->min > VFERRY_PROTO_MIN ? hello->min : VFERRY_PROTO_MIN;

	return max < min ? -EPROTO : (int)max;
}

void vferry_mbx_put_mac(__u32 *words, const __u8 *mac)
{
	words[0] = mac[0] | mac[1] << 8 | mac[2] << 16 | (__u32)mac[3] << 24;
	words[1] = mac[4] | mac[5] << 8;
}

void vferry_mbx_get_mac(const __u32 *words, __u8 *ret_mac)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		ret_mac[i] = words[i / 4] >> 8 * (i % 4);
}

const char *vferry_mbx_cmd_name(__u32 cmd)
{
	switch (cmd) {
	case VFERRY_CMD_PING:		return "ping";
	case VFERRY_CMD_MIGRATE:	return "migrate";
	case VFERRY_CMD_CANCEL:		return "cancelmigration";
	case VFERRY_CMD_SUSPEND:	return "suspend";
	case VFERRY_CMD_RESUME:		return "resume";
	}
	return "?";
}

const char *vferry_mbx_result_name(__u32 result)
{
	switch (result) {
	case VFERRY_RES_OK:		return "done";
	case VFERRY_RES_UNKNOWN:	return "unknown command";
	case VFERRY_RES_STATE:		return "not possible in this state";
	case VFERRY_RES_TIMEOUT:	return "did not come to rest in time";
	case VFERRY_RES_FAILED:		return "failed";
	}
	return "?";
}
