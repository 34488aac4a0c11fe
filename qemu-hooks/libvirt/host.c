// SPDX-License-Identifier: GPL-2.0-or-later
/* This host, as the hook sees and changes it; see host.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "host.h"
#include "module.h"
#include "place_row.h"
#include "rtnl.h"
#include "store.h"

#define MAX_PFS		64
#define CLOSE_MS	2000

_Static_assert(DOM_NAME <= PLACE_NAME && DOM_TEXT <= PLACE_TEXT, "a domain's name fits");

static const uint8_t no_mac[6];

/* libvirt's daemon, if that has started us */
static struct process find_daemon(void)
{
	struct process p = { .pid = getppid() };
	char comm[32];

	if (process_read(p.pid, comm, &p.start) < 0 ||
	    (strcmp(comm, "libvirtd") && strcmp(comm, "virtqemud")))
		return (struct process) {};
	return p;
}

static int undo(const struct target *vf, const struct reservation *r)
{
	int err = 0, e;

	if (r->undo_mac)
		err = rtnl_set_vf_mac(vf->ifindex, vf->vf, r->mac);
	if (r->undo_vlan) {
		e = rtnl_set_vf_vlan(vf->ifindex, vf->vf, r->vlan, r->qos);
		err = e ?: err;
	}
	return err;
}

/* Remove a reservation. A VF that somebody has open is left as it is. */
static int drop(const struct store *store, const struct target *vf, bool held, const struct reservation *r)
{
	int err = held ? 0 : undo(vf, r), e;

	e = store_remove(store, vf->vf_pci);
	return e ?: err;
}

/* Whose is the VF? Also: nobody's, if the domain has gone. */
static int read_reservation(struct host *host, struct vf_row *row, const char *uuid)
{
	struct reservation r;
	int err;

	err = store_get(&host->store, row->place.vf_pci, &r);
	if (err == -ENOENT)
		return 0;
	if (err == -EBADMSG && !row->held)	/* nothing of ours wrote it */
		return store_remove(&host->store, row->place.vf_pci);
	if (err < 0)
		return err == -EBADMSG ? 0 : err;
	if (row->held)
		snprintf(row->user, sizeof(row->user), "domain %s", r.name);
	if (!strcmp(r.uuid, uuid))
		return 0;
	if (reservation_is_stale(&r, boot_seconds(), row->held, process_lives(&r.daemon))) {
		drop(&host->store, &row->place, row->held, &r);
		return 0;
	}
	snprintf(row->reserved, sizeof(row->reserved), "%s", r.name);
	return 0;
}

