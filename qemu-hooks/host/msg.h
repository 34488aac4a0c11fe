/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the generic netlink family vferry_pf: reading them, and telling
 * what they say as JSON.
 *
 * Pure, apart from libmnl and jansson. Every header handed in must lie wholly in
 * memory (msg_ok()); what is inside is not trusted.
 */
#ifndef VFERRY_HOST_MSG_H
#define VFERRY_HOST_MSG_H

#include <jansson.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "names.h"

#define MSG_IFNAME	16
#define MSG_PCI		32
#define MSG_REASON	256
#define MSG_VLANS	64

/**
 * struct last_move - the last migration of a VF, as far as it went on this host
 *
 * Microseconds; -1: did not happen here.
 */
struct last_move {
	uint64_t mig_id;
	int64_t migrate_us;
	int64_t suspend_us;
	int64_t resume_us;
	int64_t guest_suspend_us;
	int64_t guest_resume_us;
	int64_t suspended_us;
	uint32_t pages;
	int32_t error;
};

/* VLAN ids; those that do not fit are left out */
struct vlan_list {
	uint16_t ids[MSG_VLANS];
	unsigned int count;
};

/**
 * struct vf_room - what a VF has of tables that all share, and what it could have
 * @known: the driver tells
 * @link: the PF's port has one
 * @trusted: by an administrator
 * @mac_set: by an administrator of this host, and not only for a guest that came with it
 * @addrs: further addresses that the VF has
 * @addr_room: as many it could have in all
 * @vlans: that the VF is in
 * @vlan_room: how many it could be in that are not in @pf_vlans
 * @pf_vlans: that others on the PF are in
 */
struct vf_room {
	bool known;
	bool link;
	bool trusted;
	bool mac_set;
	uint32_t addrs;
	uint32_t addr_room;
	struct vlan_list vlans;
	uint32_t vlan_room;
	struct vlan_list pf_vlans;
};

/**
 * struct vf_info - one VF, an answer to GET_VF
 * @vf_pci: may be empty
 * @proto: 0: no driver that speaks vferry
 * @reason: why not migratable, empty: it is
 * @mig_id: 0: no migration is under way
 * @last: its mig_id is 0: there was none
 */
struct vf_info {
	uint32_t ifindex;
	char ifname[MSG_IFNAME];
	char pf_pci[MSG_PCI];
	uint32_t vf;
	char vf_pci[MSG_PCI];
	uint8_t mac[6];
	uint32_t state;
	uint32_t link_state;
	uint32_t proto;
	uint32_t features;
	bool migratable;
	bool held;
	char reason[MSG_REASON];
	uint64_t mig_id;
	struct last_move last;
	struct vf_room room;
};

/**
 * struct vf_event - one event
 * @duration_us: -1: none; so is @guest_us
 */
struct vf_event {
	uint32_t ifindex;
	char ifname[MSG_IFNAME];
	char pf_pci[MSG_PCI];
	uint32_t vf;
	uint32_t event;
	uint64_t time_ns;
	uint32_t state;
	uint32_t old_state;
	uint32_t phase;
	int32_t error;
	uint32_t proto;
	uint64_t mig_id;
	int64_t duration_us;
	int64_t guest_us;
	char reason[MSG_REASON];
};

/**
 * struct genl_family - what the controller says of a family
 * @id: 0: not told
 * @name: of it
 * @group: of the multicast group that was asked for, 0: not told
 */
struct genl_family {
	char name[16];
	uint16_t id;
	uint32_t version;
	uint32_t group;
};

/**
 * msg_ok() - is there a whole message in so many bytes?
 * @h: where it would be
 * @left: bytes from there on
 *
 * libmnl's own check takes a length of more than 2 GiB for a negative one.
 */
static inline bool msg_ok(const struct nlmsghdr *h, int left)
{
	return left >= (int)sizeof(*h) && h->nlmsg_len >= sizeof(*h) &&
	       h->nlmsg_len <= (unsigned int)left;
}

/* 0, or -EBADMSG; then the result is not to be used. */
int msg_get_vf(const struct nlmsghdr *h, struct vf_info *ret_vf);
int msg_get_event(const struct nlmsghdr *h, struct vf_event *ret_event);

/* @group: name of the multicast group that is looked for */
int msg_get_family(const struct nlmsghdr *h, const char *group, struct genl_family *ret_family);

/**
 * msg_get_error() - an acknowledgement
 * @h: message of type NLMSG_ERROR, or NLMSG_DONE at the end of a dump
 * @ret_text: receives the extended acknowledgement's text, or ""
 * @size: of @ret_text, not 0
 *
 * Return: its error, 0 or -errno; -EBADMSG.
 */
int msg_get_error(const struct nlmsghdr *h, char *ret_text, size_t size);

/* New references; NULL: no memory. */
json_t *vf_json(const struct vf_info *vf);
json_t *event_json(const struct vf_event *event);

/* A migration's id, as everywhere: 16 hexadecimal digits. buf: 17 bytes. */
const char *mig_id_text(uint64_t mig_id, char *buf);

/* buf: 18 bytes */
const char *mac_text(const uint8_t *mac, char *buf);

#endif
