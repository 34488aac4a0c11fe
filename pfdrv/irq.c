// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: one vector for the queue pair, one for everything else.
 *
 * EICR is never read: that would clear the causes of all VFs.
 */
#include <linux/interrupt.h>

#include "pf.h"
#include "vf_mbx.h"

static irqreturn_t irq_queue(int irq, void *data)
{
	struct vpf_nic *nic = data;

	/* The cause clears itself (EIAC); there is no automatic mask in QEMU */
	vpf_wr(nic, R_EIMC, BIT(VPF_VEC_QUEUE));
	napi_schedule_irqoff(&nic->napi);
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

void vpf_irq_queue_on(struct vpf_nic *nic)
{
	vpf_wr(nic, R_EIMS, BIT(VPF_VEC_QUEUE));
}

/* One vector for both rings: what is set for receive holds for transmit too */
void vpf_irq_queue_pace(struct vpf_nic *nic)
{
	vpf_wr(nic, R_EITR(VPF_VEC_QUEUE), (u32)nic->rx_usecs << EITR_USECS_SHIFT);
}

void vpf_irq_queue_off(struct vpf_nic *nic)
{
	vpf_wr(nic, R_EIMC, BIT(VPF_VEC_QUEUE));
	vpf_flush(nic);
	synchronize_irq(pci_irq_vector(nic->pdev, VPF_VEC_QUEUE));
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

/* The queue's vector is held while the interface is up and named after it */
int vpf_irq_queue_request(struct vpf_nic *nic)
{
	return request_irq(pci_irq_vector(nic->pdev, VPF_VEC_QUEUE), irq_queue, 0,
			   nic->netdev->name, nic);
}

void vpf_irq_queue_free(struct vpf_nic *nic)
{
	free_irq(pci_irq_vector(nic->pdev, VPF_VEC_QUEUE), nic);
}

/**
 * vpf_irq_init() - allocate the vectors and the "other" handler
 * @nic: the PF, at probe; the NIC is reset
 *
 * Return: 0 or -errno. Without MSI-X there are no VFs: it is required.
 */
int vpf_irq_init(struct vpf_nic *nic)
{
	int err;

	err = pci_alloc_irq_vectors(nic->pdev, VPF_VECTORS, VPF_VECTORS, PCI_IRQ_MSIX);
	if (err < 0)
		return err;

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
