/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the 82576 as seen from the PF's BAR 0.
 *
 * Names and numbers are those of the "Intel 82576EB Gigabit Ethernet Controller
 * Datasheet"; chapter in brackets. What QEMU's igb does otherwise is marked Q.
 */
#ifndef VPF_REGS_H
#define VPF_REGS_H

#include <linux/bits.h>

/* Numbers of things in this NIC */
#define VPF_HW_QUEUES		16	/* VF n owns n and n + 8 */
#define VPF_HW_POOLS		8
#define VPF_RARS		24
#define VPF_VLVFS		32
#define VPF_MTA_WORDS		128
#define VPF_VFTA_WORDS		128
#define VPF_UTA_WORDS		128
#define VPF_MAX_VFS		7	/* an eighth would leave the PF without a queue */
#define VPF_RSS_TABLE		128	/* entries, a byte each */
#define VPF_RSS_KEY		40	/* bytes */
#define VPF_MAX_FRAME		9728	/* [8.10.8 RLPML] largest frame, with CRC */

/* General control [8.2] */
#define R_CTRL			0x0000
#define   CTRL_GIO_DISABLE	BIT(2)
#define   CTRL_SLU		BIT(6)
#define   CTRL_ADVD3WUC		BIT(20)		/* power management may wake */
#define   CTRL_RST		BIT(26)
#define   CTRL_RFCE		BIT(27)		/* heed pause frames */
#define   CTRL_TFCE		BIT(28)		/* send them */
#define   CTRL_VME		BIT(30)
#define R_STATUS		0x0008
#define   STATUS_FD		BIT(0)
#define   STATUS_LU		BIT(1)
#define   STATUS_FUNC		GENMASK(3, 2)	/* which of the chip's ports */
#define   STATUS_SPEED		GENMASK(7, 6)	/* 0: 10, 1: 100, 2 and 3: 1000 */
#define   STATUS_GIO_ENABLED	BIT(19)
#define R_EECD			0x0010
#define   EECD_AUTO_RD		BIT(9)		/* Q: never set */
#define R_EERD			0x0014
#define   EERD_START		BIT(0)
#define   EERD_DONE		BIT(1)
#define   EERD_ADDR_SHIFT	2
#define   EERD_DATA_SHIFT	16
#define VPF_NVM_VERSION		5	/* word: version of the image */
#define R_CTRL_EXT		0x0018
#define   CTRL_EXT_PFRSTD	BIT(14)		/* Q: stays set, acts on every write */
#define   CTRL_EXT_DRV_LOAD	BIT(28)
#define R_MDIC			0x0020
#define   MDIC_REG_SHIFT	16
#define   MDIC_PHY_SHIFT	21
#define   MDIC_WRITE		BIT(26)
#define   MDIC_READ		BIT(27)
#define   MDIC_READY		BIT(28)
#define   MDIC_ERROR		BIT(30)

/* Semaphores between driver and firmware [8.5] */
#define R_SWSM			0x5B50
#define   SWSM_SMBI		BIT(0)		/* set by reading */
#define   SWSM_SWESMBI		BIT(1)
#define R_SW_FW_SYNC		0x5B5C
#define   SW_FW_SYNC_PHY(f)	(BIT(1) << (f))	/* software's, by port */
#define   SW_FW_SYNC_FW(bits)	((bits) << 16)	/* the firmware's */

/* Interrupts [8.8] */
#define R_ICR			0x00C0
#define R_IMS			0x00D0
#define R_IMC			0x00D8
#define R_IAM			0x00E0
#define   INT_LSC		BIT(2)
#define   INT_VMMB		BIT(8)
#define R_GPIE			0x1514
#define   GPIE_NSICR		BIT(0)
#define   GPIE_MSIX_MODE	BIT(4)
#define   GPIE_PBA		BIT(31)
#define R_EICS			0x1520
#define R_EIMS			0x1524
#define R_EIMC			0x1528
#define R_EIAC			0x152C
#define R_EICR			0x1580	/* W1C only: a read clears what VFs wait for */
#define R_EITR(i)		(0x1680 + 4 * (i))
#define   EITR_USECS_SHIFT	2		/* shortest time between interrupts */
#define   EITR_USECS_MAX	8191
#define R_IVAR(i)		(0x1700 + 4 * (i))	/* Rx i, Tx i, Rx i+8, Tx i+8 */
#define   IVAR_VALID		0x80
#define R_IVAR_MISC		0x1740
#define   IVAR_MISC_OTHER_SHIFT	8

