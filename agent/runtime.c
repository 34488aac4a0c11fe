// SPDX-License-Identifier: GPL-2.0-or-later
/* The runtime directory. See runtime.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "runtime.h"

#define LOCK_NAME	"lock"

/* The kernel says who holds it, and takes it from one that has ended. */
static int take(int fd, const char *dir, char *ret_error)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int r;

	if (!fcntl(fd, F_SETLK, &lock))
		return 0;
	r = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
	if (r != -EBUSY)
		snprintf(ret_error, RUNTIME_ERROR, "%s: %s", dir, strerror(-r));
	else if (fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK)
		snprintf(ret_error, RUNTIME_ERROR, "%s is in use by another vferryd", dir);
	else
		snprintf(ret_error, RUNTIME_ERROR, "%s is in use by another vferryd, process %d",
			 dir, lock.l_pid);
	return r;
}

int runtime_lock(const char *dir, char *ret_error)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (asprintf(&path, "%s/" LOCK_NAME, dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = -errno;
		snprintf(ret_error, RUNTIME_ERROR, "runtime directory %s: %s", dir, strerror(-r));
		return r;
	}
	r = take(fd, dir, ret_error);
	return r < 0 ? r : TAKE_FD(fd);
}
