// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry: the host's command. Finds the sub-command. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "say.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "list",	cmd_list,	"PFs and VFs, who uses them, can they be migrated" },
	{ "watch",	cmd_watch,	"what happens to VFs, as it happens" },
	{ "check",	cmd_check,	"can a guest be migrated, here and to another host" },
	{ "migrate",	cmd_migrate,	"migrate a guest of plain QEMU, with its progress" },
	{ "vf",		cmd_vf,		"one step of a migration by hand" },
	{ "history",	cmd_history,	"the last migrations, as text or as a picture" },
	{ "setup",	cmd_setup,	"make and bind VFs as host.conf has them" },
	{ "libvirt",	cmd_libvirt,	"what a libvirt domain needs to be migrated with its VFs" },
};

static void help(FILE *out)
{
	size_t i;

	fprintf(out, "Usage: vferry COMMAND [OPTIONS]\n\n"
		"Live migration of guests that keep their passed-through VF.\n\n");
	for (i = 0; i < COUNT(commands); i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\nEvery command has --help and --json. PFs and VFs are named by interface,\n"
		"by PCI address, or as PF/NUMBER. Exit status: 0 done; 1 refused or failed; 2 wrong\n"
		"words; 3 something is missing; 4 interrupted. See vferry(8).\n");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	setlocale(LC_CTYPE, "");
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		help(stdout);
		return STATUS_OK;
	}
	for (i = 0; i < COUNT(commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);

	if (*name)
		say("%s: no such command", name);
	help(stderr);
	return STATUS_USAGE;
}
