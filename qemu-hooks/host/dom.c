// SPDX-License-Identifier: GPL-2.0-or-later
/* A domain's VFs; see dom.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom.h"
#include "sysfs.h"
#include "xml.h"

#define VLANS	4096

bool dom_may_concern(const char *bytes, size_t size)
{
	static const char word[] = "hostdev";

	return memmem(bytes, size, word, sizeof(word) - 1);
}

/* A whole number in decimal or hexadecimal up to a limit, or -EINVAL */
static long number(const xmlNode *node, const char *name, long max)
{
	char text[16], *end;
	long value;
	int r;

	r = xml_attr(node, name, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? r : -EINVAL;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	value = strtol(text, &end, 0);
	return *end || value > max ? -EINVAL : value;
}

static int read_address(const xmlNode *address, char *ret, size_t size)
{
	long domain = number(address, "domain", 0xffff);
	long bus = number(address, "bus", 0xff);
	long slot = number(address, "slot", 0x1f);
	long function = number(address, "function", 7);

	if (domain == -ENOENT)
		domain = 0;
	if (domain < 0 || bus < 0 || slot < 0 || function < 0)
		return -EINVAL;
	snprintf(ret, size, "%04lx:%02lx:%02lx.%lx", domain, bus, slot, function);
	return 0;
}

static int read_mac(const xmlNode *node, const char *name, struct dom_device *device)
{
	unsigned int b[6], i;
	char text[32];
	int end = 0;
	int r;

	r = xml_attr(node, name, text, sizeof(text));
	if (r == -ENOENT)
		return 0;
	if (r < 0 || strlen(text) != 17 || text[strspn(text, "0123456789abcdefABCDEF:")] ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || text[end] || b[0] & 1)
		return -EINVAL;
	for (i = 0; i < 6; i++)
		device->mac[i] = b[i];
	device->mac_known = true;
	return 0;
}

static int read_vlan(const xmlNode *node, const char *name, struct dom_device *device)
{
	long vlan = number(node, name, VLANS - 2);

	if (vlan == -ENOENT)
		return 0;
	if (vlan < 0)
		return -EINVAL;
	device->vlan = vlan;
	return 0;
}

/* 0: a device that was read; 1: one that is no business of ours; -errno */
static int read_device(const xmlNode *node, struct dom_device *ret, char *reason, size_t size)
{
	const xmlNode *tag;

	*ret = (struct dom_device) { .vlan = -1 };
	ret->interface = xml_is(node, NULL, "interface");
	if (ret->interface ? !xml_attr_is(node, "type", "hostdev") :
			     !xml_attr_is(node, "mode", "subsystem") ||
			     !xml_attr_is(node, "type", "pci"))
		return 1;
	ret->address = xml_child(xml_child(node, NULL, "source"), NULL, "address");
	if (!ret->address)	/* of a libvirt network, which chooses itself */
		return 1;
	if (read_address(ret->address, ret->source, sizeof(ret->source))) {
		snprintf(reason, size, "a device whose PCI address is not understood");
		return -EINVAL;
	}
	ret->managed = xml_attr_is(node, "managed", "yes");
	if (xml_attr(xml_child(node, NULL, "driver"), "model", ret->model,
		     sizeof(ret->model)) == -E2BIG ||
	    xml_attr(xml_child(node, NULL, "alias"), "name", ret->alias,
		     sizeof(ret->alias)) == -E2BIG) {
		snprintf(reason, size, "device %s: its model or alias is too long", ret->source);
		return -E2BIG;
	}
	if (!ret->interface)
		return 0;
	tag = xml_child(xml_child(node, NULL, "vlan"), NULL, "tag");
	if (read_mac(xml_child(node, NULL, "mac"), "address", ret) ||
	    (tag && !xml_next(tag, NULL, "tag") && read_vlan(tag, "id", ret))) {
		snprintf(reason, size, "interface %s: its address or VLAN is not understood",
			 ret->source);
		return -EINVAL;
	}
	return 0;
}

static struct dom_device *by_alias(struct dom *dom, const char *alias)
{
	size_t i;

	for (i = 0; i < dom->count && *alias; i++)
		if (!strcmp(dom->devices[i].alias, alias))
			return &dom->devices[i];
	return NULL;
}

static int read_devices(struct dom *dom, const xmlNode *devices, char *reason, size_t size)
{
	const xmlNode *node;

	for (node = devices ? devices->children : NULL; node; node = node->next) {
		struct dom_device device, *grown;
		int r;

		if (!xml_is(node, NULL, "hostdev") && !xml_is(node, NULL, "interface"))
			continue;
		r = read_device(node, &device, reason, size);
		if (r < 0)
			return r;
		if (r)
			continue;
		if (by_alias(dom, device.alias)) {
			snprintf(reason, size, "two devices have the alias %s", device.alias);
			return -EINVAL;
		}
		grown = reallocarray(dom->devices, dom->count + 1, sizeof(*grown));
		if (!grown) {
			snprintf(reason, size, "no memory");
			return -ENOMEM;
		}
		dom->devices = grown;
		grown[dom->count++] = device;
	}
	return 0;
}

/* Which devices does <qemu:override> make migratable? */
static void read_override(struct dom *dom, const xmlNode *root)
{
	const xmlNode *node, *property;

	for (node = xml_child(xml_child(root, DOM_NS_QEMU, "override"), DOM_NS_QEMU, "device");
	     node; node = xml_next(node, DOM_NS_QEMU, "device")) {
		struct dom_device *device;
		char alias[DOM_TEXT];

		xml_attr(node, "alias", alias, sizeof(alias));
		device = by_alias(dom, alias);
		if (!device)
			continue;
		property = xml_child(xml_child(node, DOM_NS_QEMU, "frontend"), DOM_NS_QEMU,
				     "property");
		for (; property; property = xml_next(property, DOM_NS_QEMU, "property"))
			if (xml_attr_is(property, "name", "enable-migration"))
				device->migration = xml_attr_is(property, "value", "on");
	}
}

/* <vferry:vf>; 0 or -EINVAL */
static int read_wish(struct dom *dom, const xmlNode *node, char *reason, size_t size)
{
	struct dom_device *device;
	char alias[DOM_TEXT];
	long qos;

	if (xml_attr(node, "alias", alias, sizeof(alias)) || !alias[0]) {
		snprintf(reason, size, "metadata: <vferry:vf> without an alias");
		return -EINVAL;
	}
	device = by_alias(dom, alias);
	if (!device) {
		snprintf(dom->stray, sizeof(dom->stray), "%s", alias);
		return 0;
	}
	device->named = true;
	qos = number(node, "qos", 7);
	device->qos = qos > 0 ? qos : 0;
	if (xml_attr(node, "network", device->network, sizeof(device->network)) == -E2BIG ||
	    qos == -EINVAL ||
	    /* an interface's are not in the metadata */
	    (!device->interface &&
	     (read_mac(node, "mac", device) || read_vlan(node, "vlan", device)))) {
		snprintf(reason, size, "metadata: vf %s: a value is not understood", alias);
		return -EINVAL;
	}
	return 0;
}

static int read_metadata(struct dom *dom, const xmlNode *root, char *reason, size_t size)
{
	const xmlNode *node, *ours;
	char network[DOM_TEXT];
	size_t i;
	int r;

	ours = xml_child(xml_child(root, NULL, "metadata"), DOM_NS, "domain");
	if (!ours)
		return 0;
	if (xml_attr(ours, "network", network, sizeof(network)) == -E2BIG) {
		snprintf(reason, size, "metadata: the network's name is too long");
		return -EINVAL;
	}
	for (node = ours->children; node; node = node->next) {
		/* virsh metadata --set puts only the outermost element into a name space */
		if (!xml_is(node, DOM_NS, "vf") && !xml_is(node, NULL, "vf"))
			continue;
		r = read_wish(dom, node, reason, size);
		if (r < 0)
			return r;
	}
	for (i = 0; i < dom->count; i++)
		if (!dom->devices[i].network[0])
			strcpy(dom->devices[i].network, network);
	return 0;
}

/* The text of an element that has nothing else */
static int read_text(const xmlNode *node, char *ret, size_t size)
{
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	int r = -EINVAL;

	if (text && *text && strlen((const char *)text) < size) {
		strcpy(ret, (const char *)text);
		r = 0;
	}
	xmlFree(text);
	return r;
}

int dom_read(const char *bytes, size_t size, struct dom *ret, char *reason, size_t reason_size)
{
	const xmlNode *root;
	int r;

	*ret = (struct dom) {};
	reason[0] = '\0';
	r = xml_parse(bytes, size, &ret->doc, reason, reason_size);
	if (r < 0)
		return r;
	root = xmlDocGetRootElement(ret->doc);
	if (!root || !xml_is(root, NULL, "domain")) {
		snprintf(reason, reason_size, "not a <domain>");
		return -EINVAL;
	}
	if (read_text(xml_child(root, NULL, "name"), ret->name, sizeof(ret->name)) ||
	    read_text(xml_child(root, NULL, "uuid"), ret->uuid, sizeof(ret->uuid))) {
		snprintf(reason, reason_size, "a domain without a name or uuid, or a too long one");
		return -EINVAL;
	}
	r = read_devices(ret, xml_child(root, NULL, "devices"), reason, reason_size);
	if (r < 0)
		return r;
	read_override(ret, root);
	return read_metadata(ret, root, reason, reason_size);
}

void dom_free(struct dom *dom)
{
	xmlFreeDoc(dom->doc);
	free(dom->devices);
	*dom = (struct dom) {};
}

static int set_hex(xmlNode *node, const char *name, unsigned int digits, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%0*x", digits, value);
	return xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)text) ? 0 : -ENOMEM;
}

