# SPDX-License-Identifier: GPL-2.0-or-later
"""Interop: vferry_vf on VFs of stock igb, which does not speak vferry."""

from vlab import case, expect, test, wait_until
from vlab.net import DATA_NET
from vlab.traffic import tcp_streams

case(hosts=["a"])


def setup(lab):
    lab.a.load_pf("igb")
    lab.a.load("vferry_vf")
    lab.pci = lab.a.create_vfs(2)
    lab.spaces = []
    for i, pci in enumerate(lab.pci):
        lab.a.bind(pci, "vferry_vf")
        lab.a.netdev_of(pci, f"vf{i}")
        lab.spaces.append(lab.a.add_netns(f"n{i}", f"vf{i}", f"{DATA_NET}.{20 + i}/24"))


@test("two VFs reach each other, and the peer")
def reach(lab, t):
    lab.spaces[0].sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.21")
    for space in lab.spaces:
        space.sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.1")
    for i in range(2):
        lab.peer.sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.{20 + i}")


@test("TCP both ways, every byte checked")
def tcp(lab, t):
    streams = tcp_streams(lab.spaces[0], lab.peer, f"{DATA_NET}.1")
    t.defer(streams.stop)
    total = {"rx_bytes": 0, "tx_bytes": 0}

    def enough():
        window = streams.take()
        expect(window["corrupt"] == 0 and window["resets"] == 0, window)
        for name in total:
            total[name] += window[name]
        return min(total.values()) > 8 << 20

    wait_until(enough, 30, "8 MiB each way", 0.5)


@test("migration is refused with the reason, once in the log")
def refused(lab, t):
    reason = "not migratable: host PF driver does not speak vferry"
    for pci in lab.pci:
        count = lab.a.sh(f"dmesg | grep -c '{pci}: {reason}'")
        expect(count == "1", f"{pci}: said {count} times")
    expect("not migratable" in lab.spaces[0].sh("ethtool -i vf0"), "ethtool -i")
    stats = lab.spaces[0].sh("ethtool -S vf0")
    expect(" migratable: 0" in stats and "mbx_received_nack: " in stats, stats)


@test("a PF that does not answer yet, and then does")
def late_pf(lab, t):
    lab.a.unbind(lab.pci[1])
    lab.a.sh("ip link set pf0 down")
    t.defer(lab.a.sh, "ip link set pf0 up")
    lab.a.bind(lab.pci[1], "vferry_vf")
    lab.a.netdev_of(lab.pci[1], "vf1")
    lab.a.sh(f"ip link set vf1 netns n1; ip -n n1 address add {DATA_NET}.21/24 dev vf1; "
             "ip -n n1 link set vf1 up")
    lab.a.sh("ip link set pf0 up")
    for space in lab.spaces:
        wait_until(lambda: space.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 30, f"ping from {space.name}")


@test("after igbvf on the same VF")
def after_igbvf(lab, t):
    # igb leaves igbvf's interrupt routing in place, and QEMU ors ours into it.
    lab.a.load("igbvf")
    for pci, i in zip(lab.pci, range(2)):
        lab.a.bind(pci, "igbvf")
        lab.a.netdev_of(pci, f"vf{i}")
        lab.a.sh(f"ip link set vf{i} up")
        lab.a.bind(pci, "vferry_vf")
        lab.a.netdev_of(pci, f"vf{i}")
        lab.a.sh(f"ip link set vf{i} netns n{i}; ip -n n{i} address add "
                 f"{DATA_NET}.{20 + i}/24 dev vf{i}; ip -n n{i} link set vf{i} up")
    for space in lab.spaces:
        wait_until(lambda: space.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 30, f"ping from {space.name}")
