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
	fprintf(out, "\nEvery command has --help and --json; --version: of vferry. PFs and VFs are named by interface,\n"
		"by PCI address, or as PF/NUMBER. Exit status: 0 done; 1 refused or failed; 2 wrong\n"
		"words; 3 something is missing; 4 interrupted. See vferry(8).\n");
}

static int no_command(const char *name)
{
	if (*name)
		say("%s: no such command", name);
	help(stderr);
	return STATUS_USAGE;
}

static int run_command(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < COUNT(commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc, argv);
	return no_command(argv[0]);
}

/* help COMMAND, and options in front of it, are what people try: the same as behind it */
static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	char *words[] = { argc > 2 ? argv[2] : NULL, "--help", NULL };

	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("vferry %s\n", VFERRY_VERSION);
		return STATUS_OK;
	}
	if (!strcmp(name, "help") && argc == 3)
		return run_command(2, words);
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		help(stdout);
		return STATUS_OK;
	}
	if (!strcmp(name, "--json") || !strcmp(name, "-j")) {
		say_as_json();
		if (argc == 2) {
			say("which command? See: vferry --help");
			return STATUS_USAGE;
		}
		argv[1] = argv[2];
		argv[2] = "--json";
		return run_command(argc - 1, argv + 1);
	}
	if (*name == '-') {
		say("%s: no such option; options stand behind the command", name);
		return STATUS_USAGE;
	}
	return argc > 1 ? run_command(argc - 1, argv + 1) : no_command("");
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	return say_end(run(argc, argv));
}
