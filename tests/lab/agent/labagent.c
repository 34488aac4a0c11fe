// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labagent: runs commands inside a host or a guest of the lab, for the test
 * on the other end of a virtio-serial port. It is process 1 there.
 *
 * Both directions speak lines of words; data are base64. A line that does not
 * parse is ignored, so a stream cut anywhere recovers at the next newline.
 *
 *	run ID TIMEOUT_MS STDIN CMD	sh -c CMD; STDIN 1: fed by "in"; 0: none
 *	in ID DATA			write to its standard input
 *	eof ID				close its standard input
 *	kill ID SIGNAL			signal its process group
 *	ping ID				answer at once
 *
 *	hello BOOT			agent started, or greeted with "hello"
 *	out ID DATA / err ID DATA	output of a command
 *	exit ID CODE SIGNAL TIMEDOUT	it ended; all its output has been sent
 *	pong ID REALTIME MONOTONIC	ns
 *
 * A "run" whose ID is known already is a repetition (the port may move to
 * another host with its guest): its result is sent again if there is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS		64
#define DONE		256		/* results kept for repetitions */
#define CHUNK		12288		/* bytes of output per line */
#define LINE_MAX_LEN	(256 * 1024)

struct job {
	unsigned long id;
	pid_t pid;			/* 0: free slot */
	int fd[3];			/* -1: closed */
	int64_t deadline_ms;		/* 0: none */
	bool timed_out;
	int status;
};

struct result {
	unsigned long id;
	int code, sig, timed_out;
};

struct buffer {
	char *data;
	size_t len, size;
};

static struct job jobs[JOBS];
static struct result done[DONE];
static unsigned int done_next;
static struct buffer in, out;
static int port = -1;
static char boot_id[64] = "unknown";

static void die(const char *what)
{
	fprintf(stderr, "labagent: %s: %s\n", what, strerror(errno));
	sync();
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	exit(1);
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t now_ms(void)
{
	return now_ns(CLOCK_MONOTONIC) / 1000000;
}

static void buffer_reserve(struct buffer *b, size_t more)
{
	size_t size = b->size ? b->size : 65536;

	while (size < b->len + more)
		size *= 2;
	if (size != b->size) {
		b->data = realloc(b->data, size);
		if (!b->data)
			die("memory");
		b->size = size;
	}
}

static void buffer_drop(struct buffer *b, size_t n)
{
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

static const char b64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* "-" stands for no data: every line keeps its number of words. */
static void put_b64(struct buffer *b, const unsigned char *data, size_t n)
{
	size_t i;

	buffer_reserve(b, (n + 2) / 3 * 4 + 1);
	if (!n)
		b->data[b->len++] = '-';
	for (i = 0; i < n; i += 3) {
		uint32_t v = data[i] << 16;

		if (i + 1 < n)
			v |= data[i + 1] << 8;
		if (i + 2 < n)
			v |= data[i + 2];
		b->data[b->len++] = b64[v >> 18];
		b->data[b->len++] = b64[v >> 12 & 63];
		b->data[b->len++] = i + 1 < n ? b64[v >> 6 & 63] : '=';
		b->data[b->len++] = i + 2 < n ? b64[v & 63] : '=';
	}
}

/* Decodes in place; returns the length, or -1 if it is not base64. */
static ssize_t get_b64(char *s)
{
	unsigned int bits = 0;
	uint32_t v = 0;
	size_t n = 0;
	char *p;

	if (!strcmp(s, "-")) {
		*s = '\0';
		return 0;
	}
	if (strlen(s) % 4)
		return -1;
	for (p = s; *p && *p != '='; p++) {
		const char *at = strchr(b64, *p);

		if (!at)
			return -1;
		v = v << 6 | (uint32_t)(at - b64);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			s[n++] = (char)(v >> bits);
		}
	}
	s[n] = '\0';
	return (ssize_t)n;
}

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	va_list ap;
	int n;

	buffer_reserve(&out, 512);
	va_start(ap, format);
	n = vsnprintf(out.data + out.len, 512, format, ap);
	va_end(ap);
	if (n > 0 && n < 512)
		out.len += (size_t)n;
}

static void say_data(const char *verb, unsigned long id,
		     const unsigned char *data, size_t n)
{
	say("%s %lu ", verb, id);
	put_b64(&out, data, n);
	say("\n");
}

static void flush(void)
{
	while (out.len) {
		/* One write is one piece on the ring: keep lines small. */
		ssize_t n = write(port, out.data, out.len < 16384 ? out.len : 16384);

		if (n <= 0)
			return;
		buffer_drop(&out, (size_t)n);
	}
}

