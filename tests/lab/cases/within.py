# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest moves from one VF to another of the same host: the shortest way to see
a migration work. And the way into a file and back."""

import time

from vlab import case, expect, test, wait_until
from vlab.crossing import (GUEST_ADDRESS, GUEST_MAC, configure_guest, prepare_host,
                           wait_until_time)

case(hosts=["a"], memory=1536, smp=2)

IMAGE = "/tmp/guest.image"


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


def save(lab):
    """As virsh save does it: stop, write all into a file, end."""
    guest = lab.guest0
    qmp = guest.qmp
    qmp.command("stop")
    qmp.command("migrate-set-capabilities", capabilities=[
        {"capability": "return-path", "state": False}])
    qmp.command("migrate-set-parameters", max_bandwidth=0)
    qmp.command("migrate", uri=f"file:{IMAGE}")
    info = wait_until(lambda: (found := qmp.command("query-migrate"))["status"]
                      in ("completed", "failed") and found, 60, "the guest to be saved")
    expect(info["status"] == "completed", info)
    guest.instance.quit()
    return info


def restore(lab, vf):
    """As virsh restore does it; returns the seconds until the peer hears the guest."""
    guest = lab.guest0
    target = guest.expect_on(lab.a, lab.vfs[vf], uri=f"file:{IMAGE}")
    wait_until(lambda: target.qmp.command("query-status")["status"] == "paused", 60,
               "the guest to be read")
    guest.moved_to(target)
    target.qmp.command("cont")
    began = time.monotonic()
    wait_until(lambda: lab.peer.run(f"ping -c 1 -W 1 {GUEST_ADDRESS}"), 20, "the guest")
    return time.monotonic() - began


def works(lab):
    guest = lab.guest0
    guest.sh("ping -c 1 -W 5 10.9.0.1", timeout=20)
    link = guest.sh(f"cd /sys/class/net/{lab.interface} && cat address operstate carrier")
    expect(link.split() == [GUEST_MAC, "up", "1"], link)
    expect('"state":"idle"' in lab.a.sh("vfstate dump"), lab.a.sh("vfstate dump"))


@test("saved in a file while it runs, restored on the same VF, and on another one")
def saved(lab, t):
    t.defer(lab.a.sh, f"rm -f {IMAGE}")
    for vf in (0, 1):
        info = save(lab)
        # as libvirt's hook does; without it the address is VF 0's alone
        lab.a.sh(f"ip link set pf0 vf {vf} mac {GUEST_MAC}")
        t.note(f"{info['ram']['transferred'] >> 20} MiB in {info['total-time']} ms, "
               f"{info['ram']['dirty-sync-count']} rounds")
        t.note(f"heard {restore(lab, vf):.1f} s after it went on with VF {vf}")
        works(lab)


@test("and moves as before")
def saved_moves(lab, t):
    moved(lab, t, 0)


@test("one that has been paused for longer is not saved")
def paused(lab, t):
    qmp = lab.guest0.qmp
    qmp.command("stop")
    t.defer(lambda: qmp.command("cont"))
    wait_until_time(3.2)
    qmp.command("migrate", uri=f"file:{IMAGE}")
    info = wait_until(lambda: (found := qmp.command("query-migrate"))["status"]
                      in ("completed", "failed") and found, 60, "the end")
    expect(info["status"] == "failed", info)
    expect("the virtual machine is paused" in lab.a.sh("dmesg | tail -5"), "no reason")
