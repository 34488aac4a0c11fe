// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family vferry_vf: state and events, in the network namespace
 * of the interface, for as long as it is registered there.
 */
#include <linux/mutex.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../include/vferry_mig_name.h"
#include "nl.h"
#include "vvf.h"

static LIST_HEAD(vvf_list);
static DEFINE_MUTEX(vvf_list_lock);	/* protects vvf_list */

static struct genl_family vvf_nl_family;

enum { VVF_NL_GROUP_EVENTS };

static int vvf_nl_put_device(struct sk_buff *skb, const struct vvf *vvf)
{
	const struct vvf_mig *mig = &vvf->mig;
	const char *reason = vvf_mig_reason(vvf);

	if (nla_put_u32(skb, VFERRY_VF_A_IFINDEX, vvf->netdev->ifindex) ||
	    nla_put_string(skb, VFERRY_VF_A_IFNAME, vvf->netdev->name) ||
	    nla_put_string(skb, VFERRY_VF_A_PCI, pci_name(vvf->pdev)))
		return -EMSGSIZE;
	if (reason ? nla_put_string(skb, VFERRY_VF_A_REASON, reason) :
		     nla_put_flag(skb, VFERRY_VF_A_MIGRATABLE))
		return -EMSGSIZE;
	if (mig->welcome.version &&
	    (nla_put_u32(skb, VFERRY_VF_A_PROTO, mig->welcome.version) ||
	     nla_put_u32(skb, VFERRY_VF_A_FEATURES, mig->welcome.features)))
		return -EMSGSIZE;
	return 0;
}

static int vvf_nl_put_timings(struct sk_buff *skb, const struct vvf *vvf)
{
	const struct vvf_mig *mig = &vvf->mig;

	if (mig->migrations &&
	    nla_put_u64_64bit(skb, VFERRY_VF_A_PAGES, vvf_dirty_pages(&vvf->dirty),
			      VFERRY_VF_A_PAD))
		return -EMSGSIZE;
	if (mig->suspends && nla_put_u32(skb, VFERRY_VF_A_SUSPEND_US, mig->suspend_us))
		return -EMSGSIZE;
	if (READ_ONCE(vvf->hear.waited_us) &&
	    nla_put_u32(skb, VFERRY_VF_A_HEARD_US, READ_ONCE(vvf->hear.waited_us)))
		return -EMSGSIZE;
	if (mig->resumes && nla_put_u32(skb, VFERRY_VF_A_RESUME_US, mig->resume_us))
		return -EMSGSIZE;
	return 0;
}

