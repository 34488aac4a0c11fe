// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry on another host; see remote.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "pf.h"
#include "remote.h"

#define MAX_WORDS	16
#define MAX_OUTPUT	(4 << 20)

/* In the child: becomes ssh, or ends with what ssh ends with when it cannot connect */
static void become_ssh(const char *host, const char *const *words, int in, int out)
{
	const char *argv[MAX_WORDS + 12] = {
		getenv("VFERRY_SSH") ?: "ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
		"-T", "--", host, "vferry",
	};
	sigset_t none;
	int n = 9, i;

	for (i = 0; words[i] && i < MAX_WORDS; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "vferry: %s: %s\n", argv[0], strerror(errno));
	_exit(255);
}

int remote_start(struct remote *remote, const char *host, const char *const *words)
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
	remote->pid = fork();
	if (!remote->pid)
		become_ssh(host, words, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	remote->in = in[1];
	remote->out = out[0];
	return remote->pid < 0 ? -errno : 0;
}

static int wait_output(struct remote *remote, uint64_t until_ns)
{
	struct pollfd p = { .fd = remote->out, .events = POLLIN };
	uint64_t now = now_ns();
	int r;

	do
		r = poll(&p, 1, now < until_ns ? (until_ns - now) / 1000000 + 1 : 0);
	while (r < 0 && errno == EINTR && (now = now_ns()) < until_ns);
	return r > 0 ? 0 : -ETIMEDOUT;
}

int remote_line(struct remote *remote, char *buf, size_t size, unsigned int ms)
{
	uint64_t until = from_now_ns(ms);
	size_t len = 0;
	int r;

	while (len + 1 < size) {
		r = wait_output(remote, until);
		if (r < 0)
			return r;
		if (read(remote->out, buf + len, 1) <= 0)
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
static int read_rest(struct remote *remote, char **ret_output)
{
	uint64_t until = from_now_ns(REMOTE_MS);
	_cleanup_free_ char *all = NULL;
	char part[4096], *grown;
	size_t len = 0;
	ssize_t n;
	int r;

	for (;;) {
		r = wait_output(remote, until);
		if (r < 0)
			return r;
		n = read(remote->out, part, sizeof(part));
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

int remote_finish(struct remote *remote, char **ret_output)
{
	int status, r;

	if (ret_output)
		*ret_output = NULL;
	close(remote->in);
	r = read_rest(remote, ret_output);
	if (r < 0)
		kill(remote->pid, SIGKILL);
	close(remote->out);
	while (waitpid(remote->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EPIPE;
}
