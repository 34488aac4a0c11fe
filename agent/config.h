/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/vferry/vferryd.conf: settings for all interfaces, and for some. Pure;
 * read by libinih. See vferryd.conf(5).
 */
#ifndef VFERRYD_CONFIG_H
#define VFERRYD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_SECTIONS	32	/* interface sections in one file */
#define CONFIG_PATTERN	32	/* with the final NUL */
#define CONFIG_ERROR	256

enum config_mode {
	CONFIG_DETACH,	/* carrier, addresses and routes stay */
	CONFIG_DOWN,	/* the interface goes down and up, what it lost is restored */
};

/* Settings of one interface; vferryd.conf(5) says what they mean. */
struct settings {
	unsigned int mode;		/* enum config_mode */
	unsigned int repair;		/* bool */
	unsigned int hear;		/* bool */
	unsigned int announce;		/* bool */
	unsigned int neighbours;	/* bool */
	unsigned int announce_rounds;
	unsigned int announce_initial_ms;
	unsigned int announce_step_ms;
	unsigned int announce_max_ms;
	unsigned int announce_interval_ms;
	unsigned int hooks;		/* bool */
	unsigned int hook_timeout_ms;
};

struct config_section {
	char pattern[CONFIG_PATTERN];
	struct settings values;
	uint32_t given;			/* bit n: setting n is in the file */
};

struct config {
	struct settings all;		/* [default] over what is built in */
	struct config_section sections[CONFIG_SECTIONS];
	size_t count;
};

void config_init(struct config *config);

/**
 * config_parse() - read a configuration
 * @config: initialised; complete only if this succeeds
 * @text: the file
 * @ret_error: CONFIG_ERROR bytes: line and reason, if it fails
 *
 * Return: 0 or -EINVAL.
 */
int config_parse(struct config *config, const char *text, char *ret_error);

/**
 * config_load() - read a configuration file
 *
 * A file that is not there is an empty one.
 */
int config_load(struct config *config, const char *path, char *ret_error);

/* Settings of one interface: [default], and over it each section that matches, in order. */
struct settings config_for(const struct config *config, const char *ifname);

const char *config_mode_name(enum config_mode mode);

#endif
