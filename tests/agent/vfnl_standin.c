// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stand-in for the VF driver's netlink family, for tests where there is no VF: the
 * daemon linked with this reads the family's messages, as they would come, from
 * datagrams on the UNIX socket in VFERRY_STANDIN. A datagram of no bytes says that
 * messages were lost. A dump is what lies in the file VFERRY_STANDIN.dump, if there is
 * one: messages one after another.
 */
#include <errno.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "vfnl.h"

/*
 * What the daemon tells the driver is added to the file VFERRY_STANDIN.told, one word
 * on a line: hear, unhear, go.
 */

#define DATAGRAM	8192

struct vfnl {
	int fd;
	struct vfnl_listener listener;
};

int vfnl_new(const struct vfnl_listener *listener, struct vfnl **ret)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("VFERRY_STANDIN");
	struct vfnl *vfnl = calloc(1, sizeof(*vfnl));

	if (!vfnl || !path)
		return -EINVAL;
	vfnl->listener = *listener;
	vfnl->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (bind(vfnl->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret = vfnl;
	return 0;
}

void vfnl_free(struct vfnl *vfnl)
{
	if (vfnl)
		close(vfnl->fd);
	free(vfnl);
}

int vfnl_fd(const struct vfnl *vfnl)
{
	return vfnl->fd;
}

static void told(const char *word)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s.told", getenv("VFERRY_STANDIN"));
	file = fopen(path, "ae");
	if (file)
		fprintf(file, "%s\n", word);
}

void vfnl_hear(struct vfnl *vfnl, uint32_t ifindex, bool on)
{
	(void)vfnl;
	(void)ifindex;
	told(on ? "hear" : "unhear");
}

void vfnl_go(struct vfnl *vfnl, uint32_t ifindex)
{
	(void)vfnl;
	(void)ifindex;
	told("go");
}

void vfnl_dispatch(struct vfnl *vfnl)
{
	static uint8_t buf[DATAGRAM] __attribute__((aligned(8)));
	struct vfmsg msg;
	ssize_t n;

	while ((n = recv(vfnl->fd, buf, sizeof(buf), 0)) >= 0) {
		if (!n)
			vfnl->listener.lost(vfnl->listener.arg);
		else if (!vfmsg_decode((struct nlmsghdr *)buf, (size_t)n, &msg))
			vfnl->listener.event(&msg, vfnl->listener.arg);
	}
}

int vfnl_dump(struct vfnl *vfnl, void (*found)(const struct vfmsg *msg, void *arg), void *arg)
{
	static uint8_t buf[DATAGRAM] __attribute__((aligned(8)));
	_cleanup_fclose_ FILE *file = NULL;
	char path[256];
	struct vfmsg msg;
	size_t at, len;

	(void)vfnl;
	snprintf(path, sizeof(path), "%s.dump", getenv("VFERRY_STANDIN"));
	file = fopen(path, "re");
	if (!file)
		return 0;
	len = fread(buf, 1, sizeof(buf), file);
	for (at = 0; at + sizeof(struct nlmsghdr) <= len;
	     at += NLMSG_ALIGN(((struct nlmsghdr *)(buf + at))->nlmsg_len)) {
		if (vfmsg_decode((struct nlmsghdr *)(buf + at), len - at, &msg))
			return -EBADMSG;
		found(&msg, arg);
	}
	return 0;
}
