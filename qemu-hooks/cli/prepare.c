// SPDX-License-Identifier: GPL-2.0-or-later
/* What a domain's definition needs; see prepare.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prepare.h"
#include "xml.h"

#define DRIVER	"vferry_vfio"

/* QEMU's and the VFs' own memory that is locked beside the guest's, KiB */
#define LOCKED_KIB	(1024 * 1024)

/**
 * struct work - a domain that is being changed
 * @root: its <domain>
 * @err: -errno of the first thing that went wrong; then nothing more is done
 */
struct work {
	struct dom *dom;
	xmlNode *root;
	struct prepare *ret;
	int err;
};

static void line(struct work *w, char lines[][PREPARE_TEXT], size_t *count, const char *format,
		 va_list args)
{
	if (*count == PREPARE_LINES)
		w->err = w->err ?: -E2BIG;
	else
		vsnprintf(lines[(*count)++], PREPARE_TEXT, format, args);
}

static void changed(struct work *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void changed(struct work *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(w, w->ret->changes, &w->ret->change_count, format, args);
	va_end(args);
}

static void noted(struct work *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void noted(struct work *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(w, w->ret->notes, &w->ret->note_count, format, args);
	va_end(args);
}

static void set(struct work *w, xmlNode *node, const char *name, const char *value)
{
	if (!w->err && !xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value))
		w->err = -ENOMEM;
}

/* Set an attribute that is not so yet. */
static void want(struct work *w, xmlNode *node, const char *name, const char *value)
{
	if (!w->err && !xml_attr_is(node, name, value))
		set(w, node, name, value);
}

static unsigned int depth_of(const xmlNode *node)
{
	unsigned int depth = 0;

	while ((node = node->parent) && node->type == XML_ELEMENT_NODE)
		depth++;
	return depth;
}

/* An end of line, and as far in as libvirt would write it; NULL: no memory */
static xmlNode *indent(struct work *w, unsigned int depth)
{
	char text[2 * XML_MAX_DEPTH + 8] = "\n";
	unsigned int i;

	for (i = 0; i < 2 * depth && i < sizeof(text) - 2; i++)
		text[i + 1] = ' ';
	return xmlNewDocText(w->dom->doc, (const xmlChar *)text);
}

static bool is_space(const xmlNode *node)
{
	return node && node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}

/*
 * A new element on a line of its own: the last of @parent, or before @next. Its
 * name space has to be known at @parent.
 */
static xmlNode *add(struct work *w, xmlNode *parent, xmlNode *next, xmlNs *ns, const char *name)
{
	xmlNode *node, *space, *last = parent->last;
	unsigned int depth = depth_of(parent);

	if (w->err)
		return NULL;
	node = xmlNewDocNode(w->dom->doc, ns, (const xmlChar *)name, NULL);
	space = indent(w, depth + 1);
	if (!node || !space) {
		xmlFreeNode(node);
		xmlFreeNode(space);
		w->err = -ENOMEM;
		return NULL;
	}
	if (next) {
		xmlAddPrevSibling(next, node);
		xmlAddPrevSibling(next, space);
		return node;
	}
	if (is_space(last) && last->prev) {
		/* before the line's end that is there; not text beside text: it is joined */
		xmlAddPrevSibling(last, node);
		xmlAddPrevSibling(node, space);
		return node;
	}
	xmlAddChild(parent, space);
	xmlAddChild(parent, node);
	space = indent(w, depth);
	if (space)
		xmlAddChild(parent, space);
	else
		w->err = -ENOMEM;
	return node;
}

/* A prefix that is not another's */
static xmlNs *declare(struct work *w, xmlNode *node, const char *uri, const char *prefix)
{
	xmlNs *ns = xmlSearchNsByHref(w->dom->doc, node, (const xmlChar *)uri);
	char other[16];

	if (ns && ns->prefix)
		return ns;
	snprintf(other, sizeof(other), "%s-x", prefix);
	ns = xmlNewNs(node, (const xmlChar *)uri, (const xmlChar *)prefix);
	if (!ns)
		ns = xmlNewNs(node, (const xmlChar *)uri, (const xmlChar *)other);
	if (!ns)
		w->err = -ENOMEM;
	return ns;
}

static xmlNode *element_of(const struct dom_device *device)
{
	return device->address->parent->parent;
}

static void want_driver(struct work *w, struct dom_device *device)
{
	xmlNode *node = element_of(device), *driver = xml_child(node, NULL, "driver");

	if (device->model[0])
		return;
	if (!driver)
		driver = add(w, node, xml_child(node, NULL, "source"), NULL, "driver");
	if (w->err)
		return;
	want(w, driver, "name", "vfio");
	set(w, driver, "model", DRIVER);
	snprintf(device->model, sizeof(device->model), DRIVER);
	changed(w, "VF %s: driver " DRIVER ", so that libvirt does not take vfio-pci",
		device->source);
}

/* Has anything in the domain this alias, or is anything meant for it? */
static bool is_taken(const xmlNode *node, const char *alias)
{
	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (xml_attr_is(node, "alias", alias) ||
		    (xml_is(node, NULL, "alias") && xml_attr_is(node, "name", alias)) ||
		    is_taken(node->children, alias))
			return true;
	}
	return false;
}

