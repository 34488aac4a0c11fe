/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet socket's filter that takes all or nothing: one system call, where
 * pcap_setfilter() makes many, and filters again by itself for a while. Apart from
 * capture.c: the headers of pcap and of Linux do not mix.
 */
#ifndef VFERRYD_FILTER_H
#define VFERRYD_FILTER_H

#include <stdbool.h>

/* 0 or -errno. */
int filter_take(int fd, bool all);

#endif
