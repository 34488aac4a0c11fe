// SPDX-License-Identifier: GPL-2.0-or-later
/* vferry libvirt: what a libvirt domain needs to be migrated with its VFs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "cleanup.h"
#include "cmd.h"
#include "libvirt_sync.h"
#include "options.h"
#include "prepare.h"
#include "rtnl.h"
#include "say.h"
#include "section.h"
#include "text.h"
#include "virt.h"
#include "xml.h"

static const char help[] =
	"Usage: vferry libvirt prepare [OPTIONS] DOMAIN\n"
	"       vferry libvirt prepare [OPTIONS] --file=FILE\n"
	"       vferry libvirt sync [--connect=URI] [--json] [--follow | DOMAIN...]\n\n"
	"prepare: what a domain of libvirt needs so that virsh migrate takes it to another host\n"
	"with its VFs: the driver and an alias for each VF, QEMU's switch for migration where the\n"
	"kernel has no IOMMUFD, and what host.conf says of the VFs. Shows the changes to the\n"
	"persistent definition; nothing is done without --apply. They are in force when the domain\n"
	"is started the next time.\n\n"
	"sync: the persistent definitions of domains that run, or of these, name the VFs that the\n"
	"domains have now: those that come with a migration name the VFs of the source.\n"
	"vferry-libvirt.service does it for all that arrive.\n\n"
	"  -a, --apply        define the domain anew\n"
	"  -c, --connect=URI  libvirt's connection, as virsh --connect\n"
	"  -f, --file=FILE    XML from a file, -: from standard input\n"
	"      --follow       go on, and do it again when a domain has arrived or was defined\n"
	"  -x, --xml          print the changed XML, and the changes on standard error\n"
	"  -j, --json         as JSON\n"
	"  -h, --help         this text\n";

/**
 * struct job - what is to be done
 * @domain: name, NULL: @file is given
 * @uri: of libvirt, NULL: its own choice
 * @old: XML as it was, in the form that libxml2 writes; @new: as it is to be
 */
struct job {
	const char *domain;
	const char *file;
	const char *uri;
	bool apply;
	bool xml;
	bool json;
	char *old;
	char *new;
	size_t new_size;
};

static void job_free(struct job *job)
{
	free(job->old);
	free(job->new);
}

static int read_domain(const struct job *job, struct virt *virt, char **ret_xml)
{
	int r = virt_open(job->uri, virt);

	return r ? r : virt_xml(virt, job->domain, job->apply ? CONN_SECRET : CONN_KEPT, ret_xml);
}

static int read_file(const struct job *job, char **ret_xml)
{
	_cleanup_fclose_ FILE *f = !strcmp(job->file, "-") ? fdopen(dup(STDIN_FILENO), "r") :
				   fopen(job->file, "re");
	_cleanup_free_ char *buf = malloc(XML_MAX_SIZE + 2);
	size_t n;

	if (!f || !buf) {
		say("%s: %s", job->file, strerror(errno));
		return STATUS_CANNOT;
	}
	n = fread(buf, 1, XML_MAX_SIZE + 1, f);
	if (ferror(f)) {
		say("%s: %s", job->file, strerror(errno));
		return STATUS_CANNOT;
	}
	buf[n] = '\0';
	if (strlen(buf) != n) {
		say("%s: not text", job->file);
		return STATUS_NO;
	}
	*ret_xml = buf;
	buf = NULL;
	return STATUS_OK;
}

/* What this host knows of a device */
static void describe(const struct conf *conf, const char *pci, struct prepare_vf *ret)
{
	struct vf_settings settings[RTNL_VFS] = {};
	const struct conf_pf *section;
	struct target vf;
	int r;

	*ret = (struct prepare_vf) { .here = HERE_NOTHING };
	r = target_find(pci, &vf);
	if (r < 0 || vf.vf < 0) {
		ret->here = r == -ENODEV ? HERE_NOTHING : HERE_OTHER;
		return;
	}
	if (strcmp(vf.pf_driver, "vferry_pf")) {
		ret->here = HERE_OTHER;
		return;
	}
	ret->here = HERE_OURS;
	if (vf.ifindex && !rtnl_vf_settings(vf.ifindex, settings)) {
		ret->vlan = settings[vf.vf].vlan;
		ret->qos = settings[vf.vf].qos;
	}
	section = section_of(conf, &vf);
	if (!section)
		return;
	snprintf(ret->network, sizeof(ret->network), "%s", section->network);
	if (vf.vf < CONF_VFS && section->mac_set & 1u << vf.vf) {
		ret->mac_set = true;
		memcpy(ret->mac, section->mac[vf.vf], 6);
	}
}

