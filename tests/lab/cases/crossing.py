# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest moves from host a to host b and back, idle and under traffic."""

from vlab import case, expect, test
from vlab.crossing import LAB, Crossing

SUSPEND_US = 5000       # the project's bars, under emulation too
RESUME_US = 20000

case(**LAB)


def setup(lab):
    lab.cross = Crossing(lab)
    lab.cross.start_traffic(rate=None)      # the probe alone: an idle guest


def moved(lab, t, target, **parameters):
    """Move, show what happened, and expect what every migration has to keep."""
    move = lab.cross.move(target, **parameters)
    for line in move.lines():
        t.note(line)
    figures = move.figures
    expect(figures["status"] == "completed", figures)
    expect(figures["suspend_us"] is not None and figures["suspend_us"] < SUSPEND_US,
           f"suspend took {figures['suspend_us']} us")
    expect(figures["resume_us"] is not None and figures["resume_us"] < RESUME_US,
           f"resume took {figures['resume_us']} us")
    expect(figures["stream_bytes"], "no device state was sent")
    expect(lab.cross.guest.host is target, "the guest is not where it should be")
    return move


def idle_downtime(move):
    figures = move.figures
    expect(figures["network_downtime_ms"] <= 2 * figures["vm_downtime_ms"],
           f"network downtime {figures['network_downtime_ms']} ms is more than twice "
           f"the VM's {figures['vm_downtime_ms']} ms")


@test("idle guest: a to b")
def idle_there(lab, t):
    idle_downtime(moved(lab, t, lab.b))


@test("idle guest: b to a")
def idle_back(lab, t):
    idle_downtime(moved(lab, t, lab.a))


def loaded(lab, t, target):
    move = moved(lab, t, target)
    expect(not move.wrong, move.wrong)
    expect(move.tcp["rx_bytes"] and move.tcp["tx_bytes"], move.tcp)


@test("TCP in both directions: a to b")
def loaded_there(lab, t):
    lab.cross.probe.stop()
    lab.cross.start_traffic()
    loaded(lab, t, lab.b)


@test("TCP in both directions: b to a")
def loaded_back(lab, t):
    loaded(lab, t, lab.a)


@test("the guest's interface is what it was")
def unchanged(lab, t):
    guest = lab.cross.guest
    name = lab.cross.interface
    link = guest.sh(f"cd /sys/class/net/{name} && cat address operstate carrier")
    expect(link.split() == ["52:54:00:0a:02:01", "up", "1"], link)
    # One carrier, never lost: up once, and down never, since it was brought up.
    changes = guest.sh(f"cat /sys/class/net/{name}/carrier_down_count")
    expect(int(changes) <= 1, f"the carrier went down {changes} times")


@test("the host that the guest has left has nothing of it")
def nothing_left(lab, t):
    found = lab.b.sh("vfstate dump")
    expect('"state":"idle"' in found, found)
    expect('"held":true' not in found, found)
