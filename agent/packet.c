// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that tell a network where a host is. Pure; see packet.h. */
#include <arpa/inet.h>
#include <string.h>

#include "packet.h"

#define ETH_LEN		14
#define TYPE_IP		0x0800
#define TYPE_ARP	0x0806
#define TYPE_IP6	0x86dd
#define TYPE_VLAN	0x8100
#define TYPE_SVLAN	0x88a8

#define ARP_REQUEST	1
#define ARP_REPLY	2

#define PROTO_HOPOPTS	0
#define PROTO_IGMP	2
#define PROTO_ICMP6	58

#define IGMP2_REPORT	0x16
#define IGMP3_REPORT	0x22
#define MLD1_REPORT	131
#define ND_NS		135
#define ND_NA		136
#define MLD2_REPORT	143
#define NA_ROUTER	0x80
#define NA_OVERRIDE	0x20
#define ND_SOURCE_LLADDR 1
#define ND_TARGET_LLADDR 2
#define TO_EXCLUDE	4	/* of no source: all are wanted; as a change, as a join sends it */

#define IP_LEN		24	/* with the router alert option */
#define IP6_LEN		40
#define HOPOPTS_LEN	8

struct writer {
	uint8_t *at;
};

static void put8(struct writer *w, uint8_t value)
{
	*w->at++ = value;
}

static void put16(struct writer *w, uint16_t value)
{
	put8(w, (uint8_t)(value >> 8));
	put8(w, (uint8_t)value);
}

static void put(struct writer *w, const void *data, size_t len)
{
	memcpy(w->at, data, len);
	w->at += len;
}

static void put_zeros(struct writer *w, size_t len)
{
	memset(w->at, 0, len);
	w->at += len;
}

static uint32_t sum(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (len & 1)
		sum += (uint32_t)data[len - 1] << 8;
	return sum;
}

/* The Internet checksum (RFC 1071), to be stored at @at. */
static void finish_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

static void put_eth(struct writer *w, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	put(w, to, PACKET_MAC);
	put(w, from, PACKET_MAC);
	put16(w, type);
}

/* RFC 1112, 6.4 */
static void put_eth_group(struct writer *w, const uint8_t *from, struct in_addr group)
{
	uint32_t address = ntohl(group.s_addr);
	const uint8_t to[PACKET_MAC] = {
		0x01, 0x00, 0x5e, address >> 16 & 0x7f, address >> 8 & 0xff, address & 0xff,
	};

	put_eth(w, to, from, TYPE_IP);
}

/* RFC 2464, 7 */
static void put_eth_group6(struct writer *w, const uint8_t *from, const struct in6_addr *group)
{
	uint8_t to[PACKET_MAC] = { 0x33, 0x33 };

	memcpy(to + 2, group->s6_addr + 12, 4);
	put_eth(w, to, from, TYPE_IP6);
}

size_t packet_arp_question(uint8_t *buf, const uint8_t *mac, struct in_addr source,
			   struct in_addr target)
{
	static const uint8_t all[PACKET_MAC] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct writer w = { buf };

	put_eth(&w, all, mac, TYPE_ARP);
	put16(&w, 1);			/* Ethernet */
	put16(&w, TYPE_IP);
	put8(&w, PACKET_MAC);
	put8(&w, sizeof(source));
	put16(&w, ARP_REQUEST);
	put(&w, mac, PACKET_MAC);
	put(&w, &source, sizeof(source));
	put_zeros(&w, PACKET_MAC);
	put(&w, &target, sizeof(target));
	return (size_t)(w.at - buf);
}

size_t packet_arp(uint8_t *buf, const uint8_t *mac, struct in_addr address)
{
	return packet_arp_question(buf, mac, address, address);
}

static void put_ip(struct writer *w, struct in_addr from, struct in_addr to, size_t payload)
{
	static const uint8_t router_alert[] = { 0x94, 0x04, 0x00, 0x00 };
	uint8_t *begin = w->at;

	put8(w, 0x40 | IP_LEN / 4);
	put8(w, 0xc0);			/* internetwork control */
	put16(w, (uint16_t)(IP_LEN + payload));
	put16(w, 0);
	put16(w, 0x4000);		/* do not fragment */
	put8(w, 1);			/* not beyond the link */
	put8(w, PROTO_IGMP);
	put16(w, 0);
	put(w, &from, sizeof(from));
	put(w, &to, sizeof(to));
	put(w, router_alert, sizeof(router_alert));
	finish_sum(begin + 10, sum(0, begin, IP_LEN));
}

size_t packet_igmp2(uint8_t *buf, const uint8_t *mac, struct in_addr source,
		    struct in_addr group)
{
	struct writer w = { buf };
	uint8_t *igmp;

