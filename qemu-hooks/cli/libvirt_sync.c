// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry libvirt sync; see libvirt_sync.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "libvirt_sync.h"
#include "pf.h"
#include "say.h"
#include "sysfs.h"
#include "text.h"
#include "virsh.h"

#include "../libvirt/dom.h"

/*
 * A guest that has just arrived comes first: what is not urgent begins when no event has
 * come for so long, or, where there is no end of events, after all that time.
 */
#define QUIET_MS	2000
#define LATEST_MS	20000
#define IDLE_MS		(3600 * 1000u)

/* One file, that goes at the end */
struct temporary {
	char path[32];
};

static void temporary_p(struct temporary *t)
{
	if (t->path[0])
		unlink(t->path);
}

/* A domain's XML, read. *ret_text is to be freed. STATUS_... */
static int fetch(const char *uri, const char *domain, bool persistent, struct dom *ret,
		 char **ret_text)
{
	const char *running[] = { "dumpxml", "--domain", domain, NULL };
	char reason[256], *xml;
	int r;

	r = persistent ? virsh_definition(uri, domain, ret_text) : virsh(uri, running, ret_text);
	if (r)
		return say_virsh(r);
	xml = *ret_text;
	if (!xml) {
		say("%s: virsh tells no XML", domain);
		return STATUS_CANNOT;
	}
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
static int define(const char *uri, const char *domain, const char *read, const struct dom *dom)
{
	_cleanup_(temporary_p) struct temporary file = {};
	_cleanup_free_ char *xml = NULL;
	size_t size;
	int r;

	r = dom_bytes(dom, &xml, &size);
	if (!r) {
		strcpy(file.path, "/tmp/vferry-XXXXXX");
		r = write_temporary(file.path, xml, size);
	}
	if (r < 0) {
		say("%s: %s", dom->name, strerror(-r));
		return STATUS_CANNOT;
	}
	r = virsh_define(uri, domain, read, file.path);
	return r == -ESTALE || !r ? r : say_virsh(r);
}

/* As define() */
static int try_one(const char *uri, const char *domain, json_t *changes)
{
	_cleanup_free_ char *live_text = NULL, *kept_text = NULL;
	_cleanup_(dom_p) struct dom live = {}, kept = {};
	json_t *now = json_array();
	size_t i;
	int r;

	r = fetch(uri, domain, false, &live, &live_text);
	if (!r && live.count)
		r = fetch(uri, domain, true, &kept, &kept_text);
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
		r = define(uri, domain, kept_text, &kept);
	if (!r)
		json_array_extend(changes, now);
	json_decref(now);
	return r;
}

#define TRIES	5

/* One domain; what was changed is added to @changes. Somebody else's changes stay. */
static int sync_one(const char *uri, const char *domain, json_t *changes)
{
	int i, r = -ESTALE;

	for (i = 0; i < TRIES && r == -ESTALE; i++)
		r = try_one(uri, domain, changes);
	return r == -ESTALE ? say_virsh(r) : r;
}

static void tell(const json_t *changes)
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

static int worse(int a, int b)
{
	return a == STATUS_CANNOT || b == STATUS_CANNOT ? STATUS_CANNOT : a ?: b;
}

/* All that run and have a definition that is kept */
static int sync_all(const char *uri, json_t *changes)
{
	const char *words[] = { "list", "--name", "--persistent", NULL };
	_cleanup_free_ char *list = NULL;
	char *rest, *name;
	int r;

	r = virsh(uri, words, &list);
	if (r)
		return say_virsh(r);
	for (rest = list; rest && (name = strsep(&rest, "\n"));)
		if (*name)
			r = worse(r, sync_one(uri, name, changes));
	return r;
}

/* Has a guest arrived, from another host or a file? */
static bool is_arrival(const struct vf_event *e)
{
	if (e->event == VFERRY_PF_EVENT_STATE)
		return e->old_state == VFERRY_MIG_RESUME_SENT && e->state == VFERRY_MIG_IDLE;
	/* one that was in a file begins anew */
	return e->event == VFERRY_PF_EVENT_HELLO;
}

int libvirt_follow(const char *uri, bool json)
{
	_cleanup_(pf_p) struct pf *pf = NULL;
	struct vf_event event;
	uint64_t latest = from_now_ns(LATEST_MS);	/* 0: nothing is to be done */
	int r;

	r = pf_open_early(&pf);
	if (!r)
		r = pf_subscribe(pf, 0);
	while (r >= 0 || r == -EINTR || r == -ENOBUFS || r == -ENOENT || r == -ERESTART) {
		uint64_t until = from_now_ns(latest ? QUIET_MS : IDLE_MS);

		r = pf_wait_event(pf, latest && latest < until ? latest : until, &event);
		if (!latest && (r == -ENOBUFS || r == -ERESTART || (r > 0 && is_arrival(&event))))
			latest = from_now_ns(LATEST_MS);
		if (latest && (r == 0 || now_ns() >= latest)) {
			libvirt_sync(uri, json, (char *[]){ NULL });
			fflush(stdout);
			latest = 0;
		}
	}
	r = say_pf_error(pf, r, "libvirt");
	return r == STATUS_NO ? STATUS_CANNOT : r;
}

int libvirt_sync(const char *uri, bool json, char **domains)
{
	json_t *changes = json_array();
	int r = STATUS_OK;

	if (!*domains)
		r = sync_all(uri, changes);
	for (; *domains; domains++)
		r = worse(r, sync_one(uri, *domains, changes));
	if (json) {
		json_t *result = json_pack("{s:o}", "changes", changes);

		if (result && r)
			json_object_set_new(result, "errors", say_said());
		return worse(r, say_json(result));
	}
	tell(changes);
	json_decref(changes);
	return r;
}