/* The tree is read, changed, and written as it was and as it is. */
static int work_out(struct job *job, const char *xml, struct dom *dom, struct prepare *ret)
{
	_cleanup_free_ struct prepare_vf *vfs = NULL;
	char reason[256];
	struct conf conf;
	size_t size, i;
	int r;

	r = dom_read(xml, strlen(xml), dom, reason, sizeof(reason));
	if (r < 0) {
		say("%s: %s", job->domain ?: job->file, reason);
		return STATUS_NO;
	}
	conf_load_or_say(&conf);
	vfs = calloc(dom->count + 1, sizeof(*vfs));
	if (!vfs)
		return STATUS_CANNOT;
	for (i = 0; i < dom->count; i++)
		describe(&conf, dom->devices[i].source, &vfs[i]);
	r = dom_bytes(dom, &job->old, &size);
	if (!r)
		r = prepare(dom, vfs, false, access("/dev/iommu", F_OK) != 0, ret);
	if (!r)
		r = dom_bytes(dom, &job->new, &job->new_size);
	if (r < 0) {
		say("%s: %s", dom->name, r == -E2BIG ? "too many changes" : strerror(-r));
		return STATUS_CANNOT;
	}
	if (ret->vfs)
		return STATUS_OK;
	say("%s: none of its devices is a VF of vferry's: neither is its driver vferry_vfio, nor is "
	    "it at the address of a VF whose PF vferry_pf drives", dom->name);
	return STATUS_NO;
}

/* In a folder of its own, that goes with its files at the end */
struct folder {
	char path[32];
	char old[48];
	char new[48];
};

static void folder_p(struct folder *f)
{
	if (!f->path[0])
		return;
	unlink(f->old);
	unlink(f->new);
	rmdir(f->path);
}

/* @path: a template, as of mkstemp(), becomes its name, or "" if there is none */
static int write_temporary(char *path, const char *text, size_t size)
{
	_cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0) {
		path[0] = '\0';
		return -errno;
	}
	return write(fd, text, size) == (ssize_t)size ? 0 : -EIO;
}

static int write_both(const struct job *job, struct folder *f)
{
	int r;

	strcpy(f->path, "/tmp/vferry-XXXXXX");
	if (!mkdtemp(f->path)) {
		f->path[0] = '\0';
		return -errno;
	}
	snprintf(f->old, sizeof(f->old), "%s/old-XXXXXX", f->path);
	snprintf(f->new, sizeof(f->new), "%s/new-XXXXXX", f->path);
	r = write_temporary(f->old, job->old, strlen(job->old));
	return r ? r : write_temporary(f->new, job->new, job->new_size);
}

static int diff(const struct folder *f, const char *name, char **ret_diff)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	const char *words[] = { "diff", "-u", "--label", NULL, "--label", NULL, f->old, f->new,
				NULL };
	struct child child;
	int r;

	if (asprintf(&before, "%s as it is", name) < 0 ||
	    asprintf(&after, "%s with what it needs", name) < 0)
		return -ENOMEM;
	words[3] = before;
	words[5] = after;
	r = child_start(&child, words);
	if (!r)
		r = child_finish(&child, ret_diff);
	return r == 1 || r < 0 ? r : r == CHILD_CANNOT ? -ENOENT : -EIO;
}

static json_t *lines_json(const char lines[][PREPARE_TEXT], size_t count)
{
	json_t *j = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(j, json_string(lines[i]));
	return j;
}

static void print_diff(const char *text)
{
	const char *end;

	for (; *text; text = end) {
		enum paint p = *text == '+' ? PAINT_GOOD : *text == '-' ? PAINT_BAD : PAINT_OFF;

		end = strchrnul(text, '\n');
		fputs(p ? paint(stdout, p) : "", stdout);
		/* for a terminal it is cleaned, for patch(1) it is not */
		if (isatty(STDOUT_FILENO))
			text_print(stdout, "%.*s", (int)(end - text), text);
		else
			fwrite(text, 1, end - text, stdout);
		printf("%s\n", p ? paint(stdout, PAINT_OFF) : "");
		end += *end == '\n';
	}
}

static void print_lines(FILE *out, const struct prepare *p)
{
	size_t i;

	for (i = 0; i < p->change_count; i++)
		text_print(out, "change  %s\n", p->changes[i]);
	for (i = 0; i < p->note_count; i++)
		text_print(out, "note    %s\n", p->notes[i]);
}