	put_eth_group(&w, mac, group);
	put_ip(&w, source, group, 8);
	igmp = w.at;
	put8(&w, IGMP2_REPORT);
	put8(&w, 0);
	put16(&w, 0);
	put(&w, &group, sizeof(group));
	finish_sum(igmp + 2, sum(0, igmp, 8));
	return (size_t)(w.at - buf);
}

size_t packet_igmp3(uint8_t *buf, const uint8_t *mac, struct in_addr source,
		    const struct in_addr *groups, size_t count)
{
	const struct in_addr routers = { htonl(0xe0000016) };	/* 224.0.0.22 */
	size_t i, len = 8 + 8 * count;
	struct writer w = { buf };
	uint8_t *igmp;

	put_eth_group(&w, mac, routers);
	put_ip(&w, source, routers, len);
	igmp = w.at;
	put8(&w, IGMP3_REPORT);
	put8(&w, 0);
	put16(&w, 0);
	put16(&w, 0);
	put16(&w, (uint16_t)count);
	for (i = 0; i < count; i++) {
		put8(&w, TO_EXCLUDE);
		put8(&w, 0);
		put16(&w, 0);
		put(&w, &groups[i], sizeof(groups[i]));
	}
	finish_sum(igmp + 2, sum(0, igmp, len));
	return (size_t)(w.at - buf);
}

static void put_ip6(struct writer *w, const struct in6_addr *from, const struct in6_addr *to,
		    uint8_t next, uint8_t hops, size_t payload)
{
	put16(w, 0x6000);
	put16(w, 0);
	put16(w, (uint16_t)payload);
	put8(w, next);
	put8(w, hops);
	put(w, from, sizeof(*from));
	put(w, to, sizeof(*to));
}

static void put_router_alert6(struct writer *w)
{
	static const uint8_t option[] = { 0x05, 0x02, 0x00, 0x00, 0x01, 0x00 };

	put8(w, PROTO_ICMP6);
	put8(w, 0);
	put(w, option, sizeof(option));
}

/* RFC 8200, 8.1: with a pseudo header. */
static void finish_icmp6(uint8_t *icmp, size_t len, const struct in6_addr *from,
			 const struct in6_addr *to)
{
	uint32_t s = (uint32_t)len + PROTO_ICMP6;

	s = sum(s, from->s6_addr, sizeof(*from));
	s = sum(s, to->s6_addr, sizeof(*to));
	finish_sum(icmp + 2, sum(s, icmp, len));
}

size_t packet_na(uint8_t *buf, const uint8_t *mac, const struct in6_addr *address, bool router)
{
	static const struct in6_addr all = { .s6_addr = { 0xff, 0x02, [15] = 1 } };
	struct writer w = { buf };
	uint8_t *icmp;

	put_eth_group6(&w, mac, &all);
	put_ip6(&w, address, &all, PROTO_ICMP6, 255, 32);
	icmp = w.at;
	put8(&w, ND_NA);
	put8(&w, 0);
	put16(&w, 0);
	put8(&w, NA_OVERRIDE | (router ? NA_ROUTER : 0));
	put_zeros(&w, 3);
	put(&w, address, sizeof(*address));
	put8(&w, ND_TARGET_LLADDR);
	put8(&w, 1);			/* in units of 8 bytes */
	put(&w, mac, PACKET_MAC);
	finish_icmp6(icmp, 32, address, &all);
	return (size_t)(w.at - buf);
}

size_t packet_ns(uint8_t *buf, const uint8_t *mac, const struct in6_addr *source,
		 const struct in6_addr *target)
{
	/* RFC 4291, 2.7.1: the solicited-node group */
	struct in6_addr group = { .s6_addr = { 0xff, 0x02, [11] = 1, [12] = 0xff } };
	struct writer w = { buf };
	uint8_t *icmp;

	memcpy(group.s6_addr + 13, target->s6_addr + 13, 3);
	put_eth_group6(&w, mac, &group);
	put_ip6(&w, source, &group, PROTO_ICMP6, 255, 32);
	icmp = w.at;
	put8(&w, ND_NS);
	put8(&w, 0);
	put16(&w, 0);
	put_zeros(&w, 4);
	put(&w, target, sizeof(*target));
	put8(&w, ND_SOURCE_LLADDR);
	put8(&w, 1);			/* in units of 8 bytes */
	put(&w, mac, PACKET_MAC);
	finish_icmp6(icmp, 32, source, &group);
	return (size_t)(w.at - buf);
}

size_t packet_mld1(uint8_t *buf, const uint8_t *mac, const struct in6_addr *source,
		   const struct in6_addr *group)
{
	struct writer w = { buf };
	uint8_t *icmp;

	put_eth_group6(&w, mac, group);
	put_ip6(&w, source, group, PROTO_HOPOPTS, 1, HOPOPTS_LEN + 24);
	put_router_alert6(&w);
	icmp = w.at;
	put8(&w, MLD1_REPORT);
	put8(&w, 0);
	put16(&w, 0);
	put_zeros(&w, 4);
	put(&w, group, sizeof(*group));
	finish_icmp6(icmp, 24, source, group);
	return (size_t)(w.at - buf);
}

