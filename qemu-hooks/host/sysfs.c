// SPDX-License-Identifier: GPL-2.0-or-later
/* What /sys and /proc say; see sysfs.h. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "number.h"
#include "sysfs.h"
#include "text.h"

const char *sysfs_root = "/sys";
const char *procfs_root = "/proc";

#define MAX_VFS		256

static void path_of(char *path, size_t size, const char *format, va_list args)
{
	int n = snprintf(path, size, "%s/", sysfs_root);

	vsnprintf(path + n, size - n, format, args);
}

#define PATH_FROM(path, format) do {				\
	va_list args;						\
								\
	va_start(args, format);					\
	path_of(path, sizeof(path), format, args);		\
	va_end(args);						\
} while (0)

static int read_line(const char *path, char *ret, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	ret[0] = '\0';
	if (!f)
		return -errno;
	if (!fgets(ret, size, f))
		return ferror(f) ? -EIO : 0;
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

int sysfs_read(char *ret, size_t size, const char *format, ...)
{
	char path[PATH_MAX];

	PATH_FROM(path, format);
	return read_line(path, ret, size);
}

long sysfs_number(const char *format, ...)
{
	char path[PATH_MAX], text[SYSFS_TEXT], *end;
	long value;
	int r;

	PATH_FROM(path, format);
	r = read_line(path, text, sizeof(text));
	if (r < 0)
		return r;
	errno = 0;
	value = strtol(text, &end, 0);
	return end == text || errno || value < 0 ? -EINVAL : value;
}

static int link_end(const char *path, char *ret, size_t size)
{
	char target[PATH_MAX];
	const char *last;
	ssize_t n;

	ret[0] = '\0';
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	last = strrchr(target, '/');
	snprintf(ret, size, "%s", last ? last + 1 : target);
	return 0;
}

int sysfs_link(char *ret, size_t size, const char *format, ...)
{
	char path[PATH_MAX];

	PATH_FROM(path, format);
	return link_end(path, ret, size);
}

bool sysfs_exists(const char *format, ...)
{
	char path[PATH_MAX];

	PATH_FROM(path, format);
	return !access(path, F_OK);
}

int sysfs_write(const char *text, const char *format, ...)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	size_t len = strlen(text);

	PATH_FROM(path, format);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		return -errno;
	return 0;
}

/* The first name in a directory that does not begin with a dot */
static int first_entry(char *ret, size_t size, const char *format, ...)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH_MAX];

	PATH_FROM(path, format);
	ret[0] = '\0';
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(ret, size, "%s", entry->d_name);
		return 0;
	}
	return -ENOENT;
}

int pci_address(const char *text, char *ret, size_t size)
{
	unsigned int domain = 0, bus, slot, function;
	int end = 0;

	if (!((sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) == 4 &&
	       !text[end]) ||
	      (domain = 0, end = 0,
	       sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) == 3 && !text[end])))
		return -EINVAL;
	if (slot > 0x1f || function > 7 || text[strspn(text, "0123456789abcdefABCDEF:.")])
		return -EINVAL;
	snprintf(ret, size, "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return 0;
}

/* Fill in what is to be known of a PF by its PCI address. */
static void describe_pf(struct target *t, const char *pci)
{
	*t = (struct target) { .vf = -1 };
	snprintf(t->pf_pci, sizeof(t->pf_pci), "%s", pci);
	sysfs_link(t->pf_driver, sizeof(t->pf_driver), "bus/pci/devices/%s/driver", pci);
	if (!first_entry(t->pf, sizeof(t->pf), "bus/pci/devices/%s/net", pci)) {
		long index = sysfs_number("class/net/%s/ifindex", t->pf);

		t->ifindex = index > 0 ? index : 0;
	}
}

