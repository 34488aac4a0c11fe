// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages the host reports as dirtied by the VF; see track.h.
 */
#include <linux/iommu.h>
#include <linux/iova_bitmap.h>
#include <linux/sizes.h>

#include "mig.h"
#include "vferry_vfio.h"

/*
 * How long an unmap waits for a pin under way, jiffies. The pin itself may wait
 * for a lock whose holder waits for the unmap: so not forever. VFIO asks again,
 * ten times.
 */
#define UNMAP_WAIT	msecs_to_jiffies(200)

/*
 * Guest addresses of which one is RAM in any PC, and in most other machines.
 * The guest's memory map is not known here; an address that is not mapped, or
 * is ROM, cannot be pinned, and does no harm.
 */
static const dma_addr_t candidates[] = {
	SZ_4K, SZ_64K, SZ_512K, SZ_1M, SZ_2M, SZ_16M, SZ_64M, SZ_128M, SZ_1G,
	0x100000000ULL, 0x40200000,
};

void vferry_track_init(struct vferry_vfio *dev)
{
	init_waitqueue_head(&dev->track.idle);
}

void vferry_track_open(struct vferry_vfio *dev)
{
	dev->track.scoped = false;
	dev->track.complained = false;
	dev->track.logging = false;
	dev->track.report_all = true;
}

bool vferry_track_is_final(const struct vferry_vfio *dev)
{
	return !vferry_track_log_ops && dev->track.scoped;
}

/* Pin one page, anywhere, for a moment. */
static bool pin_a_page(struct vferry_vfio *dev)
{
	struct vfio_device *vdev = &dev->core.vdev;
	struct page *page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (vfio_pin_pages(vdev, candidates[i], 1,
				   IOMMU_READ | IOMMU_WRITE, &page) == 1) {
			vfio_unpin_pages(vdev, candidates[i], 1);
			return true;
		}
	}
	return false;
}

void vferry_track_trust_guest(struct vferry_vfio *dev)
{
	struct vferry_track *track = &dev->track;

	lockdep_assert_held(&dev->state_mutex);

	track->report_all = false;
	if (vferry_track_log_ops || track->scoped)
		return;

	WRITE_ONCE(track->pinning, true);
	track->scoped = pin_a_page(dev);
	smp_store_release(&track->pinning, false);
	wake_up_all(&track->idle);

	if (!track->scoped && !track->complained) {
		track->complained = true;
		vferry_pf_report(dev->vf, -EFAULT,
				 "no page of the guest can be pinned: all memory counts as dirty");
	}
}

/*
 * VFIO crashes the host if a page is still pinned after ten of these calls. No
 * page stays pinned here; wait until the one that may be is not any more.
 */
void vferry_track_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct vferry_track *track = &vferry_from_vdev(vdev)->track;

	wait_event_timeout(track->idle, !smp_load_acquire(&track->pinning), UNMAP_WAIT);
}

#if IS_ENABLED(CONFIG_IOMMUFD_DRIVER)

static int log_start(struct vfio_device *vdev, struct rb_root_cached *ranges,
		     u32 nnodes, u64 *page_size)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);
	int err = 0;

	mutex_lock(&dev->state_mutex);
	if (dev->track.logging) {
		err = -EINVAL;
	} else {
		dev->track.logging = true;
		dev->track.report_all = true;
		*page_size = max_t(u64, *page_size, PAGE_SIZE);
	}
	vferry_mig_unlock(dev);
	return err;
}

static int log_stop(struct vfio_device *vdev)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);

	mutex_lock(&dev->state_mutex);
	dev->track.logging = false;
	vferry_mig_unlock(dev);
	return 0;
}

static int log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
			      unsigned long length, struct iova_bitmap *dirty)
{
	struct vferry_vfio *dev = vferry_from_vdev(vdev);
	int err = 0;

	mutex_lock(&dev->state_mutex);
	if (!dev->track.logging)
		err = -EINVAL;
	else if (dev->track.report_all)
		iova_bitmap_set(dirty, iova, length);
	vferry_mig_unlock(dev);
	return err;
}

static const struct vfio_log_ops log_ops = {
	.log_start = log_start,
	.log_stop = log_stop,
	.log_read_and_clear = log_read_and_clear,
};

const struct vfio_log_ops *const vferry_track_log_ops = &log_ops;

#else

const struct vfio_log_ops *const vferry_track_log_ops;

#endif
