# SPDX-License-Identifier: GPL-2.0-or-later
"""A domain with a VF goes into a file, and comes back from it, here and elsewhere."""

from vlab import case, expect, test, virsh, wait_until
from vlab.crossing import GUEST_ADDRESS
from vlab.virsh import reservations, settled, vfs

case(**virsh.LAB)

FILE = "/var/lib/libvirt/qemu/save/by-hand"


def setup(lab):
    virsh.start(lab)


def vf_of(lab):
    """PF and number of the domain's VF, as vferry wants them."""
    held = [vf["vf"] for vf in vfs(lab.domain.host).values() if vf["held"]]
    expect(len(held) == 1, held)
    return f"pf0 {held[0]}"


def saved(lab, t, save, restore, target, at_rest=False):
    """The domain in a file, and back from it; TCP is not looked at.

    at_rest: its VF is suspended by hand before.
    """
    domain, source = lab.domain, lab.domain.host
    lab.cross.probe.stop()
    lab.cross.streams.stop()
    if at_rest:
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
    if at_rest:
        lab.cross.idle_on(target, since, 60)
    wait_until(lambda: lab.peer.run(f"ping -c 1 -W 1 {GUEST_ADDRESS}"), 40, "the guest")
    expect(domain.sh("echo here") == "here", "the guest")
    for host in lab.hosts.values():
        host.run(f"rm -f {FILE}")
    settled(lab)
    lab.cross.start_traffic()


@test("virsh save and restore of a guest that runs, on the same host")
def save_here(lab, t):
    saved(lab, t, f"virsh save guest {FILE}", f"virsh restore {FILE}", lab.domain.host)


@test("managedsave, and start")
def managed(lab, t):
    saved(lab, t, "virsh managedsave guest", "virsh start guest", lab.domain.host)


@test("save here, restore on the other host")
def save_there(lab, t):
    source = lab.domain.host
    saved(lab, t, f"virsh save guest {FILE}", f"virsh restore {FILE}", lab.other(source))


@test("the VF put to rest by hand before")
def save_at_rest(lab, t):
    saved(lab, t, f"virsh save guest {FILE}", f"virsh restore {FILE}", lab.domain.host, True)
