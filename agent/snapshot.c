// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration of an interface and what is stacked on it. See snapshot.h. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "snapshot.h"

DEFINE_CLEANUP(struct object *, object_free);

void snapshot_free(struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		object_free(s->objects[i]);
	free(s->objects);
	free(s->set);
	names_free(&s->names);
	*s = (struct snapshot){};
}

bool snapshot_has(const struct snapshot *s, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < s->n_set; i++)
		if (s->set[i] == ifindex)
			return true;
	return false;
}

const struct object_link *snapshot_link(const struct snapshot *s, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->objects[i]->kind == OBJECT_LINK && s->objects[i]->link.ifindex == ifindex)
			return &s->objects[i]->link;
	return NULL;
}

bool snapshot_sends(const struct object_link *link)
{
	return link->type == ARPHRD_ETHER && link->mac_len && link->flags & IFF_UP &&
	       link->flags & OBJECT_CARRIER;
}

static bool belongs(const struct snapshot *s, const struct object *object)
{
	size_t i;

	if (object->global)
		return true;
	for (i = 0; i < object->n_devs; i++)
		if (snapshot_has(s, object->devs[i]))
			return true;
	return false;
}

static int append(struct snapshot *s, struct object *object)
{
	struct object **objects;

	objects = reallocarray(s->objects, s->count + 1, sizeof(struct object *));
	if (!objects)
		return -ENOMEM;
	s->objects = objects;
	objects[s->count++] = object;
	return 0;
}

int snapshot_add(struct snapshot *s, const struct nlmsghdr *msg, size_t len)
{
	_cleanup_(object_freep) struct object *object = NULL;
	int r;

	r = object_decode(msg, len, &s->names, &object);
	if (r)
		return r < 0 ? r : 0;
	if (object->kind == OBJECT_LINK) {
		r = names_add(&s->names, object->link.ifindex, object->link.name);
		if (r < 0)
			return r;
	}
	if (s->n_set && !belongs(s, object))
		return 0;
	r = append(s, object);
	if (r < 0)
		return r;
	TAKE_PTR(object);
	return 0;
}

static const struct object *find(const struct snapshot *s, const struct object *like)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->objects[i]->kind == like->kind && !strcmp(s->objects[i]->key, like->key) &&
		    !strcmp(s->objects[i]->value, like->value))
			return s->objects[i];
	return NULL;
}

static bool is_new(uint16_t type)
{
	return type == RTM_NEWLINK || type == RTM_NEWADDR || type == RTM_NEWROUTE ||
	       type == RTM_NEWNEXTHOP || type == RTM_NEWNEIGH || type == RTM_NEWRULE;
}

bool snapshot_news(const struct snapshot *s, const struct nlmsghdr *msg, size_t len)
{
	_cleanup_(object_freep) struct object *object = NULL;

	/* That something is gone is always news. */
	if (len < sizeof(*msg) || !is_new(msg->nlmsg_type))
		return true;
	if (object_decode(msg, len, &s->names, &object))
		return false;
	if (object->kind == OBJECT_LINK ? !snapshot_has(s, object->link.ifindex) &&
	    !(object->link.lower && snapshot_has(s, object->link.lower)) : !belongs(s, object))
		return false;
	return !find(s, object);
}

static int join(struct snapshot *s, uint32_t ifindex)
{
	uint32_t *set;

	set = reallocarray(s->set, s->n_set + 1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	s->set = set;
	set[s->n_set++] = ifindex;
	return 0;
}

/* Is a link stacked on one that belongs, or the master of one? */
static bool stacked(const struct snapshot *s, const struct object_link *link)
{
	const struct object_link *port;
	size_t i;

	if (link->lower && snapshot_has(s, link->lower))
		return true;
	for (i = 0; i < s->n_set; i++) {
		port = snapshot_link(s, s->set[i]);
		if (port && port->master == link->ifindex)
			return true;
	}
	return false;
}

int snapshot_close(struct snapshot *s, uint32_t ifindex)
{
	size_t i, kept = 0, before;
	int r;

	if (!snapshot_link(s, ifindex))
		return -ENODEV;
	r = join(s, ifindex);
	if (r < 0)
		return r;
	do {
		before = s->n_set;
		for (i = 0; i < s->count; i++) {
			const struct object_link *link = &s->objects[i]->link;

			if (s->objects[i]->kind != OBJECT_LINK ||
			    snapshot_has(s, link->ifindex) || !stacked(s, link))
				continue;
			r = join(s, link->ifindex);
			if (r < 0)
				return r;
		}
	} while (s->n_set > before);

	for (i = 0; i < s->count; i++) {
		if (belongs(s, s->objects[i]))
			s->objects[kept++] = s->objects[i];
		else
			object_free(s->objects[i]);
	}
	s->count = kept;
	/*
	 * Words were made while names were still coming in: make those of the links
	 * again, now that all are known.
	 */
	for (i = 0; i < s->count; i++) {
		struct object *again;

		r = object_decode(s->objects[i]->msg, s->objects[i]->msg->nlmsg_len, &s->names,
				  &again);
		if (r)
			return r < 0 ? r : -EBADMSG;
		object_free(s->objects[i]);
		s->objects[i] = again;
	}
	return 0;
}

static int compare_key(const struct object *a, const struct object *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->key, b->key);
}

