// SPDX-License-Identifier: GPL-2.0-or-later
/* Announcements of all addresses and multicast groups. See announce.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "announce.h"
#include "cleanup.h"
#include "clock.h"
#include "pacer.h"

#define ETH_P_ALL_NONE	0	/* a socket that receives nothing */
#define BATCH		64	/* sent at once: half of what the smallest capture holds ... */
#define BATCH_US	1000	/* ... and no more until then */

/**
 * struct item - one announcement
 * @what: in words: "10.9.0.5 on eth0"
 * @ifindex: link through which it is sent
 * @address: it is for an address, not for groups
 * @tags: VLAN tags with which it leaves the interface; @tags_known: or they depend
 * @frame: what is sent
 * @len: bytes of it
 * @entry: when
 * @sent: how often; @failed, @proved: likewise
 */
struct item {
	char *what;
	uint32_t ifindex;
	bool address;
	struct packet_tags tags;
	bool tags_known;
	uint8_t *frame;
	size_t len;
	struct schedule_entry entry;
	unsigned int sent, failed, proved;
};

struct announcer {
	struct announce_owner owner;
	struct pacer pacer;
	int fd;
	struct item *items;
	size_t count, next_seen;
	uint64_t first_ns, late_us;
};

DEFINE_CLEANUP(struct announcer *, announcer_free);

static void free_items(struct item *items, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(items[i].what);
		free(items[i].frame);
	}
	free(items);
}

/* -- what is announced */

/* Being made: of a snapshot, for each address and each set of groups. */
struct plan {
	const struct snapshot *snapshot;
	struct item *items;
	size_t count;
	uint8_t frame[PACKET_MAX];
};

