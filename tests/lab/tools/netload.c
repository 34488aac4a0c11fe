// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netload - load on a host's network, and what the other side sees of it
 *
 *   netload serve PORT
 *   netload run LOAD ADDRESS PORT DEVICE
 *
 * "serve" takes TCP connections, whose first byte says what the client wants, R:
 * to be received from, T: to be sent to, both at full speed; and sends UDP datagrams
 * back. "run" makes the load and watches the interface DEVICE for anything that comes
 * from ADDRESS (IPv4; its announcements do not count):
 *
 *   idle  nothing but watching
 *   rx    TCP, the server receives
 *   tx    TCP, the server sends
 *   udp   UDP, 64 bytes, 16 of them under way at any time
 *   rr    UDP, 64 bytes, one after another
 *
 * Every line on standard input ends a measuring window and prints one JSON object:
 *
 *   begin          when the window began, CLOCK_REALTIME, seconds
 *   bin_ms, bytes  progress in each bin: acknowledged by, received from, answered
 *   gaps           [begin, end] of each time of GAP_MS and longer in which nothing was
 *                  heard from ADDRESS
 *   stalls         the same of times without progress of a TCP stream
 *   frames         heard from ADDRESS
 *   sent, lost     datagrams of udp and rr
 *   rtt_us         udp and rr: [ms since begin, us] of each answer, at most RTT_MAX
 *   resets         TCP connections that ended
 *
 * End of standard input ends the program.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define MS		INT64_C(1000000)	/* ns */
#define TICK_MS		2
#define BIN_MS		20
#define BINS		15000			/* five minutes */
#define GAP_MS		15
#define GAPS		4096
#define CHUNK		65536
#define SIZE		64			/* of a datagram */
#define WINDOW_MAX	16
#define GIVE_UP_MS	30			/* a datagram is lost, the next is sent */
#define RTT_MAX		200000

static uint8_t chunk[CHUNK];

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR || errno == EINPROGRESS;
}

/* The server. */

static int server_socket(int type, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = port };
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    (type == SOCK_STREAM && listen(fd, 16)))
		return -1;
	return fd;
}

static int epoll_watch(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, op, fd, &e);
}

static void send_back(int fd)
{
	int i;

	for (i = 0; i < WINDOW_MAX; i++) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, chunk, CHUNK, 0, (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		/* What cannot be sent is lost: that is measured. */
		if (sendto(fd, chunk, n, 0, (struct sockaddr *)&from, len) < 0)
			continue;
	}
}

