// SPDX-License-Identifier: GPL-2.0-or-later
/* /etc/vferry/host.conf; see conf.h. */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "conf.h"
#include "number.h"
#include "text.h"

/* What is being read */
struct reading {
	struct conf *conf;
	char *reason;
	size_t size;
};

/* libinih takes 0 for an error */
static int wrong(struct reading *r, const char *format, ...)
{
	va_list args;

	if (r->reason[0])
		return 0;
	va_start(args, format);
	vsnprintf(r->reason, r->size, format, args);
	va_end(args);
	return 0;
}

/* A whole number up to a limit, or -1 */
static int number(const char *text, size_t len, int max)
{
	uint64_t value;
	char copy[16];

	if (len >= sizeof(copy))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return number_read(copy, 0, max, &value) ? -1 : (int)value;
}

static int read_bind(struct reading *r, struct conf_pf *pf, const char *value)
{
	const char *rest = value;
	size_t len;
	int n;

	if (pf->bind_set)
		return wrong(r, "bind: written twice for this PF");
	pf->bind_set = true;
	while (*rest) {
		len = strcspn(rest, " \t");
		n = number(rest, len, CONF_VFS - 1);
		if (n < 0)
			return wrong(r, "bind: not numbers of VFs from 0 to %d: %s", CONF_VFS - 1,
				     value);
		pf->bind |= 1u << n;
		rest += len;
		rest += strspn(rest, " \t");
	}
	return 1;
}

static int read_mac(struct reading *r, struct conf_pf *pf, const char *key, const char *value)
{
	unsigned int b[6], i;
	int n, end = 0;

	n = number(key + 4, strlen(key + 4), CONF_VFS - 1);
	if (n < 0)
		return wrong(r, "%s: not the number of a VF from 0 to %d", key, CONF_VFS - 1);
	if (sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || value[end] || strlen(value) != 17)
		return wrong(r, "%s: not an address: %s", key, value);
	if (b[0] & 1 || !(b[0] | b[1] | b[2] | b[3] | b[4] | b[5]))
		return wrong(r, "%s: not an address of one interface: %s", key, value);
	if (pf->mac_set & 1u << n)
		return wrong(r, "%s: written twice for this PF", key);
	for (i = 0; i < 6; i++)
		pf->mac[n][i] = b[i];
	pf->mac_set |= 1u << n;
	return 1;
}

static struct conf_pf *section(struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->count; i++)
		if (!strcmp(conf->pfs[i].name, name))
			return &conf->pfs[i];
	if (conf->count == CONF_PFS || strlen(name) >= sizeof(conf->pfs[0].name))
		return NULL;
	snprintf(conf->pfs[conf->count].name, sizeof(conf->pfs[0].name), "%s", name);
	return &conf->pfs[conf->count++];
}

static int read_network(struct reading *r, struct conf_pf *pf, const char *value)
{
	if (pf->network[0])
		return wrong(r, "network: written twice for this PF");
	if (!*value || strlen(value) >= sizeof(pf->network))
		return wrong(r, "network: empty or longer than %zu bytes", sizeof(pf->network) - 1);
	if (!text_is_clean(value))
		return wrong(r, "network: not text in UTF-8: %s", value);
	strcpy(pf->network, value);
	return 1;
}

static int read_vfs(struct reading *r, struct conf_pf *pf, const char *value)
{
	int n = number(value, strlen(value), CONF_VFS);

	if (pf->vfs)
		return wrong(r, "vfs: written twice for this PF");
	if (n < 1)
		return wrong(r, "vfs: not a number from 1 to %d: %s", CONF_VFS, value);
	pf->vfs = n;
	return 1;
}

static int take(void *user, const char *name, const char *key, const char *value)
{
	struct reading *r = user;
	struct conf_pf *pf;

	if (!*name)
		return wrong(r, "%s: stands before the first [PF]", key);
	pf = section(r->conf, name);
	if (!pf)
		return wrong(r, "[%s]: too many PFs, or its name is too long", name);
	if (!strcmp(key, "network"))
		return read_network(r, pf, value);
	if (!strcmp(key, "vfs"))
		return read_vfs(r, pf, value);
	if (!strcmp(key, "bind"))
		return read_bind(r, pf, value);
	if (!strncmp(key, "mac.", 4))
		return read_mac(r, pf, key, value);
	return wrong(r, "%s: no such setting: network, vfs, bind or mac.NUMBER", key);
}

static int refuse(char *reason, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char *reason, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, size, format, args);
	va_end(args);
	return -EINVAL;
}

