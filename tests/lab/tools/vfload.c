// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfload - be the destination's QEMU: write a device state into a VF by VFIO
 *
 *   vfload PCI WORD...
 *
 * PCI is the address of a VF bound to vferry_vfio that nobody uses. Words are done one
 * after the other. They set the state that will be written:
 *
 *   mac=ADDR home=ADDR uc=ADDR,... vlans=N,... port=N qos=N id=N frame=N
 *   byhost trusted allmulti link
 *
 * uc=N makes N addresses up. They write it:
 *
 *   resuming     go to RESUMING
 *   compat       header and COMPAT, the records that are sent early with it
 *   old          the same as a source that knows no early records beyond COMPAT
 *   rest         all else
 *   stop run     go to STOP, RUNNING
 *   save         read its state, of a virtual machine that was stopped just now
 *   state        print VFIO's state
 *   guest        do as a guest's driver that comes up: RESET, HELLO, by BAR 0
 *   takes=ADDR   as such a driver: ask for another address
 *   reset        VFIO_DEVICE_RESET
 *   listen       wait until the PF says something in the mailbox, print its first word
 *   hold=FILE    print "hold", and wait until FILE is there
 *
 * Each of these is printed with "ok" or the name of the error, and the next one is done
 * whatever it was. Exit status: 0; 1: VFIO does not give the VF; 2: usage.
 */
#include <stdbool.h>

#include "vfio.h"

#include "vferry_mbx.c"
#include "../../../qemu-hooks/vfio/stream.c"

/* How long a host may take for what a test does while this holds, seconds */
#define WAIT_S		120

static struct vferry_dev_state dev_state;
static struct vferry_stream_writer writer;
static __u8 stream[VFERRY_STREAM_WRITE_MAX];
static int device = -1, data_fd = -1;
static volatile uint32_t *regs;

static int64_t deadline(void)
{
	return realtime_ns() + WAIT_S * INT64_C(1000000000);
}

/* Wait for a condition, looking at it every millisecond: -ETIMEDOUT if it never comes. */
static int await(bool (*ready)(const char *), const char *arg)
{
	int64_t until = deadline();

	while (!ready(arg)) {
		if (realtime_ns() > until)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

static bool is_there(const char *file)
{
	return !access(file, F_OK);
}

static int go_to(uint32_t state)
{
	return vfio_go_to(device, state, &data_fd);
}

/* As QEMU does: ask for the size, which tells the driver what it is for, then read. */
static int save_stopped(void)
{
	char buffer[VFERRY_STREAM_WRITE_MAX];
	int r = vfio_ask_size(device) ?: go_to(VFIO_DEVICE_STATE_STOP_COPY);

	if (r)
		return r;
	return read(data_fd, buffer, sizeof(buffer)) > 0 ? 0 : -errno;
}

static int print_state(void)
{
	struct vfio_device_feature_mig_state mig = {};
	int r = vfio_feature(device, VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &mig, sizeof(mig));

	if (!r)
		printf("state=%u ", mig.device_state);
	return r;
}

/* What has been put into the stream since, as QEMU writes it: in one piece. */
static int write_from(uint32_t begin)
{
	return write(data_fd, stream + begin, writer.len - begin) < 0 ? -errno : 0;
}

static int write_compat(bool old)
{
	vferry_stream_write(&writer, stream, sizeof(stream));
	vferry_stream_put_compat(&writer, &dev_state);
	if (!old)
		vferry_stream_put_room(&writer, &dev_state);
	return write_from(0);
}

static int write_rest(void)
{
	uint32_t begin = writer.len;

	vferry_stream_put_rest(&writer, &dev_state);
	return write_from(begin);
}

static int map_bar(void)
{
	if (!regs)
		regs = vfio_map_registers(device);
	return regs ? 0 : -errno;
}

static bool rung(const char *arg)
{
	(void)arg;
	return regs[V2PMAILBOX / 4] & V2P_PFSTS;
}

/* A request, and its reply; a CONTROL that comes first is passed over. */
static int ask(uint32_t *msg, int words)
{
	int w, r;

	regs[V2PMAILBOX / 4] = V2P_VFU;
	for (w = 0; w < words; w++)
		regs[VMBMEM(w) / 4] = msg[w];
	regs[V2PMAILBOX / 4] = V2P_REQ;
	do {
		r = await(rung, NULL);
		for (w = 0; w < VFERRY_MBX_WORDS; w++)
			msg[w] = regs[VMBMEM(w) / 4];
		regs[V2PMAILBOX / 4] = V2P_ACK;
	} while (!r && !(msg[0] & (VFERRY_MBX_ACK | VFERRY_MBX_NACK)));
	return r;
}

static int come_up(void)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN, .max = VFERRY_PROTO_MAX, .features = VFERRY_FEAT_MIGRATE,
	};
	uint32_t msg[VFERRY_MBX_WORDS] = { VFERRY_MBX_RESET };
	int r = map_bar();

	if (!r)
		r = ask(msg, 1);
	if (!r)
		r = ask(msg, vferry_mbx_put_hello(msg, &hello));
	return r ?: msg[0] & VFERRY_MBX_NACK ? -EPROTO : 0;
}

