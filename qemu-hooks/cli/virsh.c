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

int virsh_definition(const char *uri, const char *domain, char **ret_xml)
{
	/* What is not in it when it is defined anew is lost: secrets, too. */
	const char *words[] = { "dumpxml", "--inactive", "--domain", domain, "--security-info",
				NULL };

	return virsh(uri, words, ret_xml);
}

int virsh_define(const char *uri, const char *domain, const char *read, const char *file)
{
	_cleanup_free_ char *now = NULL, *output = NULL;
	const char *words[] = { "define", file, NULL };
	int r;

	r = virsh_definition(uri, domain, &now);
	if (r)
		return r;
	if (!now || strcmp(now, read))
		return -ESTALE;
	r = virsh(uri, words, &output);
	if (r == -ETIMEDOUT)
		say("%s: it is not known whether it was defined anew", domain);
	return r;
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
	else if (r == -ESTALE)
		say("the definition was changed by somebody else meanwhile: nothing was done; try again");
	else if (r < 0)
		say("virsh: %s", strerror(-r));
	/* otherwise virsh has said it */
	return r == -ESTALE || (r > 0 && r != CHILD_CANNOT) ? STATUS_NO : STATUS_CANNOT;
}
