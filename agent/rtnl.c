// SPDX-License-Identifier: GPL-2.0-or-later
/* rtnetlink. See rtnl.h. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "cleanup.h"
#include "rtnl.h"

#define ATTEMPTS	10	/* of a dump while everything changes */
#define ANSWER_S	2	/* the kernel answers at once, but for its lock */

struct rtnl {
	struct nl_sock *requests;
	struct nl_sock *events;
	struct rtnl_listener listener;
	struct snapshot *filling;
	const struct snapshot *links;
	struct neighbours *neighbours;
	int error;		/* of the current dump or request */
};

static const struct {
	int type;
	size_t header;
} dumps[] = {
	{ RTM_GETLINK, sizeof(struct ifinfomsg) },
	{ RTM_GETADDR, sizeof(struct ifaddrmsg) },
	{ RTM_GETNEXTHOP, sizeof(struct nhmsg) },
	{ RTM_GETROUTE, sizeof(struct rtmsg) },
	{ RTM_GETNEIGH, sizeof(struct ndmsg) },
	{ RTM_GETRULE, sizeof(struct fib_rule_hdr) },
};

static const int watched[] = {
	RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP,
};

DEFINE_CLEANUP(struct rtnl *, rtnl_free);

/* -- requests */

static int on_object(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct rtnl *rtnl = arg;
	int r;

	r = rtnl->filling ? snapshot_add(rtnl->filling, head, head->nlmsg_len) :
	    rtnl->neighbours ? neighbours_add(rtnl->neighbours, rtnl->links, head,
					      head->nlmsg_len) : 0;
	if (r < 0 && !rtnl->error)
		rtnl->error = r;
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct rtnl *rtnl = arg;

	(void)from;
	rtnl->error = error->error;
	return NL_STOP;
}

/* libnl's own errors that are none of the kernel's. */
static int from_libnl(int error)
{
	switch (-error) {
	case 0:
		return 0;
	case NLE_DUMP_INTR:
		return -EAGAIN;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AGAIN:
		return -ETIMEDOUT;
	default:
		return -EIO;
	}
}

static int receive(struct rtnl *rtnl)
{
	int r = nl_recvmsgs_default(rtnl->requests);

	if (rtnl->error)
		return rtnl->error;
	return r < 0 ? from_libnl(r) : 0;
}

static int dump(struct rtnl *rtnl, size_t which, struct snapshot *snapshot)
{
	char zeros[32] = "";
	int r;

	rtnl->filling = snapshot;
	rtnl->error = 0;
	r = nl_send_simple(rtnl->requests, dumps[which].type, NLM_F_DUMP, zeros,
			   dumps[which].header);
	r = r < 0 ? from_libnl(r) : receive(rtnl);
	rtnl->filling = NULL;
	/* A kernel without nexthop objects has none. */
	return r == -EOPNOTSUPP && dumps[which].type == RTM_GETNEXTHOP ? 0 : r;
}

static int snapshot_once(struct rtnl *rtnl, uint32_t ifindex, struct snapshot *ret)
{
	size_t i;
	int r = 0;

	for (i = 0; !r && i < ARRAY_SIZE(dumps); i++) {
		r = dump(rtnl, i, ret);
		if (!r && dumps[i].type == RTM_GETLINK)
			r = snapshot_close(ret, ifindex);
	}
	if (!r)
		snapshot_sort(ret);
	return r;
}

int rtnl_snapshot(struct rtnl *rtnl, uint32_t ifindex, struct snapshot *ret)
{
	int r, attempt;

	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		*ret = (struct snapshot){};
		r = snapshot_once(rtnl, ifindex, ret);
		if (r != -EAGAIN)
			return r;
		snapshot_free(ret);
	}
	return -EAGAIN;
}

int rtnl_neighbours(struct rtnl *rtnl, const struct snapshot *snapshot, struct neighbours *ret)
{
	const struct ndmsg all = {};
	int r;

	rtnl->links = snapshot;
	rtnl->neighbours = ret;
	rtnl->error = 0;
	r = nl_send_simple(rtnl->requests, RTM_GETNEIGH, NLM_F_DUMP, (void *)&all, sizeof(all));
	r = r < 0 ? from_libnl(r) : receive(rtnl);
	rtnl->neighbours = NULL;
	/* What was changed meanwhile does not matter here: it is asked for itself. */
	return r == -EAGAIN ? 0 : r;
}

