// SPDX-License-Identifier: GPL-2.0-or-later
/* Can this guest be migrated? See verdict.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "module.h"
#include "place.h"
#include "text.h"
#include "uapi/vferry_pf.h"
#include "verdict.h"

#define PASS(name, ...)			check_add(checks, name, VERDICT_PASS, "", __VA_ARGS__)
#define FAIL(name, advice, ...)		check_add(checks, name, VERDICT_FAIL, advice, __VA_ARGS__)
#define SKIP(name, ...)			check_add(checks, name, VERDICT_SKIP, "", __VA_ARGS__)

void check_add(struct checks *checks, const char *name, enum verdict verdict,
	       const char *advice, const char *format, ...)
{
	struct check *c;
	va_list args;

	if (checks->count == CHECKS_MAX)
		return;
	c = &checks->all[checks->count++];
	c->name = name;
	c->verdict = verdict;
	snprintf(c->advice, sizeof(c->advice), "%s", advice);
	va_start(args, format);
	vsnprintf(c->text, sizeof(c->text), format, args);
	va_end(args);
	text_clean(c->text, sizeof(c->text), c->text);	/* half of it is the other host's */
}

bool checks_pass(const struct checks *checks)
{
	size_t i;

	for (i = 0; i < checks->count; i++)
		if (checks->all[i].verdict != VERDICT_PASS)
			return false;
	return true;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static const json_t *find_pf(const json_t *facts, const char *pci)
{
	const json_t *pfs = json_object_get(facts, "pfs");
	size_t i;

	for (i = 0; i < json_array_size(pfs); i++)
		if (!strcmp(text_of(json_array_get(pfs, i), "pci"), pci))
			return json_array_get(pfs, i);
	return NULL;
}

static const json_t *find_vf(const json_t *pf, int nr)
{
	const json_t *vfs = json_object_get(pf, "vfs");
	size_t i;

	for (i = 0; i < json_array_size(vfs); i++)
		if (number_of(json_array_get(vfs, i), "vf") == nr)
			return json_array_get(vfs, i);
	return NULL;
}

int qemu_version_ok(const char *version, const char **ret_reason)
{
	unsigned int major, minor, micro;

	*ret_reason = "";
	if (sscanf(version, "%u.%u.%u", &major, &minor, &micro) != 3) {
		*ret_reason = "its version is not known";
		return -EINVAL;
	}
	if (major < 10 || (major == 10 && minor == 0 && micro < 6)) {
		*ret_reason = "10.0.6 is needed";
		return -EINVAL;
	}
	if (major == 10 && minor == 1 && micro < 2) {
		*ret_reason = "10.1.2 is needed";
		return -EINVAL;
	}
	return 0;
}

int kernel_version_ok(const char *release)
{
	unsigned int major, minor;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return -EINVAL;
	return major > 6 || (major == 6 && minor >= 12) ? 0 : -EINVAL;
}

/* A host without libvirt needs none. */
static void check_hook(struct checks *checks, const char *state, const char *name)
{
	if (!strcmp(state, "none"))
		FAIL(name, "install the package vferry-host anew",
		     "libvirt has no hook of vferry's in /etc/libvirt/hooks/qemu.d");
	else if (!strcmp(state, "unknown"))
		FAIL(name, "systemctl reload libvirtd",
		     "libvirt was started before the hook was there, and does not call it");
	else if (!strcmp(state, "known"))
		PASS(name, "libvirt knows the hook");
}

/* What a host needs, whichever guest it is */
static void check_host(struct checks *checks, const json_t *facts, const char *kernel,
		       const char *qemu, const char *module, const char *hook)
{
	const char *release = text_of(facts, "kernel"), *version = text_of(facts, "qemu"), *why;

	if (kernel_version_ok(release))
		FAIL(kernel, "run Linux 6.12 or later", "Linux %s", *release ? release : "?");
	else
		PASS(kernel, "Linux %s", release);

	if (!*version)
		FAIL(qemu, "install qemu-system-x86", "no QEMU is installed");
	else if (qemu_version_ok(version, &why))
		FAIL(qemu, "install a later QEMU", "QEMU %s: %s", version, why);
	else
		PASS(qemu, "QEMU %s", version);

	if (!is_true(facts, "vferry_vfio"))
		FAIL(module, "modprobe vferry_vfio", "the VFIO driver vferry_vfio is not loaded");
	else
		PASS(module, "vferry_vfio is loaded");
	check_hook(checks, text_of(facts, "libvirt_hook"), hook);
}

/*
 * Has the port a link? VFs have it while the PF's own interface is down; a driver that does
 * not tell of the port is judged by the interface.
 */
static bool has_link(const json_t *pf)
{
	const json_t *vfs = json_object_get(pf, "vfs"), *link;
	size_t i;

	for (i = 0; i < json_array_size(vfs); i++) {
		link = json_object_get(json_object_get(json_array_get(vfs, i), "room"), "link");
		if (link)
			return json_is_true(link);
	}
	return is_true(pf, "up") && is_true(pf, "carrier");
}

static bool check_pf(struct checks *checks, const json_t *facts, const json_t *pf)
{
	const char *driver = text_of(pf, "driver"), *name = text_of(pf, "pf");
	json_int_t version = number_of(facts, "family");

	if (strcmp(driver, "vferry_pf")) {
		bool installed = is_true(facts, "vferry_pf");
		const char *release = text_of(facts, "kernel");
		char advice[160];

		FAIL("pf-driver", pf_driver_advice(installed, release, advice, sizeof(advice)),
		     "the PF %s is driven by %s, not by vferry_pf%s%s", text_of(pf, "pci"),
		     *driver ? driver : "nothing", installed ? "" : ", which there is not for Linux ",
		     installed ? "" : release);
		SKIP("pf-link", "not without vferry_pf");
		return false;
	}
	if (version != VFERRY_PF_GENL_VERSION) {
		FAIL("pf-driver", "install module and command of the same version of vferry",
		     "vferry_pf speaks to commands in version %lld, this one in version %d",
		     (long long)version, VFERRY_PF_GENL_VERSION);
		SKIP("pf-link", "another version of vferry_pf");
		return false;
	}
	PASS("pf-driver", "%s (%s) is driven by vferry_pf, protocol %lld to %lld", name,
	     text_of(pf, "pci"), (long long)number_of(facts, "protocol_min"),
	     (long long)number_of(facts, "protocol_max"));
	if (!has_link(pf))
		FAIL("pf-link", "look at the cable and the switch", "%s has no link", name);
	else
		PASS("pf-link", "%s has a link", name);
	return true;
}

static void check_user(struct checks *checks, const json_t *facts, const json_t *vf)
{
	const json_t *user = json_object_get(vf, "user");
	json_int_t pid = number_of(user, "pid");

	if (!is_true(vf, "held")) {
		FAIL("user", "start a guest with -device vfio-pci,host=VF,enable-migration=on",
		     "no virtual machine uses the VF");
		SKIP("enable-migration", "no virtual machine");
		return;
	}
	if (pid <= 0) {
		FAIL("user", "run this as root, in the host's own PID namespace",
		     "the process that uses the VF is not visible");
		SKIP("enable-migration", "no virtual machine is visible");
		return;
	}
	PASS("user", "%s (%lld) uses the VF", *text_of(user, "guest") ? text_of(user, "guest") :
	     text_of(user, "name"), (long long)pid);
	/* Only with IOMMUFD does QEMU see by itself that dirty pages are looked after. */
	if (is_true(facts, "iommufd") || is_true(user, "enable_migration"))
		PASS("enable-migration", "QEMU may migrate the VF");
	else
		FAIL("enable-migration", "start it with -device vfio-pci,…,enable-migration=on",
		     "QEMU was started without enable-migration=on, which this kernel needs");
}

/* What was set for a guest that has gone stays: the next one would have its address */
static void check_left(struct checks *checks, const json_t *vf)
{
	if (is_true(vf, "held") || !is_true(json_object_get(vf, "room"), "mac_set"))
		return;
	FAIL("address", "ip link set PF vf N mac 00:00:00:00:00:00, if its guest has moved",
	     "%s is set for this VF, and no virtual machine uses it", text_of(vf, "mac"));
}

static void check_guest(struct checks *checks, const json_t *vf)
{
	const char *reason = text_of(vf, "reason");

	if (is_true(vf, "migratable"))
		PASS("guest", "the guest's driver speaks protocol %lld",
		     (long long)number_of(vf, "protocol"));
	else if (strstr(reason, "under way"))
		FAIL("guest", "wait for its end, or cancel it", "%s", reason);
	else
		FAIL("guest", "load vferry_vf in the guest, and bring its interface up", "%s",
		     *reason ? reason : "the PF driver does not know the VF");
}

void verdict_here(struct checks *checks, const json_t *facts, const char *pf_pci, int nr)
{
	const json_t *pf = find_pf(facts, pf_pci), *vf = find_vf(pf, nr);
	const char *driver = text_of(vf, "driver");

	check_host(checks, facts, "kernel", "qemu", "vfio-module", "libvirt-hook");
	if (is_true(facts, "manual"))
		FAIL("automation", "echo N >/sys/module/vferry_vfio/parameters/manual",
		     "vferry_vfio waits for every step to be asked for by hand");
	else
		PASS("automation", "vferry_vfio leads the guest through by itself");
	if (!check_pf(checks, facts, pf)) {
		SKIP("vfio-driver", "not without vferry_pf");
		SKIP("guest", "not without vferry_pf");
		return;
	}
	if (!is_true(vf, "iommu_group"))
		FAIL("iommu", "switch the IOMMU on: firmware, and intel_iommu=on",
		     "the VF has no IOMMU group");
	else
		PASS("iommu", "the VF has an IOMMU group");
	if (strcmp(driver, "vferry_vfio")) {
		FAIL("vfio-driver", "bind it to vferry_vfio (vferry setup, or driver_override)",
		     "the VF %s is bound to %s", text_of(vf, "pci"), *driver ? driver : "no driver");
		SKIP("user", "not without vferry_vfio");
	} else {
		PASS("vfio-driver", "the VF %s is bound to vferry_vfio", text_of(vf, "pci"));
		check_user(checks, facts, vf);
	}
	check_left(checks, vf);
	check_guest(checks, vf);
}

static bool has_label(const json_t *pf)
{
	return *text_of(pf, "network");
}

bool verdict_needs_frame(const json_t *here, const json_t *there, const char *pf_pci)
{
	const json_t *pfs = json_object_get(there, "pfs");
	size_t i;

	if (!has_label(find_pf(here, pf_pci)))
		return true;
	for (i = 0; i < json_array_size(pfs); i++)
		if (has_label(json_array_get(pfs, i)))
			return false;
	return true;
}

static bool same_network(const json_t *mine, const json_t *pf, const char *heard)
{
	if (has_label(mine) && has_label(pf))
		return !strcmp(text_of(mine, "network"), text_of(pf, "network"));
	return heard && *heard && !strcmp(text_of(pf, "pf"), heard);
}

static bool read_mac(const char *text, uint8_t ret[static 6])
{
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &ret[0], &ret[1], &ret[2],
		      &ret[3], &ret[4], &ret[5]) == 6;
}

