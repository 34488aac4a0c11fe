/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames that tell a network where a host is. Pure.
 *
 * A builder writes one Ethernet frame without padding and without a VLAN tag:
 * a VLAN's own interface adds that. What is seen below it has tags;
 * packet_untag() takes them off again.
 */
#ifndef VFERRYD_PACKET_H
#define VFERRYD_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX	1514	/* bytes, Ethernet header and payload */
#define PACKET_TAGS	4	/* VLANs on VLANs that are looked through */
#define PACKET_MAC	6

/**
 * struct packet_tags - VLAN tags of a frame
 * @count: how many
 * @tag: outermost first: Ethernet type (0x8100, 0x88a8) and VLAN
 */
struct packet_tags {
	unsigned int count;
	struct {
		uint16_t tpid;
		uint16_t vlan;
	} tag[PACKET_TAGS];
};

/**
 * packet_arp() - gratuitous ARP in request form (RFC 5227, 2.3)
 * @buf: PACKET_MAX bytes
 * @mac: of the interface
 * @address: that is announced
 *
 * Return: length. So do all builders; they cannot fail.
 */
size_t packet_arp(uint8_t *buf, const uint8_t *mac, struct in_addr address);

/**
 * packet_na() - unsolicited neighbour advertisement with override (RFC 4861, 7.2.6)
 * @buf: PACKET_MAX bytes
 * @mac: of the interface
 * @address: that is announced; also the source
 * @router: the interface forwards
 */
size_t packet_na(uint8_t *buf, const uint8_t *mac, const struct in6_addr *address, bool router);

/* Questions: who has an address? To all that may have it, whatever MAC it had. */
#define PACKET_QUESTION	86	/* bytes, at most */

size_t packet_arp_question(uint8_t *buf, const uint8_t *mac, struct in_addr source,
			   struct in_addr target);
size_t packet_ns(uint8_t *buf, const uint8_t *mac, const struct in6_addr *source,
		 const struct in6_addr *target);

/**
 * struct packet_answer - an answer to one of them
 * @family: AF_INET: an ARP reply; AF_INET6: a neighbour advertisement
 * @from: address that was asked for; @to: that asked
 * @mac: that the address has
 */
struct packet_answer {
	int family;
	union {
		struct in_addr in;
		struct in6_addr in6;
	} from, to;
	uint8_t mac[PACKET_MAC];
};

/**
 * packet_answer() - understand an answer
 * @frame: without VLAN tags
 * @len: bytes of it
 * @ret: what it says
 *
 * Return: true; false: it is none, or not a valid one.
 */
bool packet_answer(const uint8_t *frame, size_t len, struct packet_answer *ret);

/* Membership reports: IGMPv2 (RFC 2236) and MLDv1 (RFC 2710) name one group ... */
size_t packet_igmp2(uint8_t *buf, const uint8_t *mac, struct in_addr source,
		    struct in_addr group);
size_t packet_mld1(uint8_t *buf, const uint8_t *mac, const struct in6_addr *source,
		   const struct in6_addr *group);

/* ... IGMPv3 (RFC 3376) and MLDv2 (RFC 3810) many, each from any source. */
#define PACKET_IGMP3_GROUPS	180
#define PACKET_MLD2_GROUPS	70

size_t packet_igmp3(uint8_t *buf, const uint8_t *mac, struct in_addr source,
		    const struct in_addr *groups, size_t count);
size_t packet_mld2(uint8_t *buf, const uint8_t *mac, const struct in6_addr *source,
		   const struct in6_addr *groups, size_t count);

/**
 * packet_untag() - take the VLAN tags off a frame
 * @frame: as it was captured
 * @len: bytes of it
 * @buf: PACKET_MAX bytes, for the frame without tags
 * @ret_tags: what was taken off
 *
 * Return: length of the frame in @buf; 0: shorter than its headers, longer than
 * PACKET_MAX, or more than PACKET_TAGS tags.
 */
size_t packet_untag(const uint8_t *frame, size_t len, uint8_t *buf, struct packet_tags *ret_tags);

bool packet_tags_equal(const struct packet_tags *a, const struct packet_tags *b);

#endif