/* Receive and transmit control [8.10, 8.12] */
#define R_RCTL			0x0100
#define   RCTL_EN		BIT(1)
#define   RCTL_UPE		BIT(3)
#define   RCTL_MPE		BIT(4)
#define   RCTL_LPE		BIT(5)
#define   RCTL_BAM		BIT(15)
#define   RCTL_VFE		BIT(18)
#define   RCTL_SECRC		BIT(26)
#define R_TCTL			0x0400
#define   TCTL_EN		BIT(1)
#define   TCTL_PSP		BIT(3)
#define   TCTL_CT_SHIFT		4
#define   TCTL_COLD_SHIFT	12		/* collision distance, bytes */
#define   TCTL_RTLC		BIT(24)
#define R_RXCSUM		0x5000
#define   RXCSUM_IPOFLD		BIT(8)
#define   RXCSUM_TUOFLD		BIT(9)
#define   RXCSUM_CRCOFL		BIT(11)
#define   RXCSUM_PCSD		BIT(13)		/* descriptors have a hash */
#define R_RLPML			0x5004

/* Flow control [8.3]: type and addresses of pause frames [IEEE 802.3 31B], marks */
#define R_FCAL			0x0028
#define R_FCAH			0x002C
#define R_FCT			0x0030
#define R_FCTTV			0x0170
#define R_FCRTL			0x2160
#define   FCRTL_XONE		BIT(31)
#define R_FCRTH			0x2168
#define R_RXPBS			0x2404		/* size of the receive buffer, KiB */
#define   RXPBS_SIZE		GENMASK(6, 0)

/* Wake-up [8.19] */
#define R_WUC			0x5800
#define   WUC_PME_EN		BIT(1)
#define R_WUFC			0x5808
#define   WUF_MAGIC		BIT(1)
#define   WUF_UNICAST		BIT(2)
#define   WUF_MULTICAST		BIT(3)
#define   WUF_BROADCAST		BIT(4)
#define R_WUS			0x5810

/* Queues [8.10, 8.12]; all 16 in one place */
#define R_RDBAL(q)		(0xC000 + 0x40 * (q))
#define R_RDBAH(q)		(0xC004 + 0x40 * (q))
#define R_RDLEN(q)		(0xC008 + 0x40 * (q))
#define R_SRRCTL(q)		(0xC00C + 0x40 * (q))
#define   SRRCTL_BSIZEPKT_1K	1u
#define   SRRCTL_ADV_ONEBUF	BIT(25)
#define   SRRCTL_DROP_EN	BIT(31)
#define R_RDH(q)		(0xC010 + 0x40 * (q))
#define R_RDT(q)		(0xC018 + 0x40 * (q))
#define R_RXDCTL(q)		(0xC028 + 0x40 * (q))
#define R_TDBAL(q)		(0xE000 + 0x40 * (q))
#define R_TDBAH(q)		(0xE004 + 0x40 * (q))
#define R_TDLEN(q)		(0xE008 + 0x40 * (q))
#define R_TDH(q)		(0xE010 + 0x40 * (q))
#define R_TDT(q)		(0xE018 + 0x40 * (q))
#define R_TXDCTL(q)		(0xE028 + 0x40 * (q))
#define R_TDWBAL(q)		(0xE038 + 0x40 * (q))
#define R_TDWBAH(q)		(0xE03C + 0x40 * (q))
#define   XXDCTL_ENABLE		BIT(25)
#define   XXDCTL_PTHRESH	8u
#define   XXDCTL_HTHRESH	(8u << 8)
#define   XXDCTL_WTHRESH	(1u << 16)	/* 1: every descriptor is written back at once */

/* Receive filters [8.10] */
#define R_MTA(i)		(0x5200 + 4 * (i))
#define R_RAL(i)		((i) < 16 ? 0x5400 + 8 * (i) : 0x54E0 + 8 * ((i) - 16))
#define R_RAH(i)		(R_RAL(i) + 4)
#define   RAH_POOL_SHIFT	18
#define   RAH_AV		BIT(31)
#define R_VFTA(i)		(0x5600 + 4 * (i))
#define R_UTA(i)		(0xA000 + 4 * (i))	/* write only */