/* Only what a user has given is kept by libvirt. */
static void want_alias(struct work *w, struct dom_device *device)
{
	xmlNode *node = element_of(device), *alias = xml_child(node, NULL, "alias");
	char name[DOM_TEXT];
	unsigned int n = 0;

	if (dom_has_own_alias(device))
		return;
	do
		snprintf(name, sizeof(name), "ua-vf%u", n++);
	while (is_taken(w->root, name));
	if (!alias)
		alias = add(w, node, xml_child(node, NULL, "address"), NULL, "alias");
	if (w->err)
		return;
	set(w, alias, "name", name);
	snprintf(device->alias, sizeof(device->alias), "%s", name);
	changed(w, "VF %s: alias %s, by which it is known below", device->source, name);
}

/* The child of that name, with an attribute of that value if there is a @key, made if there is none */
static xmlNode *have(struct work *w, xmlNode *parent, xmlNs *ns, const char *name,
		     const char *key, const char *value)
{
	xmlNode *node;

	if (w->err)
		return NULL;
	for (node = xml_child(parent, (const char *)ns->href, name); node;
	     node = xml_next(node, (const char *)ns->href, name))
		if (!key || xml_attr_is(node, key, value))
			return node;
	node = add(w, parent, NULL, ns, name);
	if (node && key)
		set(w, node, key, value);
	return node;
}

static void want_override(struct work *w, struct dom_device *device)
{
	xmlNode *node, *property = NULL;
	xmlNs *ns;

	ns = w->err ? NULL : declare(w, w->root, DOM_NS_QEMU, "qemu");
	if (!ns)
		return;
	node = have(w, w->root, ns, "override", NULL, NULL);
	node = node ? have(w, node, ns, "device", "alias", device->alias) : NULL;
	node = node ? have(w, node, ns, "frontend", NULL, NULL) : NULL;
	if (node)
		property = have(w, node, ns, "property", "name", "enable-migration");
	/* of another type, QEMU would not take it */
	if (!property || (xml_attr_is(property, "type", "string") &&
			  xml_attr_is(property, "value", "on")))
		return;
	set(w, property, "type", "string");
	set(w, property, "value", "on");
	device->migration = true;
	changed(w, "VF %s: QEMU is told that it can be migrated (enable-migration), which it "
		"cannot know: this kernel has no IOMMUFD", device->source);
}

