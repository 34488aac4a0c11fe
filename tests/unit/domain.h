/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains for tests of libvirt's hook: files below domains/. */
#ifndef VFERRY_UNIT_DOMAIN_H
#define VFERRY_UNIT_DOMAIN_H

#include <stdio.h>

#include "dom.h"
#include "unit.h"

/* The text of a file; to be freed. */
static inline char *domain_text(const char *name)
{
	char path[512], *text = calloc(1, 1 << 16);
	FILE *f;

	snprintf(path, sizeof(path), DOMAINS "/%s.xml", name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	return text;
}

static inline void domain_read(const char *text, struct dom *dom)
{
	char reason[256];

	if (dom_read(text, strlen(text), dom, reason, sizeof(reason)))
		fail_msg("%s", reason);
}

/* With one thing in place of another that must be there; to be freed. */
static inline char *domain_edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *edited = calloc(1, strlen(text) + strlen(to) + 1);

	if (!at)
		fail_msg("no %s in it", from);
	memcpy(edited, text, at - text);
	strcat(strcat(edited, to), at + strlen(from));
	return edited;
}

#endif
