// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family vferry_pf; see nl.h and uapi/vferry_pf.h.
 */
#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../include/vferry_mig_name.h"
#include "nl.h"
#include "pf.h"

static LIST_HEAD(vpf_nics);
static DEFINE_MUTEX(vpf_nics_lock);	/* vpf_nics, and lifetime of its members */
static atomic_t vpf_nics_seq = ATOMIC_INIT(1);	/* of the set of VFs; odd: 0 is none */

static struct genl_family vpf_genl;

static const struct nla_policy vpf_policy[VFERRY_PF_A_LINK_STATE + 1] = {
	[VFERRY_PF_A_IFINDEX]	 = { .type = NLA_U32 },
	[VFERRY_PF_A_VF]	 = { .type = NLA_U32 },
	[VFERRY_PF_A_LINK_STATE] = NLA_POLICY_RANGE(NLA_U32, VFERRY_LINK_STATE_MIGRATE,
						    VFERRY_LINK_STATE_RESUME),
};

static struct vpf_nic *find_nic(struct net *net, int ifindex)
{
	struct vpf_nic *nic;

	lockdep_assert_held(&vpf_nics_lock);

	list_for_each_entry(nic, &vpf_nics, list)
		if (nic->netdev->ifindex == ifindex && net_eq(dev_net(nic->netdev), net))
			return nic;
	return NULL;
}

/* The VF that a request names; errors have their text in extack. */
static struct vpf_nic *named_vf(struct genl_info *info, unsigned int *ret_vf)
{
	struct vpf_nic *nic;
	u32 vf;

	lockdep_assert_held(&vpf_nics_lock);

	if (GENL_REQ_ATTR_CHECK(info, VFERRY_PF_A_IFINDEX) ||
	    GENL_REQ_ATTR_CHECK(info, VFERRY_PF_A_VF))
		return ERR_PTR(-EINVAL);

	nic = find_nic(genl_info_net(info), nla_get_u32(info->attrs[VFERRY_PF_A_IFINDEX]));
	if (!nic) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VFERRY_PF_A_IFINDEX],
				    "no PF driven by vferry_pf");
		return ERR_PTR(-ENODEV);
	}

	vf = nla_get_u32(info->attrs[VFERRY_PF_A_VF]);
	if (vf >= nic->num_vfs) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VFERRY_PF_A_VF], "no such VF");
		return ERR_PTR(-ENODEV);
	}
	*ret_vf = vf;
	return nic;
}

static int put_names(struct sk_buff *skb, const struct vpf_nic *nic, unsigned int vf)
{
	return nla_put_u32(skb, VFERRY_PF_A_IFINDEX, nic->netdev->ifindex) ||
	       nla_put_string(skb, VFERRY_PF_A_IFNAME, nic->netdev->name) ||
	       nla_put_string(skb, VFERRY_PF_A_PF_PCI, pci_name(nic->pdev)) ||
	       nla_put_u32(skb, VFERRY_PF_A_VF, vf) ? -EMSGSIZE : 0;
}

static int put_us(struct sk_buff *skb, int attr, s64 us)
{
	return us < 0 ? 0 : nla_put_u32(skb, attr, min_t(s64, us, U32_MAX));
}

static int put_mig_id(struct sk_buff *skb, int attr, u64 mig_id, int pad)
{
	return mig_id ? nla_put_u64_64bit(skb, attr, vferry_mig_name(mig_id), pad) : 0;
}

