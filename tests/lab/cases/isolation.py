# SPDX-License-Identifier: GPL-2.0-or-later
"""What one guest, one stream or one administrator's command may do to others: nothing.

One host. VF 0 has vferry's driver in the namespace n0, as a guest would; VF 1 and 2 are
VFIO's, for tools/vfload.c, which writes device states as a destination's QEMU does. Parts
are independent of each other: each undoes what it has set (t.defer)."""

import json

from vlab import case, expect, test, wait_until
from vlab.net import DATA_NET

case(hosts=["a"], smp=2)

PEER = f"{DATA_NET}.1"
MAC = "02:00:00:00:aa:01"       # the guest's, in what vfload writes


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.load("vferry_vf")
    lab.a.load("vferry_vfio")
    lab.a.sh("modprobe -a 8021q macvlan")
    lab.pci = lab.a.create_vfs(3)
    lab.a.bind(lab.pci[0], "vferry_vf")
    lab.a.netdev_of(lab.pci[0], "vf0")
    lab.n0 = lab.a.add_netns("n0", "vf0", f"{DATA_NET}.20/24")
    for pci in lab.pci[1:]:
        lab.a.bind(pci, "vferry_vfio")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "link of vf0")


# -- what the parts share

class Load:
    """vfload on a VF, running. said: dict of word to "ok" or the error's name."""

    def __init__(self, lab, t, words, nr=1):
        self._lab = lab
        self._process = lab.a.start(f"exec vfload {lab.pci[nr]} {words}")
        self._files = [w[5:] for w in words.split() if w.startswith("hold=")]
        t.defer(self.end)

    def held(self, times=1):
        """Wait until it holds, for the so-manieth time."""
        wait_until(lambda: self._process.out.count("hold\n") >= times or
                   not self._process.running, 20, "vfload to hold")
        expect(self._process.running, self._process.out + self._process.err)

    def go_on(self):
        self._lab.a.sh(f"touch {self._files.pop(0)}")

    @property
    def said(self):
        words = [line.split() for line in self._process.out.splitlines()]
        return {w[-2]: w[-1] for w in words if len(w) > 1}

    @property
    def out(self):
        return self._process.out

    def end(self):
        self._process.kill()
        self._process.wait(20)
        self._lab.a.sh("rm -f /tmp/vfload-*")


def load(lab, t, words, nr=1):
    """vfload to its end; returns what it said by word."""
    result = lab.a.sh(f"vfload {lab.pci[nr]} {words}", timeout=60)
    t.note(" / ".join(result.splitlines()))
    return {line.split()[-2]: line.split()[-1] for line in result.splitlines()}


def vf_info(lab, nr):
    """What ip link shows of a VF."""
    link, = json.loads(lab.a.sh("ip -d -j link show pf0"))
    return link["vfinfo_list"][nr]


def last_said(lab):
    return lab.a.sh("dmesg | grep 'vferry_pf.*VF ' | tail -3")


def add_macvlans(lab, t, count, first=1):
    """Further addresses of vf0."""
    for i in range(first, first + count):
        lab.n0.sh(f"ip link add link vf0 name mv{i} address 02:00:00:00:ee:{i + 0x80:02x} "
                  f"type macvlan mode bridge && ip link set mv{i} up")
        t.defer(lab.n0.run, f"ip link del mv{i}")


def add_vlans(lab, t, space, netdev, vids):
    for vid in vids:
        space.sh(f"ip link add link {netdev} name v{vid} type vlan id {vid} && "
                 f"ip link set v{vid} up")
        t.defer(space.run, f"ip link del v{vid}")


# -- device states: nothing is refused after the last write, nothing is granted by it

@test("a state without anything special can be loaded")
def plain(lab, t):
    said = load(lab, t, "resuming compat rest stop run")
    expect(set(said.values()) == {"ok"}, said)