/* The element <vferry:domain> in the metadata */
static xmlNode *our_metadata(struct work *w)
{
	xmlNode *metadata = xml_child(w->root, NULL, "metadata"), *ours;
	xmlNs *ns;

	if (!metadata)
		metadata = add(w, w->root, xml_child(w->root, NULL, "memory"), NULL, "metadata");
	ours = xml_child(metadata, DOM_NS, "domain");
	if (w->err || ours)
		return ours;
	ours = add(w, metadata, NULL, NULL, "domain");
	ns = ours ? declare(w, ours, DOM_NS, "vferry") : NULL;
	if (ns)
		xmlSetNs(ours, ns);
	return ours;
}

/* The entry of one VF in it */
static xmlNode *entry(struct work *w, const struct dom_device *device)
{
	xmlNode *ours = our_metadata(w), *node;

	if (!ours)
		return NULL;
	for (node = ours->children; node; node = node->next)
		if ((xml_is(node, DOM_NS, "vf") || xml_is(node, NULL, "vf")) &&
		    xml_attr_is(node, "alias", device->alias))
			return node;
	node = add(w, ours, NULL, ours->ns, "vf");
	if (node)
		set(w, node, "alias", device->alias);
	return node;
}

/* What the VF has by an administrator's will has to be there, too. */
static void want_settings(struct work *w, struct dom_device *device, const struct prepare_vf *vf)
{
	char text[18];
	xmlNode *node;

	if (device->interface)
		return;
	if (vf->mac_set && !device->mac_known) {
		node = entry(w, device);
		if (!node)
			return;
		set(w, node, "mac", mac_text(vf->mac, text));
		changed(w, "VF %s: address %s, as host.conf has it", device->source, text);
	}
	if (vf->vlan && device->vlan < 0) {
		node = entry(w, device);
		if (!node)
			return;
		snprintf(text, sizeof(text), "%u", vf->vlan);
		set(w, node, "vlan", text);
		if (vf->qos) {
			snprintf(text, sizeof(text), "%u", vf->qos);
			set(w, node, "qos", text);
		}
		changed(w, "VF %s: port VLAN %u, as it is set now", device->source, vf->vlan);
	}
}

/* Are all VFs that do not say it on one network? Then it is said once. */
static const char *one_network(const struct dom *dom, const struct prepare_vf *vfs,
			       const bool *ours)
{
	const char *one = NULL;
	size_t i;

	for (i = 0; i < dom->count; i++) {
		if (!ours[i])
			continue;
		if (dom->devices[i].network[0] || !vfs[i].network[0] ||
		    (one && strcmp(one, vfs[i].network)))
			return NULL;
		one = vfs[i].network;
	}
	return one;
}

static void want_networks(struct work *w, const struct prepare_vf *vfs, const bool *ours)
{
	const char *one = one_network(w->dom, vfs, ours);
	xmlNode *node;
	size_t i;

	if (one) {
		node = our_metadata(w);
		if (!node)
			return;
		set(w, node, "network", one);
		changed(w, "network %s, as host.conf has it", one);
		return;
	}
	for (i = 0; i < w->dom->count && !w->err; i++) {
		const struct dom_device *device = &w->dom->devices[i];

		if (!ours[i] || !vfs[i].network[0])
			continue;
		if (device->network[0]) {
			if (strcmp(device->network, vfs[i].network))
				noted(w, "VF %s is on network %s here, the domain says %s",
				      device->source, vfs[i].network, device->network);
			continue;
		}
		node = entry(w, device);
		if (!node)
			return;
		set(w, node, "network", vfs[i].network);
		changed(w, "VF %s: network %s, as host.conf has it", device->source,
			vfs[i].network);
	}
}