int dom_move(struct dom *dom, size_t nr, const char *pci)
{
	unsigned int domain, bus, slot, function;
	struct dom_device *device;
	char address[MSG_PCI];

	if (nr >= dom->count || pci_address(pci, address, sizeof(address)) ||
	    sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return -EINVAL;
	device = &dom->devices[nr];
	if (set_hex(device->address, "domain", 4, domain) ||
	    set_hex(device->address, "bus", 2, bus) ||
	    set_hex(device->address, "slot", 2, slot) ||
	    set_hex(device->address, "function", 1, function))
		return -ENOMEM;
	snprintf(device->source, sizeof(device->source), "%s", address);
	return 0;
}

const struct dom_device *dom_same_device(const struct dom *dom, const struct dom_device *device)
{
	size_t i;

	if (!dom_has_own_alias(device))
		return NULL;
	for (i = 0; i < dom->count; i++)
		if (!strcmp(dom->devices[i].alias, device->alias) &&
		    dom->devices[i].interface == device->interface)
			return &dom->devices[i];
	return NULL;
}

int dom_bytes(const struct dom *dom, char **ret_bytes, size_t *ret_size)
{
	return xml_bytes(dom->doc, ret_bytes, ret_size);
}

/* libvirt takes a dash for an underscore */
static bool is_driver(const char *model)
{
	static const char driver[] = "vferry_vfio";
	size_t i;

	for (i = 0; driver[i]; i++)
		if (model[i] != driver[i] && !(model[i] == '-' && driver[i] == '_'))
			return false;
	return !model[i];
}

bool dom_is_ours(const struct dom_device *device, enum dom_here here, bool have_nic)
{
	if (device->model[0])
		return is_driver(device->model);
	if (device->named)
		return true;
	switch (here) {
	case HERE_OURS:
	case HERE_NIC:
		return true;
	case HERE_NOTHING:
		return have_nic;
	case HERE_OTHER:
		break;
	}
	return false;
}
