// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the committed corpora: one file for each kind of message and for a few
 * streams. Usage: seeds DIRECTORY
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"
#include "vferry_mbx.h"

static const char *top;

static void save(const char *corpus, const char *name, const void *data, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", top, corpus, name);
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void save_message(const char *name, const __u32 *msg)
{
	save("mbx", name, msg, VFERRY_MBX_WORDS * sizeof(*msg));
}

static void messages(void)
{
	static const struct vferry_mbx_hello hello = { 1, 3, VFERRY_FEAT_MIGRATE };
	static const struct vferry_mbx_welcome welcome = { 1, VFERRY_FEAT_MIGRATE };
	struct vferry_mbx_command command = { .seq = 0x1234, .mig_id = 0x1122334455667788ull };
	struct vferry_mbx_status status = { .seq = 0x1234, .duration_us = 800, .pages = 99 };
	__u32 msg[VFERRY_MBX_WORDS];
	char name[64];

	vferry_mbx_put_hello(msg, &hello);
	save_message("hello", msg);
	vferry_mbx_put_welcome(msg, &welcome);
	save_message("welcome", msg);
	for (command.cmd = VFERRY_CMD_FIRST; command.cmd <= VFERRY_CMD_LAST; command.cmd++) {
		vferry_mbx_put_command(msg, &command);
		snprintf(name, sizeof(name), "command-%s", vferry_mbx_cmd_name(command.cmd));
		save_message(name, msg);

		status.cmd = command.cmd;
		status.result = command.cmd % (VFERRY_RES_LAST + 1);
		status.state = command.cmd % VFERRY_MIG_STATES;
		vferry_mbx_put_status(msg, &status);
		snprintf(name, sizeof(name), "status-%s", vferry_mbx_cmd_name(command.cmd));
		save_message(name, msg);
	}
}

/*
 * A seed of the stream fuzzer: one byte for the cuts, then the stream. @early: with what is
 * sent in PRE_COPY beyond COMPAT.
 */
static void save_stream(const char *name, const struct vferry_dev_state *state, bool early)
{
	__u8 buf[1 + VFERRY_STREAM_WRITE_MAX] = { 7 };
	struct vferry_stream_writer w;

	vferry_stream_write(&w, buf + 1, sizeof(buf) - 1);
	if (vferry_stream_put_compat(&w, state) || (early && vferry_stream_put_room(&w, state)) ||
	    vferry_stream_put_rest(&w, state)) {
		fprintf(stderr, "%s: cannot be written\n", name);
		exit(1);
	}
	save("stream", name, buf, 1 + w.len);
	/* COMPAT alone, as in PRE_COPY. */
	if (!strcmp(name, "empty"))
		save("stream", "compat", buf, 1 + VFERRY_STREAM_COMPAT_LEN);
}

static void streams(void)
{
	struct vferry_dev_state s;

	memset(&s, 0, sizeof(s));
	s.nic = VFERRY_NIC_82576;
	save_stream("empty", &s, false);

	s.proto = 1;
	s.features = VFERRY_FEAT_MIGRATE;
	s.mig_id = 0x1122334455667788ull;
	s.cts = true;
	memcpy(s.mac, "\x02\x01\x02\x03\x04\x05", ETH_ALEN);
	memcpy(s.reset_mac, "\x02\x01\x02\x03\x04\x06", ETH_ALEN);
	s.mc_wanted = true;
	s.link = true;
	s.max_frame = 1522;
	s.vlan_count = 2;
	s.vlans[0] = 100;
	s.vlans[1] = 4094;
	s.mc_count = 3;
	s.mc_hashes[1] = 0xfff;
	s.uc_count = 1;
	memcpy(s.uc_addrs[0], "\x02\xaa\xbb\xcc\xdd\xee", ETH_ALEN);
	s.vtivar = 0x8180;
	s.vtivar_misc = 0x81;
	s.eims = 7;
	save_stream("usual", &s, true);
	save_stream("older", &s, false);

	s.vlan_count = VFERRY_DEV_VLANS;
	s.mc_count = VFERRY_DEV_MC_HASHES;
	s.uc_count = VFERRY_DEV_UC_ADDRS;
	s.mac_by_host = true;
	s.trusted = true;
	s.spoofchk = true;
	s.mc_promisc = true;
	memset(s.counters, 0x5a, sizeof(s.counters));
	save_stream("full", &s, true);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds DIRECTORY\n");
		return 2;
	}
	top = argv[1];
	messages();
	streams();
	return 0;
}