static int put_last(struct sk_buff *skb, const struct vpf_nl_last *last)
{
	struct nlattr *nest;

	if (!last->mig_id)
		return 0;

	nest = nla_nest_start(skb, VFERRY_PF_A_LAST);
	if (!nest ||
	    put_mig_id(skb, VFERRY_PF_L_MIG_ID, last->mig_id, VFERRY_PF_L_PAD) ||
	    put_us(skb, VFERRY_PF_L_MIGRATE_US, last->migrate_us) ||
	    put_us(skb, VFERRY_PF_L_SUSPEND_US, last->suspend_us) ||
	    put_us(skb, VFERRY_PF_L_RESUME_US, last->resume_us) ||
	    put_us(skb, VFERRY_PF_L_GUEST_SUSPEND_US, last->guest_suspend_us) ||
	    put_us(skb, VFERRY_PF_L_GUEST_RESUME_US, last->guest_resume_us) ||
	    put_us(skb, VFERRY_PF_L_SUSPENDED_US, last->suspended_us) ||
	    nla_put_u32(skb, VFERRY_PF_L_PAGES, last->pages) ||
	    nla_put_s32(skb, VFERRY_PF_L_ERROR, last->err))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* What the VF has of tables that all share, and what it could have */
static int put_room(struct sk_buff *skb, struct vferry_pf_vf *vf)
{
	u16 vlans[VFERRY_DEV_VLANS];
	struct vpf_room room;
	u32 addrs, count;
	bool trusted, mac_set;

	mutex_lock(&vf->lock);
	trusted = vf->policy.trusted;
	mac_set = vf->admin.mac_set;
	addrs = vf->uc_count;
	count = vf->vlan_count;
	memcpy(vlans, vf->vlans, count * sizeof(vlans[0]));
	mutex_unlock(&vf->lock);
	vpf_room_left(vf->nic, vf->nr, &room);

	return nla_put_u32(skb, VFERRY_PF_A_LINK,
			   vpf_present(vf->nic) && vpf_rd(vf->nic, R_STATUS) & STATUS_LU) ||
	       (trusted && nla_put_flag(skb, VFERRY_PF_A_TRUSTED)) ||
	       (mac_set && nla_put_flag(skb, VFERRY_PF_A_MAC_SET)) ||
	       nla_put_u32(skb, VFERRY_PF_A_ADDRS, addrs) ||
	       nla_put_u32(skb, VFERRY_PF_A_ADDR_ROOM, room.addrs) ||
	       nla_put(skb, VFERRY_PF_A_VLANS, count * sizeof(vlans[0]), vlans) ||
	       nla_put_u32(skb, VFERRY_PF_A_VLAN_ROOM, room.vlans) ||
	       nla_put(skb, VFERRY_PF_A_PF_VLANS, room.known_count * sizeof(room.known[0]),
		       room.known) ? -EMSGSIZE : 0;
}

static int put_vf(struct sk_buff *skb, struct vpf_nic *nic, unsigned int vf)
{
	struct vpf_nl_vf d = {};

	lockdep_assert_held(&vpf_nics_lock);

	vpf_mig_describe(nic, vf, &d);
	if (put_names(skb, nic, vf) ||
	    (d.pci[0] && nla_put_string(skb, VFERRY_PF_A_VF_PCI, d.pci)) ||
	    nla_put(skb, VFERRY_PF_A_MAC, ETH_ALEN, d.mac) ||
	    nla_put_u32(skb, VFERRY_PF_A_STATE, d.state) ||
	    nla_put_u32(skb, VFERRY_PF_A_LINK_STATE, d.link_state) ||
	    (d.proto && (nla_put_u32(skb, VFERRY_PF_A_PROTO, d.proto) ||
			 nla_put_u32(skb, VFERRY_PF_A_FEATURES, d.features))) ||
	    (d.reason ? nla_put_string(skb, VFERRY_PF_A_REASON, d.reason) :
			nla_put_flag(skb, VFERRY_PF_A_MIGRATABLE)) ||
	    (d.held && nla_put_flag(skb, VFERRY_PF_A_HELD)) ||
	    put_mig_id(skb, VFERRY_PF_A_MIG_ID, d.mig_id, VFERRY_PF_A_PAD) ||
	    put_room(skb, &nic->vf[vf]))
		return -EMSGSIZE;
	return put_last(skb, &d.last);
}

static int get_vf_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	struct vpf_nic *nic;
	unsigned int vf;
	void *head;
	int err;

	if (!msg)
		return -ENOMEM;

	mutex_lock(&vpf_nics_lock);
	nic = named_vf(info, &vf);
	if (IS_ERR(nic)) {
		err = PTR_ERR(nic);
		goto free_msg;
	}
	head = genlmsg_put_reply(msg, info, &vpf_genl, 0, VFERRY_PF_CMD_GET_VF);
	err = head ? put_vf(msg, nic, vf) : -EMSGSIZE;
	if (err)
		goto free_msg;
	mutex_unlock(&vpf_nics_lock);

	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);

