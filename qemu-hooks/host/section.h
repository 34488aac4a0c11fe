/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What host.conf has for a PF of this host. */
#ifndef VFERRY_HOST_SECTION_H
#define VFERRY_HOST_SECTION_H

#include "conf.h"
#include "sysfs.h"

/* By whichever name the PF is written there; NULL: it is not. */
const struct conf_pf *section_of(const struct conf *conf, const struct target *pf);

#endif
