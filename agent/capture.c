// SPDX-License-Identifier: GPL-2.0-or-later
/* What really leaves and reaches an interface. See capture.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "capture.h"
#include "cleanup.h"
#include "clock.h"
#include "packet.h"

#define ERROR_SIZE	256	/* PCAP_ERRBUF_SIZE */
#define OUT_FRAME	2048		/* bytes of a buffer that one frame takes, at most */
#define OUT_MIN		128		/* frames */
#define OUT_MAX		1024
#define IN_BUFFER	(192 * 1024)	/* what was in the rings at SUSPEND, and then the first */

/* ARP, IGMP, ICMPv6 and MLD's hop-by-hop header, with up to two VLAN tags before them. */
#define FRAMES	"arp or igmp or icmp6 or (ip6 and ip6[6] == 0)"
#define TAGGED	FRAMES " or (vlan and (" FRAMES " or (vlan and (" FRAMES "))))"
/* What comes in would take room from what goes out. */
#define FILTER	"outbound and (" TAGGED ")"

/**
 * struct capture
 * @out: what leaves
 * @in: what comes; receives once it is @bound
 * @ifindex: interface
 * @waiting: for the listener to have what it waits for
 */
struct capture {
	struct capture_listener listener;
	pcap_t *out;
	int in;
	int ifindex;
	bool bound, waiting;
	sd_event_source *out_source, *in_source;
};

DEFINE_CLEANUP(struct capture *, capture_free);

/* False: the interface is gone, or went down: there is nothing more to come. */
static bool drain_out(struct capture *capture)
{
	struct pcap_pkthdr *head;
	const uint8_t *frame;
	int r;

	while ((r = pcap_next_ex(capture->out, &head, &frame)) == 1)
		if (head->caplen == head->len)
			capture->listener.sent(frame, head->caplen, capture->listener.arg);
	return r >= 0;
}

static int on_out(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)fd;
	(void)events;
	if (!drain_out(arg))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* When a frame came; 0: the kernel does not say. It has CLOCK_REALTIME only. */
static uint64_t time_of_message(struct msghdr *msg)
{
	struct cmsghdr *c;
	struct timespec ts;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return clock_boot_of((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec);
	}
	return 0;
}

/* When the next frame came; 0: there is none now; -errno. */
static int64_t next_in(struct capture *capture)
{
	char frame[64], control[128];
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	if (recvmsg(capture->in, &msg, MSG_DONTWAIT) >= 0)
		return (int64_t)time_of_message(&msg);
	/* The interface went down; it may come up again. */
	return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -errno;
}

/* What comes after the one that was waited for is not read, and costs next to nothing. */
static void drain_in(struct capture *capture)
{
	const struct capture_listener *listener = &capture->listener;
	int64_t time_ns;

	while (capture->waiting && (time_ns = next_in(capture)) != 0)
		capture->waiting = time_ns > 0 && !listener->received((uint64_t)time_ns, listener->arg);
	if (!capture->waiting)
		sd_event_source_set_enabled(capture->in_source, SD_EVENT_OFF);
}

static int on_in(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	drain_in(arg);
	return 0;
}

void capture_drain(struct capture *capture)
{
	if (!capture)
		return;
	drain_out(capture);
	drain_in(capture);
}

unsigned int capture_lost(struct capture *capture)
{
	struct pcap_stat stat = {};

	return capture && !pcap_stats(capture->out, &stat) ? stat.ps_drop : 0;
}

/*
 * The driver may be waiting for this: a socket that was bound to nothing begins to
 * receive. A filter that lets nothing through until now would have to be exchanged,
 * and compiled by the kernel, which takes longer than the driver waits.
 */
void capture_arm(struct capture *capture)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};

	if (!capture)
		return;
	to.sll_ifindex = capture->ifindex;
	if (!capture->bound && !bind(capture->in, (struct sockaddr *)&to, sizeof(to)))
		capture->bound = true;
}

void capture_receive(struct capture *capture)
{
	if (!capture)
		return;
	capture->waiting = true;
	sd_event_source_set_enabled(capture->in_source, SD_EVENT_ON);
}

static int open_in(struct capture *capture, const char *ifname)
{
	const int one = 1, buffer = IN_BUFFER;
	int fd;

	capture->ifindex = (int)if_nametoindex(ifname);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	capture->in = fd;
	if (!capture->ifindex)
		return -ENODEV;
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0)
		return -errno;
	return 0;
}

/*
 * The same for all Ethernet interfaces. Compiling it takes long, when a migration goes on
 * and the guest is busy, and until the kernel has it, it keeps every frame.
 */
