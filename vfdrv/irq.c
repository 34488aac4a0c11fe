// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts.
 *
 * Vector 0 is for the queues, 1 and 2 are for the mailbox: the number 2 in
 * IVAR_MISC is vector 2 on an 82576, but QEMU takes it for a mask, which means
 * vector 1. All vectors are on from probe to remove, so that an interface that
 * is down can be migrated too; vector 0 is masked while the queues are off.
 *
 * IVAR is written with one value only: QEMU ors what is written into what an
 * earlier owner of the VF has left there. A PF driver that does not clear it
 * (igb) may so send the queues' interrupt to another vector; with such a
 * PF each vector's handler looks at the queues. And the handler of the queues looks at the mailbox now and then, so that no
 * lost mailbox interrupt matters for long.
 */
#include <linux/interrupt.h>
#include <linux/jiffies.h>

#include "vvf.h"

#define IVAR_QUEUES	(VVF_IVAR_VALID | VVF_VECTOR_QUEUE |			\
			 (VVF_IVAR_VALID | VVF_VECTOR_QUEUE) << 8)
#define IVAR_MISC	(VVF_IVAR_VALID | 2)
#define ALL_VECTORS	GENMASK(VVF_VECTORS - 1, 0)

#define PEEK_INTERVAL	msecs_to_jiffies(20)

static irqreturn_t vvf_irq_queue(int irq, void *data)
{
	struct vvf *vvf = data;

	vvf->stats.interrupts++;
	vvf_write(vvf, VVF_EIMC, BIT(VVF_VECTOR_QUEUE));
	napi_schedule_irqoff(&vvf->napi);

	if (time_after(jiffies, READ_ONCE(vvf->mbx.peeked) + PEEK_INTERVAL))
		vvf_mbx_kick(vvf);
	return IRQ_HANDLED;
}

static irqreturn_t vvf_irq_mailbox(int irq, void *data)
{
	struct vvf *vvf = data;

	vvf->mbx.interrupts++;
	vvf_mbx_notice(vvf);
	if (!vvf->mig.welcome.version)
		napi_schedule_irqoff(&vvf->napi);
	return IRQ_HANDLED;
}

/**
 * vvf_irq_request() - allocate and request all vectors
 * @vvf: device
 *
 * NAPI must exist (disabled) and the mailbox's worker must run.
 */
int vvf_irq_request(struct vvf *vvf)
{
	int r, v;

	r = pci_alloc_irq_vectors(vvf->pdev, VVF_VECTORS, VVF_VECTORS, PCI_IRQ_MSIX);
	if (r < 0)
		return r;

	for (v = 0; v < VVF_VECTORS; v++) {
		r = pci_request_irq(vvf->pdev, v,
				    v == VVF_VECTOR_QUEUE ? vvf_irq_queue : vvf_irq_mailbox,
				    NULL, vvf, VVF_NAME "-%s-%s", pci_name(vvf->pdev),
				    v == VVF_VECTOR_QUEUE ? "queue" : "mailbox");
		if (r)
			goto free_irqs;
	}
	return 0;

free_irqs:
	while (--v >= 0)
		pci_free_irq(vvf->pdev, v, vvf);
	pci_free_irq_vectors(vvf->pdev);
	return r;
}

/**
 * vvf_irq_free() - undo vvf_irq_request()
 * @vvf: device
 *
 * No handler runs any more when it returns.
 */
void vvf_irq_free(struct vvf *vvf)
{
	int v;

	vvf_write(vvf, VVF_EIMC, ALL_VECTORS);
	for (v = 0; v < VVF_VECTORS; v++)
		pci_free_irq(vvf->pdev, v, vvf);
	pci_free_irq_vectors(vvf->pdev);
}

/**
 * vvf_irq_program() - program routing, throttle and masks
 * @vvf: device
 *
 * After a reset once the PF has answered (it scrubs these registers), and on
 * resume. Vector 0 is left as it is; vvf_queue_start() unmasks it. All
 * causes clear themselves (EIAC), or a vector would fire only once. The mailbox
 * is not throttled, and the queues only if the administrator wants it: NAPI masks,
 * and QEMU's throttle timers fire without a cause.
 */
void vvf_irq_program(struct vvf *vvf)
{
	const struct vvf_setting settings[] = {
		{ VVF_IVAR, IVAR_QUEUES },
		{ VVF_IVAR_MISC, IVAR_MISC },
		{ VVF_EITR(VVF_VECTOR_QUEUE), READ_ONCE(vvf->usecs) << VVF_EITR_USECS_SHIFT },
		{ VVF_EITR(1), 0 },
		{ VVF_EITR(2), 0 },
		{ VVF_EIAC, ALL_VECTORS },
		{ VVF_EIMS, ALL_VECTORS & ~BIT(VVF_VECTOR_QUEUE) },
	};

	static_assert(VVF_VECTORS == 3);
	vvf_program(vvf, settings, ARRAY_SIZE(settings));
}

/**
 * vvf_irq_throttle() - program the throttle of the queues
 * @vvf: device, neither suspended nor away
 */
void vvf_irq_throttle(struct vvf *vvf)
{
	vvf_write(vvf, VVF_EITR(VVF_VECTOR_QUEUE), vvf->usecs << VVF_EITR_USECS_SHIFT);
}

/**
 * vvf_irq_programmed() - is the routing still there?
 * @vvf: device
 */
bool vvf_irq_programmed(struct vvf *vvf)
{
	return vvf_read(vvf, VVF_IVAR) == IVAR_QUEUES;
}

/**
 * vvf_irq_forgotten() - has the routing been reset?
 * @vvf: device
 *
 * Not the contrary of vvf_irq_programmed(): a device that does not answer has forgotten
 * nothing that is known.
 */
bool vvf_irq_forgotten(struct vvf *vvf)
{
	return !vvf_read(vvf, VVF_IVAR);
}
