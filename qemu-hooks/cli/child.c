// SPDX-License-Identifier: GPL-2.0-or-later
/* Another program; see child.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "pf.h"

#define MAX_OUTPUT	(4 << 20)

/* In the child: becomes the program, or ends with what a shell ends with */
static void become(const char *const *argv, int in, int out)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "vferry: %s: %s\n", argv[0], strerror(errno));
	_exit(CHILD_CANNOT);
}

int child_start(struct child *child, const char *const *argv)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		int err = -errno;

		close(in[0]);
		close(in[1]);
		return err;
	}
	fflush(NULL);
	child->pid = fork();
	if (!child->pid)
		become(argv, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	child->in = in[1];
	child->out = out[0];
	return child->pid < 0 ? -errno : 0;
}

static int wait_output(struct child *child, uint64_t until_ns)
{
	struct pollfd p = { .fd = child->out, .events = POLLIN };
	uint64_t now = now_ns();
	int r;

	do
		r = poll(&p, 1, now < until_ns ? (until_ns - now) / 1000000 + 1 : 0);
	while (r < 0 && errno == EINTR && (now = now_ns()) < until_ns);
	return r > 0 ? 0 : -ETIMEDOUT;
}

int child_line(struct child *child, char *buf, size_t size, unsigned int ms)
{
	uint64_t until = from_now_ns(ms);
	size_t len = 0;
	int r;

	while (len + 1 < size) {
		r = wait_output(child, until);
		if (r < 0)
			return r;
		if (read(child->out, buf + len, 1) <= 0)
			return 0;
		if (buf[len] == '\n') {
			buf[len] = '\0';
			return len;
		}
		len++;
	}
	return -EMSGSIZE;
}

/* All that it says until it ends: 0, -ETIMEDOUT, -EMSGSIZE, -ENOMEM */
static int read_rest(struct child *child, char **ret_output)
{
	uint64_t until = from_now_ns(CHILD_MS);
	_cleanup_free_ char *all = NULL;
	char part[4096], *grown;
	size_t len = 0;
	ssize_t n;
	int r;

	for (;;) {
		r = wait_output(child, until);
		if (r < 0)
			return r;
		n = read(child->out, part, sizeof(part));
		if (n <= 0)
			break;
		if (len + n > MAX_OUTPUT)
			return -EMSGSIZE;
		grown = realloc(all, len + n + 1);
		if (!grown)
			return -ENOMEM;
		all = grown;
		memcpy(all + len, part, n);
		len += n;
		all[len] = '\0';
	}
	if (ret_output) {
		*ret_output = all;
		all = NULL;
	}
	return 0;
}

int child_finish(struct child *child, char **ret_output)
{
	int status, r;

	if (ret_output)
		*ret_output = NULL;
	close(child->in);
	r = read_rest(child, ret_output);
	if (r < 0)
		kill(child->pid, SIGKILL);
	close(child->out);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EPIPE;
}
