// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filters.
 *
 * Wishes change under filter_lock, then sync() computes what every register
 * has to be and writes those that differ from what they are.
 */
#include <linux/etherdevice.h>

#include "filter.h"
#include "../include/vferry_mbx.h"
#include "pf.h"

static_assert(VPF_RAR_LAST - VPF_RAR_FIRST + 1 == VFERRY_DEV_UC_ADDRS);

/* Not the ports of UDP: a datagram's fragments, which have none, would go another way */
#define VPF_HASH_DEFAULT	(MRQC_IPV4 | MRQC_IPV4_TCP | MRQC_IPV6 | MRQC_IPV6_TCP | \
				 MRQC_IPV6_TCP_EX)

/* The NIC's number of a pool */
static unsigned int hw_pool(const struct vpf_nic *nic, unsigned int pool)
{
	return pool == VPF_POOL_PF ? nic->pool : pool;
}

/* All that a pool may use: without VFs the PF's queues are in all of them */
static u32 hw_pools(const struct vpf_nic *nic, unsigned int pool)
{
	return vpf_vmdq(nic) ? BIT(hw_pool(nic, pool)) : GENMASK(VPF_HW_POOLS - 1, 0);
}

static bool pool_active(const struct vpf_nic *nic, unsigned int pool)
{
	return pool == VPF_POOL_PF || pool < nic->num_vfs;
}

static bool pool_shown(const struct vpf_nic *nic, unsigned int pool)
{
	return pool_active(nic, pool) && !nic->filter.pool[pool].hidden;
}

static void want_rars(const struct vpf_nic *nic, struct vpf_filter_regs *want)
{
	unsigned int i;

	for (i = 0; i < VPF_RARS; i++) {
		const struct vpf_rar *rar = &nic->filter.rar[i];
		u32 words[2];

		if (!rar->used || !pool_shown(nic, rar->pool))
			continue;
		vferry_mbx_put_mac(words, rar->addr);
		want->ral[i] = words[0];
		want->rah[i] = words[1] | RAH_AV |
			       BIT(RAH_POOL_SHIFT + hw_pool(nic, rar->pool));
	}
}

static void set_vlan(struct vpf_filter_regs *want, u16 vid)
{
	want->vfta[vid / 32] |= BIT(vid % 32);
}

static void want_vlans(const struct vpf_nic *nic, struct vpf_filter_regs *want)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int i, pool;

	if (f->vlan_promisc)
		memset(want->vfta, 0xff, sizeof(want->vfta));
	for_each_set_bit(i, f->pf_vlans, VLAN_N_VID)
		set_vlan(want, i);

	if (!vpf_vmdq(nic))
		return;

	for (i = 0; i < VPF_VLVFS; i++) {
		const struct vpf_vlvf *e = &f->vlvf[i];
		u32 val = e->vid | VLVF_ENABLE;

		if (!e->pools)
			continue;
		for (pool = 0; pool < VPF_POOLS; pool++)
			if (e->pools & BIT(pool) && pool_active(nic, pool))
				val |= BIT(VLVF_POOL_SHIFT + hw_pool(nic, pool));
		if (f->vlan_promisc)
			val |= BIT(VLVF_POOL_SHIFT + nic->pool);
		want->vlvf[i] = val;
		set_vlan(want, e->vid);
	}
}

/* The table is one for all: a pool with any multicast gets all that match it */
static void want_multicast(const struct vpf_nic *nic, struct vpf_filter_regs *want)
{
	unsigned int pool, i;

	for (pool = 0; pool < VPF_POOLS; pool++) {
		const struct vpf_pool *p = &nic->filter.pool[pool];

		if (!pool_shown(nic, pool))
			continue;
		if (p->allmulti)
			memset(want->mta, 0xff, sizeof(want->mta));
		for (i = 0; i < VPF_MTA_WORDS; i++)
			want->mta[i] |= p->mta[i];
	}
}

