/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain's XML says of its VFs, and the same XML with other VFs.
 * Pure, apart from libxml2.
 *
 * A domain may say what its VFs want, in its metadata:
 *
 *	<metadata>
 *	  <vferry:domain xmlns:vferry="urn:vferry:domain:1" network="lan1">
 *	    <vferry:vf alias="ua-vf1" network="lan2" mac="52:54:00:12:34:56" vlan="7" qos="0"/>
 *	  </vferry:domain>
 *	</metadata>
 *
 * network: a label of host.conf; of the element domain: for all VFs that do not
 * have their own. mac, vlan, qos: what the host sets on the VF. All are optional.
 */
#ifndef VFERRY_HOST_DOM_H
#define VFERRY_HOST_DOM_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "msg.h"

#define DOM_NS		"urn:vferry:domain:1"
#define DOM_NS_QEMU	"http://libvirt.org/schemas/domain/qemu/1.0"
#define DOM_TEXT	64
#define DOM_NAME	256
#define DOM_UUID	37

/**
 * struct dom_device - a PCI device of the host that the domain has
 * @interface: an <interface type='hostdev'>, for which libvirt itself sets address
 *	and VLAN; otherwise a <hostdev>
 * @managed: libvirt binds its driver
 * @alias: "": none
 * @model: driver that is to have it, "": not said
 * @source: PCI address on the host
 * @migration: <qemu:override> switches migration on for @alias
 * @named: the metadata has an element for it
 * @network: label, "": not said
 * @mac_known: @mac is what the VF is to have
 * @vlan: port VLAN, 0: none, -1: not said; @qos is its priority
 * @address: element with the address on the host
 */
struct dom_device {
	bool interface;
	bool managed;
	char alias[DOM_TEXT];
	char model[DOM_TEXT];
	char source[MSG_PCI];
	bool migration;
	bool named;
	char network[DOM_TEXT];
	bool mac_known;
	uint8_t mac[6];
	int vlan;
	unsigned int qos;
	xmlNode *address;
};

/**
 * struct dom - a domain
 * @stray: an alias in the metadata that no device has, "": none
 */
struct dom {
	char name[DOM_NAME];
	char uuid[DOM_UUID];
	char stray[DOM_TEXT];
	struct dom_device *devices;
	size_t count;
	xmlDoc *doc;
};

/* Could it have a device of the host? False is certain, and found out without parsing. */
bool dom_may_concern(const char *bytes, size_t size);

/**
 * dom_read() - read a domain's XML
 * @bytes: the XML
 * @size: of it
 * @ret: the domain, to be freed by dom_free() also after an error
 * @reason: receives what is wrong, one line
 * @reason_size: of @reason
 *
 * Return: 0 or -errno, as xml_parse().
 */
int dom_read(const char *bytes, size_t size, struct dom *ret, char *reason, size_t reason_size);
void dom_free(struct dom *dom);

/* Give a device another VF; 0, -EINVAL or -ENOMEM. */
int dom_move(struct dom *dom, size_t device, const char *pci);

/* Is its alias one that a user has given? Others are not kept, and go by the order of devices. */
static inline bool dom_has_own_alias(const struct dom_device *device)
{
	return !strncmp(device->alias, "ua-", 3);
}

/*
 * The device of @dom that is the same as one of another definition of that domain: of
 * the same kind, with the same alias, which a user has given. NULL: none
 */
const struct dom_device *dom_same_device(const struct dom *dom, const struct dom_device *device);

/* The XML as it is now, to be freed; 0 or -ENOMEM. */
int dom_bytes(const struct dom *dom, char **ret_bytes, size_t *ret_size);

/**
 * enum dom_here - what is at a device's PCI address on this host
 * @HERE_NOTHING: nothing
 * @HERE_OURS: a VF whose PF vferry_pf drives
 * @HERE_NIC: a VF of a NIC that vferry_pf could drive
 * @HERE_OTHER: something else
 */
enum dom_here {
	HERE_NOTHING,
	HERE_OURS,
	HERE_NIC,
	HERE_OTHER,
};

/**
 * dom_is_ours() - is a device that arrives a VF of vferry's?
 * @device: with the address that it had where it comes from
 * @here: what is at that address on this host
 * @have_nic: this host has a NIC that vferry_pf could drive
 */
bool dom_is_ours(const struct dom_device *device, enum dom_here here, bool have_nic);

static inline void dom_p(struct dom *dom)
{
	dom_free(dom);
}

#endif
