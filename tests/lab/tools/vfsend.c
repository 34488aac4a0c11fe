// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfsend - a guest in user space, whose driver does what no good one would
 *
 *   vfsend PCI frame [SOURCE]   wait for a reset of the PF, ask for RESET without
 *                       resetting the VF, send one untagged broadcast of EtherType
 *                       0x88b5, from the VF's own address or from SOURCE. Prints
 *                       "sent" and holds the VF until it is killed
 *   vfsend PCI late     come up, keep the mailbox from the PF until SIGUSR1, then ask for
 *                       RESET, and read the reply only when the PF has had the time to
 *                       write its next message; print which that is
 *   vfsend PCI mute     ask for RESET, read the reply, say nothing more, and print the
 *                       first word that the PF says then
 *   vfsend PCI slow     come up as a driver that speaks vferry, do not read what the PF says
 *                       next, but the two messages after that, and print their first words
 *   vfsend PCI deaf     come up as a driver that speaks vferry, keep the mailbox from
 *                       the PF until the link has gone, and print the first word that
 *                       the PF says then
 *
 * PCI is the address of a VF that is bound to a VFIO driver. "ready" is printed first.
 * Exit status: 0; 1: error; 2: usage.
 */
#include <signal.h>
#include <stdbool.h>

#include "vfio.h"

#include "vferry_mbx.c"

/* Registers of a VF, besides those of vfio.h */
#define STATUS		0x0008
#define STATUS_LU	0x02u
#define WORDS		16
#define TDBAL		0x3800
#define TDBAH		0x3804
#define TDLEN		0x3808
#define TDH		0x3810
#define TDT		0x3818
#define TXDCTL		0x3828
#define TXDCTL_ENABLE	0x02000000u

#define PAGE		4096
#define RING_IOVA	0x100000u
#define FRAME_OFFSET	2048
#define FRAME_LEN	64
#define TXD_CMD		(0x2b300000u | FRAME_LEN)	/* data, EOP, IFCS, RS, DEXT */
#define TXD_DD		1u

#define WAIT_S		20
/* Longer than the PF needs for its next message, shorter than it waits for the other to be read */
#define LATE_US		5000
/* The PF has seen that the link has gone */
#define SEEN_S		0.5

static volatile uint32_t *regs;
static uint8_t *memory;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Is one of the bits seen in a register in time? Reading clears some of them. */
static bool comes(unsigned int reg, uint32_t bits, double seconds)
{
	double end = now() + seconds;

	while (!(regs[reg / 4] & bits)) {
		if (now() > end)
			return false;
		usleep(1000);
	}
	return true;
}

static int await(unsigned int reg, uint32_t bits, const char *what)
{
	if (comes(reg, bits, WAIT_S))
		return 0;
	fprintf(stderr, "vfsend: waited in vain for %s\n", what);
	return -1;
}

/* A page of ours that the VF reads and writes; -1 and errno. */
static int map_memory(int container)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .iova = RING_IOVA, .size = PAGE,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	};
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	memory = p;
	map.vaddr = (uintptr_t)p;
	return ioctl(container, VFIO_IOMMU_MAP_DMA, &map);
}

static int open_vf(const char *pci)
{
	int container, device = vfio_open(pci, &container);

	if (device < 0 || map_memory(container))
		return fail(pci);
	regs = vfio_map_registers(device);
	return regs ? 0 : fail(pci);
}

/* Take the mailbox. What is in it is lost. */
static int take(void)
{
	double end = now() + WAIT_S;

	do {
		regs[V2PMAILBOX / 4] = V2P_VFU;
		if (regs[V2PMAILBOX / 4] & V2P_VFU)
			return 0;
	} while (now() < end);
	fprintf(stderr, "vfsend: the PF does not let go of the mailbox\n");
	return -1;
}

static void request(const uint32_t *msg, int words)
{
	int w;

	for (w = 0; w < words; w++)
		regs[VMBMEM(w) / 4] = msg[w];
	regs[V2PMAILBOX / 4] = V2P_REQ;
}

static void read_words(uint32_t *ret)
{
	int w;

	for (w = 0; w < WORDS; w++)
		ret[w] = regs[VMBMEM(w) / 4];
	regs[V2PMAILBOX / 4] = V2P_ACK;
}

/* A request, and its reply in its place. The PF's CONTROL may be there before it. */
static int ask(uint32_t *msg, int words)
{
	uint32_t id = vferry_mbx_id(msg[0]);

	if (take())
		return -1;
	request(msg, words);
	do {
		if (await(V2PMAILBOX, V2P_PFSTS, "the PF's reply"))
			return -1;
		read_words(msg);
	} while (vferry_mbx_id(msg[0]) != id);
	return 0;
}

/* Ask for RESET. The VF itself is not reset. */
static int start(uint8_t *ret_mac)
{
	uint32_t msg[WORDS] = { VFERRY_MBX_RESET };

	if (ask(msg, 1))
		return -1;
	vferry_mbx_get_mac(&msg[1], ret_mac);
	return 0;
}

