// SPDX-License-Identifier: GPL-2.0-or-later
/* libvirt's daemon; see virt.h. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "say.h"
#include "virt.h"

/* Where it is installed, seen from the folder above that of this program */
#define PLUGIN	"/lib/vferry/vferry-libvirt.so"

/* In a thread of its own: the one that has asked still waits in libvirt. */
static void too_late(union sigval asked)
{
	const char *domain = asked.sival_ptr;

	if (domain)
		say("libvirt does not answer: it is not known whether %s was defined anew", domain);
	else
		say("libvirt does not answer");
	_exit(say_end(STATUS_CANNOT));
}

/* @defines: domain that is being defined, NULL: something else */
static timer_t ask(const char *defines)
{
	const struct itimerspec when = { .it_value.tv_sec = VIRT_MS / 1000 };
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD, .sigev_notify_function = too_late,
		.sigev_value.sival_ptr = (void *)defines,
	};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &when, NULL) < 0) {
		say("no timer: %s", strerror(errno));
		exit(say_end(STATUS_CANNOT));
	}
	return timer;
}

static void find_plugin(char *ret, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", ret, size - sizeof(PLUGIN));
	char *slash;
	int i;

	ret[n < 0 ? 0 : n] = '\0';
	for (i = 0; i < 2; i++) {
		slash = strrchr(ret, '/');
		if (slash)
			*slash = '\0';
	}
	strcat(ret, PLUGIN);
}

int virt_load(struct virt *ret)
{
	char path[PATH_MAX];

	find_plugin(path, sizeof(path));
	*ret = (struct virt) { .plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL) };
	if (ret->plugin)
		ret->verbs = dlsym(ret->plugin, "vferry_conn_verbs");
	if (!ret->verbs) {
		say("libvirt's client library cannot be used: %s (is libvirt0 installed?)", dlerror());
		return STATUS_CANNOT;
	}
	if (ret->verbs->version == CONN_VERSION)
		return STATUS_OK;
	say("vferry-libvirt.so is of another version of vferry: install both together");
	ret->verbs = NULL;
	return STATUS_CANNOT;
}

int virt_connect(struct virt *virt, const char *uri)
{
	timer_t timer = ask(NULL);
	int r = virt->verbs->open(uri, &virt->conn);

	timer_delete(timer);
	return r;
}

void virt_disconnect(struct virt *virt)
{
	timer_t timer;

	if (!virt->conn)
		return;
	timer = ask(NULL);
	virt->verbs->close(virt->conn);
	timer_delete(timer);
	virt->conn = NULL;
}

const char *virt_reason(const struct virt *virt)
{
	return virt->verbs->reason(virt->conn);
}

/* @domain: it was about, NULL: none */
static int say_failed(const struct virt *virt, const char *domain, int r)
{
	if (!r)
		return STATUS_OK;
	say("%s%slibvirt: %s", domain ?: "", domain ? ": " : "",
	    r == -ENOMEM ? "no memory" : virt_reason(virt));
	return r == -ENOENT || r == -EREMOTEIO ? STATUS_NO : STATUS_CANNOT;
}

int virt_open(const char *uri, struct virt *ret)
{
	int r = virt_load(ret);

	return r ? r : virt_connect(ret, uri) ? say_failed(ret, NULL, -ENOTCONN) : STATUS_OK;
}

/* The library has threads and handlers: the plug-in stays. */
void virt_close(struct virt *virt)
{
	virt_disconnect(virt);
}

int virt_list(const struct virt *virt, char ***ret_names)
{
	timer_t timer = ask(NULL);
	int r = virt->verbs->list(virt->conn, ret_names);

	timer_delete(timer);
	return say_failed(virt, NULL, r);
}

void virt_free_names(char **names)
{
	char **name;

	for (name = names; name && *name; name++)
		free(*name);
	free(names);
}

int virt_xml(const struct virt *virt, const char *domain, enum conn_xml which, char **ret_xml)
{
	timer_t timer = ask(NULL);
	int r = virt->verbs->xml(virt->conn, domain, which, ret_xml);

	timer_delete(timer);
	return say_failed(virt, domain, r);
}

int virt_stale(void)
{
	say("the definition was changed by somebody else meanwhile: nothing was done; try again");
	return STATUS_NO;
}

int virt_define(const struct virt *virt, const char *domain, const char *was, const char *xml)
{
	timer_t timer = ask(domain);
	int r = virt->verbs->define(virt->conn, domain, was, xml);

	timer_delete(timer);
	if (r == 1) {
		say("%s was defined by somebody else at the same moment: see whether what they have "
		    "changed is still there", domain);
		return STATUS_NO;
	}
	return r == -ESTALE ? r : say_failed(virt, domain, r);
}

int virt_next(const struct virt *virt, char **ret_name)
{
	char uuid[CONN_UUID];
	timer_t timer;
	int r;

	do {
		r = virt->verbs->next(virt->conn, uuid);
		if (r < 0)
			return r;
		timer = ask(NULL);
		r = virt->verbs->settled(virt->conn, uuid, ret_name);
		timer_delete(timer);
	} while (!r);
	return r < 0 ? r : 0;
}
