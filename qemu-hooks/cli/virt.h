/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's daemon, by the plug-in of conn.h, with deadlines and words for people: one that
 * does not answer a question within VIRT_MS ends the program, with a line that says so.
 *
 * Unless they say otherwise, functions return an exit status; if it is not STATUS_OK, it has
 * been said why.
 */
#ifndef VFERRY_CLI_VIRT_H
#define VFERRY_CLI_VIRT_H

#include <stdbool.h>

#include "conn.h"

#define VIRT_MS	30000

/**
 * struct virt - a connection to libvirt
 * @plugin: of dlopen(), for good
 * @verbs: of the plug-in
 * @conn: its connection
 */
struct virt {
	void *plugin;
	const struct conn_verbs *verbs;
	struct conn *conn;
};

/* @uri: NULL: libvirt's own choice; @ret is to be freed by virt_close(), also after an error */
int virt_open(const char *uri, struct virt *ret);
void virt_close(struct virt *virt);

/* Load the plug-in, but do not connect. */
int virt_load(struct virt *ret);

/* Connect. 0 or -errno, as conn.h; nothing is said, virt_reason() has the reason. */
int virt_connect(struct virt *virt, const char *uri);
void virt_disconnect(struct virt *virt);

/* libvirt's words on the last error. */
const char *virt_reason(const struct virt *virt);

/* Names of domains that run and are kept, NULL at the end; to be freed by virt_free_names(). */
int virt_list(const struct virt *virt, char ***ret_names);
void virt_free_names(char **names);

/* A domain's XML, to be freed. */
int virt_xml(const struct virt *virt, const char *domain, enum conn_xml which, char **ret_xml);

/* As define of struct conn_verbs; -ESTALE has not been said, see virt_stale(). */
int virt_define(const struct virt *virt, const char *domain, const char *was, const char *xml);
int virt_stale(void);

/*
 * The name of the next domain that has settled, waited for; to be freed. 0 or -errno, as
 * virt_connect().
 */
int virt_next(const struct virt *virt, char **ret_name);

static inline void virt_p(struct virt *virt)
{
	virt_close(virt);
}

#endif