int target_vf(const struct target *pf, unsigned int vf, struct target *ret)
{
	struct target found = *pf;
	int r;

	found.vf = vf;
	r = sysfs_link(found.vf_pci, sizeof(found.vf_pci), "bus/pci/devices/%s/virtfn%u",
		       pf->pf_pci, vf);
	if (r < 0)
		return -ENODEV;
	sysfs_link(found.vf_driver, sizeof(found.vf_driver), "bus/pci/devices/%s/driver",
		   found.vf_pci);
	first_entry(found.vf_netdev, sizeof(found.vf_netdev), "bus/pci/devices/%s/net",
		    found.vf_pci);
	*ret = found;
	return 0;
}

/* A VF by its PCI address: which one of its PF is it? */
static int find_number(const char *pf_pci, const char *vf_pci, struct target *ret)
{
	struct target pf;
	unsigned int n;

	describe_pf(&pf, pf_pci);
	for (n = 0; n < MAX_VFS && !target_vf(&pf, n, ret); n++)
		if (!strcmp(ret->vf_pci, vf_pci))
			return 0;
	return -ENODEV;
}

static int find_pci(const char *pci, struct target *ret)
{
	char pf_pci[MSG_PCI];

	if (!sysfs_exists("bus/pci/devices/%s", pci))
		return -ENODEV;
	if (!sysfs_link(pf_pci, sizeof(pf_pci), "bus/pci/devices/%s/physfn", pci))
		return find_number(pf_pci, pci, ret);
	if (sysfs_number("bus/pci/devices/%s/sriov_totalvfs", pci) <= 0)
		return -ENXIO;
	describe_pf(ret, pci);
	return 0;
}

/* PF/N */
static int find_numbered(const char *name, const char *slash, struct target *ret)
{
	char pf_name[SYSFS_TEXT];
	struct target pf;
	uint64_t n;
	int r;

	snprintf(pf_name, sizeof(pf_name), "%.*s", (int)(slash - name), name);
	if (number_read(slash + 1, 0, MAX_VFS - 1, &n))
		return -ENODEV;
	r = target_find(pf_name, &pf);
	if (r < 0)
		return r;
	return pf.vf < 0 ? target_vf(&pf, n, ret) : -ENODEV;
}

int target_find(const char *name, struct target *ret)
{
	const char *slash = strchr(name, '/');
	char pci[MSG_PCI];

	if (slash)
		return find_numbered(name, slash, ret);
	if (!pci_address(name, pci, sizeof(pci)))
		return find_pci(pci, ret);
	if (!name[0] || name[0] == '.' || !sysfs_exists("class/net/%s", name))
		return -ENODEV;
	if (sysfs_link(pci, sizeof(pci), "class/net/%s/device", name) < 0)
		return -ENXIO;
	return find_pci(pci, ret) ? -ENXIO : 0;
}

const char *target_text(const struct target *target, char *buf, size_t size)
{
	const char *pf = target->pf[0] ? target->pf : target->pf_pci;

	if (target->vf < 0)
		snprintf(buf, size, "%s", pf);
	else
		snprintf(buf, size, "%s vf %d", pf, target->vf);
	text_clean(buf, size, buf);
	return buf;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int sysfs_pfs(const char *driver, struct target *ret, size_t max)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int i, n, count = 0;

	snprintf(path, sizeof(path), "%s/bus/pci/devices", sysfs_root);
	n = scandir(path, &entries, NULL, by_name);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (i = 0; i < n; i++) {
		struct target t;

		if ((size_t)count < max && entries[i]->d_name[0] != '.' &&
		    !find_pci(entries[i]->d_name, &t) && t.vf < 0 &&
		    (!driver || !strcmp(t.pf_driver, driver)))
			ret[count++] = t;
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* Does a file of a process lead to this device? */
static bool has_open(const char *pid, const char *device)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s/fd", procfs_root, pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (!strcmp(target, device))
			return true;
	}
	return false;
}

/* The two ways in which VFIO offers a VF: a group, and a device of its own */
static void vfio_devices(const char *vf_pci, char group[static PATH_MAX],
			 char device[static PATH_MAX])
{
	char name[SYSFS_TEXT];

	group[0] = device[0] = '\0';
	if (!sysfs_link(name, sizeof(name), "bus/pci/devices/%s/iommu_group", vf_pci))
		snprintf(group, PATH_MAX, "/dev/vfio/%s", name);
	if (!first_entry(name, sizeof(name), "bus/pci/devices/%s/vfio-dev", vf_pci))
		snprintf(device, PATH_MAX, "/dev/vfio/devices/%s", name);
}

