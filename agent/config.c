// SPDX-License-Identifier: GPL-2.0-or-later
/* /etc/vferry/vferryd.conf. See config.h. */
#include <errno.h>
#include <fnmatch.h>
#include <ini.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"

#define FILE_MAX	(64 * 1024)

static const char *const mode_names[] = { [CONFIG_DETACH] = "detach", [CONFIG_DOWN] = "down" };
static const char *const no_yes[] = { "no", "yes" };

/**
 * struct key - one setting
 * @offset: of its unsigned int in struct settings
 * @words: values that it may have, by number; NULL: a number
 * @min: smallest number
 * @max: largest number; number of words
 * @preset: what it is if the file does not say
 */
struct key {
	const char *name;
	size_t offset;
	const char *const *words;
	unsigned int min, max, preset;
};

#define WORDS(member, words, preset)	\
	{ #member, offsetof(struct settings, member), words, 0, ARRAY_SIZE(words), preset }
#define NUMBER(member, min, max, preset) \
	{ #member, offsetof(struct settings, member), NULL, min, max, preset }

static const struct key keys[] = {
	WORDS(mode, mode_names, CONFIG_DETACH),
	WORDS(repair, no_yes, false),
	WORDS(hear, no_yes, false),
	WORDS(announce, no_yes, true),
	WORDS(neighbours, no_yes, true),
	NUMBER(announce_rounds, 1, 20, 5),
	NUMBER(announce_initial_ms, 1, 10000, 50),
	NUMBER(announce_step_ms, 0, 10000, 100),
	NUMBER(announce_max_ms, 1, 10000, 550),
	NUMBER(announce_interval_ms, 0, 10000, 20),
	WORDS(hooks, no_yes, true),
	NUMBER(hook_timeout_ms, 10, 600000, 5000),
};

static unsigned int *setting(struct settings *s, const struct key *key)
{
	return (unsigned int *)((char *)s + key->offset);
}

const char *config_mode_name(enum config_mode mode)
{
	return mode_names[mode];
}

void config_init(struct config *config)
{
	size_t i;

	*config = (struct config){};
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		*setting(&config->all, &keys[i]) = keys[i].preset;
}

struct reader {
	struct config *config;
	char *error;		/* empty: none yet */
};

__attribute__((format(printf, 2, 3)))
static int refuse(struct reader *r, const char *format, ...)
{
	va_list ap;

	/* The first one: inih reads on. */
	if (!r->error[0]) {
		va_start(ap, format);
		vsnprintf(r->error, CONFIG_ERROR, format, ap);
		va_end(ap);
	}
	return 0;
}

static int parse_word(struct reader *r, const struct key *key, const char *value,
		      unsigned int *ret)
{
	unsigned int i;

	for (i = 0; i < key->max; i++) {
		if (!strcmp(value, key->words[i])) {
			*ret = i;
			return 1;
		}
	}
	return refuse(r, "%s: \"%.40s\" is neither \"%s\" nor \"%s\"", key->name, value,
		      key->words[0], key->words[1]);
}

static int parse_number(struct reader *r, const struct key *key, const char *value,
			unsigned int *ret)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end)
		return refuse(r, "%s: \"%.40s\" is no number", key->name, value);
	if (errno || number < key->min || number > key->max)
		return refuse(r, "%s: %.40s is not between %u and %u", key->name, value,
			      key->min, key->max);
	*ret = (unsigned int)number;
	return 1;
}

/* The section of that pattern, or a new one. */
static struct config_section *section_of(struct config *config, const char *pattern)
{
	struct config_section *section;
	size_t i;

	for (i = 0; i < config->count; i++)
		if (!strcmp(config->sections[i].pattern, pattern))
			return &config->sections[i];
	if (config->count == CONFIG_SECTIONS)
		return NULL;
	section = &config->sections[config->count++];
	strcpy(section->pattern, pattern);
	return section;
}

static int find_place(struct reader *r, const char *section, struct settings **ret_values,
		      uint32_t **ret_given)
{
	static const char interface[] = "interface ";
	static uint32_t unused;
	struct config_section *found;
	const char *pattern;

	if (!strcmp(section, "default")) {
		*ret_values = &r->config->all;
		*ret_given = &unused;
		return 1;
	}
	if (!section[0])
		return refuse(r, "a setting before the first section");
	if (strncmp(section, interface, strlen(interface)))
		return refuse(r, "[%.40s]: neither [default] nor [interface NAME]", section);
	pattern = section + strlen(interface);
	if (!pattern[0] || strlen(pattern) >= CONFIG_PATTERN || strchr(pattern, ' '))
		return refuse(r, "[%.40s]: not a name of an interface", section);
	found = section_of(r->config, pattern);
	if (!found)
		return refuse(r, "more than %d sections", CONFIG_SECTIONS);
	*ret_values = &found->values;
	*ret_given = &found->given;
	return 1;
}

/* Called by inih for each "name = value"; 0 is an error there. */
static int take(void *arg, const char *section, const char *name, const char *value)
{
	struct settings *values = NULL;
	struct reader *r = arg;
	unsigned int number;
	uint32_t *given = NULL;
	size_t i;

	if (!find_place(r, section, &values, &given))
		return 0;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(name, keys[i].name))
			break;
	if (i == ARRAY_SIZE(keys))
		return refuse(r, "%.40s: no such setting", name);
	if (!(keys[i].words ? parse_word : parse_number)(r, &keys[i], value, &number))
		return 0;
	*setting(values, &keys[i]) = number;
	*given |= 1u << i;
	return 1;
}

int config_parse(struct config *config, const char *text, char *ret_error)
{
	char error[CONFIG_ERROR - 32] = "";
	struct reader r = { config, ret_error };
	int line;

	ret_error[0] = '\0';
	line = ini_parse_string(text, take, &r);
	if (!line)
		return 0;
	memcpy(error, ret_error, sizeof(error) - 1);
	if (line < 0)
		snprintf(ret_error, CONFIG_ERROR, "out of memory");
	else
		snprintf(ret_error, CONFIG_ERROR, "line %d: %s", line,
			 error[0] ? error : "neither a section nor \"name = value\"");
	return -EINVAL;
}

int config_load(struct config *config, const char *path, char *ret_error)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (!file && errno == ENOENT)
		return 0;
	if (!file) {
		snprintf(ret_error, CONFIG_ERROR, "%s", strerror(errno));
		return -EINVAL;
	}
	text = malloc(FILE_MAX + 1);
	if (!text)
		return -ENOMEM;
	len = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file) || len > FILE_MAX) {
		snprintf(ret_error, CONFIG_ERROR, "%s",
			 ferror(file) ? "cannot be read" : "longer than 64 KiB");
		return -EINVAL;
	}
	text[len] = '\0';
	return config_parse(config, text, ret_error);
}

struct settings config_for(const struct config *config, const char *ifname)
{
	struct settings s = config->all;
	size_t i, k;

	for (i = 0; i < config->count; i++) {
		struct config_section section = config->sections[i];

		if (fnmatch(section.pattern, ifname, 0))
			continue;
		for (k = 0; k < ARRAY_SIZE(keys); k++)
			if (section.given & 1u << k)
				*setting(&s, &keys[k]) = *setting(&section.values, &keys[k]);
	}
	return s;
}
