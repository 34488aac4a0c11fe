// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfhostile - be the worst guest: write to a VF's registers what no driver would
 *
 *   vfhostile PCI hold            take the mailbox and never let go of it
 *   vfhostile PCI reset SECONDS   reset the VF in a loop
 *   vfhostile PCI spam SECONDS    requests as fast as it goes
 *   vfhostile PCI noise SECONDS [SEED]   random words, lock bits, resets, causes
 *   vfhostile PCI restart SECONDS a driver that starts over in a loop: reset, RESET, HELLO.
 *                                 Prints rounds, and HELLOs that were refused
 *   vfhostile PCI late            a guest that is migrated as it should be, only that
 *                                 it rings once with an old answer when RESUME is
 *                                 there, unread. Prints "ready", then how many
 *                                 microseconds later RESUME is there again
 *
 * PCI is the address of a VF that no driver uses. Its BAR 0 is mapped from
 * sysfs. Prints the number of rounds. Exit status: 0; 1: error; 2: usage.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vferry_mbx.c"

#define BAR_SIZE	16384

/* Registers of a VF of the 82576 */
#define CTRL		0x0000
#define CTRL_RST	0x04000000u
#define VMBMEM(w)	(0x0800 + 4 * (w))
#define V2PMAILBOX	0x0c40
#define V2P_REQ		0x1u
#define V2P_ACK		0x2u
#define V2P_VFU		0x4u
#define V2P_PFSTS	0x10u
#define VTEICS		0x1520
#define WORDS		16

/* How long a guest waits for its host */
#define LATE_S		10

static volatile uint32_t *regs;

static void wr(unsigned int reg, uint32_t val)
{
	regs[reg / 4] = val;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* xorshift32, Marsaglia 2003 */
static uint32_t rnd(void)
{
	static uint32_t x;

	if (!x)
		x = (uint32_t)random() | 1;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void one_noise(void)
{
	static const uint32_t ids[] = { 1, 2, 3, 4, 5, 6, 0x40, 0x41, 0x100, 0x140, 0x7f };
	unsigned int w;

	for (w = 0; w < WORDS; w++)
		wr(VMBMEM(w), rnd());
	/* mostly something that is looked at */
	if (rnd() % 8) {
		uint32_t word0 = ids[rnd() % (sizeof(ids) / sizeof(ids[0]))];

		if (word0 != 1)
			word0 |= rnd() & 0x00ff0000u;
		if (!(rnd() % 16))
			word0 |= rnd() & 0xff000000u;
		wr(VMBMEM(0), word0);
		if (rnd() % 2)
			wr(VMBMEM(1), rnd() % 5000);
	}
	wr(V2PMAILBOX, rnd() & (V2P_REQ | V2P_ACK | V2P_VFU));
	if (!(rnd() % 4))
		wr(V2PMAILBOX, V2P_REQ);
	if (!(rnd() % 64))
		wr(CTRL, CTRL_RST);
	if (!(rnd() % 16))
		wr(VTEICS, rnd());
}

static void one_spam(void)
{
	wr(VMBMEM(0), 0x7f);
	wr(V2PMAILBOX, V2P_REQ);
}

static void one_reset(void)
{
	wr(CTRL, CTRL_RST);
}

/* The bits of V2PMAILBOX that reading clears are kept until asked for. */
static bool rung(void)
{
	return regs[V2PMAILBOX / 4] & V2P_PFSTS;
}

static void send_words(const uint32_t *msg, int words)
{
	int w;

	wr(V2PMAILBOX, V2P_VFU);
	for (w = 0; w < words; w++)
		wr(VMBMEM(w), msg[w]);
	wr(V2PMAILBOX, V2P_REQ);
}

/* Wait for a message of the PF, do not acknowledge it. */
static int await_words(uint32_t *msg)
{
	double end = now() + LATE_S;
	unsigned int w;

	while (!rung()) {
		if (now() > end) {
			fprintf(stderr, "vfhostile: the PF says nothing\n");
			return -1;
		}
	}
	for (w = 0; w < WORDS; w++)
		msg[w] = regs[VMBMEM(w) / 4];
	return 0;
}

/* Wait for a command, do not acknowledge it. */
static int await_command(uint32_t cmd, uint32_t *ret_seq)
{
	struct vferry_mbx_command got;
	uint32_t msg[WORDS];

	for (;;) {
		if (await_words(msg))
			return -1;
		if (!vferry_mbx_get_command(msg, &got) && got.cmd == cmd)
			break;
		wr(V2PMAILBOX, V2P_ACK);
	}
	*ret_seq = got.seq;
	return 0;
}

static void answer(uint32_t cmd, uint32_t seq, uint32_t state)
{
	const struct vferry_mbx_status status = { .cmd = cmd, .seq = seq, .state = state };
	uint32_t msg[WORDS];

	send_words(msg, vferry_mbx_put_status(msg, &status));
}

static int obey(uint32_t cmd, uint32_t state, uint32_t *ret_seq)
{
	if (await_command(cmd, ret_seq))
		return -1;
	wr(V2PMAILBOX, V2P_ACK);
	answer(cmd, *ret_seq, state);
	return 0;
}

/* A request, and its reply. */
static int ask(const uint32_t *msg, int words, uint32_t *ret_reply)
{
	send_words(msg, words);
	if (await_words(ret_reply))
		return -1;
	wr(V2PMAILBOX, V2P_ACK);
	return 0;
}

static int late(void)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN, .max = VFERRY_PROTO_MAX, .features = VFERRY_FEAT_MIGRATE,
	};
	uint32_t msg[WORDS] = { VFERRY_MBX_RESET };
	uint32_t suspend, resume;
	double begin;

	if (ask(msg, 1, msg) || ask(msg, vferry_mbx_put_hello(msg, &hello), msg))
		return 1;
	printf("ready\n");
	fflush(stdout);
	if (obey(VFERRY_CMD_MIGRATE, VFERRY_MIG_MIGRATING, &suspend) ||
	    obey(VFERRY_CMD_SUSPEND, VFERRY_MIG_SUSPENDED, &suspend) ||
	    await_command(VFERRY_CMD_RESUME, &resume))
		return 1;
	begin = now();
	answer(VFERRY_CMD_SUSPEND, suspend, VFERRY_MIG_SUSPENDED);
	if (await_command(VFERRY_CMD_RESUME, &resume))
		return 1;
	printf("%.0f\n", (now() - begin) * 1e6);
	wr(V2PMAILBOX, V2P_ACK);
	answer(VFERRY_CMD_RESUME, resume, VFERRY_MIG_IDLE);
	return 0;
}

