# SPDX-License-Identifier: GPL-2.0-or-later
"""A domain with a VF goes into a file, and comes back from it, here and elsewhere."""

from vlab import case, expect, test, virsh, wait_until
from vlab.crossing import GUEST_ADDRESS
from vlab.virsh import other, reservations, settled, unharmed, vfs

case(**virsh.LAB)

FILE = "/var/lib/libvirt/qemu/save/by-hand"


def setup(lab):
    virsh.start(lab)


def vf_of(lab):
    """PF and number of the domain's VF, as vferry wants them."""
    held = [vf["vf"] for vf in vfs(lab.domain.host).values() if vf["held"]]
    expect(len(held) == 1, held)
    return f"pf0 {held[0]}"


@test("virsh save of a guest that runs is refused, with what to do; it goes on")
def save_running(lab, t):
    source = lab.domain.host
    virsh.untouched(lab)
    result = source.run(f"virsh save guest {FILE}", timeout=120)
    t.note(result.err.strip())
    expect(result.code == 1, result)
    expect("the virtual machine is paused" in source.sh("dmesg | tail -20"), "no reason")
    unharmed(lab, t, source)


def saved(lab, t, save, restore, target):
    """The VF put to rest, the domain in a file, and back from it; TCP is not looked at."""
    domain, source = lab.domain, lab.domain.host
    lab.cross.probe.stop()
    lab.cross.streams.stop()
    vf = vf_of(lab)
    source.sh(f"vferry vf {vf} migrate --wait && vferry vf {vf} suspend --wait", timeout=60)
    source.sh(save, timeout=120)
    expect(domain.state(source) in ("", "shut off"), domain.state(source))
    wait_until(lambda: "guest" not in reservations(source).values(), 30, "the reservation to go")
    if target is not source:
        target.push(FILE, source.pull(FILE, 120))
    since = lab.cross.events[target.name].count()
    target.sh(restore, timeout=120)
    domain.runs_on(target)
    lab.cross.idle_on(target, since, 60)
    lab.peer.sh(f"ping -c 3 -W 10 {GUEST_ADDRESS}", timeout=40)
    expect(domain.sh("echo here") == "here", "the guest")
    for host in lab.hosts.values():
        host.run(f"rm -f {FILE}")
    settled(lab)
    lab.cross.start_traffic()


@test("save and restore on the same host, the VF at rest before")
def save_here(lab, t):
    saved(lab, t, f"virsh save guest {FILE}", f"virsh restore {FILE}", lab.domain.host)


@test("managedsave, and start")
def managed(lab, t):
    saved(lab, t, "virsh managedsave guest", "virsh start guest", lab.domain.host)


@test("save here, restore on the other host")
def save_there(lab, t):
    source = lab.domain.host
    saved(lab, t, f"virsh save guest {FILE}", f"virsh restore {FILE}", other(lab, source))
