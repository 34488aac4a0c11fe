// SPDX-License-Identifier: GPL-2.0-or-later
/* Conversation with the PF driver; see pf.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "cleanup.h"
#include "pf.h"

#define ANSWER_SIZE	65536
#define ATTEMPTS	10	/* of a dump while VFs come and go */
#define EVENT_BUFFER	(1 << 20)

/* The controller of generic netlink tells who comes and goes on this group of its own. */
#define CTRL_NAME	"nlctrl"
#define CTRL_GROUP	"notify"

/**
 * struct pf - a connection
 * @requests: socket for requests
 * @events: socket of the multicast group, NULL: not subscribed
 * @family: as the controller told it; id 0: it is not there
 * @seq: number of the last request
 * @torn: the answer to it is of no one moment: something came or went meanwhile
 * @refusal: text of the last error
 * @event_buf: received, not all read yet
 * @event: next one in @event_buf
 * @event_left: bytes from @event on
 */
struct pf {
	struct mnl_socket *requests;
	struct mnl_socket *events;
	struct genl_family family;
	unsigned int seq;
	bool torn;
	char refusal[MSG_REASON];

	char event_buf[ANSWER_SIZE];
	const struct nlmsghdr *event;
	int event_left;
};

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

uint64_t from_now_ns(unsigned int ms)
{
	return now_ns() + (uint64_t)ms * 1000000ull;
}

/* 1: readable; 0: time is over; -errno */
static int wait_readable(int fd, uint64_t until_ns)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t now = now_ns();
	struct timespec left;
	int r;

	if (now >= until_ns)
		until_ns = now;
	left.tv_sec = (until_ns - now) / 1000000000ull;
	left.tv_nsec = (until_ns - now) % 1000000000ull;
	r = ppoll(&p, 1, &left, NULL);
	return r < 0 ? -errno : r;
}

static struct nlmsghdr *request(char *buf, uint16_t family, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = family;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	g->cmd = cmd;
	g->version = VFERRY_PF_GENL_VERSION;
	return h;
}

typedef int (*answer_fn)(const struct nlmsghdr *h, void *data);

/* One datagram of answers. 1: the end is not reached; 0: done; -errno */
static int take_answers(struct pf *pf, const char *buf, int len, answer_fn each, void *data)
{
	const struct nlmsghdr *h;
	int r;

	for (h = (const void *)buf; msg_ok(h, len); h = mnl_nlmsg_next(h, &len)) {
		if (h->nlmsg_seq != pf->seq)
			continue;
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			pf->torn = true;
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
			return msg_get_error(h, pf->refusal, sizeof(pf->refusal));
		r = each ? each(h, data) : 0;
		if (r < 0)
			return r;
	}
	return 1;
}

/* Send, and hand each answer to @each. */
static int talk(struct pf *pf, struct nlmsghdr *h, answer_fn each, void *data)
{
	_cleanup_free_ char *buf = malloc(ANSWER_SIZE);
	uint64_t until = from_now_ns(PF_ANSWER_MS);
	ssize_t n;
	int r;

	if (!buf)
		return -ENOMEM;
	if (!h->nlmsg_type)	/* what a family that is not there has for an id */
		return -ENOENT;
	pf->refusal[0] = '\0';
	pf->torn = false;
	h->nlmsg_seq = ++pf->seq;
	if (mnl_socket_sendto(pf->requests, h, h->nlmsg_len) < 0)
		return -errno;
	do {
		r = wait_readable(mnl_socket_get_fd(pf->requests), until);
		if (r <= 0)
			return r ?: -ETIMEDOUT;
		n = mnl_socket_recvfrom(pf->requests, buf, ANSWER_SIZE);
		if (n < 0)
			return -errno;
		r = take_answers(pf, buf, n, each, data);
	} while (r > 0);
	return r;
}

/* What is looked for, and what is found */
struct search {
	const char *group;
	struct genl_family *ret;
};

static int take_family(const struct nlmsghdr *h, void *data)
{
	const struct search *search = data;

	return msg_get_family(h, search->group, search->ret);
}

