// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: one vector for each queue pair, one for everything else.
 *
 * EICR is never read: that would clear the causes of all VFs.
 */
#include <linux/cpumask.h>
#include <linux/interrupt.h>

#include "pf.h"
#include "vf_mbx.h"

static irqreturn_t irq_queue(int irq, void *data)
{
	struct vpf_queue *queue = data;

	/* The cause clears itself (EIAC); there is no automatic mask in QEMU */
	vpf_wr(queue->nic, R_EIMC, BIT(queue->vector));
	napi_schedule_irqoff(&queue->napi);
	return IRQ_HANDLED;
}

static irqreturn_t irq_other(int irq, void *data)
{
	struct vpf_nic *nic = data;
	u32 icr = vpf_rd(nic, R_ICR);	/* clears it: GPIE.NSICR */

	nic->irq_other++;
	if (icr & INT_LSC)
		vpf_service_kick(nic);
	/* always looked at: a cause that came with another must not wait */
	if (vpf_vmdq(nic))
		vpf_mbx_irq(nic);
	return IRQ_HANDLED;
}

/* Both rings signal by the vector of their queue. The registers of VFs' queues are theirs */
void vpf_irq_queue_route(struct vpf_queue *queue)
{
	vpf_wr(queue->nic, R_IVAR(queue->hw), (queue->vector | IVAR_VALID) * 0x0101);
}

void vpf_irq_queue_on(struct vpf_queue *queue)
{
	vpf_wr(queue->nic, R_EIMS, BIT(queue->vector));
}

/* One vector for both rings: what is set for receive holds for transmit too */
void vpf_irq_pace(struct vpf_nic *nic)
{
	unsigned int i;

	for (i = 0; i < vpf_usable_queues(nic); i++)
		vpf_wr(nic, R_EITR(VPF_VEC_QUEUE + i), (u32)nic->rx_usecs << EITR_USECS_SHIFT);
}

static unsigned int queue_irq(const struct vpf_queue *queue)
{
	return pci_irq_vector(queue->nic->pdev, queue->vector);
}

void vpf_irq_queue_off(struct vpf_queue *queue)
{
	vpf_wr(queue->nic, R_EIMC, BIT(queue->vector));
	vpf_flush(queue->nic);
	synchronize_irq(queue_irq(queue));
}

void vpf_irq_other_on(struct vpf_nic *nic)
{
	vpf_wr(nic, R_IMS, INT_LSC | INT_VMMB);
	vpf_wr(nic, R_EIMS, BIT(VPF_VEC_OTHER));
}

void vpf_irq_other_off(struct vpf_nic *nic)
{
	vpf_wr(nic, R_IMC, ~0);
	vpf_wr(nic, R_EIMC, BIT(VPF_VEC_OTHER));
	vpf_flush(nic);
	synchronize_irq(pci_irq_vector(nic->pdev, VPF_VEC_OTHER));
}

/* Vectors of queues are held while the interface is open, and named after it */
int vpf_irq_queue_request(struct vpf_queue *queue)
{
	int err;

	snprintf(queue->irq_name, sizeof(queue->irq_name), "%s-%u", queue->nic->netdev->name,
		 queue->nr);
	err = request_irq(queue_irq(queue), irq_queue, 0, queue->irq_name, queue);
	if (!err)
		irq_update_affinity_hint(queue_irq(queue), cpumask_of(vpf_queue_cpu(queue)));
	return err;
}

void vpf_irq_queue_free(struct vpf_queue *queue)
{
	irq_update_affinity_hint(queue_irq(queue), NULL);
	free_irq(queue_irq(queue), queue);
}

/**
 * vpf_irq_max_queues() - for how many queues are there vectors, and processors?
 * @pdev: the PF's function
 */
unsigned int vpf_irq_max_queues(struct pci_dev *pdev)
{
	int most = min_t(int, num_online_cpus(), VPF_QUEUES);

	return clamp(pci_msix_vec_count(pdev) - VPF_VEC_QUEUE, 1, most);
}

/* Once: where the administrator moves them later they stay */
static void spread_vectors(struct vpf_nic *nic)
{
	unsigned int i;

	for (i = 0; i < nic->max_queues; i++)
		irq_set_affinity(pci_irq_vector(nic->pdev, VPF_VEC_QUEUE + i),
				 cpumask_of(vpf_queue_cpu(&nic->queues[i])));
}

/**
 * vpf_irq_init() - allocate the vectors and the "other" handler
 * @nic: the PF, at probe; the NIC is reset
 *
 * Return: 0 or -errno. Without MSI-X there are no VFs: it is required.
 */
int vpf_irq_init(struct vpf_nic *nic)
{
	int num, err;

	num = pci_alloc_irq_vectors(nic->pdev, VPF_VEC_QUEUE + 1,
				    VPF_VEC_QUEUE + nic->netdev->num_tx_queues, PCI_IRQ_MSIX);
	if (num < 0)
		return num;
	nic->max_queues = num - VPF_VEC_QUEUE;
	vpf_queues_init(nic);
	if (nic->max_queues > 1)
		spread_vectors(nic);

	err = request_irq(pci_irq_vector(nic->pdev, VPF_VEC_OTHER), irq_other, 0,
			  pci_name(nic->pdev), nic);
	if (err)
		pci_free_irq_vectors(nic->pdev);
	return err;
}

void vpf_irq_exit(struct vpf_nic *nic)
{
	free_irq(pci_irq_vector(nic->pdev, VPF_VEC_OTHER), nic);
	pci_free_irq_vectors(nic->pdev);
}
