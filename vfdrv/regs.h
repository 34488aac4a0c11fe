/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and descriptors of an 82576 virtual function, as far as this
 * driver uses them. Offsets are those of the VF's BAR0. Sources: the 82576
 * datasheet's chapters on virtual functions and advanced descriptors, and
 * what QEMU's igb and igbvf devices do.
 */
#ifndef VVF_REGS_H
#define VVF_REGS_H

#include <linux/bits.h>
#include <linux/types.h>

#define VVF_CTRL		0x0000
#define  VVF_CTRL_RST		BIT(26)
#define VVF_STATUS		0x0008	/* the PF's STATUS, read only */
#define  VVF_STATUS_FD		BIT(0)
#define  VVF_STATUS_LU		BIT(1)
#define  VVF_STATUS_SPEED_100	BIT(6)
#define  VVF_STATUS_SPEED_1000	BIT(7)

#define VVF_VMBMEM(word)	(0x0800 + 4 * (word))
#define VVF_V2PMAILBOX		0x0C40
#define  VVF_MBX_REQ		BIT(0)	/* a request is in the memory */
#define  VVF_MBX_ACK		BIT(1)	/* the PF's message has been read */
#define  VVF_MBX_VFU		BIT(2)	/* the VF uses the memory; writing 0 releases it */
#define  VVF_MBX_PFU		BIT(3)	/* the PF uses the memory */
#define  VVF_MBX_PFSTS		BIT(4)	/* a message of the PF; cleared by reading */
#define  VVF_MBX_PFACK		BIT(5)	/* the PF has read the request; cleared by reading */
#define  VVF_MBX_RSTI		BIT(6)	/* the PF is in reset */
#define  VVF_MBX_RSTD		BIT(7)	/* the PF's reset is done; cleared by reading */

/* Hardware statistics: 32 bits, read only, they wrap. */
#define VVF_GPRC		0x0F10
#define VVF_GPTC		0x0F14
#define VVF_GORC		0x0F18
#define VVF_GOTC		0x0F34
#define VVF_MPRC		0x0F3C

/* Interrupts. Bit v of each mask register is MSI-X vector v. */
#define VVF_EICS		0x1520
#define VVF_EIMS		0x1524
#define VVF_EIMC		0x1528
#define VVF_EIAC		0x152C
#define VVF_EICR		0x1580
#define VVF_EITR(v)		(0x1680 + 4 * (v))
#define  VVF_EITR_USECS_SHIFT	2	/* least interval between interrupts, bits 14:2 */
#define  VVF_EITR_USECS_MAX	8191
#define VVF_IVAR		0x1700	/* byte 0: receive queue 0, byte 1: transmit queue 0 */
#define VVF_IVAR_MISC		0x1740	/* byte 0: mailbox */
#define  VVF_IVAR_VALID		BIT(7)

/* Queue 0. Queue 1 is not used: it never receives while VMDq has no RSS. */
#define VVF_RDBAL		0x2800
#define VVF_RDBAH		0x2804
#define VVF_RDLEN		0x2808
#define VVF_SRRCTL		0x280C
#define  VVF_SRRCTL_ONE_BUFFER	0x02000000
#define  VVF_SRRCTL_DROP_EN	BIT(31)
#define  VVF_SRRCTL_SIZE_SHIFT	10	/* BSIZEPKT counts KiB */
#define VVF_RDH			0x2810
#define VVF_RDT			0x2818
#define VVF_RXDCTL		0x2828
#define VVF_TDBAL		0x3800
#define VVF_TDBAH		0x3804
#define VVF_TDLEN		0x3808
#define VVF_TDH			0x3810
#define VVF_TDT			0x3818
#define VVF_TXDCTL		0x3828
#define VVF_TDWBAL		0x3838
#define VVF_TDWBAH		0x383C
#define  VVF_XDCTL_ENABLE	BIT(25)	/* RXDCTL and TXDCTL */

/* What a read of any register gives when the device is gone. */
#define VVF_GONE		0xFFFFFFFFu

/**
 * union vvf_rx_desc - receive descriptor, advanced format
 * @read: what the driver posts; the write-back overwrites all of it
 * @wb: what the NIC writes back. The status word is written last
 */
union vvf_rx_desc {
	struct {
		__le64 addr;
		__le64 hdr_addr;	/* 0: no header split; clears DD as well */
	} read;
	struct {
		__le32 info;
		__le32 hash;
		__le32 status;
		__le16 length;
		__le16 vlan;
	} wb;
};

#define VVF_RXD_DD		BIT(0)
#define VVF_RXD_EOP		BIT(1)
#define VVF_RXD_VP		BIT(3)	/* a VLAN tag was stripped, see vlan */
#define VVF_RXD_L4CS		BIT(5)	/* TCP or UDP checksum was verified */
#define VVF_RXD_L4E		BIT(29)
#define VVF_RXD_IPE		BIT(30)

/**
 * union vvf_tx_desc - transmit descriptor, advanced format: context or data
 * @ctx: offload parameters of the packet that follows
 * @data: one piece of a packet; with RS set DD is written back to @olinfo
 */
union vvf_tx_desc {
	struct {
		__le32 vlan_macip;
		__le32 seed;
		__le32 type_tucmd;
		__le32 mss_l4len_idx;
	} ctx;
	struct {
		__le64 addr;
		__le32 cmd_type_len;
		__le32 olinfo;
	} data;
};

static_assert(sizeof(union vvf_rx_desc) == 16);
static_assert(sizeof(union vvf_tx_desc) == 16);

#define VVF_TXD_CONTEXT		0x00200000	/* DTYP */
#define VVF_TXD_DATA		0x00300000	/* DTYP */
#define VVF_TXD_EOP		BIT(24)
#define VVF_TXD_IFCS		BIT(25)
#define VVF_TXD_RS		BIT(27)
#define VVF_TXD_DEXT		BIT(29)
#define VVF_TXD_VLE		BIT(30)
#define VVF_TXD_TSE		BIT(31)
#define VVF_TXD_IXSM		BIT(8)	/* olinfo: insert the IPv4 checksum */
#define VVF_TXD_TXSM		BIT(9)	/* olinfo: insert the TCP, UDP or SCTP checksum */
#define VVF_TXD_PAYLEN_SHIFT	14	/* olinfo */
#define VVF_TXD_DD		BIT(0)	/* olinfo, written back */
#define VVF_TXD_TUCMD_IPV4	BIT(10)
#define VVF_TXD_TUCMD_TCP	BIT(11)
#define VVF_TXD_TUCMD_SCTP	BIT(12)
#define VVF_TXD_MACLEN_SHIFT	9
#define VVF_TXD_VLAN_SHIFT	16
#define VVF_TXD_L4LEN_SHIFT	8
#define VVF_TXD_MSS_SHIFT	16

/* Limits of the header fields of a context descriptor. */
#define VVF_TXD_MACLEN_MAX	127
#define VVF_TXD_IPLEN_MAX	511

/*
 * QEMU takes at most 64 data descriptors for one packet, and maps each as one
 * piece: behind a vIOMMU a piece that crosses a 4 KiB page is lost without a
 * trace when its pages are not neighbours in the host's memory.
 */
#define VVF_TX_MAX_PIECES	64
#define VVF_TX_PIECE		4096

#endif
