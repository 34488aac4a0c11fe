// SPDX-License-Identifier: GPL-2.0-or-later
/* /etc/vferry/host.conf; see conf.h. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "conf.h"
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
static int number(const char *text, const char **ret_rest, int max)
{
	char *end;
	long value;

	if (!isdigit((unsigned char)*text))
		return -1;
	value = strtol(text, &end, 10);
	*ret_rest = end;
	return value > max ? -1 : value;
}

static int read_bind(struct reading *r, struct conf_pf *pf, const char *value)
{
	const char *rest = value;
	int n;

	pf->bind_set = true;
	while (*rest) {
		n = number(rest, &rest, CONF_VFS - 1);
		if (n < 0 || (*rest && *rest != ' ' && *rest != '\t'))
			return wrong(r, "bind: not numbers of VFs from 0 to %d: %s", CONF_VFS - 1,
				     value);
		pf->bind |= 1u << n;
		rest += strspn(rest, " \t");
	}
	return 1;
}

static int read_mac(struct reading *r, struct conf_pf *pf, const char *key, const char *value)
{
	unsigned int b[6], i;
	const char *rest;
	int n, end = 0;

	n = number(key + 4, &rest, CONF_VFS - 1);
	if (n < 0 || *rest)
		return wrong(r, "%s: not the number of a VF from 0 to %d", key, CONF_VFS - 1);
	if (sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || value[end] || strlen(value) != 17)
		return wrong(r, "%s: not an address: %s", key, value);
	if (b[0] & 1 || !(b[0] | b[1] | b[2] | b[3] | b[4] | b[5]))
		return wrong(r, "%s: not an address of one interface: %s", key, value);
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

static int take(void *user, const char *name, const char *key, const char *value)
{
	struct reading *r = user;
	struct conf_pf *pf;
	const char *rest;
	int n;

	if (!*name)
		return wrong(r, "%s: stands before the first [PF]", key);
	pf = section(r->conf, name);
	if (!pf)
		return wrong(r, "[%s]: too many PFs, or its name is too long", name);
	if (!strcmp(key, "network")) {
		if (!*value || strlen(value) >= sizeof(pf->network))
			return wrong(r, "network: empty or longer than %zu bytes",
				     sizeof(pf->network) - 1);
		if (!text_is_clean(value))
			return wrong(r, "network: not text in UTF-8: %s", value);
		snprintf(pf->network, sizeof(pf->network), "%s", value);
		return 1;
	}
	if (!strcmp(key, "vfs")) {
		n = number(value, &rest, CONF_VFS);
		if (n < 1 || *rest)
			return wrong(r, "vfs: not a number from 1 to %d: %s", CONF_VFS, value);
		pf->vfs = n;
		return 1;
	}
	if (!strcmp(key, "bind"))
		return read_bind(r, pf, value);
	if (!strncmp(key, "mac.", 4))
		return read_mac(r, pf, key, value);
	return wrong(r, "%s: no such setting", key);
}

/* What belongs together */
static int check(const struct conf *conf, char *reason, size_t size)
{
	size_t i;

	for (i = 0; i < conf->count; i++) {
		const struct conf_pf *pf = &conf->pfs[i];

		if (pf->vfs && (pf->bind | pf->mac_set) >> pf->vfs) {
			snprintf(reason, size, "[%s]: names a VF beyond its %u", pf->name, pf->vfs);
			return -EINVAL;
		}
	}
	return 0;
}

int conf_read(FILE *in, struct conf *ret, char *reason, size_t size)
{
	struct reading r = { ret, reason, size };
	char why[256];
	int line;

	*ret = (struct conf) {};
	reason[0] = '\0';
	line = ini_parse_file(in, take, &r);
	if (line) {
		snprintf(why, sizeof(why), "%s", reason[0] ? reason : "not [PF] or name = value");
		snprintf(reason, size, "line %d: %s", line, why);
		return -EINVAL;
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
