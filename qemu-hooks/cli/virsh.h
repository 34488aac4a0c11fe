/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virsh, which is how this program talks to libvirt. */
#ifndef VFERRY_CLI_VIRSH_H
#define VFERRY_CLI_VIRSH_H

#include <stddef.h>

/*
 * Run virsh --quiet, with up to 8 words, NULL at their end. @uri: NULL: its own choice.
 * Its exit status or -errno; *ret_output is to be freed, NULL: there was none.
 */
int virsh(const char *uri, const char *const *words, char **ret_output);

/*
 * A file that has a text, for a program to read; @path: a template, as of mkstemp(), becomes
 * its name, or "" if there is none. The caller removes it, also after an error. 0 or -errno.
 */
int write_temporary(char *path, const char *text, size_t size);

/* The persistent definition of a domain, with its secrets. As virsh() */
int virsh_definition(const char *uri, const char *domain, char **ret_xml);

/**
 * virsh_define() - define a domain anew, unless somebody else just has
 * @uri: as of virsh()
 * @domain: its name
 * @read: what virsh_definition() told, from which the new one was made
 * @file: has the new one
 *
 * libvirt takes a definition whatever it replaces: what virsh edit has changed since @read
 * would be lost. It is read again, as late as can be, as virsh edit does.
 *
 * Return: as virsh(); -ESTALE: it is not as it was, nothing was done.
 */
int virsh_define(const char *uri, const char *domain, const char *read, const char *file);

/* Say what went wrong, if virsh has not said it; @r: of virsh(), not 0. An exit status. */
int say_virsh(int r);

#endif