static int compare(const void *a, const void *b)
{
	const struct object *first = *(struct object *const *)a;
	const struct object *second = *(struct object *const *)b;
	int r = compare_key(first, second);

	return r ? r : strcmp(first->value, second->value);
}

void snapshot_sort(struct snapshot *s)
{
	if (s->count)
		qsort(s->objects, s->count, sizeof(struct object *), compare);
}

bool snapshot_tags(const struct snapshot *s, uint32_t ifindex, struct packet_tags *ret)
{
	const struct object_link *link;
	unsigned int depth;

	*ret = (struct packet_tags){};
	/* From the link down to the interface: the outermost tag comes last. */
	for (depth = 0; s->n_set && ifindex != s->set[0]; depth++) {
		link = snapshot_link(s, ifindex);
		if (!link || depth > s->n_set)
			return false;
		if (link->vlan.tpid) {
			if (ret->count == PACKET_TAGS)
				return false;
			memmove(&ret->tag[1], &ret->tag[0], ret->count * sizeof(ret->tag[0]));
			ret->tag[0].tpid = link->vlan.tpid;
			ret->tag[0].vlan = link->vlan.id;
			ret->count++;
		}
		if (!link->lower || !snapshot_has(s, link->lower))
			return false;
		ifindex = link->lower;
	}
	return true;
}

bool snapshot_carriers(const struct snapshot *was, const struct snapshot *is)
{
	const struct object_link *link;
	size_t i;

	for (i = 0; i < was->count; i++) {
		if (was->objects[i]->kind != OBJECT_LINK ||
		    !(was->objects[i]->link.flags & OBJECT_CARRIER))
			continue;
		link = snapshot_link(is, was->objects[i]->link.ifindex);
		if (link && !(link->flags & OBJECT_CARRIER))
			return false;
	}
	return true;
}

/* -- differences */

static int add_difference(struct differences *d, enum difference_kind kind,
			  const struct object *was, const struct object *is)
{
	struct difference *list;

	if (kind == DIFFERENCE_ADDED && is->dynamic)
		return 0;
	list = reallocarray(d->list, d->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	d->list = list;
	list[d->count++] = (struct difference){ kind, was, is };
	return 0;
}

/* How many objects from @at on have the same key. */
static size_t run_length(const struct snapshot *s, size_t at)
{
	size_t n = 1;

	while (at + n < s->count && !compare_key(s->objects[at], s->objects[at + n]))
		n++;
	return n;
}

/*
 * Objects of one key in both. What is equal is left out; of the rest, one and one
 * make a change, and what is over is missing or was added. Both are sorted by value.
 */
static int diff_runs(struct differences *d, struct object **was, size_t n_was,
		     struct object **is, size_t n_is)
{
	size_t i = 0, k = 0, over_was = 0, over_is = 0, n;
	_cleanup_free_ struct object **left = NULL;
	int r = 0;

	left = calloc(n_was + n_is, sizeof(struct object *));
	if (!left)
		return -ENOMEM;
	while (i < n_was || k < n_is) {
		int order = i == n_was ? 1 : k == n_is ? -1 :
			    strcmp(was[i]->value, is[k]->value);

		if (order < 0)
			left[over_was++] = was[i++];
		else if (order > 0)
			left[n_was + over_is++] = is[k++];
		else
			i++, k++;
	}
	for (n = 0; !r && (n < over_was || n < over_is); n++)
		r = add_difference(d, n >= over_is ? DIFFERENCE_MISSING :
				      n >= over_was ? DIFFERENCE_ADDED : DIFFERENCE_CHANGED,
				   n < over_was ? left[n] : NULL,
				   n < over_is ? left[n_was + n] : NULL);
	return r;
}

int snapshot_diff(const struct snapshot *was, const struct snapshot *is, struct differences *ret)
{
	size_t i = 0, k = 0;
	int r = 0;

	*ret = (struct differences){};
	while (!r && (i < was->count || k < is->count)) {
		int order = i == was->count ? 1 : k == is->count ? -1 :
			    compare_key(was->objects[i], is->objects[k]);

		if (order < 0) {
			r = add_difference(ret, DIFFERENCE_MISSING, was->objects[i++], NULL);
		} else if (order > 0) {
			r = add_difference(ret, DIFFERENCE_ADDED, NULL, is->objects[k++]);
		} else {
			size_t n_was = run_length(was, i), n_is = run_length(is, k);

			r = diff_runs(ret, was->objects + i, n_was, is->objects + k, n_is);
			i += n_was;
			k += n_is;
		}
	}
	if (r < 0)
		differences_free(ret);
	return r;
}

void differences_free(struct differences *d)
{
	free(d->list);
	*d = (struct differences){};
}

/* Each word is preceded by a space. */
static const char *words(const struct object *object)
{
	return object->value + strspn(object->value, " ");
}

char *difference_text(const struct difference *d)
{
	char *text = NULL;
	int r = -1;

	switch (d->kind) {
	case DIFFERENCE_MISSING:
		r = asprintf(&text, "missing: %s (%s)", d->was->key, words(d->was));
		break;
	case DIFFERENCE_CHANGED:
		r = asprintf(&text, "changed: %s: was (%s), is (%s)", d->was->key,
			     words(d->was), words(d->is));
		break;
	case DIFFERENCE_ADDED:
		r = asprintf(&text, "added: %s (%s)", d->is->key, words(d->is));
		break;
	}
	return r < 0 ? NULL : text;
}
