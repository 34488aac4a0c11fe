// SPDX-License-Identifier: GPL-2.0-or-later
/* Solicitations after a switch. See solicit.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "clock.h"
#include "pacer.h"
#include "solicit.h"

#define QUESTIONS	512	/* different ones */
#define SOURCES		16	/* addresses from which a gateway is asked */
#define BATCH		32	/* sent at once ... */
#define BATCH_US	2000	/* ... and no more until then */
#define ANSWERS		64	/* read at once */

/* @neighbour: who is asked; @source: from where. @frame: the question. */
struct question {
	size_t neighbour;
	struct packet_answer answer;	/* what answers it, but for the MAC */
	uint8_t frame[PACKET_QUESTION];
	size_t len;
	struct schedule_entry entry;
	bool answered;
};

struct asked {
	struct neighbour who;
	char name[INET6_ADDRSTRLEN + 4 + IFNAMSIZ];
	bool answered;
};

/**
 * struct solicitor
 * @fd: sends; @answers: receives, while it is at work
 * @asked: neighbours; @n_asked: how many
 * @questions: one for each neighbour and source
 */
struct solicitor {
	sd_event *event;
	struct rtnl *rtnl;
	struct solicit_owner owner;
	sd_event_source *source;
	struct pacer pacer;
	int fd, answers;
	struct asked *asked;
	size_t n_asked;
	struct question *questions;
	size_t n_questions;
	struct solicit_counts counts;
};

DEFINE_CLEANUP(struct solicitor *, solicitor_free);
DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

static size_t address_len(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

/* -- what is asked */

static void add_question(struct solicitor *s, const struct object_link *link, size_t neighbour,
			 const struct object_address *source)
{
	const struct neighbour *who = &s->asked[neighbour].who;
	struct question *q = &s->questions[s->n_questions++];

	*q = (struct question){ .neighbour = neighbour };
	q->answer.family = who->family;
	memcpy(&q->answer.from, &who->address, address_len(who->family));
	memcpy(&q->answer.to, &source->local, address_len(who->family));
	q->len = who->family == AF_INET ?
		packet_arp_question(q->frame, link->mac, source->local.in, who->address.in) :
		packet_ns(q->frame, link->mac, &source->local.in6, &who->address.in6);
}

static void plan_one(struct solicitor *s, const struct snapshot *snapshot, size_t neighbour)
{
	const struct neighbour *who = &s->asked[neighbour].who;
	const struct object_link *link = snapshot_link(snapshot, who->ifindex);
	const struct object_address *sources[SOURCES];
	char text[INET6_ADDRSTRLEN] = "";
	size_t i, n;

	n = link ? neighbour_sources(who, snapshot, sources, who->gateway ? SOURCES : 1) : 0;
	for (i = 0; i < n && s->n_questions < QUESTIONS; i++)
		add_question(s, link, neighbour, sources[i]);
	inet_ntop(who->family, &who->address, text, sizeof(text));
	snprintf(s->asked[neighbour].name, sizeof(s->asked[neighbour].name), "%s on %s", text,
		 link ? link->name : "");
}

static int plan(struct solicitor *s, const struct snapshot *snapshot,
		const struct neighbours *neighbours)
{
	size_t i;

	s->asked = calloc(neighbours->count + 1, sizeof(*s->asked));
	s->questions = calloc(QUESTIONS, sizeof(*s->questions));
	if (!s->asked || !s->questions)
		return -ENOMEM;
	for (i = 0; i < neighbours->count; i++) {
		s->asked[s->n_asked++].who = neighbours->list[i];
		plan_one(s, snapshot, i);
		s->counts.gateways += neighbours->list[i].gateway;
	}
	s->counts.neighbours = (unsigned int)s->n_asked;
	return 0;
}

static void forget(struct solicitor *s)
{
	free(s->asked);
	free(s->questions);
	s->asked = NULL;
	s->questions = NULL;
	s->n_asked = s->n_questions = 0;
}

/* -- asking */

static void send_question(struct solicitor *s, struct question *q)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)s->asked[q->neighbour].who.ifindex,
		.sll_halen = PACKET_MAC,
	};

	memcpy(&to.sll_protocol, q->frame + 2 * PACKET_MAC, 2);
	memcpy(to.sll_addr, q->frame, PACKET_MAC);
	if (sendto(s->fd, q->frame, q->len, MSG_DONTWAIT, (struct sockaddr *)&to,
		   sizeof(to)) < 0)
		s->counts.failed++;
	else
		s->counts.sent++;
}

static struct schedule_entry *entry_of(size_t i, void *arg)
{
	struct solicitor *s = arg;

	return s->questions[i].answered ? NULL : &s->questions[i].entry;
}

static void send_due(size_t i, uint64_t due_us, void *arg)
{
	struct solicitor *s = arg;

	(void)due_us;
	send_question(s, &s->questions[i]);
}

static void on_done(void *arg)
{
	struct solicitor *s = arg;

	s->owner.done(s->owner.arg);
}

/* -- answers */

/*
 * The kernel has taken the answer as well, unless the entry was changed less than a second
 * ago: that the guest has just begun to use it is such a change. There is no entry to be
 * made, and one that an administrator has made meanwhile is gone with its own address only.
 */
