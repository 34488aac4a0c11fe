// SPDX-License-Identifier: GPL-2.0-or-later
/* Which VF is for which; see choose.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "cleanup.h"

/* What a device of a domain brings with it */
static struct place_guest guest_of(const struct dom_device *device, const char *network)
{
	return (struct place_guest) {
		.network = network,
		.mac = device->mac_known ? device->mac : NULL,
		.binding = !device->managed ? BINDING_REFUSED :
			   device->model[0] ? BINDING_NAMED : BINDING_LIBVIRT,
	};
}

/**
 * struct matching - what has been given out so far
 * @owner: of each row: the device, or CHOOSE_NONE
 * @networks: that each device wants
 * @tried: rows that this search has been to
 */
struct matching {
	const struct vf_table *table;
	const struct dom *dom;
	size_t *owner;
	const char **networks;
	bool *tried;
};

/* A row for this device, others may have to take another one for that. */
static bool give(struct matching *m, size_t nr)
{
	const struct dom_device *device = &m->dom->devices[nr];
	struct place_guest guest = guest_of(device, m->networks[nr]);
	unsigned int want;
	char words[400];
	size_t i;

	for (want = 0; want < PLACE_RANKS; want++) {
		for (i = 0; i < m->table->count; i++) {
			const struct vf_row *row = &m->table->rows[i];

			if (m->tried[i] || place_rank(row, &guest, device->source) != want ||
			    place_unfit(m->table, row, &guest, words, sizeof(words)))
				continue;
			m->tried[i] = true;
			if (m->owner[i] == CHOOSE_NONE || give(m, m->owner[i])) {
				m->owner[i] = nr;
				return true;
			}
		}
	}
	return false;
}

/* Say of every VF why it is not for this device. */
static int complain(const struct matching *m, size_t nr, char *reason, size_t size)
{
	const struct dom_device *device = &m->dom->devices[nr];
	struct place_guest guest = guest_of(device, m->networks[nr]);
	size_t i, known = 0, n;
	char words[400];

	n = snprintf(reason, size, "no VF%s%s is free for the domain's VF %s",
		     m->networks[nr][0] ? " of network " : "", m->networks[nr], device->source);
	for (i = 0; i < m->table->count; i++) {
		const struct vf_row *row = &m->table->rows[i];
		enum place_unfit why = place_unfit(m->table, row, &guest, words, sizeof(words));

		if (why == UNFIT_ADDRESS) {
			snprintf(reason, size, "%s", words);
			return -EADDRINUSE;
		}
		if (why == UNFIT_NETWORK || n >= size)
			continue;
		if (!why)
			snprintf(words, sizeof(words), "for another VF of this domain");
		n += snprintf(reason + n, size - n, "%s %s vf %d: %s", known++ ? ";" : ":",
			      row->place.pf, row->place.vf, words);
	}
	if (!known && n < size)
		snprintf(reason + n, size - n, ": there is none: make some (vfs = in %s, then "
			 "vferry setup)", "/etc/vferry/host.conf");
	return -ENOENT;
}

/* The only label that this host has; "": none has one; NULL: there are several */
static const char *only_network(const struct vf_table *table)
{
	const char *only = "";
	size_t i;

	for (i = 0; i < table->count; i++) {
		const char *network = table->rows[i].network;

		if (*network && *only && strcmp(network, only))
			return NULL;
		if (*network)
			only = network;
	}
	return only;
}

static int find_network(const struct vf_table *table, const struct dom_device *device,
			const char **ret, char *reason, size_t size)
{
	size_t i;

	*ret = device->network;
	if (!device->network[0]) {
		*ret = only_network(table);
		if (*ret)
			return 0;
		snprintf(reason, size, "this host has several networks and the domain does not say "
			 "which is that of its VF %s: add it (vferry libvirt prepare)",
			 device->source);
		return -EINVAL;
	}
	for (i = 0; i < table->count; i++)
		if (!strcmp(table->rows[i].network, device->network))
			return 0;
	snprintf(reason, size, "no PF here with VFs is on network %s, which the domain's VF %s "
		 "needs: network = in /etc/vferry/host.conf", device->network, device->source);
	return -ENOENT;
}

static int match(struct matching *m, const bool *ours, size_t *ret_rows, char *reason,
		 size_t size)
{
	size_t i;
	int r;

	for (i = 0; i < m->table->count; i++)
		m->owner[i] = CHOOSE_NONE;
	for (i = 0; i < m->dom->count; i++) {
		ret_rows[i] = CHOOSE_NONE;
		if (!ours[i])
			continue;
		r = find_network(m->table, &m->dom->devices[i], &m->networks[i], reason, size);
		if (r < 0)
			return r;
	}
	for (i = 0; i < m->dom->count; i++) {
		if (!ours[i])
			continue;
		memset(m->tried, 0, m->table->count * sizeof(*m->tried));
		if (!give(m, i))
			return complain(m, i, reason, size);
	}
	for (i = 0; i < m->table->count; i++)
		if (m->owner[i] != CHOOSE_NONE)
			ret_rows[m->owner[i]] = i;
	return 0;
}

int choose(const struct vf_table *table, const struct dom *dom, const bool *ours,
	   size_t *ret_rows, char *reason, size_t size)
{
	_cleanup_free_ size_t *owner = calloc(table->count + 1, sizeof(*owner));
	_cleanup_free_ const char **networks = calloc(dom->count + 1, sizeof(*networks));
	_cleanup_free_ bool *tried = calloc(table->count + 1, sizeof(*tried));
	struct matching m = { table, dom, owner, networks, tried };

	reason[0] = '\0';
	if (!owner || !networks || !tried) {
		snprintf(reason, size, "no memory");
		return -ENOMEM;
	}
	return match(&m, ours, ret_rows, reason, size);
}
