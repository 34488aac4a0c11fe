# SPDX-License-Identifier: GPL-2.0-or-later
"""Interop: stock igbvf on VFs of vferry_pf. It does not speak vferry."""

import json

from vlab import case, expect, test, wait_until
from vlab.events import Events
from vlab.net import DATA_NET
from vlab.traffic import tcp_streams

# igbvf waits for the PF's answer in a busy loop with soft interrupts off, for a second at
# most; then it takes its link down, for ten. A processor for each of the two VFs, whose
# requests may come at once, and one for the PF's work.
case(hosts=["a"], smp=3)

REASON = "guest driver does not speak vferry"


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.load("igbvf")
    lab.pci = lab.a.create_vfs(2)
    lab.spaces = []
    for i, pci in enumerate(lab.pci):
        lab.a.bind(pci, "igbvf")
        lab.a.netdev_of(pci, f"vf{i}")
        lab.spaces.append(lab.a.add_netns(f"n{i}", f"vf{i}", f"{DATA_NET}.{20 + i}/24"))


def dump(lab):
    return [json.loads(line) for line in lab.a.sh("vfstate dump").splitlines()]


@test("two VFs reach each other, and the peer")
def reach(lab, t):
    for space in lab.spaces:
        wait_until(lambda: space.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "link")
    lab.spaces[0].sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.21")
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


@test("migration is refused with the reason, and traffic goes on")
def refused(lab, t):
    for vf in dump(lab):
        expect(vf["reason"] == REASON and "migratable" not in vf and "proto" not in vf, vf)
    events = Events(lab.a)
    t.defer(events.stop)
    for word in ("migrate", "ping"):
        result = lab.a.run(f"vfstate genl pf0 0 {word}")
        expect(not result and REASON in result.err, result)
    for word in ("suspend", "resume"):
        result = lab.a.run(f"vfstate genl pf0 0 {word}")
        expect(not result and "VF 0: not" in result.err, result)
    expect(not lab.a.run("vfstate set pf0 0 migrate"), "rtnetlink")
    expect(lab.a.run("vfstate set pf0 0 cancelmigration"), "there is nothing to cancel, that is fine")
    expect(all(vf["state"] == "idle" for vf in dump(lab)), dump(lab))
    lab.spaces[0].sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.1")
    expect(events.count() == 0, events.all())


@test("no driver on the VF: another reason")
def unbound(lab, t):
    lab.a.unbind(lab.pci[1])
    # igbvf leaves without a word
    lab.a.sh(f"echo 1 >/sys/bus/pci/devices/{lab.pci[1]}/reset")
    wait_until(lambda: dump(lab)[1]["reason"] == "no driver uses the VF", 10, "the reason")
    result = lab.a.run("vfstate genl pf0 1 migrate")
    expect(not result and "no driver uses the VF" in result.err, result)
