// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry setup: make and bind VFs as host.conf has them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "conf.h"
#include "options.h"
#include "place_row.h"
#include "rtnl.h"
#include "say.h"
#include "take.h"

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
 * @conf: all of it
 * @done: list of what was done, as text
 * @failed: something could not be
 */
struct setup {
	const struct conf *conf;
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

/* As it is now, with who uses it; -errno */
static int look(const struct setup *s, const struct target *pf, unsigned int nr,
		struct vf_row *ret)
{
	_cleanup_(pf_p) struct pf *driver = NULL;
	struct vf_info now;
	int r;

	r = pf_open(&driver);
	if (!r)
		r = pf_get(driver, pf->ifindex, nr, &now);
	if (!r)
		r = place_row_read(s->conf, pf, &now, ret);
	if (!r)
		place_row_reserved(ret);
	return r;
}

static void set_mac(struct setup *s, const struct conf_pf *conf, const struct vf_row *row)
{
	const struct target *vf = &row->place;
	char text[128], mac[18], user[320];
	int r;

	if (!memcmp(row->mac, conf->mac[vf->vf], 6))
		return;
	/* It may have come from another host, with an address of its own. */
	if (row->held) {
		say("%s vf %d: a virtual machine uses it: its address is left alone",
		    conf->name, vf->vf);
		return;
	}
	snprintf(text, sizeof(text), "%s vf %d: address %s", conf->name, vf->vf,
		 mac_text(conf->mac[vf->vf], mac));
	if (place_in_use(row)) {
		s->failed = true;
		say("%s: %s: it is left alone", text, place_user(row, user, sizeof(user)));
		return;
	}
	r = s->dry ? 0 : rtnl_set_vf_mac(vf->ifindex, vf->vf, conf->mac[vf->vf]);
	if (r < 0)
		return failed(s, text, r);
	did(s, text);
}

static void bind_vf(struct setup *s, const struct conf_pf *conf, const struct vf_row *row)
{
	const struct target *vf = &row->place;
	char text[128], now[SYSFS_TEXT], used[320];
	struct user user;
	int r = 0;

	if (!strcmp(vf->vf_driver, DRIVER))
		return;
	snprintf(text, sizeof(text), "%s vf %d: bound to %s", conf->name, vf->vf, DRIVER);
	/* What works on it would lose it. */
	if (place_in_use(row)) {
		s->failed = true;
		say("%s: %s: it is left alone%s%s%s", text, place_user(row, used, sizeof(used)),
		    row->netdev_up ? "; first: ip link set " : "",
		    row->netdev_up ? vf->vf_netdev : "", row->netdev_up ? " down" : "");
		return;
	}
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

/* Settings for VFs that there are not */
static void check_beyond(struct setup *s, const struct conf_pf *conf, unsigned int count)
{
	unsigned int named = conf->bind | conf->mac_set;

	if (!(named >> count))
		return;
	s->failed = true;
	say("[%s]: names VF %d, but it has %u", conf->name, 31 - __builtin_clz(named), count);
}

static void setup_vf(struct setup *s, const struct conf_pf *conf, const struct target *pf,
		     unsigned int nr)
{
	char text[128];
	struct vf_row row;
	int r;

	r = look(s, pf, nr, &row);
	if (r < 0) {
		snprintf(text, sizeof(text), "%s vf %u", conf->name, nr);
		return failed(s, text, r);
	}
	if (row.reserved[0]) {
		say("%s vf %u: a domain of libvirt has it reserved: it is left alone",
		    conf->name, nr);
		return;
	}
	if (conf->mac_set & 1u << nr)
		set_mac(s, conf, &row);
	if (!conf->bind_set || conf->bind & 1u << nr)
		bind_vf(s, conf, &row);
}

/* The PF of another section, by another of its names? */
static bool is_double(const struct setup *s, const struct conf_pf *conf, const struct target *pf)
{
	struct target other;
	const struct conf_pf *c;

	for (c = s->conf->pfs; c < conf; c++)
		if (!target_find(c->name, &other) && !strcmp(other.pf_pci, pf->pf_pci)) {
			say("[%s]: the same PF as [%s]", conf->name, c->name);
			return true;
		}
	return false;
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
	if (is_double(s, conf, &pf)) {
		s->failed = true;
		return;
	}
	set_number(s, conf, &pf);
	for (nr = 0; nr < CONF_VFS && !target_vf(&pf, nr, &vf); nr++)
		setup_vf(s, conf, &pf, nr);
	/* a dry run makes none */
	check_beyond(s, conf, s->dry && nr < conf->vfs ? conf->vfs : nr);
}

static int setup(struct setup *s, struct conf *conf, const char *path)
{
	char reason[256];
	json_t *result;
	size_t i;
	int r;

	r = conf_load(path, conf, reason, sizeof(reason));
	if (r < 0) {
		say("%s: %s", path, reason);
		return r == -EINVAL ? STATUS_USAGE : STATUS_CANNOT;
	}
	s->done = json_array();
	for (i = 0; i < conf->count; i++)
		setup_pf(s, &conf->pfs[i]);
	r = s->failed ? STATUS_NO : STATUS_OK;
	if (!s->json) {
		json_decref(s->done);
		return r;
	}
	result = json_pack("{s:b, s:o}", "failed", (int)s->failed, "done", s->done);
	if (result && s->failed)
		json_object_set_new(result, "errors", say_said());
	return say_json(result) ?: r;
}

int cmd_setup(int argc, char **argv)
{
	const char *path = CONF_FILE;
	struct conf conf;
	struct setup s = { .conf = &conf };
	const struct option_spec options[] = {
		{ "config", 'c', .kind = OPTION_TEXT, .ret = &path, .what = "the name of a file" },
		{ "dry-run", 'n', .kind = OPTION_FLAG, .ret = &s.dry },
		{}
	};
	const struct command_line line = {
		.command = "setup", .help = help, .options = options, .json = &s.json,
	};
	int r;

	r = options_read(&line, &argc, &argv);
	return r == OPTIONS_GO_ON ? setup(&s, &conf, path) : r;
}
