// SPDX-License-Identifier: GPL-2.0-or-later
/* libvirt's daemon; see conn.h. */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conn.h"

_Static_assert(CONN_UUID == VIR_UUID_STRING_BUFLEN, "a UUID fits");

#define REASON		512
#define ALIVE_S		5
#define CLOSE_MS	10

/*
 * A guest that has just arrived comes first, and what is asked of libvirt takes its time: nothing
 * is before no event has come for so long, or, where there is no end of them, after all that.
 */
#define QUIET_MS	2000
#define LATEST_MS	20000

/**
 * struct conn - a connection
 * @virt: libvirt's
 * @gone: it was closed by the other side
 * @lifecycle: number of the callback, -1: none
 * @quiet: number of the timer that is over when it is quiet, -1: none
 * @is_quiet: it is over, and nothing has been heard since
 * @pending: domains of which something was heard, by UUID, @count of them
 * @first_ms: when, of the first of them, CLOCK_MONOTONIC
 * @ours: UUID of the domain that is being defined, "": none
 * @defined: how often it has been since
 * @reason: see struct conn_verbs
 */
struct conn {
	virConnect *virt;
	bool gone;
	int lifecycle;
	int quiet;
	bool is_quiet;
	char (*pending)[VIR_UUID_STRING_BUFLEN];
	size_t count;
	int64_t first_ms;
	char ours[VIR_UUID_STRING_BUFLEN];
	unsigned int defined;
	char reason[REASON];
};

/* Could the same be tried again with success, after a connection has failed? */
static bool may_come(int code)
{
	return code == VIR_ERR_SYSTEM_ERROR || code == VIR_ERR_RPC ||
	       code == VIR_ERR_INTERNAL_ERROR;
}

/* libvirt's last error, in words and as -errno */
static int failed(struct conn *c)
{
	const virError *e = virGetLastError();
	int code = e ? e->code : VIR_ERR_OK;

	snprintf(c->reason, sizeof(c->reason), "%s", e && e->message ? e->message :
		 "libvirt gives no reason");
	if (!c->virt)
		return may_come(code) ? -ENOTCONN : -EREMOTEIO;
	if (c->gone || virConnectIsAlive(c->virt) != 1)
		return -ENOTCONN;
	return code == VIR_ERR_NO_DOMAIN ? -ENOENT : -EREMOTEIO;
}

/* It is told by who asked, once. */
static void be_silent(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static void on_close(virConnectPtr virt, int reason, void *data)
{
	struct conn *c = data;

	(void)virt;
	(void)reason;
	c->gone = true;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static void on_quiet(int timer, void *data)
{
	struct conn *c = data;

	virEventUpdateTimeout(timer, -1);
	c->is_quiet = true;
}

static void remember(struct conn *c, const char *uuid)
{
	void *grown;
	size_t i;

	if (!c->count)
		c->first_ms = now_ms();
	if (now_ms() - c->first_ms < LATEST_MS - QUIET_MS) {
		c->is_quiet = false;
		virEventUpdateTimeout(c->quiet, QUIET_MS);
	}
	for (i = 0; i < c->count; i++)
		if (!strcmp(c->pending[i], uuid))
			return;
	grown = reallocarray(c->pending, c->count + 1, sizeof(*c->pending));
	if (!grown) {
		c->gone = true;	/* connecting anew, all domains are looked at */
		return;
	}
	c->pending = grown;
	strcpy(c->pending[c->count++], uuid);
}

/* Domains are only noted here, and asked about by who waits. */
static int on_lifecycle(virConnectPtr virt, virDomainPtr domain, int event, int detail,
			void *data)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct conn *c = data;

	(void)virt;
	(void)detail;
	if (virDomainGetUUIDString(domain, uuid) < 0)
		return 0;
	c->defined += event == VIR_DOMAIN_EVENT_DEFINED && !strcmp(uuid, c->ours);
	/* suspended: also one that has arrived and was suspended where it comes from */
	if (event == VIR_DOMAIN_EVENT_DEFINED || event == VIR_DOMAIN_EVENT_STARTED ||
	    event == VIR_DOMAIN_EVENT_RESUMED || event == VIR_DOMAIN_EVENT_SUSPENDED)
		remember(c, uuid);
	return 0;
}

static int listen_to(struct conn *c)
{
	/* A driver inside of the library can neither go nor be asked whether it lives. */
	if (virConnectRegisterCloseCallback(c->virt, on_close, c, NULL) < 0 &&
	    virGetLastError()->code != VIR_ERR_NO_SUPPORT)
		return failed(c);
	if (virConnectSetKeepAlive(c->virt, ALIVE_S, CONN_DEAF_S / ALIVE_S) < 0 &&
	    virGetLastError()->code != VIR_ERR_NO_SUPPORT)
		return failed(c);
	c->quiet = virEventAddTimeout(-1, on_quiet, c, NULL);
	if (c->quiet < 0)
		return failed(c);
	c->lifecycle = virConnectDomainEventRegisterAny(c->virt, NULL,
							VIR_DOMAIN_EVENT_ID_LIFECYCLE,
							VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle),
							c, NULL);
	return c->lifecycle < 0 ? failed(c) : 0;
}

