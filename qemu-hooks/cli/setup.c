// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry setup: make and bind VFs as host.conf has them. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "conf.h"
#include "rtnl.h"
#include "say.h"
#include "take.h"

#include "../libvirt/store.h"

#define DRIVER	"vferry_vfio"

static const char help[] =
	"Usage: vferry setup [OPTIONS]\n\n"
	"Gives each PF in the configuration to vferry_pf, makes its VFs, gives them their\n"
	"addresses and binds them to vferry_vfio. What is so already is left alone, as is a PF that\n"
	"is in use with igb; the number of VFs of a PF is not changed while it has any. Run at\n"
	"boot by vferry-host.service.\n\n"
	"  -c, --config=FILE  (" CONF_FILE ")\n"
	"  -n, --dry-run      say what would be done\n"
	"  -j, --json         as JSON\n"
	"  -h, --help         this text\n";

/**
 * struct setup - what is being done
 * @done: list of what was done, as text
 * @failed: something could not be
 */
struct setup {
	bool dry;
	bool json;
	json_t *done;
	bool failed;
};

static void did(struct setup *s, const char *what)
{
	json_array_append_new(s->done, json_string(what));
	if (!s->json)
		printf("%s\n", what);
}

static void failed(struct setup *s, const char *what, int err)
{
	s->failed = true;
	say("%s: %s", what, strerror(-err));
}

/* Has libvirt's hook given it to a domain that is about to come? */
static bool is_reserved(const struct target *vf)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", store_path, vf->vf_pci);
	return !access(path, F_OK);
}

static void set_number(struct setup *s, const struct conf_pf *conf, const struct target *pf)
{
	long now = sysfs_number("bus/pci/devices/%s/sriov_numvfs", pf->pf_pci);
	char text[128], value[16];
	int r;

	if (!conf->vfs || now == conf->vfs)
		return;
	snprintf(text, sizeof(text), "%s: %u VFs", conf->name, conf->vfs);
	if (now > 0) {
		s->failed = true;
		say("%s: it has %ld, which are not taken away", text, now);
		return;
	}
	/* No driver of the kernel's choice is to take them first. */
	snprintf(value, sizeof(value), "%u", conf->vfs);
	if (!s->dry) {
		r = sysfs_write("0", "bus/pci/devices/%s/sriov_drivers_autoprobe", pf->pf_pci);
		if (!r)
			r = sysfs_write(value, "bus/pci/devices/%s/sriov_numvfs", pf->pf_pci);
		if (r < 0)
			return failed(s, text, r);
	}
	did(s, text);
}

static void set_mac(struct setup *s, const struct conf_pf *conf, const struct target *pf,
		    unsigned int nr)
{
	struct vf_info now = {};
	struct pf *driver = NULL;
	char text[128], mac[18];
	int r;

	if (!pf_open(&driver))
		pf_get(driver, pf->ifindex, nr, &now);
	pf_close(driver);
	if (!memcmp(now.mac, conf->mac[nr], 6))
		return;
	/* It may have come from another host, with an address of its own. */
	if (now.held) {
		say("%s vf %u: a virtual machine uses it: its address is left alone",
		    conf->name, nr);
		return;
	}
	snprintf(text, sizeof(text), "%s vf %u: address %s", conf->name, nr,
		 mac_text(conf->mac[nr], mac));
	r = s->dry ? 0 : rtnl_set_vf_mac(pf->ifindex, nr, conf->mac[nr]);
	if (r < 0)
		return failed(s, text, r);
	did(s, text);
}

static void bind_vf(struct setup *s, const struct conf_pf *conf, const struct target *vf)
{
	char text[128], now[SYSFS_TEXT];
	struct user user;
	int r = 0;

	if (!strcmp(vf->vf_driver, DRIVER))
		return;
	snprintf(text, sizeof(text), "%s vf %d: bound to %s", conf->name, vf->vf, DRIVER);
	/* Unbinding would wait for it to end. */
	if (vf_user(vf->vf_pci, &user) > 0) {
		s->failed = true;
		say("%s: %s (%d) uses it", text, user.comm, user.pid);
		return;
	}
	if (!s->dry) {
		if (vf->vf_driver[0])
			r = sysfs_write(vf->vf_pci, "bus/pci/devices/%s/driver/unbind", vf->vf_pci);
		if (!r)
			r = sysfs_write(DRIVER, "bus/pci/devices/%s/driver_override", vf->vf_pci);
		if (!r)
			r = sysfs_write(vf->vf_pci, "bus/pci/drivers_probe");
		sysfs_link(now, sizeof(now), "bus/pci/devices/%s/driver", vf->vf_pci);
		if (!r && strcmp(now, DRIVER))
			r = -ENODEV;
		if (r < 0)
			return failed(s, text, r);
	}
	did(s, text);
}

/* From igb, which has every PF first. Has vferry_pf it now? */
static bool is_taken(struct setup *s, const struct conf_pf *conf, struct target *pf)
{
	char text[128], reason[256];
	int r;

	if (!strcmp(pf->pf_driver, "vferry_pf"))
		return true;
	if (take_possible(pf, reason, sizeof(reason)) < 0) {
		s->failed = true;
		say("[%s]: driven by %s, not by vferry_pf: %s", conf->name,
		    pf->pf_driver[0] ? pf->pf_driver : "nothing", reason);
		return false;
	}
	snprintf(text, sizeof(text), "%s: given to vferry_pf", conf->name);
	r = s->dry ? 0 : take_pf(pf);
	if (r < 0)
		failed(s, text, r);
	else
		did(s, text);
	return !r;
}

static void setup_pf(struct setup *s, const struct conf_pf *conf)
{
	struct target pf, vf;
	unsigned int nr;
	int r;

	r = target_find(conf->name, &pf);
	if (r < 0 || pf.vf >= 0) {
		s->failed = true;
		say("[%s]: no such PF", conf->name);
		return;
	}
	if (!is_taken(s, conf, &pf))
		return;
	set_number(s, conf, &pf);
	for (nr = 0; nr < CONF_VFS; nr++) {
		if (target_vf(&pf, nr, &vf) < 0) {
			/* a dry run makes none */
			if (s->dry && nr < conf->vfs)
				continue;
			break;
		}
		if (is_reserved(&vf)) {
			say("%s vf %u: a domain of libvirt has it reserved: it is left alone",
			    conf->name, nr);
			continue;
		}
		if (conf->mac_set & 1u << nr)
			set_mac(s, conf, &pf, nr);
		if (!conf->bind_set || conf->bind & 1u << nr)
			bind_vf(s, conf, &vf);
	}
}

int cmd_setup(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	const char *path = CONF_FILE;
	struct setup s = {};
	struct conf conf;
	char reason[256];
	size_t i;
	int c, r;

	while ((c = getopt_long(argc, argv, "c:njh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'n':
			s.dry = true;
			break;
		case 'j':
			s.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return STATUS_OK;
		default:
			return say_usage("setup");
		}
	}
	if (argc != optind)
		return say_usage("setup");
	r = conf_load(path, &conf, reason, sizeof(reason));
	if (r < 0) {
		say("%s: %s", path, reason);
		return r == -EINVAL ? STATUS_USAGE : STATUS_CANNOT;
	}
	s.done = json_array();
	for (i = 0; i < conf.count; i++)
		setup_pf(&s, &conf.pfs[i]);
	r = s.failed ? STATUS_NO : STATUS_OK;
	if (s.json)
		return say_json(json_pack("{s:b, s:O}", "failed", (int)s.failed, "done", s.done)) ?: r;
	json_decref(s.done);
	return r;
}
