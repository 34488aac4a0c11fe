// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive-side scaling.
 */
#include <linux/ethtool.h>
#include <linux/unaligned.h>

#include "pf.h"
#include "rss.h"

/* What a frame's hash is made of */
#define FIELDS_ADDRESSES	(RXH_IP_SRC | RXH_IP_DST)
#define FIELDS_PORTS		(FIELDS_ADDRESSES | RXH_L4_B_0_1 | RXH_L4_B_2_3)

/**
 * vpf_rss_write() - write table and key
 * @nic: the PF, after a reset or a change
 *
 * What is hashed is in MRQC, which is also that of the pools: see filter.c.
 */
void vpf_rss_write(struct vpf_nic *nic)
{
	const struct vpf_rss *rss = &nic->rss;
	unsigned int i, j;
	u32 word;

	for (i = 0; i < VPF_RSS_TABLE; i += 4) {
		for (word = 0, j = 0; j < 4; j++)	/* there may be fewer queues than wanted */
			word |= (u32)(rss->table[i + j] % nic->num_queues) << 8 * j;
		vpf_wr(nic, R_RETA(i / 4), word);
	}
	for (i = 0; i < VPF_RSS_KEY; i += 4)
		vpf_wr(nic, R_RSSRK(i / 4), get_unaligned_le32(&rss->key[i]));
}

/* A table that the administrator has set stays: no queue of it may go, ethtool sees to that */
static void spread(struct vpf_nic *nic)
{
	unsigned int i;

	if (netif_is_rxfh_configured(nic->netdev))
		return;
	for (i = 0; i < VPF_RSS_TABLE; i++)
		nic->rss.table[i] = ethtool_rxfh_indir_default(i, nic->wanted_queues);
}

/**
 * vpf_rss_follow() - the number of queues has changed
 * @nic: the PF, its queues stopped
 */
void vpf_rss_follow(struct vpf_nic *nic)
{
	spread(nic);
	vpf_rss_write(nic);
}

/**
 * vpf_rss_init() - before the NIC is programmed
 * @nic: the PF; its number of queues is known
 */
void vpf_rss_init(struct vpf_nic *nic)
{
	netdev_rss_key_fill(nic->rss.key, sizeof(nic->rss.key));
	spread(nic);
}

u32 vpf_get_rx_ring_count(struct net_device *netdev)
{
	struct vpf_nic *nic = netdev_priv(netdev);

	return nic->num_queues;
}

u32 vpf_get_rxfh_key_size(struct net_device *netdev)
{
	return VPF_RSS_KEY;
}

u32 vpf_get_rxfh_indir_size(struct net_device *netdev)
{
	return VPF_RSS_TABLE;
}

int vpf_get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int i;

	rxfh->hfunc = ETH_RSS_HASH_TOP;
	if (rxfh->key)
		memcpy(rxfh->key, nic->rss.key, VPF_RSS_KEY);
	for (i = 0; rxfh->indir && i < VPF_RSS_TABLE; i++)
		rxfh->indir[i] = vpf_vmdq(nic) ? 0 : nic->rss.table[i];
	return 0;
}

int vpf_set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
		 struct netlink_ext_ack *extack)
{
	struct vpf_nic *nic = netdev_priv(netdev);
	unsigned int i;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE && rxfh->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "the NIC has no hash function but Toeplitz");
		return -EOPNOTSUPP;
	}
	if (vpf_vmdq(nic)) {
		NL_SET_ERR_MSG_MOD(extack, "with VFs there is one queue");
		return -EOPNOTSUPP;
	}
	if (rxfh->key)
		memcpy(nic->rss.key, rxfh->key, VPF_RSS_KEY);
	for (i = 0; rxfh->indir && i < VPF_RSS_TABLE; i++)
		nic->rss.table[i] = rxfh->indir[i];
	vpf_rss_write(nic);
	return 0;
}

/* The bit that makes ports part of the hash; 0: nothing does, or all bits are always set */
static u32 ports_bit(u32 flow_type)
{
	switch (flow_type) {
	case UDP_V4_FLOW:
		return MRQC_IPV4_UDP;
	case UDP_V6_FLOW:
		return MRQC_IPV6_UDP;
	default:
		return 0;
	}
}

static int get_fields(const struct vpf_nic *nic, u32 flow_type, u64 *ret_fields)
{
	switch (flow_type) {
	case TCP_V4_FLOW:
	case TCP_V6_FLOW:
		*ret_fields = FIELDS_PORTS;
		return 0;
	case UDP_V4_FLOW:
	case UDP_V6_FLOW:
		*ret_fields = nic->filter.hash & ports_bit(flow_type) ? FIELDS_PORTS :
									FIELDS_ADDRESSES;
		return 0;
	case SCTP_V4_FLOW:
	case SCTP_V6_FLOW:
	case AH_V4_FLOW:
	case AH_V6_FLOW:
	case ESP_V4_FLOW:
	case ESP_V6_FLOW:
	case AH_ESP_V4_FLOW:
	case AH_ESP_V6_FLOW:
	case IPV4_FLOW:
	case IPV6_FLOW:
		*ret_fields = FIELDS_ADDRESSES;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Fragments have no ports: with ports a datagram's pieces may overtake each other */
static int set_fields(struct vpf_nic *nic, u32 flow_type, u64 fields,
		      struct netlink_ext_ack *extack)
{
	u32 bit = ports_bit(flow_type);
	u64 now;
	int err;

	err = get_fields(nic, flow_type, &now);
	if (err || fields == now)
		return err;
	if (!bit) {
		NL_SET_ERR_MSG_MOD(extack, "what is hashed can be chosen for UDP only");
		return -EOPNOTSUPP;
	}
	if (fields != FIELDS_PORTS && fields != FIELDS_ADDRESSES) {
		NL_SET_ERR_MSG_MOD(extack, "both addresses, with both ports (sdfn) or without (sd)");
		return -EINVAL;
	}
	vpf_filter_set_hash(nic, bit, fields == FIELDS_PORTS);
	return 0;
}

#ifdef VPF_HAS_GET_RXFH_FIELDS
int vpf_get_rxfh_fields(struct net_device *netdev, struct ethtool_rxfh_fields *fields)
{
	u64 found;
	int err;

	err = get_fields(netdev_priv(netdev), fields->flow_type, &found);
	if (!err)
		fields->data = found;
	return err;
}

int vpf_set_rxfh_fields(struct net_device *netdev, const struct ethtool_rxfh_fields *fields,
			struct netlink_ext_ack *extack)
{
	return set_fields(netdev_priv(netdev), fields->flow_type, fields->data, extack);
}
#endif

/* Newer kernels ask by vpf_get_rx_ring_count() and vpf_get_rxfh_fields() */
int vpf_get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *info, u32 *rules)
{
	switch (info->cmd) {
	case ETHTOOL_GRXRINGS:
		info->data = vpf_get_rx_ring_count(netdev);
		return 0;
	case ETHTOOL_GRXFH:
		return get_fields(netdev_priv(netdev), info->flow_type, &info->data);
	default:
		return -EOPNOTSUPP;
	}
}

int vpf_set_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *info)
{
	if (info->cmd != ETHTOOL_SRXFH)
		return -EOPNOTSUPP;
	return set_fields(netdev_priv(netdev), info->flow_type, info->data, NULL);
}