static int send_frame(const uint8_t *source)
{
	volatile uint32_t *desc = (volatile uint32_t *)memory;
	uint8_t *frame = memory + FRAME_OFFSET;

	memset(frame, 0xff, 6);
	memcpy(frame + 6, source, 6);
	*(uint16_t *)(frame + 12) = htons(0x88b5);

	regs[TXDCTL / 4] = 0;
	regs[TDBAL / 4] = RING_IOVA;
	regs[TDBAH / 4] = 0;
	regs[TDLEN / 4] = 128;
	regs[TDH / 4] = 0;
	regs[TDT / 4] = 0;
	desc[0] = RING_IOVA + FRAME_OFFSET;
	desc[1] = 0;
	desc[2] = TXD_CMD;
	desc[3] = FRAME_LEN << 14;
	regs[TXDCTL / 4] = TXDCTL_ENABLE;
	regs[TDT / 4] = 1;
	for (double end = now() + WAIT_S; !(desc[3] & TXD_DD);)
		if (now() > end) {
			fprintf(stderr, "vfsend: the frame was not taken\n");
			return -1;
		}
	return 0;
}

static void say(const char *word)
{
	printf("%s\n", word);
	fflush(stdout);
}

static int frame(const uint8_t *source)
{
	uint8_t own[6];

	(void)regs[V2PMAILBOX / 4];	/* clears what was before */
	say("ready");
	if (await(V2PMAILBOX, V2P_RSTD, "a reset of the PF") || start(own) ||
	    send_frame(source ? source : own))
		return 1;
	say("sent");
	for (;;)
		pause();
}

/* As a driver that speaks vferry */
static int come_up(void)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN, .max = VFERRY_PROTO_MAX, .features = VFERRY_FEAT_MIGRATE,
	};
	uint32_t msg[WORDS];
	uint8_t mac[6];

	return start(mac) ?: ask(msg, vferry_mbx_put_hello(msg, &hello));
}

static void nothing(int sig)
{
	(void)sig;
}

/* Says "ready" */
static int await_signal(void)
{
	signal(SIGUSR1, nothing);
	say("ready");
	if (sleep(WAIT_S))
		return 0;
	fprintf(stderr, "vfsend: no SIGUSR1\n");
	return -1;
}

/* The PF, which has something to say, finds the mailbox taken; it is asked, and read late. */
static int late(void)
{
	uint32_t msg[WORDS] = { VFERRY_MBX_RESET };

	if (come_up() || take() || await_signal())
		return 1;
	request(msg, 1);
	if (await(V2PMAILBOX, V2P_PFSTS, "the PF's reply"))
		return 1;
	usleep(LATE_US);
	read_words(msg);
	if (vferry_mbx_id(msg[0]) != VFERRY_MBX_RESET) {
		printf("written over: %08x\n", msg[0]);
		return 1;
	}
	if (await(V2PMAILBOX, V2P_PFSTS, "the PF's CONTROL"))
		return 1;
	read_words(msg);
	printf("then %08x\n", msg[0]);
	return 0;
}

/* What the PF wrote first is not there any more when this one looks. */
static int slow(void)
{
	uint32_t msg[WORDS];
	int i;

	if (come_up())
		return 1;
	say("ready");
	if (await(V2PMAILBOX, V2P_PFSTS, "what it does not read"))
		return 1;
	for (i = 0; i < 2; i++) {
		if (await(V2PMAILBOX, V2P_PFSTS, "the PF"))
			return 1;
		read_words(msg);
		printf("%08x\n", msg[0]);
		fflush(stdout);
	}
	return 0;
}

/* As a driver that took the reply to RESET for one to something else */
static int mute(void)
{
	uint32_t msg[WORDS];
	uint8_t mac[6];

	if (start(mac))
		return 1;
	say("ready");
	if (await(V2PMAILBOX, V2P_PFSTS, "the PF"))
		return 1;
	read_words(msg);
	printf("%08x\n", msg[0]);
	return 0;
}

static int deaf(void)
{
	double end = now() + WAIT_S, seen = 0;

	if (come_up())
		return 1;
	regs[V2PMAILBOX / 4] = V2P_VFU;
	say("ready");
	while (!seen || now() < seen + SEEN_S) {
		regs[V2PMAILBOX / 4] = V2P_VFU;	/* the PF may have broken it */
		if (!seen && !(regs[STATUS / 4] & STATUS_LU))
			seen = now();
		if (now() > end) {
			fprintf(stderr, "vfsend: the link does not go\n");
			return 1;
		}
	}
	(void)regs[V2PMAILBOX / 4];
	regs[VMBMEM(0) / 4] = 0;
	regs[V2PMAILBOX / 4] = 0;
	if (await(V2PMAILBOX, V2P_PFSTS, "the PF"))
		return 1;
	printf("%08x\n", regs[VMBMEM(0) / 4]);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: vfsend PCI frame [SOURCE]|late|mute|slow|deaf\n");
	return 2;
}

/* What needs no SOURCE */
static const struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{ "late", late }, { "mute", mute }, { "slow", slow }, { "deaf", deaf },
};

int main(int argc, char **argv)
{
	uint8_t m[6];
	size_t i;

	if (argc < 3 || argc > 4)
		return usage();
	if (argc == 4 && sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2],
				&m[3], &m[4], &m[5]) != 6)
		return usage();
	if (!strcmp(argv[2], "frame"))
		return open_vf(argv[1]) ?: frame(argc == 4 ? m : NULL);
	for (i = 0; argc == 3 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[2], modes[i].name))
			return open_vf(argv[1]) ?: modes[i].run();
	return usage();
}
