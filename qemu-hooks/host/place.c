// SPDX-License-Identifier: GPL-2.0-or-later
/* May this VF take the guest? See place.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "place.h"

#define DRIVER	"vferry_vfio"

static bool same_pf(const struct vf_row *a, const struct vf_row *b)
{
	return !strcmp(a->place.pf_pci, b->place.pf_pci);
}

/* Bound to a driver of networks, and its interface is not to be seen: who knows? */
static bool elsewhere(const struct vf_row *row)
{
	const char *driver = row->place.vf_driver;

	return driver[0] && !row->place.vf_netdev[0] && strcmp(driver, DRIVER) &&
	       strcmp(driver, "vfio-pci");
}

bool place_in_use(const struct vf_row *row)
{
	return row->held || row->reserved[0] || row->netdev_up || row->moving[0] ||
	       elsewhere(row);
}

/* Another user of the guest's address on this PF, or NULL */
static const struct vf_row *rival(const struct vf_table *table, const struct vf_row *row,
				  const uint8_t *mac)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		const struct vf_row *other = &table->rows[i];

		if (same_pf(other, row) && !memcmp(other->mac, mac, 6) && place_in_use(other))
			return other;
	}
	return NULL;
}

const char *place_user(const struct vf_row *row, char *buf, size_t size)
{
	if (row->held)
		snprintf(buf, size, "used by %s", row->user[0] ? row->user : "another program");
	else if (row->reserved[0])
		snprintf(buf, size, "reserved for domain %s", row->reserved);
	else if (row->netdev_up)
		snprintf(buf, size, "used by this host as %s", row->place.vf_netdev);
	else if (row->moving[0])
		snprintf(buf, size, "a migration is under way on it (%s)", row->moving);
	else
		snprintf(buf, size, "bound to %s, with an interface in another network namespace "
			 "or none", row->place.vf_driver);
	return buf;
}

static enum place_unfit unfit(enum place_unfit why, char *words, size_t size, const char *format,
			      ...) __attribute__((format(printf, 4, 5)));

static enum place_unfit unfit(enum place_unfit why, char *words, size_t size, const char *format,
			      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(words, size, format, args);
	va_end(args);
	return why;
}

enum place_unfit place_address(const struct vf_table *table, const struct vf_row *row,
			       const uint8_t *mac, char *words, size_t size)
{
	const struct vf_row *other;
	char user[320], text[18];

	words[0] = '\0';
	if (!mac)
		return PLACE_FITS;
	mac_text(mac, text);
	if (!memcmp(row->pf_mac, mac, 6))
		return unfit(UNFIT_ADDRESS, words, size, "the guest's address %s is that of %s "
			     "itself: change one of them", text, row->place.pf);
	other = rival(table, row, mac);
	if (other)
		return unfit(UNFIT_ADDRESS, words, size, "the guest's address %s is in use on %s "
			     "vf %d (%s): two guests with one address?", text, other->place.pf,
			     other->place.vf, place_user(other, user, sizeof(user)));
	return PLACE_FITS;
}

/* Why the driver cannot be what it has to be */
static enum place_unfit unfit_driver(const struct vf_table *table, const struct vf_row *row,
				     enum place_binding binding, char *words, size_t size)
{
	const char *driver = row->place.vf_driver, *bound = driver[0] ? driver : "no driver";

	if (!strcmp(driver, DRIVER))
		return PLACE_FITS;
	if (binding == BINDING_NOBODY)
		return unfit(UNFIT_STATE, words, size, "bound to %s: vferry setup binds it", bound);
	if (binding == BINDING_REFUSED)
		return unfit(UNFIT_STATE, words, size, "bound to %s, and the domain has "
			     "managed='no': vferry setup binds it", bound);
	if (!strcmp(driver, "vfio-pci"))
		return unfit(UNFIT_STATE, words, size, "bound to vfio-pci: vferry setup binds it");
	/* libvirt looks for the module that fits, and takes vfio-pci if it finds none. */
	if (!table->installed && (binding != BINDING_NAMED || !table->loaded))
		return unfit(UNFIT_STATE, words, size, "not bound to " DRIVER ", which is not "
			     "installed for this kernel: vferry setup binds it once that is loaded");
	return PLACE_FITS;
}

enum place_unfit place_unfit(const struct vf_table *table, const struct vf_row *row,
			     const struct place_guest *guest, char *words, size_t size)
{
	enum place_unfit why;
	char user[320];

	words[0] = '\0';
	if (guest->network[0] && strcmp(row->network, guest->network))
		return unfit(UNFIT_NETWORK, words, size, "of another network");
	if (!row->meant)
		return unfit(UNFIT_NETWORK, words, size, "not meant for guests by host.conf");
	if (place_in_use(row))
		return unfit(UNFIT_BUSY, words, size, "%s", place_user(row, user, sizeof(user)));
	if (!row->link)
		return unfit(UNFIT_STATE, words, size, "%s has no link: look at the cable and the "
			     "switch", row->place.pf);
	if (!row->iommu)
		return unfit(UNFIT_STATE, words, size, "without an IOMMU: switch it on (firmware, "
			     "kernel command line)");
	why = unfit_driver(table, row, guest->binding, words, size);
	return why ? why : place_address(table, row, guest->mac, words, size);
}

unsigned int place_rank(const struct vf_row *row, const struct place_guest *guest,
			const char *source)
{
	if (guest->mac && !memcmp(row->mac, guest->mac, 6))
		return 0;
	if (!strcmp(row->place.vf_pci, source))
		return 1;
	if (guest->mac || !row->mac_conf)
		return strcmp(row->place.vf_driver, DRIVER) ? 3 : 2;
	return 4;	/* the PF driver takes no guest with another address there */
}
