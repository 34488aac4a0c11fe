/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This host, as the hook sees and changes it: VFs, their reservations, their
 * addresses and VLANs.
 */
#ifndef VFERRY_LIBVIRT_HOST_H
#define VFERRY_LIBVIRT_HOST_H

#include "choose.h"
#include "conf.h"
#include "pf.h"
#include "reservation.h"
#include "store.h"

/**
 * struct host - with the lock on the reservations
 * @pf: the PF driver
 * @store: reservations
 * @table: VFs
 */
struct host {
	struct pf *pf;
	struct store store;
	struct conf conf;
	struct vf_table table;
};

/**
 * host_open() - see all VFs, and remove reservations of domains that have gone
 * @ret: to be freed by host_close() also after an error
 * @uuid: of the domain that asks
 * @reason: receives what is wrong and what to do, one line
 * @size: of @reason
 *
 * Return: 0; -ENOENT: vferry_pf is not loaded; -errno.
 */
int host_open(struct host *ret, const char *uuid, char *reason, size_t size);
void host_close(struct host *host);

/* Complete the names of who uses VFs: looks at all processes. */
void host_name_users(struct host *host);

/* What is at a PCI address? Needs no host_open(). */
enum dom_here host_here(const char *pci);

/* A PF that vferry_pf could drive, if there is one; @ret may be NULL. Needs no host_open(). */
bool host_nic(struct target *ret);

/* The VF at this address, or NULL. */
const struct vf_row *host_row(const struct host *host, const char *pci);

/**
 * host_reserve() - a VF is the domain's from now on
 * @host: this host
 * @row: the VF
 * @dom: the domain
 * @device: its device that is to have the VF
 * @state: of the reservation; INCOMING: address and VLAN are set as the domain says
 * @reason: receives what is wrong, one line
 * @size: of @reason
 *
 * Return: 0; -errno, then nothing has changed.
 */
int host_reserve(struct host *host, const struct vf_row *row, const struct dom *dom,
		 const struct dom_device *device, enum reservation_state state,
		 char *reason, size_t size);

/* The domain's reservation of this VF is as far as that: 1; 0: it has none; -errno. */
int host_advance(struct host *host, const char *pci, const char *uuid,
		 enum reservation_state state);

/**
 * host_release() - free all VFs of a domain, and undo what was set on them
 * @host: this host
 * @uuid: of the domain
 * @but_held: not those that somebody has open
 *
 * Return: 0, or the last -errno.
 */
int host_release(struct host *host, const char *uuid, bool but_held);

static inline void host_p(struct host *host)
{
	host_close(host);
}

#endif