static void want_pools(const struct vpf_nic *nic, struct vpf_filter_regs *want)
{
	unsigned int pool;

	for (pool = 0; pool < VPF_POOLS; pool++) {
		const struct vpf_pool *p = &nic->filter.pool[pool];
		u32 val = VMOLR_STRCRC | VMOLR_LPE;

		if (!pool_active(nic, pool))
			continue;
		val |= min_t(u32, p->max_frame + VLAN_HLEN, VPF_MAX_FRAME) & VMOLR_RLPML_MASK;
		if (p->strip)
			val |= VMOLR_STRVLAN;
		if (!p->hidden)
			val |= VMOLR_BAM;
		if (!p->hidden && !p->port_tag)
			val |= VMOLR_AUPE;
		if (!p->hidden && p->allmulti)
			val |= VMOLR_MPME;
		if (!p->hidden && (p->allmulti || memchr_inv(p->mta, 0, sizeof(p->mta))))
			val |= VMOLR_ROMPE;
		want->vmolr[hw_pool(nic, pool)] = val;
		if (p->port_tag)
			want->vmvir[hw_pool(nic, pool)] = VMVIR_DEFAULT | p->port_tag;
	}
}

static void want_switch(const struct vpf_nic *nic, struct vpf_filter_regs *want)
{
	unsigned int n;

	want->mrqc = MRQC_RSS | nic->filter.hash;
	if (!vpf_vmdq(nic))
		return;

	want->mrqc = MRQC_VMDQ;
	want->dtxswc = DTXSWC_LOOPBACK;
	for (n = 0; n < nic->num_vfs; n++)
		if (nic->filter.pool[n].spoofchk)
			want->dtxswc |= DTXSWC_MAC_SPOOF(n) | DTXSWC_VLAN_SPOOF(n);
	/* for multicast there is one stripping for all: so every pool strips */
	want->rplolr = RPLOLR_STRVLAN | RPLOLR_STRCRC;
	want->qde = GENMASK(VPF_HW_QUEUES - 1, 0);
}

static void want_control(const struct vpf_nic *nic, struct vpf_filter_regs *want)
{
	const struct vpf_filter *f = &nic->filter;
	const struct vpf_pool *pf = &f->pool[VPF_POOL_PF];

	want->rctl = RCTL_BAM | RCTL_LPE | RCTL_SECRC;
	if (vpf_vmdq(nic) || !f->vlan_promisc)
		want->rctl |= RCTL_VFE;

	if (vpf_vmdq(nic)) {
		want->rctl |= RCTL_EN;
		want->rlpml = VPF_MAX_FRAME;
		want->vt_ctl = VT_CTL_REPL_EN | nic->pool << VT_CTL_POOL_SHIFT;
		/* the default pool gets what no address matches */
		if (!f->uc_promisc)
			want->vt_ctl |= VT_CTL_DIS_DEF_POOL;
		return;
	}
	if (pf->rx)
		want->rctl |= RCTL_EN;
	if (f->uc_promisc)
		want->rctl |= RCTL_UPE;
	if (pf->allmulti)
		want->rctl |= RCTL_MPE;
	want->rlpml = min_t(u32, pf->max_frame + VLAN_HLEN, VPF_MAX_FRAME);
}

/*
 * The NIC clears the bits of a VF that is reset, and may do so between our
 * reading and writing: so nothing is read, and VFs with a reset that has not
 * been handled yet are taken out again.
 */
static void sync_enables(struct vpf_nic *nic)
{
	u32 rx = 0, tx = 0, reset;
	unsigned int pool;

	lockdep_assert_held(&nic->filter_lock);

	for (pool = 0; pool < VPF_POOLS; pool++) {
		const struct vpf_pool *p = &nic->filter.pool[pool];

		if (!pool_shown(nic, pool))
			continue;
		if (p->rx)
			rx |= hw_pools(nic, pool);
		if (p->tx)
			tx |= hw_pools(nic, pool);
	}
	vpf_wr(nic, R_VFRE, rx);
	vpf_wr(nic, R_VFTE, tx);
	if (!vpf_vmdq(nic))
		return;

	reset = vpf_rd(nic, R_VFLRE) & GENMASK(nic->num_vfs - 1, 0);
	if (reset & (rx | tx)) {
		vpf_wr(nic, R_VFRE, rx & ~reset);
		vpf_wr(nic, R_VFTE, tx & ~reset);
	}
}

static void put(struct vpf_nic *nic, u32 reg, u32 *now, u32 want)
{
	if (*now == want && !nic->filter.stale)
		return;
	vpf_wr(nic, reg, want);
	*now = want;
}