static int conn_open(const char *uri, struct conn **ret)
{
	static bool begun;
	struct conn *c = calloc(1, sizeof(*c));

	*ret = c;
	if (!c)
		return -ENOMEM;
	c->lifecycle = c->quiet = -1;
	if (!begun) {
		virSetErrorFunc(NULL, be_silent);
		signal(SIGPIPE, SIG_IGN);	/* of a daemon that goes */
		if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
			return failed(c);
		begun = true;
	}
	c->virt = virConnectOpenAuth(uri, virConnectAuthPtrDefault, 0);
	return c->virt ? listen_to(c) : failed(c);
}

static void mark(int timer, void *data)
{
	(void)timer;
	*(bool *)data = true;
}

/* Let libvirt do what it does in its loop of events. Was there such a loop? */
static bool run_for(int ms)
{
	bool over = false;
	int timer = virEventAddTimeout(ms, mark, &over, NULL);

	if (timer < 0)
		return false;
	while (!over && !virEventRunDefaultImpl())
		;
	virEventRemoveTimeout(timer);
	return over;
}

static void conn_close(struct conn *c)
{
	if (!c)
		return;
	if (c->lifecycle >= 0)
		virConnectDomainEventDeregisterAny(c->virt, c->lifecycle);
	if (c->quiet >= 0)
		virEventRemoveTimeout(c->quiet);
	if (c->virt) {
		virConnectUnregisterCloseCallback(c->virt, on_close);
		virConnectClose(c->virt);
	}
	/*
	 * Files, and the process of ssh, of this connection, also of one that did not come about,
	 * end in the loop: who tries again and again is not in it.
	 */
	run_for(CLOSE_MS);
	free(c->pending);
	free(c);
}

static const char *conn_reason(const struct conn *c)
{
	return c ? c->reason : "no memory";
}

static int conn_list(struct conn *c, char ***ret_names)
{
	virDomainPtr *domains;
	char **names;
	int n, i;

	n = virConnectListAllDomains(c->virt, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE |
				     VIR_CONNECT_LIST_DOMAINS_PERSISTENT);
	if (n < 0)
		return failed(c);
	names = calloc(n + 1, sizeof(*names));
	for (i = 0; i < n; i++) {
		if (names)
			names[i] = strdup(virDomainGetName(domains[i]) ?: "");
		virDomainFree(domains[i]);
	}
	free(domains);
	*ret_names = names;
	return names ? 0 : -ENOMEM;
}

/* By name, as most are called, or by UUID */
static virDomain *find(struct conn *c, const char *name)
{
	virDomain *domain = virDomainLookupByName(c->virt, name);

	if (domain || strlen(name) != VIR_UUID_STRING_BUFLEN - 1)
		return domain;
	return virDomainLookupByUUIDString(c->virt, name);
}

