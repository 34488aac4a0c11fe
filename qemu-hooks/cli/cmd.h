/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sub-commands: one file each, with a function that is given the words from its
 * own name on, and returns an exit status.
 */
#ifndef VFERRY_CLI_CMD_H
#define VFERRY_CLI_CMD_H

#include "status.h"

int cmd_list(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_vf(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_libvirt(int argc, char **argv);

#endif
