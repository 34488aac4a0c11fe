// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files through which device state leaves and enters; see data.h.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/uaccess.h>

#include "uapi/vferry_pf.h"

#include "mig.h"
#include "stream.h"
#include "vferry_vfio.h"

/*
 * Bytes that go between user space and a file at a time. They wait on the
 * stack, so that no lock is held while user memory is touched: that memory
 * might be the device's own, and wait for VFIO's memory_lock.
 */
#define BOUNCE	256

/**
 * struct vferry_save - what is read by the source's QEMU
 * @file: itself; holds a reference until retired
 * @lock: protects all below, and serialises readers
 * @dev: the device, until retired
 * @writer: of @buf
 * @pos: bytes read so far
 * @precopy: the device is in PRE_COPY
 * @complete: no more will come
 * @saved: it was noted that all has been read
 * @err: 0, or -errno that reads fail with
 * @buf: the stream
 */
struct vferry_save {
	struct file *file;
	struct mutex lock;
	struct vferry_vfio *dev;
	struct vferry_stream_writer writer;
	u32 pos;
	bool precopy;
	bool complete;
	bool saved;
	int err;
	u8 buf[VFERRY_STREAM_WRITE_MAX];
};

/**
 * struct vferry_receive - what is written by the destination's QEMU
 * @file: itself; holds a reference until retired
 * @lock: protects all below, and serialises writers
 * @dev: the device, until retired
 * @reader: of the stream
 * @known: how much of the state has been judged, and found good
 * @err: 0, or -errno that writes fail with
 */
struct vferry_receive {
	struct file *file;
	struct mutex lock;
	struct vferry_vfio *dev;
	struct vferry_stream_reader reader;
	enum vferry_pf_known known;
	int err;
};

/*
 * Source
 */

/* Next bytes, at most @size: 0: the end; -ENOMSG: no more for now. */
static int save_take(struct vferry_save *save, u8 *bounce, u32 size)
{
	u32 left = save->writer.len - save->pos;
	int failed;

	lockdep_assert_held(&save->lock);

	if (!save->dev)
		return -ENODEV;
	if (save->err)
		return save->err;

	failed = save->complete ? 0 : READ_ONCE(save->dev->failed);
	if (failed)
		return failed;

	if (!left && !save->complete)
		return -ENOMSG;
	if (!left && !save->saved) {
		save->saved = true;
		vferry_pf_phase(save->dev->vf, VFERRY_PF_PHASE_SAVED);
	}

	size = min(size, left);
	memcpy(bounce, save->buf + save->pos, size);
	save->pos += size;
	return size;
}

static ssize_t save_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct vferry_save *save = file->private_data;
	u8 bounce[BOUNCE];
	size_t done = 0;
	int n;

	if (pos)
		return -ESPIPE;

	while (done < len) {
		mutex_lock(&save->lock);
		n = save_take(save, bounce, min_t(size_t, len - done, BOUNCE));
		mutex_unlock(&save->lock);
		if (n <= 0)
			return done ? done : n;

		if (copy_to_user(buf + done, bounce, n)) {
			/* These bytes are lost, and so is the stream. */
			mutex_lock(&save->lock);
			save->err = -EFAULT;
			mutex_unlock(&save->lock);
			return -EFAULT;
		}
		done += n;
	}
	return done;
}

static long save_precopy_info(struct vferry_save *save, void __user *arg)
{
	struct vfio_precopy_info info = {};
	unsigned long minsz;

	minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	mutex_lock(&save->lock);
	if (!save->dev || !save->precopy) {
		mutex_unlock(&save->lock);
		return -EINVAL;
	}
	info.flags = 0;
	info.initial_bytes = save->writer.len - save->pos;
	info.dirty_bytes = 0;
	mutex_unlock(&save->lock);

	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long save_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vferry_save *save = file->private_data;

	if (cmd == VFIO_MIG_GET_PRECOPY_INFO)
		return save_precopy_info(save, (void __user *)arg);
	return -ENOTTY;
}

static int save_release(struct inode *inode, struct file *file)
{
	struct vferry_save *save = file->private_data;

	mutex_destroy(&save->lock);
	kfree(save);
	return 0;
}

static const struct file_operations save_fops = {
	.owner = THIS_MODULE,
	.read = save_read,
	.unlocked_ioctl = save_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = save_release,
};

struct vferry_save *vferry_save_open(struct vferry_vfio *dev,
				     const struct vferry_dev_state *compat,
				     struct file **ret_file)
{
	struct vferry_save *save;
	int err;

	save = kzalloc(sizeof(*save), GFP_KERNEL_ACCOUNT);
	if (!save)
		return ERR_PTR(-ENOMEM);

	mutex_init(&save->lock);
	save->dev = dev;
	vferry_stream_write(&save->writer, save->buf, sizeof(save->buf));
	if (compat) {
		save->precopy = true;
		err = vferry_stream_put_compat(&save->writer, compat);
		if (!err)
			err = vferry_stream_put_room(&save->writer, compat);
		if (err)
			goto err_free;
	}

	save->file = anon_inode_getfile("vferry-save", &save_fops, save, O_RDONLY);
	if (IS_ERR(save->file)) {
		err = PTR_ERR(save->file);
		goto err_free;
	}
	stream_open(save->file->f_inode, save->file);
	*ret_file = get_file(save->file);
	return save;

err_free:
	mutex_destroy(&save->lock);
	kfree(save);
	return ERR_PTR(err);
}