static struct job *job_find(unsigned long id)
{
	for (int i = 0; i < JOBS; i++)
		if (jobs[i].pid && jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

static void job_close(struct job *job, int which)
{
	if (job->fd[which] >= 0)
		close(job->fd[which]);
	job->fd[which] = -1;
}

/* Forwards what can be read now. */
static void job_output(struct job *job, int which)
{
	unsigned char data[CHUNK];
	ssize_t n;

	if (job->fd[which] < 0)
		return;
	n = read(job->fd[which], data, sizeof(data));
	if (n > 0)
		say_data(which == 1 ? "out" : "err", job->id, data, (size_t)n);
	else if (!n || errno != EAGAIN)
		job_close(job, which);
}

static void say_result(const struct result *r)
{
	say("exit %lu %d %d %d\n", r->id, r->code, r->sig, r->timed_out);
}

static void job_finish(struct job *job)
{
	struct result *r = &done[done_next++ % DONE];
	int avail;

	for (int which = 1; which <= 2; which++)
		while (job->fd[which] >= 0 &&
		       !ioctl(job->fd[which], FIONREAD, &avail) && avail > 0)
			job_output(job, which);
	for (int which = 0; which < 3; which++)
		job_close(job, which);
	r->id = job->id;
	r->code = WIFEXITED(job->status) ? WEXITSTATUS(job->status) : -1;
	r->sig = WIFSIGNALED(job->status) ? WTERMSIG(job->status) : 0;
	r->timed_out = job->timed_out;
	say_result(r);
	job->pid = 0;
}

static void refuse(unsigned long id, const char *why)
{
	struct result *r = &done[done_next++ % DONE];

	say_data("err", id, (const unsigned char *)why, strlen(why));
	*r = (struct result){ .id = id, .code = 125 };
	say_result(r);
}

static void child(int fds[3][2], bool feed, const char *cmd)
{
	sigset_t none;
	int null;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR);
	dup2(feed ? fds[0][0] : null, 0);
	dup2(fds[1][1], 1);
	dup2(fds[2][1], 2);
	execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
	_exit(127);
}

static void do_run(unsigned long id, long timeout_ms, bool feed, const char *cmd)
{
	struct job *job = NULL;
	int fds[3][2];
	int i;

	if (job_find(id))
		return;
	for (i = 0; i < DONE; i++) {
		if (id && done[i].id == id) {
			say_result(&done[i]);
			return;
		}
	}
	for (i = 0; i < JOBS && !job; i++)
		if (!jobs[i].pid)
			job = &jobs[i];
	if (!job) {
		refuse(id, "labagent: too many commands at once\n");
		return;
	}
	for (i = 0; i < 3; i++)
		if (pipe2(fds[i], O_CLOEXEC))
			die("pipe");

	*job = (struct job){ .id = id };
	job->pid = fork();
	if (job->pid < 0)
		die("fork");
	if (!job->pid)
		child(fds, feed, cmd);
	close(fds[0][0]);
	close(fds[1][1]);
	close(fds[2][1]);
	job->fd[0] = fds[0][1];
	job->fd[1] = fds[1][0];
	job->fd[2] = fds[2][0];
	fcntl(job->fd[1], F_SETFL, O_NONBLOCK);
	fcntl(job->fd[2], F_SETFL, O_NONBLOCK);
	if (!feed)
		job_close(job, 0);
	job->deadline_ms = timeout_ms ? now_ms() + timeout_ms : 0;
}

/* The command is expected to read: the agent waits for it. */
static void do_in(struct job *job, const char *data, size_t n)
{
	while (n && job->fd[0] >= 0) {
		ssize_t done_now = write(job->fd[0], data, n);

		if (done_now < 0) {
			job_close(job, 0);
			return;
		}
		data += done_now;
		n -= (size_t)done_now;
	}
}

static void handle(char *line)
{
	char *word[5] = { NULL };
	struct job *job;
	unsigned long id;
	int words = 0;
	char *save, *w;

	for (w = strtok_r(line, " ", &save); w && words < 5; w = strtok_r(NULL, " ", &save))
		word[words++] = w;
	if (words == 1 && !strcmp(word[0], "hello"))
		say("hello %s\n", boot_id);
	if (words < 2)
		return;
	id = strtoul(word[1], NULL, 10);
	job = job_find(id);
	if (words == 5 && !strcmp(word[0], "run")) {
		if (get_b64(word[4]) >= 0)
			do_run(id, atol(word[2]), !strcmp(word[3], "1"), word[4]);
	} else if (words == 3 && !strcmp(word[0], "in")) {
		ssize_t n = get_b64(word[2]);

		if (job && n > 0)
			do_in(job, word[2], (size_t)n);
	} else if (words == 2 && !strcmp(word[0], "eof")) {
		if (job)
			job_close(job, 0);
	} else if (words == 3 && !strcmp(word[0], "kill")) {
		if (job)
			kill(-job->pid, atoi(word[2]));
	} else if (words == 2 && !strcmp(word[0], "ping")) {
		say("pong %lu %lld %lld\n", id, (long long)now_ns(CLOCK_REALTIME),
		    (long long)now_ns(CLOCK_MONOTONIC));
	}
}

/* Returns 0 at its end: nobody is there on the other side; -1: no port is there any more. */
static int port_input(void)
{
	char *nl;
	ssize_t n;

	buffer_reserve(&in, 65536);
	n = read(port, in.data + in.len, 65536);
	if (n == 0)
		return 0;
	if (n < 0)
		return errno == ENODEV || errno == EPIPE ? -1 : 1;
	in.len += (size_t)n;
	while (in.len && (nl = memchr(in.data, '\n', in.len))) {
		*nl = '\0';
		handle(in.data);
		buffer_drop(&in, (size_t)(nl - in.data) + 1);
	}
	if (in.len > LINE_MAX_LEN)
		in.len = 0;
	return 1;
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < JOBS; i++) {
			if (jobs[i].pid != pid)
				continue;
			jobs[i].status = status;
			job_finish(&jobs[i]);
		}
	}
}

