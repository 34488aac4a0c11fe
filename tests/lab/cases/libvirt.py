# SPDX-License-Identifier: GPL-2.0-or-later
"""virsh migrate moves a domain with a VF, and back: stock libvirt, the hook, AppArmor."""

from vlab import case, expect, test, wait_until
from vlab.crossing import GUEST_ADDRESS, GUEST_MAC, Crossing
from vlab.domain import Domain, hostdev

HOST_CONF = """[pf0]
network = lan1
vfs = 4
"""

case(hosts=["a", "b"], memory=1536, smp=1, systemd={"/etc/vferry/host.conf": HOST_CONF})


def prepare_host(host, _vfs):
    host.sh("ip link set pf0 up")
    return host.vf_pcis()


def setup(lab):
    for host in lab.hosts.values():
        state = host.booted()
        expect(state == "running", f"{host.name}: {state}")
    pci = lab.a.vf_pcis()
    lab.domain = Domain(lab, [hostdev(pci[0], "ua-vf0")])
    lab.cross = Crossing(lab, guest=lab.domain, prepare_host=prepare_host)
    lab.moves = []
    lab.cross.start_traffic()


def other(lab, host):
    return lab.b if host is lab.a else lab.a


def moved(lab, t, **options):
    move = lab.cross.move(other(lab, lab.domain.host), **options)
    for line in move.lines():
        t.note(line)
    expect(not move.wrong, move.wrong)
    lab.moves.append(move.figures)
    return move


@test("virsh migrate: a to b")
def there(lab, t):
    moved(lab, t)


@test("virsh migrate: b to a")
def back(lab, t):
    moved(lab, t)
