/* SPDX-License-Identifier: GPL-2.0-only */
/* Generic netlink family vferry_vf; see include/uapi/vferry_vf.h. */
#ifndef VVF_NL_H
#define VVF_NL_H

#include <linux/types.h>

struct vvf;
struct vvf_event;

int vvf_nl_init(void);
void vvf_nl_exit(void);
int vvf_nl_ask(struct vvf *vvf, u32 portid, u64 mig_id);
void vvf_nl_event(struct vvf *vvf, const struct vvf_event *event);

#endif
