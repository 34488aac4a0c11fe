/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a sub-command: options, from a table, and the rest. */
#ifndef VFERRY_CLI_OPTIONS_H
#define VFERRY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,		/* bool: becomes true */
	OPTION_TEXT,		/* const char * */
	OPTION_NUMBER,		/* int64_t */
	OPTION_BYTES,		/* int64_t; K, M, G and T are taken */
	OPTION_MAY_NUMBER,	/* int64_t; without a value: @absent */
};

/**
 * struct option_spec - one option; a table of them ends with one that has no name
 * @name: --name
 * @letter: -l, 0: it has none
 * @ret: what @kind says; is left alone if the option is not given
 * @min: of a number, and @max
 * @what: what a value is, for who gave another one: "a number of seconds"
 */
struct option_spec {
	const char *name;
	char letter;
	enum option_kind kind;
	void *ret;
	int64_t min;
	int64_t max;
	int64_t absent;
	const char *what;
};

#define OPTIONS_MAX	16

/**
 * struct command_line - what a sub-command takes; -h, --help and -j, --json it always does
 * @command: its name
 * @help: its text
 * @options: NULL: no others
 * @json: becomes true
 * @min: how many words there have to be behind the options, and @max
 * @words: what they are, as the help has them: "PF NUMBER"
 */
struct command_line {
	const char *command;
	const char *help;
	const struct option_spec *options;
	bool *json;
	int min;
	int max;
	const char *words;
};

#define OPTIONS_GO_ON	(-1)

/**
 * options_read() - read them
 * @line: what is taken
 * @argc: words, the first is the sub-command; becomes the number of those behind the options
 * @argv: becomes these words
 *
 * Return: OPTIONS_GO_ON; or an exit status: all has been said.
 */
int options_read(const struct command_line *line, int *argc, char ***argv);

#endif
