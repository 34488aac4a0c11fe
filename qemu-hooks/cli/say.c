// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for people; see say.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "say.h"
#include "text.h"

static bool as_json, told;
static json_t *said;	/* NULL: nothing */

void say(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		text = NULL;
	else
		text_clean(text, len + 1, text);	/* one line, whatever is in it */
	fflush(stdout);
	text_print(stderr, "vferry: %s\n", text ?: "no memory");
	if (!said)
		said = json_array();
	json_array_append_new(said, text_json(text ?: "no memory"));
}

void say_as_json(void)
{
	as_json = true;
}

json_t *say_said(void)
{
	return said ? json_incref(said) : json_array();
}

void say_forget(void)
{
	json_decref(said);
	said = NULL;
}

int say_end(int status)
{
	if (status && as_json && !told && !ferror(stdout))
		say_json(json_pack("{s:o, s:i}", "errors", say_said(), "status", status));
	if ((fflush(stdout) || ferror(stdout)) && !status) {
		say("standard output: %s", strerror(errno));
		status = STATUS_CANNOT;
	}
	say_forget();
	return status;
}

const char *paint(FILE *out, enum paint paint)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!isatty(fileno(out)) || (no && *no) || !term || !strcmp(term, "dumb"))
		return "";
	switch (paint) {
	case PAINT_GOOD:
		return "\033[32m";
	case PAINT_BAD:
		return "\033[31m";
	case PAINT_DIM:
		return "\033[2m";
	case PAINT_BOLD:
		return "\033[1m";
	case PAINT_OFF:
		break;
	}
	return "\033[0m";
}

int say_json(json_t *value)
{
	_cleanup_json_ json_t *j = value;

	errno = 0;
	if (!j || json_dumpf(j, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) || putchar('\n') == EOF ||
	    fflush(stdout)) {
		say("the result cannot be written%s%s", errno ? ": " : "",
		    errno ? strerror(errno) : "");
		return STATUS_CANNOT;
	}
	told = true;
	return STATUS_OK;
}

void conf_load_or_say(struct conf *ret)
{
	char reason[256];
	int r = conf_load(CONF_FILE, ret, reason, sizeof(reason));

	if (r >= 0 || r == -ENOENT)
		return;
	*ret = (struct conf) {};
	say("%s: %s: it counts as empty until that is mended", CONF_FILE, reason);
}

int say_pf_error(const struct pf *pf, int err, const char *what)
{
	const char *reason = pf ? pf_refusal(pf) : "";

	if (err == -ENOENT || (pf && !pf_is_there(pf))) {
		say("%s: the PF driver is not loaded; try: modprobe vferry_pf", what);
		return STATUS_CANNOT;
	}
	if (err == -EPERM || err == -EACCES) {
		say("%s: not permitted: this needs root (CAP_NET_ADMIN)", what);
		return STATUS_CANNOT;
	}
	if (err == -ETIMEDOUT) {
		say("%s: the PF driver does not answer", what);
		return STATUS_CANNOT;
	}
	if (reason[0])
		say("%s: %s", what, reason);
	else
		say("%s: %s", what, strerror(-err));
	return STATUS_NO;
}

int say_no_target(const char *name, int err)
{
	if (err == -ENXIO)
		say("%s: neither a PF with SR-IOV nor a VF", name);
	else
		say("%s: no such PF or VF: give an interface, a PCI address, or PF/NUMBER", name);
	return STATUS_USAGE;
}

int need_vf(const char *name, struct target *ret)
{
	int r = target_find(name, ret);

	if (r < 0)
		return say_no_target(name, r);
	if (ret->vf < 0) {
		say("%s: a PF; which VF of it? %s/0, %s/1, …", name, name, name);
		return STATUS_USAGE;
	}
	return STATUS_OK;
}
