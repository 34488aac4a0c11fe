/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /sys and /proc say of PFs, VFs and the processes that use them.
 *
 * Names of files are given below the two roots, which tests replace.
 */
#ifndef VFERRY_HOST_SYSFS_H
#define VFERRY_HOST_SYSFS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "msg.h"

extern const char *sysfs_root;	/* "/sys" */
extern const char *procfs_root;	/* "/proc" */

#define SYSFS_TEXT	128

/* First line of a file, without its end. 0 or -errno; then @ret is "". */
int sysfs_read(char *ret, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A number in decimal or, with 0x, hexadecimal; -errno. */
long sysfs_number(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Last part of where a link leads. 0 or -errno; then @ret is "". */
int sysfs_link(char *ret, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool sysfs_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Write a line; 0 or -errno. */
int sysfs_write(const char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * struct target - a PF, or a VF of it, that somebody has named
 * @pf: interface of the PF; empty: its driver has none, or it has none
 * @ifindex: of @pf, 0: none
 * @pf_pci: PCI address of the PF
 * @pf_driver: empty: none; so is @vf_driver
 * @vf: number of the VF, -1: the PF itself was named
 * @vf_pci: its PCI address
 * @vf_netdev: its interface on this host, empty: none
 */
struct target {
	char pf[IFNAMSIZ];
	unsigned int ifindex;
	char pf_pci[MSG_PCI];
	char pf_driver[SYSFS_TEXT];
	int vf;
	char vf_pci[MSG_PCI];
	char vf_driver[SYSFS_TEXT];
	char vf_netdev[IFNAMSIZ];
};

/**
 * target_find() - whatever people call a PF or a VF
 * @name: interface or PCI address (with or without the domain) of either, or
 *	PF/N: a number behind the PF's name
 * @ret: the target
 *
 * Return: 0; -ENODEV: nothing has this name; -ENXIO: something has, but it is
 * neither a PF with SR-IOV nor a VF.
 */
int target_find(const char *name, struct target *ret);

/* VF number @vf of a PF that was found; -ENODEV: it has no such VF. */
int target_vf(const struct target *pf, unsigned int vf, struct target *ret);

/* "pf0 vf 3" */
const char *target_text(const struct target *target, char *buf, size_t size);

/**
 * sysfs_pfs() - all PFs that a driver of that name drives
 * @driver: NULL: whatever drives them
 * @ret: receives them
 * @max: room in @ret
 *
 * Return: how many there are, at most @max; -errno.
 */
int sysfs_pfs(const char *driver, struct target *ret, size_t max);

/**
 * struct user - a process that has a VF open through VFIO
 * @pid: 0: nobody, or not visible
 * @comm: its name
 * @guest: name of the guest, if it was started with one
 * @enable_migration: QEMU was told -device vfio-pci,host=VF,enable-migration=on
 */
struct user {
	int pid;
	char comm[32];
	char guest[64];
	bool enable_migration;
};

/* Who uses the VF at this PCI address? 1: found; 0: nobody seen; -errno. */
int vf_user(const char *vf_pci, struct user *ret);

/* The VFs that a process uses. Returns the number, at most @max. */
int vfs_of_process(int pid, struct target *ret, size_t max);

/* Pure: what a command line (words that end with 0) says. */
void cmdline_guest(const char *words, size_t len, char *ret, size_t size);
bool cmdline_enables_migration(const char *words, size_t len, const char *vf_pci);

/* 0000:01:10.0 from 1:10.0, 01:10.0, 0000:01:10.0; -EINVAL. Pure. */
int pci_address(const char *text, char *ret, size_t size);

#endif