static int vvf_nl_put_state(struct sk_buff *skb, u32 state, u64 mig_id)
{
	if (nla_put_u32(skb, VFERRY_VF_A_STATE, state))
		return -EMSGSIZE;
	if (mig_id && nla_put_u64_64bit(skb, VFERRY_VF_A_MIG_ID, vferry_mig_name(mig_id),
					VFERRY_VF_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* The first lines of what is not received, and how many more there are. */
#define REFUSED_LINES	16

static int vvf_nl_put_refused(struct sk_buff *skb, struct vvf *vvf)
{
	char line[VVF_REFUSED_LEN];
	unsigned int pos = 0, n = 0;

	while (vvf_filter_describe(vvf, &pos, line))
		if (n++ < REFUSED_LINES && nla_put_string(skb, VFERRY_VF_A_REFUSED, line))
			return -EMSGSIZE;
	if (n <= REFUSED_LINES)
		return 0;
	snprintf(line, sizeof(line), "and %u more", n - REFUSED_LINES);
	return nla_put_string(skb, VFERRY_VF_A_REFUSED, line);
}

static int vvf_nl_put(struct sk_buff *skb, struct vvf *vvf, u32 portid, u32 seq, int flags,
		      enum vferry_vf_nl_cmd cmd)
{
	void *head;

	head = genlmsg_put(skb, portid, seq, &vvf_nl_family, flags, cmd);
	if (!head)
		return -EMSGSIZE;
	if (vvf_nl_put_device(skb, vvf) ||
	    vvf_nl_put_state(skb, READ_ONCE(vvf->mig.state), vvf->mig.mig_id) ||
	    vvf_nl_put_timings(skb, vvf) || vvf_nl_put_refused(skb, vvf)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static struct vvf *vvf_nl_find(struct net *net, int ifindex)
{
	struct vvf *vvf;

	lockdep_assert_held(&vvf_list_lock);

	list_for_each_entry(vvf, &vvf_list, node)
		if (net_eq(dev_net(vvf->netdev), net) && vvf->netdev->ifindex == ifindex)
			return vvf;
	return NULL;
}

static int vvf_nl_get_one(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct vvf *vvf;
	int r;

	if (GENL_REQ_ATTR_CHECK(info, VFERRY_VF_A_IFINDEX))
		return -EINVAL;
	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&vvf_list_lock);
	vvf = vvf_nl_find(genl_info_net(info), nla_get_u32(info->attrs[VFERRY_VF_A_IFINDEX]));
	if (vvf) {
		r = vvf_nl_put(reply, vvf, info->snd_portid, info->snd_seq, 0,
			       VFERRY_VF_CMD_GET);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VFERRY_VF_A_IFINDEX],
				    "no interface of vferry_vf");
		r = -ENODEV;
	}
	mutex_unlock(&vvf_list_lock);

	if (r) {
		nlmsg_free(reply);
		return r;
	}
	return genlmsg_reply(reply, info);
}

static int vvf_nl_get_all(struct sk_buff *skb, struct netlink_callback *cb)
{
	int r = 0, i = 0;
	struct vvf *vvf;

	mutex_lock(&vvf_list_lock);
	list_for_each_entry(vvf, &vvf_list, node) {
		if (!net_eq(dev_net(vvf->netdev), sock_net(skb->sk)) || i++ < cb->args[0])
			continue;
		r = vvf_nl_put(skb, vvf, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			       NLM_F_MULTI, VFERRY_VF_CMD_GET);
		if (r)
			break;
		cb->args[0] = i;
	}
	mutex_unlock(&vvf_list_lock);
	return r && !skb->len ? r : skb->len;
}

/* HEAR and GO: both of one VF, for the socket that they come from. */
static int vvf_nl_hear_go(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct vvf *vvf;
	int r = 0;

	if (GENL_REQ_ATTR_CHECK(info, VFERRY_VF_A_IFINDEX))
		return -EINVAL;

	mutex_lock(&vvf_list_lock);
	vvf = vvf_nl_find(net, nla_get_u32(info->attrs[VFERRY_VF_A_IFINDEX]));
	if (!vvf)
		r = -ENODEV;
	else if (info->genlhdr->cmd == VFERRY_VF_CMD_GO)
		vvf_hear_go(&vvf->hear, net, info->snd_portid);
	else if (info->attrs[VFERRY_VF_A_HEAR])
		r = vvf_hear_register(&vvf->hear, net, info->snd_portid);
	else
		vvf_hear_unregister(&vvf->hear, net, info->snd_portid);
	mutex_unlock(&vvf_list_lock);
	return r;
}

/* A socket that is gone does not want to be heard. */
static int vvf_nl_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *notify = data;
	struct vvf *vvf;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	mutex_lock(&vvf_list_lock);
	list_for_each_entry(vvf, &vvf_list, node)
		vvf_hear_unregister(&vvf->hear, notify->net, notify->portid);
	mutex_unlock(&vvf_list_lock);
	return NOTIFY_DONE;
}

static struct notifier_block vvf_nl_notifier = { .notifier_call = vvf_nl_notify };

static const struct nla_policy vvf_nl_policy[VFERRY_VF_A_HEAR + 1] = {
	[VFERRY_VF_A_IFINDEX] = { .type = NLA_U32 },
	[VFERRY_VF_A_HEAR] = { .type = NLA_FLAG },
};

static const struct genl_ops vvf_nl_ops[] = {
	{
		.cmd = VFERRY_VF_CMD_GET,
		.doit = vvf_nl_get_one,
		.dumpit = vvf_nl_get_all,
	},
	{
		.cmd = VFERRY_VF_CMD_HEAR,
		.doit = vvf_nl_hear_go,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = VFERRY_VF_CMD_GO,
		.doit = vvf_nl_hear_go,
		.flags = GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group vvf_nl_groups[] = {
	[VVF_NL_GROUP_EVENTS] = { .name = VFERRY_VF_GENL_EVENTS },
};

static struct genl_family vvf_nl_family __ro_after_init = {
	.name = VFERRY_VF_GENL_NAME,
	.version = VFERRY_VF_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.maxattr = ARRAY_SIZE(vvf_nl_policy) - 1,
	.policy = vvf_nl_policy,
	.ops = vvf_nl_ops,
	.n_ops = ARRAY_SIZE(vvf_nl_ops),
	.resv_start_op = VFERRY_VF_CMD_GET + 1,
	.mcgrps = vvf_nl_groups,
	.n_mcgrps = ARRAY_SIZE(vvf_nl_groups),
};

/*
 * The network namespace of an interface, held; NULL: it is in none (any more), or that is
 * going away, so that nobody is there to be told.
 */
static struct net *vvf_nl_get_net(struct vvf *vvf)
{
	struct net *net = NULL;

	mutex_lock(&vvf_list_lock);
	if (!list_empty(&vvf->node)) {
		rcu_read_lock();
		net = maybe_get_net(dev_net(vvf->netdev));
		rcu_read_unlock();
	}
	mutex_unlock(&vvf_list_lock);
	return net;
}

/**
 * vvf_nl_ask() - tell one socket that SUSPEND has come
 * @vvf: device
 * @portid: the socket
 * @mig_id: the migration
 *
 * Return: 0 if it will be read; -errno.
 */
int vvf_nl_ask(struct vvf *vvf, u32 portid, u64 mig_id)
{
	struct sk_buff *skb;
	struct net *net;
	void *head;
	int r;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	head = genlmsg_put(skb, 0, 0, &vvf_nl_family, 0, VFERRY_VF_CMD_ASK);
	if (!head || vvf_nl_put_device(skb, vvf) ||
	    vvf_nl_put_state(skb, READ_ONCE(vvf->mig.state), mig_id)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	net = vvf_nl_get_net(vvf);
	if (!net) {
		nlmsg_free(skb);
		return -ENODEV;
	}
	r = genlmsg_unicast(net, skb, portid);
	put_net(net);
	return r;
}

/**
 * vvf_nl_event() - tell the listeners of a change
 * @vvf: device
 * @event: change
 *
 * May sleep. A listener that is not there is no error.
 */
void vvf_nl_event(struct vvf *vvf, const struct vvf_event *event)
{
	struct sk_buff *skb;
	struct net *net;
	void *head;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	head = genlmsg_put(skb, 0, 0, &vvf_nl_family, 0, VFERRY_VF_CMD_EVENT);
	if (!head || vvf_nl_put_device(skb, vvf) ||
	    vvf_nl_put_state(skb, event->state, event->mig_id) ||
	    nla_put_u32(skb, VFERRY_VF_A_EVENT, event->kind) ||
	    nla_put_u32(skb, VFERRY_VF_A_RESULT, event->result) ||
	    nla_put_u64_64bit(skb, VFERRY_VF_A_TIME_NS, event->time_ns, VFERRY_VF_A_PAD) ||
	    nla_put_u64_64bit(skb, VFERRY_VF_A_BOOT_NS, event->boot_ns, VFERRY_VF_A_PAD) ||
	    (event->arrived && nla_put_flag(skb, VFERRY_VF_A_ARRIVED)) ||
	    vvf_nl_put_timings(skb, vvf)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	net = vvf_nl_get_net(vvf);
	if (!net) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_multicast_netns(&vvf_nl_family, net, skb, 0, VVF_NL_GROUP_EVENTS, GFP_KERNEL);
	put_net(net);
}

/* Tell the listeners that a device has come, or goes. Under RTNL: it stays where it is. */
static void vvf_nl_notice(struct vvf *vvf, enum vferry_vf_nl_cmd cmd)
{
	struct sk_buff *skb;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	if (vvf_nl_put(skb, vvf, 0, 0, 0, cmd)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_multicast_netns(&vvf_nl_family, dev_net(vvf->netdev), skb, 0,
				VVF_NL_GROUP_EVENTS, GFP_KERNEL);
}

static void vvf_nl_appear(struct vvf *vvf)
{
	mutex_lock(&vvf_list_lock);
	if (list_empty(&vvf->node)) {
		list_add_tail(&vvf->node, &vvf_list);
		vvf_nl_notice(vvf, VFERRY_VF_CMD_NEW);
	}
	mutex_unlock(&vvf_list_lock);
}

/* May come more than once. */
static void vvf_nl_disappear(struct vvf *vvf)
{
	mutex_lock(&vvf_list_lock);
	if (!list_empty(&vvf->node)) {
		list_del_init(&vvf->node);
		vvf_nl_notice(vvf, VFERRY_VF_CMD_DEL);
	}
	mutex_unlock(&vvf_list_lock);
}

/* An interface is registered or unregistered, or moves to another network namespace. */
static int vvf_nl_netdev(struct notifier_block *nb, unsigned long event, void *data)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(data);

	if (!vvf_netdev_is_ours(netdev))
		return NOTIFY_DONE;
	if (event == NETDEV_REGISTER)
		vvf_nl_appear(netdev_priv(netdev));
	else if (event == NETDEV_UNREGISTER)
		vvf_nl_disappear(netdev_priv(netdev));
	return NOTIFY_DONE;
}

static struct notifier_block vvf_nl_netdevs = { .notifier_call = vvf_nl_netdev };

int __init vvf_nl_init(void)
{
	int r;

	r = netlink_register_notifier(&vvf_nl_notifier);
	if (r)
		return r;
	r = genl_register_family(&vvf_nl_family);
	if (r)
		goto unregister_sockets;
	r = register_netdevice_notifier(&vvf_nl_netdevs);
	if (r)
		goto unregister_family;
	return 0;

unregister_family:
	genl_unregister_family(&vvf_nl_family);
unregister_sockets:
	netlink_unregister_notifier(&vvf_nl_notifier);
	return r;
}

void vvf_nl_exit(void)
{
	unregister_netdevice_notifier(&vvf_nl_netdevs);
	genl_unregister_family(&vvf_nl_family);
	netlink_unregister_notifier(&vvf_nl_notifier);
}