/* One address, two VFs: which VF of which PF has the same as this one? */
static int check_mac(const struct conf *conf, size_t pf, unsigned int vf, char *reason, size_t size)
{
	const struct conf_pf *a = &conf->pfs[pf], *b;
	unsigned int n;

	for (b = conf->pfs; b <= a; b++)
		for (n = 0; n < (b == a ? vf : CONF_VFS); n++)
			if (b->mac_set & 1u << n && !memcmp(a->mac[vf], b->mac[n], 6))
				return refuse(reason, size, "[%s] mac.%u and [%s] mac.%u are the "
					      "same address", b->name, n, a->name, vf);
	return 0;
}

/* What belongs together */
static int check(const struct conf *conf, char *reason, size_t size)
{
	unsigned int n;
	size_t i;
	int r;

	for (i = 0; i < conf->count; i++) {
		const struct conf_pf *pf = &conf->pfs[i];

		if (pf->vfs && (pf->bind | pf->mac_set) >> pf->vfs)
			return refuse(reason, size, "[%s]: names a VF beyond its %u", pf->name,
				      pf->vfs);
		for (n = 0; n < CONF_VFS; n++) {
			r = pf->mac_set & 1u << n ? check_mac(conf, i, n, reason, size) : 0;
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Comments stand behind white space. libinih knows those that begin with ;, not with #. */
static void cut_comment(char *line)
{
	char *c;

	for (c = strchr(line, '#'); c; c = strchr(c + 1, '#'))
		if (c == line || c[-1] == ' ' || c[-1] == '\t') {
			*c = '\0';
			return;
		}
}

/**
 * struct lines - the text, for libinih line by line
 * @rest: what has not been handed out
 * @number: of the last line
 * @sections: names that have been seen, of @count sections
 */
struct lines {
	struct reading *reading;
	char *rest;
	char sections[CONF_PFS][sizeof(((struct conf_pf *)NULL)->name)];
	size_t count;
	unsigned int number;
	bool failed;
};

/* A section that begins: libinih would go on with the first of that name */
static bool is_new(struct lines *l, const char *line)
{
	char name[sizeof(l->sections[0])];
	size_t i;

	if (sscanf(line, "[%63[^]]]", name) != 1)
		return true;
	for (i = 0; i < l->count; i++)
		if (!strcmp(l->sections[i], name)) {
			wrong(l->reading, "[%s]: a second section for this PF", name);
			return false;
		}
	if (l->count < CONF_PFS)
		strcpy(l->sections[l->count++], name);
	return true;
}

/* As fgets(): libinih cuts what does not fit into @size, and goes on with the rest. */
static char *next_line(char *ret, int size, void *stream)
{
	struct lines *l = stream;
	char *line = l->failed ? NULL : strsep(&l->rest, "\n");

	if (!line || (!*line && !l->rest))
		return NULL;
	l->number++;
	cut_comment(line);
	/* libinih takes an indented line for more of the one before */
	line += strspn(line, " \t");
	if (strlen(line) + 2 > (size_t)size)
		wrong(l->reading, "longer than %d bytes", size - 2);
	else if (is_new(l, line))
		return snprintf(ret, size, "%s\n", line) < 0 ? NULL : ret;
	l->failed = true;
	return NULL;
}

/* All of it, and a 0 behind: 0, or -errno with a reason */
static int read_all(FILE *in, char **ret, char *reason, size_t size)
{
	_cleanup_free_ char *text = malloc(CONF_SIZE + 1);
	size_t n;

	if (!text)
		return -ENOMEM;
	n = fread(text, 1, CONF_SIZE + 1, in);
	if (ferror(in)) {
		snprintf(reason, size, "%s", strerror(errno));
		return errno ? -errno : -EIO;
	}
	if (n > CONF_SIZE)
		return refuse(reason, size, "longer than %d bytes", CONF_SIZE);
	text[n] = '\0';
	if (strlen(text) != n)
		return refuse(reason, size, "not text");
	*ret = text;
	text = NULL;
	return 0;
}

int conf_read(FILE *in, struct conf *ret, char *reason, size_t size)
{
	struct reading r = { ret, reason, size };
	struct lines lines = { .reading = &r };
	_cleanup_free_ char *text = NULL;
	char why[256];
	int line;

	*ret = (struct conf) {};
	reason[0] = '\0';
	line = read_all(in, &text, reason, size);
	if (line < 0)
		return line;
	lines.rest = text;
	line = ini_parse_stream(next_line, &lines, take, &r);
	if (line || lines.failed) {
		snprintf(why, sizeof(why), "%s", reason[0] ? reason : "not [PF] or name = value");
		return refuse(reason, size, "line %d: %s", line ? line : (int)lines.number, why);
	}
	return check(ret, reason, size);
}

int conf_load(const char *path, struct conf *ret, char *reason, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	*ret = (struct conf) {};
	if (!f) {
		snprintf(reason, size, "%s", strerror(errno));
		return -errno;
	}
	return conf_read(f, ret, reason, size);
}