static void sync(struct vpf_nic *nic)
{
	struct vpf_filter_regs *now = &nic->filter.regs;
	struct vpf_filter_regs *want = &nic->filter.want;
	unsigned int i;

	lockdep_assert_held(&nic->filter_lock);

	memset(want, 0, sizeof(*want));
	want_rars(nic, want);
	want_vlans(nic, want);
	want_multicast(nic, want);
	want_pools(nic, want);
	want_switch(nic, want);
	want_control(nic, want);

	for (i = 0; i < VPF_RARS; i++) {
		if (now->ral[i] != want->ral[i])	/* never half an address */
			put(nic, R_RAH(i), &now->rah[i], 0);
		put(nic, R_RAL(i), &now->ral[i], want->ral[i]);
		put(nic, R_RAH(i), &now->rah[i], want->rah[i]);
	}
	for (i = 0; i < VPF_VFTA_WORDS; i++)
		put(nic, R_VFTA(i), &now->vfta[i], want->vfta[i]);
	for (i = 0; i < VPF_VLVFS; i++)
		put(nic, R_VLVF(i), &now->vlvf[i], want->vlvf[i]);
	for (i = 0; i < VPF_MTA_WORDS; i++)
		put(nic, R_MTA(i), &now->mta[i], want->mta[i]);
	for (i = 0; i < VPF_HW_POOLS; i++) {
		put(nic, R_VMVIR(i), &now->vmvir[i], want->vmvir[i]);
		put(nic, R_VMOLR(i), &now->vmolr[i], want->vmolr[i]);
	}
	put(nic, R_MRQC, &now->mrqc, want->mrqc);
	put(nic, R_DTXSWC, &now->dtxswc, want->dtxswc);
	put(nic, R_RPLOLR, &now->rplolr, want->rplolr);
	put(nic, R_QDE, &now->qde, want->qde);
	put(nic, R_VT_CTL, &now->vt_ctl, want->vt_ctl);
	put(nic, R_RLPML, &now->rlpml, want->rlpml);
	put(nic, R_RCTL, &now->rctl, want->rctl);
	sync_enables(nic);
	nic->filter.stale = false;
}

static void pool_defaults(struct vpf_pool *p)
{
	*p = (struct vpf_pool) {
		.max_frame = ETH_FRAME_LEN + ETH_FCS_LEN,
		.strip = true,
	};
}

/**
 * vpf_filter_init() - nobody wants anything
 * @nic: the PF, at probe
 */
void vpf_filter_init(struct vpf_nic *nic)
{
	unsigned int pool;

	spin_lock_init(&nic->filter_lock);
	nic->filter.stale = true;
	nic->filter.hash = VPF_HASH_DEFAULT;
	for (pool = 0; pool < VPF_POOLS; pool++)
		pool_defaults(&nic->filter.pool[pool]);
}

/**
 * vpf_filter_rewrite() - write every filter register
 * @nic: the PF, after a reset
 */
void vpf_filter_rewrite(struct vpf_nic *nic)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.stale = true;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

static struct vpf_vlvf *vlvf_find(struct vpf_filter *f, u16 vid)
{
	unsigned int i;

	for (i = 0; i < VPF_VLVFS; i++)
		if (f->vlvf[i].pools && f->vlvf[i].vid == vid)
			return &f->vlvf[i];
	return NULL;
}

static struct vpf_vlvf *vlvf_free(struct vpf_filter *f)
{
	unsigned int i;

	for (i = 0; i < VPF_VLVFS; i++)
		if (!f->vlvf[i].pools)
			return &f->vlvf[i];
	return NULL;
}

/**
 * vpf_filter_set_vfs() - set the number of pools
 * @nic: the PF; its queues are stopped and it has no VFs
 * @num_vfs: VFs that will be made, 0: no pools
 *
 * The filters of VFs start (and end) empty. Takes effect with
 * vpf_filter_rewrite().
 *
 * Return: 0, or -ENOSPC: the PF uses more VLANs than there are with pools.
 */
