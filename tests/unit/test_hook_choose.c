// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: which VF is for which. */
#include <errno.h>
#include <stdio.h>

#include "choose.h"
#include "unit.h"

static const uint8_t mac_a[6] = { 0x52, 0x54, 0, 0, 0, 0xa };
static const uint8_t mac_b[6] = { 0x52, 0x54, 0, 0, 0, 0xb };

/* Two PFs, with four VFs each: rows 0 to 3, on lan1, and 4 to 7, on lan2 */
struct fixture {
	struct vf_row rows[8];
	struct vf_table table;
	struct dom_device devices[3];
	struct dom dom;
	bool ours[3];
	size_t chosen[3];
	char reason[1024];
};

static void make_rows(struct fixture *f)
{
	size_t i;

	for (i = 0; i < 8; i++) {
		struct vf_row *row = &f->rows[i];

		row->place.vf = i % 4;
		snprintf(row->place.pf, sizeof(row->place.pf), "pf%zu", i / 4);
		snprintf(row->place.pf_pci, sizeof(row->place.pf_pci), "0000:0%zu:00.0", i / 4 + 1);
		snprintf(row->place.vf_pci, sizeof(row->place.vf_pci), "0000:0%zu:10.%zu",
			 i / 4 + 1, 2 * (i % 4));
		strcpy(row->place.vf_driver, "vferry_vfio");
		snprintf(row->network, sizeof(row->network), "lan%zu", i / 4 + 1);
		row->meant = row->iommu = row->link = true;
		row->mac[0] = 2;
		row->mac[5] = i;
		row->pf_mac[5] = 0xf0 + i / 4;
	}
}

static int make(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t i;

	make_rows(f);
	f->table = (struct vf_table) { f->rows, 8, true, true };
	for (i = 0; i < 3; i++) {
		f->devices[i] = (struct dom_device) { .managed = true, .vlan = -1 };
		strcpy(f->devices[i].network, "lan1");
		snprintf(f->devices[i].source, sizeof(f->devices[i].source), "0000:7f:10.%zu", i);
		f->ours[i] = true;
	}
	f->dom = (struct dom) { .devices = f->devices, .count = 1 };
	*state = f;
	return 0;
}

static int unmake(void **state)
{
	free(*state);
	return 0;
}

static int run(struct fixture *f)
{
	return choose(&f->table, &f->dom, f->ours, f->chosen, f->reason, sizeof(f->reason));
}

/* The row that the only device is given */
static void expect_row(struct fixture *f, size_t row)
{
	if (run(f))
		fail_msg("%s", f->reason);
	assert_int_equal(f->chosen[0], row);
}

static void expect_no(struct fixture *f, int err, const char *words)
{
	assert_int_equal(run(f), err);
	if (!strstr(f->reason, words) || strchr(f->reason, '\n'))
		fail_msg("%s: %s", words, f->reason);
}

static void preferred(void **state)
{
	struct fixture *f = *state;

	expect_row(f, 0);
	/* one that does not have to be bound, and that may have any address */
	strcpy(f->rows[0].place.vf_driver, "");
	expect_row(f, 1);
	f->rows[1].mac_conf = true;
	expect_row(f, 2);
	/* the same address as before */
	strcpy(f->devices[0].source, f->rows[3].place.vf_pci);
	expect_row(f, 3);
	/* the guest's address; then what host.conf says of addresses does not matter */
	f->devices[0].mac_known = true;
	memcpy(f->devices[0].mac, mac_a, 6);
	expect_row(f, 3);
	strcpy(f->devices[0].source, "0000:7f:10.0");
	expect_row(f, 1);
	memcpy(f->rows[0].mac, mac_a, 6);
	expect_row(f, 0);
	f->devices[0].mac_known = false;
	expect_row(f, 2);
	/* when nothing better is left */
	f->rows[0].held = f->rows[2].held = f->rows[3].held = true;
	expect_row(f, 1);
}

static void networks(void **state)
{
	struct fixture *f = *state;
	size_t i;

	strcpy(f->devices[0].network, "lan2");
	strcpy(f->devices[0].source, f->rows[1].place.vf_pci);
	expect_row(f, 4);
	strcpy(f->devices[0].network, "lan3");
	expect_no(f, -ENOENT, "no PF here with VFs is on network lan3");
	f->devices[0].network[0] = '\0';
	expect_no(f, -EINVAL, "several networks");
	/* one of them has no label: the other is the only network */
	for (i = 0; i < 4; i++)
		f->rows[i].network[0] = '\0';
	expect_row(f, 4);
	for (i = 4; i < 8; i++)
		f->rows[i].network[0] = '\0';
	expect_row(f, 1);
	/* and it is not enough that there is only one, if the domain wants another */
	strcpy(f->devices[0].network, "lan1");
	expect_no(f, -ENOENT, "network lan1");
}

