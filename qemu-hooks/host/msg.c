// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of the family vferry_pf; see msg.h. */
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "msg.h"
#include "text.h"

/* A table of attributes, filled by for_attributes() */
struct table {
	const struct nlattr **tb;
	unsigned int max;
};

static int note(const struct nlattr *a, void *data)
{
	struct table *t = data;

	if (mnl_attr_get_type(a) <= t->max)
		t->tb[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

/* Attributes behind a generic netlink header; a rest that makes no sense is left out */
static int read_attributes(const struct nlmsghdr *h, const struct nlattr **tb, unsigned int max)
{
	struct table t = { tb, max };

	if (h->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return -EBADMSG;
	return mnl_attr_parse(h, GENL_HDRLEN, note, &t) < 0 ? -EBADMSG : 0;
}

static int get_u32(const struct nlattr *a, uint32_t *ret)
{
	if (!a)
		return 0;
	if (mnl_attr_validate(a, MNL_TYPE_U32) < 0)
		return -EBADMSG;
	*ret = mnl_attr_get_u32(a);
	return 0;
}

static int get_u64(const struct nlattr *a, uint64_t *ret)
{
	if (!a)
		return 0;
	if (mnl_attr_validate(a, MNL_TYPE_U64) < 0)
		return -EBADMSG;
	*ret = mnl_attr_get_u64(a);
	return 0;
}

/* A duration: -1 if it is not there */
static int get_us(const struct nlattr *a, int64_t *ret)
{
	uint32_t us = 0;
	int r = get_u32(a, &us);

	*ret = a ? (int64_t)us : -1;
	return r;
}

/* What does not fit is cut off; control characters do not reach a terminal. */
static int get_text(const struct nlattr *a, char *ret, size_t size)
{
	if (!a)
		return 0;
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
		return -EBADMSG;
	text_clean(ret, size, mnl_attr_get_str(a));
	return 0;
}

static int get_mac(const struct nlattr *a, uint8_t *ret)
{
	if (!a)
		return 0;
	if (mnl_attr_get_payload_len(a) != 6)
		return -EBADMSG;
	memcpy(ret, mnl_attr_get_payload(a), 6);
	return 0;
}

static int get_last(const struct nlattr *nest, struct last_move *ret)
{
	const struct nlattr *tb[VFERRY_PF_L_MAX + 1] = {};
	struct table t = { tb, VFERRY_PF_L_MAX };

	if (!nest)
		return 0;
	if (mnl_attr_parse_nested(nest, note, &t) < 0 ||
	    get_u64(tb[VFERRY_PF_L_MIG_ID], &ret->mig_id) ||
	    get_us(tb[VFERRY_PF_L_MIGRATE_US], &ret->migrate_us) ||
	    get_us(tb[VFERRY_PF_L_SUSPEND_US], &ret->suspend_us) ||
	    get_us(tb[VFERRY_PF_L_RESUME_US], &ret->resume_us) ||
	    get_us(tb[VFERRY_PF_L_GUEST_SUSPEND_US], &ret->guest_suspend_us) ||
	    get_us(tb[VFERRY_PF_L_GUEST_RESUME_US], &ret->guest_resume_us) ||
	    get_us(tb[VFERRY_PF_L_SUSPENDED_US], &ret->suspended_us) ||
	    get_u32(tb[VFERRY_PF_L_PAGES], &ret->pages) ||
	    get_u32(tb[VFERRY_PF_L_ERROR], (uint32_t *)&ret->error))
		return -EBADMSG;
	return 0;
}

static int get_vlans(const struct nlattr *a, struct vlan_list *ret)
{
	unsigned int len = a ? mnl_attr_get_payload_len(a) : 0;

	if (len % sizeof(ret->ids[0]))
		return -EBADMSG;
	if (len > sizeof(ret->ids))
		len = sizeof(ret->ids);
	if (len)
		memcpy(ret->ids, mnl_attr_get_payload(a), len);
	ret->count = len / sizeof(ret->ids[0]);
	return 0;
}

static int get_room(const struct nlattr *const *tb, struct vf_room *ret)
{
	uint32_t link = 0;

	if (get_u32(tb[VFERRY_PF_A_LINK], &link) ||
	    get_u32(tb[VFERRY_PF_A_ADDRS], &ret->addrs) ||
	    get_u32(tb[VFERRY_PF_A_ADDR_ROOM], &ret->addr_room) ||
	    get_vlans(tb[VFERRY_PF_A_VLANS], &ret->vlans) ||
	    get_u32(tb[VFERRY_PF_A_VLAN_ROOM], &ret->vlan_room) ||
	    get_vlans(tb[VFERRY_PF_A_PF_VLANS], &ret->pf_vlans))
		return -EBADMSG;
	ret->known = tb[VFERRY_PF_A_LINK] && tb[VFERRY_PF_A_ADDR_ROOM] &&
		     tb[VFERRY_PF_A_VLAN_ROOM];
	ret->link = link;
	ret->trusted = tb[VFERRY_PF_A_TRUSTED];
	ret->mac_set = tb[VFERRY_PF_A_MAC_SET];
	return 0;
}

int msg_get_vf(const struct nlmsghdr *h, struct vf_info *ret_vf)
{
	const struct nlattr *tb[VFERRY_PF_A_MAX + 1] = {};
	int r;

	*ret_vf = (struct vf_info) {};
	r = read_attributes(h, tb, VFERRY_PF_A_MAX);
	if (r < 0)
		return r;
	if (!tb[VFERRY_PF_A_IFINDEX] || !tb[VFERRY_PF_A_VF] || !tb[VFERRY_PF_A_STATE])
		return -EBADMSG;

	if (get_u32(tb[VFERRY_PF_A_IFINDEX], &ret_vf->ifindex) ||
	    get_text(tb[VFERRY_PF_A_IFNAME], ret_vf->ifname, MSG_IFNAME) ||
	    get_text(tb[VFERRY_PF_A_PF_PCI], ret_vf->pf_pci, MSG_PCI) ||
	    get_u32(tb[VFERRY_PF_A_VF], &ret_vf->vf) ||
	    get_text(tb[VFERRY_PF_A_VF_PCI], ret_vf->vf_pci, MSG_PCI) ||
	    get_mac(tb[VFERRY_PF_A_MAC], ret_vf->mac) ||
	    get_u32(tb[VFERRY_PF_A_STATE], &ret_vf->state) ||
	    get_u32(tb[VFERRY_PF_A_LINK_STATE], &ret_vf->link_state) ||
	    get_u32(tb[VFERRY_PF_A_PROTO], &ret_vf->proto) ||
	    get_u32(tb[VFERRY_PF_A_FEATURES], &ret_vf->features) ||
	    get_text(tb[VFERRY_PF_A_REASON], ret_vf->reason, MSG_REASON) ||
	    get_u64(tb[VFERRY_PF_A_MIG_ID], &ret_vf->mig_id) ||
	    get_last(tb[VFERRY_PF_A_LAST], &ret_vf->last) || get_room(tb, &ret_vf->room))
		return -EBADMSG;
	ret_vf->migratable = tb[VFERRY_PF_A_MIGRATABLE];
	ret_vf->held = tb[VFERRY_PF_A_HELD];
	return 0;
}

int msg_get_event(const struct nlmsghdr *h, struct vf_event *ret_event)
{
	const struct nlattr *tb[VFERRY_PF_A_MAX + 1] = {};
	int r;

	*ret_event = (struct vf_event) {};
	r = read_attributes(h, tb, VFERRY_PF_A_MAX);
	if (r < 0)
		return r;
	if (!tb[VFERRY_PF_A_IFINDEX] || !tb[VFERRY_PF_A_VF] || !tb[VFERRY_PF_A_EVENT])
		return -EBADMSG;

	if (get_u32(tb[VFERRY_PF_A_IFINDEX], &ret_event->ifindex) ||
	    get_text(tb[VFERRY_PF_A_IFNAME], ret_event->ifname, MSG_IFNAME) ||
	    get_text(tb[VFERRY_PF_A_PF_PCI], ret_event->pf_pci, MSG_PCI) ||
	    get_u32(tb[VFERRY_PF_A_VF], &ret_event->vf) ||
	    get_u32(tb[VFERRY_PF_A_EVENT], &ret_event->event) ||
	    get_u64(tb[VFERRY_PF_A_TIME_NS], &ret_event->time_ns) ||
	    get_u32(tb[VFERRY_PF_A_STATE], &ret_event->state) ||
	    get_u32(tb[VFERRY_PF_A_OLD_STATE], &ret_event->old_state) ||
	    get_u32(tb[VFERRY_PF_A_PHASE], &ret_event->phase) ||
	    get_u32(tb[VFERRY_PF_A_ERROR], (uint32_t *)&ret_event->error) ||
	    get_u32(tb[VFERRY_PF_A_PROTO], &ret_event->proto) ||
	    get_u64(tb[VFERRY_PF_A_MIG_ID], &ret_event->mig_id) ||
	    get_us(tb[VFERRY_PF_A_DURATION_US], &ret_event->duration_us) ||
	    get_us(tb[VFERRY_PF_A_GUEST_US], &ret_event->guest_us) ||
	    get_text(tb[VFERRY_PF_A_REASON], ret_event->reason, MSG_REASON))
		return -EBADMSG;
	return 0;
}

static int get_group(const struct nlattr *group, const char *wanted, uint32_t *ret_id)
{
	const struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1] = {};
	struct table t = { tb, CTRL_ATTR_MCAST_GRP_MAX };
	char name[32] = "";

	if (mnl_attr_parse_nested(group, note, &t) < 0 ||
	    get_text(tb[CTRL_ATTR_MCAST_GRP_NAME], name, sizeof(name)))
		return -EBADMSG;
	if (strcmp(name, wanted))
		return 0;
	return get_u32(tb[CTRL_ATTR_MCAST_GRP_ID], ret_id);
}

int msg_get_family(const struct nlmsghdr *h, const char *name, struct genl_family *ret_family)
{
	const struct nlattr *tb[CTRL_ATTR_MAX + 1] = {};
	const struct nlattr *group;
	int r;

	*ret_family = (struct genl_family) {};
	r = read_attributes(h, tb, CTRL_ATTR_MAX);
	if (r < 0)
		return r;

	if (tb[CTRL_ATTR_FAMILY_ID]) {
		if (mnl_attr_validate(tb[CTRL_ATTR_FAMILY_ID], MNL_TYPE_U16) < 0)
			return -EBADMSG;
		ret_family->id = mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	}
	if (get_text(tb[CTRL_ATTR_FAMILY_NAME], ret_family->name, sizeof(ret_family->name)) ||
	    get_u32(tb[CTRL_ATTR_VERSION], &ret_family->version))
		return -EBADMSG;
	if (!tb[CTRL_ATTR_MCAST_GROUPS])
		return 0;
	mnl_attr_for_each_nested(group, tb[CTRL_ATTR_MCAST_GROUPS])
		if (get_group(group, name, &ret_family->group))
			return -EBADMSG;
	return 0;
}

int msg_get_error(const struct nlmsghdr *h, char *ret_text, size_t size)
{
	const struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = {};
	struct table t = { tb, NLMSGERR_ATTR_MAX };
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t len = mnl_nlmsg_get_payload_len(h);
	size_t skip = sizeof(int);
	int error;

	ret_text[0] = '\0';
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(int)))
		return h->nlmsg_type == NLMSG_DONE && h->nlmsg_len >= NLMSG_HDRLEN ? 0 : -EBADMSG;
	memcpy(&error, mnl_nlmsg_get_payload(h), sizeof(error));
	if (error > 0)
		return -EBADMSG;

	if (h->nlmsg_type == NLMSG_ERROR) {
		if (len < sizeof(*e))
			return -EBADMSG;
		skip = sizeof(*e);
		if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
			if (e->msg.nlmsg_len < sizeof(e->msg) || e->msg.nlmsg_len > len)
				return -EBADMSG;
			skip += e->msg.nlmsg_len - sizeof(e->msg);
		}
	}
	/* What follows is good for a text only. */
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || NLMSG_ALIGN(skip) > len)
		return error;
	if (mnl_attr_parse(h, NLMSG_ALIGN(skip), note, &t) >= 0)
		get_text(tb[NLMSGERR_ATTR_MSG], ret_text, size);
	return error;
}

