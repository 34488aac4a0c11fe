// SPDX-License-Identifier: GPL-2.0-or-later
/* Another program; see child.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "pf.h"
#include "text.h"

#define MAX_OUTPUT	(4 << 20)
#define LAST_WORDS	(64 << 10)

/* In the child: becomes the program, or ends with what a shell ends with */
static void become(const char *const *argv, int in, int out, int err)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "vferry: %s: %s\n", argv[0], strerror(errno));
	_exit(CHILD_CANNOT);
}

static void close_both(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* Pipes for its input, output and errors, all or none; 0 or -errno */
static int make_pipes(int fds[3][2])
{
	int i, r;

	for (i = 0; i < 3; i++) {
		if (!pipe2(fds[i], O_CLOEXEC))
			continue;
		r = -errno;
		while (i--)
			close_both(fds[i]);
		return r;
	}
	return 0;
}

int child_start(struct child *child, const char *const *argv)
{
	int fds[3][2], r;

	*child = (struct child) { .pid = -1 };
	r = make_pipes(fds);
	if (r < 0)
		return r;
	fflush(NULL);
	child->pid = fork();
	if (!child->pid)
		become(argv, fds[0][0], fds[1][1], fds[2][1]);
	r = child->pid < 0 ? -errno : 0;
	if (r < 0) {
		close_both(fds[0]);
		close_both(fds[1]);
		close_both(fds[2]);
		return r;
	}
	close(fds[0][0]);
	close(fds[1][1]);
	close(fds[2][1]);
	child->in = fds[0][1];
	child->out = fds[1][0];
	child->err = fds[2][0];
	fcntl(child->err, F_SETFL, O_NONBLOCK);
	return 0;
}

static void pass_line(struct child *child)
{
	size_t len = child->len;

	if (len && child->line[len - 1] == '\r')	/* ssh ends some with both */
		len--;
	fflush(stdout);
	text_print(stderr, "%.*s\n", (int)len, child->line);
	child->len = 0;
}

static void close_errors(struct child *child)
{
	close(child->err);
	child->err = -1;
}

/* What is there of its standard error, or a part of it. Its size; 0: nothing now, or its end */
static ssize_t pass_errors(struct child *child)
{
	char part[4096];
	ssize_t n, i;

	n = read(child->err, part, sizeof(part));
	for (i = 0; i < n; i++) {
		if (part[i] != '\n')
			child->line[child->len++] = part[i] ? part[i] : '?';
		if (part[i] == '\n' || child->len == sizeof(child->line))
			pass_line(child);
	}
	if (!n)
		close_errors(child);
	return n < 0 ? 0 : n;
}

/*
 * Its last words, as many as a pipe has room for. Whoever else has its standard error open is
 * not waited for.
 */
static void end_errors(struct child *child)
{
	ssize_t n, len = 0;

	while (child->err >= 0 && len < LAST_WORDS && (n = pass_errors(child)))
		len += n;
	if (child->len)
		pass_line(child);
	if (child->err >= 0)
		close_errors(child);
}

/* Until @fd is readable, passing errors on: 0; or -ETIMEDOUT */
static int wait_readable(struct child *child, int fd, uint64_t until_ns)
{
	uint64_t now = now_ns();
	int r;

	do {
		struct pollfd p[] = {
			{ .fd = fd, .events = POLLIN }, { .fd = child->err, .events = POLLIN },
		};

		r = poll(p, 2, now < until_ns ? (until_ns - now) / 1000000 + 1 : 0);
		if (r > 0 && p[1].revents)
			pass_errors(child);
		if (r > 0 && p[0].revents)
			return 0;
		now = now_ns();
	} while ((r > 0 || (r < 0 && errno == EINTR)) && now < until_ns);
	return -ETIMEDOUT;
}

int child_line(struct child *child, char *buf, size_t size, unsigned int ms)
{
	uint64_t until = from_now_ns(ms);
	size_t len = 0;
	int r;

	while (len + 1 < size) {
		r = wait_readable(child, child->out, until);
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

/* All that it says until its output ends: 0, -ETIMEDOUT, -EMSGSIZE, -ENOMEM */
static int read_rest(struct child *child, uint64_t until, char **ret_output)
{
	_cleanup_free_ char *all = NULL;
	char part[4096], *grown;
	size_t len = 0;
	ssize_t n;
	int r;

	for (;;) {
		r = wait_readable(child, child->out, until);
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

/* Without output it may go on, and say on standard error what it likes. 0 or -errno */
static int wait_end(struct child *child, uint64_t until)
{
	_cleanup_close_ int fd = pidfd_open(child->pid, 0);

	return fd < 0 ? -errno : wait_readable(child, fd, until);
}

int child_finish(struct child *child, char **ret_output)
{
	uint64_t until = from_now_ns(CHILD_MS);
	int status, r;

	if (ret_output)
		*ret_output = NULL;
	close(child->in);
	r = read_rest(child, until, ret_output);
	if (!r)
		r = wait_end(child, until);
	if (r < 0)
		kill(child->pid, SIGKILL);
	close(child->out);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	end_errors(child);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EPIPE;
}
