// SPDX-License-Identifier: GPL-2.0-or-later
/* What host.conf has for a PF; see section.h. */
#include <string.h>

#include "section.h"

const struct conf_pf *section_of(const struct conf *conf, const struct target *pf)
{
	struct target named;
	size_t i;

	for (i = 0; i < conf->count; i++)
		if (!target_find(conf->pfs[i].name, &named) && named.vf < 0 &&
		    !strcmp(named.pf_pci, pf->pf_pci))
			return &conf->pfs[i];
	return NULL;
}
