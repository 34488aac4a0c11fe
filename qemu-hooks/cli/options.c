// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of a sub-command; see options.h. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "number.h"
#include "options.h"
#include "say.h"

/* Options without a letter have a number behind all letters. */
#define FIRST_NUMBER	256

static int value_of(const struct option_spec *spec, size_t nr)
{
	return spec->letter ? spec->letter : FIRST_NUMBER + (int)nr;
}

static int has_arg(const struct option_spec *spec)
{
	switch (spec->kind) {
	case OPTION_FLAG:
		return no_argument;
	case OPTION_MAY_NUMBER:
		return optional_argument;
	case OPTION_TEXT:
	case OPTION_NUMBER:
	case OPTION_BYTES:
		break;
	}
	return required_argument;
}

/* For getopt: its table, and its letters */
static void make_tables(const struct option_spec *specs, struct option *longs, char *letters)
{
	static const char *const colons[] = {
		[no_argument] = "", [required_argument] = ":", [optional_argument] = "::",
	};
	size_t i = 0;

	*longs++ = (struct option) { "json", no_argument, NULL, 'j' };
	*longs++ = (struct option) { "help", no_argument, NULL, 'h' };
	letters += sprintf(letters, ":jh");
	for (; specs && specs[i].name; i++) {
		*longs++ = (struct option) { specs[i].name, has_arg(&specs[i]), NULL,
					     value_of(&specs[i], i) };
		if (specs[i].letter)
			letters += sprintf(letters, "%c%s", specs[i].letter,
					   colons[has_arg(&specs[i])]);
	}
	*longs = (struct option) {};
}

static const struct option_spec *find(const struct option_spec *specs, int value)
{
	size_t i;

	for (i = 0; specs && specs[i].name; i++)
		if (value_of(&specs[i], i) == value)
			return &specs[i];
	return NULL;
}

static int hint(const struct command_line *line)
{
	say("see: vferry %s --help", line->command);
	return STATUS_USAGE;
}

/* What getopt does not take */
static int refuse(const struct command_line *line, int c, const char *word)
{
	const struct option_spec *spec = find(line->options, optopt);

	if (c == ':')
		say("%s: %s: %s is missing", line->command, word,
		    spec && spec->what ? spec->what : "a value");
	else if (optopt && (spec || optopt == 'j' || optopt == 'h') && strchr(word, '='))
		say("%s: %s: it takes no value", line->command, word);
	else if (optopt)
		say("%s: -%c: no such option", line->command, optopt);
	else
		say("%s: %s: no such option", line->command, word);
	return hint(line);
}

static int take_number(const struct command_line *line, const struct option_spec *spec,
		       const char *text)
{
	uint64_t value;
	int r;

	r = spec->kind == OPTION_BYTES ? number_read_bytes(text, spec->min, spec->max, &value) :
	    number_read(text, spec->min, spec->max, &value);
	if (r < 0) {
		say("%s: --%s=%s: not %s from %" PRId64 " to %" PRId64, line->command, spec->name,
		    text, spec->what, spec->min, spec->max);
		return STATUS_USAGE;
	}
	*(int64_t *)spec->ret = value;
	return OPTIONS_GO_ON;
}

static int take(const struct command_line *line, const struct option_spec *spec, const char *value)
{
	switch (spec->kind) {
	case OPTION_FLAG:
		*(bool *)spec->ret = true;
		return OPTIONS_GO_ON;
	case OPTION_TEXT:
		if (!*value) {
			say("%s: --%s: %s is missing", line->command, spec->name, spec->what);
			return hint(line);
		}
		*(const char **)spec->ret = value;
		return OPTIONS_GO_ON;
	case OPTION_MAY_NUMBER:
		if (!value) {
			*(int64_t *)spec->ret = spec->absent;
			return OPTIONS_GO_ON;
		}
		break;
	case OPTION_NUMBER:
	case OPTION_BYTES:
		break;
	}
	return take_number(line, spec, value);
}

static int check_count(const struct command_line *line, int count, char **words)
{
	if (count < line->min) {
		say("%s: %s: %s", line->command, line->words,
		    line->min == 1 || !count ? "missing" : "not all of it is there");
		return hint(line);
	}
	if (count > line->max) {
		if (line->max)
			say("%s: %s: too many words: %s is all that is taken", line->command,
			    words[line->max], line->words);
		else
			say("%s: %s: it takes no such word", line->command, words[0]);
		return hint(line);
	}
	return OPTIONS_GO_ON;
}

int options_read(const struct command_line *line, int *argc, char ***argv)
{
	struct option longs[OPTIONS_MAX + 3];
	char letters[3 * OPTIONS_MAX + 4];
	int c, r;

	make_tables(line->options, longs, letters);
	/* what is wrong with the words before it is told as JSON too */
	for (c = 1; c < *argc && strcmp((*argv)[c], "--"); c++)
		if (!strcmp((*argv)[c], "--json") || !strcmp((*argv)[c], "-j"))
			say_as_json();
	opterr = 0;
	while ((c = getopt_long(*argc, *argv, letters, longs, NULL)) != -1) {
		switch (c) {
		case 'j':
			*line->json = true;
			continue;
		case 'h':
			fputs(line->help, stdout);
			return STATUS_OK;
		case ':':
		case '?':
			return refuse(line, c, (*argv)[optind - 1]);
		}
		r = take(line, find(line->options, c), optarg);
		if (r != OPTIONS_GO_ON)
			return r;
	}
	*argc -= optind;
	*argv += optind;
	return check_count(line, *argc, *argv);
}
