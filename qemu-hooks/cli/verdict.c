// SPDX-License-Identifier: GPL-2.0-or-later
/* Can this guest be migrated? See verdict.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "module.h"
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
	if (!is_true(pf, "up"))
		FAIL("pf-link", "ip link set PF up", "%s is down: no VF has a link", name);
	else if (!is_true(pf, "carrier"))
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

static bool is_free(const json_t *vf)
{
	return !strcmp(text_of(vf, "driver"), "vferry_vfio") &&
	       json_is_false(json_object_get(vf, "held")) &&
	       !strcmp(text_of(vf, "state"), "idle");
}

static const json_t *free_vf(const json_t *pf)
{
	const json_t *vfs = json_object_get(pf, "vfs");
	size_t i;

	for (i = 0; i < json_array_size(vfs); i++)
		if (is_free(json_array_get(vfs, i)))
			return json_array_get(vfs, i);
	return NULL;
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
		if (same_network(mine, pf, heard) && (!chosen || !free_vf(chosen)))
			chosen = pf;
	}
	return chosen;
}

/* Whose address on the other PF is the guest's? NULL: nobody's */
static const char *mac_user(const json_t *pf, const char *mac, char *buf, size_t size)
{
	const json_t *vfs = json_object_get(pf, "vfs");
	size_t i;

	if (!strcasecmp(text_of(pf, "mac"), mac))
		return "the PF itself";
	for (i = 0; i < json_array_size(vfs); i++) {
		const json_t *vf = json_array_get(vfs, i);

		/* a free VF will take the guest's address anyway */
		if (is_free(vf) || strcasecmp(text_of(vf, "mac"), mac))
			continue;
		snprintf(buf, size, "vf %lld", (long long)number_of(vf, "vf"));
		return buf;
	}
	return NULL;
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

static void check_place(struct checks *checks, const json_t *mine, const json_t *vf,
			const json_t *pf, struct way *ret_way)
{
	const json_t *place = free_vf(pf);
	const char *mac = text_of(vf, "mac"), *who;
	char buf[32];

	if (!is_true(pf, "carrier"))
		FAIL("there-link", "ip link set PF up there; look at the cable",
		     "%s there has no link", text_of(pf, "pf"));
	else
		PASS("there-link", "%s there has a link", text_of(pf, "pf"));

	if (number_of(pf, "mtu") < number_of(mine, "mtu"))
		FAIL("there-mtu", "ip link set PF mtu … there", "MTU %lld here, %lld there",
		     (long long)number_of(mine, "mtu"), (long long)number_of(pf, "mtu"));
	else
		PASS("there-mtu", "MTU %lld there is enough", (long long)number_of(pf, "mtu"));

	who = mac_user(pf, mac, buf, sizeof(buf));
	if (who)
		FAIL("there-mac", "give it another address", "%s is the address of %s of %s there",
		     mac, who, text_of(pf, "pf"));
	else
		PASS("there-mac", "nobody on %s there has the guest's address %s",
		     text_of(pf, "pf"), mac);

	if (!place) {
		FAIL("there-vf", "make one free, or bind one to vferry_vfio (vferry setup)",
		     "no VF of %s there is free", text_of(pf, "pf"));
		SKIP("there-vlan", "no free VF");
		return;
	}
	snprintf(ret_way->pf, sizeof(ret_way->pf), "%s", text_of(pf, "pf"));
	snprintf(ret_way->vf_pci, sizeof(ret_way->vf_pci), "%s", text_of(place, "pci"));
	PASS("there-vf", "%s there is free", text_of(place, "pci"));
	/* one that is not set is adopted from the guest's state */
	if (number_of(place, "vlan") > 0 && number_of(place, "vlan") != number_of(vf, "vlan"))
		FAIL("there-vlan", "ip link set PF vf N vlan … there",
		     "port VLAN %lld here, %lld there", (long long)number_of(vf, "vlan"),
		     (long long)number_of(place, "vlan"));
	else
		PASS("there-vlan", "the port VLAN fits");
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
