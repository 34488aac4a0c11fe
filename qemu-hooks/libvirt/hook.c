// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libvirt's hook for domains with VFs of vferry: chooses the VF that a domain has
 * when it arrives, and keeps it for it. See vferry-libvirt(8).
 *
 * Called as HOOK DOMAIN OPERATION SUB-OPERATION EXTRA, with the domain's XML on
 * standard input. It must never call libvirt, which waits for it.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "host.h"
#include "status.h"
#include "store.h"
#include "text.h"
#include "xml.h"

/* Longer than all deadlines of what is waited for; libvirt itself has none for a hook. */
#define LIFE_SECONDS	30

#define REASON		700

static const char help[] =
	"Usage: vferry-libvirt-hook DOMAIN OPERATION SUB-OPERATION EXTRA <XML\n\n"
	"libvirt's hook for domains with VFs that migrate: called by libvirt, from\n"
	"/etc/libvirt/hooks/qemu.d/vferry, never by hand. See vferry-libvirt(8).\n";

/* One line, which libvirt hands on to who asked for the migration. */
static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
	struct utsname uts = {};
	char text[2 * REASON];
	va_list args;

	uname(&uts);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean(text, sizeof(text), text);
	text_print(stderr, "vferry on %s: %s\n", uts.nodename, text);
}

static void time_is_over(int signal)
{
	static const char words[] = "vferry: the hook takes too long: the kernel, or the PF driver, "
				    "does not answer\n";

	(void)signal;
	if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
		_exit(STATUS_CANNOT);
	_exit(STATUS_CANNOT);
}

/* Standard input, one byte more than is allowed at most */
static int read_input(char **ret, size_t *ret_size)
{
	_cleanup_free_ char *buf = malloc(XML_MAX_SIZE + 1);
	size_t size = 0;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	do {
		n = read(STDIN_FILENO, buf + size, XML_MAX_SIZE + 1 - size);
		if (n < 0)
			return -errno;
		size += n;
	} while (n && size <= XML_MAX_SIZE);
	*ret = buf;
	*ret_size = size;
	buf = NULL;
	return 0;
}

static int write_output(const char *bytes, size_t size)
{
	ssize_t n;

	for (; size; bytes += n, size -= n) {
		n = write(STDOUT_FILENO, bytes, size);
		if (n < 0)
			return -errno;
	}
	return 0;
}

/* Which of an arriving domain's devices are to have a VF of this host? Returns how many. */
static size_t find_ours(const struct dom *dom, bool *ret_ours)
{
	bool have_nic = host_nic(NULL);
	size_t i, count = 0;

	for (i = 0; i < dom->count; i++) {
		ret_ours[i] = dom_is_ours(&dom->devices[i], host_here(dom->devices[i].source),
					  have_nic);
		count += ret_ours[i];
	}
	return count;
}

/* Reserve the VFs that were chosen. All or none. */
static int reserve(struct host *host, struct dom *dom, const size_t *rows, bool *ret_moved,
		   char *reason, size_t size)
{
	size_t i;
	int r;

	*ret_moved = false;
	for (i = 0; i < dom->count; i++) {
		const struct vf_row *row;

		if (rows[i] == CHOOSE_NONE)
			continue;
		row = &host->table.rows[rows[i]];
		r = host_reserve(host, row, dom, &dom->devices[i], RESERVATION_INCOMING,
				 reason, size);
		if (r < 0)
			return r;
		if (!strcmp(row->place.vf_pci, dom->devices[i].source))
			continue;
		*ret_moved = true;
		r = dom_move(dom, i, row->place.vf_pci);
		if (r < 0) {
			snprintf(reason, size, "the domain's XML cannot be changed");
			return r;
		}
	}
	return 0;
}

static int choose_vfs(struct host *host, const struct dom *dom, const bool *ours, size_t *rows,
		      char *reason, size_t size)
{
	int r;

	/* what an earlier attempt has left */
	host_release(host, dom->uuid, true);
	r = choose(&host->table, dom, ours, rows, reason, size);
	if (!r)
		return 0;
	host_name_users(host);
	return choose(&host->table, dom, ours, rows, reason, size);
}

/* A domain arrives, or comes back from a file. */
static int incoming(struct dom *dom)
{
	_cleanup_free_ size_t *rows = calloc(dom->count, sizeof(*rows));
	_cleanup_free_ bool *ours = calloc(dom->count, sizeof(*ours));
	_cleanup_(host_p) struct host host = { .store = STORE_CLOSED };
	_cleanup_free_ char *xml = NULL;
	char reason[REASON];
	size_t size;
	bool moved;
	int r;

	if (!rows || !ours) {
		complain("no memory");
		return STATUS_CANNOT;
	}
	if (!find_ours(dom, ours))
		return STATUS_OK;
	if (dom->stray[0]) {
		complain("the domain's metadata has a <vferry:vf> for %s, but no device has this "
			 "alias", dom->stray);
		return STATUS_NO;
	}
	r = host_open(&host, dom->uuid, reason, sizeof(reason));
	if (!r)
		r = choose_vfs(&host, dom, ours, rows, reason, sizeof(reason));
	if (r < 0) {
		complain("%s", reason);
		return STATUS_NO;
	}
	r = reserve(&host, dom, rows, &moved, reason, sizeof(reason));
	if (!r && moved) {
		r = dom_bytes(dom, &xml, &size);
		if (!r)
			r = write_output(xml, size);
		if (r < 0)
			snprintf(reason, sizeof(reason), "the XML cannot be written: %s",
				 strerror(-r));
	}
	if (r < 0) {
		host_release(&host, dom->uuid, true);
		complain("%s", reason);
		return STATUS_NO;
	}
	return STATUS_OK;
}

