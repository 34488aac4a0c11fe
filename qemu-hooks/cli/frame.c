// SPDX-License-Identifier: GPL-2.0-or-later
/* Are two PFs on the same network? See frame.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "frame.h"
#include "pf.h"
#include "sysfs.h"

#define ETHERTYPE	0x88b5
#define MAGIC		"vferry?"
#define MAX_PFS		16

struct frame {
	unsigned char head[ETH_HLEN];
	char magic[8];
	char word[FRAME_WORD];
	char rest[8];	/* 60 bytes are the least */
} __attribute__((packed));

static int open_packet(unsigned int ifindex)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE),
		.sll_ifindex = ifindex,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE));

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int own_address(const char *ifname, unsigned char *ret)
{
	char text[24];

	sysfs_read(text, sizeof(text), "class/net/%s/address", ifname);
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &ret[0], &ret[1], &ret[2], &ret[3],
		      &ret[4], &ret[5]) == 6 ? 0 : -ENODEV;
}

int frame_send(unsigned int ifindex, const char *word)
{
	struct frame frame = { .magic = MAGIC };
	_cleanup_close_ int fd = -1;
	char ifname[IF_NAMESIZE];

	if (!if_indextoname(ifindex, ifname) || own_address(ifname, frame.head + ETH_ALEN))
		return -ENODEV;
	memset(frame.head, 0xff, ETH_ALEN);
	frame.head[12] = ETHERTYPE >> 8;
	frame.head[13] = ETHERTYPE & 0xff;
	snprintf(frame.word, sizeof(frame.word), "%s", word);
	fd = open_packet(ifindex);
	if (fd < 0)
		return fd;
	return send(fd, &frame, sizeof(frame), 0) < 0 ? -errno : 0;
}

/* Is what has come in such a frame? */
static bool hears(int fd, const char *word)
{
	struct frame frame = {};
	char wanted[FRAME_WORD] = "";

	if (recv(fd, &frame, sizeof(frame), MSG_DONTWAIT) < (ssize_t)offsetof(struct frame, rest))
		return false;
	snprintf(wanted, sizeof(wanted), "%s", word);
	return !memcmp(frame.magic, MAGIC, sizeof(frame.magic)) &&
	       !memcmp(frame.word, wanted, sizeof(wanted));
}

static int listen_on(const struct target *pfs, int count, const char *word)
{
	struct pollfd p[MAX_PFS + 1] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	uint64_t until = from_now_ns(FRAME_SECONDS * 1000), now;
	char c;
	int i;

	for (i = 0; i < count; i++)
		p[i + 1] = (struct pollfd) { .fd = open_packet(pfs[i].ifindex), .events = POLLIN };
	puts("ready");
	fflush(stdout);
	while ((now = now_ns()) < until) {
		if (poll(p, count + 1, (until - now) / 1000000 + 1) < 0)
			break;
		if (p[0].revents && read(STDIN_FILENO, &c, 1) <= 0)
			break;
		for (i = 0; i < count; i++) {
			if (p[i + 1].fd < 0 || !p[i + 1].revents || !hears(p[i + 1].fd, word))
				continue;
			puts(pfs[i].pf);
			fflush(stdout);
			close(p[i + 1].fd);
			p[i + 1].fd = -1;
		}
	}
	for (i = 0; i < count; i++)
		if (p[i + 1].fd >= 0)
			close(p[i + 1].fd);
	return 0;
}

int frame_hear(const char *word)
{
	struct target pfs[MAX_PFS];
	int count = sysfs_pfs("vferry_pf", pfs, MAX_PFS);

	return count < 0 ? count : listen_on(pfs, count, word);
}
