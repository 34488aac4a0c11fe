// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose address is it, and how much room is there; see room.h.
 */
#include <linux/etherdevice.h>

#include "pf.h"
#include "room.h"

#define NOBODY	VPF_POOLS	/* no pool: all count */

static bool pool_active(const struct vpf_nic *nic, unsigned int pool)
{
	return pool == VPF_POOL_PF || pool < nic->num_vfs;
}

static bool promises_mac(const struct vpf_promise *p, const u8 *mac)
{
	unsigned int i;

	if (!p->held)
		return false;
	for (i = 0; i < VPF_PROMISE_MACS; i++)
		if (ether_addr_equal(p->macs[i], mac))
			return true;
	for (i = 0; i < p->uc_count; i++)
		if (ether_addr_equal(p->ucs[i], mac))
			return true;
	return false;
}

static bool promises_vlan(const struct vpf_promise *p, u16 vid)
{
	unsigned int i;

	for (i = 0; p->held && i < p->vlan_count; i++)
		if (p->vlans[i] == vid)
			return true;
	return false;
}

/*
 * May this pool have the address before another VF, whose it is after a reset? Not because
 * it was drawn for it, if the administrator has given it to the other since.
 */
static bool entitled(const struct vpf_nic *nic, unsigned int pool, const u8 *mac,
		     enum vpf_claim_by other)
{
	const struct vpf_filter *f = &nic->filter;

	if (pool == VPF_POOL_PF)
		return false;
	if (promises_mac(&f->promise[pool], mac))
		return true;
	return ether_addr_equal(f->claim[pool].addr, mac) &&
	       (f->claim[pool].by != VPF_CLAIM_DRAWN || other != VPF_CLAIM_SET);
}

/* Is it the address that VF @nr has after a reset, and kept for it? */
static bool claimed(const struct vpf_nic *nic, unsigned int nr, unsigned int pool, const u8 *mac,
		    enum vpf_asker asker)
{
	const struct vpf_claim *claim = &nic->filter.claim[nr];

	if (!ether_addr_equal(claim->addr, mac) || entitled(nic, pool, mac, claim->by))
		return false;
	switch (asker) {
	case VPF_ASK_GUEST:
		return true;
	case VPF_ASK_STATE:
		return claim->used || claim->by == VPF_CLAIM_SET;
	case VPF_ASK_HOST:
		return claim->used;
	}
	return true;
}

/**
 * vpf_room_mac_taken() - does this address belong to another pool?
 * @nic: the PF
 * @pool: not this one
 * @mac: unicast address
 * @ignore: bit: pool that does not count
 * @asker: who wants it
 *
 * A pool that is hidden keeps its addresses: nobody else can take them while a guest is
 * suspended, but the guest itself, when it goes on with another VF. So does a VF that is
 * being reset, and one that a guest is coming to.
 */
bool vpf_room_mac_taken(const struct vpf_nic *nic, unsigned int pool, const u8 *mac,
			unsigned int ignore, enum vpf_asker asker)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int i;

	lockdep_assert_held(&nic->filter_lock);

	for (i = 0; i < VPF_RARS; i++) {
		const struct vpf_rar *rar = &f->rar[i];

		if (rar->used && rar->pool != pool && !(ignore & BIT(rar->pool)) &&
		    pool_active(nic, rar->pool) && ether_addr_equal(rar->addr, mac))
			return true;
	}
	for (i = 0; i < nic->num_vfs; i++) {
		if (i == pool || ignore & BIT(i))
			continue;
		if (!(f->promise[i].same & BIT(pool)) && promises_mac(&f->promise[i], mac))
			return true;
		if (claimed(nic, i, pool, mac, asker))
			return true;
	}
	return false;
}

static unsigned int uc_used(const struct vpf_nic *nic, unsigned int pool)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int i, used = 0;

	for (i = VPF_RAR_FIRST; i <= VPF_RAR_LAST; i++)
		used += f->rar[i].used && f->rar[i].pool == pool;
	if (pool != VPF_POOL_PF && f->promise[pool].held)
		used = max_t(unsigned int, used, f->promise[pool].uc_count);
	return used;
}