/* What the rule for guests has to know of a VF there; what is not told is no good */
static void read_row(const json_t *pf, const json_t *vf, struct vf_row *ret)
{
	const char *state = text_of(vf, "state");
	struct target *place = &ret->place;

	*ret = (struct vf_row) {
		.meant = !json_is_false(json_object_get(vf, "meant")),
		.iommu = is_true(vf, "iommu_group"),
		.link = has_link(pf),
		.netdev_up = is_true(vf, "interface_up"),
		.held = !json_is_false(json_object_get(vf, "held")),
		.mac_conf = is_true(vf, "mac_conf"),
	};
	place->vf = number_of(vf, "vf");
	text_clean(place->pf, sizeof(place->pf), text_of(pf, "pf"));
	text_clean(place->pf_pci, sizeof(place->pf_pci), text_of(pf, "pci"));
	text_clean(place->vf_pci, sizeof(place->vf_pci), text_of(vf, "pci"));
	text_clean(place->vf_driver, sizeof(place->vf_driver), text_of(vf, "driver"));
	text_clean(place->vf_netdev, sizeof(place->vf_netdev), text_of(vf, "interface"));
	text_clean(ret->reserved, sizeof(ret->reserved), text_of(vf, "reserved"));
	text_clean(ret->user, sizeof(ret->user), text_of(json_object_get(vf, "user"), "guest"));
	if (strcmp(state, "idle"))
		text_clean(ret->moving, sizeof(ret->moving), *state ? state : "?");
	read_mac(text_of(vf, "mac"), ret->mac);
	read_mac(text_of(pf, "mac"), ret->pf_mac);
}

