/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the PF driver (vferry_pf) offers to the VFIO driver (vferry_vfio).
 *
 * All register knowledge is on the PF driver's side; the VFIO driver knows
 * states, verbs and struct vferry_dev_state. Symbols are exported in the
 * namespace VFERRY_PF, GPL only.
 *
 * Context: unless said otherwise functions may sleep, take no lock of the
 * caller, and may be called from several threads at once for one handle.
 * Event callbacks are described at struct vferry_pf_client_ops.
 */
#ifndef VFERRY_PF_OPS_H
#define VFERRY_PF_OPS_H

#include <linux/types.h>

#include "uapi/vferry_state.h"
#include "vferry_dev_state.h"

struct pci_dev;
struct vferry_pf_vf;	/* opaque: one VF, as the PF driver knows it */

/**
 * enum vferry_pf_event - what happens to a VF while VFIO holds it
 * @VFERRY_PF_EV_STATE: the migration state changed; see vferry_pf_state()
 * @VFERRY_PF_EV_FAILED: a command failed or was not answered in time; @err of
 *	the callback says why; kernel log and netlink family say it in words
 * @VFERRY_PF_EV_RESET: the VF was reset (by the guest, by FLR); a migration
 *	under way is lost
 * @VFERRY_PF_EV_SETTLED: a suspended guest has put away what its VF had received
 *	before; not every guest driver says so
 * @VFERRY_PF_EV_PONG: the guest has answered a ping, of this holder or of a user
 */
enum vferry_pf_event {
	VFERRY_PF_EV_STATE,
	VFERRY_PF_EV_FAILED,
	VFERRY_PF_EV_RESET,
	VFERRY_PF_EV_SETTLED,
	VFERRY_PF_EV_PONG,
};

/**
 * struct vferry_pf_client_ops - callbacks into the holder of a VF
 * @event: called from the PF's work queue, with the VF's lock *not* held; may
 *	sleep, must not call vferry_pf_close(). Not called again once
 *	vferry_pf_close() has returned. @state and @err are those at the time
 *	of the event (@err: 0 or -errno; of a change of state, -errno: an event that says
 *	why follows). @mig_id: of which migration, the present or the last one, 0: none
 */
struct vferry_pf_client_ops {
	void (*event)(void *ctx, enum vferry_pf_event event,
		      enum vferry_mig_state state, int err, u64 mig_id);
};

/**
 * vferry_pf_open() - take hold of a VF
 * @vf: PCI device of the VF
 * @ops: callbacks; must outlive the handle
 * @ctx: given to the callbacks
 *
 * One holder at a time. The handle stays valid until vferry_pf_close(); the
 * PF driver cannot disable SR-IOV before the VF's driver is unbound.
 *
 * Return: handle, or ERR_PTR: -ENODEV if the VF's PF is not driven by
 * vferry_pf, -EBUSY if it is held already.
 */
struct vferry_pf_vf *vferry_pf_open(struct pci_dev *vf,
				    const struct vferry_pf_client_ops *ops,
				    void *ctx);
void vferry_pf_close(struct vferry_pf_vf *vf);

/**
 * vferry_pf_migratable() - can the guest on this VF be migrated?
 * @vf: handle
 * @ret_reason: set to a constant string that says why not, or to NULL
 *
 * Return: 0, or -EOPNOTSUPP: no driver in the guest that speaks vferry,
 * -EHOSTDOWN: the guest sleeps, -ENETDOWN: the VF is not initialised by any driver,
 * -EBUSY: a migration is under way already.
 */
int vferry_pf_migratable(struct vferry_pf_vf *vf, const char **ret_reason);

/**
 * vferry_pf_ping() - ask the guest's driver for an answer, which changes nothing
 * @vf: handle
 *
 * The answer is an event; there may be none.
 *
 * Return: 0; -EBUSY: one is under way; -errno of vferry_pf_migratable().
 */
int vferry_pf_ping(struct vferry_pf_vf *vf);

/*
 * Commands. All only post: they return before the guest has answered and do
 * not sleep for it. The outcome is an event. -EINVAL: not possible in the
 * VF's state. -EOPNOTSUPP: the guest's driver does not speak vferry. The PF
 * driver keeps the deadlines: an unanswered MIGRATE is taken back by CANCEL,
 * an unanswered SUSPEND by RESUME, RESUME is repeated.
 */
/* @ret_mig_id: the migration's, written before any event of it can come */
int vferry_pf_migrate(struct vferry_pf_vf *vf, u64 *ret_mig_id);
int vferry_pf_suspend(struct vferry_pf_vf *vf);
/* @more: the migration goes on, the guest keeps its dirty log. */
int vferry_pf_resume(struct vferry_pf_vf *vf, bool more);
/* From any state, also IDLE (then nothing happens). Resumes a suspended VF. */
int vferry_pf_cancel(struct vferry_pf_vf *vf);

enum vferry_mig_state vferry_pf_state(struct vferry_pf_vf *vf);

