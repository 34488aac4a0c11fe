/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vferry wants of libvirt's daemon, by libvirt's client library.
 *
 * It is a plug-in of vferry's, a shared object that is loaded for vferry libvirt alone. So a
 * host with plain QEMU needs no libvirt, which would bring two dozen libraries; the compiler
 * checks every call of libvirt's, as it would not if vferry looked for each function by
 * name; and a library that is missing is an error with a reason, as it would not be in a
 * program of its own: that would not begin.
 *
 * Functions return 0 or -errno and do not print. -EREMOTEIO: libvirt's reason is told;
 * -ENOTCONN: the daemon has gone, or says nothing for CONN_DEAF_S, and so on for all that
 * is asked of it. For a daemon that hears and does not answer the caller has a deadline.
 */
#ifndef VFERRY_HOST_CONN_H
#define VFERRY_HOST_CONN_H

/* Changes whenever what is below does: plug-in and program belong together. */
#define CONN_VERSION	1

#define CONN_DEAF_S	15
#define CONN_UUID	37

struct conn;	/* a connection */

/**
 * enum conn_xml - which XML of a domain
 * @CONN_LIVE: what runs
 * @CONN_KEPT: the definition that is kept, without secrets
 * @CONN_SECRET: the same with secrets: what is not in it when it is defined anew is lost
 */
enum conn_xml {
	CONN_LIVE,
	CONN_KEPT,
	CONN_SECRET,
};

/**
 * struct conn_verbs - the plug-in's only symbol, vferry_conn_verbs
 * @version: CONN_VERSION
 * @open: connect; @uri: NULL: libvirt's own choice. *@ret is to be freed by @close, also
 *	after an error; NULL: no memory
 * @close: frees a connection, which may be NULL
 * @reason: libvirt's words on the last error, belong to the connection
 * @list: names of the domains that run and have a definition that is kept, NULL at the end;
 *	to be freed, each and the array
 * @xml: of a domain, by name or UUID; to be freed
 * @define: define a domain anew, if its definition is still @was, which @xml has told as
 *	CONN_SECRET. libvirt takes a definition whatever it replaces: what others have
 *	changed meanwhile, by virsh edit, would be lost. It is read again as late as can be:
 *	-ESTALE: it is not as it was, nothing was done. 1: it was done, and somebody else
 *	did the same at the same moment: what they have changed may be lost
 * @next: UUID of the next domain of which something is heard: it has been defined, or has
 *	begun to run or to be suspended. Waits for it, for ever, and then until it is quiet:
 *	a guest that has just arrived comes first
 * @settled: 1: it runs, has a definition that is kept, and is not still arriving: its
 *	name, to be freed; 0: it has gone, or will be heard of again
 */
struct conn_verbs {
	int version;
	int (*open)(const char *uri, struct conn **ret);
	void (*close)(struct conn *conn);
	const char *(*reason)(const struct conn *conn);
	int (*list)(struct conn *conn, char ***ret_names);
	int (*xml)(struct conn *conn, const char *domain, enum conn_xml which, char **ret_xml);
	int (*define)(struct conn *conn, const char *domain, const char *was, const char *xml);
	int (*next)(struct conn *conn, char uuid[static CONN_UUID]);
	int (*settled)(struct conn *conn, const char *uuid, char **ret_name);
};

#endif
