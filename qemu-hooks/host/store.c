// SPDX-License-Identifier: GPL-2.0-or-later
/* Reservations of VFs; see store.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "pf.h"
#include "store.h"
#include "sysfs.h"

const char *store_path = "/run/vferry";

#define NEW_FILE	".new"
#define MAX_SIZE	4096

/* flock() has no deadline of its own, and a signal would be one for the whole process */
static int lock(int fd)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	uint64_t until = from_now_ns(STORE_LOCK_MS);

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (now_ns() >= until)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int store_open_unlocked(struct store *ret)
{
	*ret = (struct store) STORE_CLOSED;
	ret->dir = open(store_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->dir < 0 ? -errno : 0;
}

int store_open(struct store *ret)
{
	int r;

	*ret = (struct store) STORE_CLOSED;
	if (mkdir(store_path, 0755) && errno != EEXIST)
		return -errno;
	r = store_open_unlocked(ret);
	if (r < 0)
		return r;
	/* Whoever can open what is locked can lock it: not the folder, which all may read. */
	ret->lock = openat(ret->dir, STORE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = ret->lock < 0 ? -errno : lock(ret->lock);
	if (r < 0)
		store_close(ret);
	return r;
}

void store_close(struct store *store)
{
	if (store->lock >= 0)
		close(store->lock);
	if (store->dir >= 0)
		close(store->dir);
	*store = (struct store) STORE_CLOSED;
}

static int read_whole(int fd, char *buf, size_t size, size_t *ret_size)
{
	ssize_t n;

	for (*ret_size = 0; *ret_size < size; *ret_size += n) {
		n = read(fd, buf + *ret_size, size - *ret_size);
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
	}
	return -EBADMSG;
}

int store_get(const struct store *store, const char *pci, struct reservation *ret)
{
	_cleanup_close_ int fd = openat(store->dir, pci, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[MAX_SIZE];
	size_t size;
	int r;

	if (fd < 0)
		return -errno;
	r = read_whole(fd, text, sizeof(text), &size);
	return r < 0 ? r : reservation_read(text, size, ret);
}

static int write_new(const struct store *store, const struct reservation *r)
{
	_cleanup_free_ char *text = reservation_text(r);
	_cleanup_close_ int fd = -1;
	size_t size;

	if (!text)
		return -EINVAL;
	fd = openat(store->dir, NEW_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	size = strlen(text);
	return write(fd, text, size) == (ssize_t)size ? 0 : -EIO;
}

int store_add(const struct store *store, const char *pci, const struct reservation *r)
{
	int err = write_new(store, r);

	if (!err && linkat(store->dir, NEW_FILE, store->dir, pci, 0))
		err = -errno;
	unlinkat(store->dir, NEW_FILE, 0);
	return err;
}

int store_replace(const struct store *store, const char *pci, const struct reservation *r)
{
	int err = write_new(store, r);

	if (!err && renameat(store->dir, NEW_FILE, store->dir, pci))
		err = -errno;
	if (err)
		unlinkat(store->dir, NEW_FILE, 0);
	return err;
}

int store_remove(const struct store *store, const char *pci)
{
	return unlinkat(store->dir, pci, 0) ? -errno : 0;
}

int store_list(const struct store *store, char (**ret_pci)[MSG_PCI], size_t *ret_count)
{
	_cleanup_free_ char (*list)[MSG_PCI] = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	size_t count = 0;
	int fd;

	/* not dup(): it would share the position, and a lock is not needed for it */
	fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		char pci[MSG_PCI], (*grown)[MSG_PCI];

		if (pci_address(entry->d_name, pci, sizeof(pci)) || strcmp(entry->d_name, pci))
			continue;
		grown = reallocarray(list, count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list = grown;
		strcpy(list[count++], pci);
	}
	*ret_pci = list;
	*ret_count = count;
	list = NULL;
	return 0;
}
