// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: whose address is it? Room for guests on their way is the lab's (isolation.py). */
#include "kernel/kernel.h"
#include "unit.h"

/* In the place of pf.h, which needs all of the kernel. */
#define VPF_PF_H
#define VPF_MAX_VFS	7

#include "../../pfdrv/filter.h"

struct net_device {
	const char *name;
};

struct vpf_nic {
	struct net_device *netdev;
	spinlock_t filter_lock;
	struct vpf_filter filter;
	unsigned int num_vfs;
};

#include "../../pfdrv/room.c"

enum { MINE, THEIRS };

static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };
static struct net_device netdev = { .name = "pf0" };
static struct vpf_nic nic;

static int begin(void **state)
{
	(void)state;
	memset(&nic, 0, sizeof(nic));
	nic.netdev = &netdev;
	nic.num_vfs = 3;
	return 0;
}

static bool taken(enum vpf_asker asker)
{
	return vpf_room_mac_taken(&nic, MINE, mac, 0, asker);
}

/* What belongs to a VF after a reset, by where it comes from and whether the VF has a user. */
static void an_address_of_another(void **state)
{
	static const struct {
		enum vpf_claim_by by;
		bool used, guest, written, host;
	} all[] = {
		{ VPF_CLAIM_DRAWN, false, true, false, false },
		{ VPF_CLAIM_CAME, false, true, false, false },
		{ VPF_CLAIM_SET, false, true, true, false },
		{ VPF_CLAIM_DRAWN, true, true, true, true },
		{ VPF_CLAIM_CAME, true, true, true, true },
		{ VPF_CLAIM_SET, true, true, true, true },
	};
	unsigned int i;

	(void)state;
	assert_false(taken(VPF_ASK_GUEST));
	for (i = 0; i < COUNT(all); i++) {
		vpf_room_claim(&nic, THEIRS, mac, all[i].by);
		vpf_room_set_used(&nic, THEIRS, all[i].used);
		assert_int_equal(taken(VPF_ASK_GUEST), all[i].guest);
		assert_int_equal(taken(VPF_ASK_STATE), all[i].written);
		assert_int_equal(taken(VPF_ASK_HOST), all[i].host);
		/* a VF that it leaves does not count */
		assert_false(vpf_room_mac_taken(&nic, MINE, mac, BIT(THEIRS), VPF_ASK_GUEST));
	}
}

/* One that two VFs have: who was there first has it; but what was drawn gives way to what is set. */
static void an_address_of_two(void **state)
{
	unsigned int mine, theirs;

	(void)state;
	vpf_room_set_used(&nic, THEIRS, true);
	for (mine = VPF_CLAIM_DRAWN; mine <= VPF_CLAIM_SET; mine++)
		for (theirs = VPF_CLAIM_DRAWN; theirs <= VPF_CLAIM_SET; theirs++) {
			bool away = mine == VPF_CLAIM_DRAWN && theirs == VPF_CLAIM_SET;

			vpf_room_claim(&nic, MINE, mac, mine);
			vpf_room_claim(&nic, THEIRS, mac, theirs);
			assert_int_equal(taken(VPF_ASK_GUEST), away);
			assert_int_equal(taken(VPF_ASK_STATE), away);
		}
	nic.filter.rar[VPF_RAR_VF(THEIRS)] = (struct vpf_rar) { .used = true, .pool = THEIRS };
	memcpy(nic.filter.rar[VPF_RAR_VF(THEIRS)].addr, mac, ETH_ALEN);
	assert_true(taken(VPF_ASK_GUEST) && taken(VPF_ASK_STATE) && taken(VPF_ASK_HOST));
}

static void the_refusal_says_what_to_type(void **state)
{
	struct vpf_promise wanted = { 0 };
	char reason[160];

	(void)state;
	memcpy(wanted.macs[0], mac, ETH_ALEN);
	assert_int_equal(vpf_room_give(&nic, THEIRS, mac), 0);
	assert_int_equal(vpf_room_promise(&nic, MINE, &wanted, reason, sizeof(reason)), -EADDRINUSE);
	assert_non_null(strstr(reason, "the administrator's for VF 1: ip link set pf0 vf 0 mac"));
	assert_false(vpf_room_promised(&nic, MINE));
	/* he types it: now either VF may have it, and the other while that is not used */
	assert_int_equal(vpf_room_give(&nic, MINE, mac), 0);
	assert_int_equal(vpf_room_promise(&nic, MINE, &wanted, reason, sizeof(reason)), 0);
	assert_true(vpf_room_promised(&nic, MINE));
	assert_int_equal(vpf_room_give(&nic, 2, mac), -EADDRINUSE);
	vpf_room_release(&nic, MINE);
	vpf_room_set_used(&nic, MINE, true);
	assert_int_equal(vpf_room_promise(&nic, THEIRS, &wanted, reason, sizeof(reason)), 0);
	vpf_room_release(&nic, THEIRS);
	vpf_room_claim(&nic, THEIRS, (const u8[ETH_ALEN]) { 2, 9 }, VPF_CLAIM_DRAWN);
	assert_int_equal(vpf_room_promise(&nic, THEIRS, &wanted, reason, sizeof(reason)),
			 -EADDRINUSE);
	assert_non_null(strstr(reason, "in use on this PF"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_address_of_another, begin),
		cmocka_unit_test_setup(an_address_of_two, begin),
		cmocka_unit_test_setup(the_refusal_says_what_to_type, begin),
	};

	return cmocka_run_group_tests_name("whose address", tests, NULL, NULL);
}