free_msg:
	mutex_unlock(&vpf_nics_lock);
	nlmsg_free(msg);
	return err;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct vpf_nic *nic, unsigned int vf)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &vpf_genl, NLM_F_MULTI, VFERRY_PF_CMD_GET_VF);

	if (!head)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, head);
	if (put_vf(skb, nic, vf)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

/* Where the dump goes on: args[0] counts the VFs told so far. */
static int get_vf_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct genl_dumpit_info *info = genl_dumpit_info(cb);
	struct nlattr *only = info->info.attrs[VFERRY_PF_A_IFINDEX];
	struct net *net = sock_net(skb->sk);
	struct vpf_nic *nic;
	unsigned int vf;
	long seen = 0;

	mutex_lock(&vpf_nics_lock);
	cb->seq = atomic_read(&vpf_nics_seq);
	list_for_each_entry(nic, &vpf_nics, list) {
		if (!net_eq(dev_net(nic->netdev), net) ||
		    (only && nla_get_u32(only) != nic->netdev->ifindex))
			continue;
		for (vf = 0; vf < nic->num_vfs; vf++, seen++) {
			if (seen < cb->args[0])
				continue;
			if (dump_one(skb, cb, nic, vf))
				goto full;
		}
	}
full:
	mutex_unlock(&vpf_nics_lock);
	cb->args[0] = seen;
	return skb->len;
}

static int set_vf_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vpf_nic *nic;
	unsigned int vf;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, VFERRY_PF_A_LINK_STATE))
		return -EINVAL;

	mutex_lock(&vpf_nics_lock);
	nic = named_vf(info, &vf);
	err = IS_ERR(nic) ? PTR_ERR(nic) :
	      vpf_mig_user(nic, vf, nla_get_u32(info->attrs[VFERRY_PF_A_LINK_STATE]),
			   info->extack);
	mutex_unlock(&vpf_nics_lock);
	return err;
}

static int ping_vf_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vpf_nic *nic;
	unsigned int vf;
	int err;

	mutex_lock(&vpf_nics_lock);
	nic = named_vf(info, &vf);
	err = IS_ERR(nic) ? PTR_ERR(nic) : vpf_mig_ping(nic, vf, info->extack);
	mutex_unlock(&vpf_nics_lock);
	return err;
}

static int put_event(struct sk_buff *skb, struct vpf_nic *nic, unsigned int vf,
		     const struct vpf_nl_event *e)
{
	bool with_state = e->event == VFERRY_PF_EVENT_STATE ||
			  e->event == VFERRY_PF_EVENT_FAILED ||
			  e->event == VFERRY_PF_EVENT_RESET;

	return put_names(skb, nic, vf) ||
	       nla_put_u32(skb, VFERRY_PF_A_EVENT, e->event) ||
	       nla_put_u64_64bit(skb, VFERRY_PF_A_TIME_NS,
				 e->time_ns ?: ktime_get_real_ns(), VFERRY_PF_A_PAD) ||
	       (with_state && nla_put_u32(skb, VFERRY_PF_A_STATE, e->state)) ||
	       (e->event == VFERRY_PF_EVENT_STATE &&
		nla_put_u32(skb, VFERRY_PF_A_OLD_STATE, e->old_state)) ||
	       (e->event == VFERRY_PF_EVENT_PHASE &&
		nla_put_u32(skb, VFERRY_PF_A_PHASE, e->phase)) ||
	       (e->event == VFERRY_PF_EVENT_FAILED &&
		nla_put_s32(skb, VFERRY_PF_A_ERROR, e->err)) ||
	       (e->event == VFERRY_PF_EVENT_HELLO &&
		nla_put_u32(skb, VFERRY_PF_A_PROTO, e->proto)) ||
	       (e->reason && nla_put_string(skb, VFERRY_PF_A_REASON, e->reason)) ||
	       put_mig_id(skb, VFERRY_PF_A_MIG_ID, e->mig_id, VFERRY_PF_A_PAD) ||
	       put_us(skb, VFERRY_PF_A_DURATION_US, e->duration_us) ||
	       put_us(skb, VFERRY_PF_A_GUEST_US, e->guest_us) ? -EMSGSIZE : 0;
}

