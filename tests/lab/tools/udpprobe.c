// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * udpprobe - measures for how long a host does not answer
 *
 *   udpprobe echo PORT
 *   udpprobe probe ADDRESS PORT [INTERVAL_US]
 *
 * "probe" sends a datagram every INTERVAL_US (default 1000) and takes the
 * kernel's time stamp of each answer. That is the datagram, sent back by
 * "echo"; or the word of a host's kernel that nobody listens (ICMP port
 * unreachable, RFC 792), which holds it too and costs that host far less. Every line on standard input ends a
 * measuring window and prints one JSON object about it:
 *
 *   sent, lost          datagrams; lost: not answered 300 ms after the window
 *   gap_ms              longest time between two answers that followed each other
 *   gap_begin, gap_end  when that was, CLOCK_REALTIME, seconds
 *   send_gap_ms         longest time between two datagrams sent: what this
 *                       machine's own scheduling may have added to gap_ms
 *
 * End of standard input ends the program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define LATE_MS		300	/* how long an answer may take at most */
#define WINDOW_MAX	(1u << 22)	/* probes that one window can tell apart */

struct datagram {
	uint64_t magic;
	uint64_t seq;
};

#define MAGIC	UINT64_C(0x7666657272790001)

struct window {
	uint64_t first_seq;	/* sequence number of the first probe */
	uint64_t next_seq;
	uint64_t answered;
	int64_t last_answer;	/* ns, 0: none in this window */
	int64_t last_send;
	int64_t gap, gap_begin, gap_end;
	int64_t send_gap;
	uint8_t *seen;		/* a bit for each probe */
};

static int echo(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = port };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char buf[2048];

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		return fail("bind");

	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n < 0 && errno != EINTR && errno != ENETDOWN)
			return fail("receive");
		/* An answer that cannot be sent is a probe lost: that is measured. */
		if (n > 0 && sendto(fd, buf, n, 0, (struct sockaddr *)&from, len) < 0)
			continue;
	}
}

static void window_begin(struct window *w)
{
	memset(w->seen, 0, WINDOW_MAX / 8);
	w->first_seq = w->next_seq;
	w->answered = 0;
	w->last_answer = w->last_send = 0;
	w->gap = w->gap_begin = w->gap_end = w->send_gap = 0;
}

static void answer(struct window *w, uint64_t seq, int64_t at)
{
	uint64_t i = seq - w->first_seq;

	if (seq < w->first_seq || seq >= w->next_seq || i >= WINDOW_MAX ||
	    w->seen[i / 8] & 1 << i % 8)
		return;
	w->seen[i / 8] |= 1 << i % 8;
	w->answered++;
	if (w->last_answer && at - w->last_answer > w->gap) {
		w->gap = at - w->last_answer;
		w->gap_begin = w->last_answer;
		w->gap_end = at;
	}
	w->last_answer = at;
}

/* One answer of either kind, with its time. Returns false: there is none. */
static bool receive_one(struct window *w, int fd, int flags)
{
	struct datagram d;
	struct iovec iov = { &d, sizeof(d) };
	char control[512];
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int64_t at = realtime_ns();
	ssize_t n;

	n = recvmsg(fd, &msg, MSG_DONTWAIT | flags);
	if (n < 0)
		return false;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct sock_extended_err e;
		struct timespec t;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&t, CMSG_DATA(c), sizeof(t));
			at = t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) {
			memcpy(&e, CMSG_DATA(c), sizeof(e));
			/* Host unreachable, from our own kernel, is no answer. */
			if (e.ee_origin != SO_EE_ORIGIN_ICMP || e.ee_errno != ECONNREFUSED)
				return true;
		}
	}
	if (n == sizeof(d) && d.magic == MAGIC)
		answer(w, d.seq, at);
	return true;
}

static void receive(struct window *w, int fd)
{
	while (receive_one(w, fd, 0) || receive_one(w, fd, MSG_ERRQUEUE))
		;
}

