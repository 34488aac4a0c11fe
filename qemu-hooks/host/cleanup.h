/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is given back at the end of a scope. */
#ifndef VFERRY_HOST_CLEANUP_H
#define VFERRY_HOST_CLEANUP_H

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)	__attribute__((cleanup(f)))

static inline void free_p(void *p)
{
	free(*(void **)p);
}

static inline void close_p(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclose_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void closedir_p(DIR **d)
{
	if (*d)
		closedir(*d);
}

static inline void json_p(json_t **j)
{
	json_decref(*j);
}

#define _cleanup_free_		_cleanup_(free_p)
#define _cleanup_close_		_cleanup_(close_p)
#define _cleanup_fclose_	_cleanup_(fclose_p)
#define _cleanup_closedir_	_cleanup_(closedir_p)
#define _cleanup_json_		_cleanup_(json_p)

#endif
