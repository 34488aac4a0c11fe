// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a reset of a VF leaves behind in the NIC.
 *
 * On QEMU a VF's reset clears the enable bits of its queues and nothing else;
 * the next owner of the VF would inherit addresses of memory that is not his,
 * interrupt routing and enabled vectors.
 */
#include "pf.h"
#include "vf.h"

static void scrub_queue(struct vpf_nic *nic, unsigned int q)
{
	vpf_wr(nic, R_RXDCTL(q), 0);
	vpf_wr(nic, R_TXDCTL(q), 0);
	vpf_wr(nic, R_TDWBAL(q), 0);
	vpf_wr(nic, R_TDWBAH(q), 0);
	vpf_wr(nic, R_TDT(q), 0);
	vpf_wr(nic, R_TDH(q), 0);
	vpf_wr(nic, R_TDLEN(q), 0);
	vpf_wr(nic, R_TDBAL(q), 0);
	vpf_wr(nic, R_TDBAH(q), 0);
	vpf_wr(nic, R_RDT(q), 0);
	vpf_wr(nic, R_RDH(q), 0);
	vpf_wr(nic, R_RDLEN(q), 0);
	vpf_wr(nic, R_RDBAL(q), 0);
	vpf_wr(nic, R_RDBAH(q), 0);
	vpf_wr(nic, R_SRRCTL(q), 0);
}

static void scrub_interrupts(struct vpf_nic *nic, unsigned int n)
{
	u32 mask = VPF_VF_EICR_MASK(n);
	unsigned int v;

	vpf_wr(nic, R_EIMC, mask);
	vpf_wr(nic, R_PVTEIAC(n), 0);
	vpf_wr(nic, R_PVTIVAR(n), 0);
	vpf_wr(nic, R_PVTIVAR_MISC(n), 0);
	/* after VTIVAR: writes to that are added to IVAR */
	vpf_wr(nic, R_IVAR(n), 0);
	for (v = 0; v < VPF_VF_VECTORS; v++)
		vpf_wr(nic, R_EITR(VPF_VF_EICR_SHIFT(n) + v), 0);
	vpf_wr(nic, R_EICR, mask);
}

/**
 * vpf_vf_scrub() - clear what belongs to a VF's last driver
 * @vf: the VF, just reset; its driver waits for the answer to VF_RESET, so
 *	nothing that a new one has programmed is lost
 *
 * The mailbox is left alone here: that driver may be writing to it.
 */
void vpf_vf_scrub(struct vferry_pf_vf *vf)
{
	struct vpf_nic *nic = vf->nic;

	lockdep_assert_held(&vf->lock);

	scrub_queue(nic, vf->nr);
	scrub_queue(nic, vf->nr + VPF_HW_POOLS);
	scrub_interrupts(nic, vf->nr);
	vpf_mbx_clear(vf);
	vpf_flush(nic);
}