size_t packet_mld2(uint8_t *buf, const uint8_t *mac, const struct in6_addr *source,
		   const struct in6_addr *groups, size_t count)
{
	static const struct in6_addr routers = { .s6_addr = { 0xff, 0x02, [15] = 0x16 } };
	size_t i, len = 8 + 20 * count;
	struct writer w = { buf };
	uint8_t *icmp;

	put_eth_group6(&w, mac, &routers);
	put_ip6(&w, source, &routers, PROTO_HOPOPTS, 1, HOPOPTS_LEN + len);
	put_router_alert6(&w);
	icmp = w.at;
	put8(&w, MLD2_REPORT);
	put8(&w, 0);
	put16(&w, 0);
	put16(&w, 0);
	put16(&w, (uint16_t)count);
	for (i = 0; i < count; i++) {
		put8(&w, TO_EXCLUDE);
		put8(&w, 0);
		put16(&w, 0);
		put(&w, &groups[i], sizeof(groups[i]));
	}
	finish_icmp6(icmp, len, source, &routers);
	return (size_t)(w.at - buf);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool arp_answer(const uint8_t *frame, size_t len, struct packet_answer *ret)
{
	static const uint8_t reply[] = { 0, 1, 8, 0, PACKET_MAC, 4, 0, ARP_REPLY };
	const uint8_t *arp = frame + ETH_LEN;

	if (len < ETH_LEN + 28 || memcmp(arp, reply, sizeof(reply)))
		return false;
	ret->family = AF_INET;
	memcpy(ret->mac, arp + 8, PACKET_MAC);
	memcpy(&ret->from.in, arp + 14, sizeof(ret->from.in));
	memcpy(&ret->to.in, arp + 24, sizeof(ret->to.in));
	return true;
}

/* RFC 4861, 7.1.2: what does not come from the link has not its hop limit. */
static bool nd_answer(const uint8_t *frame, size_t len, struct packet_answer *ret)
{
	const uint8_t *ip6 = frame + ETH_LEN, *icmp = ip6 + IP6_LEN, *option = icmp + 24;

	if (len < ETH_LEN + IP6_LEN + 24 || ip6[6] != PROTO_ICMP6 || ip6[7] != 255 ||
	    icmp[0] != ND_NA || icmp[1])
		return false;
	ret->family = AF_INET6;
	memcpy(&ret->from.in6, icmp + 8, sizeof(ret->from.in6));
	memcpy(&ret->to.in6, ip6 + 24, sizeof(ret->to.in6));
	memcpy(ret->mac, frame + PACKET_MAC, PACKET_MAC);
	if (len >= ETH_LEN + IP6_LEN + 32 && option[0] == ND_TARGET_LLADDR && option[1] == 1)
		memcpy(ret->mac, option + 2, PACKET_MAC);
	return true;
}

bool packet_answer(const uint8_t *frame, size_t len, struct packet_answer *ret)
{
	bool good = false;

	*ret = (struct packet_answer){};
	if (len >= ETH_LEN && get16(frame + 2 * PACKET_MAC) == TYPE_ARP)
		good = arp_answer(frame, len, ret);
	else if (len >= ETH_LEN && get16(frame + 2 * PACKET_MAC) == TYPE_IP6)
		good = nd_answer(frame, len, ret);
	/* Nobody has the MAC of a group. */
	return good && !(ret->mac[0] & 1);
}

size_t packet_untag(const uint8_t *frame, size_t len, uint8_t *buf, struct packet_tags *ret_tags)
{
	struct packet_tags tags = {};
	size_t type_at = 2 * PACKET_MAC;
	uint16_t type;

	if (len < ETH_LEN)
		return 0;
	for (;;) {
		type = get16(frame + type_at);
		if (type != TYPE_VLAN && type != TYPE_SVLAN)
			break;
		/* The tag, and the type after it. */
		if (tags.count == PACKET_TAGS || len - type_at < 6)
			return 0;
		tags.tag[tags.count].tpid = type;
		tags.tag[tags.count].vlan = get16(frame + type_at + 2) & 0xfff;
		tags.count++;
		type_at += 4;
	}
	if (len - 4 * tags.count > PACKET_MAX)
		return 0;
	memcpy(buf, frame, 2 * PACKET_MAC);
	memcpy(buf + 2 * PACKET_MAC, frame + type_at, len - type_at);
	*ret_tags = tags;
	return len - 4 * tags.count;
}

bool packet_tags_equal(const struct packet_tags *a, const struct packet_tags *b)
{
	unsigned int i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (a->tag[i].tpid != b->tag[i].tpid || a->tag[i].vlan != b->tag[i].vlan)
			return false;
	return true;
}
