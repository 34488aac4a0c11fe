# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that write to their VF what no driver would (tools/vfhostile.c): the PF, its
other VFs and the host do not suffer."""

import re

from vlab import case, expect, test, wait_until
from vlab.events import Events
from vlab.net import DATA_NET

case(hosts=["a"], smp=2, allow=[r"is in use by another", r"the VF was reset"])

PEER = f"{DATA_NET}.1"
SECONDS = 4


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.sh(f"ip address add {DATA_NET}.10/24 dev pf0")
    lab.a.load("vferry_vf")
    lab.pci = lab.a.create_vfs(3)
    lab.a.bind(lab.pci[0], "vferry_vf")
    lab.a.netdev_of(lab.pci[0], "vf0")
    lab.n0 = lab.a.add_netns("n0", "vf0", f"{DATA_NET}.20/24")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "link of vf0")


def counter(lab, name):
    found = re.search(rf"^ *{name}: (\d+)$", lab.a.sh("ethtool -S pf0"), re.M)
    return int(expect(found, f"pf0 has no counter {name}").group(1))


def others_work(lab, t):
    """The PF's own traffic, and all that a VF asks of it."""
    lab.a.sh(f"ping -c 5 -i 0.1 -W 2 {PEER}")
    lab.n0.sh(f"ping -c 5 -i 0.1 -W 2 {PEER}")
    lab.n0.sh("ip link set vf0 mtu 2000 && ip link set vf0 mtu 1500")
    lab.n0.sh("ip maddress add 01:00:5e:10:20:01 dev vf0 && "
              "ip maddress del 01:00:5e:10:20:01 dev vf0")
    lab.a.sh("ip link show pf0 && ip -s link show pf0")
    lab.a.sh("vfstate genl pf0 0 ping")


def while_hostile(lab, t, nr, mode, *arguments):
    attack = lab.a.start(f"exec vfhostile {lab.pci[nr]} {mode} {SECONDS} " +
                         " ".join(str(a) for a in arguments))
    t.defer(attack.kill)
    rounds = 0
    while attack.running:
        others_work(lab, t)
        rounds += 1
    expect(rounds, "nothing was tried during the attack")
    attack.wait(20)
    expect(int(attack.out) > 1000, f"rounds of the attack: {attack.out}")
    others_work(lab, t)


def revive(lab, t, nr):
    """An ordinary driver can use the VF afterwards."""
    name = f"h{nr}"
    lab.a.bind(lab.pci[nr], "vferry_vf")
    lab.a.netdev_of(lab.pci[nr], name)
    space = lab.a.add_netns(f"n{name}", name, f"{DATA_NET}.{30 + nr}/24")
    t.defer(lab.a.unbind, lab.pci[nr])
    t.defer(space.delete)
    wait_until(lambda: space.run(f"ping -c 1 -W 1 {PEER}"), 20, f"VF {nr} with a driver")


@test("a VF that takes the mailbox and dies")
def hold(lab, t):
    lab.a.sh(f"vfhostile {lab.pci[1]} hold")
    wait_until(lambda: counter(lab, "mbx_lock_broken") > 0, 10, "the lock broken")
    others_work(lab, t)
    revive(lab, t, 1)


@test("a guest that is stopped in the middle of an answer, and writes the rest over RESUME")
def late(lab, t):
    events = Events(lab.a)
    t.defer(events.stop)
    before = counter(lab, "mbx_overwritten")
    guest = lab.a.start(f"exec vfhostile {lab.pci[1]} late")
    t.defer(guest.kill)
    wait_until(lambda: "ready" in guest.out, 10, "the guest")
    for word, state in (("migrate", "migrating"), ("suspend", "suspended"), ("resume", "idle")):
        since = events.count()
        lab.a.sh(f"vfstate set pf0 1 {word}")
        events.wait(lambda e: e["event"] == "state" and e["state"] == state and e["vf"] == 1,
                    10, state, since)
    guest.wait(10)
    t.note(guest.out + guest.err)
    # By itself it is repeated after 100 ms.
    expect(int(guest.out.split()[1]) < 90_000, guest.out)
    expect(counter(lab, "mbx_overwritten") == before + 1, "not noticed")
    others_work(lab, t)
    revive(lab, t, 1)


@test("requests as fast as it goes")
def spam(lab, t):
    before = counter(lab, "mbx_throttled")
    while_hostile(lab, t, 1, "spam")
    expect(counter(lab, "mbx_throttled") > before, "nothing was throttled")
    revive(lab, t, 1)


@test("a driver that starts over again and again is not taken for one that has gone")
def restart(lab, t):
    rounds, refused = lab.a.sh(f"vfhostile {lab.pci[1]} restart {SECONDS}", timeout=40).split()
    t.note(f"{rounds} rounds, {refused} refused")
    expect(int(rounds) > 100 and int(refused) == 0, f"{refused} of {rounds} refused")
    others_work(lab, t)
    revive(lab, t, 1)


@test("resets as fast as it goes")
def resets(lab, t):
    while_hostile(lab, t, 2, "reset")
    revive(lab, t, 2)


@test("noise: random words, bits and resets")
def noise(lab, t):
    for seed in (1, 2, 3):
        while_hostile(lab, t, 1, "noise", seed)
    revive(lab, t, 1)


@test("two hostile VFs at once, and SR-IOV off in the middle")
def two(lab, t):
    attacks = [lab.a.start(f"exec vfhostile {lab.pci[nr]} noise {SECONDS} 9") for nr in (1, 2)]
    for attack in attacks:
        t.defer(attack.kill)
    others_work(lab, t)
    lab.a.sh(f"echo 0 >/sys/bus/pci/devices/{lab.a.pf_pci()}/sriov_numvfs", timeout=60)
    lab.a.sh(f"ping -c 5 -i 0.1 -W 2 {PEER}")
