# SPDX-License-Identifier: GPL-2.0-or-later
"""A domain with a VF goes into a file, and comes back from it, here and elsewhere."""

from vlab import case, expect, test, virsh, wait_until
from vlab.crossing import GUEST_ADDRESS
from vlab.virsh import reservations, settled

case(**virsh.LAB)

FILE = "/var/lib/libvirt/qemu/save/by-hand"


def setup(lab):
    virsh.start(lab)


def saved(lab, t, save, restore, target):
    """The domain in a file, and back from it; its connections last."""
    domain, source = lab.domain, lab.domain.host
    lab.cross.probe.take()
    lab.cross.streams.take()
    source.sh(save, timeout=120)
    expect(domain.state(source) in ("", "shut off"), domain.state(source))
    wait_until(lambda: "guest" not in reservations(source).values(), 30, "the reservation to go")
    if target is not source:
        # From host to host, as one would: the file is large.
        source.sh(f"scp -q -p {FILE} {target.name}:{FILE}", timeout=120)
    target.sh(restore, timeout=120)
    domain.runs_on(target)
    wait_until(lambda: lab.peer.run(f"ping -c 1 -W 1 {GUEST_ADDRESS}"), 40, "the guest")
    for host in lab.hosts.values():
        host.run(f"rm -f {FILE}")
    settled(lab)
    t.note(f"probe {lab.cross.probe.take()}")
    # What has been sent in vain is sent again, ever later.
    tcp = {}

    def flows():
        window = lab.cross.streams.take()
        for key, value in window.items():
            tcp[key] = tcp.get(key, 0) + value
        return window["rx_bytes"] and window["tx_bytes"]
    wait_until(flows, 60, lambda: f"TCP: {tcp}", 1)
    expect(tcp["resets"] == 0 and tcp["corrupt"] == 0, tcp)


@test("virsh save and restore of a guest that runs, on the same host")
def save_here(lab, t):
    saved(lab, t, f"virsh save guest {FILE}", f"virsh restore {FILE}", lab.domain.host)


@test("managedsave, and start")
def managed(lab, t):
    saved(lab, t, "virsh managedsave guest", "virsh start guest", lab.domain.host)


@test("save here, restore on the other host; it can be migrated from there")
def save_there(lab, t):
    source, target = lab.domain.host, lab.other(lab.domain.host)
    saved(lab, t, f"virsh save guest {FILE}", f"virsh restore {FILE}", target)
    # Its definition stays where it was saved.
    source.sh("virsh -q undefine guest", timeout=60)
    virsh.moved(lab, t, options="--live --persistent")