static struct vf_row *add_row(struct vf_table *table)
{
	struct vf_row *grown = reallocarray(table->rows, table->count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	table->rows = grown;
	grown[table->count] = (struct vf_row) {};
	return &grown[table->count++];
}

static int read_row(struct host *host, const struct target *pf, const struct vf_info *vf,
		    const char *uuid)
{
	struct vf_row read, *row;

	if (place_row_read(&host->conf, pf, vf, &read) < 0)
		return 0;
	row = add_row(&host->table);
	if (!row)
		return -ENOMEM;
	*row = read;
	return read_reservation(host, row, uuid);
}

static int read_table(struct host *host, const char *uuid)
{
	_cleanup_free_ struct vf_info *vfs = NULL;
	struct target pfs[MAX_PFS];
	size_t count = 0, i;
	int n, nr, r;

	host->table.loaded = sysfs_exists("bus/pci/drivers/vferry_vfio");
	host->table.installed = module_installed("vferry_vfio");
	r = pf_dump(host->pf, &vfs, &count);
	if (r < 0)
		return r;
	n = sysfs_pfs("vferry_pf", pfs, MAX_PFS);
	for (nr = 0; nr < n; nr++) {
		for (i = 0; i < count; i++) {
			if (vfs[i].ifindex != pfs[nr].ifindex)
				continue;
			r = read_row(host, &pfs[nr], &vfs[i], uuid);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int open_pf(struct host *host, char *reason, size_t size)
{
	struct target nic;
	int r;

	r = pf_open(&host->pf);
	if (r == -ENOENT) {
		if (host_nic(&nic) && nic.pf_driver[0])
			snprintf(reason, size, "%s is driven by %s, not by vferry_pf: rmmod %s; "
				 "modprobe vferry_pf", nic.pf[0] ? nic.pf : nic.pf_pci,
				 nic.pf_driver, nic.pf_driver);
		else
			snprintf(reason, size, "the PF driver is not loaded: modprobe vferry_pf");
		return r;
	}
	if (r < 0) {
		snprintf(reason, size, "the PF driver does not answer: %s", strerror(-r));
		return r;
	}
	if (pf_version(host->pf) < VFERRY_PF_GENL_VERSION) {
		snprintf(reason, size, "the PF driver that is loaded speaks version %u, this vferry "
			 "version %u: load the one that belongs to it", pf_version(host->pf),
			 VFERRY_PF_GENL_VERSION);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

int host_open(struct host *ret, const char *uuid, char *reason, size_t size)
{
	char why[256];
	int r;

	*ret = (struct host) { .store = STORE_CLOSED };
	r = conf_load(CONF_FILE, &ret->conf, why, sizeof(why));
	if (r < 0 && r != -ENOENT) {
		snprintf(reason, size, "%s: %s", CONF_FILE, why);
		return -EINVAL;
	}
	r = open_pf(ret, reason, size);
	if (r < 0)
		return r;
	r = store_open(&ret->store);
	if (r < 0) {
		snprintf(reason, size, r == -ETIMEDOUT ?
			 "reservations in %s have been locked for too long: another hook hangs" :
			 "reservations in %s: %s", store_path, strerror(-r));
		return r == -ENOENT ? -EIO : r;
	}
	r = read_table(ret, uuid);
	if (r < 0) {
		snprintf(reason, size, "its VFs cannot be listed: %s",
			 *pf_refusal(ret->pf) ? pf_refusal(ret->pf) : strerror(-r));
		return r == -ENOENT ? -EIO : r;
	}
	return 0;
}

void host_close(struct host *host)
{
	pf_close(host->pf);
	store_close(&host->store);
	free(host->table.rows);
}

void host_name_users(struct host *host)
{
	struct user user;
	size_t i;

	for (i = 0; i < host->table.count; i++) {
		struct vf_row *row = &host->table.rows[i];

		if (!row->held || row->user[0] || vf_user(row->place.vf_pci, &user) <= 0)
			continue;
		snprintf(row->user, sizeof(row->user), "%s (process %d)",
			 user.guest[0] ? user.guest : user.comm, user.pid);
	}
}

static bool is_nic(const char *pf_pci)
{
	return sysfs_number("bus/pci/devices/%s/vendor", pf_pci) == 0x8086 &&
	       sysfs_number("bus/pci/devices/%s/device", pf_pci) == 0x10c9;
}

enum dom_here host_here(const char *pci)
{
	struct target t;
	int r;

	r = target_find(pci, &t);
	if (r == -ENODEV)
		return HERE_NOTHING;
	if (r < 0 || t.vf < 0)
		return HERE_OTHER;
	if (!strcmp(t.pf_driver, "vferry_pf"))
		return HERE_OURS;
	return is_nic(t.pf_pci) ? HERE_NIC : HERE_OTHER;
}

bool host_nic(struct target *ret)
{
	struct target pfs[MAX_PFS];
	int i, n;

	n = sysfs_pfs(NULL, pfs, MAX_PFS);
	for (i = 0; i < n; i++) {
		if (!is_nic(pfs[i].pf_pci))
			continue;
		if (ret)
			*ret = pfs[i];
		return true;
	}
	return false;
}

const struct vf_row *host_row(const struct host *host, const char *pci)
{
	size_t i;

	for (i = 0; i < host->table.count; i++)
		if (!strcmp(host->table.rows[i].place.vf_pci, pci))
			return &host->table.rows[i];
	return NULL;
}

/* What is to be undone is on disk before it is done: a hook may be ended at any time. */
static int note_undo(struct host *host, const struct vf_row *row, const struct reservation *r,
		     char *reason, size_t size)
{
	int err = store_replace(&host->store, row->place.vf_pci, r);

	if (err < 0)
		snprintf(reason, size, "reservations in %s: %s", store_path, strerror(-err));
	return err;
}

/*
 * Has somebody set the address that the VF has, or did the PF driver choose it?
 * That cannot be seen; so the address is taken away: one that was chosen comes back.
 */
static int learn_mac(struct host *host, const struct vf_row *row, struct reservation *r,
		     char *reason, size_t size)
{
	struct vf_info now;
	int err;

	err = pf_get(host->pf, row->place.ifindex, row->place.vf, &now);
	if (err < 0)
		return err;
	r->undo_mac = true;
	memcpy(r->mac, now.mac, 6);
	err = note_undo(host, row, r, reason, size);
	if (!err)
		err = rtnl_set_vf_mac(row->place.ifindex, row->place.vf, no_mac);
	if (!err)
		err = pf_get(host->pf, row->place.ifindex, row->place.vf, &now);
	if (err < 0)
		return err;
	if (memcmp(r->mac, now.mac, 6))
		return 0;
	memcpy(r->mac, no_mac, 6);
	return note_undo(host, row, r, reason, size);
}

static int set_mac(struct host *host, const struct vf_row *row, const struct dom_device *device,
		   bool incoming, struct reservation *r, char *reason, size_t size)
{
	const uint8_t *mac = NULL;
	int err;

	/* A VF that works must not be touched. */
	if (row->held || r->state == RESERVATION_RUNNING)
		return 0;
	/* An interface's address is set, and put back as if it had been set, by libvirt. */
	if (!device->interface && !(incoming && device->mac_known))
		return 0;
	err = learn_mac(host, row, r, reason, size);
	if (err < 0)
		return err;
	if (!device->interface)
		mac = device->mac;
	else if (memcmp(r->mac, no_mac, 6))
		mac = r->mac;
	return mac ? rtnl_set_vf_mac(row->place.ifindex, row->place.vf, mac) : 0;
}

static int set_vlan(struct host *host, const struct vf_row *row, const struct dom_device *device,
		    struct reservation *r, char *reason, size_t size)
{
	struct vf_settings now[RTNL_VFS];
	int err;

	err = rtnl_vf_settings(row->place.ifindex, now);
	if (err < 0)
		return err;
	r->undo_vlan = true;
	r->vlan = now[row->place.vf].vlan;
	r->qos = now[row->place.vf].qos;
	err = note_undo(host, row, r, reason, size);
	return err ? err : rtnl_set_vf_vlan(row->place.ifindex, row->place.vf, device->vlan,
					    device->qos);
}

int host_reserve(struct host *host, const struct vf_row *row, const struct dom *dom,
		 const struct dom_device *device, enum reservation_state state,
		 char *reason, size_t size)
{
	bool incoming = state == RESERVATION_INCOMING;
	struct reservation r = { .state = state, .since = boot_seconds(),
				 .daemon = find_daemon() };
	int err;

	strcpy(r.name, dom->name);
	strcpy(r.uuid, dom->uuid);
	err = store_add(&host->store, row->place.vf_pci, &r);
	if (err < 0) {
		snprintf(reason, size, "reservations in %s: %s", store_path, strerror(-err));
		return err;
	}
	reason[0] = '\0';
	err = set_mac(host, row, device, incoming, &r, reason, size);
	if (err < 0 && !reason[0])
		snprintf(reason, size, "%s vf %d: its address cannot be set: %s", row->place.pf,
			 row->place.vf, strerror(-err));
	if (!err && incoming && !device->interface && device->vlan >= 0) {
		err = set_vlan(host, row, device, &r, reason, size);
		if (err < 0 && !reason[0])
			snprintf(reason, size, "%s vf %d: port VLAN %d cannot be set: %s",
				 row->place.pf, row->place.vf, device->vlan, strerror(-err));
	}
	if (err < 0)
		drop(&host->store, &row->place, false, &r);
	return err;
}

int host_advance(struct host *host, const char *pci, const char *uuid,
		 enum reservation_state state)
{
	struct reservation r;
	int err;

	err = store_get(&host->store, pci, &r);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	if (strcmp(r.uuid, uuid))
		return 0;
	r.state = state;
	r.since = boot_seconds();
	r.daemon = find_daemon();
	err = store_replace(&host->store, pci, &r);
	return err < 0 ? err : 1;
}

/* A QEMU that is just ending closes the VF in a moment. */
static void wait_until_closed(struct host *host, struct vf_row *row)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	uint64_t until = from_now_ns(CLOSE_MS);
	struct vf_info now;

	while (row->held && now_ns() < until) {
		nanosleep(&pause, NULL);
		if (pf_get(host->pf, row->place.ifindex, row->place.vf, &now) < 0)
			return;
		row->held = now.held;
	}
}

int host_release(struct host *host, const char *uuid, bool but_held)
{
	size_t i;
	int err = 0;

	for (i = 0; i < host->table.count; i++) {
		struct vf_row *row = &host->table.rows[i];
		struct reservation r;
		int e;

		if ((but_held && row->held) ||
		    store_get(&host->store, row->place.vf_pci, &r) < 0 || strcmp(r.uuid, uuid))
			continue;
		if (r.undo_mac || r.undo_vlan)
			wait_until_closed(host, row);
		e = drop(&host->store, &row->place, row->held, &r);
		err = e ?: err;
	}
	return err;
}
