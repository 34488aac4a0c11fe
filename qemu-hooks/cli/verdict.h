/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Can this guest be migrated? What facts (facts.h) of one host, or of two, mean.
 *
 * Pure, apart from jansson. Facts of the other host are not trusted: what is not
 * there, or of another kind, does not pass.
 */
#ifndef VFERRY_CLI_VERDICT_H
#define VFERRY_CLI_VERDICT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CHECKS_MAX	40

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_SKIP,	/* cannot be told, because of another that failed */
};

/**
 * struct check - one line
 * @name: for scripts, never changed: "guest", "mtu"
 * @text: what was found
 * @advice: what to do about it, "": nothing
 */
struct check {
	const char *name;
	enum verdict verdict;
	char text[224];
	char advice[224];
};

struct checks {
	struct check all[CHECKS_MAX];
	size_t count;
};

void check_add(struct checks *checks, const char *name, enum verdict verdict,
	       const char *advice, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* All passed? */
bool checks_pass(const struct checks *checks);

/**
 * verdict_here() - the host that the guest is on, or would be
 * @checks: lines are added to it
 * @facts: of this host
 * @pf_pci: PCI address of the PF
 * @vf: number of the VF
 */
void verdict_here(struct checks *checks, const json_t *facts, const char *pf_pci, int vf);

/**
 * struct way - where a guest would go
 * @pf: interface of the PF there
 * @vf_pci: address of a VF there that is free
 */
struct way {
	char pf[64];
	char vf_pci[64];
};

/**
 * verdict_there() - the host that the guest is to go to
 * @checks: lines are added to it
 * @here: facts of the guest's host
 * @there: facts of the other host
 * @pf_pci: PCI address of the PF here
 * @vf: number of the VF here
 * @heard: interface of a PF there that has heard a frame sent by this one; "":
 *	none has; NULL: it was not tried
 * @ret_way: where it would go; empty: nowhere
 */
void verdict_there(struct checks *checks, const json_t *here, const json_t *there,
		   const char *pf_pci, int vf, const char *heard, struct way *ret_way);

/* Is a frame needed to know whether the networks are the same? Labels on both say it. */
bool verdict_needs_frame(const json_t *here, const json_t *there, const char *pf_pci);

/* 0; -EINVAL with a reason: a version that cannot do it, or no version. */
int qemu_version_ok(const char *version, const char **ret_reason);
int kernel_version_ok(const char *release);

/* New reference: an array of the lines. */
json_t *checks_json(const struct checks *checks);

#endif