/* Receive-side scaling [8.10]; the queue is in bits 3:0 of an entry */
#define R_RETA(i)		(0x5C00 + 4 * (i))	/* four entries */
#define R_RSSRK(i)		(0x5C80 + 4 * (i))	/* four bytes of the key */

/* Virtualisation [8.14] */
#define R_DTXSWC		0x3500
#define   DTXSWC_MAC_SPOOF(p)	BIT(p)		/* drop other sources; Q: ignored */
#define   DTXSWC_VLAN_SPOOF(p)	BIT(8 + (p))	/* drop other VLANs; Q: ignored */
#define   DTXSWC_LOOPBACK	BIT(31)		/* Q: the only bit that works */
#define R_WVBR			0x3554		/* cleared by reading; Q: always 0 */
#define   WVBR_QUEUE(q)		BIT(q)		/* has sent what it must not */
#define R_VMVIR(p)		(0x3700 + 4 * (p))
#define   VMVIR_DEFAULT		BIT(30)		/* always insert the tag in 15:0 */
#define R_MRQC			0x5818
#define   MRQC_RSS		2
#define   MRQC_VMDQ		3
#define   MRQC_IPV4_TCP		BIT(16)		/* what is hashed: with ports */
#define   MRQC_IPV4		BIT(17)
#define   MRQC_IPV6_TCP_EX	BIT(18)		/* Q: TCP by this alone */
#define   MRQC_IPV6		BIT(20)
#define   MRQC_IPV6_TCP		BIT(21)
#define   MRQC_IPV4_UDP		BIT(22)
#define   MRQC_IPV6_UDP		BIT(23)
#define R_VT_CTL		0x581C
#define   VT_CTL_POOL_SHIFT	7
#define   VT_CTL_DIS_DEF_POOL	BIT(29)
#define   VT_CTL_REPL_EN	BIT(30)
#define R_VMOLR(p)		(0x5AD0 + 4 * (p))
#define   VMOLR_RLPML_MASK	GENMASK(13, 0)
#define   VMOLR_LPE		BIT(16)
#define   VMOLR_AUPE		BIT(24)
#define   VMOLR_ROMPE		BIT(25)
#define   VMOLR_BAM		BIT(27)
#define   VMOLR_MPME		BIT(28)		/* Q: not implemented */
#define   VMOLR_STRVLAN		BIT(30)
#define   VMOLR_STRCRC		BIT(31)
#define R_RPLOLR		0x5AF0
#define   RPLOLR_STRVLAN	BIT(30)
#define   RPLOLR_STRCRC		BIT(31)
#define R_VLVF(i)		(0x5D00 + 4 * (i))
#define   VLVF_POOL_SHIFT	12
#define   VLVF_ENABLE		BIT(31)
#define R_QDE			0x2408
#define R_IOVCTL		0x5BBC		/* Q: not there */
#define   IOVCTL_REUSE_VFQ	BIT(0)		/* queues of VFs that are off are the PF's */

/* Mailbox [8.14.11] */
#define R_VMBMEM(n, w)		(0x0800 + 0x40 * (n) + 4 * (w))
#define R_P2VMAILBOX(n)		(0x0C00 + 4 * (n))
#define   P2V_STS		BIT(0)
#define   P2V_ACK		BIT(1)
#define   P2V_VFU		BIT(2)
#define   P2V_PFU		BIT(3)
#define   P2V_RVFU		BIT(4)
#define R_V2PMAILBOX(n)		(0x0C40 + 4 * (n))	/* the VF's; Q: reachable from here */
#define R_MBVFICR		0x0C80
#define   MBVFICR_REQ(n)	BIT(n)
#define   MBVFICR_ACK(n)	BIT(16 + (n))
#define R_MBVFIMR		0x0C84
#define R_VFLRE			0x0C88
#define R_VFRE			0x0C8C
#define R_VFTE			0x0C90

/*
 * VF n's own registers, mirrored [8.14; Q igb_core.c]. VF BARs are of no
 * use for this: they stop decoding when a guest clears its memory enable.
 */
