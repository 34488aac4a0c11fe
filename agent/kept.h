/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration that must be there after a migration: taken when it begins, kept up to
 * date, and in a file so that an agent after us finds it.
 */
#ifndef VFERRYD_KEPT_H
#define VFERRYD_KEPT_H

#include "rtnl.h"
#include "saved.h"

/**
 * struct kept - all zero: none
 * @was: the configuration; @have: there is one
 * @of: interface, migration, when that began, and when @was was taken
 */
struct kept {
	struct snapshot was;
	bool have;
	struct saved of;
};

/* Take it anew. -errno: as it was before. */
int kept_take(struct kept *kept, struct rtnl *rtnl, uint32_t ifindex);

/* Write it to @dir/IFINDEX.snapshot, as that of a migration and when that began. 0 or -errno. */
int kept_write(struct kept *kept, const char *dir, uint32_t ifindex, uint64_t mig_id,
	       uint64_t begun_ns);

/**
 * kept_load() - take over what an agent before us left
 * @kept: is replaced on success; @kept->of says of which migration it is
 * @rtnl: socket
 * @dir: runtime directory
 * @ifindex: interface
 * @mig_id: only if it is of this one; 0: no matter which
 *
 * Return: it was there. A file of another interface or migration is removed.
 */
bool kept_load(struct kept *kept, struct rtnl *rtnl, const char *dir, uint32_t ifindex,
	       uint64_t mig_id);

/* Give it back, and remove the file. */
void kept_forget(struct kept *kept, const char *dir, uint32_t ifindex);

/* Seconds since it was taken. */
uint32_t kept_age_s(const struct kept *kept);

#endif
