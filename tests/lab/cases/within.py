# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest moves from one VF to another of the same host: the shortest way to see
a migration work."""

from vlab import case, expect, test
from vlab.crossing import GUEST_ADDRESS, GUEST_MAC, configure_guest, prepare_host

case(hosts=["a"], memory=1536, smp=2)


def setup(lab):
    lab.vfs = prepare_host(lab.a, vfs=2)
    lab.a.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")
    lab.a.sh("echo 1 >/sys/kernel/tracing/events/vferry_vfio/enable")
    lab.guest0 = lab.guest()
    lab.guest0.boot(lab.a, lab.vfs[0])
    lab.interface = configure_guest(lab.guest0)
    lab.peer.sh(f"ping -c 3 -i 0.2 -W 10 {GUEST_ADDRESS}", timeout=40)


def show(lab, t):
    """Steps and questions, as the driver traced them."""
    lines = lab.a.sh("grep -v '^#' /sys/kernel/tracing/trace | cut -c 34-; "
                     "echo >/sys/kernel/tracing/trace").splitlines()
    for line in lines:
        if "suspend=0" not in line:
            t.note(line)
    t.note(f"{sum('vferry_vfio_size' in line for line in lines)} questions for the size")


def moved(lab, t, vf):
    guest = lab.guest0
    t.defer(show, lab, t)
    migration = guest.migrate(lab.a, lab.vfs[vf])
    t.note(f"total {migration.info['total-time']} ms, down {migration.info['downtime']} ms, "
           f"device state {migration.info['vfio']['transferred']} bytes")
    lab.peer.sh(f"ping -c 1 -W 5 {GUEST_ADDRESS}", timeout=20)
    guest.sh("ping -c 1 -W 5 10.9.0.1", timeout=20)
    link = guest.sh(f"cd /sys/class/net/{lab.interface} && cat address operstate carrier")
    expect(link.split() == [GUEST_MAC, "up", "1"], link)


@test("from VF 0 to VF 1")
def there(lab, t):
    moved(lab, t, 1)


@test("and back")
def back(lab, t):
    moved(lab, t, 0)