static size_t read_cmdline(const char *pid, char *ret, size_t size)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/cmdline", procfs_root, pid);
	f = fopen(path, "re");
	return f ? fread(ret, 1, size, f) : 0;
}

static void describe_user(const char *pid, const char *vf_pci, struct user *ret)
{
	_cleanup_free_ char *words = malloc(65536);
	char path[PATH_MAX];
	size_t len;

	*ret = (struct user) { .pid = atoi(pid) };
	snprintf(path, sizeof(path), "%s/%s/comm", procfs_root, pid);
	read_line(path, ret->comm, sizeof(ret->comm));
	text_clean(ret->comm, sizeof(ret->comm), ret->comm);
	if (!words)
		return;
	len = read_cmdline(pid, words, 65536);
	cmdline_guest(words, len, ret->guest, sizeof(ret->guest));
	ret->enable_migration = cmdline_enables_migration(words, len, vf_pci);
}

int vf_user(const char *vf_pci, struct user *ret)
{
	char group[PATH_MAX], device[PATH_MAX];
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;

	*ret = (struct user) {};
	vfio_devices(vf_pci, group, device);
	dir = opendir(procfs_root);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if ((group[0] && has_open(entry->d_name, group)) ||
		    (device[0] && has_open(entry->d_name, device))) {
			describe_user(entry->d_name, vf_pci, ret);
			return 1;
		}
	}
	return 0;
}

int vfs_of_process(int pid, struct target *ret, size_t max)
{
	char group[PATH_MAX], device[PATH_MAX], text[16];
	struct target pfs[16];
	size_t count = 0;
	int i, n;

	snprintf(text, sizeof(text), "%d", pid);
	n = sysfs_pfs("vferry_pf", pfs, 16);
	for (i = 0; i < n; i++) {
		struct target vf;
		unsigned int nr;

		for (nr = 0; count < max && !target_vf(&pfs[i], nr, &vf); nr++) {
			vfio_devices(vf.vf_pci, group, device);
			if ((group[0] && has_open(text, group)) ||
			    (device[0] && has_open(text, device)))
				ret[count++] = vf;
		}
	}
	return count;
}

/* The word after this one, or NULL; NULL: the first */
static const char *next_word(const char *words, size_t len, const char *word)
{
	if (!word)
		return len && memchr(words, '\0', len) ? words : NULL;
	word += strlen(word) + 1;
	if (word >= words + len || !memchr(word, '\0', words + len - word))
		return NULL;
	return word;
}

/* -name NAME, -name guest=NAME,... */
void cmdline_guest(const char *words, size_t len, char *ret, size_t size)
{
	const char *word = NULL;
	_cleanup_free_ char *name = NULL;

	ret[0] = '\0';
	while ((word = next_word(words, len, word))) {
		if (strcmp(word, "-name"))
			continue;
		word = next_word(words, len, word);
		if (!word)
			return;
		if (!strncmp(word, "guest=", 6))
			word += 6;
		name = strndup(word, strcspn(word, ","));
		text_clean(ret, size, name);
		return;
	}
}

/* One word has the device and the switch, as options or as JSON */
bool cmdline_enables_migration(const char *words, size_t len, const char *vf_pci)
{
	const char *word = NULL;
	/* the domain may have been left out */
	const char *address = !strncmp(vf_pci, "0000:", 5) ? vf_pci + 5 : vf_pci;

	while ((word = next_word(words, len, word))) {
		if (!strstr(word, "vfio-pci") || !strstr(word, address))
			continue;
		if (strstr(word, "enable-migration=on") ||
		    strstr(word, "enable-migration=true") ||
		    strstr(word, "\"enable-migration\":true") ||
		    strstr(word, "\"enable-migration\":\"on\""))
			return true;
	}
	return false;
}
