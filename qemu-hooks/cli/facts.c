// SPDX-License-Identifier: GPL-2.0-or-later
/* What decides whether a guest can be migrated; see facts.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "conf.h"
#include "facts.h"
#include "hook_known.h"
#include "module.h"
#include "pf.h"
#include "place_row.h"
#include "rtnl.h"
#include "say.h"
#include "section.h"
#include "sysfs.h"
#include "text.h"
#include "vferry_mbx.h"
#include "vferry_stream.h"

#define MAX_PFS	64

/* "10.0.13" from "QEMU emulator version 10.0.13 (Debian …)" */
static json_t *qemu_version(void)
{
	FILE *p = popen("qemu-system-$(uname -m) --version 2>/dev/null", "re");
	char line[256] = "", version[32] = "";

	if (!p)
		return json_null();
	if (!fgets(line, sizeof(line), p) ||
	    sscanf(line, "QEMU emulator version %31[0-9.]", version) != 1)
		version[0] = '\0';
	pclose(p);
	return version[0] ? json_string(version) : json_null();
}

static const struct vf_info *info_of(const struct vf_info *vfs, size_t count,
				     const struct target *vf)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (vfs[i].ifindex == vf->ifindex && vfs[i].vf == (uint32_t)vf->vf)
			return &vfs[i];
	return NULL;
}

static void add_user(json_t *j, const struct target *vf)
{
	struct user user;

	if (vf_user(vf->vf_pci, &user) <= 0)
		return;
	json_object_set_new(j, "user", json_pack("{s:i, s:o, s:o, s:b}", "pid", user.pid, "name",
						 text_json(user.comm), "guest",
						 text_json(user.guest),
						 "enable_migration", (int)user.enable_migration));
}

static json_t *vlans_json(const struct vlan_list *vlans)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < vlans->count; i++)
		json_array_append_new(list, json_integer(vlans->ids[i]));
	return list;
}

static void add_room(json_t *j, const struct vf_room *room)
{
	if (!room->known)
		return;
	json_object_set_new(j, "room", json_pack(
		"{s:b, s:b, s:b, s:i, s:i, s:o, s:i, s:o}", "link", room->link,
		"trusted", room->trusted, "mac_set", room->mac_set, "addresses", (int)room->addrs,
		"address_room", (int)room->addr_room, "vlans", vlans_json(&room->vlans),
		"vlan_room", (int)room->vlan_room, "pf_vlans", vlans_json(&room->pf_vlans)));
}

/* What the rule for guests has to know of it, besides the rest */
static void add_place(json_t *j, const struct conf *conf, const struct target *pf,
		      const struct vf_info *info)
{
	struct vf_row row;

	if (place_row_read(conf, pf, info, &row) < 0)
		return;
	place_row_reserved(&row);
	json_object_set_new(j, "meant", json_boolean(row.meant));
	json_object_set_new(j, "mac_conf", json_boolean(row.mac_conf));
	if (row.place.vf_netdev[0])
		json_object_set_new(j, "interface", text_json(row.place.vf_netdev));
	json_object_set_new(j, "interface_up", json_boolean(row.netdev_up));
	if (row.reserved[0])
		json_object_set_new(j, "reserved", text_json(row.reserved));
}

static json_t *vf_facts(const struct conf *conf, const struct target *pf, const struct target *vf,
			const struct vf_info *info, const struct vf_settings *settings)
{
	json_t *j = json_pack("{s:i, s:s, s:s, s:I, s:b}", "vf", vf->vf, "pci", vf->vf_pci,
			      "driver", vf->vf_driver, "vlan", (json_int_t)settings->vlan, "iommu_group",
			      (int)sysfs_exists("bus/pci/devices/%s/iommu_group", vf->vf_pci));
	char mac[18];

	if (settings->known && settings->spoofchk >= 0)
		json_object_set_new(j, "spoofchk", json_boolean(settings->spoofchk));
	if (!info)
		return j;
	add_place(j, conf, pf, info);
	json_object_set_new(j, "mac", json_string(mac_text(info->mac, mac)));
	json_object_set_new(j, "held", json_boolean(info->held));
	json_object_set_new(j, "state", json_string(mig_state_name(info->state)));
	json_object_set_new(j, "migratable", json_boolean(info->migratable));
	json_object_set_new(j, "reason", json_string(info->reason));
	json_object_set_new(j, "protocol", json_integer(info->proto));
	add_room(j, &info->room);
	if (info->held)
		add_user(j, vf);
	return j;
}