/* A size with its unit, in KiB; -1: not understood */
static double kib(const xmlNode *node)
{
	static const struct {
		const char *name;
		double kib;
	} units[] = {
		{ "", 1 }, { "KiB", 1 }, { "k", 1 }, { "KB", 1000. / 1024 }, { "b", 1. / 1024 },
		{ "bytes", 1. / 1024 }, { "MiB", 1024 }, { "M", 1024 }, { "MB", 1e6 / 1024 },
		{ "GiB", 1024 * 1024 }, { "G", 1024 * 1024 }, { "GB", 1e9 / 1024 },
		{ "TiB", 1024. * 1024 * 1024 }, { "T", 1024. * 1024 * 1024 },
		{ "TB", 1e12 / 1024 },
	};
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	double value = -1;
	char unit[16];
	size_t i;

	if (!text || sscanf((const char *)text, "%lf", &value) != 1)
		value = -1;
	xmlFree(text);
	if (value < 0 || xml_attr(node, "unit", unit, sizeof(unit)) == -E2BIG)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].name, unit))
			return value * units[i].kib;
	return -1;
}

static void note_memory(struct work *w)
{
	double memory = kib(xml_child(w->root, NULL, "memory"));
	double limit = kib(xml_child(xml_child(w->root, NULL, "memtune"), NULL, "hard_limit"));

	if (memory < 0 || limit < 0 || limit >= memory + LOCKED_KIB)
		return;
	noted(w, "<hard_limit> is %.0f KiB: it is also the limit of memory that may be locked, which "
	      "has to be the guest's memory and 1 GiB, %.0f KiB; without <hard_limit> libvirt "
	      "chooses it", limit, memory + LOCKED_KIB);
}

static void note_cpu(struct work *w)
{
	const xmlNode *cpu = xml_child(w->root, NULL, "cpu");

	if (xml_attr_is(cpu, "mode", "host-passthrough"))
		return;
	noted(w, "<cpu>: where all hosts have the same processors, mode='host-passthrough' is the "
	      "one that has been tried");
}

static void note_override(struct work *w)
{
	const xmlNode *node;
	char alias[DOM_TEXT];
	size_t i;

	for (node = xml_child(xml_child(w->root, DOM_NS_QEMU, "override"), DOM_NS_QEMU, "device");
	     node; node = xml_next(node, DOM_NS_QEMU, "device")) {
		xml_attr(node, "alias", alias, sizeof(alias));
		if (strncmp(alias, "hostdev", 7))
			continue;
		for (i = 0; i < w->dom->count && strcmp(w->dom->devices[i].alias, alias); i++)
			;
		if (i == w->dom->count)
			noted(w, "<qemu:override> for the alias %s may be of no use any more: the "
			      "VFs have aliases of their own", alias);
	}
}

static void each_device(struct work *w, const struct prepare_vf *vfs, bool have_nic,
			bool override, bool *ours)
{
	size_t i;

	for (i = 0; i < w->dom->count && !w->err; i++) {
		struct dom_device *device = &w->dom->devices[i];

		ours[i] = dom_is_ours(device, vfs[i].here, have_nic);
		if (!ours[i])
			continue;
		w->ret->vfs++;
		if (vfs[i].here != HERE_OURS)
			noted(w, "VF %s: no VF of vferry's is at this address on this host: the domain "
			      "can arrive here, but not be started, unless <source> is changed",
			      device->source);
		want_driver(w, device);
		want_alias(w, device);
		if (override)
			want_override(w, device);
	}
}

int prepare(struct dom *dom, const struct prepare_vf *vfs, bool have_nic, bool override,
	    struct prepare *ret)
{
	struct work w = { .dom = dom, .root = xmlDocGetRootElement(dom->doc), .ret = ret };
	bool *ours = calloc(dom->count + 1, sizeof(*ours));
	size_t i;

	*ret = (struct prepare) {};
	if (!ours)
		return -ENOMEM;
	each_device(&w, vfs, have_nic, override, ours);
	if (ret->vfs) {
		want_networks(&w, vfs, ours);
		for (i = 0; i < dom->count && !w.err; i++)
			if (ours[i])
				want_settings(&w, &dom->devices[i], &vfs[i]);
		if (dom->stray[0])
			noted(&w, "the metadata has an entry for the alias %s, which no device has: the "
			      "domain would not be migrated", dom->stray);
		note_cpu(&w);
		note_memory(&w);
		note_override(&w);
	}
	free(ours);
	return w.err;
}