static bool parse_mac(const char *text, __u8 *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		      &mac[4], &mac[5]) == 6;
}

static int take_mac(const char *text)
{
	uint32_t msg[VFERRY_MBX_WORDS] = { VFERRY_MBX_SET_MAC };
	__u8 mac[ETH_ALEN];
	int r;

	if (!parse_mac(text, mac))
		return -EINVAL;
	vferry_mbx_put_mac(&msg[1], mac);
	r = ask(msg, 3);
	return r ?: msg[0] & VFERRY_MBX_NACK ? -EPERM : 0;
}

static int listen_once(void)
{
	int r = map_bar() ?: await(rung, NULL);

	if (!r)
		printf("word=%#x ", regs[VMBMEM(0) / 4]);
	return r;
}

static bool parse_uc(char *text)
{
	unsigned int i, count = atoi(text);
	char *word;

	dev_state.uc_count = 0;
	if (!strchr(text, ':')) {
		for (i = 0; i < count && i < VFERRY_DEV_UC_ADDRS; i++)
			memcpy(dev_state.uc_addrs[i], (__u8[]){ 2, 0, 0, 0xee, 0, i }, 6);
		dev_state.uc_count = i;
		return true;
	}
	for (word = strtok(text, ","); word; word = strtok(NULL, ","))
		if (!parse_mac(word, dev_state.uc_addrs[dev_state.uc_count++]))
			return false;
	return true;
}

/* vlans=5,7 or vlans=100-119 */
static bool parse_vlans(char *text)
{
	unsigned int first, last;
	char *word;

	dev_state.vlan_count = 0;
	for (word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		if (sscanf(word, "%u-%u", &first, &last) == 1)
			last = first;
		for (; first <= last && dev_state.vlan_count < VFERRY_DEV_VLANS; first++)
			dev_state.vlans[dev_state.vlan_count++] = first;
	}
	return true;
}

/* Does the word say what the state is to be? */
static bool set(char *word)
{
	char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value++ - word) : strlen(word);

	if (!strncmp(word, "mac", len))
		return parse_mac(value, dev_state.mac);
	if (!strncmp(word, "home", len))
		return parse_mac(value, dev_state.reset_mac);
	if (!strncmp(word, "uc", len))
		return parse_uc(value);
	if (!strncmp(word, "vlans", len))
		return parse_vlans(value);
	if (!strncmp(word, "port", len))
		dev_state.port_vlan = atoi(value);
	else if (!strncmp(word, "qos", len))
		dev_state.port_qos = atoi(value);
	else if (!strncmp(word, "id", len))
		dev_state.mig_id = strtoull(value, NULL, 0);
	else if (!strncmp(word, "frame", len))
		dev_state.max_frame = atoi(value);
	else if (!strcmp(word, "byhost"))
		dev_state.mac_by_host = true;
	else if (!strcmp(word, "trusted"))
		dev_state.trusted = true;
	else if (!strcmp(word, "link"))
		dev_state.link = true;
	else if (!strcmp(word, "allmulti"))
		dev_state.mc_promisc = true;
	else
		return false;
	return true;
}

/* Returns 0, -errno, or 1: no such word */
static int act(const char *word)
{
	if (!strcmp(word, "resuming"))
		return go_to(VFIO_DEVICE_STATE_RESUMING);
	if (!strcmp(word, "compat"))
		return write_compat(false);
	if (!strcmp(word, "old"))
		return write_compat(true);
	if (!strcmp(word, "rest"))
		return write_rest();
	if (!strcmp(word, "stop"))
		return go_to(VFIO_DEVICE_STATE_STOP);
	if (!strcmp(word, "run"))
		return go_to(VFIO_DEVICE_STATE_RUNNING);
	if (!strcmp(word, "save"))
		return save_stopped();
	if (!strcmp(word, "state"))
		return print_state();
	if (!strcmp(word, "guest"))
		return come_up();
	if (!strncmp(word, "takes=", 6))
		return take_mac(word + 6);
	if (!strcmp(word, "listen"))
		return listen_once();
	if (!strcmp(word, "reset"))
		return ioctl(device, VFIO_DEVICE_RESET) ? -errno : 0;
	if (!strncmp(word, "hold=", 5)) {
		printf("hold\n");
		return await(is_there, word + 5);
	}
	return 1;
}

int main(int argc, char **argv)
{
	int i, r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3) {
		fprintf(stderr, "usage: vfload PCI WORD...\n");
		return 2;
	}
	device = vfio_open(argv[1], NULL);
	if (device < 0)
		return fail(argv[1]);
	dev_state = (struct vferry_dev_state) {
		.nic = VFERRY_NIC_82576, .proto = VFERRY_PROTO_MAX, .cts = true,
		.features = VFERRY_FEAT_MIGRATE, .max_frame = 1518,
		.mac = { 2, 0, 0, 0, 0xaa, 1 }, .eims = 7,
	};
	for (i = 2; i < argc; i++) {
		if (set(argv[i]))
			continue;
		r = act(argv[i]);
		if (r == 1) {
			fprintf(stderr, "vfload: '%s'?\n", argv[i]);
			return 2;
		}
		printf("%s %s\n", argv[i], r ? strerrorname_np(-r) : "ok");
	}
	return 0;
}