void vferry_save_complete(struct vferry_save *save,
			  const struct vferry_dev_state *state, int err)
{
	mutex_lock(&save->lock);
	if (!err && !save->writer.len)
		err = vferry_stream_put_compat(&save->writer, state);
	if (!err)
		err = vferry_stream_put_rest(&save->writer, state);
	if (err)
		save->err = err;
	save->precopy = false;
	save->complete = true;
	mutex_unlock(&save->lock);
}

void vferry_save_retire(struct vferry_save *save)
{
	if (!save)
		return;

	mutex_lock(&save->lock);
	save->dev = NULL;
	mutex_unlock(&save->lock);
	fput(save->file);
}

/*
 * Destination
 */

static enum vferry_pf_known known_now(const struct vferry_stream_reader *reader)
{
	if (vferry_stream_has_end(reader))
		return VFERRY_PF_KNOWN_ALL;
	if (vferry_stream_has_room(reader))
		return VFERRY_PF_KNOWN_ROOM;
	if (vferry_stream_has_compat(reader))
		return VFERRY_PF_KNOWN_COMPAT;
	return VFERRY_PF_KNOWN_NOTHING;
}

/*
 * Judge what is new. All of it here, in write(): a write that fails ends the migration while the
 * source still has the guest; what comes after the last one cannot fail any more.
 */
static int receive_judge(struct vferry_receive *receive)
{
	struct vferry_stream_reader *reader = &receive->reader;
	enum vferry_pf_known known = known_now(reader);
	struct vferry_vfio *dev = receive->dev;
	char reason[160];
	int err;

	lockdep_assert_held(&receive->lock);

	if (known == receive->known)
		return 0;
	receive->known = known;
	if (known == VFERRY_PF_KNOWN_ALL) {
		err = vferry_stream_done(reader);
		if (err)
			return vferry_mig_report(dev, err, "device state refused: %s",
						 reader->reason);
	}
	err = vferry_pf_promise(dev->vf, &reader->state, known, reason, sizeof(reason));
	if (err)
		return vferry_mig_report(dev, err, "cannot come to this host: %s", reason);
	return 0;
}

static int receive_put(struct vferry_receive *receive, const u8 *bounce, u32 size)
{
	struct vferry_stream_reader *reader = &receive->reader;

	lockdep_assert_held(&receive->lock);

	if (!receive->dev)
		return -ENODEV;
	if (receive->err)
		return receive->err;

	receive->err = vferry_stream_push(reader, bounce, size);
	if (receive->err)
		return vferry_mig_report(receive->dev, receive->err,
					 "device state refused: %s", reader->reason);

	receive->err = receive_judge(receive);
	return receive->err;
}

static ssize_t receive_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct vferry_receive *receive = file->private_data;
	u8 bounce[BOUNCE];
	size_t done = 0;
	size_t n;
	int err;

	if (pos)
		return -ESPIPE;

	while (done < len) {
		n = min_t(size_t, len - done, BOUNCE);
		if (copy_from_user(bounce, buf + done, n))
			return done ? done : -EFAULT;

		mutex_lock(&receive->lock);
		err = receive_put(receive, bounce, n);
		mutex_unlock(&receive->lock);
		if (err)
			return err;
		done += n;
	}
	return done;
}

static int receive_release(struct inode *inode, struct file *file)
{
	struct vferry_receive *receive = file->private_data;

	mutex_destroy(&receive->lock);
	kfree(receive);
	return 0;
}

static const struct file_operations receive_fops = {
	.owner = THIS_MODULE,
	.write = receive_write,
	.release = receive_release,
};

struct vferry_receive *vferry_receive_open(struct vferry_vfio *dev, struct file **ret_file)
{
	struct vferry_receive *receive;
	int err;

	receive = kzalloc(sizeof(*receive), GFP_KERNEL_ACCOUNT);
	if (!receive)
		return ERR_PTR(-ENOMEM);

	mutex_init(&receive->lock);
	receive->dev = dev;
	vferry_stream_read(&receive->reader);

	receive->file = anon_inode_getfile("vferry-receive", &receive_fops, receive, O_WRONLY);
	if (IS_ERR(receive->file)) {
		err = PTR_ERR(receive->file);
		goto err_free;
	}
	stream_open(receive->file->f_inode, receive->file);
	*ret_file = get_file(receive->file);
	return receive;

err_free:
	mutex_destroy(&receive->lock);
	kfree(receive);
	return ERR_PTR(err);
}

int vferry_receive_finish(struct vferry_receive *receive, struct vferry_dev_state *ret_state)
{
	struct vferry_stream_reader *reader = &receive->reader;
	int err;

	mutex_lock(&receive->lock);
	err = receive->err;
	if (err)
		goto unlock;

	/* judged when it was written; all that can be wrong now is that not all was */
	err = vferry_stream_done(reader);
	if (err)
		vferry_mig_report(receive->dev, err, "device state refused: %s", reader->reason);
	receive->err = err;
	if (!err)
		*ret_state = reader->state;
unlock:
	mutex_unlock(&receive->lock);
	return err;
}

void vferry_receive_retire(struct vferry_receive *receive)
{
	if (!receive)
		return;

	mutex_lock(&receive->lock);
	receive->dev = NULL;
	mutex_unlock(&receive->lock);
	fput(receive->file);
}
