// SPDX-License-Identifier: GPL-2.0-or-later
/* Which VF is for which; see choose.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "cleanup.h"

#define DRIVER	"vferry_vfio"

/* Can a device not have a VF? In the order of how much there is to be said */
enum unfit {
	FIT,
	UNFIT_NETWORK,	/* of another network, or not for guests: not worth a word */
	UNFIT_BUSY,	/* somebody has it */
	UNFIT_STATE,	/* something has to be done to it */
	UNFIT_ADDRESS,	/* its PF knows the guest's address already */
};

static bool same_pf(const struct vf_row *a, const struct vf_row *b)
{
	return !strcmp(a->place.pf_pci, b->place.pf_pci);
}

/* Free for somebody who may do anything with it */
static bool is_idle(const struct vf_row *row)
{
	return !row->held && !row->reserved[0] && !row->netdev_up;
}

/* Another user of the guest's address on this PF, or NULL */
static const struct vf_row *rival(const struct vf_table *table, const struct vf_row *row,
				  const uint8_t *mac)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct vf_row *other = &table->rows[i];

		if (other != row && same_pf(other, row) && !memcmp(other->mac, mac, 6) &&
		    !is_idle(other))
			return other;
	}
	return NULL;
}

static const char *user_of(const struct vf_row *row, char *buf, size_t size)
{
	if (row->held)
		snprintf(buf, size, "used by %s", row->user[0] ? row->user : "another program");
	else if (row->reserved[0])
		snprintf(buf, size, "reserved for domain %s", row->reserved);
	else
		snprintf(buf, size, "used by this host as %s", row->place.vf_netdev);
	return buf;
}

static enum unfit say(enum unfit why, char *words, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static enum unfit say(enum unfit why, char *words, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(words, size, format, args);
	va_end(args);
	return why;
}

static enum unfit unfit_address(const struct vf_table *table, const struct vf_row *row,
				const struct dom_device *device, char *words, size_t size)
{
	const struct vf_row *other;
	char user[320], mac[18];

	if (!device->mac_known)
		return FIT;
	mac_text(device->mac, mac);
	if (!memcmp(row->pf_mac, device->mac, 6))
		return say(UNFIT_ADDRESS, words, size, "the guest's address %s is that of %s itself: "
			   "change one of them", mac, row->place.pf);
	other = rival(table, row, device->mac);
	if (other)
		return say(UNFIT_ADDRESS, words, size, "the guest's address %s is in use on %s vf %d "
			   "(%s): two guests with one address?", mac, other->place.pf,
			   other->place.vf, user_of(other, user, sizeof(user)));
	return FIT;
}

/* Why the driver cannot be what it has to be */
static enum unfit unfit_driver(const struct vf_table *table, const struct vf_row *row,
			       const struct dom_device *device, char *words, size_t size)
{
	const char *driver = row->place.vf_driver;

	if (!strcmp(driver, DRIVER))
		return FIT;
	if (!device->managed)
		return say(UNFIT_STATE, words, size, "bound to %s, and the domain has managed='no': "
			   "vferry setup binds it", driver[0] ? driver : "no driver");
	if (!strcmp(driver, "vfio-pci"))
		return say(UNFIT_STATE, words, size, "bound to vfio-pci: vferry setup binds it");
	if (driver[0] && !row->place.vf_netdev[0])
		return say(UNFIT_STATE, words, size, "bound to %s, with an interface in another "
			   "network namespace or none", driver);
	/* libvirt looks for the module that fits, and takes vfio-pci if it finds none. */
	if (!table->installed && (!device->model[0] || !table->loaded))
		return say(UNFIT_STATE, words, size, "not bound to " DRIVER ", which is not "
			   "installed for this kernel: vferry setup binds it once that is loaded");
	return FIT;
}

static enum unfit unfit(const struct vf_table *table, const struct vf_row *row,
			const struct dom_device *device, const char *network, char *words,
			size_t size)
{
	char user[320];
	enum unfit why;

	if (strcmp(row->network, network) && network[0])
		return say(UNFIT_NETWORK, words, size, "of another network");
	if (!row->meant)
		return say(UNFIT_NETWORK, words, size, "not meant for guests by host.conf");
	if (!is_idle(row))
		return say(UNFIT_BUSY, words, size, "%s", user_of(row, user, sizeof(user)));
	if (!row->pf_up)
		return say(UNFIT_STATE, words, size, "%s is down: ip link set %s up",
			   row->place.pf, row->place.pf);
	if (!row->iommu)
		return say(UNFIT_STATE, words, size, "without an IOMMU: switch it on (firmware, "
			   "kernel command line)");
	why = unfit_driver(table, row, device, words, size);
	return why ? why : unfit_address(table, row, device, words, size);
}

/* How gladly? 0: best */
static unsigned int rank(const struct vf_row *row, const struct dom_device *device)
{
	if (device->mac_known && !memcmp(row->mac, device->mac, 6))
		return 0;
	if (!strcmp(row->place.vf_pci, device->source))
		return 1;
	if (device->mac_known || !row->mac_conf)
		return strcmp(row->place.vf_driver, DRIVER) ? 3 : 2;
	return 4;	/* the PF driver takes no guest with another address there */
}

#define RANKS	5

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
	unsigned int want;
	char words[400];
	size_t i;

	for (want = 0; want < RANKS; want++) {
		for (i = 0; i < m->table->count; i++) {
			const struct vf_row *row = &m->table->rows[i];

			if (m->tried[i] || rank(row, device) != want ||
			    unfit(m->table, row, device, m->networks[nr], words, sizeof(words)))
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
	size_t i, known = 0, n;
	char words[400];

	n = snprintf(reason, size, "no VF%s%s is free for the domain's VF %s",
		     m->networks[nr][0] ? " of network " : "", m->networks[nr], device->source);
	for (i = 0; i < m->table->count; i++) {
		const struct vf_row *row = &m->table->rows[i];
		enum unfit why = unfit(m->table, row, device, m->networks[nr], words,
				       sizeof(words));

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