static void not_free(void **state)
{
	struct fixture *f = *state;

	f->rows[0].held = true;
	strcpy(f->rows[0].user, "domain db");
	strcpy(f->rows[1].reserved, "mail");
	strcpy(f->rows[2].place.vf_driver, "igbvf");
	strcpy(f->rows[2].place.vf_netdev, "ens1v2");
	f->rows[2].netdev_up = true;
	f->rows[3].meant = false;
	assert_int_equal(run(f), -ENOENT);
	assert_string_equal(f->reason, "no VF of network lan1 is free for the domain's VF "
		"0000:7f:10.0: pf0 vf 0: used by domain db; pf0 vf 1: reserved for domain mail; "
		"pf0 vf 2: used by this host as ens1v2");
	f->rows[0].user[0] = '\0';
	expect_no(f, -ENOENT, "vf 0: used by another program");
	f->rows[2].netdev_up = false;
	expect_row(f, 2);
	f->rows[2].place.vf_netdev[0] = '\0';
	expect_no(f, -ENOENT, "vf 2: bound to igbvf, with an interface in another network");
	f->rows[2].place.vf_driver[0] = '\0';
	f->rows[2].iommu = false;
	expect_no(f, -ENOENT, "vf 2: without an IOMMU");
	f->rows[2].link = false;
	expect_no(f, -ENOENT, "pf0 has no link: look at the cable and the switch");
	for (size_t i = 0; i < 4; i++)
		f->rows[i].meant = false;
	expect_no(f, -ENOENT, "there is none: make some");
}

static void drivers(void **state)
{
	struct fixture *f = *state;

	f->rows[1].held = f->rows[2].held = f->rows[3].held = true;
	f->rows[0].place.vf_driver[0] = '\0';
	expect_row(f, 0);
	f->devices[0].managed = false;
	expect_no(f, -ENOENT, "vf 0: bound to no driver, and the domain has managed='no'");
	strcpy(f->rows[0].place.vf_driver, "vfio-pci");
	expect_no(f, -ENOENT, "vf 0: bound to vfio-pci, and the domain has managed='no'");
	f->devices[0].managed = true;
	expect_no(f, -ENOENT, "vf 0: bound to vfio-pci");
	f->rows[0].place.vf_driver[0] = '\0';
	/* what libvirt would bind it to */
	f->table.installed = false;
	expect_no(f, -ENOENT, "not installed for this kernel");
	strcpy(f->devices[0].model, "vferry_vfio");
	expect_row(f, 0);
	f->table.loaded = false;
	expect_no(f, -ENOENT, "not installed for this kernel");
	strcpy(f->rows[0].place.vf_driver, "vferry_vfio");
	expect_row(f, 0);
}

static void addresses(void **state)
{
	struct fixture *f = *state;

	f->devices[0].mac_known = true;
	memcpy(f->devices[0].mac, mac_a, 6);
	memcpy(f->rows[2].mac, mac_a, 6);
	expect_row(f, 2);
	f->rows[2].held = true;
	strcpy(f->rows[2].user, "domain db");
	expect_no(f, -EADDRINUSE, "52:54:00:00:00:0a is in use on pf0 vf 2 (used by domain db)");
	f->rows[2].held = false;
	strcpy(f->rows[2].reserved, "db");
	expect_no(f, -EADDRINUSE, "(reserved for domain db)");
	memcpy(f->rows[2].mac, mac_b, 6);
	expect_row(f, 0);
	/* on another PF it is no business of this one */
	memcpy(f->rows[5].mac, mac_a, 6);
	f->rows[5].held = true;
	expect_row(f, 0);
	for (size_t i = 0; i < 4; i++)
		memcpy(f->rows[i].pf_mac, mac_a, 6);
	expect_no(f, -EADDRINUSE, "is that of pf0 itself");
	/* it may be on two PFs of one network: the other one will do */
	for (size_t i = 4; i < 8; i++)
		strcpy(f->rows[i].network, "lan1");
	f->rows[5].held = false;
	expect_row(f, 5);
}

static void several(void **state)
{
	struct fixture *f = *state;

	f->dom.count = 3;
	f->ours[1] = false;
	strcpy(f->devices[2].network, "lan2");
	assert_int_equal(run(f), 0);
	assert_int_equal(f->chosen[0], 0);
	assert_int_equal(f->chosen[1], CHOOSE_NONE);
	assert_int_equal(f->chosen[2], 4);

	/* the first would like what is the only one for the second */
	f->ours[1] = true;
	f->ours[2] = false;
	f->devices[1].managed = false;
	f->rows[2].held = f->rows[3].held = true;
	f->rows[1].place.vf_driver[0] = '\0';
	assert_int_equal(run(f), 0);
	assert_int_equal(f->chosen[0], 1);
	assert_int_equal(f->chosen[1], 0);
	assert_int_equal(f->chosen[2], CHOOSE_NONE);

	f->rows[1].held = true;
	expect_no(f, -ENOENT, "pf0 vf 0: for another VF of this domain; pf0 vf 1: used by");
}

static void long_words(void **state)
{
	struct fixture *f = *state;
	char small[60];

	for (size_t i = 0; i < 4; i++) {
		f->rows[i].held = true;
		memset(f->rows[i].user, 'u', sizeof(f->rows[i].user) - 1);
	}
	memset(small, 'x', sizeof(small));
	assert_int_equal(choose(&f->table, &f->dom, f->ours, f->chosen, small, sizeof(small)),
			 -ENOENT);
	assert_int_equal(strlen(small), sizeof(small) - 1);
	f->table.count = 0;
	f->devices[0].network[0] = '\0';
	expect_no(f, -ENOENT, "there is none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(preferred, make, unmake),
		cmocka_unit_test_setup_teardown(networks, make, unmake),
		cmocka_unit_test_setup_teardown(not_free, make, unmake),
		cmocka_unit_test_setup_teardown(drivers, make, unmake),
		cmocka_unit_test_setup_teardown(addresses, make, unmake),
		cmocka_unit_test_setup_teardown(several, make, unmake),
		cmocka_unit_test_setup_teardown(long_words, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