#define MAX_ROWS	256

/* The VFs of a PF there; rows to be freed */
static struct vf_table table_of(const json_t *pf)
{
	const json_t *vfs = json_object_get(pf, "vfs");
	struct vf_table table = {};
	size_t count = json_array_size(vfs), i;

	if (count > MAX_ROWS)
		count = MAX_ROWS;
	table.rows = calloc(count + 1, sizeof(*table.rows));
	for (i = 0; table.rows && i < count; i++)
		read_row(pf, json_array_get(vfs, i), &table.rows[table.count++]);
	return table;
}

/* The row that the guest is given there, or NULL; then *ret_why says why none */
static const struct vf_row *best_row(const struct vf_table *table, const uint8_t *mac,
				     char *ret_why, size_t size)
{
	/* the address has a line of its own */
	const struct place_guest any = { .network = "", .binding = BINDING_NOBODY };
	const struct place_guest guest = { .network = "", .mac = mac, .binding = BINDING_NOBODY };
	const struct vf_row *best = NULL;
	size_t i, n = 0;
	char words[400];

	ret_why[0] = '\0';
	for (i = 0; i < table->count; i++) {
		const struct vf_row *row = &table->rows[i];

		if (!place_unfit(table, row, &any, words, sizeof(words))) {
			if (!best || place_rank(row, &guest, "") < place_rank(best, &guest, ""))
				best = row;
		} else if (n < size) {
			n += snprintf(ret_why + n, size - n, "%s vf %d: %s", n ? ";" : ":",
				      row->place.vf, words);
		}
	}
	return best;
}

