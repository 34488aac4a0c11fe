/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thing of the network configuration, as rtnetlink describes it: a link, an
 * address, a nexthop, a route, a neighbour, a rule. Pure, with libnl's attribute
 * parsing.
 *
 * The kernel's message is kept: it is what restores the thing. To compare, it is
 * put into words: a key that says which thing it is, and a value that says how it
 * is. An attribute that is not known here is part of the value, in hex; what the
 * kernel counts by itself is not.
 */
#ifndef VFERRYD_OBJECT_H
#define VFERRYD_OBJECT_H

#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

/* In the order in which they are restored. */
enum object_kind {
	OBJECT_LINK,
	OBJECT_ADDRESS,
	OBJECT_NEXTHOP,
	OBJECT_ROUTE,
	OBJECT_NEIGHBOUR,
	OBJECT_RULE,
};

/* IFF_LOWER_UP, which <net/if.h> does not have: there is a carrier. */
#define OBJECT_CARRIER	0x10000

/**
 * struct object_link - of a link
 * @ifindex: its number
 * @name: its name
 * @flags: IFF_* and OBJECT_CARRIER
 * @mtu: bytes
 * @txqlen: packets
 * @type: ARPHRD_*
 * @mac_len: 6 for Ethernet
 * @mac: its hardware address
 * @lower: link that it is stacked on; 0: none, or in another network namespace
 * @master: bridge, bond or VRF that it is a port of; 0: none
 * @vlan: it is a VLAN: Ethernet type and number; tpid 0: it is none
 * @bridge: it is a bridge
 * @forwarding6: it forwards IPv6
 * @mld_version: forced by the administrator; 0: not forced
 */
struct object_link {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	unsigned int flags;
	uint32_t mtu;
	uint32_t txqlen;
	unsigned int type;
	size_t mac_len;
	uint8_t mac[PACKET_MAC];
	uint32_t lower;
	uint32_t master;
	struct {
		uint16_t tpid;
		uint16_t id;
	} vlan;
	bool bridge;
	bool forwarding6;
	unsigned int mld_version;
};

/* Of an address. @limited: its lifetimes are not for ever. */
struct object_address {
	int family;
	unsigned int prefixlen;
	unsigned int scope;
	uint32_t flags;
	bool limited;
	union {
		struct in_addr in;
		struct in6_addr in6;
	} local;
};

/**
 * struct object
 * @kind: what it is
 * @msg: the kernel's message
 * @key: which one it is, in words
 * @value: how it is, in words
 * @dynamic: the kernel, a router or a DHCP server made it, and may make and take it
 *	at any time
 * @global: belongs to no interface
 * @devs: interfaces that it belongs to or leads through
 */
struct object {
	enum object_kind kind;
	struct nlmsghdr *msg;
	char *key;
	char *value;
	bool dynamic;
	bool global;
	uint32_t *devs;
	size_t n_devs;
	union {
		struct object_link link;
		struct object_address address;
	};
};

/* Names of interfaces, for the words. */
struct names {
	struct {
		uint32_t ifindex;
		char name[IFNAMSIZ];
	} *list;
	size_t count;
};

int names_add(struct names *names, uint32_t ifindex, const char *name);
/* "if7" in @buf (IFNAMSIZ) if it is not known. */
const char *names_get(const struct names *names, uint32_t ifindex, char *buf);
void names_free(struct names *names);

/**
 * object_decode() - understand a message
 * @msg: RTM_NEWLINK, _NEWADDR, _NEWROUTE, _NEWRULE, _NEWNEIGH or _NEWNEXTHOP
 * @len: bytes that are there; the message may claim more, and is then refused
 * @names: names of other interfaces
 * @ret: the object
 *
 * Return: 0; 1: not part of the configuration (a cached route, a neighbour that was
 * learned, the kernel's local table, another family); -EBADMSG: truncated, or an
 * attribute has the wrong size; -ENOMEM.
 */
int object_decode(const struct nlmsghdr *msg, size_t len, const struct names *names,
		  struct object **ret);
void object_free(struct object *object);

const char *object_kind_name(enum object_kind kind);

#endif
