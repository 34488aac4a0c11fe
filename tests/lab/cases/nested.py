# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest inside a host, with drivers that are not ours: igb, vfio-pci, igbvf."""

from vlab import case, expect, test
from vlab.net import DATA_NET

case(hosts=["a"], memory=1280)

GUEST_MAC = "52:54:00:0b:00:01"


def setup(lab):
    pf = lab.a.load_pf("igb")
    lab.a.load("kvm_amd")
    lab.a.load("vfio-pci")
    vf = lab.a.create_vfs(1)[0]
    lab.a.sh(f"ip link set {pf} vf 0 mac {GUEST_MAC}")
    lab.a.bind(vf, "vfio-pci")
    lab.guest0 = lab.guest(modules=["igbvf"], migratable=False)
    lab.guest0.boot(lab.a, vf)


@test("the guest sees its VF")
def sees(lab, t):
    t.note(f"guest booted in {lab.guest0.boot_seconds:.1f} s")
    mac = lab.guest0.sh("cat /sys/class/net/eth0/address")
    expect(mac == GUEST_MAC, f"MAC of the guest: {mac}")


@test("the guest reaches the peer through the VF")
def reaches(lab, t):
    lab.guest0.sh(f"ip address add {DATA_NET}.40/24 dev eth0 && ip link set eth0 up")
    lab.guest0.sh(f"ping -c 3 -W 10 {DATA_NET}.1", timeout=60)
    lab.peer.sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.40")


@test("the guest's QEMU is reachable by QMP, and ends when told to")
def ends(lab, t):
    status = lab.guest0.qmp.command("query-status")
    expect(status["status"] == "running", status)
    lab.guest0.shutdown()
    expect(not lab.a.run("pgrep qemu-system").ok, "QEMU still runs on the host")