const char *mig_id_text(uint64_t mig_id, char *buf)
{
	snprintf(buf, 17, "%016" PRIx64, mig_id);
	return buf;
}

const char *mac_text(const uint8_t *mac, char *buf)
{
	snprintf(buf, 18, "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buf;
}

/* What is not known is left out. */
static int set_us(json_t *object, const char *key, int64_t us)
{
	return us < 0 ? 0 : json_object_set_new(object, key, json_integer(us));
}

static int set_text(json_t *object, const char *key, const char *text)
{
	return text[0] ? json_object_set_new(object, key, json_string(text)) : 0;
}

static int set_mig_id(json_t *object, uint64_t mig_id)
{
	char buf[17];

	return mig_id ? json_object_set_new(object, "migration",
					    json_string(mig_id_text(mig_id, buf))) : 0;
}

static json_t *last_json(const struct last_move *last)
{
	_cleanup_json_ json_t *j = json_object();

	if (!j || set_mig_id(j, last->mig_id) ||
	    set_us(j, "migrate_us", last->migrate_us) ||
	    set_us(j, "suspend_us", last->suspend_us) ||
	    set_us(j, "resume_us", last->resume_us) ||
	    set_us(j, "guest_suspend_us", last->guest_suspend_us) ||
	    set_us(j, "guest_resume_us", last->guest_resume_us) ||
	    set_us(j, "suspended_us", last->suspended_us) ||
	    json_object_set_new(j, "pages", json_integer(last->pages)) ||
	    json_object_set_new(j, "error", json_integer(last->error)))
		return NULL;
	return json_incref(j);
}

json_t *vf_json(const struct vf_info *vf)
{
	_cleanup_json_ json_t *j = NULL;
	char mac[18];

	j = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:b, s:b}",
		      "pf", vf->ifname, "pf_pci", vf->pf_pci, "vf", (json_int_t)vf->vf,
		      "mac", mac_text(vf->mac, mac), "state", mig_state_name(vf->state),
		      "link_state", link_state_name(vf->link_state),
		      "migratable", (int)vf->migratable, "held", (int)vf->held);
	if (!j || set_text(j, "vf_pci", vf->vf_pci) || set_text(j, "reason", vf->reason) ||
	    set_mig_id(j, vf->mig_id) ||
	    (vf->proto &&
	     (json_object_set_new(j, "protocol", json_integer(vf->proto)) ||
	      json_object_set_new(j, "features", json_integer(vf->features)))) ||
	    (vf->last.mig_id && json_object_set_new(j, "last", last_json(&vf->last))))
		return NULL;
	return json_incref(j);
}