static int conn_xml(struct conn *c, const char *name, enum conn_xml which, char **ret_xml)
{
	static const unsigned int flags[] = {
		[CONN_LIVE] = 0,
		[CONN_KEPT] = VIR_DOMAIN_XML_INACTIVE,
		[CONN_SECRET] = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE,
	};
	virDomain *domain = find(c, name);

	*ret_xml = domain ? virDomainGetXMLDesc(domain, flags[which]) : NULL;
	if (!*ret_xml) {
		int r = failed(c);

		if (domain)
			virDomainFree(domain);
		return r;
	}
	virDomainFree(domain);
	return 0;
}

/*
 * Hear the events that are there. An answer to a question comes after all events from before
 * the question, so that after one they are.
 */
static int hear(struct conn *c)
{
	return run_for(0) ? 0 : failed(c);
}

/* Each definition is an event: one more than our own is somebody else's. */
static int define_and_count(struct conn *c, const char *xml)
{
	virDomain *domain = virDomainDefineXML(c->virt, xml);

	if (!domain)
		return failed(c);
	/* Whatever this ends in, it is defined. */
	if (virDomainIsPersistent(domain) >= 0)
		hear(c);
	virDomainFree(domain);
	return c->defined > 1;
}

static int conn_define(struct conn *c, const char *name, const char *was, const char *xml)
{
	virDomain *domain = find(c, name);
	char *now = NULL;
	int r;

	if (!domain)
		return failed(c);
	r = virDomainGetUUIDString(domain, c->ours) < 0 ? failed(c) : hear(c);
	virDomainFree(domain);
	c->defined = 0;
	if (!r)
		r = conn_xml(c, name, CONN_SECRET, &now);
	if (!r)
		r = strcmp(now, was) ? -ESTALE : define_and_count(c, xml);
	free(now);
	c->ours[0] = '\0';
	return r;
}

/* Does it run, and is it kept? One that arrives is heard of again when it is here. */
static bool is_settled(virDomain *domain)
{
	int state, why;

	if (virDomainIsPersistent(domain) != 1 || virDomainGetState(domain, &state, &why, 0) < 0)
		return false;
	return state == VIR_DOMAIN_RUNNING ||
	       (state == VIR_DOMAIN_PAUSED && why != VIR_DOMAIN_PAUSED_MIGRATION &&
		why != VIR_DOMAIN_PAUSED_STARTING_UP);
}

static int conn_settled(struct conn *c, const char *uuid, char **ret_name)
{
	virDomain *domain = virDomainLookupByUUIDString(c->virt, uuid);
	int r = 0;

	*ret_name = NULL;
	if (!domain) {
		r = failed(c);
		return r == -ENOENT ? 0 : r;
	}
	if (is_settled(domain)) {
		*ret_name = strdup(virDomainGetName(domain) ?: "");
		r = *ret_name ? 1 : -ENOMEM;
	}
	virDomainFree(domain);
	return r;
}

static int conn_next(struct conn *c, char uuid[static CONN_UUID])
{
	while (!(c->count && c->is_quiet) && !c->gone)
		if (virEventRunDefaultImpl() < 0)
			return failed(c);
	if (c->gone) {
		snprintf(c->reason, sizeof(c->reason), "the daemon has gone, or says nothing");
		return -ENOTCONN;
	}
	strcpy(uuid, c->pending[0]);
	memmove(c->pending, c->pending + 1, --c->count * sizeof(*c->pending));
	return 0;
}

extern const struct conn_verbs vferry_conn_verbs __attribute__((visibility("default")));

const struct conn_verbs vferry_conn_verbs = {
	.version = CONN_VERSION,
	.open = conn_open,
	.close = conn_close,
	.reason = conn_reason,
	.list = conn_list,
	.xml = conn_xml,
	.define = conn_define,
	.next = conn_next,
	.settled = conn_settled,
};
