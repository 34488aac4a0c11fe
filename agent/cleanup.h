/* SPDX-License-Identifier: GPL-2.0-or-later */
/* _cleanup_: what a variable owns is given back when it goes out of scope. */
#ifndef VFERRYD_CLEANUP_H
#define VFERRYD_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function)	__attribute__((cleanup(function)))

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define DEFINE_CLEANUP(type, function)				\
static inline void function ## p(type *p)			\
{								\
	if (*p)							\
		function(*p);					\
}								\
struct cleanup_needs_a_semicolon_ ## function

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define _cleanup_free_	_cleanup_(freep)
#define _cleanup_close_	_cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

/* The owner hands over what it owns. */
#define TAKE_PTR(p) ({			\
	__typeof__(p) taken_ = (p);	\
	(p) = NULL;			\
	taken_;				\
})

#define TAKE_FD(fd) ({			\
	int taken_ = (fd);		\
	(fd) = -1;			\
	taken_;				\
})

#endif
