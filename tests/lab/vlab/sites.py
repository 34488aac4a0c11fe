# SPDX-License-Identifier: GPL-2.0-or-later
"""Two sites: each host has a network of its own, with a gateway of its own, and all share
what lies between. Both gateways have the same addresses, each its own MAC, and neither is
seen at the other site. As a program, the gateway's end of a test:

    python3 -m vlab.sites receive PORT
        a JSON line for each datagram: time_ns (the kernel's), family, number (its text)
"""

import json
import socket
import struct
import sys

from vlab.command import LocalPlace
from vlab.net import DATA_NET
from vlab.wait import wait_until

GATEWAY, GATEWAY6 = f"{DATA_NET}.254", "fd09::fe"
# Behind the gateway: packets to there are for nobody but it.
BEYOND, BEYOND6 = "10.8.0.1", "fd08::1"
SO_TIMESTAMPNS = 35


class Site:
    """gateway: a place; mac: of it; lladdr(address): the MAC that it knows for it."""

    def __init__(self, here, name, number):
        self.name = name
        self.mac = f"52:54:00:09:fe:{number:02x}"
        self.gateway = LocalPlace(f"gw-{name}", netns=f"gw-{name}")
        site = f"site-{name}"
        # Isolated ports do not see each other: the gateway and the other site.
        here.sh(f"ip link add {site} type bridge stp_state 0 forward_delay 0 mcast_snooping 0 && "
                f"ip link set {site} mtu 9216 up && ip link set data-{name} master {site} && "
                f"ip link add {site}-up mtu 9216 type veth peer name up-{name} mtu 9216 && "
                f"ip link set up-{name} master data up && "
                f"ip link set {site}-up master {site} up && "
                f"ip netns add gw-{name} && ip link add {site}-gw type veth peer name gw0 "
                f"address {self.mac} netns gw-{name} && ip link set {site}-gw master {site} up && "
                f"bridge link set dev {site}-up isolated on && "
                f"bridge link set dev {site}-gw isolated on")
        self.gateway.sh(
            "sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.gw0.accept_dad=0 "
            "net.ipv4.conf.gw0.arp_accept=0 net.ipv4.conf.all.arp_accept=0 && "
            f"ip link set lo up && ip link set gw0 up && ip address add {GATEWAY}/24 dev gw0 && "
            f"ip address add {GATEWAY6}/64 dev gw0 nodad && "
            f"ip address add {BEYOND}/32 dev lo && ip address add {BEYOND6}/128 dev lo")

    def lladdr(self, address):
        shown = self.gateway.sh(f"ip -j neighbour show to {address} dev gw0")
        for one in json.loads(shown or "[]"):
            return one.get("lladdr")
        return None

    def forget(self):
        self.gateway.sh("ip neighbour flush dev gw0; true")


class Received:
    """Datagrams that a gateway gets, from now on, until stop()."""

    def __init__(self, site, port):
        self._process = site.gateway.start(f"exec python3 -m vlab.sites receive {port}")
        wait_until(lambda: "ready" in self._process.out or not self._process.running, 15,
                   "vlab.sites")
        if not self._process.running:
            raise RuntimeError(self._process.err)

    def since(self, time_ns, family):
        """Seconds after time_ns, of each."""
        found = [json.loads(line) for line in self._process.out.split("\n")[1:-1]]
        return [(one["time_ns"] - time_ns) / 1e9 for one in found
                if one["family"] == family and one["time_ns"] >= time_ns]

    def stop(self):
        self._process.kill()
        self._process.wait(20)


def make(lab):
    """The sites of a lab's hosts, by the host's name; gone with the lab."""
    return {host.name: Site(lab.here, host.name, host.number) for host in lab.hosts.values()}


def _receive(port):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind(("::", int(port)))
    print("ready", flush=True)
    while True:
        data, extra, _, sender = sock.recvmsg(2048, 256)
        for level, kind, value in extra:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, ns = struct.unpack("qq", value[:16])
        print(json.dumps({"time_ns": seconds * 10**9 + ns, "number": data.decode(),
                          "family": 4 if sender[0].startswith("::ffff:") else 6}), flush=True)


if __name__ == "__main__":
    _receive(sys.argv[2])
