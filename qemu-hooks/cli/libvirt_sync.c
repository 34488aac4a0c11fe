// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry libvirt sync; see libvirt_sync.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "cmd.h"
#include "dom.h"
#include "libvirt_sync.h"
#include "say.h"
#include "sysfs.h"
#include "text.h"
#include "virt.h"

/* libvirt's daemon has gone: tried again after so long, each time twice that */
#define AGAIN_MS	1000
#define AGAIN_MOST_MS	32000

/* A domain's XML, read. *ret_text is to be freed. STATUS_... */
static int fetch(const struct virt *virt, const char *domain, enum conn_xml which,
		 struct dom *ret, char **ret_text)
{
	char reason[256];
	const char *xml;
	int r;

	r = virt_xml(virt, domain, which, ret_text);
	if (r)
		return r;
	xml = *ret_text;
	/* No device of the host: that is all there is to know. */
	if (!dom_may_concern(xml, strlen(xml)))
		return STATUS_OK;
	r = dom_read(xml, strlen(xml), ret, reason, sizeof(reason));
	if (r < 0) {
		say("%s: %s", domain, reason);
		return STATUS_NO;
	}
	return STATUS_OK;
}

/* Is it a VF whose PF vferry_pf drives? */
static bool is_ours(const char *pci)
{
	struct target vf;

	return target_find(pci, &vf) >= 0 && vf.vf >= 0 && !strcmp(vf.pf_driver, "vferry_pf");
}

/* 0; -ESTALE: it is not as it was when it was @read; otherwise STATUS_..., and it was said */
static int define(const struct virt *virt, const char *domain, const char *read,
		  const struct dom *dom)
{
	_cleanup_free_ char *xml = NULL;
	size_t size;
	int r;

	r = dom_bytes(dom, &xml, &size);
	if (!r)
		return virt_define(virt, domain, read, xml);
	say("%s: %s", dom->name, strerror(-r));
	return STATUS_CANNOT;
}

/* As define() */
static int try_one(const struct virt *virt, const char *domain, json_t *changes)
{
	_cleanup_free_ char *live_text = NULL, *kept_text = NULL;
	_cleanup_(dom_p) struct dom live = {}, kept = {};
	json_t *now = json_array();
	size_t i;
	int r;

	r = fetch(virt, domain, CONN_LIVE, &live, &live_text);
	if (!r && live.count)
		r = fetch(virt, domain, CONN_SECRET, &kept, &kept_text);
	for (i = 0; !r && i < kept.count; i++) {
		const struct dom_device *has = dom_same_device(&live, &kept.devices[i]);
		char was[MSG_PCI];

		if (!has || !strcmp(has->source, kept.devices[i].source) || !is_ours(has->source))
			continue;
		strcpy(was, kept.devices[i].source);
		if (dom_move(&kept, i, has->source)) {
			say("%s: no memory", domain);
			r = STATUS_CANNOT;
			break;
		}
		json_array_append_new(now, json_pack("{s:s, s:s, s:s, s:s}", "domain", domain,
						     "alias", has->alias, "was", was,
						     "vf_pci", has->source));
	}
	if (!r && json_array_size(now))
		r = define(virt, domain, kept_text, &kept);
	if (!r)
		json_array_extend(changes, now);
	json_decref(now);
	return r;
}

#define TRIES	5

/* One domain; what was changed is added to @changes. Somebody else's changes stay. */
static int sync_one(const struct virt *virt, const char *domain, json_t *changes)
{
	int i, r = -ESTALE;

	for (i = 0; i < TRIES && r == -ESTALE; i++)
		r = try_one(virt, domain, changes);
	return r == -ESTALE ? virt_stale() : r;
}

static int worse(int a, int b)
{
	return a == STATUS_CANNOT || b == STATUS_CANNOT ? STATUS_CANNOT : a ?: b;
}

/* All that run and have a definition that is kept */
static int sync_all(const struct virt *virt, json_t *changes)
{
	char **names = NULL, **name;
	int r;

	r = virt_list(virt, &names);
	for (name = names; name && *name; name++)
		r = worse(r, sync_one(virt, *name, changes));
	virt_free_names(names);
	return r;
}

static void print(const json_t *changes)
{
	const json_t *change;
	size_t i;

	json_array_foreach(changes, i, change)
		text_print(stdout, "%s: its definition has VF %s at %s now, not %s\n",
			   json_string_value(json_object_get(change, "domain")),
			   json_string_value(json_object_get(change, "alias")),
			   json_string_value(json_object_get(change, "vf_pci")),
			   json_string_value(json_object_get(change, "was")));
}

/* Takes @changes; @status is how it went. STATUS_... */
static int tell(bool json, int status, json_t *changes)
{
	json_t *result;

	if (!json) {
		print(changes);
		json_decref(changes);
		return status;
	}
	result = json_pack("{s:o}", "changes", changes);
	if (result && status)
		json_object_set_new(result, "errors", say_said());
	return worse(status, say_json(result));
}

/*
 * One domain, NULL: all; what has changed is told at once, if anything has. STATUS_CANNOT: that
 * could not be written
 */
static int tell_sync(const struct virt *virt, bool json, const char *domain)
{
	json_t *changes = json_array();
	int r;

	r = domain ? sync_one(virt, domain, changes) : sync_all(virt, changes);
	if (!r && !json_array_size(changes)) {
		json_decref(changes);
		return STATUS_OK;
	}
	tell(json, r, changes);
	say_forget();
	if (!fflush(stdout) && !ferror(stdout))
		return STATUS_OK;
	if (!json)
		say("standard output: %s", strerror(errno));
	return STATUS_CANNOT;
}

/*
 * All, and each of which something was heard, until libvirt's daemon goes. STATUS_CANNOT:
 * nobody can be told of it any more
 */
static int follow(const struct virt *virt, bool json)
{
	char *name;
	int r = tell_sync(virt, json, NULL);

	while (!r && !virt_next(virt, &name)) {
		r = tell_sync(virt, json, name);
		free(name);
	}
	if (r)
		return r;
	say("libvirt: %s: trying again", virt_reason(virt));
	say_forget();
	return STATUS_OK;
}

static void pause_ms(unsigned int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/*
 * Where systemd listens for the daemon, connecting waits until it is there; elsewhere nobody
 * tells of that, and a socket may be on another host. Of signals, each ends the program: a
 * definition is made by the daemon, as a whole or not at all.
 */
int libvirt_follow(const char *uri, bool json)
{
	_cleanup_(virt_p) struct virt virt = {};
	unsigned int again = AGAIN_MS;
	bool told = false;
	int r = virt_load(&virt);

	if (r)
		return r;
	for (;;) {
		r = virt_connect(&virt, uri);
		if (!r) {
			r = follow(&virt, json);
			if (r)
				return r;
			again = AGAIN_MS;
		} else if (r == -EREMOTEIO) {
			say("libvirt: %s", virt_reason(&virt));
			return STATUS_CANNOT;
		} else if (!told) {
			say("libvirt: %s: trying again", virt_reason(&virt));
		}
		told = true;
		virt_disconnect(&virt);
		pause_ms(again);
		again = again < AGAIN_MOST_MS ? 2 * again : again;
	}
}

int libvirt_sync(const char *uri, bool json, char **domains)
{
	_cleanup_(virt_p) struct virt virt = {};
	json_t *changes;
	int r;

	r = virt_open(uri, &virt);
	if (r)
		return r;
	changes = json_array();
	if (!*domains)
		r = sync_all(&virt, changes);
	for (; *domains; domains++)
		r = worse(r, sync_one(&virt, *domains, changes));
	return tell(json, r, changes);
}
