// SPDX-License-Identifier: GPL-2.0-or-later
/* What really leaves and reaches an interface. See capture.h. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "capture.h"
#include "cleanup.h"
#include "filter.h"
#include "packet.h"

#define ERROR_SIZE	256	/* PCAP_ERRBUF_SIZE */
#define OUT_BUFFER	(256 * 1024)	/* bytes: some ten rounds of announcements */
#define IN_BUFFER	(32 * 1024)

/* ARP, IGMP, ICMPv6 and MLD's hop-by-hop header, with up to two VLAN tags before them. */
#define FRAMES	"arp or igmp or icmp6 or (ip6 and ip6[6] == 0)"
#define FILTER	FRAMES " or (vlan and (" FRAMES " or (vlan and (" FRAMES "))))"

struct capture {
	struct capture_listener listener;
	pcap_t *out, *in;
	sd_event_source *out_source, *in_source;
};

DEFINE_CLEANUP(struct capture *, capture_free);

static uint64_t time_of(const struct pcap_pkthdr *head)
{
	/* Opened with nanoseconds. */
	return (uint64_t)head->ts.tv_sec * 1000000000u + (uint64_t)head->ts.tv_usec;
}

static int on_out(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct capture *capture = arg;
	struct pcap_pkthdr *head;
	const uint8_t *frame;
	int r;

	(void)fd;
	(void)events;
	while ((r = pcap_next_ex(capture->out, &head, &frame)) == 1)
		if (head->caplen == head->len)
			capture->listener.sent(frame, head->caplen, time_of(head),
					       capture->listener.arg);
	/* The interface is gone, or went down: there is nothing more to come. */
	if (r < 0)
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int on_in(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct capture *capture = arg;
	struct pcap_pkthdr *head;
	const uint8_t *frame;
	int r;

	(void)events;
	r = pcap_next_ex(capture->in, &head, &frame);
	if (!r)
		return 0;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (r < 0)
		return 0;
	filter_take(fd, false);
	/* It may arm again. */
	capture->listener.received(time_of(head), capture->listener.arg);
	return 0;
}

/* The driver may be waiting for this. */
void capture_arm(struct capture *capture)
{
	if (!capture || !capture->in)
		return;
	filter_take(pcap_fileno(capture->in), true);
	sd_event_source_set_enabled(capture->in_source, SD_EVENT_ON);
}

/* From now on, and nothing of what came before. */
static int take_nothing(pcap_t *p)
{
	struct pcap_pkthdr *head;
	const uint8_t *frame;
	int r;

	r = filter_take(pcap_fileno(p), false);
	while (!r && (r = pcap_next_ex(p, &head, &frame)) == 1)
		r = 0;
	return r;
}

static int begin(const char *ifname, int snaplen, int buffer, pcap_direction_t direction,
		 const char *filter, pcap_t **ret, char *ret_error)
{
	struct bpf_program program;
	pcap_t *p;
	int r;

	p = pcap_create(ifname, ret_error);
	if (!p)
		return -EIO;
	pcap_set_snaplen(p, snaplen);
	pcap_set_buffer_size(p, buffer);
	pcap_set_promisc(p, 0);
	pcap_set_immediate_mode(p, 1);
	pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	/* Positive: a warning. */
	r = pcap_activate(p);
	if (r >= 0)
		r = pcap_setnonblock(p, 1, ret_error);
	if (r >= 0)
		r = pcap_setdirection(p, direction);
	if (r >= 0 && filter) {
		r = pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN);
		if (r >= 0) {
			r = pcap_setfilter(p, &program);
			pcap_freecode(&program);
		}
	} else if (r >= 0) {
		r = take_nothing(p);
	}
	if (r < 0) {
		snprintf(ret_error, ERROR_SIZE, "%s", pcap_geterr(p));
		pcap_close(p);
		return -EIO;
	}
	*ret = p;
	return 0;
}

int capture_new(sd_event *event, const char *ifname, const struct capture_listener *listener,
		struct capture **ret, char *ret_error)
{
	_cleanup_(capture_freep) struct capture *capture = calloc(1, sizeof(*capture));
	int r;

	if (!capture)
		return -ENOMEM;
	capture->listener = *listener;
	/* Two: the filter of one must not see what the other is there for. */
	r = begin(ifname, PACKET_MAX + 4 * PACKET_TAGS, OUT_BUFFER, PCAP_D_OUT, FILTER,
		  &capture->out, ret_error);
	if (!r)
		r = begin(ifname, 64, IN_BUFFER, PCAP_D_IN, NULL, &capture->in, ret_error);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &capture->out_source, pcap_get_selectable_fd(capture->out),
			    EPOLLIN, on_out, capture);
	if (r >= 0)
		r = sd_event_add_io(event, &capture->in_source,
				    pcap_get_selectable_fd(capture->in), EPOLLIN, on_in, capture);
	if (r >= 0)
		r = sd_event_source_set_enabled(capture->in_source, SD_EVENT_OFF);
	if (r < 0) {
		snprintf(ret_error, ERROR_SIZE, "event loop");
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
	if (capture->in)
		pcap_close(capture->in);
	free(capture);
}
