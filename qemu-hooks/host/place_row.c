// SPDX-License-Identifier: GPL-2.0-or-later
/* What this host knows of its VFs; see place_row.h. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "place_row.h"
#include "section.h"
#include "store.h"
#include "text.h"

uint64_t boot_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

int process_read(int pid, char comm[static 32], uint64_t *ret_start)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[64], text[1024] = "";
	const char *open, *close;

	snprintf(path, sizeof(path), "%s/%d/stat", procfs_root, pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (!fgets(text, sizeof(text), f))
		return -ESRCH;
	/* the name may have anything in it */
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open ||
	    sscanf(close + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		   "%*d %*d %*d %lu", ret_start) != 1)
		return -EBADMSG;
	snprintf(comm, 32, "%.*s", (int)(close - open - 1), open + 1);
	return 0;
}

bool process_lives(const struct process *p)
{
	uint64_t start;
	char comm[32];

	return p->pid && !process_read(p->pid, comm, &start) && start == p->start;
}

static void read_mac(const char *netdev, uint8_t mac[static 6])
{
	unsigned int b[6], i;
	char text[32];

	sysfs_read(text, sizeof(text), "class/net/%s/address", netdev);
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) == 6)
		for (i = 0; i < 6; i++)
			mac[i] = b[i];
}

static bool is_up(const char *netdev)
{
	long flags = netdev[0] ? sysfs_number("class/net/%s/flags", netdev) : 0;

	return flags > 0 && flags & IFF_UP;
}

/* As the driver tells it, and judges a guest that comes; one that does not tell: as ip does */
static bool has_link(const struct target *pf, const struct vf_info *vf)
{
	if (vf->room.known)
		return vf->room.link;
	return is_up(pf->pf) && sysfs_number("class/net/%s/carrier", pf->pf) == 1;
}

int place_row_read(const struct conf *conf, const struct target *pf, const struct vf_info *vf,
		   struct vf_row *ret)
{
	const struct conf_pf *section = section_of(conf, pf);

	*ret = (struct vf_row) {};
	if (target_vf(pf, vf->vf, &ret->place) < 0)
		return -ENODEV;
	snprintf(ret->network, sizeof(ret->network), "%s", section ? section->network : "");
	ret->meant = !section || !section->bind_set ||
		     (vf->vf < CONF_VFS && section->bind & 1u << vf->vf);
	ret->mac_conf = section && vf->vf < CONF_VFS && section->mac_set & 1u << vf->vf;
	ret->iommu = sysfs_exists("bus/pci/devices/%s/iommu_group", ret->place.vf_pci);
	ret->link = has_link(pf, vf);
	ret->netdev_up = is_up(ret->place.vf_netdev);
	ret->held = vf->held;
	if (vf->state != VFERRY_MIG_IDLE)
		snprintf(ret->moving, sizeof(ret->moving), "%s", mig_state_name(vf->state));
	memcpy(ret->mac, vf->mac, 6);
	read_mac(pf->pf, ret->pf_mac);
	return 0;
}

void place_row_reserved(struct vf_row *row)
{
	struct reservation r;
	struct store store;

	if (!store_open_unlocked(&store) && !store_get(&store, row->place.vf_pci, &r) &&
	    !reservation_is_stale(&r, boot_seconds(), row->held, process_lives(&r.daemon)))
		text_clean(row->reserved, sizeof(row->reserved), r.name);
	store_close(&store);
}
