// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: what the PF's commands do in each state of the VF driver. */
#include "../../vfdrv/mig_state.h"
#include "unit.h"

#define IDLE		VFERRY_MIG_IDLE
#define MIGRATING	VFERRY_MIG_MIGRATING
#define SUSPENDED	VFERRY_MIG_SUSPENDED

static const enum vferry_mig_state own[] = { IDLE, MIGRATING, SUSPENDED };

static const struct {
	enum vferry_mig_state state;
	__u32 cmd;
	__u32 flags;
	struct vvf_mig_step want;
} table[] = {
	{ IDLE, VFERRY_CMD_PING, 0, { VVF_MIG_NOTHING, IDLE, VFERRY_RES_OK } },
	{ IDLE, VFERRY_CMD_MIGRATE, 0, { VVF_MIG_LOG_ON, MIGRATING, VFERRY_RES_OK } },
	{ IDLE, VFERRY_CMD_CANCEL, 0, { VVF_MIG_NOTHING, IDLE, VFERRY_RES_OK } },
	{ IDLE, VFERRY_CMD_SUSPEND, 0, { VVF_MIG_NOTHING, IDLE, VFERRY_RES_STATE } },
	{ IDLE, VFERRY_CMD_RESUME, 0, { VVF_MIG_NOTHING, IDLE, VFERRY_RES_STATE } },
	{ IDLE, VFERRY_CMD_RESUME, VFERRY_CMD_F_KEEP_LOGGING,
	  { VVF_MIG_NOTHING, IDLE, VFERRY_RES_STATE } },

	{ MIGRATING, VFERRY_CMD_PING, 0, { VVF_MIG_NOTHING, MIGRATING, VFERRY_RES_OK } },
	{ MIGRATING, VFERRY_CMD_MIGRATE, 0, { VVF_MIG_LOG_ON, MIGRATING, VFERRY_RES_OK } },
	{ MIGRATING, VFERRY_CMD_CANCEL, 0, { VVF_MIG_LOG_OFF, IDLE, VFERRY_RES_OK } },
	{ MIGRATING, VFERRY_CMD_SUSPEND, 0, { VVF_MIG_SUSPEND, SUSPENDED, VFERRY_RES_OK } },
	{ MIGRATING, VFERRY_CMD_RESUME, 0, { VVF_MIG_NOTHING, MIGRATING, VFERRY_RES_STATE } },
	{ MIGRATING, VFERRY_CMD_RESUME, VFERRY_CMD_F_KEEP_LOGGING,
	  { VVF_MIG_NOTHING, MIGRATING, VFERRY_RES_STATE } },

	{ SUSPENDED, VFERRY_CMD_PING, 0, { VVF_MIG_NOTHING, SUSPENDED, VFERRY_RES_OK } },
	{ SUSPENDED, VFERRY_CMD_MIGRATE, 0, { VVF_MIG_NOTHING, SUSPENDED, VFERRY_RES_STATE } },
	{ SUSPENDED, VFERRY_CMD_CANCEL, 0, { VVF_MIG_RESUME, IDLE, VFERRY_RES_OK } },
	{ SUSPENDED, VFERRY_CMD_SUSPEND, 0, { VVF_MIG_NOTHING, SUSPENDED, VFERRY_RES_OK } },
	{ SUSPENDED, VFERRY_CMD_RESUME, 0, { VVF_MIG_RESUME, IDLE, VFERRY_RES_OK } },
	{ SUSPENDED, VFERRY_CMD_RESUME, VFERRY_CMD_F_ARRIVED,
	  { VVF_MIG_RESUME, IDLE, VFERRY_RES_OK } },
	{ SUSPENDED, VFERRY_CMD_RESUME, VFERRY_CMD_F_KEEP_LOGGING,
	  { VVF_MIG_RESUME_LOGGING, MIGRATING, VFERRY_RES_OK } },
	/* Flags of other commands, and flags not known, change nothing. */
	{ SUSPENDED, VFERRY_CMD_CANCEL, ~0u, { VVF_MIG_RESUME, IDLE, VFERRY_RES_OK } },
	{ SUSPENDED, VFERRY_CMD_RESUME, ~(__u32)VFERRY_CMD_F_KEEP_LOGGING,
	  { VVF_MIG_RESUME, IDLE, VFERRY_RES_OK } },
	{ MIGRATING, VFERRY_CMD_SUSPEND, ~0u, { VVF_MIG_SUSPEND, SUSPENDED, VFERRY_RES_OK } },
};

static void every_command_in_every_state(void **state)
{
	struct vvf_mig_step got;
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(table); i++) {
		got = vvf_mig_step(table[i].state, table[i].cmd, table[i].flags);
		assert_int_equal(got.action, table[i].want.action);
		assert_int_equal(got.next, table[i].want.next);
		assert_int_equal(got.result, table[i].want.result);
	}
	/* The table above has them all. */
	assert_true(COUNT(table) >= COUNT(own) * VFERRY_CMD_LAST);
}

/* A newer PF's commands are answered as unknown and change nothing. */
static void unknown_commands(void **state)
{
	static const __u32 cmds[] = { 0, VFERRY_CMD_LAST + 1, 100, 255, ~0u };
	struct vvf_mig_step got;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < COUNT(own); i++) {
		for (j = 0; j < COUNT(cmds); j++) {
			got = vvf_mig_step(own[i], cmds[j], ~0u);
			assert_int_equal(got.action, VVF_MIG_NOTHING);
			assert_int_equal(got.next, own[i]);
			assert_int_equal(got.result, VFERRY_RES_UNKNOWN);
		}
	}
}

/* Refusals never come with work, and work always stays in the driver's states. */
static void table_is_consistent(void **state)
{
	struct vvf_mig_step got;
	unsigned int i, flags;
	__u32 cmd;

	(void)state;
	for (i = 0; i < COUNT(own); i++) {
		for (cmd = 0; cmd <= VFERRY_CMD_LAST + 1; cmd++) {
			for (flags = 0; flags < 4; flags++) {
				got = vvf_mig_step(own[i], cmd, flags);
				assert_true(got.next == IDLE || got.next == MIGRATING ||
					    got.next == SUSPENDED);
				if (got.result != VFERRY_RES_OK) {
					assert_int_equal(got.action, VVF_MIG_NOTHING);
					assert_int_equal(got.next, own[i]);
				}
				if (got.next == SUSPENDED && own[i] != SUSPENDED)
					assert_int_equal(got.action, VVF_MIG_SUSPEND);
				if (own[i] == SUSPENDED && got.next != SUSPENDED)
					assert_true(got.action == VVF_MIG_RESUME ||
						    got.action == VVF_MIG_RESUME_LOGGING);
			}
		}
	}
}

/* CANCEL ends a migration from anywhere. */
static void cancel_always_works(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(own); i++) {
		struct vvf_mig_step got = vvf_mig_step(own[i], VFERRY_CMD_CANCEL, 0);

		assert_int_equal(got.result, VFERRY_RES_OK);
		assert_int_equal(got.next, IDLE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_in_every_state),
		cmocka_unit_test(unknown_commands),
		cmocka_unit_test(table_is_consistent),
		cmocka_unit_test(cancel_always_works),
	};

	return cmocka_run_group_tests_name("VF driver's migration states", tests, NULL, NULL);
}
