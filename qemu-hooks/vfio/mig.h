/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration of one VF: VFIO's state machine on one side, the PF driver's verbs
 * on the other.
 */
#ifndef VFERRY_VFIO_MIG_H
#define VFERRY_VFIO_MIG_H

struct vferry_vfio;
struct vferry_pf_vf;
struct vfio_migration_ops;

extern const struct vfio_migration_ops vferry_mig_ops;
extern const struct vferry_pf_client_ops vferry_mig_client_ops;

/**
 * vferry_mig_init() - prepare what migration needs; once for each VF
 * @dev: freshly allocated
 */
void vferry_mig_init(struct vferry_vfio *dev);

/**
 * vferry_mig_open() - a user has opened the device: it runs, nothing migrates
 * @dev: the device
 * @vf: the PF driver's handle on it; kept until vferry_mig_close()
 */
void vferry_mig_open(struct vferry_vfio *dev, struct vferry_pf_vf *vf);

/**
 * vferry_mig_end() - the user is gone: end what goes on, retire the files
 * @dev: the device, before it is reset for good
 */
void vferry_mig_end(struct vferry_vfio *dev);

/**
 * vferry_mig_close() - give the handle on the VF back
 * @dev: the device, after its last reset
 */
void vferry_mig_close(struct vferry_vfio *dev);

/**
 * vferry_mig_unlock() - release the state_mutex
 * @dev: with its state_mutex held
 *
 * Deals with a reset that happened meanwhile.
 */
void vferry_mig_unlock(struct vferry_vfio *dev);

/**
 * vferry_mig_report() - say why a migration fails
 * @dev: open
 * @err: -errno
 * @format: reason, without a final dot or newline
 *
 * Return: @err.
 */
__printf(3, 4)
int vferry_mig_report(struct vferry_vfio *dev, int err, const char *format, ...);

/**
 * vferry_mig_reset_done() - the device was reset
 * @dev: may be closed
 *
 * Takes no lock that is held across user memory accesses, as VFIO holds its
 * memory_lock here.
 */
void vferry_mig_reset_done(struct vferry_vfio *dev);

#endif
