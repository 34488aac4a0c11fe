# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's own network on this machine: bridges, taps, the peer.

All of it lies in the network namespace that the run has unshared, so names and
addresses are the same in every lab and nothing is left behind.
"""

import subprocess
from pathlib import Path

from vlab.command import LocalPlace

DATA_MTU = 9216         # room for jumbo frames with VLAN tags
MGMT_NET = "10.7.0"     # .1 this machine, .11 first host, .12 second
DATA_NET = "10.9.0"     # .1 the peer
DATA_NET6 = "fd09::"


def _ip(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


def _sysctl(name, value):
    Path("/proc/sys/" + name).write_text(f"{value}\n")


def _bridge(name):
    return f"link add {name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0"


def setup():
    """Make both bridges and the peer."""
    _sysctl("net/ipv6/conf/all/disable_ipv6", 1)
    _sysctl("net/ipv6/conf/default/disable_ipv6", 1)
    _ip("link set lo up",
        _bridge("data"), f"link set data mtu {DATA_MTU} up",
        _bridge("mgmt"), "link set mgmt up", f"address add {MGMT_NET}.1/24 dev mgmt",
        "netns add peer",
        f"link add peer mtu {DATA_MTU} type veth peer name data0 netns peer",
        "link set peer master data up")
    peer = LocalPlace("peer", netns="peer")
    peer.sh("sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 "
            "net.ipv6.conf.data0.accept_dad=0 && "
            "ip link set lo up && ip link set data0 address 52:54:00:09:00:01 mtu 1500 up && "
            f"ip address add {DATA_NET}.1/24 dev data0 && "
            f"ip address add {DATA_NET6}1/64 dev data0 nodad")
    return peer


def teardown():
    """Undo setup(), or what has been done of it; the taps are gone already."""
    for words in ("netns delete peer", "link delete data", "link delete mgmt"):
        subprocess.run(["ip", *words.split()], check=False, capture_output=True)


def add_tap(name, bridge):
    """A tap for one NIC of a host, on a bridge."""
    mtu = f" mtu {DATA_MTU}" if bridge == "data" else ""
    _ip(f"tuntap add {name} mode tap", f"link set {name}{mtu} master {bridge} up")


def del_tap(name):
    _ip(f"link delete {name}")