int vpf_filter_set_vfs(struct vpf_nic *nic, unsigned int num_vfs)
{
	struct vpf_filter *f = &nic->filter;
	unsigned int i, pool;

	ASSERT_RTNL();

	/* VLAN 0 has an entry of its own in any case */
	if (num_vfs && bitmap_weight(f->pf_vlans, VLAN_N_VID) - test_bit(0, f->pf_vlans) >
		       VPF_VLVFS - 1 - num_vfs * VPF_VLANS_RESERVED)
		return -ENOSPC;

	spin_lock_bh(&nic->filter_lock);
	for (pool = 0; pool < VPF_MAX_VFS; pool++)
		pool_defaults(&f->pool[pool]);
	for (i = 0; i < VPF_RARS; i++)
		if (f->rar[i].pool != VPF_POOL_PF)
			f->rar[i].used = false;
	memset(f->vlvf, 0, sizeof(f->vlvf));
	vpf_room_clear(nic);
	if (num_vfs) {
		struct vpf_vlvf *e = f->vlvf;

		for_each_set_bit(i, f->pf_vlans, VLAN_N_VID)
			*e++ = (struct vpf_vlvf) { .vid = i, .pools = BIT(VPF_POOL_PF) };
	}
	nic->num_vfs = num_vfs;
	nic->pool = num_vfs;
	spin_unlock_bh(&nic->filter_lock);
	return 0;
}

static enum vpf_asker asker(unsigned int pool)
{
	return pool == VPF_POOL_PF ? VPF_ASK_HOST : VPF_ASK_GUEST;
}

/**
 * vpf_filter_set_mac() - set a pool's own address
 * @nic: the PF
 * @pool: whose
 * @mac: unicast address, NULL: none
 * @ignore: as in vpf_room_mac_taken()
 *
 * Return: 0, or -EADDRINUSE: it is another pool's.
 */
int vpf_filter_set_mac(struct vpf_nic *nic, unsigned int pool, const u8 *mac,
		       unsigned int ignore)
{
	struct vpf_rar *rar;
	int err = 0;

	rar = &nic->filter.rar[pool == VPF_POOL_PF ? VPF_RAR_PF : VPF_RAR_VF(pool)];
	spin_lock_bh(&nic->filter_lock);
	if (mac && vpf_room_mac_taken(nic, pool, mac, ignore, asker(pool))) {
		err = -EADDRINUSE;
	} else {
		rar->pool = pool;
		rar->used = mac;
		if (mac)
			ether_addr_copy(rar->addr, mac);
		sync(nic);
	}
	spin_unlock_bh(&nic->filter_lock);
	return err;
}

static unsigned int uc_count(const struct vpf_nic *nic, unsigned int pool)
{
	unsigned int i, count = 0;

	for (i = VPF_RAR_FIRST; i <= VPF_RAR_LAST; i++)
		count += nic->filter.rar[i].used && nic->filter.rar[i].pool == pool;
	return count;
}

/* An entry for an address: the one that the guest had on the VF that it comes from, or a free one */
static struct vpf_rar *uc_entry(struct vpf_nic *nic, const u8 *mac, unsigned int same)
{
	struct vpf_rar *free = NULL;
	unsigned int i;

	for (i = VPF_RAR_FIRST; i <= VPF_RAR_LAST; i++) {
		struct vpf_rar *rar = &nic->filter.rar[i];

		if (!rar->used)
			free = free ?: rar;
		else if (same & BIT(rar->pool) && ether_addr_equal(rar->addr, mac))
			return rar;
	}
	return free;
}

static int uc_add(struct vpf_nic *nic, unsigned int pool, const u8 *mac,
		  unsigned int ignore)
{
	struct vpf_rar *rar;

	if (vpf_room_mac_taken(nic, pool, mac, ignore, asker(pool)))
		return -EADDRINUSE;
	if (uc_count(nic, pool) >= vpf_room_uc(nic, pool, ignore))
		return -ENOSPC;
	rar = uc_entry(nic, mac, ignore);
	if (!rar)
		return -ENOSPC;
	rar->used = true;
	rar->pool = pool;
	ether_addr_copy(rar->addr, mac);
	return 0;
}

static void uc_clear(struct vpf_nic *nic, unsigned int pool)
{
	unsigned int i;

	for (i = VPF_RAR_FIRST; i <= VPF_RAR_LAST; i++)
		if (nic->filter.rar[i].pool == pool)
			nic->filter.rar[i].used = false;
}

