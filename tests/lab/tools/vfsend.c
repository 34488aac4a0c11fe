// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfsend - a guest in user space, whose driver does what no good one would
 *
 *   vfsend PCI frame [SOURCE]   wait for a reset of the PF, ask for RESET without
 *                       resetting the VF, send one untagged broadcast of EtherType
 *                       0x88b5, from the VF's own address or from SOURCE. Prints
 *                       "sent" and holds the VF until it is killed
 *   vfsend PCI deaf     come up as a driver that speaks vferry, keep the mailbox from
 *                       the PF until the link has gone, and print the first word that
 *                       the PF says then
 *
 * PCI is the address of a VF that is bound to a VFIO driver. "ready" is printed first.
 * Exit status: 0; 1: error; 2: usage.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vferry_mbx.c"

/* Registers of a VF of the 82576 */
#define STATUS		0x0008
#define STATUS_LU	0x02u
#define VMBMEM(w)	(0x0800 + 4 * (w))
#define V2PMAILBOX	0x0c40
#define V2P_REQ		0x01u
#define V2P_ACK		0x02u
#define V2P_VFU		0x04u
#define V2P_PFSTS	0x10u
#define V2P_RSTD	0x80u
#define WORDS		16
#define TDBAL		0x3800
#define TDBAH		0x3804
#define TDLEN		0x3808
#define TDH		0x3810
#define TDT		0x3818
#define TXDCTL		0x3828
#define TXDCTL_ENABLE	0x02000000u

#define RING_IOVA	0x100000u
#define FRAME_OFFSET	2048
#define FRAME_LEN	64
#define TXD_CMD		(0x2b300000u | FRAME_LEN)	/* data, EOP, IFCS, RS, DEXT */
#define TXD_DD		1u

#define WAIT_S		20
/* The PF has seen that the link has gone */
#define SEEN_S		0.5

static volatile uint32_t *regs;
static uint8_t *memory;

static int failed(const char *what)
{
	perror(what);
	return -1;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Wait until one of the bits is seen in a register; reading clears some of them. */
static int await(unsigned int reg, uint32_t bits, const char *what)
{
	double end = now() + WAIT_S;

	while (!(regs[reg / 4] & bits)) {
		if (now() > end) {
			fprintf(stderr, "vfsend: waited in vain for %s\n", what);
			return -1;
		}
		usleep(1000);
	}
	return 0;
}

static int open_group(const char *pci)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[128], link[256];
	ssize_t len;
	int container, group;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", pci);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return failed(path);
	link[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	container = open("/dev/vfio/vfio", O_RDWR);
	group = open(path, O_RDWR);
	if (container < 0 || group < 0)
		return failed(path);
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE) ||
	    ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return failed("container");

	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return failed("memory");
	if (ioctl(container, VFIO_IOMMU_MAP_DMA, &(struct vfio_iommu_type1_dma_map) {
			.argsz = sizeof(struct vfio_iommu_type1_dma_map),
			.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
			.vaddr = (uintptr_t)memory, .iova = RING_IOVA, .size = 4096 }))
		return failed("map");
	return group;
}

static int open_vf(const char *pci)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	int device, group = open_group(pci);

	if (group < 0)
		return -1;
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, pci);
	if (device < 0 || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
	    ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config))
		return failed(pci);
	if (pwrite(device, &command, sizeof(command), config.offset + PCI_COMMAND) !=
	    sizeof(command))
		return failed("PCI command");
	regs = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, bar.offset);
	return regs == MAP_FAILED ? failed("registers") : 0;
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

/* A request, and its reply in its place. The PF's CONTROL may be there before it. */
static int ask(uint32_t *msg, int words)
{
	uint32_t id = vferry_mbx_id(msg[0]);
	int w;

	if (take())
		return -1;
	for (w = 0; w < words; w++)
		regs[VMBMEM(w) / 4] = msg[w];
	regs[V2PMAILBOX / 4] = V2P_REQ;
	do {
		if (await(V2PMAILBOX, V2P_PFSTS, "the PF"))
			return -1;
		for (w = 0; w < WORDS; w++)
			msg[w] = regs[VMBMEM(w) / 4];
		regs[V2PMAILBOX / 4] = V2P_ACK;
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

static int deaf(void)
{
	const struct vferry_mbx_hello hello = {
		.min = VFERRY_PROTO_MIN, .max = VFERRY_PROTO_MAX, .features = VFERRY_FEAT_MIGRATE,
	};
	double end = now() + WAIT_S, seen = 0;
	uint32_t msg[WORDS];
	uint8_t mac[6];

	if (start(mac) || ask(msg, vferry_mbx_put_hello(msg, &hello)))
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
	fprintf(stderr, "usage: vfsend PCI frame [SOURCE]|deaf\n");
	return 2;
}

int main(int argc, char **argv)
{
	uint8_t m[6];

	if (argc < 3 || argc > 4)
		return usage();
	if (argc == 4 && sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2],
				&m[3], &m[4], &m[5]) != 6)
		return usage();
	if (!strcmp(argv[2], "frame"))
		return open_vf(argv[1]) ? 1 : frame(argc == 4 ? m : NULL);
	if (!strcmp(argv[2], "deaf") && argc == 3)
		return open_vf(argv[1]) ? 1 : deaf();
	return usage();
}