/**
 * vpf_room_uc() - how many further addresses may this pool have in all?
 * @nic: the PF
 * @pool: whose
 * @same: bit: pool that its guest comes from, and whose entries it takes over
 *
 * If every other pool keeps what it has, or its share.
 */
unsigned int vpf_room_uc(const struct vpf_nic *nic, unsigned int pool, unsigned int same)
{
	unsigned int others = 0, p, used;

	lockdep_assert_held(&nic->filter_lock);

	for (p = 0; p < VPF_POOLS; p++) {
		if (p == pool || !pool_active(nic, p))
			continue;
		used = same & BIT(p) ? 0 : uc_used(nic, p);
		others += max_t(unsigned int, used, VPF_UCS_RESERVED);
	}
	return VFERRY_DEV_UC_ADDRS - min_t(unsigned int, others, VFERRY_DEV_UC_ADDRS);
}

/* Is the VLAN in the table, or will it be, for anybody but one pool? */
static bool vlan_known(const struct vpf_nic *nic, u16 vid, unsigned int except)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int i;

	if (!vid)
		return true;
	for (i = 0; i < VPF_VLVFS; i++)
		if (f->vlvf[i].vid == vid && f->vlvf[i].pools & ~BIT(except))
			return true;
	for (i = 0; i < nic->num_vfs; i++)
		if (i != except && promises_vlan(&f->promise[i], vid))
			return true;
	return false;
}

/* VLANs that were promised to a VF and that neither the table nor a VF before it has */
static unsigned int vlans_to_come(const struct vpf_nic *nic, unsigned int nr,
				  unsigned int except)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int i, n, count = 0;

	for (i = 0; i < f->promise[nr].vlan_count; i++) {
		u16 vid = f->promise[nr].vlans[i];
		bool counted = !vid;

		for (n = 0; n < VPF_VLVFS; n++)
			counted |= f->vlvf[n].vid == vid && f->vlvf[n].pools & ~BIT(except);
		for (n = 0; n < nr; n++)
			counted |= n != except && promises_vlan(&f->promise[n], vid);
		count += !counted;
	}
	return count;
}

/* Entries that are taken whatever one pool does; one is for VLAN 0, which all are in */
static unsigned int vlans_taken(const struct vpf_nic *nic, unsigned int except)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int i, taken = 1;

	for (i = 0; i < VPF_VLVFS; i++)
		taken += f->vlvf[i].vid && f->vlvf[i].pools & ~BIT(except);
	for (i = 0; i < nic->num_vfs; i++)
		if (i != except && f->promise[i].held)
			taken += vlans_to_come(nic, i, except);
	return taken;
}

static unsigned int vlans_used(const struct vpf_nic *nic, unsigned int pool)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int i, used = 0, promised = 0;

	for (i = 0; i < VPF_VLVFS; i++)
		used += f->vlvf[i].vid && f->vlvf[i].pools & BIT(pool);
	if (pool == VPF_POOL_PF || !f->promise[pool].held)
		return used;
	for (i = 0; i < f->promise[pool].vlan_count; i++)
		promised += f->promise[pool].vlans[i] != 0;
	return max(used, promised);
}

/* How far may this pool fill the table, if every other keeps its share? */
static unsigned int vlan_limit(const struct vpf_nic *nic, unsigned int pool)
{
	unsigned int limit = VPF_VLVFS, used, p;

	for (p = 0; p < VPF_POOLS; p++) {
		if (p == pool || !pool_active(nic, p))
			continue;
		used = vlans_used(nic, p);
		if (used < VPF_VLANS_RESERVED)
			limit -= VPF_VLANS_RESERVED - used;
	}
	return limit;
}