/* One connection: its first byte, and then the load. Returns false: it has ended. */
static bool serve_stream(int ep, int fd, uint32_t events)
{
	ssize_t n;

	if (events & EPOLLIN) {
		n = recv(fd, chunk, CHUNK, 0);
		if (!n || (n < 0 && !again()))
			return false;
		if (n > 0 && chunk[0] == 'T')
			epoll_watch(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
	}
	if (events & EPOLLOUT) {
		n = send(fd, chunk, CHUNK, MSG_NOSIGNAL);
		if (n < 0 && !again())
			return false;
	}
	return !(events & (EPOLLERR | EPOLLHUP));
}

static int serve(uint16_t port)
{
	int tcp = server_socket(SOCK_STREAM, port), udp = server_socket(SOCK_DGRAM, port);
	int ep = epoll_create1(0);

	if (tcp < 0 || udp < 0 || ep < 0 || epoll_watch(ep, EPOLL_CTL_ADD, tcp, EPOLLIN) ||
	    epoll_watch(ep, EPOLL_CTL_ADD, udp, EPOLLIN))
		return fail("setup");
	for (;;) {
		struct epoll_event e[8];
		int i, n = epoll_wait(ep, e, 8, -1);

		for (i = 0; i < n; i++) {
			int fd = e[i].data.fd;

			if (fd == udp) {
				send_back(udp);
			} else if (fd == tcp) {
				int new = accept4(tcp, NULL, NULL, SOCK_NONBLOCK);

				if (new >= 0)
					epoll_watch(ep, EPOLL_CTL_ADD, new, EPOLLIN);
			} else if (!serve_stream(ep, fd, e[i].events)) {
				close(fd);
			}
		}
	}
}

/* Times in which nothing happened. */
struct gaps {
	int64_t last;			/* 0: nothing yet */
	size_t count;
	struct { int64_t begin, end; } gap[GAPS];
};

static void gaps_end(struct gaps *g, int64_t at)
{
	if (g->last && at - g->last >= GAP_MS * MS && g->count < GAPS) {
		g->gap[g->count].begin = g->last;
		g->gap[g->count++].end = at;
	}
}

static void gaps_hit(struct gaps *g, int64_t at)
{
	if (at < g->last)
		return;
	gaps_end(g, at);
	g->last = at;
}

static void gaps_print(const char *name, struct gaps *g, int64_t at)
{
	size_t i;

	gaps_end(g, at);	/* that has not ended is one all the same */
	printf(",\"%s\":[", name);
	for (i = 0; i < g->count; i++)
		printf("%s[%.6f,%.6f]", i ? "," : "", g->gap[i].begin / 1e9,
		       g->gap[i].end / 1e9);
	printf("]");
	g->count = 0;
}

struct datagram {
	uint64_t seq;
	int64_t sent;
	uint8_t rest[SIZE - 16];
};

static_assert(sizeof(struct datagram) == SIZE);

enum load { IDLE, RX, TX, UDP, RR };

static const char *const loads[] = { "idle", "rx", "tx", "udp", "rr" };

struct run {
	enum load load;
	struct sockaddr_in to;
	int fd;				/* of the load, -1: none */
	int watch;
	int64_t begin;
	uint64_t bytes[BINS];
	size_t bins;			/* in use */
	uint64_t frames, sent, answered, resets;
	uint64_t acked;			/* by the connection so far */
	bool connected;
	int64_t dialled;
	struct gaps gaps, stalls;
	uint64_t next_seq;
	struct { uint64_t seq; int64_t sent; } under_way[WINDOW_MAX];
	struct { float ms; uint32_t us; } *rtt;
	size_t rtts;
};

static bool is_tcp(const struct run *r)
{
	return r->load == RX || r->load == TX;
}

static void progress(struct run *r, int64_t at, uint64_t bytes)
{
	size_t bin = (at - r->begin) / (BIN_MS * MS);

	if (at < r->begin || bin >= BINS)
		return;
	if (bin >= r->bins)
		r->bins = bin + 1;
	r->bytes[bin] += bytes;
	gaps_hit(&r->stalls, at);
}

/* Begin to connect. */
static void dial(struct run *r)
{
	r->dialled = realtime_ns();
	r->connected = false;
	r->acked = 0;
	r->fd = socket(AF_INET, (is_tcp(r) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
	if (r->fd >= 0 && connect(r->fd, (struct sockaddr *)&r->to, sizeof(r->to)) && !again()) {
		close(r->fd);
		r->fd = -1;
	}
}

static void hang_up(struct run *r)
{
	close(r->fd);
	r->fd = -1;
	r->resets++;
}

static void tcp_ready(struct run *r, short events)
{
	ssize_t n;

	if (!r->connected) {
		int err = 0;
		socklen_t len = sizeof(err);

		if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &err, &len) || err ||
		    send(r->fd, r->load == RX ? "R" : "T", 1, MSG_NOSIGNAL) != 1) {
			hang_up(r);
			return;
		}
		r->connected = true;
	}
	if (r->load == RX && events & POLLOUT) {
		n = send(r->fd, chunk, CHUNK, MSG_NOSIGNAL);
		if (n < 0 && !again())
			hang_up(r);
	} else if (events & (POLLIN | POLLERR | POLLHUP)) {
		n = recv(r->fd, chunk, CHUNK, 0);
		if (!n || (n < 0 && !again()))
			hang_up(r);
		else if (n > 0)
			progress(r, realtime_ns(), n);
	}
}

/* What the server has acknowledged since last time. */
static void count_acked(struct run *r)
{
	struct tcp_info info = {};
	socklen_t len = sizeof(info);

	if (r->fd < 0 || !r->connected ||
	    getsockopt(r->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return;
	if (info.tcpi_bytes_acked > r->acked)
		progress(r, realtime_ns(), info.tcpi_bytes_acked - r->acked);
	r->acked = info.tcpi_bytes_acked;
}

static void send_datagram(struct run *r, unsigned int slot)
{
	struct datagram d = { .seq = r->next_seq++, .sent = realtime_ns() };

	r->under_way[slot].seq = d.seq;
	r->under_way[slot].sent = d.sent;
	r->sent++;
	/* An error of an earlier one is told here; what cannot leave is lost. */
	if (send(r->fd, &d, sizeof(d), 0) < 0 && errno == ECONNREFUSED)
		(void)!send(r->fd, &d, sizeof(d), 0);
}

static unsigned int window(const struct run *r)
{
	return r->load == RR ? 1 : WINDOW_MAX;
}

static void take_answers(struct run *r)
{
	struct datagram d;
	ssize_t n;

	while ((n = recv(r->fd, &d, sizeof(d), MSG_DONTWAIT)) >= 0) {
		int64_t at = realtime_ns();
		unsigned int i;

		if (n != sizeof(d))
			continue;
		for (i = 0; i < window(r); i++)
			if (r->under_way[i].sent && r->under_way[i].seq == d.seq)
				break;
		if (i == window(r))
			continue;	/* given up */
		r->answered++;
		progress(r, at, SIZE);
		if (r->rtts < RTT_MAX) {
			r->rtt[r->rtts].ms = (at - r->begin) / 1e6;
			r->rtt[r->rtts++].us = (at - d.sent) / 1000;
		}
		send_datagram(r, i);
	}
}

static void give_up(struct run *r)
{
	int64_t before = realtime_ns() - GIVE_UP_MS * MS;
	unsigned int i;

	for (i = 0; i < window(r); i++)
		if (r->under_way[i].sent < before)
			send_datagram(r, i);
}

static int watch_open(const char *device, struct in_addr from)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(from.s_addr), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 64),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int on = 1, buffer = 8 << 20;

	if (!a.sll_ifindex || fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	return fd;
}

#define BATCH	64

static void watch_take(struct run *r)
{
	static char control[BATCH][64];
	static char data[BATCH][64];
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	int i, n;

	do {
		for (i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec) { data[i], sizeof(data[i]) };
			m[i].msg_hdr = (struct msghdr) {
				.msg_iov = &iov[i], .msg_iovlen = 1,
				.msg_control = control[i], .msg_controllen = sizeof(control[i]),
			};
		}
		n = recvmmsg(r->watch, m, BATCH, MSG_DONTWAIT, NULL);
		for (i = 0; i < n; i++) {
			struct cmsghdr *c = CMSG_FIRSTHDR(&m[i].msg_hdr);
			struct timespec t;

			r->frames++;
			if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
				continue;
			memcpy(&t, CMSG_DATA(c), sizeof(t));
			gaps_hit(&r->gaps, t.tv_sec * INT64_C(1000000000) + t.tv_nsec);
		}
	} while (n == BATCH);
}

static void window_end(struct run *r)
{
	int64_t at = realtime_ns();
	uint64_t waiting = is_tcp(r) || r->load == IDLE ? 0 : window(r);
	size_t i;

	watch_take(r);
	printf("{\"begin\":%.6f,\"end\":%.6f,\"bin_ms\":%d,\"bytes\":[", r->begin / 1e9, at / 1e9,
	       BIN_MS);
	for (i = 0; i < r->bins; i++)
		printf("%s%" PRIu64, i ? "," : "", r->bytes[i]);
	printf("]");
	gaps_print("gaps", &r->gaps, at);
	gaps_print("stalls", &r->stalls, at);
	printf(",\"frames\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"lost\":%" PRIu64
	       ",\"resets\":%" PRIu64 ",\"rtt_us\":[", r->frames, r->sent,
	       r->sent > r->answered + waiting ? r->sent - r->answered - waiting : 0, r->resets);
	for (i = 0; i < r->rtts; i++)
		printf("%s[%.1f,%u]", i ? "," : "", r->rtt[i].ms, r->rtt[i].us);
	printf("]}\n");
	fflush(stdout);

	memset(r->bytes, 0, sizeof(r->bytes));
	r->bins = r->rtts = 0;
	r->frames = r->answered = r->resets = 0;
	r->sent = waiting;
	r->begin = at;
}

static void tick(struct run *r)
{
	if (r->load == IDLE)
		return;
	if (r->fd < 0 && realtime_ns() - r->dialled > 100 * MS)
		dial(r);
	if (r->fd < 0)
		return;
	if (r->load == RX)
		count_acked(r);
	if (!is_tcp(r))
		give_up(r);
}

static short wanted(const struct run *r)
{
	if (!r->connected && is_tcp(r))
		return POLLOUT;
	return r->load == RX ? POLLOUT : POLLIN;
}

static int run(struct run *r)
{
	struct itimerspec every = {
		.it_interval = { 0, TICK_MS * MS }, .it_value = { 0, TICK_MS * MS },
	};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	r->rtt = calloc(RTT_MAX, sizeof(*r->rtt));
	if (!r->rtt || timer < 0 || timerfd_settime(timer, 0, &every, NULL))
		return fail("setup");
	r->begin = realtime_ns();
	r->fd = -1;
	if (r->load != IDLE)
		dial(r);
	for (;;) {
		struct pollfd p[] = {
			{ timer, POLLIN, 0 }, { r->watch, POLLIN, 0 },
			{ STDIN_FILENO, POLLIN, 0 }, { r->fd, wanted(r), 0 },
		};

		if (poll(p, 4, -1) < 0 && errno != EINTR)
			return fail("poll");
		if (p[1].revents)
			watch_take(r);
		if (p[3].revents && is_tcp(r))
			tcp_ready(r, p[3].revents);
		else if (p[3].revents)
			take_answers(r);
		if (p[0].revents) {
			uint64_t ticks;

			if (read(timer, &ticks, sizeof(ticks)) > 0)
				tick(r);
		}
		if (p[2].revents) {
			char line[256];
			ssize_t n = read(STDIN_FILENO, line, sizeof(line));

			if (n <= 0)
				return 0;
			while (n--)
				if (line[n] == '\n')
					window_end(r);
		}
	}
}

int main(int argc, char **argv)
{
	static struct run r;
	uint16_t port;
	size_t i;

	if (argc == 3 && !strcmp(argv[1], "serve"))
		return parse_port(argv[2], &port) ? 2 : serve(port);
	if (argc != 6 || strcmp(argv[1], "run") || parse_port(argv[4], &port))
		goto usage;
	for (i = 0; i < sizeof(loads) / sizeof(*loads) && strcmp(argv[2], loads[i]); i++)
		;
	if (i == sizeof(loads) / sizeof(*loads))
		goto usage;
	r.load = i;
	r.to = (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = port };
	if (inet_pton(AF_INET, argv[3], &r.to.sin_addr) != 1)
		goto usage;
	r.watch = watch_open(argv[5], r.to.sin_addr);
	if (r.watch < 0)
		return fail(argv[5]);
	return run(&r);
usage:
	fprintf(stderr, "usage: netload serve PORT | netload run idle|rx|tx|udp|rr ADDRESS PORT DEVICE\n");
	return 2;
}
