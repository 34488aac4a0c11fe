# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations by virsh that must not take place, and what is killed in the middle of them:
no guest runs twice, no address stays in two filters, no VF stays reserved."""

from vlab import case, expect, test, virsh, wait_until
from vlab.crossing import wait_until_time
from vlab.domain import Domain, hostdev
from vlab.events import Events
from vlab.virsh import refused, unharmed, vfs

case(**virsh.LAB)


def setup(lab):
    virsh.start(lab)


def there(lab):
    return lab.other(lab.domain.host)


@test("refused: no VF is free there")
def none_free(lab, t):
    target = there(lab)
    hog = Domain(lab, [hostdev(pci) for pci in target.vf_pcis()],
                 name="hog", number=1, memory=64)
    t.defer(hog.shutdown)
    hog.define(target)
    target.sh("virsh -q start --paused hog", timeout=120)
    refused(lab, t, f"vferry on {target.name}", "no VF", "used by domain hog")


def macs(lab, t, target, numbers, mac):
    """An administrator gives these VFs an address, until the test ends."""
    for nr in numbers:
        target.sh(f"ip link set pf0 vf {nr} mac {mac if isinstance(mac, str) else mac(nr)}")
        t.defer(target.sh, f"ip link set pf0 vf {nr} mac 00:00:00:00:00:00")


@test("refused: another VF there, which is in use, has the guest's address")
def address_taken(lab, t):
    target = there(lab)
    pci = target.vf_pcis()[-1]
    target.load("vferry_vf")
    macs(lab, t, target, [virsh.VFS - 1], lab.domain.mac)
    t.defer(target.bind, pci, "vferry_vfio")
    target.bind(pci, "vferry_vf")
    # udev gives it another name meanwhile.
    wait_until(lambda: target.run(f"ip link set $(ls /sys/bus/pci/devices/{pci}/net) up"), 30,
               "its interface")
    wait_until(lambda: vfs(target)[pci].get("protocol"), 20, "its driver")
    refused(lab, t, hook=False, but=(target.name, pci))
    t.note(target.sh("dmesg | grep vferry_pf | tail -1"))


@test("refused: an administrator has given other addresses to all VFs there")
def address_set(lab, t):
    target = there(lab)
    macs(lab, t, target, range(virsh.VFS), lambda nr: f"52:54:00:77:00:{nr:02x}")
    refused(lab, t, hook=False)
    t.note(target.sh("dmesg | grep vferry_pf | tail -1"))


@test("refused: the PF driver is not loaded there")
def no_pf_driver(lab, t):
    target = there(lab)
    target.sh("systemctl stop vferry-journal; rmmod vferry_vfio && rmmod vferry_pf", timeout=60)

    def again():
        lab.cross.events[target.name].stop()
        target.sh("modprobe -a vferry_pf vferry_vfio", timeout=60)
        wait_until(lambda: target.run("vferry list --json | grep -q vferry_vfio"), 60, "the VFs")
        target.sh("ip link set pf0 up")
        lab.cross.events[target.name] = Events(target)
    t.defer(again)
    refused(lab, t)


@test("refused: vferry_vfio there is of another version, which cannot read the VF's state")
def older(lab, t):
    target = there(lab)
    pcis = target.vf_pcis()

    def driver(path):
        target.sh("rmmod vferry_vfio && " + path, timeout=60)
        for pci in pcis:
            target.bind(pci, "vferry_vfio")
    t.defer(driver, "modprobe vferry_vfio")
    driver("insmod /lab/mod/old/vferry_vfio.ko")
    refused(lab, t, hook=False)
    words = target.sh("dmesg | grep 'device state refused' | tail -1")
    t.note(words)
    expect("stream version not known here" in words, words)


@test("refused: a guest that virsh has suspended; it moves when it runs again")
def paused(lab, t):
    domain, source = lab.domain, lab.domain.host
    source.sh("virsh suspend guest", timeout=60)
    # Longer ago than a machine is stopped for being saved (save_ms).
    wait_until_time(3.2)
    t.defer(lambda: source.run("virsh resume guest", timeout=60))
    result = domain.start_migration(there(lab)).wait(120)
    t.note(result.err.strip())
    expect(result.code == 1, result)
    expect("the virtual machine is paused" in source.sh("dmesg | tail -20"), "no reason")
    expect(domain.state(source) == "paused", domain.state(source))
    source.sh("virsh resume guest", timeout=60)
    unharmed(lab, t, source)


@test("the destination's QEMU is killed")
def destination_killed(lab, t):
    target = there(lab)
    command, since = virsh.copying(lab)
    target.sh("kill -9 $(pgrep -f [g]uest=guest)")
    virsh.failed(lab, t, command, since)


@test("the source's libvirtd is restarted")
def source_daemon(lab, t):
    source = lab.domain.host
    command, since = virsh.copying(lab)
    source.sh("systemctl kill -s KILL libvirtd", timeout=60)
    virsh.failed(lab, t, command, since)


@test("the destination's libvirtd is restarted")
def destination_daemon(lab, t):
    target = there(lab)
    command, since = virsh.copying(lab)
    target.sh("systemctl kill -s KILL libvirtd", timeout=60)
    virsh.failed(lab, t, command, since)


@test("the source's QEMU is killed after the switch")
def source_killed(lab, t):
    domain, source, target = lab.domain, lab.domain.host, there(lab)
    virsh.untouched(lab)
    pid = source.sh("pgrep -f [g]uest=guest")
    events = lab.cross.events[target.name]
    since = events.count()
    command = domain.start_migration(target)
    # libvirt has not yet heard that all is done, and ends it only then.
    events.wait(lambda e: e.get("phase") == "running", 120, "the guest to run there", since)
    t.note(f"kill -9 {pid}: exit status {source.run(f'kill -9 {pid}').code}")
    result = command.wait(120)
    t.note(f"virsh: {result.code} {result.err.strip()}")
    domain.runs_on(target)
    # virsh did not get to that, if it failed.
    source.run("virsh -q undefine guest", timeout=60)
    unharmed(lab, t, target)