static bool has_room(const json_t *pf)
{
	struct vf_table table = table_of(pf);
	char why[256];
	bool room = best_row(&table, NULL, why, sizeof(why));

	free(table.rows);
	return room;
}

/* The PF to go to: of our kind, on our network; better one with a free VF */
static const json_t *choose_pf(const json_t *there, const json_t *mine, const char *heard,
			       bool *ret_nic, bool *ret_driver)
{
	const json_t *pfs = json_object_get(there, "pfs"), *chosen = NULL;
	size_t i;

	*ret_nic = *ret_driver = false;
	for (i = 0; i < json_array_size(pfs); i++) {
		const json_t *pf = json_array_get(pfs, i);

		if (strcmp(text_of(pf, "nic"), text_of(mine, "nic")))
			continue;
		*ret_nic = true;
		if (strcmp(text_of(pf, "driver"), "vferry_pf"))
			continue;
		*ret_driver = true;
		if (same_network(mine, pf, heard) && (!chosen || !has_room(chosen)))
			chosen = pf;
	}
	return chosen;
}

static void check_protocols(struct checks *checks, const json_t *here, const json_t *there,
			    const json_t *vf)
{
	json_int_t min = number_of(there, "protocol_min"), max = number_of(there, "protocol_max");
	json_int_t mine = number_of(vf, "protocol");

	if (mine < 1)
		SKIP("there-protocol", "the guest's driver has said none");
	else if (mine < min || mine > max)
		FAIL("there-protocol", "install the same version of vferry there",
		     "the guest speaks protocol %lld, the other host %lld to %lld",
		     (long long)mine, (long long)min, (long long)max);
	else
		PASS("there-protocol", "both speak protocol %lld", (long long)mine);

	if (number_of(here, "stream") != number_of(there, "stream"))
		FAIL("there-stream", "install the same version of vferry there",
		     "device states have version %lld here, %lld there",
		     (long long)number_of(here, "stream"), (long long)number_of(there, "stream"));
	else
		PASS("there-stream", "device states have version %lld on both",
		     (long long)number_of(here, "stream"));
}

static bool has_number(const json_t *list, json_int_t number)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		if (json_integer_value(json_array_get(list, i)) == number)
			return true;
	return false;
}

