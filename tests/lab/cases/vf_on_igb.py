# SPDX-License-Identifier: GPL-2.0-or-later
"""Interop: vferry_vf on VFs of stock igb, which does not speak vferry."""

import json

from vlab import case, expect, test, wait_until
from vlab.net import DATA_NET

case(hosts=["a"])

PORT = 5300


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
    server = lab.peer.start(f"tcpcheck serve {PORT}")
    t.defer(server.kill)
    wait_until(lambda: lab.peer.run(f"ss -lnt | grep -q :{PORT}"), 10, "server")
    out = lab.spaces[0].sh(f"(sleep 5; echo) | tcpcheck run {DATA_NET}.1 {PORT}", timeout=30)
    report = json.loads(out)
    t.note(out)
    expect(report["rx_bytes"] > 1 << 20 and report["tx_bytes"] > 1 << 20, report)
    expect(report["corrupt"] == 0 and report["resets"] == 0, report)


@test("migration is refused with the reason, once in the log")
def refused(lab, t):
    reason = "not migratable: host PF driver does not speak vferry"
    for pci in lab.pci:
        count = lab.a.sh(f"dmesg | grep -c '{pci}: {reason}'")
        expect(count == "1", f"{pci}: said {count} times")
    expect("not migratable" in lab.spaces[0].sh("ethtool -i vf0"), "ethtool -i")
    stats = lab.spaces[0].sh("ethtool -S vf0")
    expect(" migratable: 0" in stats and "mbx_received_nack: " in stats, stats)
