// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcpcheck - TCP streams whose content is verified byte by byte
 *
 *   tcpcheck serve PORT
 *   tcpcheck run ADDRESS PORT [BYTES_PER_SECOND]
 *   tcpcheck hold PORT [RCVBUF]
 *   tcpcheck fill ADDRESS PORT BYTES
 *
 * "serve" answers any number of connections; the first byte of each says what
 * the client wants: G: generate a stream for the client to verify; S: sink and
 * verify the client's stream, sending a struct report back now and then.
 *
 * "run" opens one connection of each kind. Every line on standard input ends
 * a window and prints one JSON object: bytes verified by either side
 * in the window (rx_bytes by us, tx_bytes by the server), corrupt bytes, and
 * resets: connections that ended. End of standard input ends the program.
 *
 * "hold" takes one connection and does not touch its data until a line comes
 * on standard input: the data waits in the kernel, where the NIC has put
 * it. Then it reads everything that came, verifies it, and prints JSON. "fill"
 * sends it that many bytes and waits until they are acknowledged.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define CHUNK		16384
#define CONNS		32
#define REPORT_MS	50
#define SEED		UINT64_C(0x766665727279)

/* What the sink tells the client, now and then; host order: both are x86. */
struct report {
	uint64_t good;
	uint64_t corrupt;
};

struct conn {
	int fd;
	char kind;		/* 0: not known yet, 'G' or 'S' */
	uint64_t offset;	/* of the next byte generated or verified */
	struct report total;
	int64_t reported;	/* ms */
	uint8_t part[sizeof(struct report)];	/* of a report, as it comes in */
	size_t part_len;
	uint8_t pending[CHUNK];	/* generated, not sent yet */
	size_t pending_len, pending_pos;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Byte number @offset of the stream: splitmix64 of its eight-byte block. */
static uint64_t block(uint64_t index)
{
	uint64_t z = SEED + index * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void generate(uint64_t offset, uint8_t *buf, size_t len)
{
	uint64_t word = block(offset / 8);
	size_t i;

	for (i = 0; i < len; i++, offset++) {
		if (offset % 8 == 0)
			word = block(offset / 8);
		buf[i] = word >> 8 * (offset % 8);
	}
}

static uint64_t verify(uint64_t offset, const uint8_t *buf, size_t len)
{
	static uint8_t want[CHUNK];
	uint64_t wrong = 0;
	size_t i;

	generate(offset, want, len);
	if (!memcmp(want, buf, len))
		return 0;
	for (i = 0; i < len; i++)
		wrong += want[i] != buf[i];
	return wrong;
}

static int parse_address(const char *host, const char *port, struct sockaddr_in *ret)
{
	char *end;
	long p = strtol(port, &end, 10);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET };
	if (!*port || *end || p < 1 || p > 65535) {
		fprintf(stderr, "tcpcheck: '%s' is not a port\n", port);
		return -EINVAL;
	}
	if (host && inet_pton(AF_INET, host, &ret->sin_addr) != 1) {
		fprintf(stderr, "tcpcheck: '%s' is not an IPv4 address\n", host);
		return -EINVAL;
	}
	ret->sin_port = htons(p);
	return 0;
}

static int listen_at(const struct sockaddr_in *a, int rcvbuf)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (rcvbuf && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf))) ||
	    bind(fd, (const struct sockaddr *)a, sizeof(*a)) || listen(fd, 16))
		return -1;
	return fd;
}

static int dial(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof(*a)))
		return -1;
	return fd;
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Receive and verify what is there. Returns false when the connection ended. */
static bool sink(struct conn *c, size_t budget)
{
	uint8_t buf[CHUNK];
	uint64_t wrong;
	ssize_t n;

	n = recv(c->fd, buf, budget < sizeof(buf) ? budget : sizeof(buf), MSG_DONTWAIT);
	if (n < 0)
		return again();
	if (!n)
		return false;
	wrong = verify(c->offset, buf, n);
	c->offset += n;
	c->total.good += n - wrong;
	c->total.corrupt += wrong;
	return true;
}