static void tell_kernel(struct solicitor *s, const struct asked *asked)
{
	const struct ndmsg info = {
		.ndm_family = (uint8_t)asked->who.family,
		.ndm_ifindex = (int)asked->who.ifindex,
		.ndm_state = NUD_REACHABLE,
	};
	_cleanup_(nlmsg_freep) struct nl_msg *msg = NULL;

	if (asked->who.family != AF_INET)
		return;
	msg = nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_REPLACE);
	if (!msg || nlmsg_append(msg, (void *)&info, sizeof(info), NLMSG_ALIGNTO) ||
	    nla_put(msg, NDA_DST, sizeof(asked->who.address.in), &asked->who.address.in) ||
	    nla_put(msg, NDA_LLADDR, PACKET_MAC, asked->who.mac))
		return;
	/* -ENOENT: it has none, and asks itself when it needs one. */
	rtnl_request(s->rtnl, msg);
}

/* The first answer counts, as it does for the kernel. */
static void answered(struct solicitor *s, struct asked *asked, const uint8_t *mac)
{
	uint8_t was[PACKET_MAC];

	if (asked->answered)
		return;
	asked->answered = true;
	s->counts.answered++;
	s->counts.last_ns = clock_ns(CLOCK_BOOTTIME);
	if (!asked->who.known || !memcmp(asked->who.mac, mac, PACKET_MAC))
		return;
	memcpy(was, asked->who.mac, PACKET_MAC);
	memcpy(asked->who.mac, mac, PACKET_MAC);
	s->counts.moved++;
	tell_kernel(s, asked);
	s->owner.moved(asked->name, was, mac, s->owner.arg);
}

static bool answers(const struct solicitor *s, const struct question *q, uint32_t ifindex,
		    const struct packet_answer *answer)
{
	size_t len = address_len(answer->family);

	return s->asked[q->neighbour].who.ifindex == ifindex &&
	       q->answer.family == answer->family &&
	       !memcmp(&q->answer.from, &answer->from, len) &&
	       !memcmp(&q->answer.to, &answer->to, len);
}

/* Was this asked for? Once for each question */
static bool take(struct solicitor *s, uint32_t ifindex, const struct packet_answer *answer)
{
	size_t i;

	for (i = 0; i < s->n_questions; i++) {
		struct question *q = &s->questions[i];

		if (q->answered || !q->entry.rounds || !answers(s, q, ifindex, answer))
			continue;
		q->answered = true;
		answered(s, &s->asked[q->neighbour], answer->mac);
		return true;
	}
	return false;
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct solicitor *s = arg;
	struct packet_answer answer;
	bool news = false;
	unsigned int i;

	(void)source;
	(void)events;
	for (i = 0; i < ANSWERS; i++) {
		struct sockaddr_ll from = {};
		socklen_t from_len = sizeof(from);
		uint8_t frame[256];
		ssize_t n;

		n = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from,
			     &from_len);
		/* An interface that went down may come up again. */
		if (n < 0)
			break;
		if (from.sll_ifindex > 0 && packet_answer(frame, (size_t)n, &answer))
			news |= take(s, (uint32_t)from.sll_ifindex, &answer);
	}
	/* What others say to each other does not put off the end. */
	if (!news)
		return 0;
	/* Were they the last? */
	pacer_look(&s->pacer);
	return 0;
}

/* ARP replies and neighbour advertisements; the rest is dropped before it costs a copy. */
static int open_answers(struct solicitor *s)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 2),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 5, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 256),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = { ARRAY_SIZE(code), code };
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	const int one = 1;
	int r;

	s->answers = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->answers < 0)
		return -errno;
	if (setsockopt(s->answers, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
	    setsockopt(s->answers, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    bind(s->answers, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	r = sd_event_add_io(s->event, &s->source, s->answers, EPOLLIN, on_answer, s);
	return r < 0 ? r : 0;
}

static void close_answers(struct solicitor *s)
{
	s->source = sd_event_source_disable_unref(s->source);
	if (s->answers >= 0)
		close(s->answers);
	s->answers = -1;
}

/* -- itself */

int solicitor_start(struct solicitor *s, const struct snapshot *snapshot,
		    const struct neighbours *neighbours, const struct schedule *schedule)
{
	int r;

	solicitor_stop(s);
	forget(s);
	s->counts = (struct solicit_counts){};
	r = plan(s, snapshot, neighbours);
	if (!r && s->n_questions)
		r = open_answers(s);
	if (r < 0) {
		solicitor_stop(s);
		return r;
	}
	return pacer_start(&s->pacer, schedule, s->n_questions);
}

void solicitor_stop(struct solicitor *s)
{
	pacer_stop(&s->pacer);
	close_answers(s);
}

struct solicit_counts solicitor_counts(const struct solicitor *s)
{
	return s->counts;
}

int solicitor_new(sd_event *event, struct rtnl *rtnl, const struct solicit_owner *owner,
		  struct solicitor **ret)
{
	_cleanup_(solicitor_freep) struct solicitor *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct solicitor){
		.event = event, .rtnl = rtnl, .owner = *owner, .answers = -1,
		.pacer = {
			.batch = { BATCH, BATCH_US, clock_monotonic_us, entry_of, send_due, s },
			.done = on_done,
		},
	};
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	/* The announcements come first, then this. */
	r = pacer_new(&s->pacer, event, SD_EVENT_PRIORITY_IMPORTANT + 10);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

void solicitor_free(struct solicitor *s)
{
	if (!s)
		return;
	close_answers(s);
	pacer_free(&s->pacer);
	if (s->fd >= 0)
		close(s->fd);
	forget(s);
	free(s);
}
