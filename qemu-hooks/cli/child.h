/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another program, that is run and talked to. What it says on standard error comes out on ours,
 * while it is waited for: line by line, and cleaned, for half of it may be another host's.
 */
#ifndef VFERRY_CLI_CHILD_H
#define VFERRY_CLI_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#define CHILD_MS	30000
#define CHILD_LINE	1024	/* what is longer comes out as several lines */
#define CHILD_CANNOT	255	/* exit status: the program could not be started */

/**
 * struct child - a program that runs
 * @pid: its process
 * @in: to its standard input
 * @out: from its standard output
 * @err: from its standard error, -1: that has ended
 * @line: of that, as far as it has come, @len bytes
 */
struct child {
	pid_t pid;
	int in;
	int out;
	int err;
	char line[CHILD_LINE];
	size_t len;
};

/* Start a program that is looked for in PATH; @argv ends with NULL. 0 or -errno. */
int child_start(struct child *child, const char *const *argv);

/*
 * Read a line, without its end. Its length; 0: the output has ended;
 * -ETIMEDOUT: not within @ms; -EMSGSIZE.
 */
int child_line(struct child *child, char *buf, size_t size, unsigned int ms);

/*
 * End its input, take the rest of its output (NULL: drop it), wait for its end, or
 * end it after CHILD_MS. Its exit status; -EPIPE: a signal ended it; -ETIMEDOUT.
 * *ret_output is to be freed; NULL: there was none.
 */
int child_finish(struct child *child, char **ret_output);

#endif
