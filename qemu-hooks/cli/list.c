// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry list: PFs and VFs, who uses them, can they be migrated. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "options.h"
#include "place_row.h"
#include "say.h"
#include "text.h"

#define MAX_PFS	64

static const char help[] =
	"Usage: vferry list [--json] [PF|VF]...\n\n"
	"PFs that vferry_pf drives and their VFs: driver of the VF, who uses it, protocol\n"
	"version of the driver in the guest, state of a migration, and whether one could begin\n"
	"now or why not; of a VF that nobody has, whether it is free for a guest that comes, or\n"
	"why not. \"for NAME\": libvirt's hook keeps it for a domain. With names: only these.\n\n"
	"  -j, --json   as JSON\n"
	"  -h, --help   this text\n";

/**
 * struct row - one VF as it is shown
 * @vf: as the PF driver tells it
 * @place: as the system has it
 * @user: who uses it; pid 0: nobody seen
 * @reserved: domain that libvirt's hook has noted it for, "": none
 * @not_free: why it could not take a guest that comes, "": it could
 */
struct row {
	struct vf_info vf;
	struct target place;
	struct user user;
	char reserved[DOM_NAME];
	char not_free[400];
};

static json_t *user_json(const struct user *user)
{
	json_t *j = json_pack("{s:i, s:o}", "pid", user->pid, "name", text_json(user->comm));

	if (j && user->guest[0])
		json_object_set_new(j, "guest", text_json(user->guest));
	return j;
}

static json_t *row_json(const struct row *row)
{
	json_t *j = vf_json(&row->vf);

	if (!j)
		return NULL;
	json_object_set_new(j, "driver", row->place.vf_driver[0] ?
			    json_string(row->place.vf_driver) : json_null());
	if (row->place.vf_netdev[0])
		json_object_set_new(j, "interface", text_json(row->place.vf_netdev));
	if (row->user.pid)
		json_object_set_new(j, "user", user_json(&row->user));
	if (row->reserved[0])
		json_object_set_new(j, "reserved", text_json(row->reserved));
	json_object_set_new(j, "free", json_boolean(!row->not_free[0]));
	if (row->not_free[0])
		json_object_set_new(j, "not_free", text_json(row->not_free));
	return j;
}

/* Could it take a guest that comes? Whose address and network fit is another question. */
static void judge(struct row *row, const struct conf *conf, const struct target *pf)
{
	const struct place_guest any = { .network = "", .binding = BINDING_NOBODY };
	struct vf_row place;
	struct vf_table table = { .rows = &place, .count = 1 };

	if (place_row_read(conf, pf, &row->vf, &place) < 0) {
		snprintf(row->not_free, sizeof(row->not_free), "it is just going");
		return;
	}
	place_row_reserved(&place);
	memcpy(row->reserved, place.reserved, sizeof(row->reserved));
	snprintf(place.user, sizeof(place.user), "%s", row->user.guest);
	place_unfit(&table, &place, &any, row->not_free, sizeof(row->not_free));
}

static struct row describe(const struct conf *conf, const struct target *pf,
			   const struct vf_info *vf)
{
	struct row row = { .vf = *vf };

	if (target_vf(pf, vf->vf, &row.place) < 0)
		row.place = *pf;
	else if (vf->held)
		vf_user(row.place.vf_pci, &row.user);
	judge(&row, conf, pf);
	return row;
}

static void print_row(const struct row *row)
{
	const struct vf_info *vf = &row->vf;
	char mac[18], guest[32] = "-", user[128] = "-";

	if (vf->proto)
		snprintf(guest, sizeof(guest), "protocol %u", vf->proto);
	if (row->user.guest[0])
		snprintf(user, sizeof(user), "%s (%d)", row->user.guest, row->user.pid);
	else if (row->user.pid)
		snprintf(user, sizeof(user), "%s (%d)", row->user.comm, row->user.pid);
	else if (row->place.vf_netdev[0])
		text_clean(user, sizeof(user), row->place.vf_netdev);
	else if (vf->held)
		snprintf(user, sizeof(user), "not visible");
	else if (row->reserved[0])
		snprintf(user, sizeof(user), "for %s", row->reserved);

	printf("  vf %-2u  %-12s  %s  %-11s  %-20s  %-10s  %-12s  ", vf->vf, vf->vf_pci,
	       mac_text(vf->mac, mac),
	       row->place.vf_driver[0] ? row->place.vf_driver : "no driver", user, guest,
	       mig_state_name(vf->state));
	if (vf->migratable)
		printf("%smigratable%s\n", paint(stdout, PAINT_GOOD), paint(stdout, PAINT_OFF));
	else if (!row->not_free[0])
		printf("%sfree%s\n", paint(stdout, PAINT_GOOD), paint(stdout, PAINT_OFF));
	else
		printf("%s%s%s\n", paint(stdout, PAINT_BAD), vf->held ? vf->reason : row->not_free,
		       paint(stdout, PAINT_OFF));
}