static int add(struct plan *plan, const struct object_link *link, size_t len, bool address,
	       const char *what)
{
	struct item *items, item = {
		.ifindex = link->ifindex, .address = address, .len = len,
	};

	items = reallocarray(plan->items, plan->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	plan->items = items;
	item.tags_known = snapshot_tags(plan->snapshot, link->ifindex, &item.tags);
	item.frame = malloc(len);
	if (!item.frame || asprintf(&item.what, "%s on %s", what, link->name) < 0) {
		free(item.frame);
		return -ENOMEM;
	}
	memcpy(item.frame, plan->frame, len);
	items[plan->count++] = item;
	return 0;
}

static bool can_send(const struct object_link *link)
{
	return link && snapshot_sends(link);
}

static int plan_address(struct plan *plan, const struct object *object)
{
	const struct object_link *link = snapshot_link(plan->snapshot, object->devs[0]);
	const struct object_address *address = &object->address;
	char text[INET6_ADDRSTRLEN];
	size_t len;

	if (!can_send(link))
		return 0;
	if (address->family == AF_INET) {
		if (link->flags & IFF_NOARP)
			return 0;
		len = packet_arp(plan->frame, link->mac, address->local.in);
	} else {
		if (link->flags & IFF_NOARP ||
		    address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
			return 0;
		len = packet_na(plan->frame, link->mac, &address->local.in6, link->forwarding6);
	}
	inet_ntop(address->family, &address->local, text, sizeof(text));
	return add(plan, link, len, true, text);
}

/* An address of the link to report from: IPv4 any, IPv6 a link-local one. */
static const struct object_address *source_of(const struct snapshot *s, uint32_t ifindex,
					      int family)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		const struct object *object = s->objects[i];

		if (object->kind != OBJECT_ADDRESS || object->devs[0] != ifindex ||
		    object->address.family != family)
			continue;
		if (family == AF_INET)
			return &object->address;
		if (IN6_IS_ADDR_LINKLOCAL(&object->address.local.in6) &&
		    !(object->address.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
			return &object->address;
	}
	return NULL;
}

static int plan_igmp(struct plan *plan, const struct object_link *link,
		     const struct object_address *source, const struct in_addr *groups,
		     size_t count, unsigned int version)
{
	struct in_addr from = source ? source->local.in : (struct in_addr){};
	size_t i, n;
	int r = 0;

	if (version >= 3) {
		for (i = 0; !r && i < count; i += n) {
			n = count - i < PACKET_IGMP3_GROUPS ? count - i : PACKET_IGMP3_GROUPS;
			r = add(plan, link, packet_igmp3(plan->frame, link->mac, from, groups + i,
							 n), false, "IGMPv3 report");
		}
		return r;
	}
	for (i = 0; !r && i < count; i++)
		r = add(plan, link, packet_igmp2(plan->frame, link->mac, from, groups[i]), false,
			"IGMPv2 report");
	return r;
}

static int plan_mld(struct plan *plan, const struct object_link *link,
		    const struct object_address *source, const struct in6_addr *groups,
		    size_t count)
{
	struct in6_addr from = source ? source->local.in6 : (struct in6_addr){};
	size_t i, n;
	int r = 0;

	if (link->mld_version != 1) {
		for (i = 0; !r && i < count; i += n) {
			n = count - i < PACKET_MLD2_GROUPS ? count - i : PACKET_MLD2_GROUPS;
			r = add(plan, link, packet_mld2(plan->frame, link->mac, &from, groups + i,
							n), false, "MLDv2 report");
		}
		return r;
	}
	for (i = 0; !r && i < count; i++)
		r = add(plan, link, packet_mld1(plan->frame, link->mac, &from, &groups[i]), false,
			"MLDv1 report");
	return r;
}

static int plan_groups_of(struct plan *plan, const struct object_link *link,
			  const struct groups *groups)
{
	_cleanup_free_ struct in6_addr *list6 = calloc(groups->count + 1, sizeof(*list6));
	_cleanup_free_ struct in_addr *list = calloc(groups->count + 1, sizeof(*list));
	size_t i, n = 0, n6 = 0;
	unsigned int version = 3;
	int r;

	if (!list || !list6)
		return -ENOMEM;
	for (i = 0; i < groups->count; i++) {
		const struct group *group = &groups->list[i];

		if (group->ifindex != link->ifindex)
			continue;
		if (group->family == AF_INET) {
			list[n++] = group->address.in;
			version = group->version;
		} else {
			list6[n6++] = group->address.in6;
		}
	}
	r = plan_igmp(plan, link, source_of(plan->snapshot, link->ifindex, AF_INET), list, n,
		      version);
	return r ? r : plan_mld(plan, link, source_of(plan->snapshot, link->ifindex, AF_INET6),
				list6, n6);
}

static int make_plan(struct plan *plan, const struct groups *groups)
{
	const struct snapshot *s = plan->snapshot;
	size_t i;
	int r = 0;

	for (i = 0; !r && i < s->count; i++)
		if (s->objects[i]->kind == OBJECT_ADDRESS)
			r = plan_address(plan, s->objects[i]);
	for (i = 0; !r && i < s->count; i++)
		if (s->objects[i]->kind == OBJECT_LINK && can_send(&s->objects[i]->link))
			r = plan_groups_of(plan, &s->objects[i]->link, groups);
	return r;
}

/* The interval between two of the same address holds from one migration to the next. */
static void carry_over(struct item *items, size_t count, const struct item *old, size_t n_old)
{
	size_t i, k;

	for (i = 0; i < count; i++)
		for (k = 0; k < n_old; k++)
			if (!strcmp(items[i].what, old[k].what))
				items[i].entry.last_us = old[k].entry.last_us;
}

/* -- sending */

static void send_item(struct announcer *a, struct item *item)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)item->ifindex,
		.sll_halen = PACKET_MAC,
	};
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	/* The frame's own type: qdiscs and filters look at it. */
	memcpy(&to.sll_protocol, item->frame + 2 * PACKET_MAC, 2);
	memcpy(to.sll_addr, item->frame, PACKET_MAC);
	if (sendto(a->fd, item->frame, item->len, MSG_DONTWAIT, (struct sockaddr *)&to,
		   sizeof(to)) < 0) {
		item->failed++;
		return;
	}
	item->sent++;
	if (!a->first_ns)
		a->first_ns = now;
}