/* VLANs of the guest that nobody is in there; all are in VLAN 0 */
static json_int_t new_vlans(const json_t *mine, const json_t *place)
{
	const json_t *vlans = json_object_get(mine, "vlans");
	json_int_t count = 0, vlan;
	size_t i;

	for (i = 0; i < json_array_size(vlans); i++) {
		vlan = json_integer_value(json_array_get(vlans, i));
		count += vlan && !has_number(json_object_get(place, "pf_vlans"), vlan);
	}
	return count;
}

/*
 * Room in the NIC's tables, as the PF driver there counts it when the guest comes. Drivers of
 * an older version do not tell, and judge it all the same.
 */
static void check_room(struct checks *checks, const json_t *mine, const json_t *place)
{
	json_int_t addrs = number_of(mine, "addresses"), vlans = new_vlans(mine, place);

	if (!mine || !place)
		return;
	if (addrs > number_of(place, "address_room"))
		FAIL("there-room", "take addresses away from others there, or from the guest",
		     "the guest has %lld further addresses, there is room for %lld there",
		     (long long)addrs, (long long)number_of(place, "address_room"));
	else if (vlans > number_of(place, "vlan_room"))
		FAIL("there-room", "take VLANs away from others there, or from the guest",
		     "the guest is in %lld VLANs in which nobody is there, and there is room for %lld",
		     (long long)vlans, (long long)number_of(place, "vlan_room"));
	else
		PASS("there-room", "there is room for its addresses (%lld) and VLANs",
		     (long long)addrs);
}

/*
 * The PF driver there takes a guest that sends from others' addresses, and the NIC drops what
 * it sends. That the check is off there alone takes nothing from the guest.
 */
static void check_spoofchk(struct checks *checks, const json_t *vf, const json_t *there)
{
	const json_t *mine = json_object_get(vf, "spoofchk");
	const json_t *theirs = json_object_get(there, "spoofchk");

	if (!mine || !theirs)
		return;
	if (json_is_false(mine) && !json_is_false(theirs))
		FAIL("there-spoofchk", "ip link set PF vf N spoofchk off there, or on here",
		     "the guest may send from other addresses than its own here, and not there "
		     "(spoofchk off here, on there)");
	else
		PASS("there-spoofchk", "spoofchk drops nothing there that it lets pass here");
}

/*
 * What only a trusted VF may have: the PF driver there refuses a guest that has it and is not
 * trusted there. Whether a trusted guest does receive all multicast is not told, so that one
 * that could has to be trusted there, too.
 */
static void check_trust(struct checks *checks, const json_t *mine, const json_t *place)
{
	json_int_t addrs = number_of(mine, "addresses");
	bool bound = is_true(mine, "mac_set") || is_true(place, "mac_set");

	if (!mine || !place)
		return;
	if (is_true(place, "trusted"))
		PASS("there-trust", "the VF there is trusted");
	else if (is_true(mine, "trusted"))
		FAIL("there-trust", "ip link set PF vf N trust on there, or off here",
		     "the VF is trusted here, and not there: all multicast, further addresses and "
		     "another address than was set need that");
	else if (addrs > 0 && bound)
		FAIL("there-trust", "ip link set PF vf N trust on there",
		     "the guest has %lld addresses beside the one that is set for it, and the VF "
		     "there is not trusted", (long long)addrs);
	else
		PASS("there-trust", "the guest needs no trust");
}

