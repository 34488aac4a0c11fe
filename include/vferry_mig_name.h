/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name by which a migration is shown to users: host, destination and guest all make it
 * of the migration's id. The id itself is a secret between them: the PF driver takes
 * a state that has it for that of the guest which is leaving, and gives it the guest's
 * addresses. Reading events needs no privilege.
 */
#ifndef VFERRY_MIG_NAME_H
#define VFERRY_MIG_NAME_H

#include <linux/siphash.h>

static inline u64 vferry_mig_name(u64 mig_id)
{
	const siphash_key_t key = { { mig_id, 0x76666572727900 } };

	return mig_id ? siphash_1u64(1, &key) : 0;
}

#endif