/**
 * vpf_room_vlan() - may this pool be in one more VLAN?
 * @nic: the PF
 * @pool: whose
 * @vid: VLAN id; one that the table has needs no room
 */
bool vpf_room_vlan(const struct vpf_nic *nic, unsigned int pool, u16 vid)
{
	lockdep_assert_held(&nic->filter_lock);

	return vlan_known(nic, vid, NOBODY) ||
	       vlans_taken(nic, NOBODY) < vlan_limit(nic, pool);
}

/* No VF, nothing claimed, nothing promised */
void vpf_room_clear(struct vpf_nic *nic)
{
	lockdep_assert_held(&nic->filter_lock);

	memset(nic->filter.claim, 0, sizeof(nic->filter.claim));
	memset(nic->filter.promise, 0, sizeof(nic->filter.promise));
}

/**
 * vpf_room_claim() - this is the address that a VF has after a reset
 * @nic: the PF
 * @nr: number of the VF
 * @mac: the address; if it is another's too, who uses it first has it
 * @by: where it comes from
 */
void vpf_room_claim(struct vpf_nic *nic, unsigned int nr, const u8 *mac, enum vpf_claim_by by)
{
	struct vpf_claim *claim = &nic->filter.claim[nr];

	spin_lock_bh(&nic->filter_lock);
	ether_addr_copy(claim->addr, mac);
	claim->by = by;
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_room_give() - the administrator wants a VF to have this address after a reset
 * @nic: the PF
 * @nr: number of the VF
 * @mac: the address
 *
 * Return: 0, or -EADDRINUSE: another has it, and nothing has changed.
 */
int vpf_room_give(struct vpf_nic *nic, unsigned int nr, const u8 *mac)
{
	struct vpf_claim *claim = &nic->filter.claim[nr];
	int err = 0;

	spin_lock_bh(&nic->filter_lock);
	if (vpf_room_mac_taken(nic, nr, mac, 0, VPF_ASK_HOST)) {
		err = -EADDRINUSE;
	} else {
		ether_addr_copy(claim->addr, mac);
		claim->by = VPF_CLAIM_SET;
	}
	spin_unlock_bh(&nic->filter_lock);
	return err;
}

/* The VF has a user, or none any more: then no guest comes from it to another VF */
void vpf_room_set_used(struct vpf_nic *nic, unsigned int nr, bool used)
{
	unsigned int i;

	spin_lock_bh(&nic->filter_lock);
	nic->filter.claim[nr].used = used;
	for (i = 0; i < VPF_MAX_VFS && !used; i++)
		nic->filter.promise[i].same &= ~BIT(nr);
	spin_unlock_bh(&nic->filter_lock);
}

static const u8 *first_taken(const struct vpf_nic *nic, unsigned int nr,
			     const struct vpf_promise *wanted)
{
	unsigned int i;

	for (i = 0; i < VPF_PROMISE_MACS; i++)
		if (vpf_room_mac_taken(nic, nr, wanted->macs[i], wanted->same, VPF_ASK_STATE))
			return wanted->macs[i];
	for (i = 0; i < wanted->uc_count; i++)
		if (vpf_room_mac_taken(nic, nr, wanted->ucs[i], wanted->same, VPF_ASK_STATE))
			return wanted->ucs[i];
	return NULL;
}

static unsigned int new_vlans(const struct vpf_nic *nic, unsigned int nr,
			      const struct vpf_promise *wanted)
{
	unsigned int i, count = 0;

	for (i = 0; i < wanted->vlan_count; i++)
		count += !vlan_known(nic, wanted->vlans[i], nr);
	return count;
}

/* Who has this address, which VF @nr cannot have; and what can be done about it */
static void say_taken(const struct vpf_nic *nic, unsigned int nr, const u8 *mac,
		      unsigned int same, char *reason, size_t size)
{
	unsigned int i;

	for (i = 0; i < nic->num_vfs; i++) {
		const struct vpf_claim *claim = &nic->filter.claim[i];

		if (i != nr && !(same & BIT(i)) && !claim->used && claim->by == VPF_CLAIM_SET &&
		    ether_addr_equal(claim->addr, mac)) {
			snprintf(reason, size, "address %pM is the administrator's for VF %u: ip link set %s vf %u mac %pM gives it to this VF",
				 mac, i, nic->netdev->name, nr, mac);
			return;
		}
	}
	snprintf(reason, size, "address %pM is in use on this PF", mac);
}

static int judge(const struct vpf_nic *nic, unsigned int nr, const struct vpf_promise *wanted,
		 char *reason, size_t size)
{
	const u8 *taken = first_taken(nic, nr, wanted);
	unsigned int uc = vpf_room_uc(nic, nr, wanted->same), vlans = new_vlans(nic, nr, wanted);

	if (taken) {
		say_taken(nic, nr, taken, wanted->same, reason, size);
		return -EADDRINUSE;
	}
	if (wanted->uc_count > uc) {
		snprintf(reason, size, "no room for %u further addresses, VF %u may have %u",
			 wanted->uc_count, nr, uc);
		return -ENOSPC;
	}
	if (vlans && vlans_taken(nic, nr) + vlans > vlan_limit(nic, nr)) {
		snprintf(reason, size, "no room for %u VLANs, %u of them not in use here",
			 wanted->vlan_count, vlans);
		return -ENOSPC;
	}
	return 0;
}

/**
 * vpf_room_promise() - keep what a guest that is on its way will need
 * @nic: the PF
 * @nr: number of the VF that it comes to
 * @wanted: all of it; takes the place of what was promised to the VF before
 * @reason: receives why not, in words
 * @size: of @reason
 *
 * What the VF has now does not count: it is reset before the guest is loaded.
 *
 * Return: 0, -EADDRINUSE or -ENOSPC; then nothing is promised any more.
 */
int vpf_room_promise(struct vpf_nic *nic, unsigned int nr, const struct vpf_promise *wanted,
		     char *reason, size_t size)
{
	struct vpf_promise *promise = &nic->filter.promise[nr];
	int err;

	spin_lock_bh(&nic->filter_lock);
	promise->held = false;
	err = judge(nic, nr, wanted, reason, size);
	if (!err) {
		*promise = *wanted;
		promise->held = true;
	}
	spin_unlock_bh(&nic->filter_lock);
	return err;
}

/* The guest is there, or does not come */
void vpf_room_release(struct vpf_nic *nic, unsigned int nr)
{
	spin_lock_bh(&nic->filter_lock);
	nic->filter.promise[nr].held = false;
	spin_unlock_bh(&nic->filter_lock);
}

/**
 * vpf_room_left() - what could this VF have now?
 * @nic: the PF
 * @nr: number of the VF; what it has counts as room
 * @ret_room: wholly written
 */
void vpf_room_left(struct vpf_nic *nic, unsigned int nr, struct vpf_room *ret_room)
{
	const struct vpf_filter *f = &nic->filter;
	unsigned int taken, limit, i;

	*ret_room = (struct vpf_room) {};
	spin_lock_bh(&nic->filter_lock);
	ret_room->addrs = vpf_room_uc(nic, nr, 0);
	taken = vlans_taken(nic, nr);
	limit = vlan_limit(nic, nr);
	ret_room->vlans = limit > taken ? limit - taken : 0;
	for (i = 0; i < VPF_VLVFS; i++)
		if (f->vlvf[i].pools & ~BIT(nr))
			ret_room->known[ret_room->known_count++] = f->vlvf[i].vid;
	spin_unlock_bh(&nic->filter_lock);
}

/* Is a guest on its way to this VF? */
bool vpf_room_promised(struct vpf_nic *nic, unsigned int nr)
{
	bool promised;

	spin_lock_bh(&nic->filter_lock);
	promised = nic->filter.promise[nr].held;
	spin_unlock_bh(&nic->filter_lock);
	return promised;
}
