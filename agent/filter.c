// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet socket's filter that takes all or nothing. */
#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include "filter.h"

#define ENOUGH	64	/* bytes of each frame */

int filter_take(int fd, bool all)
{
	struct sock_filter instruction = BPF_STMT(BPF_RET | BPF_K, all ? ENOUGH : 0);
	struct sock_fprog program = { 1, &instruction };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ?
		-errno : 0;
}