/* Requests that were refused after a reset that was answered: the PF took it back. */
static int restart(double seconds)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN, .max = VFERRY_PROTO_MAX, .features = VFERRY_FEAT_MIGRATE,
	};
	unsigned long rounds = 0, refused = 0;
	double end = now() + seconds;
	uint32_t msg[WORDS];

	for (; now() < end; rounds++) {
		wr(CTRL, CTRL_RST);
		if (ask((uint32_t[WORDS]) { VFERRY_MBX_RESET }, 1, msg))
			return 1;
		if (ask(msg, vferry_mbx_put_hello(msg, &hello), msg))
			return 1;
		refused += !!(msg[0] & VFERRY_MBX_NACK);
	}
	printf("%lu %lu\n", rounds, refused);
	return 0;
}

static int map_bar(const char *pci)
{
	char path[128];
	int fd;
	void *p;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", pci);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1) {
		perror(path);
		return -1;
	}
	close(fd);

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", pci);
	fd = open(path, O_RDWR | O_SYNC);
	if (fd < 0) {
		perror(path);
		return -1;
	}
	p = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		perror(path);
		return -1;
	}
	regs = p;
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: vfhostile PCI hold|reset|spam|noise|restart|late [SECONDS [SEED]]\n");
	return 2;
}

int main(int argc, char **argv)
{
	void (*one)(void);
	unsigned long rounds = 0;
	double end;

	if (argc < 3)
		return usage();
	if (map_bar(argv[1]))
		return 1;
	if (!strcmp(argv[2], "hold")) {
		wr(VMBMEM(0), 1);
		wr(V2PMAILBOX, V2P_VFU | V2P_REQ);
		wr(V2PMAILBOX, V2P_VFU);
		return 0;
	}
	if (!strcmp(argv[2], "late"))
		return late();
	if (argc < 4)
		return usage();
	if (!strcmp(argv[2], "restart"))
		return restart(atof(argv[3]));
	if (!strcmp(argv[2], "reset"))
		one = one_reset;
	else if (!strcmp(argv[2], "spam"))
		one = one_spam;
	else if (!strcmp(argv[2], "noise"))
		one = one_noise;
	else
		return usage();

	srandom(argc > 4 ? (unsigned int)atoi(argv[4]) : 1);
	for (end = now() + atof(argv[3]); now() < end; rounds++)
		one();
	printf("%lu\n", rounds);
	return 0;
}