static struct schedule_entry *entry_of(size_t i, void *arg)
{
	struct announcer *a = arg;

	return &a->items[i].entry;
}

static void send_due(size_t i, uint64_t due_us, void *arg)
{
	struct announcer *a = arg;
	uint64_t late;

	send_item(a, &a->items[i]);
	late = clock_monotonic_us() - due_us;
	a->late_us = late > a->late_us ? late : a->late_us;
}

static void on_sent(void *arg)
{
	struct announcer *a = arg;

	a->owner.sent(a->owner.arg);
}

static void on_done(void *arg)
{
	struct announcer *a = arg;

	a->owner.done(a->owner.arg);
}

int announcer_start(struct announcer *a, const struct snapshot *snapshot,
		    const struct groups *groups, const struct schedule *schedule)
{
	struct plan plan = { .snapshot = snapshot };
	int r;

	r = make_plan(&plan, groups);
	if (r < 0) {
		free_items(plan.items, plan.count);
		return r;
	}
	carry_over(plan.items, plan.count, a->items, a->count);
	free_items(a->items, a->count);
	a->items = plan.items;
	a->count = plan.count;
	a->next_seen = 0;
	a->first_ns = a->late_us = 0;
	return pacer_start(&a->pacer, schedule, a->count);
}

void announcer_stop(struct announcer *a)
{
	pacer_stop(&a->pacer);
}

/* -- proof */

void announcer_seen(struct announcer *a, const uint8_t *frame, size_t len)
{
	uint8_t plain[PACKET_MAX];
	struct packet_tags tags;
	size_t i, n;

	n = packet_untag(frame, len, plain, &tags);
	for (i = 0; n && i < a->count; i++) {
		/* They leave in the order in which they are sent: it is the next one. */
		struct item *item = &a->items[(a->next_seen + i) % a->count];

		/*
		 * The kernel's own may look the same: one for each of ours, and not before.
		 * What has left before is read before ours are sent.
		 */
		if (item->proved < item->sent && item->len == n &&
		    !memcmp(item->frame, plain, n) &&
		    (!item->tags_known || packet_tags_equal(&item->tags, &tags))) {
			item->proved++;
			a->next_seen = (a->next_seen + i + 1) % a->count;
			return;
		}
	}
}

struct announce_counts announcer_counts(const struct announcer *a)
{
	struct announce_counts counts = {
		.planned = (unsigned int)a->count, .first_ns = a->first_ns,
		.late_us = a->late_us,
	};
	size_t i;

	for (i = 0; i < a->count; i++) {
		counts.addresses += a->items[i].address;
		counts.sent += a->items[i].sent;
		counts.failed += a->items[i].failed;
		counts.proved += a->items[i].proved;
		counts.unproved += !a->items[i].proved;
	}
	return counts;
}

void announcer_each(const struct announcer *a,
		    void (*each)(const char *what, unsigned int sent, unsigned int proved,
				 void *arg), void *arg)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		each(a->items[i].what, a->items[i].sent, a->items[i].proved, arg);
}

int announcer_new(sd_event *event, const struct announce_owner *owner, struct announcer **ret)
{
	_cleanup_(announcer_freep) struct announcer *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	*a = (struct announcer){
		.owner = *owner,
		.pacer = {
			.batch = { BATCH, BATCH_US, clock_monotonic_us, entry_of, send_due, a },
			.ran = on_sent,
			.done = on_done,
		},
	};
	a->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, ETH_P_ALL_NONE);
	if (a->fd < 0)
		return -errno;
	/* Before anything else that waits: the network is to know first. */
	r = pacer_new(&a->pacer, event, SD_EVENT_PRIORITY_IMPORTANT);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(a);
	return 0;
}

void announcer_free(struct announcer *a)
{
	if (!a)
		return;
	pacer_free(&a->pacer);
	if (a->fd >= 0)
		close(a->fd);
	free_items(a->items, a->count);
	free(a);
}
