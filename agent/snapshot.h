/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of an interface and of everything stacked on it, at one time:
 * the links, their addresses and permanent neighbours, the routes and nexthops that
 * lead through them, and all rules. And what two of them differ in. Pure, with
 * libnl's attribute parsing.
 *
 * Stacked on it are VLANs, macvlans and the like (their IFLA_LINK is one of us) and
 * the bridge, bond or VRF that one of us is a port of; to any depth, in this network
 * namespace.
 */
#ifndef VFERRYD_SNAPSHOT_H
#define VFERRYD_SNAPSHOT_H

#include "object.h"

/**
 * struct snapshot
 * @objects: sorted by kind, key and value once snapshot_sort() was called
 * @count: how many
 * @set: links that belong to it, the interface itself first
 * @n_set: how many
 * @names: of all links, also of others
 */
struct snapshot {
	struct object **objects;
	size_t count;
	uint32_t *set;
	size_t n_set;
	struct names names;
};

void snapshot_free(struct snapshot *s);

/**
 * snapshot_add() - add a message
 * @s: snapshot
 * @msg: as object_decode() takes it. Links first, all of them
 * @len: bytes that are there
 *
 * Once snapshot_close() was called, only what belongs to its links is kept.
 *
 * Return: 0, also if it does not belong here; -EBADMSG; -ENOMEM.
 */
int snapshot_add(struct snapshot *s, const struct nlmsghdr *msg, size_t len);

/**
 * snapshot_close() - all links were added: choose those that belong to one
 * @s: snapshot
 * @ifindex: the interface
 *
 * Return: 0; -ENODEV: there is no such link; -ENOMEM.
 */
int snapshot_close(struct snapshot *s, uint32_t ifindex);

/**
 * snapshot_news() - does a message say something that is not in a snapshot?
 * @s: snapshot, closed
 * @msg: as the kernel multicasts it
 * @len: bytes that are there
 *
 * Return: true: a thing that belongs here has changed, or may have; false: it is as it
 * was, or does not belong here.
 */
bool snapshot_news(const struct snapshot *s, const struct nlmsghdr *msg, size_t len);

/* Everything was added. */
void snapshot_sort(struct snapshot *s);

bool snapshot_has(const struct snapshot *s, uint32_t ifindex);
const struct object_link *snapshot_link(const struct snapshot *s, uint32_t ifindex);
/* Can frames be sent through it? It is Ethernet, is up and has a carrier. */
bool snapshot_sends(const struct object_link *link);

/**
 * snapshot_tags() - VLAN tags on what a link sends, as the interface sends it
 * @s: snapshot
 * @ifindex: link
 * @ret: tags
 *
 * Return: true; false: it depends on more than the links (a bridge that filters
 * VLANs may be on the way).
 */
bool snapshot_tags(const struct snapshot *s, uint32_t ifindex, struct packet_tags *ret);

/* Has every link that was up, with a carrier, its carrier again? */
bool snapshot_carriers(const struct snapshot *was, const struct snapshot *is);

/* -- differences */

enum difference_kind {
	DIFFERENCE_MISSING,	/* was, is no more */
	DIFFERENCE_CHANGED,
	DIFFERENCE_ADDED,
};

/* @was, @is: of the two snapshots, which own them; NULL if there is none. */
struct difference {
	enum difference_kind kind;
	const struct object *was;
	const struct object *is;
};

struct differences {
	struct difference *list;
	size_t count;
};

/**
 * snapshot_diff() - what has become of a configuration
 * @was: sorted snapshot
 * @is: later one, sorted
 * @ret: differences, in the order in which they are repaired; differences_free()
 *
 * What is new and dynamic is none: the kernel and routers add that at any time.
 *
 * Return: 0 or -ENOMEM.
 */
int snapshot_diff(const struct snapshot *was, const struct snapshot *is,
		  struct differences *ret);
void differences_free(struct differences *d);

/* In words; to be freed. NULL: no memory. */
char *difference_text(const struct difference *d);

#endif
