/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages the host reports as dirtied by the VF.
 *
 * The guest's driver logs the pages that the NIC writes by touching them, so
 * KVM's dirty log has them, and VFIO's own report is to be empty. Until the
 * guest logs, however, VFIO has to report everything.
 *
 * With the type1 container a group reports all mapped memory, round by round,
 * until a driver pins a page for the first time; from then on, until the group
 * is detached, only pages pinned since the last round. So one page is pinned
 * and unpinned once the guest logs. There is no way back: for a
 * second migration of the same VM the guest has to log before the first page
 * is sent.
 *
 * On kernels with IOMMUFD the driver itself is asked for the dirty pages: it
 * reports all of them until the guest logs, then none.
 */
#ifndef VFERRY_VFIO_TRACK_H
#define VFERRY_VFIO_TRACK_H

#include <linux/types.h>
#include <linux/wait.h>

struct vferry_vfio;
struct vfio_device;
struct vfio_log_ops;

/**
 * struct vferry_track - state of dirty tracking
 * @scoped: the container reports pinned pages only. Protected by the state_mutex
 * @complained: it was reported that no page could be pinned. Likewise
 * @pinning: a page is, or may be, pinned right now
 * @idle: woken when @pinning ends
 * @logging: VFIO_DEVICE_FEATURE_DMA_LOGGING is on. Protected by the state_mutex
 * @report_all: DMA logging reports all pages as dirty. Likewise
 */
struct vferry_track {
	bool scoped;
	bool complained;
	bool pinning;
	wait_queue_head_t idle;
	bool logging;
	bool report_all;
};

/* NULL where the kernel cannot carry out DMA logging (no IOMMUFD). */
extern const struct vfio_log_ops *const vferry_track_log_ops;

void vferry_track_init(struct vferry_vfio *dev);

/* The device was opened: nothing is known of the container. */
void vferry_track_open(struct vferry_vfio *dev);

/**
 * vferry_track_trust_guest() - the guest logs: stop reporting all pages
 * @dev: with its state_mutex held
 *
 * Only to be called when nothing that the NIC wrote before the guest logged
 * can be missed: before the first page is sent, or right after a round in
 * which all pages were reported. Idempotent. If no page can be pinned, all
 * pages are reported on: the migration takes longer, nothing is lost.
 */
void vferry_track_trust_guest(struct vferry_vfio *dev);

/**
 * vferry_track_is_final() - does VFIO report next to nothing for good?
 * @dev: with its state_mutex held
 *
 * Then a migration may begin only once the guest logs.
 */
bool vferry_track_is_final(const struct vferry_vfio *dev);

/* vfio_device_ops.dma_unmap */
void vferry_track_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length);

#endif