/**
 * vpf_filter_uc_add() - one more unicast address for a pool
 * @nic: the PF
 * @pool: whose
 * @mac: the address
 * @ignore: as in vpf_room_mac_taken(); entries of these pools are taken over
 *
 * Return: 0, -EADDRINUSE: another pool has it, -ENOSPC: table full, or what is
 * left of it belongs to others.
 */
int vpf_filter_uc_add(struct vpf_nic *nic, unsigned int pool, const u8 *mac,
		      unsigned int ignore)
{
	int err;

	spin_lock_bh(&nic->filter_lock);
	err = uc_add(nic, pool, mac, ignore);
	if (!err)
		sync(nic);
	spin_unlock_bh(&nic->filter_lock);
	return err;
}

void vpf_filter_uc_clear(struct vpf_nic *nic, unsigned int pool)
{
	spin_lock_bh(&nic->filter_lock);
	uc_clear(nic, pool);
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_vlan_add() - a pool wants a VLAN
 * @nic: the PF
 * @pool: whose
 * @vid: VLAN id
 *
 * Return: 0, also if it had it already, or -ENOSPC.
 */
int vpf_filter_vlan_add(struct vpf_nic *nic, unsigned int pool, u16 vid)
{
	struct vpf_filter *f = &nic->filter;
	struct vpf_vlvf *e;
	int err = 0;

	spin_lock_bh(&nic->filter_lock);
	if (vpf_vmdq(nic)) {
		e = vlvf_find(f, vid);
		if (!e && vpf_room_vlan(nic, pool, vid))
			e = vlvf_free(f);
		if (!e) {
			err = -ENOSPC;
			goto out;
		}
		e->vid = vid;
		e->pools |= BIT(pool);
	}
	if (pool == VPF_POOL_PF)
		__set_bit(vid, f->pf_vlans);
	sync(nic);
out:
	spin_unlock_bh(&nic->filter_lock);
	return err;
}

void vpf_filter_vlan_del(struct vpf_nic *nic, unsigned int pool, u16 vid)
{
	struct vpf_filter *f = &nic->filter;
	struct vpf_vlvf *e;

	spin_lock_bh(&nic->filter_lock);
	e = vlvf_find(f, vid);
	if (e)
		e->pools &= ~BIT(pool);
	if (pool == VPF_POOL_PF)
		__clear_bit(vid, f->pf_vlans);
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

static void vlan_clear(struct vpf_nic *nic, unsigned int pool)
{
	unsigned int i;

	for (i = 0; i < VPF_VLVFS; i++)
		nic->filter.vlvf[i].pools &= ~BIT(pool);
}

void vpf_filter_vlan_clear(struct vpf_nic *nic, unsigned int pool)
{
	spin_lock_bh(&nic->filter_lock);
	vlan_clear(nic, pool);
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_set_multicast() - what multicast a pool wants
 * @nic: the PF
 * @pool: whose
 * @hashes: see vpf_mc_hash(); bits beyond 11:0 are ignored
 * @count: of @hashes
 * @all: all multicast
 */
void vpf_filter_set_multicast(struct vpf_nic *nic, unsigned int pool,
			      const u16 *hashes, unsigned int count, bool all)
{
	struct vpf_pool *p = &nic->filter.pool[pool];
	unsigned int i;

	spin_lock_bh(&nic->filter_lock);
	memset(p->mta, 0, sizeof(p->mta));
	for (i = 0; i < count; i++)
		p->mta[(hashes[i] & 0xfff) / 32] |= BIT(hashes[i] % 32);
	p->allmulti = all;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

void vpf_filter_set_size(struct vpf_nic *nic, unsigned int pool, u16 max_frame)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.pool[pool].max_frame = max_frame;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_set_port_tag() - put a pool on its port VLAN, or on none
 * @nic: the PF
 * @pool: whose
 * @tag: VLAN and priority, 0: none; then the pool sees untagged frames
 *
 * The VLAN itself is added by vpf_filter_vlan_add().
 */
void vpf_filter_set_port_tag(struct vpf_nic *nic, unsigned int pool, u16 tag)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.pool[pool].port_tag = tag;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_set_spoofchk() - drop what a VF sends in another's name
 * @nic: the PF
 * @pool: number of the VF
 * @on: from addresses and VLANs that are not in the filters of its pool
 */
void vpf_filter_set_spoofchk(struct vpf_nic *nic, unsigned int pool, bool on)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.pool[pool].spoofchk = on;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

void vpf_filter_set_strip(struct vpf_nic *nic, unsigned int pool, bool on)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.pool[pool].strip = on;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_set_hash() - what of a frame says which queue of the PF gets it
 * @nic: the PF
 * @fields: MRQC_*
 * @on: add them, or take them away
 */
void vpf_filter_set_hash(struct vpf_nic *nic, u32 fields, bool on)
{
	spin_lock_bh(&nic->filter_lock);
	if (on)
		nic->filter.hash |= fields;
	else
		nic->filter.hash &= ~fields;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_set_enable() - let a pool receive and transmit
 * @nic: the PF
 * @pool: whose
 * @rx: may receive
 * @tx: may transmit
 *
 * When this returns after switching both off, no DMA of the pool begins any more;
 * what has begun ends: see vpf_hw_settle().
 */
void vpf_filter_set_enable(struct vpf_nic *nic, unsigned int pool, bool rx, bool tx)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.pool[pool].rx = rx;
	nic->filter.pool[pool].tx = tx;
	sync(nic);
	vpf_flush(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_set_hidden() - take a pool's filters away, or put them back
 * @nic: the PF
 * @pool: whose
 * @hidden: the NIC knows nothing of the pool, and it can neither send nor receive
 *
 * What changes in the meantime takes effect when the pool is shown.
 */
void vpf_filter_set_hidden(struct vpf_nic *nic, unsigned int pool, bool hidden)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.pool[pool].hidden = hidden;
	sync(nic);
	vpf_flush(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_reset_pool() - forget all that a VF's driver asked for
 * @nic: the PF
 * @pool: number of the VF
 *
 * It can neither send nor receive afterwards and has no address. What the host
 * has set stays, so that there is no moment without it.
 */
void vpf_filter_reset_pool(struct vpf_nic *nic, unsigned int pool)
{
	struct vpf_pool *p = &nic->filter.pool[pool];
	u16 port_tag;
	bool spoofchk;

	spin_lock_bh(&nic->filter_lock);
	port_tag = p->port_tag;
	spoofchk = p->spoofchk;
	pool_defaults(p);
	p->port_tag = port_tag;
	p->spoofchk = spoofchk;
	nic->filter.rar[VPF_RAR_VF(pool)].used = false;
	uc_clear(nic, pool);
	vlan_clear(nic, pool);
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_filter_set_rx_mode() - the PF's own wishes, from its interface
 * @nic: the PF; the interface's address lists are locked by the caller
 *
 * With VFs, "promiscuous" is: unicast from the wire that nobody else wants,
 * all multicast, and all VLANs that are known; more the NIC cannot do.
 */
void vpf_filter_set_rx_mode(struct vpf_nic *nic)
{
	struct vpf_pool *p = &nic->filter.pool[VPF_POOL_PF];
	struct net_device *netdev = nic->netdev;
	struct netdev_hw_addr *ha;

	spin_lock_bh(&nic->filter_lock);
	nic->filter.uc_promisc = netdev->flags & IFF_PROMISC;
	nic->filter.vlan_promisc = netdev->flags & IFF_PROMISC ||
				   !(netdev->features & NETIF_F_HW_VLAN_CTAG_FILTER);
	p->allmulti = netdev->flags & (IFF_PROMISC | IFF_ALLMULTI);

	memset(p->mta, 0, sizeof(p->mta));
	netdev_for_each_mc_addr(ha, netdev) {
		u16 hash = vpf_mc_hash(ha->addr);

		p->mta[hash / 32] |= BIT(hash % 32);
	}

	uc_clear(nic, VPF_POOL_PF);
	netdev_for_each_uc_addr(ha, netdev)
		if (uc_add(nic, VPF_POOL_PF, ha->addr, 0) == -ENOSPC)
			nic->filter.uc_promisc = true;
	sync(nic);
	spin_unlock_bh(&nic->filter_lock);
}
