/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files through which device state leaves and enters.
 *
 * A file may outlive its device: it is retired first, and from then on answers
 * -ENODEV. Its lock is taken inside the device's state_mutex and never held
 * while user memory is touched.
 */
#ifndef VFERRY_VFIO_DATA_H
#define VFERRY_VFIO_DATA_H

#include <linux/types.h>

struct file;
struct vferry_dev_state;
struct vferry_receive;
struct vferry_save;
struct vferry_vfio;

/**
 * vferry_save_open() - make a file to read device state from
 * @dev: the device
 * @compat: its state now: what the destination is told in PRE_COPY; NULL: the
 *	file does not begin in PRE_COPY
 * @ret_file: receives the file, with a reference for the caller
 *
 * Return: the file's own data, valid until vferry_save_retire(); or ERR_PTR.
 */
struct vferry_save *vferry_save_open(struct vferry_vfio *dev,
				     const struct vferry_dev_state *compat,
				     struct file **ret_file);

/**
 * vferry_save_complete() - the VM has stopped: no more than this will come
 * @save: the file
 * @state: of the VF at rest; not looked at if @err
 * @err: 0, or -errno: the migration is not to take place; reads fail with it
 */
void vferry_save_complete(struct vferry_save *save,
			  const struct vferry_dev_state *state, int err);

/**
 * vferry_save_retire() - the file is of no more use; whoever has it open may keep it
 * @save: the file; or NULL: nothing happens
 */
void vferry_save_retire(struct vferry_save *save);

/**
 * vferry_receive_open() - make a file to write device state to
 * @dev: the device
 * @ret_file: receives the file, with a reference for the caller
 *
 * Return: the file's own data, valid until vferry_receive_retire(); or ERR_PTR.
 */
struct vferry_receive *vferry_receive_open(struct vferry_vfio *dev,
					   struct file **ret_file);

/**
 * vferry_receive_finish() - nothing more will be written: is it good?
 * @receive: the file
 * @ret_state: what has arrived; written only on success
 *
 * The reason for refusing it has been reported.
 *
 * Return: 0 or -errno.
 */
int vferry_receive_finish(struct vferry_receive *receive,
			  struct vferry_dev_state *ret_state);
void vferry_receive_retire(struct vferry_receive *receive);

#endif
