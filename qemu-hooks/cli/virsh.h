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

/* Say what went wrong, if virsh has not said it; @r: of virsh(), not 0. An exit status. */
int say_virsh(int r);

#endif