/* The VFs that a domain has, each handed to @each. Nothing is done if it has none. */
static int for_each_vf(struct dom *dom, int (*each)(struct host *host, const struct vf_row *row,
						    struct dom *dom, struct dom_device *device))
{
	_cleanup_(host_p) struct host host = { .store = STORE_CLOSED };
	char reason[REASON];
	size_t i, count = 0;
	int r;

	for (i = 0; i < dom->count; i++)
		count += host_here(dom->devices[i].source) == HERE_OURS;
	if (!count)
		return STATUS_OK;
	r = host_open(&host, dom->uuid, reason, sizeof(reason));
	if (r < 0) {
		/* libvirt itself sees to it that no VF has two domains */
		complain("domain %s: its VFs are not noted: %s", dom->name, reason);
		return STATUS_OK;
	}
	for (i = 0; i < dom->count; i++) {
		const struct vf_row *row = host_row(&host, dom->devices[i].source);

		r = row ? each(&host, row, dom, &dom->devices[i]) : STATUS_OK;
		if (r != STATUS_OK)
			return r;
	}
	return STATUS_OK;
}

/* The reservation that there is goes on, or a new one is made. */
static int note(struct host *host, const struct vf_row *row, struct dom *dom,
		struct dom_device *device, enum reservation_state state)
{
	char reason[REASON];
	int r;

	r = host_advance(host, row->place.vf_pci, dom->uuid, state);
	if (!r && !row->reserved[0])
		r = host_reserve(host, row, dom, device, state, reason, sizeof(reason));
	else if (r < 0)
		snprintf(reason, sizeof(reason), "%s", strerror(-r));
	if (r < 0)
		complain("domain %s: VF %s is not noted: %s", dom->name, row->place.vf_pci,
			 reason);
	return STATUS_OK;
}

static int prepare(struct host *host, const struct vf_row *row, struct dom *dom,
		   struct dom_device *device)
{
	if (row->reserved[0]) {
		complain("VF %s (%s vf %d) is reserved for domain %s, which is arriving: if it does "
			 "not come, the VF is free after %d s", row->place.vf_pci, row->place.pf,
			 row->place.vf, row->reserved, RESERVATION_LIFE);
		return STATUS_NO;
	}
	/* held by something else: libvirt has words for that */
	return row->held ? STATUS_OK : note(host, row, dom, device, RESERVATION_PREPARED);
}

static int running(struct host *host, const struct vf_row *row, struct dom *dom,
		   struct dom_device *device)
{
	return note(host, row, dom, device, RESERVATION_RUNNING);
}

static int on_prepare(struct dom *dom)
{
	return for_each_vf(dom, prepare);
}

static int on_running(struct dom *dom)
{
	return for_each_vf(dom, running);
}

/* The domain has gone from this host. */
static int release(struct dom *dom)
{
	_cleanup_(host_p) struct host host = { .store = STORE_CLOSED };
	char reason[REASON];
	int r;

	if (access(store_path, F_OK))
		return STATUS_OK;
	r = host_open(&host, dom->uuid, reason, sizeof(reason));
	if (r < 0) {
		if (r != -ENOENT)
			complain("domain %s: its VFs are not freed: %s", dom->name, reason);
		return STATUS_OK;
	}
	r = host_release(&host, dom->uuid, false);
	if (r < 0)
		complain("domain %s: what was set on its VFs is not undone: %s", dom->name,
			 strerror(-r));
	return STATUS_OK;
}

static const struct {
	const char *operation;
	const char *sub;
	int (*run)(struct dom *dom);
	bool may_refuse;	/* what cannot be read is no reason to go on */
} operations[] = {
	{ "migrate",	"begin",	incoming,	true },
	{ "restore",	"begin",	incoming,	true },
	{ "prepare",	"begin",	on_prepare,	false },
	{ "started",	"begin",	on_running,	false },
	{ "reconnect",	"begin",	on_running,	false },
	{ "release",	"end",		release,	false },
};

static int run(size_t nr, const char *xml, size_t size)
{
	_cleanup_(dom_p) struct dom dom = {};
	char reason[REASON];
	int r;

	if (!dom_may_concern(xml, size))
		return STATUS_OK;
	r = dom_read(xml, size, &dom, reason, sizeof(reason));
	if (r < 0) {
		complain("the domain's XML is refused: %s", reason);
		return operations[nr].may_refuse ? STATUS_NO : STATUS_OK;
	}
	return dom.count ? operations[nr].run(&dom) : STATUS_OK;
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *xml = NULL;
	size_t size = 0, i;
	int r;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		return STATUS_OK;
	}
	if (argc < 4) {
		fputs(help, stderr);
		return STATUS_USAGE;
	}
	signal(SIGALRM, time_is_over);
	alarm(LIFE_SECONDS);
	r = read_input(&xml, &size);
	if (r < 0) {
		complain("the domain's XML cannot be read: %s", strerror(-r));
		return STATUS_CANNOT;
	}
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(argv[2], operations[i].operation) && !strcmp(argv[3], operations[i].sub))
			return run(i, xml, size);
	return STATUS_OK;
}
