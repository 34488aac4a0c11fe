// SPDX-License-Identifier: GPL-2.0-or-later
/* Running virsh; see virsh.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "cmd.h"
#include "say.h"
#include "virsh.h"

int virsh(const char *uri, const char *const *words, char **ret_output)
{
	const char *argv[13] = { "virsh", "--quiet" };
	struct child child;
	int n = 2, r;

	*ret_output = NULL;
	if (uri) {
		argv[n++] = "--connect";
		argv[n++] = uri;
	}
	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	r = child_start(&child, argv);
	return r ? r : child_finish(&child, ret_output);
}

int write_temporary(char *path, const char *text, size_t size)
{
	_cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0) {
		path[0] = '\0';
		return -errno;
	}
	return write(fd, text, size) == (ssize_t)size ? 0 : -EIO;
}

int say_virsh(int r)
{
	if (r == CHILD_CANNOT)
		say("virsh cannot be run: is libvirt-clients installed?");
	else if (r == -ETIMEDOUT)
		say("virsh does not answer");
	else if (r < 0)
		say("virsh: %s", strerror(-r));
	/* otherwise virsh has said it */
	return r > 0 && r != CHILD_CANNOT ? STATUS_NO : STATUS_CANNOT;
}
