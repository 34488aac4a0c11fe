// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic netlink family vferry_vf. See vfnl.h. */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "cleanup.h"
#include "vfnl.h"

#define ATTEMPTS	10
#define ANSWER_S	2
#define BUFFER		16384	/* bytes; the largest is a new family of somebody's, some KiB */

struct vfnl {
	struct nl_sock *requests;
	struct nl_sock *events;
	struct vfnl_listener listener;
	int family;		/* 0: there is no driver */
	void (*found)(const struct vfmsg *msg, void *arg);
	void *found_arg;
	bool stale;		/* the family is another one now, or none */
};

DEFINE_CLEANUP(struct vfnl *, vfnl_free);
DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

static int from_libnl(int error)
{
	switch (-error) {
	case 0:
		return 0;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
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

/* Find the family and listen to it. The group's membership ends with the family. */
static int resolve(struct vfnl *vfnl)
{
	int group;

	vfnl->family = genl_ctrl_resolve(vfnl->requests, VFERRY_VF_GENL_NAME);
	if (vfnl->family < 0) {
		int r = from_libnl(vfnl->family);

		vfnl->family = 0;
		return r == -ENOENT ? 0 : r;
	}
	group = genl_ctrl_resolve_grp(vfnl->requests, VFERRY_VF_GENL_NAME, VFERRY_VF_GENL_EVENTS);
	return group < 0 ? from_libnl(group) :
	       from_libnl(nl_socket_add_membership(vfnl->events, group));
}

static int on_found(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct vfnl *vfnl = arg;
	struct vfmsg vf;

	if (vfnl->found && head->nlmsg_type == vfnl->family &&
	    !vfmsg_decode(head, head->nlmsg_len, &vf))
		vfnl->found(&vf, vfnl->found_arg);
	return NL_OK;
}

int vfnl_dump(struct vfnl *vfnl, void (*found)(const struct vfmsg *msg, void *arg), void *arg)
{
	int r, attempt;

	r = resolve(vfnl);
	if (r < 0 || !vfnl->family)
		return r;
	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		_cleanup_(nlmsg_freep) struct nl_msg *msg = nlmsg_alloc();

		if (!msg || !genlmsg_put(msg, 0, 0, vfnl->family, 0, NLM_F_DUMP,
					 VFERRY_VF_CMD_GET, VFERRY_VF_GENL_VERSION))
			return -ENOMEM;
		r = nl_send_auto(vfnl->requests, msg);
		if (r < 0)
			return from_libnl(r);
		vfnl->found = found;
		vfnl->found_arg = arg;
		r = from_libnl(nl_recvmsgs_default(vfnl->requests));
		vfnl->found = NULL;
		/* The same VF twice does no harm. */
		if (r != -EAGAIN)
			return r;
	}
	return r;
}

static void on_ctrl(struct vfnl *vfnl, struct nlmsghdr *head)
{
	const struct genlmsghdr *info = nlmsg_data(head);

	/* Of whichever family: they come and go rarely. */
	if (info->cmd == CTRL_CMD_NEWFAMILY || info->cmd == CTRL_CMD_DELFAMILY)
		vfnl->stale = true;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct vfnl *vfnl = arg;
	struct vfmsg vf;

	if (!nlmsg_valid_hdr(head, GENL_HDRLEN))
		return NL_OK;
	if (head->nlmsg_type == GENL_ID_CTRL)
		on_ctrl(vfnl, head);
	else if (head->nlmsg_type == vfnl->family &&
		 !vfmsg_decode(head, head->nlmsg_len, &vf) &&
		 (vf.cmd == VFERRY_VF_CMD_EVENT || vf.cmd == VFERRY_VF_CMD_ASK))
		vfnl->listener.event(&vf, vfnl->listener.arg);
	return NL_OK;
}

/* HEAR and GO were refused: by a driver that does not know them, or another agent is heard. */
static int on_refused(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	(void)from;
	(void)error;
	(void)arg;
	return NL_SKIP;
}

/* Through the socket that is asked; nobody waits for an answer, which is an error only. */
static void tell(struct vfnl *vfnl, int cmd, uint32_t ifindex, bool hear)
{
	_cleanup_(nlmsg_freep) struct nl_msg *msg = nlmsg_alloc();

	if (!vfnl->family || !msg ||
	    !genlmsg_put(msg, 0, 0, vfnl->family, 0, 0, (uint8_t)cmd, VFERRY_VF_GENL_VERSION) ||
	    nla_put_u32(msg, VFERRY_VF_A_IFINDEX, ifindex) ||
	    (hear && nla_put_flag(msg, VFERRY_VF_A_HEAR)))
		return;
	nl_complete_msg(vfnl->events, msg);
	nlmsg_hdr(msg)->nlmsg_flags = NLM_F_REQUEST;
	nl_send(vfnl->events, msg);
}

void vfnl_hear(struct vfnl *vfnl, uint32_t ifindex, bool on)
{
	tell(vfnl, VFERRY_VF_CMD_HEAR, ifindex, on);
}

void vfnl_go(struct vfnl *vfnl, uint32_t ifindex)
{
	tell(vfnl, VFERRY_VF_CMD_GO, ifindex, false);
}

void vfnl_dispatch(struct vfnl *vfnl)
{
	int r;

	do
		r = nl_recvmsgs_default(vfnl->events);
	while (!r);
	if (r != -NLE_AGAIN)
		vfnl->listener.lost(vfnl->listener.arg);
	if (!vfnl->stale)
		return;
	vfnl->stale = false;
	vfnl->listener.family(vfnl->listener.arg);
}

int vfnl_fd(const struct vfnl *vfnl)
{
	return nl_socket_get_fd(vfnl->events);
}

static int open_sockets(struct vfnl *vfnl)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	int r, group;

	vfnl->requests = nl_socket_alloc();
	vfnl->events = nl_socket_alloc();
	if (!vfnl->requests || !vfnl->events)
		return -ENOMEM;
	nl_socket_disable_seq_check(vfnl->events);
	/* Messages are small: none is looked at before it is read, the driver may be waiting. */
	nl_socket_disable_msg_peek(vfnl->events);
	r = nl_socket_set_msg_buf_size(vfnl->events, BUFFER);
	if (r < 0)
		return from_libnl(r);
	r = genl_connect(vfnl->requests);
	if (!r)
		r = genl_connect(vfnl->events);
	if (!r)
		r = nl_socket_set_nonblocking(vfnl->events);
	if (r < 0)
		return from_libnl(r);
	if (setsockopt(nl_socket_get_fd(vfnl->requests), SOL_SOCKET, SO_RCVTIMEO, &limit,
		       sizeof(limit)) < 0)
		return -errno;
	group = genl_ctrl_resolve_grp(vfnl->requests, "nlctrl", "notify");
	r = group < 0 ? group : nl_socket_add_membership(vfnl->events, group);
	nl_socket_modify_cb(vfnl->requests, NL_CB_VALID, NL_CB_CUSTOM, on_found, vfnl);
	nl_socket_modify_cb(vfnl->events, NL_CB_VALID, NL_CB_CUSTOM, on_event, vfnl);
	nl_socket_modify_err_cb(vfnl->events, NL_CB_CUSTOM, on_refused, vfnl);
	return from_libnl(r);
}

int vfnl_new(const struct vfnl_listener *listener, struct vfnl **ret)
{
	_cleanup_(vfnl_freep) struct vfnl *vfnl = calloc(1, sizeof(*vfnl));
	int r;

	if (!vfnl)
		return -ENOMEM;
	vfnl->listener = *listener;
	r = open_sockets(vfnl);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(vfnl);
	return 0;
}

void vfnl_free(struct vfnl *vfnl)
{
	if (!vfnl)
		return;
	nl_socket_free(vfnl->requests);
	nl_socket_free(vfnl->events);
	free(vfnl);
}