/* How the definition is, or was, changed */
static int tell(const struct job *job, const struct dom *dom, const struct prepare *p,
		const char *changes, bool applied)
{
	json_t *j;

	if (job->json) {
		j = json_pack("{s:s, s:s, s:b, s:o, s:o, s:s}", "domain", dom->name, "uuid",
			      dom->uuid, "applied", (int)applied, "changes",
			      lines_json(p->changes, p->change_count), "notes",
			      lines_json(p->notes, p->note_count), "diff", changes ?: "");
		if (j && job->xml)
			json_object_set_new(j, "xml", json_string(job->new));
		return say_json(j);
	}
	if (job->xml) {
		print_lines(stderr, p);
		fwrite(job->new, 1, job->new_size, stdout);
		return fflush(stdout) ? STATUS_CANNOT : STATUS_OK;
	}
	if (changes)
		print_diff(changes);
	print_lines(stdout, p);
	if (!p->change_count)
		text_print(stdout, "%s: nothing to do\n", dom->name);
	else if (applied)
		text_print(stdout, "%s: changed; in force when it is started the next time\n",
			   dom->name);
	else if (job->domain)
		text_print(stdout, "%s: to change it: vferry libvirt prepare --apply %s\n",
			   dom->name, job->domain);
	return STATUS_OK;
}

/* @virt: not used without --apply; @read: as libvirt has told it */
static int show_and_apply(const struct job *job, const struct virt *virt, const char *read,
			  const struct dom *dom, const struct prepare *p)
{
	_cleanup_(folder_p) struct folder folder = {};
	_cleanup_free_ char *changes = NULL;
	int r;

	if (!p->change_count)
		return tell(job, dom, p, NULL, false);
	r = write_both(job, &folder);
	if (!r)
		r = diff(&folder, dom->name, &changes);
	if (r < 0) {
		say("the changes cannot be shown: %s", strerror(-r));
		return STATUS_CANNOT;
	}
	if (job->apply) {
		r = virt_define(virt, job->domain, read, job->new);
		if (r)
			return r == -ESTALE ? virt_stale() : r;
	}
	return tell(job, dom, p, changes, job->apply);
}

static int run(struct job *job)
{
	_cleanup_free_ struct prepare *p = calloc(1, sizeof(*p));
	_cleanup_(virt_p) struct virt virt = {};
	_cleanup_(dom_p) struct dom dom = {};
	_cleanup_free_ char *xml = NULL;
	int r;

	if (!p)
		return STATUS_CANNOT;
	r = job->file ? read_file(job, &xml) : read_domain(job, &virt, &xml);
	if (!r)
		r = work_out(job, xml, &dom, p);
	return r ? r : show_and_apply(job, &virt, xml, &dom, p);
}

/* Which options go together, and with how many words. OPTIONS_GO_ON, or an exit status */
static int check_words(const struct job *job, const char *what, bool follow, int count)
{
	bool sync = !strcmp(what, "sync");

	if (!sync && strcmp(what, "prepare")) {
		say("libvirt: %s: not one of prepare, sync", what);
		return STATUS_USAGE;
	}
	if (sync && (job->apply || job->file || job->xml))
		say("libvirt sync: --apply, --file and --xml are for prepare");
	else if (sync && follow && count)
		say("libvirt sync: --follow is for all domains: no names");
	else if (sync)
		return OPTIONS_GO_ON;
	else if (follow)
		say("libvirt prepare: --follow is for sync");
	else if (job->file && (job->apply || job->uri))
		say("libvirt prepare: --apply and --connect need a domain, not --file");
	else if (job->file && count)
		say("libvirt prepare: a domain or --file, not both");
	else if (!job->file && count != 1)
		say("libvirt prepare: %s", count ? "one domain at a time" :
		    "which domain? Or --file=FILE");
	else
		return OPTIONS_GO_ON;
	return STATUS_USAGE;
}

int cmd_libvirt(int argc, char **argv)
{
	_cleanup_(job_free) struct job job = {};
	bool follow = false;
	const struct option_spec options[] = {
		{ "apply", 'a', .kind = OPTION_FLAG, .ret = &job.apply },
		{ "connect", 'c', OPTION_TEXT, &job.uri, .what = "a URI of libvirt" },
		{ "file", 'f', OPTION_TEXT, &job.file, .what = "the name of a file" },
		{ "xml", 'x', .kind = OPTION_FLAG, .ret = &job.xml },
		{ "follow", .kind = OPTION_FLAG, .ret = &follow },
		{}
	};
	const struct command_line line = {
		.command = "libvirt", .help = help, .options = options, .json = &job.json,
		.min = 1, .max = INT_MAX, .words = "prepare or sync",
	};
	int r;

	r = options_read(&line, &argc, &argv);
	if (r == OPTIONS_GO_ON)
		r = check_words(&job, argv[0], follow, argc - 1);
	if (r != OPTIONS_GO_ON)
		return r;
	if (!strcmp(argv[0], "sync"))
		return follow ? libvirt_follow(job.uri, job.json) :
		       libvirt_sync(job.uri, job.json, argv + 1);
	job.domain = job.file ? NULL : argv[1];
	return run(&job);
}
