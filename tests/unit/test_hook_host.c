// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: what the hook sets on a VF can be undone, wherever it is ended. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "place_row.h"
#include "rtnl.h"
#include "unit.h"

#define VF	"0000:01:10.0"

static const uint8_t of_admin[6] = { 0x52, 0x54, 0, 0, 0, 1 };
static const uint8_t of_driver[6] = { 0x02, 0, 0, 0, 0, 9 };
static const uint8_t of_guest[6] = { 0x52, 0x54, 0, 0, 0, 2 };

/* The VF, as a PF driver would have it */
static struct {
	uint8_t mac[6];
	bool chosen;	/* by the PF driver */
	unsigned int vlan;
	unsigned int calls;
	struct store store;
} nic;

/* A hook that is ended now: can what has been set be given back from what is on disk? */
static void expect_undoable(void)
{
	struct reservation r;

	nic.calls++;
	assert_int_equal(store_get(&nic.store, VF, &r), 0);
	assert_true(r.undo_mac);
	assert_memory_equal(r.mac, of_admin, 6);
}

int rtnl_set_vf_mac(unsigned int ifindex, unsigned int vf, const uint8_t *mac)
{
	static const uint8_t none[6];

	assert_int_equal(ifindex, 3);
	assert_int_equal(vf, 0);
	if (!nic.chosen)
		expect_undoable();
	nic.chosen = !memcmp(mac, none, 6);
	memcpy(nic.mac, nic.chosen ? of_driver : mac, 6);
	return 0;
}

int rtnl_set_vf_vlan(unsigned int ifindex, unsigned int vf, unsigned int vlan, unsigned int qos)
{
	struct reservation r;

	(void)ifindex;
	(void)vf;
	(void)qos;
	nic.calls++;
	assert_int_equal(store_get(&nic.store, VF, &r), 0);
	assert_true(r.undo_vlan);
	assert_int_equal(r.vlan, 5);
	nic.vlan = vlan;
	return 0;
}

int rtnl_vf_settings(unsigned int ifindex, struct vf_settings ret[static RTNL_VFS])
{
	(void)ifindex;
	ret[0] = (struct vf_settings) { .known = true, .vlan = nic.vlan };
	return 0;
}

int pf_get(struct pf *pf, unsigned int ifindex, unsigned int vf, struct vf_info *ret)
{
	(void)pf;
	(void)ifindex;
	(void)vf;
	*ret = (struct vf_info) {};
	memcpy(ret->mac, nic.mac, 6);
	return 0;
}

/* Not reached by these tests */
int pf_open(struct pf **ret_pf)
{
	(void)ret_pf;
	return -ENOENT;
}

void pf_close(struct pf *pf)
{
	(void)pf;
}

unsigned int pf_version(const struct pf *pf)
{
	(void)pf;
	return 0;
}

const char *pf_refusal(const struct pf *pf)
{
	(void)pf;
	return "";
}

int pf_dump(struct pf *pf, struct vf_info **ret_vfs, size_t *ret_count)
{
	(void)pf;
	(void)ret_vfs;
	(void)ret_count;
	return -ENOENT;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}

uint64_t from_now_ns(unsigned int ms)
{
	return now_ns() + ms * 1000000ull;
}

static char folder[] = "/tmp/test-host-XXXXXX";

static int make(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	store_path = folder;
	return store_open(&nic.store);
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	store_close(&nic.store);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void reserved_and_released(void **state)
{
	struct vf_row row = { .place = { .pf = "pf0", .ifindex = 3, .vf = 0, .vf_pci = VF } };
	struct dom dom = { .name = "web", .uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809" };
	struct dom_device device = { .mac_known = true, .vlan = 7 };
	struct host host = { .store = nic.store, .table = { .rows = &row, .count = 1 } };
	char reason[256];

	(void)state;
	memcpy(nic.mac, of_admin, 6);
	nic.vlan = 5;
	memcpy(device.mac, of_guest, 6);
	assert_int_equal(host_reserve(&host, &row, &dom, &device, RESERVATION_INCOMING, reason,
				      sizeof(reason)), 0);
	assert_int_equal(nic.calls, 2);
	assert_memory_equal(nic.mac, of_guest, 6);
	assert_int_equal(nic.vlan, 7);
	assert_int_equal(host_release(&host, dom.uuid, false), 0);
	assert_memory_equal(nic.mac, of_admin, 6);
	assert_int_equal(nic.vlan, 5);
}

/* One that the PF driver chose is not given back as if somebody had set it. */
static void chosen_by_the_driver(void **state)
{
	struct vf_row row = { .place = { .pf = "pf0", .ifindex = 3, .vf = 0, .vf_pci = VF } };
	struct dom dom = { .name = "web", .uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809" };
	struct dom_device device = { .mac_known = true, .vlan = -1 };
	struct host host = { .store = nic.store, .table = { .rows = &row, .count = 1 } };
	char reason[256];

	(void)state;
	memcpy(nic.mac, of_driver, 6);
	memcpy(device.mac, of_guest, 6);
	nic.chosen = true;
	assert_int_equal(host_reserve(&host, &row, &dom, &device, RESERVATION_INCOMING, reason,
				      sizeof(reason)), 0);
	assert_memory_equal(nic.mac, of_guest, 6);
	nic.chosen = true;
	assert_int_equal(host_release(&host, dom.uuid, false), 0);
	assert_true(nic.chosen);
}

static void write_to(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/sys/class/net/pf0/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* sysfs of a PF with a VF, in the folder of the store */
static const char *make_sysfs(void)
{
	static char root[64];
	char command[400];

	snprintf(root, sizeof(root), "%s/sys", folder);
	snprintf(command, sizeof(command), "cd %s && mkdir -p sys/class/net/pf0 "
		 "sys/bus/pci/devices/0000:01:00.0 sys/bus/pci/devices/" VF "/iommu_group && "
		 "ln -s ../" VF " sys/bus/pci/devices/0000:01:00.0/virtfn0", folder);
	assert_int_equal(system(command), 0);
	return root;
}

/* The PF driver's word on the port counts, not whether the PF's interface is up. */
static void link_of_the_port(void **state)
{
	struct target pf = { .pf = "pf0", .pf_pci = "0000:01:00.0", .vf = -1 };
	struct vf_info vf = { .room = { .known = true, .link = true } };
	struct conf conf = {};
	struct vf_row row;

	(void)state;
	sysfs_root = make_sysfs();
	write_to("flags", "0x1002\n");
	write_to("carrier", "");
	assert_int_equal(place_row_read(&conf, &pf, &vf, &row), 0);
	assert_true(row.link && row.iommu);
	vf.room.link = false;
	write_to("flags", "0x1003\n");
	write_to("carrier", "1\n");
	assert_int_equal(place_row_read(&conf, &pf, &vf, &row), 0);
	assert_false(row.link);
	/* one that does not tell */
	vf.room.known = false;
	assert_int_equal(place_row_read(&conf, &pf, &vf, &row), 0);
	assert_true(row.link);
	write_to("carrier", "0\n");
	assert_int_equal(place_row_read(&conf, &pf, &vf, &row), 0);
	assert_false(row.link);
	sysfs_root = "/sys";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserved_and_released),
		cmocka_unit_test(chosen_by_the_driver),
		cmocka_unit_test(link_of_the_port),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