#define R_PVTCTRL(n)		(0x10000 + 0x100 * (n))
#define R_PVTEICS(n)		(0x10020 + 0x100 * (n))
#define R_PVTEIMS(n)		(0x10024 + 0x100 * (n))
#define R_PVTEIAC(n)		(0x1002C + 0x100 * (n))	/* Q: bits are only ever set */
#define R_PVFGPRC(n)		(0x10010 + 0x100 * (n))
#define R_PVFGPTC(n)		(0x10014 + 0x100 * (n))
#define R_PVFGORC(n)		(0x10018 + 0x100 * (n))
#define R_PVFGOTC(n)		(0x10034 + 0x100 * (n))
#define R_PVFMPRC(n)		(0x1003C + 0x100 * (n))
#define R_PVTIVAR(n)		(0x11700 + 4 * (n))
#define R_PVTIVAR_MISC(n)	(0x11720 + 4 * (n))

/* EICR bit of vector v of VF n [7.3.2.5.1] */
#define VPF_VF_VECTORS		3
#define VPF_VF_EICR_SHIFT(n)	(22 - 3 * (n))
#define VPF_VF_EICR_MASK(n)	(7u << VPF_VF_EICR_SHIFT(n))

/* Statistics [8.18], cleared by reading */
#define R_CRCERRS		0x4000
#define R_RXERRC		0x400C
#define R_MPC			0x4010
#define R_LATECOL		0x4020
#define R_COLC			0x4028
#define R_RLEC			0x4040
#define R_GPRC			0x4074
#define R_BPRC			0x4078
#define R_MPRC			0x407C
#define R_GPTC			0x4080
#define R_RNBC			0x40A0
#define R_RUC			0x40A4
#define R_ROC			0x40AC
#define R_TPR			0x40D0
#define R_TPT			0x40D4
#define R_MPTC			0x40F0
#define R_BPTC			0x40F4

/* Advanced descriptors [7.1.5, 7.2.2] */
struct vpf_rx_desc {
	union {
		struct {
			__le64 pkt_addr;
			__le64 hdr_addr;
		} read;
		struct {
			__le32 info;
			__le32 hash;
			__le32 status;
			__le16 length;
			__le16 vlan;
		} wb;
	};
};

/* In info: of what the hash is. Those whose bits are set in the second have ports in it */
#define RXD_RSS_TYPE		GENMASK(3, 0)
#define RXD_RSS_PORTS		(BIT(1) | BIT(3) | GENMASK(9, 6))

#define RXD_DD			BIT(0)
#define RXD_EOP			BIT(1)
#define RXD_VP			BIT(3)
#define RXD_L4CS		BIT(5)
#define RXD_IPCS		BIT(6)
#define RXD_L4E			BIT(29)
#define RXD_IPE			BIT(30)
#define RXD_RXE			BIT(31)

struct vpf_tx_desc {
	union {
		struct {
			__le64 addr;
			__le32 cmd;		/* type, commands, length */
			__le32 status;		/* payload length, options; written back: DD */
		} data;
		struct {
			__le32 lens;		/* VLAN tag, MAC and IP header lengths */
			__le32 seed;
			__le32 cmd;
			__le32 mss;		/* MSS, L4 header length, index */
		} ctx;
	};
};

static_assert(sizeof(struct vpf_rx_desc) == 16);
static_assert(sizeof(struct vpf_tx_desc) == 16);

#define TXD_LEN_MAX		32768u		/* in one data descriptor */
#define TXD_DTYP_CTX		(2u << 20)
#define TXD_DTYP_DATA		(3u << 20)
#define TXD_EOP			BIT(24)
#define TXD_IFCS		BIT(25)
#define TXD_RS			BIT(27)
#define TXD_DEXT		BIT(29)
#define TXD_VLE			BIT(30)
#define TXD_TSE			BIT(31)
#define TXD_STA_DD		BIT(0)
#define TXD_IXSM		BIT(8)
#define TXD_TXSM		BIT(9)
#define TXD_PAYLEN_SHIFT	14
#define TXC_VLAN_SHIFT		16
#define TXC_MACLEN_SHIFT	9
#define TXC_IPV4		BIT(10)
#define TXC_L4T_TCP		BIT(11)
#define TXC_L4T_SCTP		BIT(12)
#define TXC_MSS_SHIFT		16
#define TXC_L4LEN_SHIFT		8

#endif