/* Generate and send; @budget bytes at most. */
static bool source(struct conn *c, size_t budget)
{
	ssize_t n;

	if (c->pending_pos == c->pending_len) {
		c->pending_len = budget < CHUNK ? budget : CHUNK;
		c->pending_pos = 0;
		generate(c->offset, c->pending, c->pending_len);
		c->offset += c->pending_len;
	}
	n = send(c->fd, c->pending + c->pending_pos, c->pending_len - c->pending_pos,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return again();
	c->pending_pos += n;
	return true;
}

/* The sink's word on how much has arrived: whole reports only. */
static bool send_report(struct conn *c)
{
	ssize_t n;

	if (now_ms() - c->reported < REPORT_MS)
		return true;
	n = send(c->fd, &c->total, sizeof(c->total), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return again();
	/* 16 bytes into an empty send buffer are never split. */
	if (n != sizeof(c->total))
		return false;
	c->reported = now_ms();
	return true;
}

static bool receive_report(struct conn *c)
{
	for (;;) {
		ssize_t n = recv(c->fd, c->part + c->part_len,
				 sizeof(c->part) - c->part_len, MSG_DONTWAIT);

		if (n < 0)
			return again();
		if (!n)
			return false;
		c->part_len += n;
		if (c->part_len == sizeof(c->part)) {
			memcpy(&c->total, c->part, sizeof(c->total));
			c->part_len = 0;
		}
	}
}

static bool serve_one(struct conn *c, short events)
{
	if (!c->kind) {
		ssize_t n = recv(c->fd, &c->kind, 1, MSG_DONTWAIT);

		if (n < 0)
			return again();
		return n == 1 && (c->kind == 'G' || c->kind == 'S');
	}
	if (c->kind == 'G')
		return !(events & (POLLERR | POLLHUP | POLLRDHUP)) &&
		       (!(events & POLLOUT) || source(c, CHUNK));
	if ((events & (POLLIN | POLLERR | POLLHUP)) && !sink(c, CHUNK))
		return false;
	return send_report(c);
}

static int serve(const struct sockaddr_in *a)
{
	static struct conn conns[CONNS];
	struct pollfd p[CONNS + 1];
	int listener = listen_at(a, 0);
	int count = 0, i;

	if (listener < 0)
		return fail("listen");

	for (;;) {
		p[0] = (struct pollfd){ listener, count < CONNS ? POLLIN : 0, 0 };
		for (i = 0; i < count; i++)
			p[i + 1] = (struct pollfd){
				conns[i].fd,
				(conns[i].kind == 'G' ? POLLOUT : POLLIN) | POLLRDHUP, 0
			};
		if (poll(p, count + 1, REPORT_MS) < 0 && errno != EINTR)
			return fail("poll");
		for (i = count - 1; i >= 0; i--) {
			if (serve_one(&conns[i], p[i + 1].revents))
				continue;
			close(conns[i].fd);
			conns[i] = conns[--count];
		}
		if (p[0].revents) {
			int fd = accept(listener, NULL, NULL);

			if (fd >= 0)
				conns[count++] = (struct conn){ .fd = fd };
		}
	}
}

static struct conn *open_kind(const struct sockaddr_in *a, char kind)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->kind = kind;
	c->fd = dial(a);
	if (c->fd < 0 || send(c->fd, &kind, 1, MSG_NOSIGNAL) != 1) {
		free(c);
		return NULL;
	}
	return c;
}

static int run(const struct sockaddr_in *a, int64_t rate)
{
	struct conn *rx = open_kind(a, 'G'), *tx = open_kind(a, 'S');
	uint64_t last_rx = 0, last_tx = 0, last_corrupt = 0;
	int64_t begin = now_ms();
	int resets = 0;

	if (!rx || !tx)
		return fail("connect");

	for (;;) {
		/* Bytes that may have passed by now, in either direction. */
		int64_t allowed = rate ? rate * (now_ms() - begin) / 1000 : INT64_MAX;
		int64_t rx_left = allowed - (int64_t)rx->offset;
		int64_t tx_left = allowed - (int64_t)tx->offset;
		bool tx_due = tx_left >= CHUNK || tx->pending_pos < tx->pending_len;
		struct pollfd p[] = {
			{ rx->fd, rx_left > 0 ? POLLIN : 0, 0 },
			{ tx->fd, POLLIN | (tx_due ? POLLOUT : 0), 0 },
			{ STDIN_FILENO, POLLIN, 0 },
		};

		if (poll(p, 3, rate ? 5 : -1) < 0 && errno != EINTR)
			return fail("poll");

		if (rx->fd >= 0 && p[0].revents &&
		    !sink(rx, rx_left > 0 ? (size_t)rx_left : 1)) {
			fprintf(stderr, "tcpcheck: receiving: %s\n", strerror(errno));
			close(rx->fd);
			rx->fd = -1;
			resets++;
		}
		if (tx->fd >= 0 &&
		    (((p[1].revents & POLLOUT) && !source(tx, CHUNK)) ||
		     ((p[1].revents & ~POLLOUT) && !receive_report(tx)))) {
			fprintf(stderr, "tcpcheck: sending: %s\n", strerror(errno));
			close(tx->fd);
			tx->fd = -1;
			resets++;
		}
		if (p[2].revents) {
			uint64_t corrupt = rx->total.corrupt + tx->total.corrupt;
			char line[256];
			ssize_t n = read(STDIN_FILENO, line, sizeof(line));

			if (n <= 0)
				return 0;
			printf("{\"rx_bytes\":%" PRIu64 ",\"tx_bytes\":%" PRIu64
			       ",\"corrupt\":%" PRIu64 ",\"resets\":%d}\n",
			       rx->total.good - last_rx, tx->total.good - last_tx,
			       corrupt - last_corrupt, resets);
			fflush(stdout);
			last_rx = rx->total.good;
			last_tx = tx->total.good;
			last_corrupt = corrupt;
			resets = 0;
		}
	}
}

static int hold(const struct sockaddr_in *a, int rcvbuf)
{
	int listener = listen_at(a, rcvbuf);
	struct conn c = { .kind = 'S' };
	char line[16];
	int waiting;

	if (listener < 0)
		return fail("listen");
	c.fd = accept(listener, NULL, NULL);
	if (c.fd < 0)
		return fail("accept");
	if (read(STDIN_FILENO, line, sizeof(line)) < 0)
		return fail("standard input");
	if (ioctl(c.fd, SIOCINQ, &waiting))
		return fail("SIOCINQ");
	while (c.offset < (uint64_t)waiting)
		if (!sink(&c, CHUNK))
			return fail("receive");
	printf("{\"waiting\":%d,\"good\":%" PRIu64 ",\"corrupt\":%" PRIu64 "}\n",
	       waiting, c.total.good, c.total.corrupt);
	return 0;
}

static int fill(const struct sockaddr_in *a, uint64_t bytes)
{
	struct conn c = { .kind = 'S', .fd = dial(a) };
	int64_t deadline = now_ms() + 30000;
	int unacked = 1;

	if (c.fd < 0)
		return fail("connect");
	while (c.offset < bytes || c.pending_pos < c.pending_len || unacked) {
		struct pollfd p = { c.fd, POLLOUT, 0 };

		if (now_ms() > deadline) {
			errno = ETIMEDOUT;
			return fail("send");
		}
		if (c.offset < bytes || c.pending_pos < c.pending_len) {
			if (poll(&p, 1, 100) > 0 &&
			    !source(&c, bytes - c.offset < CHUNK ? bytes - c.offset : CHUNK))
				return fail("send");
			continue;
		}
		/* All is sent; acknowledged means: in the receiver's memory. */
		if (ioctl(c.fd, SIOCOUTQ, &unacked))
			return fail("SIOCOUTQ");
		if (unacked)
			poll(NULL, 0, 5);
	}
	printf("{\"sent\":%" PRIu64 "}\n", c.offset);
	fflush(stdout);
	/* The connection stays until standard input ends: no FIN to interfere. */
	while (read(STDIN_FILENO, (char[16]){ 0 }, 16) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct sockaddr_in a;

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(verb, "serve") && argc == 3)
		return parse_address(NULL, argv[2], &a) ? 2 : serve(&a);
	if (!strcmp(verb, "hold") && (argc == 3 || argc == 4))
		return parse_address(NULL, argv[2], &a) ? 2 :
			hold(&a, argc == 4 ? atoi(argv[3]) : 0);
	if (!strcmp(verb, "run") && (argc == 4 || argc == 5))
		return parse_address(argv[2], argv[3], &a) ? 2 :
			run(&a, argc == 5 ? atoll(argv[4]) : 0);
	if (!strcmp(verb, "fill") && argc == 5)
		return parse_address(argv[2], argv[3], &a) ? 2 :
			fill(&a, strtoull(argv[4], NULL, 10));
	fprintf(stderr, "usage: tcpcheck serve PORT | run ADDRESS PORT [BYTES_PER_SECOND] |\n"
		"       hold PORT [RCVBUF] | fill ADDRESS PORT BYTES\n");
	return 2;
}