static void multicast(struct net *net, struct vpf_nic *nic, unsigned int vf,
		      const struct vpf_nl_event *event)
{
	struct sk_buff *msg;
	void *head;

	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return;

	head = genlmsg_put(msg, 0, 0, &vpf_genl, 0, VFERRY_PF_CMD_EVENT);
	if (!head || put_event(msg, nic, vf, event)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, head);
	genlmsg_multicast_netns(&vpf_genl, net, msg, 0, 0, GFP_KERNEL);
}

/* The interface may be moved at any time, and where it was may be gone then */
static struct net *get_net_of(const struct vpf_nic *nic)
{
	struct net *net;

	rcu_read_lock();
	net = maybe_get_net(read_pnet(&nic->netdev->nd_net));
	rcu_read_unlock();
	return net;
}

void vpf_nl_event(struct vpf_nic *nic, unsigned int vf, const struct vpf_nl_event *event)
{
	struct net *net = get_net_of(nic);

	if (!net)	/* it goes, and so do its listeners */
		return;
	if (genl_has_listeners(&vpf_genl, net, 0))
		multicast(net, nic, vf, event);
	put_net(net);
}

void vpf_nl_changed(void)
{
	atomic_add(2, &vpf_nics_seq);
}

void vpf_nl_add(struct vpf_nic *nic)
{
	mutex_lock(&vpf_nics_lock);
	list_add_tail(&nic->list, &vpf_nics);
	vpf_nl_changed();
	mutex_unlock(&vpf_nics_lock);
}

void vpf_nl_del(struct vpf_nic *nic)
{
	mutex_lock(&vpf_nics_lock);
	list_del(&nic->list);
	vpf_nl_changed();
	mutex_unlock(&vpf_nics_lock);
}

static const struct genl_split_ops vpf_ops[] = {
	{
		.cmd		= VFERRY_PF_CMD_GET_VF,
		.doit		= get_vf_doit,
		.policy		= vpf_policy,
		.maxattr	= ARRAY_SIZE(vpf_policy) - 1,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VFERRY_PF_CMD_GET_VF,
		.dumpit		= get_vf_dumpit,
		.policy		= vpf_policy,
		.maxattr	= ARRAY_SIZE(vpf_policy) - 1,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VFERRY_PF_CMD_SET_VF,
		.doit		= set_vf_doit,
		.policy		= vpf_policy,
		.maxattr	= ARRAY_SIZE(vpf_policy) - 1,
		.flags		= GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd		= VFERRY_PF_CMD_PING_VF,
		.doit		= ping_vf_doit,
		.policy		= vpf_policy,
		.maxattr	= ARRAY_SIZE(vpf_policy) - 1,
		.flags		= GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group vpf_groups[] = {
	{ .name = VFERRY_PF_GENL_EVENTS },
};

static struct genl_family vpf_genl __ro_after_init = {
	.name		= VFERRY_PF_GENL_NAME,
	.version	= VFERRY_PF_GENL_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= vpf_ops,
	.n_split_ops	= ARRAY_SIZE(vpf_ops),
	.mcgrps		= vpf_groups,
	.n_mcgrps	= ARRAY_SIZE(vpf_groups),
	.resv_start_op	= VFERRY_PF_CMD_MAX + 1,
};

int __init vpf_nl_init(void)
{
	return genl_register_family(&vpf_genl);
}

void vpf_nl_exit(void)
{
	genl_unregister_family(&vpf_genl);
}