/* Returns how long poll() may wait, ms. */
static int check_deadlines(void)
{
	int64_t now = now_ms(), wait = 10000;

	for (int i = 0; i < JOBS; i++) {
		struct job *job = &jobs[i];

		if (!job->pid || !job->deadline_ms)
			continue;
		if (job->deadline_ms <= now) {
			job->timed_out = true;
			job->deadline_ms = 0;
			kill(-job->pid, SIGKILL);
			kill(job->pid, SIGKILL);
		} else if (job->deadline_ms - now < wait) {
			wait = job->deadline_ms - now;
		}
	}
	return (int)wait;
}

static int port_open(const char *name)
{
	char path[64], text[64];

	for (int tries = 0; tries < 1000; tries++) {
		for (int i = 0; i < 32; i++) {
			ssize_t n;
			int fd;

			snprintf(path, sizeof(path), "/sys/class/virtio-ports/vport%dp%d/name",
				 i / 8, i % 8);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				continue;
			n = read(fd, text, sizeof(text) - 1);
			close(fd);
			text[n > 0 ? n : 0] = '\0';
			text[strcspn(text, "\n")] = '\0';
			if (strcmp(text, name))
				continue;
			snprintf(path, sizeof(path), "/dev/vport%dp%d", i / 8, i % 8);
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			if (fd >= 0)	/* else it is the port that goes */
				return fd;
		}
		poll(NULL, 0, 10);	/* the port appears when its driver has probed */
	}
	errno = ENODEV;
	return -1;
}

/* Its driver was bound anew. */
static void port_again(const char *name)
{
	close(port);
	in.len = 0;
	port = port_open(name);
	if (port < 0)
		die(name);
}

int main(int argc, char **argv)
{
	struct pollfd fds[2 + 2 * JOBS];
	struct job *owner[2 + 2 * JOBS];
	int which[2 + 2 * JOBS];
	sigset_t mask;
	int sig, fd;

	if (argc != 2) {
		fprintf(stderr, "usage: labagent PORT-NAME\n");
		return 2;
	}
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	sig = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	port = port_open(argv[1]);
	if (sig < 0 || port < 0)
		die(argv[1]);
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = read(fd, boot_id, sizeof(boot_id) - 1);

		boot_id[n > 0 ? n : 0] = '\0';
		boot_id[strcspn(boot_id, "\n")] = '\0';
		close(fd);
	}
	say("\nhello %s\n", boot_id);

	for (;;) {
		bool gone = false;
		int n = 0, wait;

		flush();
		fds[n++] = (struct pollfd){ .fd = port, .events = (short)
			(POLLIN | (out.len ? POLLOUT : 0)) };
		fds[n++] = (struct pollfd){ .fd = sig, .events = POLLIN };
		for (int i = 0; i < JOBS; i++) {
			for (int w = 1; jobs[i].pid && w <= 2; w++) {
				/* Unsent output is held back to bound memory. */
				if (jobs[i].fd[w] < 0 || out.len > 1 << 20)
					continue;
				owner[n] = &jobs[i];
				which[n] = w;
				fds[n++] = (struct pollfd){ .fd = jobs[i].fd[w],
							    .events = POLLIN };
			}
		}
		wait = check_deadlines();
		if (poll(fds, (nfds_t)n, wait) < 0 && errno != EINTR)
			die("poll");
		if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			int got = port_input();

			gone = got == 0;
			if (got < 0)
				port_again(argv[1]);
		}
		for (int i = 2; i < n; i++)
			if (fds[i].revents)
				job_output(owner[i], which[i]);
		if (fds[1].revents) {
			struct signalfd_siginfo info;

			while (read(sig, &info, sizeof(info)) > 0)
				;
			reap();
		}
		if (gone)
			poll(NULL, 0, 10);	/* nobody listens: POLLHUP would spin */
	}
}
