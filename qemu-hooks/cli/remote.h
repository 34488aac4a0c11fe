/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vferry on another host, by ssh (VFERRY_SSH in the environment: another
 * program that takes the same words).
 */
#ifndef VFERRY_CLI_REMOTE_H
#define VFERRY_CLI_REMOTE_H

#include <stdio.h>
#include <sys/types.h>

#define REMOTE_MS	30000

/**
 * struct remote - a command that runs there
 * @pid: of ssh here
 * @in: to its standard input
 * @out: from its standard output
 */
struct remote {
	pid_t pid;
	int in;
	int out;
};

/* Start "vferry WORDS" on a host; @words ends with NULL. 0 or -errno. */
int remote_start(struct remote *remote, const char *host, const char *const *words);

/*
 * Read a line, without its end. Its length; 0: the output has ended;
 * -ETIMEDOUT: not within @ms; -EMSGSIZE.
 */
int remote_line(struct remote *remote, char *buf, size_t size, unsigned int ms);

/*
 * End its input, take the rest of its output (NULL: drop it), wait for its end, or
 * end it after REMOTE_MS. Its exit status; 255: ssh could not reach the host;
 * -ETIMEDOUT. *ret_output is to be freed.
 */
int remote_finish(struct remote *remote, char **ret_output);

#endif