static json_t *pf_facts(const struct target *pf, const struct conf *conf,
			const struct vf_info *vfs, size_t count)
{
	const struct conf_pf *section = section_of(conf, pf);
	struct vf_settings settings[RTNL_VFS] = {};
	char vendor[16], device[16], mac[24];
	json_t *list = json_array(), *j;
	struct target vf;
	unsigned int nr;

	sysfs_read(vendor, sizeof(vendor), "bus/pci/devices/%s/vendor", pf->pf_pci);
	sysfs_read(device, sizeof(device), "bus/pci/devices/%s/device", pf->pf_pci);
	sysfs_read(mac, sizeof(mac), "class/net/%s/address", pf->pf[0] ? pf->pf : "?");
	if (pf->ifindex)
		rtnl_vf_settings(pf->ifindex, settings);
	for (nr = 0; nr < RTNL_VFS && !target_vf(pf, nr, &vf); nr++)
		json_array_append_new(list, vf_facts(conf, pf, &vf, info_of(vfs, count, &vf),
						     &settings[nr]));
	j = json_pack("{s:o, s:s, s:s, s:s+++, s:s, s:o, s:o}", "pf", text_json(pf->pf),
		      "pci", pf->pf_pci,
		      "driver", pf->pf_driver,
		      "nic", vendor[0] ? vendor + 2 : "", ":", device[0] ? device + 2 : "", "",
		      "mac", mac, "network", text_json(section ? section->network : ""), "vfs", list);
	if (j && pf->pf[0]) {
		json_object_set_new(j, "mtu", json_integer(sysfs_number("class/net/%s/mtu", pf->pf)));
		json_object_set_new(j, "up", json_boolean(sysfs_number("class/net/%s/flags",
								       pf->pf) & 1));
		json_object_set_new(j, "carrier",
				    json_boolean(sysfs_number("class/net/%s/carrier", pf->pf) == 1));
	}
	return j;
}

json_t *facts_here(void)
{
	_cleanup_free_ struct vf_info *vfs = NULL;
	_cleanup_(pf_p) struct pf *pf = NULL;
	json_t *pfs = json_array(), *j;
	struct target found[MAX_PFS];
	char text[16];
	struct utsname uts = {};
	struct conf conf;
	size_t count = 0;
	int i, n, r;

	uname(&uts);
	conf_load_or_say(&conf);
	r = pf_open(&pf);
	if (!r)
		r = pf_dump(pf, &vfs, &count);

	n = sysfs_pfs(NULL, found, MAX_PFS);
	for (i = 0; i < n; i++)
		json_array_append_new(pfs, pf_facts(&found[i], &conf, vfs, count));
	sysfs_read(text, sizeof(text), "module/vferry_vfio/parameters/manual");
	j = json_pack("{s:o, s:s, s:o, s:s, s:b, s:b, s:b, s:b, s:i, s:i, s:i, s:i, s:o}",
		      "host", text_json(uts.nodename), "kernel", uts.release, "qemu", qemu_version(),
		      "libvirt_hook", hook_known(),
		      "iommufd", access("/dev/iommu", F_OK) == 0,
		      "vferry_pf", (int)module_installed("vferry_pf"),
		      "vferry_vfio", (int)sysfs_exists("module/vferry_vfio"),
		      "manual", text[0] == 'Y',
		      "family", r ? 0 : (int)pf_version(pf),
		      "protocol_min", VFERRY_PROTO_MIN, "protocol_max", VFERRY_PROTO_MAX,
		      "stream", VFERRY_STREAM_VERSION, "pfs", pfs);
	return j;
}
