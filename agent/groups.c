// SPDX-License-Identifier: GPL-2.0-or-later
/* Multicast groups of interfaces. See groups.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "groups.h"

#define ALL_HOSTS	0xe0000001	/* 224.0.0.1 */

static int add(struct groups *groups, const struct group *group)
{
	struct group *list;

	list = reallocarray(groups->list, groups->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	groups->list = list;
	list[groups->count++] = *group;
	return 0;
}

/* One line, without its end, for each call; false: no more. */
static bool next_line(const char **text, char *line, size_t size)
{
	size_t len = strcspn(*text, "\n"), kept = len < size ? len : size - 1;

	if (!**text)
		return false;
	memcpy(line, *text, kept);
	line[kept] = '\0';
	*text += len;
	if (**text)
		(*text)++;
	return true;
}

/*
 * "3<tab>v0        :     2      V3", and then for each of its groups
 * "<tabs>030201EF     1 0:00000000 ...", the address as the kernel has it in memory.
 */
int groups_parse_igmp(struct groups *groups, const char *text)
{
	struct group group = { .family = AF_INET };
	unsigned int ifindex, version;
	char line[256];
	uint32_t raw;
	int r;

	while (next_line(&text, line, sizeof(line))) {
		if (line[0] == '\t') {
			if (!group.ifindex || sscanf(line, " %8x", &raw) != 1)
				continue;
			group.address.in.s_addr = raw;
			if (!IN_MULTICAST(ntohl(raw)) || ntohl(raw) == ALL_HOSTS)
				continue;
			r = add(groups, &group);
			if (r < 0)
				return r;
		} else {
			group.ifindex = 0;
			if (sscanf(line, "%9u%*[^:]:%*u V%1u", &ifindex, &version) != 2)
				continue;
			group.ifindex = ifindex;
			group.version = version;
		}
	}
	return 0;
}

/* RFC 3810, 6: neither all nodes nor anything that does not leave the interface. */
static bool reported6(const struct in6_addr *address)
{
	static const struct in6_addr all = { .s6_addr = { 0xff, 0x02, [15] = 1 } };

	return IN6_IS_ADDR_MULTICAST(address) && (address->s6_addr[1] & 0xf) > 1 &&
	       memcmp(address, &all, sizeof(all));
}

/* "3    v0              ff050000000000000000000000000123     1 00000004 0" */
int groups_parse_igmp6(struct groups *groups, const char *text)
{
	struct group group = { .family = AF_INET6 };
	unsigned int ifindex, byte, i;
	char line[256], hex[33];
	int r;

	while (next_line(&text, line, sizeof(line))) {
		if (sscanf(line, "%9u %*s %32[0-9a-f]", &ifindex, hex) != 2 || strlen(hex) != 32)
			continue;
		for (i = 0; i < 16; i++) {
			sscanf(hex + 2 * i, "%2x", &byte);
			group.address.in6.s6_addr[i] = (uint8_t)byte;
		}
		group.ifindex = ifindex;
		if (!ifindex || !reported6(&group.address.in6))
			continue;
		r = add(groups, &group);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_file(struct groups *groups, const char *path,
		      int (*parse)(struct groups *groups, const char *text))
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	/* A kernel without the protocol has no groups either. */
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	if (getdelim(&text, &size, '\0', file) < 0)
		return 0;
	return parse(groups, text);
}

int groups_read(struct groups *groups)
{
	int r;

	r = parse_file(groups, "/proc/self/net/igmp", groups_parse_igmp);
	if (r < 0)
		return r;
	return parse_file(groups, "/proc/self/net/igmp6", groups_parse_igmp6);
}

void groups_free(struct groups *groups)
{
	free(groups->list);
	*groups = (struct groups){};
}