static int find_family(struct pf *pf, const char *name, const char *group,
		       struct genl_family *ret)
{
	struct search search = { group, ret };
	char buf[256] = {};
	struct nlmsghdr *h = request(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	int r;

	*ret = (struct genl_family) {};
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, name);
	r = talk(pf, h, take_family, &search);
	if (!r && !(ret->id && ret->group))
		r = -ENOENT;
	if (r < 0)
		*ret = (struct genl_family) {};
	return r;
}

static int find_driver(struct pf *pf)
{
	return find_family(pf, VFERRY_PF_GENL_NAME, VFERRY_PF_GENL_EVENTS, &pf->family);
}

static int open_socket(struct mnl_socket **ret)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	int on = 1;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = -errno;

		mnl_socket_close(s);
		return err;
	}
	mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &on, sizeof(on));
	*ret = s;
	return 0;
}

int pf_open_early(struct pf **ret_pf)
{
	_cleanup_(pf_p) struct pf *pf = calloc(1, sizeof(*pf));
	int r;

	if (!pf)
		return -ENOMEM;
	r = open_socket(&pf->requests);
	if (!r)
		r = find_driver(pf);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_pf = pf;
	pf = NULL;
	return 0;
}

int pf_open(struct pf **ret_pf)
{
	_cleanup_(pf_p) struct pf *pf = NULL;
	int r;

	r = pf_open_early(&pf);
	if (r < 0)
		return r;
	if (!pf_is_there(pf))
		return -ENOENT;
	*ret_pf = pf;
	pf = NULL;
	return 0;
}

bool pf_is_there(const struct pf *pf)
{
	return pf->family.id;
}

void pf_close(struct pf *pf)
{
	if (!pf)
		return;
	if (pf->requests)
		mnl_socket_close(pf->requests);
	if (pf->events)
		mnl_socket_close(pf->events);
	free(pf);
}

unsigned int pf_version(const struct pf *pf)
{
	return pf->family.version;
}

const char *pf_refusal(const struct pf *pf)
{
	return pf->refusal;
}

/* A list of VFs that grows */
struct vfs {
	struct vf_info *vfs;
	size_t count;
};

static int take_vf(const struct nlmsghdr *h, void *data)
{
	struct vf_info vf, *grown;
	struct vfs *all = data;
	int r;

	r = msg_get_vf(h, &vf);
	if (r < 0)
		return r;
	grown = reallocarray(all->vfs, all->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[all->count++] = vf;
	all->vfs = grown;
	return 0;
}

/* @all is to be freed, also after an error. */
static int dump_once(struct pf *pf, struct vfs *all)
{
	char buf[256] = {};
	int r;

	r = talk(pf, request(buf, pf->family.id, VFERRY_PF_CMD_GET_VF, NLM_F_DUMP), take_vf, all);
	if (r < 0 || !pf->torn)
		return r;
	snprintf(pf->refusal, sizeof(pf->refusal),
		 "VFs come and go faster than they can be listed: try again");
	return -EAGAIN;
}

int pf_dump(struct pf *pf, struct vf_info **ret_vfs, size_t *ret_count)
{
	int r = -EAGAIN, i;

	for (i = 0; i < ATTEMPTS && r == -EAGAIN; i++) {
		struct vfs all = {};

		r = dump_once(pf, &all);
		if (!r) {
			*ret_vfs = all.vfs;
			*ret_count = all.count;
			return 0;
		}
		free(all.vfs);
	}
	return r;
}

static struct nlmsghdr *about_vf(struct pf *pf, char *buf, uint8_t cmd, unsigned int ifindex,
				 unsigned int vf)
{
	struct nlmsghdr *h = request(buf, pf->family.id, cmd, NLM_F_ACK);

	mnl_attr_put_u32(h, VFERRY_PF_A_IFINDEX, ifindex);
	mnl_attr_put_u32(h, VFERRY_PF_A_VF, vf);
	return h;
}

int pf_get(struct pf *pf, unsigned int ifindex, unsigned int vf, struct vf_info *ret_vf)
{
	_cleanup_free_ struct vf_info *found = NULL;
	struct vfs all = {};
	char buf[256] = {};
	int r;

	r = talk(pf, about_vf(pf, buf, VFERRY_PF_CMD_GET_VF, ifindex, vf), take_vf, &all);
	found = all.vfs;
	if (r < 0)
		return r;
	if (all.count != 1)
		return -EBADMSG;
	*ret_vf = found[0];
	return 0;
}

int pf_command(struct pf *pf, unsigned int ifindex, unsigned int vf, unsigned int command)
{
	char buf[256] = {};
	struct nlmsghdr *h = about_vf(pf, buf, VFERRY_PF_CMD_SET_VF, ifindex, vf);

	mnl_attr_put_u32(h, VFERRY_PF_A_LINK_STATE, command);
	return talk(pf, h, NULL, NULL);
}

int pf_ping(struct pf *pf, unsigned int ifindex, unsigned int vf)
{
	char buf[256] = {};

	return talk(pf, about_vf(pf, buf, VFERRY_PF_CMD_PING_VF, ifindex, vf), NULL, NULL);
}

static int join(struct pf *pf, uint32_t group)
{
	int number = group;

	return mnl_socket_setsockopt(pf->events, NETLINK_ADD_MEMBERSHIP, &number,
				     sizeof(number)) < 0 ? -errno : 0;
}

/* Look for the driver anew. -ERESTART: it is there; -ENOENT: it is not; -errno */
static int rejoin(struct pf *pf)
{
	int r;

	r = find_driver(pf);
	if (!r)
		r = join(pf, pf->family.group);
	return r ?: -ERESTART;
}

/* The controller says that some family comes or goes. 0: not ours; otherwise as rejoin() */
static int hear_controller(struct pf *pf, const struct nlmsghdr *h)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(h);
	struct genl_family family;

	if (msg_get_family(h, VFERRY_PF_GENL_EVENTS, &family) ||
	    strcmp(family.name, VFERRY_PF_GENL_NAME))
		return 0;
	if (g->cmd == CTRL_CMD_NEWFAMILY)
		return rejoin(pf);
	/* an old message may follow a new family: only what has this id has gone */
	if (g->cmd != CTRL_CMD_DELFAMILY || family.id != pf->family.id)
		return 0;
	pf->family = (struct genl_family) {};
	return -ENOENT;
}

