/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What decides whether this host can send or take a guest, as JSON: it
 * travels to the host that asks. Schema: "facts" in schema.json.
 */
#ifndef VFERRY_CLI_FACTS_H
#define VFERRY_CLI_FACTS_H

#include <jansson.h>

/* New reference; what cannot be had is left out. NULL: no memory. */
json_t *facts_here(void);

#endif