static bool wanted(const struct target *names, int count, const struct target *pf,
		   const struct vf_info *vf)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(names[i].pf_pci, pf->pf_pci) &&
		    (names[i].vf < 0 || !vf || (uint32_t)names[i].vf == vf->vf))
			return true;
	return !count;
}

static json_t *show_pf(const struct conf *conf, const struct target *pf,
		       const struct vf_info *vfs, size_t count, const struct target *names,
		       int name_count, bool json)
{
	json_t *list = json_array();
	char name[IFNAMSIZ];
	size_t i, shown = 0;

	text_clean(name, sizeof(name), pf->pf);
	if (!json)
		printf("%s%s%s  %s\n", paint(stdout, PAINT_BOLD), name[0] ? name : "-",
		       paint(stdout, PAINT_OFF), pf->pf_pci);
	for (i = 0; i < count; i++) {
		struct row row;

		if (vfs[i].ifindex != pf->ifindex || !wanted(names, name_count, pf, &vfs[i]))
			continue;
		row = describe(conf, pf, &vfs[i]);
		shown++;
		if (json)
			json_array_append_new(list, row_json(&row));
		else
			print_row(&row);
	}
	if (!json && !shown)
		printf("  no VFs\n");
	return json_pack("{s:s, s:s, s:o}", "pf", name, "pf_pci", pf->pf_pci, "vfs", list);
}

static int list(const struct target *names, int name_count, bool json)
{
	_cleanup_free_ struct vf_info *vfs = NULL;
	_cleanup_(pf_p) struct pf *pf = NULL;
	struct target pfs[MAX_PFS];
	json_t *all = json_array();
	struct conf conf;
	size_t count = 0;
	int i, n, r;

	r = pf_open(&pf);
	if (!r)
		r = pf_dump(pf, &vfs, &count);
	if (r < 0) {
		json_decref(all);
		r = say_pf_error(pf, r, "list");
		return r == STATUS_NO ? STATUS_CANNOT : r;
	}
	conf_load_or_say(&conf);
	n = sysfs_pfs("vferry_pf", pfs, MAX_PFS);
	for (i = 0; i < n; i++)
		if (wanted(names, name_count, &pfs[i], NULL))
			json_array_append_new(all, show_pf(&conf, &pfs[i], vfs, count, names,
							   name_count, json));
	if (json)
		return say_json(json_pack("{s:o}", "pfs", all));
	json_decref(all);
	if (n <= 0)
		printf("no PF is driven by vferry_pf\n");
	return STATUS_OK;
}

/* PFs and VFs by the names that were given; an exit status */
static int find_names(char **words, int count, struct target *ret)
{
	int i, r;

	for (i = 0; i < count; i++) {
		r = target_find(words[i], &ret[i]);
		if (r < 0)
			return say_no_target(words[i], r);
		if (strcmp(ret[i].pf_driver, "vferry_pf")) {
			say("%s: its PF is driven by %s, not by vferry_pf", words[i],
			    ret[i].pf_driver[0] ? ret[i].pf_driver : "no driver");
			return STATUS_USAGE;
		}
	}
	return STATUS_OK;
}

int cmd_list(int argc, char **argv)
{
	struct target names[MAX_PFS];
	bool json = false;
	const struct command_line line = {
		.command = "list", .help = help, .json = &json, .max = MAX_PFS, .words = "PFs and VFs",
	};
	int r;

	r = options_read(&line, &argc, &argv);
	if (r != OPTIONS_GO_ON)
		return r;
	r = find_names(argv, argc, names);
	return r == STATUS_OK ? list(names, argc, json) : r;
}
