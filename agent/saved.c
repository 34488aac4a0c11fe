// SPDX-License-Identifier: GPL-2.0-or-later
/* A snapshot in a file. See saved.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "saved.h"

#define MAGIC		"vferryd1"
#define FILE_MAX	(16u << 20)

struct head {
	char magic[8];
	struct saved saved;
	uint64_t messages;	/* bytes that follow */
};

static int write_all(FILE *file, const struct saved *saved, const struct snapshot *snapshot)
{
	struct head head = { .magic = MAGIC, .saved = *saved };
	static const uint8_t zeros[NLMSG_ALIGNTO];
	size_t i;

	for (i = 0; i < snapshot->count; i++)
		head.messages += NLMSG_ALIGN(snapshot->objects[i]->msg->nlmsg_len);
	fwrite(&head, sizeof(head), 1, file);
	for (i = 0; i < snapshot->count; i++) {
		const struct nlmsghdr *msg = snapshot->objects[i]->msg;

		fwrite(msg, msg->nlmsg_len, 1, file);
		fwrite(zeros, NLMSG_ALIGN(msg->nlmsg_len) - msg->nlmsg_len, 1, file);
	}
	return ferror(file) || fflush(file) ? -EIO : 0;
}

int saved_write(const char *path, const struct saved *saved, const struct snapshot *snapshot)
{
	_cleanup_fclose_ FILE *file = NULL;
	char tmp[PATH_MAX];
	int r;

	snprintf(tmp, sizeof(tmp), "%s.new", path);
	file = fopen(tmp, "we");
	if (!file)
		return -errno;
	r = write_all(file, saved, snapshot);
	if (!r && rename(tmp, path))
		r = -errno;
	if (r < 0)
		unlink(tmp);
	return r;
}

/* Messages are copied one by one: in the file, they need not be aligned. */
static int parse_message(const uint8_t *data, size_t left, uint32_t ifindex,
			 struct snapshot *snapshot, size_t *ret_len)
{
	_cleanup_free_ struct nlmsghdr *msg = NULL;
	struct nlmsghdr head;
	int r;

	if (left < sizeof(head))
		return -EBADMSG;
	memcpy(&head, data, sizeof(head));
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > left ||
	    NLMSG_ALIGN(head.nlmsg_len) > left)
		return -EBADMSG;
	msg = malloc(head.nlmsg_len);
	if (!msg)
		return -ENOMEM;
	memcpy(msg, data, head.nlmsg_len);
	/* The links are over: now it is known what belongs. */
	if (msg->nlmsg_type != RTM_NEWLINK && !snapshot->n_set) {
		r = snapshot_close(snapshot, ifindex);
		if (r < 0)
			return r == -ENODEV ? -EBADMSG : r;
	}
	*ret_len = NLMSG_ALIGN(head.nlmsg_len);
	return snapshot_add(snapshot, msg, head.nlmsg_len);
}

int saved_parse(const uint8_t *data, size_t len, struct saved *ret, struct snapshot *snapshot)
{
	struct head head;
	size_t at, used;
	int r;

	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, data, sizeof(head));
	if (memcmp(head.magic, MAGIC, sizeof(head.magic)) || head.messages != len - sizeof(head) ||
	    !head.saved.ifindex)
		return -EBADMSG;
	for (at = sizeof(head); at < len; at += used) {
		r = parse_message(data + at, len - at, head.saved.ifindex, snapshot, &used);
		if (r < 0)
			return r;
	}
	if (!snapshot->n_set) {
		r = snapshot_close(snapshot, head.saved.ifindex);
		if (r < 0)
			return r == -ENODEV ? -EBADMSG : r;
	}
	snapshot_sort(snapshot);
	*ret = head.saved;
	return 0;
}

int saved_read(const char *path, struct saved *ret, struct snapshot *snapshot)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return -EBADMSG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	n = read(fd, data, (size_t)st.st_size);
	if (n < 0)
		return -errno;
	return saved_parse(data, (size_t)n, ret, snapshot);
}
