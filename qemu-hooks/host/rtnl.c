// SPDX-License-Identifier: GPL-2.0-or-later
/* What rtnetlink knows of VFs; see rtnl.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "msg.h"
#include "rtnl.h"

#define ANSWER_SIZE	65536

/* What is in an attribute, NULL: it is too short */
static const void *whole(const struct nlattr *a, size_t size)
{
	return mnl_attr_get_payload_len(a) < size ? NULL : mnl_attr_get_payload(a);
}

static int read_vf(const struct nlattr *info, struct vf_settings *ret)
{
	const struct ifla_vf_spoofchk none = { .setting = -1 }, *spoofchk = &none;
	const struct ifla_vf_vlan *vlan = NULL;
	bool found = false;
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_VF_VLAN) {
			found = true;
			vlan = whole(a, sizeof(*vlan));
		} else if (mnl_attr_get_type(a) == IFLA_VF_SPOOFCHK) {
			spoofchk = whole(a, sizeof(*spoofchk));
		}
	}
	if (!found && spoofchk)
		return 0;
	if (!vlan || !spoofchk || vlan->vf >= RTNL_VFS)
		return -EBADMSG;
	ret[vlan->vf] = (struct vf_settings) {
		.known = true, .vlan = vlan->vlan, .qos = vlan->qos,
		.spoofchk = spoofchk->setting <= 1 ? (int)spoofchk->setting : -1,
	};
	return 0;
}

int rtnl_get_settings(const struct nlmsghdr *h, struct vf_settings ret[static RTNL_VFS])
{
	const struct nlattr *a, *info;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return -EBADMSG;
	mnl_attr_for_each(a, h, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(a) != IFLA_VFINFO_LIST)
			continue;
		mnl_attr_for_each_nested(info, a)
			if (mnl_attr_get_type(info) == IFLA_VF_INFO && read_vf(info, ret))
				return -EBADMSG;
	}
	return 0;
}

static void close_socket(struct mnl_socket **s)
{
	if (*s)
		mnl_socket_close(*s);
}

/* Send one request; @ret is filled from its answer, NULL: an acknowledgement is all */
static int talk(struct nlmsghdr *h, struct vf_settings *ret)
{
	_cleanup_(close_socket) struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	_cleanup_free_ char *buf = malloc(ANSWER_SIZE);
	int len;

	if (!s)
		return -errno;
	if (!buf)
		return -ENOMEM;
	h->nlmsg_seq = 1;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	/* rtnetlink answers within the request, or at once after it */
	for (;;) {
		const struct nlmsghdr *a = (const void *)buf;
		ssize_t n = mnl_socket_recvfrom(s, buf, ANSWER_SIZE);

		if (n < 0)
			return -errno;
		for (len = n; msg_ok(a, len); a = mnl_nlmsg_next(a, &len)) {
			if (a->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *e = mnl_nlmsg_get_payload(a);

				return mnl_nlmsg_get_payload_len(a) < sizeof(e->error) ?
				       -EBADMSG : e->error;
			}
			if (ret && rtnl_get_settings(a, ret))
				return -EBADMSG;
		}
	}
}

static struct nlmsghdr *link_request(char *buf, uint16_t type, unsigned int ifindex)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info->ifi_index = ifindex;
	return h;
}

int rtnl_vf_settings(unsigned int ifindex, struct vf_settings ret[static RTNL_VFS])
{
	char buf[256] = {};
	struct nlmsghdr *h = link_request(buf, RTM_GETLINK, ifindex);

	memset(ret, 0, RTNL_VFS * sizeof(*ret));
	mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_VF);
	return talk(h, ret);
}

/* One setting of one VF */
static int set_vf(unsigned int ifindex, uint16_t type, const void *setting, size_t size)
{
	char buf[256] = {};
	struct nlmsghdr *h = link_request(buf, RTM_SETLINK, ifindex);
	struct nlattr *list, *info;

	list = mnl_attr_nest_start(h, IFLA_VFINFO_LIST);
	info = mnl_attr_nest_start(h, IFLA_VF_INFO);
	mnl_attr_put(h, type, size, setting);
	mnl_attr_nest_end(h, info);
	mnl_attr_nest_end(h, list);
	return talk(h, NULL);
}

int rtnl_set_vf_mac(unsigned int ifindex, unsigned int vf, const uint8_t *mac)
{
	struct ifla_vf_mac set = { .vf = vf };

	memcpy(set.mac, mac, 6);
	return set_vf(ifindex, IFLA_VF_MAC, &set, sizeof(set));
}

int rtnl_set_vf_vlan(unsigned int ifindex, unsigned int vf, unsigned int vlan, unsigned int qos)
{
	struct ifla_vf_vlan set = { .vf = vf, .vlan = vlan, .qos = qos };

	return set_vf(ifindex, IFLA_VF_VLAN, &set, sizeof(set));
}