/**
 * vferry_pf_mig_id() - which migration is under way?
 * @vf: handle
 *
 * The guest logs without a gap from MIGRATING on for as long as this is the same.
 *
 * Return: its id, 0: none.
 */
u64 vferry_pf_mig_id(struct vferry_pf_vf *vf);

/**
 * vferry_pf_report() - say why a migration fails, once, where people look
 * @vf: handle
 * @err: -errno
 * @reason: in words, without a final dot or newline
 *
 * Kernel log of the PF and an event of the netlink family vferry_pf.
 */
void vferry_pf_report(struct vferry_pf_vf *vf, int err, const char *reason);

/**
 * vferry_pf_phase() - note a step of the virtual machine for the timeline
 * @vf: handle
 * @phase: enum vferry_pf_nl_phase (uapi/vferry_pf.h)
 *
 * Time-stamped and sent as an event of the netlink family vferry_pf.
 */
void vferry_pf_phase(struct vferry_pf_vf *vf, u32 phase);

/**
 * vferry_pf_quiesce() - stop or start the VF's DMA while its VM is stopped
 * @vf: handle
 * @quiet: true: when this returns no DMA of the VF is under way and none will
 *	start. false: undo, look at the rings again and raise the interrupts
 *	that may have been lost
 *
 * Counted by nobody: idempotent. Filters and rings are left alone.
 */
int vferry_pf_quiesce(struct vferry_pf_vf *vf, bool quiet);

/**
 * vferry_pf_save() - read what the host knows of a VF
 * @vf: handle
 * @ret_state: wholly written
 */
int vferry_pf_save(struct vferry_pf_vf *vf, struct vferry_dev_state *ret_state);

/**
 * enum vferry_pf_known - how much of a state has come so far; all else in it is zero
 * @VFERRY_PF_KNOWN_NOTHING: nothing that could be judged
 * @VFERRY_PF_KNOWN_COMPAT: what COMPAT carries
 * @VFERRY_PF_KNOWN_ROOM: and what ROOM carries: VLANs, addresses, priority
 * @VFERRY_PF_KNOWN_ALL: all
 */
enum vferry_pf_known {
	VFERRY_PF_KNOWN_NOTHING,
	VFERRY_PF_KNOWN_COMPAT,
	VFERRY_PF_KNOWN_ROOM,
	VFERRY_PF_KNOWN_ALL,
};

/**
 * vferry_pf_promise() - could this state be loaded here? Then keep what it needs
 * @vf: handle
 * @state: validated by the stream's reader as to sizes, not as to meaning
 * @known: how much of it has come
 * @reason: receives why not, in words, without a final dot or newline
 * @size: of @reason, bytes
 *
 * Called whenever more is known. What is promised (addresses, VLANs) nobody else gets, and
 * what an administrator sets cannot be made to contradict it, until vferry_pf_load(),
 * vferry_pf_release(), vferry_pf_close() or a refusal: once all is known and
 * promised, vferry_pf_load() has no reason left to refuse.
 *
 * A MAC that another VF of this PF uses is no conflict while that VF's guest leaves
 * in the same migration (@state->mig_id): it moves within this host. One that an administrator
 * has set for another VF is, whether that is used or not, unless he has set it for this one too.
 *
 * Return: 0; -EOPNOTSUPP: other NIC or protocol; -EEXIST: contradicts what an
 * administrator has set on this host; -EPERM: needs trust, which only he can give;
 * -EADDRINUSE: the MAC belongs to another on this PF; -ENOSPC: no filter is free; -ENETDOWN: the
 * port has no link, and that where the guest is has; -EINVAL: no such value.
 */
int vferry_pf_promise(struct vferry_pf_vf *vf, const struct vferry_dev_state *state,
		      enum vferry_pf_known known, char *reason, size_t size);

/* The state that was promised room does not come after all; harmless if none was. */
void vferry_pf_release(struct vferry_pf_vf *vf);

/**
 * vferry_pf_load() - program a VF from a state; the VF is SUSPENDED afterwards, or
 * IDLE if @state->mig_id is 0
 * @vf: handle
 * @state: accepted by vferry_pf_promise(), all of it
 *
 * Whatever a user did with the VF meanwhile is over: it is reset first.
 *
 * To be called when the VM's PCI configuration and MSI-X are in place (arc
 * to RUNNING), followed by vferry_pf_resume() or vferry_pf_restart(). An FLR of the VF that
 * the PF has not seen yet is handled first.
 *
 * Return: 0; or -errno: not expected, as there was a promise. The VF has been reset then, and
 * the guest's driver is told, so that it comes up as after a reset.
 */
int vferry_pf_load(struct vferry_pf_vf *vf, const struct vferry_dev_state *state);

/**
 * vferry_pf_restart() - make the guest's driver reset its VF, instead of vferry_pf_resume()
 * @vf: handle, loaded
 *
 * For a guest that was not suspended when its state was read (@state->mig_id is 0): its
 * rings are not as it believes them to be.
 *
 * Return: 0; -ENODEV.
 */
int vferry_pf_restart(struct vferry_pf_vf *vf);

#endif