json_t *event_json(const struct vf_event *event)
{
	_cleanup_json_ json_t *j = NULL;
	int r = 0;

	j = json_pack("{s:s, s:s, s:I, s:s, s:I}", "pf", event->ifname, "pf_pci", event->pf_pci,
		      "vf", (json_int_t)event->vf, "event", event_name(event->event),
		      "time_ns", (json_int_t)event->time_ns);
	if (!j)
		return NULL;

	switch (event->event) {
	case VFERRY_PF_EVENT_STATE:
		r = json_object_set_new(j, "state", json_string(mig_state_name(event->state))) ||
		    json_object_set_new(j, "old_state",
					json_string(mig_state_name(event->old_state)));
		break;
	case VFERRY_PF_EVENT_FAILED:
		r = json_object_set_new(j, "state", json_string(mig_state_name(event->state))) ||
		    json_object_set_new(j, "error", json_integer(event->error));
		break;
	case VFERRY_PF_EVENT_RESET:
		r = json_object_set_new(j, "state", json_string(mig_state_name(event->state)));
		break;
	case VFERRY_PF_EVENT_PHASE:
		r = json_object_set_new(j, "phase", json_string(phase_name(event->phase)));
		break;
	case VFERRY_PF_EVENT_HELLO:
		r = json_object_set_new(j, "protocol", json_integer(event->proto));
		break;
	}
	if (r || set_text(j, "reason", event->reason) || set_mig_id(j, event->mig_id) ||
	    set_us(j, "duration_us", event->duration_us) || set_us(j, "guest_us", event->guest_us))
		return NULL;
	return json_incref(j);
}