int pf_subscribe(struct pf *pf, unsigned int buffer)
{
	int size = buffer ?: EVENT_BUFFER;
	struct genl_family ctrl;
	int r;

	r = open_socket(&pf->events);
	if (r < 0)
		return r;
	setsockopt(mnl_socket_get_fd(pf->events), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = find_family(pf, CTRL_NAME, CTRL_GROUP, &ctrl);
	if (!r)
		r = join(pf, ctrl.group);
	/* looked for again: it may have come, or gone, before somebody listened */
	if (!r)
		r = find_driver(pf);
	if (!r)
		return join(pf, pf->family.group);
	return r == -ENOENT ? 0 : r;
}

int pf_fd(const struct pf *pf)
{
	return pf->events ? mnl_socket_get_fd(pf->events) : -1;
}

/* Events of a datagram that has been received, up to the first that is one */
static int next_in_buffer(struct pf *pf, struct vf_event *ret_event)
{
	int r;

	while (pf->event && msg_ok(pf->event, pf->event_left)) {
		const struct nlmsghdr *h = pf->event;

		pf->event = mnl_nlmsg_next(h, &pf->event_left);
		r = h->nlmsg_type == GENL_ID_CTRL ? hear_controller(pf, h) : 0;
		if (r)
			return r;
		if (h->nlmsg_type == pf->family.id && !msg_get_event(h, ret_event))
			return 1;
	}
	pf->event = NULL;
	return 0;
}

int pf_next_event(struct pf *pf, struct vf_event *ret_event)
{
	ssize_t n;
	int r;

	while (!(r = next_in_buffer(pf, ret_event))) {
		n = recv(pf_fd(pf), pf->event_buf, sizeof(pf->event_buf), MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS) {
			/* the controller's words may be among what was lost */
			r = rejoin(pf);
			return r == -ERESTART ? -ENOBUFS : r;
		}
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		pf->event = (const void *)pf->event_buf;
		pf->event_left = n;
	}
	return r;
}

int pf_wait_event(struct pf *pf, uint64_t until_ns, struct vf_event *ret_event)
{
	int r;

	for (;;) {
		r = pf_next_event(pf, ret_event);
		if (r)
			return r;
		r = wait_readable(pf_fd(pf), until_ns);
		if (r <= 0)
			return r;
	}
}