static void check_place(struct checks *checks, const json_t *mine, const json_t *vf,
			const json_t *pf, struct way *ret_way)
{
	struct vf_table table = table_of(pf);
	const char *mac = text_of(vf, "mac");
	const struct vf_row *place;
	const json_t *theirs;
	uint8_t address[6];
	char words[400];
	bool known;

	if (!has_link(pf))
		FAIL("there-link", "look at the cable and the switch there",
		     "%s there has no link", text_of(pf, "pf"));
	else
		PASS("there-link", "%s there has a link", text_of(pf, "pf"));

	if (number_of(pf, "mtu") < number_of(mine, "mtu"))
		FAIL("there-mtu", "ip link set PF mtu … there", "MTU %lld here, %lld there",
		     (long long)number_of(mine, "mtu"), (long long)number_of(pf, "mtu"));
	else
		PASS("there-mtu", "MTU %lld there is enough", (long long)number_of(pf, "mtu"));

	known = read_mac(mac, address);
	if (table.count && known && place_address(&table, &table.rows[0], address, words,
						  sizeof(words)))
		FAIL("there-mac", "give one of them another address", "%s", words);
	else
		PASS("there-mac", "nobody on %s there has the guest's address %s",
		     text_of(pf, "pf"), mac);

	place = best_row(&table, known ? address : NULL, words, sizeof(words));
	if (!place) {
		FAIL("there-vf", "make one free, or bind one to vferry_vfio (vferry setup)",
		     "no VF of %s there is free%s", text_of(pf, "pf"), words);
		SKIP("there-vlan", "no free VF");
		SKIP("there-spoofchk", "no free VF");
		SKIP("there-trust", "no free VF");
		SKIP("there-room", "no free VF");
		free(table.rows);
		return;
	}
	text_clean(ret_way->pf, sizeof(ret_way->pf), place->place.pf);
	text_clean(ret_way->vf_pci, sizeof(ret_way->vf_pci), place->place.vf_pci);
	PASS("there-vf", "%s there is free", place->place.vf_pci);
	theirs = find_vf(pf, place->place.vf);
	free(table.rows);
	/* one that is not set is adopted from the guest's state */
	if (number_of(theirs, "vlan") > 0 && number_of(theirs, "vlan") != number_of(vf, "vlan"))
		FAIL("there-vlan", "ip link set PF vf N vlan … there",
		     "port VLAN %lld here, %lld there", (long long)number_of(vf, "vlan"),
		     (long long)number_of(theirs, "vlan"));
	else
		PASS("there-vlan", "the port VLAN fits");
	check_spoofchk(checks, vf, theirs);
	check_trust(checks, json_object_get(vf, "room"), json_object_get(theirs, "room"));
	check_room(checks, json_object_get(vf, "room"), json_object_get(theirs, "room"));
}

void verdict_there(struct checks *checks, const json_t *here, const json_t *there,
		   const char *pf_pci, int nr, const char *heard, struct way *ret_way)
{
	const json_t *mine = find_pf(here, pf_pci), *vf = find_vf(mine, nr), *pf;
	const char *label = text_of(mine, "network");
	bool nic, driver;

	*ret_way = (struct way) {};
	check_host(checks, there, "there-kernel", "there-qemu", "there-vfio-module",
		   "there-libvirt-hook");
	check_protocols(checks, here, there, vf);

	pf = choose_pf(there, mine, heard, &nic, &driver);
	if (!nic)
		FAIL("there-nic", "choose a host with this NIC", "no PF %s there",
		     text_of(mine, "nic"));
	else
		PASS("there-nic", "there is a PF %s", text_of(mine, "nic"));
	if (!driver)
		FAIL("there-pf-driver", "modprobe vferry_pf there",
		     "vferry_pf drives no such PF there");
	else
		PASS("there-pf-driver", "vferry_pf drives it");
	if (!pf && *label && heard == NULL)
		FAIL("there-network", "see network= in host.conf on both",
		     "no PF there has the network \"%s\"", label);
	else if (!pf)
		FAIL("there-network", "look at cables and VLANs, or set network= in host.conf",
		     "no PF there has heard a frame of this one");
	else
		PASS("there-network", "%s there is on the same network (%s)", text_of(pf, "pf"),
		     *label && has_label(pf) ? label : "it has heard a frame");
	if (!pf) {
		SKIP("there-vf", "no PF to go to");
		return;
	}
	check_place(checks, mine, vf, pf, ret_way);
}

json_t *checks_json(const struct checks *checks)
{
	static const char *const words[] = {
		[VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail", [VERDICT_SKIP] = "skip",
	};
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < checks->count; i++) {
		const struct check *c = &checks->all[i];
		json_t *j = json_pack("{s:s, s:s, s:s}", "check", c->name, "result",
				      words[c->verdict], "text", c->text);

		if (j && c->advice[0])
			json_object_set_new(j, "advice", json_string(c->advice));
		json_array_append_new(list, j);
	}
	return list;
}
