#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# agent-netns.sh COMMAND...: run a command in a network namespace with an interface
# vf0 that has a bit of all that a snapshot knows.
set -eu
[ -n "${INSIDE:-}" ] || INSIDE=1 exec unshare -n "$0" "$@"
ip link set lo up
ip link add vf0 type veth peer name peer0
ip link add link vf0 name mv0 type macvlan mode bridge
ip link set peer0 up
ip link set vf0 up
ip link set mv0 up
ip address add 10.9.0.5/24 dev vf0 label vf0:a
ip address add fd09::5/64 dev vf0 nodad
ip address add fd09:1::5/64 dev mv0 nodad valid_lft 3600 preferred_lft 1800
ip address add 10.9.1.5/24 dev mv0
ip nexthop add id 7 via 10.9.0.1 dev vf0
ip route add 10.1.0.0/16 via 10.9.0.1 dev vf0 mtu 1400
ip route add 10.2.0.0/16 nexthop via 10.9.0.1 dev vf0 nexthop via 10.9.1.1 dev mv0 weight 2
ip route add 10.3.0.0/16 nhid 7
ip route add 10.4.0.0/16 via 10.9.0.1 table 100
ip route add fd0a::/64 via fd09::1 dev vf0
ip rule add from 10.9.0.0/24 table 100 priority 1000
ip rule add oif mv0 fwmark 5 table 100 priority 1001
ip neighbour add 10.9.0.99 lladdr 02:00:00:00:00:63 dev vf0 nud permanent
exec "$@"
