/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent in user space that wants to be heard before SUSPEND. It has a deadline; without
 * one that asked for this, nothing waits.
 */
#ifndef VVF_HEAR_H
#define VVF_HEAR_H

#include <linux/types.h>
#include <linux/wait.h>

struct net;
struct vvf;

/**
 * struct vvf_hear - who wants to be heard about one VF
 * @wait: for GO
 * @net: network namespace of the socket; compared only
 * @portid: the socket; 0: nobody. Both under nl.c's lock; the worker reads them without,
 *	and forgets a socket of a namespace that the interface has left
 * @go: it has answered
 * @waited_us: how long the last SUSPEND waited; 0: it did not
 */
struct vvf_hear {
	wait_queue_head_t wait;
	const struct net *net;
	u32 portid;
	bool go;
	u32 waited_us;
};

void vvf_hear_init(struct vvf_hear *hear);
int vvf_hear_register(struct vvf_hear *hear, const struct net *net, u32 portid);
void vvf_hear_unregister(struct vvf_hear *hear, const struct net *net, u32 portid);
void vvf_hear_go(struct vvf_hear *hear, const struct net *net, u32 portid);
bool vvf_hear_wanted(const struct vvf_hear *hear);
void vvf_hear_ask(struct vvf *vvf, u64 mig_id);

#endif