static void send_one(struct window *w, int fd)
{
	struct datagram d = { MAGIC, w->next_seq++ };
	int64_t at = realtime_ns();
	int tries;

	if (w->last_send && at - w->last_send > w->send_gap)
		w->send_gap = at - w->last_send;
	w->last_send = at;
	/*
	 * An error that came in meanwhile is told here once, and nothing is sent
	 * then. What cannot be sent at all (no neighbour) is not answered either.
	 */
	for (tries = 0; tries < 3; tries++)
		if (send(fd, &d, sizeof(d), MSG_DONTWAIT) >= 0 || errno == EAGAIN)
			return;
}

/* Wait for late answers, print, begin the next window. */
static void window_end(struct window *w, int fd)
{
	int64_t until = realtime_ns() + LATE_MS * INT64_C(1000000);
	uint64_t sent = w->next_seq - w->first_seq;
	int64_t left;

	/* A gap that has not ended by now is a gap all the same. */
	while (w->answered < sent && (left = until - realtime_ns()) > 0) {
		struct pollfd p = { fd, POLLIN, 0 };

		if (poll(&p, 1, left / 1000000 + 1) > 0)
			receive(w, fd);
	}
	if (w->last_answer && w->last_send - w->last_answer > w->gap) {
		w->gap = w->last_send - w->last_answer;
		w->gap_begin = w->last_answer;
		w->gap_end = w->last_send;
	}
	printf("{\"sent\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"gap_ms\":%.3f,"
	       "\"gap_begin\":%.6f,\"gap_end\":%.6f,\"send_gap_ms\":%.3f}\n",
	       sent, sent - w->answered, w->gap / 1e6, w->gap_begin / 1e9,
	       w->gap_end / 1e9, w->send_gap / 1e6);
	fflush(stdout);
	window_begin(w);
}

static int probe(const char *address, uint16_t port, long interval_us)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = port };
	struct itimerspec every = {
		.it_interval = { interval_us / 1000000, interval_us % 1000000 * 1000 },
		.it_value = { 0, 1 },
	};
	struct window w = { .seen = calloc(1, WINDOW_MAX / 8) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	int on = 1;

	if (inet_pton(AF_INET, address, &a.sin_addr) != 1) {
		fprintf(stderr, "udpprobe: '%s' is not an IPv4 address\n", address);
		return 2;
	}
	if (!w.seen || fd < 0 || timer < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    timerfd_settime(timer, 0, &every, NULL))
		return fail("setup");
	window_begin(&w);

	for (;;) {
		struct pollfd p[] = {
			{ timer, POLLIN, 0 }, { fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 },
		};

		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return fail("poll");
		if (p[1].revents)
			receive(&w, fd);
		if (p[0].revents) {
			uint64_t ticks;

			if (read(timer, &ticks, sizeof(ticks)) < 0)
				return fail("timer");
			send_one(&w, fd);
		}
		if (p[2].revents) {
			char line[256];
			ssize_t n = read(STDIN_FILENO, line, sizeof(line));

			if (n <= 0)
				return 0;
			while (n--)
				if (line[n] == '\n')
					window_end(&w, fd);
		}
	}
}

int main(int argc, char **argv)
{
	long interval_us = 1000;
	uint16_t port;

	if (argc == 3 && !strcmp(argv[1], "echo"))
		return parse_port(argv[2], &port) ? 2 : echo(port);

	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "probe")) {
		if (argc == 5)
			interval_us = atol(argv[4]);
		if (interval_us < 100) {
			fprintf(stderr, "udpprobe: the interval is at least 100 us\n");
			return 2;
		}
		return parse_port(argv[3], &port) ? 2 : probe(argv[2], port, interval_us);
	}
	fprintf(stderr, "usage: udpprobe echo PORT | udpprobe probe ADDRESS PORT [INTERVAL_US]\n");
	return 2;
}
