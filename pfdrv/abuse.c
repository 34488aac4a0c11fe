// SPDX-License-Identifier: GPL-2.0-only
/*
 * Abuse by VFs: counters, and what the NIC's anti-spoofing has seen.
 */
#include <linux/ethtool.h>

#include "abuse.h"
#include "pf.h"
#include "vf.h"

/* A guest that never stops is in the log this often */
#define VPF_SPOOF_LOG_PERIOD	(60 * HZ)

static const char *const names[VPF_ABUSE_KINDS] = {
	[VPF_ABUSE_SPOOFED]	= "spoofed",
	[VPF_ABUSE_REFUSED]	= "refused",
	[VPF_ABUSE_INVALID]	= "invalid",
	[VPF_ABUSE_THROTTLED]	= "throttled",
	[VPF_ABUSE_LOCK_BROKEN]	= "lock_broken",
};

/* Once, at probe of the PF */
void vpf_abuse_init(struct vferry_pf_vf *vf)
{
	ratelimit_state_init(&vf->spoof_log, VPF_SPOOF_LOG_PERIOD, 1);
	ratelimit_set_flags(&vf->spoof_log, RATELIMIT_MSG_ON_RELEASE);
}

/* Any context */
void vpf_abuse_count(struct vferry_pf_vf *vf, enum vpf_abuse what)
{
	atomic64_inc(&vf->abuse[what]);
}

/**
 * vpf_abuse_look() - ask the NIC who has sent what it must not
 * @nic: the PF; from the service task
 *
 * There is an interrupt for it too, which a guest could raise as often as it likes.
 */
void vpf_abuse_look(struct vpf_nic *nic)
{
	unsigned int n;
	u32 seen;

	if (!vpf_vmdq(nic))
		return;
	seen = vpf_rd(nic, R_WVBR);
	for (n = 0; n < nic->num_vfs; n++) {
		struct vferry_pf_vf *vf = &nic->vf[n];

		if (!(seen & (WVBR_QUEUE(n) | WVBR_QUEUE(n + VPF_HW_POOLS))))
			continue;
		vpf_abuse_count(vf, VPF_ABUSE_SPOOFED);
		if (__ratelimit(&vf->spoof_log))
			netdev_warn(nic->netdev,
				    "VF %u: frames from an address or VLAN not its own were dropped\n", n);
	}
}

unsigned int vpf_abuse_stat_count(void)
{
	return VPF_MAX_VFS * VPF_ABUSE_KINDS;
}

void vpf_abuse_stat_names(u8 **data)
{
	unsigned int n, i;

	for (n = 0; n < VPF_MAX_VFS; n++)
		for (i = 0; i < VPF_ABUSE_KINDS; i++)
			ethtool_sprintf(data, "vf%u_%s", n, names[i]);
}

void vpf_abuse_stat_values(struct vpf_nic *nic, u64 *data)
{
	unsigned int n, i;

	for (n = 0; n < VPF_MAX_VFS; n++)
		for (i = 0; i < VPF_ABUSE_KINDS; i++)
			*data++ = atomic64_read(&nic->vf[n].abuse[i]);
}
