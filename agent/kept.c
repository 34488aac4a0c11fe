// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration that must be there after a migration. See kept.h. */
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "kept.h"

#define PATH_SIZE	512

static uint64_t boot_us(void)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000;
}

static void path_of(const char *dir, uint32_t ifindex, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%u.snapshot", dir, ifindex);
}

int kept_write(struct kept *kept, const char *dir, uint32_t ifindex, uint64_t mig_id,
	       uint64_t begun_ns)
{
	char path[PATH_SIZE];

	kept->of.ifindex = ifindex;
	kept->of.mig_id = mig_id;
	kept->of.begun_ns = begun_ns;
	path_of(dir, ifindex, path, sizeof(path));
	return saved_write(path, &kept->of, &kept->was);
}

int kept_take(struct kept *kept, struct rtnl *rtnl, uint32_t ifindex)
{
	struct snapshot now = {};
	int r = rtnl_snapshot(rtnl, ifindex, &now);

	if (r < 0) {
		snapshot_free(&now);
		return r;
	}
	snapshot_free(&kept->was);
	kept->was = now;
	kept->have = true;
	kept->of.taken_us = boot_us();
	return 0;
}

bool kept_load(struct kept *kept, struct rtnl *rtnl, const char *dir, uint32_t ifindex,
	       uint64_t mig_id)
{
	struct snapshot now = {}, was = {};
	char path[PATH_SIZE];
	struct saved of;
	int r;

	path_of(dir, ifindex, path, sizeof(path));
	if (access(path, F_OK))
		return false;
	/* Names of interfaces are those of now. */
	r = rtnl_snapshot(rtnl, ifindex, &now);
	if (!r) {
		was.names = now.names;
		now.names = (struct names){};
		r = saved_read(path, &of, &was);
	}
	snapshot_free(&now);
	if (r < 0 || of.ifindex != ifindex || (mig_id && of.mig_id != mig_id)) {
		snapshot_free(&was);
		unlink(path);
		return false;
	}
	snapshot_free(&kept->was);
	*kept = (struct kept){ .was = was, .have = true, .of = of };
	return true;
}

void kept_forget(struct kept *kept, const char *dir, uint32_t ifindex)
{
	char path[PATH_SIZE];

	path_of(dir, ifindex, path, sizeof(path));
	unlink(path);
	snapshot_free(&kept->was);
	*kept = (struct kept){};
}

uint32_t kept_age_s(const struct kept *kept)
{
	return (uint32_t)((boot_us() - kept->of.taken_us) / 1000000);
}