static struct bpf_program filter;

static int buffer_for(unsigned int frames)
{
	frames = frames < OUT_MIN ? OUT_MIN : frames > OUT_MAX ? OUT_MAX : frames;
	return (int)frames * OUT_FRAME;
}

static int activate(const char *ifname, unsigned int frames, pcap_t **ret, char *ret_error)
{
	pcap_t *p = pcap_create(ifname, ret_error);
	int r;

	if (!p)
		return -EIO;
	pcap_set_snaplen(p, PACKET_MAX + 4 * PACKET_TAGS);
	pcap_set_buffer_size(p, buffer_for(frames));
	pcap_set_promisc(p, 0);
	pcap_set_immediate_mode(p, 1);
	/* Positive: a warning. */
	r = pcap_activate(p);
	/* libpcap opens it without. */
	if (r >= 0 && fcntl(pcap_fileno(p), F_SETFD, FD_CLOEXEC) < 0)
		r = PCAP_ERROR;
	if (r >= 0 && !filter.bf_len)
		r = pcap_compile(p, &filter, FILTER, 1, PCAP_NETMASK_UNKNOWN);
	if (r < 0) {
		snprintf(ret_error, ERROR_SIZE, "%s", pcap_geterr(p));
		pcap_close(p);
		return -EIO;
	}
	*ret = p;
	return 0;
}

void capture_prepare(const char *ifname)
{
	char error[ERROR_SIZE];
	pcap_t *p;

	/* Who captures will say why not. */
	if (!filter.bf_len && !activate(ifname, 0, &p, error))
		pcap_close(p);
}

void capture_forget(void)
{
	pcap_freecode(&filter);
}

/* libpcap would apply it to the first frames itself, and cannot tell which go out. */
static int attach_filter(pcap_t *p)
{
	const struct sock_fprog program = {
		.len = (unsigned short)filter.bf_len,
		.filter = (struct sock_filter *)filter.bf_insns,
	};

	_Static_assert(sizeof(struct sock_filter) == sizeof(struct bpf_insn), "one instruction");
	return setsockopt(pcap_fileno(p), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int open_out(struct capture *capture, const char *ifname, unsigned int frames,
		    char *ret_error)
{
	struct pcap_pkthdr *head;
	const uint8_t *frame;
	pcap_t *p;
	int r;

	r = activate(ifname, frames, &p, ret_error);
	if (r < 0)
		return r;
	capture->out = p;
	if (attach_filter(p) < 0) {
		snprintf(ret_error, ERROR_SIZE, "%s", strerror(errno));
		return -EIO;
	}
	r = pcap_setnonblock(p, 1, ret_error);
	if (r >= 0)
		r = pcap_setdirection(p, PCAP_D_OUT);
	/* What came before the filter has filled the buffer. */
	while (r >= 0 && (r = pcap_next_ex(p, &head, &frame)) == 1)
		;
	if (r >= 0)
		return 0;
	snprintf(ret_error, ERROR_SIZE, "%s", pcap_geterr(p));
	return -EIO;
}

static int add_sources(struct capture *capture, sd_event *event)
{
	int r;

	r = sd_event_add_io(event, &capture->out_source, pcap_get_selectable_fd(capture->out),
			    EPOLLIN, on_out, capture);
	if (r >= 0)
		r = sd_event_add_io(event, &capture->in_source, capture->in, EPOLLIN, on_in,
				    capture);
	if (r >= 0)
		r = sd_event_source_set_enabled(capture->in_source, SD_EVENT_OFF);
	return r;
}

int capture_new(sd_event *event, const char *ifname, const struct capture_listener *listener,
		unsigned int frames, struct capture **ret, char *ret_error)
{
	_cleanup_(capture_freep) struct capture *capture = calloc(1, sizeof(*capture));
	int r;

	if (!capture)
		return -ENOMEM;
	capture->in = -1;
	capture->listener = *listener;
	r = open_out(capture, ifname, frames, ret_error);
	if (r < 0)
		return r;
	r = open_in(capture, ifname);
	if (!r)
		r = add_sources(capture, event);
	if (r < 0) {
		snprintf(ret_error, ERROR_SIZE, "%s", strerror(-r));
		return r;
	}
	*ret = TAKE_PTR(capture);
	return 0;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	sd_event_source_disable_unref(capture->out_source);
	sd_event_source_disable_unref(capture->in_source);
	if (capture->out)
		pcap_close(capture->out);
	if (capture->in >= 0)
		close(capture->in);
	free(capture);
}
