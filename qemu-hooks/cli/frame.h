/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Are two PFs on the same network? One host sends a frame that the other one hears.
 *
 * Broadcast, EtherType 88b5 (IEEE 802, for local experiments), with a word that both know.
 */
#ifndef VFERRY_CLI_FRAME_H
#define VFERRY_CLI_FRAME_H

#define FRAME_WORD	32	/* longest word */

/* Send such a frame from an interface; 0 or -errno. */
int frame_send(unsigned int ifindex, const char *word);

/**
 * frame_hear() - print the interface of every PF of vferry_pf that hears such frames
 * @word: to be listened for
 *
 * Prints "ready" when it listens, then an interface's name on each line,
 * once each, until standard input ends or FRAME_SECONDS are over. Returns 0
 * or -errno.
 */
int frame_hear(const char *word);

#define FRAME_SECONDS	20

#endif
