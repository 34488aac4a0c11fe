/* SPDX-License-Identifier: GPL-2.0-only */
/* What the VF asks of its PF, one function a message; see request.c. */
#ifndef VVF_REQUEST_H
#define VVF_REQUEST_H

#include <linux/types.h>

#include "../include/vferry_mbx.h"

struct vvf;

int vvf_request_reset(struct vvf *vvf);
int vvf_request_hello(struct vvf *vvf, u32 features);
int vvf_request_mac(struct vvf *vvf, enum vferry_mbx_mac what, const u8 *mac);
int vvf_request_multicast(struct vvf *vvf, const u16 *hashes, unsigned int count);
int vvf_request_vlan(struct vvf *vvf, u16 vid, bool add);
int vvf_request_max_frame(struct vvf *vvf, unsigned int bytes);
int vvf_request_promisc(struct vvf *vvf, enum vferry_mbx_promisc what);

#endif