int rtnl_request(struct rtnl *rtnl, struct nl_msg *msg)
{
	int r;

	rtnl->error = 0;
	r = nl_send_auto(rtnl->requests, msg);
	if (r < 0)
		return from_libnl(r);
	r = nl_wait_for_ack(rtnl->requests);
	if (rtnl->error)
		return rtnl->error;
	return r < 0 ? from_libnl(r) : 0;
}

/* -- events */

static bool of_interest(struct nlmsghdr *head)
{
	const struct ndmsg *neighbour;

	if (head->nlmsg_type != RTM_NEWNEIGH && head->nlmsg_type != RTM_DELNEIGH)
		return true;
	if (!nlmsg_valid_hdr(head, sizeof(*neighbour)))
		return false;
	neighbour = nlmsg_data(head);
	return neighbour->ndm_state & NUD_PERMANENT;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct rtnl *rtnl = arg;

	if (of_interest(head))
		rtnl->listener.event(head, rtnl->listener.arg);
	return NL_OK;
}

void rtnl_dispatch(struct rtnl *rtnl)
{
	int r;

	do
		r = nl_recvmsgs_default(rtnl->events);
	while (!r);
	/* What was lost may have been anything; libnl says NOMEM for ENOBUFS. */
	if (r != -NLE_AGAIN)
		rtnl->listener.event(NULL, rtnl->listener.arg);
}

int rtnl_fd(const struct rtnl *rtnl)
{
	return nl_socket_get_fd(rtnl->events);
}

int rtnl_watch(struct rtnl *rtnl, bool on)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < ARRAY_SIZE(watched); i++)
		r = on ? nl_socket_add_membership(rtnl->events, watched[i]) :
			 nl_socket_drop_membership(rtnl->events, watched[i]);
	return r < 0 ? from_libnl(r) : 0;
}

/* -- both */

static int open_requests(struct rtnl *rtnl)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	const int one = 1;
	int r, fd;

	rtnl->requests = nl_socket_alloc();
	if (!rtnl->requests)
		return -ENOMEM;
	r = nl_connect(rtnl->requests, NETLINK_ROUTE);
	if (r < 0)
		return from_libnl(r);
	fd = nl_socket_get_fd(rtnl->requests);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	/* Headers are then really those of dumps, and cached routes are left out. */
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	nl_socket_modify_cb(rtnl->requests, NL_CB_VALID, NL_CB_CUSTOM, on_object, rtnl);
	nl_socket_modify_err_cb(rtnl->requests, NL_CB_CUSTOM, on_error, rtnl);
	return 0;
}

static int open_events(struct rtnl *rtnl)
{
	int r;

	rtnl->events = nl_socket_alloc();
	if (!rtnl->events)
		return -ENOMEM;
	nl_socket_disable_seq_check(rtnl->events);
	r = nl_connect(rtnl->events, NETLINK_ROUTE);
	if (!r)
		r = nl_socket_set_nonblocking(rtnl->events);
	if (!r)
		r = nl_socket_add_membership(rtnl->events, RTNLGRP_LINK);
	if (r < 0)
		return from_libnl(r);
	nl_socket_modify_cb(rtnl->events, NL_CB_VALID, NL_CB_CUSTOM, on_event, rtnl);
	return 0;
}

int rtnl_new(const struct rtnl_listener *listener, struct rtnl **ret)
{
	_cleanup_(rtnl_freep) struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int r;

	if (!rtnl)
		return -ENOMEM;
	rtnl->listener = *listener;
	r = open_requests(rtnl);
	if (!r)
		r = open_events(rtnl);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(rtnl);
	return 0;
}

void rtnl_free(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	nl_socket_free(rtnl->requests);
	nl_socket_free(rtnl->events);
	free(rtnl);
}
