// SPDX-License-Identifier: GPL-2.0-or-later
/* ^C and SIGTERM; see interrupt.h. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "interrupt.h"

static int fd = -1;

int interrupt_begin(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool interrupt_take(void)
{
	struct signalfd_siginfo info;
	bool found = false;

	while (fd >= 0 && read(fd, &info, sizeof(info)) == sizeof(info))
		found = true;
	return found;
}
