# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages on machines that run: a host and a guest whose images have them start, both are
upgraded while the guest runs, start a kernel without headers, and are rid of them and given
them again. After each of these the guest moves, and its peer's connections last; or the
move is refused, and why is said. No module is loaded, no service started, no user made by
the lab. What needs no machine that runs, with all four, is in tests/static/packages.t."""

import json

from vlab import case, expect, test, wait_until
from vlab.crossing import GUEST_ADDRESS, GUEST_MAC
from vlab.guest import MigrationFailed
from vlab.traffic import tcp_streams
from vlab.vferryd import BOOT_TIMEOUT, GUEST, Vferryd

case(hosts=["a"], memory=1536, smp=1, installed=True)

DPKG = "DEBIAN_FRONTEND=noninteractive dpkg"
DPKG_TIMEOUT = 900
PF = "0000:01:00.0"
TCP_RATE = 200_000      # bytes/s in each direction
HOST_UNITS = ("vferry-journal", "vferry-libvirt")


def dpkg(place, words):
    return place.sh(f"{DPKG} {words} 2>&1", timeout=DPKG_TIMEOUT)


def driver_of(place, pci=PF):
    return place.sh(f"basename $(readlink /sys/bus/pci/devices/{pci}/driver)")


def release(place):
    return place.sh("uname -r")


def pid_of(place, unit):
    return int(place.sh(f"systemctl show {unit} -p MainPID --value", timeout=60))


def started(place, unit):
    """Wait until a unit runs; returns its process."""
    wait_until(lambda: place.run(f"systemctl is-active -q {unit}", timeout=60).ok, 120,
               lambda: place.run(f"systemctl status {unit}; journalctl -n 40", timeout=60).out)
    return pid_of(place, unit)


def is_ready(lab):
    """What host.conf wants is there, without anybody's help."""
    state = lab.a.booted()
    wait_until(lambda: lab.a.run("vferry list --json | grep -q vferry_vfio", timeout=60), 60,
               lambda: "the VFs: " + lab.a.run("systemctl status vferry-host; vferry list",
                                               timeout=60).out)
    failed = lab.a.sh("systemctl list-units --failed --plain --no-legend", timeout=60)
    expect(state == "running", f"{state}: {failed}")
    expect(driver_of(lab.a) == "vferry_pf", driver_of(lab.a))
    vfs = json.loads(lab.a.sh("vferry list --json", timeout=60))["pfs"][0]["vfs"]
    expect([vf["driver"] for vf in vfs] == ["vferry_vfio"] * 2 and vfs[0]["mac"] == GUEST_MAC, vfs)
    for unit in HOST_UNITS:
        started(lab.a, unit)
    lab.a.sh("ip link set pf0 up")


def reloads(lab):
    return len(lab.a.journal("-b -u libvirtd JOB_TYPE=reload JOB_RESULT=done"))


def start_guest(lab):
    """On VF 0, with vferry's driver and agent, and connections of the peer's."""
    guest = lab.guest0
    lab.vf = 0
    guest.boot(lab.a, lab.a.vf_pcis()[lab.vf], BOOT_TIMEOUT)
    started(guest, "vferryd")
    guest.sh(f"ip link set eth0 up && ip address add {GUEST_ADDRESS}/24 dev eth0")
    lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30)
    lab.streams = tcp_streams(lab.peer, guest, GUEST_ADDRESS, rate=TCP_RATE)


def stop_guest(lab):
    guest = lab.guest0
    lab.streams.stop()
    guest.run("systemctl poweroff", timeout=60)
    wait_until(lambda: guest.dead, 120, "its end")
    guest.shutdown()


def lasts(lab):
    """The peer's connections have lasted until now, with every byte, and go on."""
    def goes_on():
        tcp = lab.streams.take()
        expect(not tcp["resets"] and not tcp["corrupt"], tcp)
        return tcp["rx_bytes"] and tcp["tx_bytes"]
    goes_on()
    wait_until(goes_on, 30, "data on the connections")


def switch(lab, t):
    """The guest moves to the other VF, and the connections last."""
    lab.vf = 1 - lab.vf
    migration = lab.guest0.migrate(lab.a, lab.a.vf_pcis()[lab.vf])
    t.note(f"to VF {lab.vf}, down {migration.info['downtime']} ms")
    lasts(lab)


def move(lab, t):
    """The same, and its agent has seen it arrive."""
    agent = Vferryd(lab.guest0)
    count = len(agent.history())
    switch(lab, t)
    record = agent.record_after(count)
    expect(record["outcome"] == "arrived" and record["remaining"] == 0, record)


@test("host: at the first start igb has had the PF, and vferry_pf has it, with the VFs of host.conf")
def boots(lab, t):
    is_ready(lab)
    order = lab.a.sh("dmesg | grep -oE '(igb|vferry_pf) 0000:01:00.0' | uniq").splitlines()
    expect([line.split()[0] for line in order][:1] == ["igb"] and
           order[-1].startswith("vferry_pf"), order)
    t.note(lab.a.sh("systemctl show vferry-host -p ExecMainStatus,Result", timeout=60))
    checks = json.loads(lab.a.run("vferry check --json pf0/0", timeout=60).out)["checks"]
    expect(any(c["check"] == "libvirt-hook" and c["result"] == "pass" for c in checks), checks)


@test("a guest whose image has the packages: vferry_vf, not igbvf, and vferryd under its own user")
def guest_boots(lab, t):
    lab.guest0 = guest = lab.guest(
        memory=GUEST["memory"], modules=(), initrd="guest.initrd",
        kernel_args=GUEST["kernel_args"] + " root=/dev/vda rw",
        qemu_args="-drive if=none,id=root,file=/dev/vdb,format=raw,cache=none,file.locking=off "
                  "-device virtio-blk-pci,drive=root")
    start_guest(lab)
    t.note(f"booted in {guest.boot_seconds:.0f} s")
    pci = wait_until(lambda: guest.run("grep -lx 0x10ca /sys/bus/pci/devices/*/device").out, 30,
                     "the VF").split("/")[5]
    expect(driver_of(guest, pci) == "vferry_vf", driver_of(guest, pci))
    pid = pid_of(guest, "vferryd")
    expect(guest.sh(f"stat -c %U /proc/{pid}") == "vferryd", "its user")
    expect(guest.run("systemctl is-enabled vferryd").out.strip() == "static", "who starts it")
    check = guest.run("vferryctl check", timeout=60)
    expect(check.ok and "all is well" in check.out, check)


@test("vferry check passes all, and it moves from VF to VF by the packages' own modules")
def moves(lab, t):
    check = lab.a.run("vferry check pf0/0", timeout=60)
    expect(check.ok and "All checks pass." in check.out, check.out)
    move(lab, t)


@test("in the guest: an upgrade starts the agent again, a removal ends it; it moves with and without")
def agent_lifecycle(lab, t):
    guest = lab.guest0
    before = pid_of(guest, "vferryd")
    dpkg(guest, "-i /lab/deb/2/vferry-guest_*.deb")
    after = started(guest, "vferryd")
    expect(after not in (0, before), (before, after))
    expect("(deleted)" not in guest.sh(f"readlink /proc/{after}/exe"), "the old program runs")
    move(lab, t)
    guest.sh("systemctl enable --now vferryd-hook@resume.socket", timeout=60)
    dpkg(guest, "-r vferry-guest")
    socket = "systemctl is-active -q vferryd-hook@resume.socket"
    expect(not guest.run(socket, timeout=60), "root's hooks run after a removal")
    dpkg(guest, "-i /lab/deb/2/vferry-guest_*.deb")
    expect(guest.run(socket, timeout=60), "root's hooks do not run any more")
    started(guest, "vferryd")
    dpkg(guest, "-P vferry-guest")
    left = guest.sh("systemctl list-units --no-legend 'vferryd*'; "
                    "find /etc/systemd /run -name 'vferryd-hook*'", timeout=60)
    expect(not left, left)
    wait_until(lambda: not guest.run("pgrep -x vferryd").ok, 30, "its end")
    guest.sh("! test -e /etc/vferry/vferryd.conf")
    switch(lab, t)
    dpkg(guest, "-i /lab/deb/2/vferry-guest_*.deb")
    started(guest, "vferryd")


@test("host: an upgrade with a guest on a VF: services are started again; it sees nothing, and moves")
def upgrade(lab, t):
    before = {unit: pid_of(lab.a, unit) for unit in HOST_UNITS}
    count = reloads(lab)
    dpkg(lab.a, "-i /lab/deb/2/vferry-host_*.deb")
    expect(reloads(lab) == count + 1, "libvirtd was not told of the hook")
    for unit in HOST_UNITS:
        after = started(lab.a, unit)
        expect(after not in (0, before[unit]), (unit, before, after))
    expect(not lab.a.run("systemctl is-failed -q vferry-host").ok, "vferry-host failed")
    lasts(lab)
    move(lab, t)


def libvirt_sleeps(lab, what):
    """Do what is to be done while libvirtd is stopped, and systemd listens for who connects."""
    lab.a.sh("systemctl stop libvirtd", timeout=120)
    since = lab.a.sh("systemctl show libvirtd -p InvocationID", timeout=60)
    what()
    expect(lab.a.active("libvirtd.socket"), "nothing would wake it")
    expect(not lab.a.active("vferry-libvirt"), "vferry-libvirt was started")
    now = lab.a.sh("systemctl show libvirtd -p InvocationID", timeout=60)
    expect(now == since and not lab.a.active("libvirtd"), "libvirtd was woken")


@test("host: an upgrade starts nothing that was stopped, nor wakes libvirt, which brings its service")
def stopped(lab, t):
    lab.a.booted()
    lab.a.sh("systemctl stop vferry-journal", timeout=60)
    libvirt_sleeps(lab, lambda: dpkg(lab.a, "-i /lab/deb/2/vferry-host_*.deb"))
    expect(not lab.a.active("vferry-journal"), "vferry-journal was started")
    lab.a.sh("systemctl start libvirtd vferry-journal", timeout=120)
    started(lab.a, "vferry-libvirt")


def refused(lab):
    """A move is, at once and with the reason, and the guest goes on."""
    try:
        lab.guest0.migrate(lab.a, lab.a.vf_pcis()[1])
    except MigrationFailed:
        pass
    else:
        raise AssertionError("a guest without vferry_vf was migrated")
    said = lab.a.sh("dmesg | grep 'not migratable' | tail -n 1")
    expect("guest driver does not speak vferry" in said, said)
    check = lab.a.run("vferry check pf0/0", timeout=60)
    expect(check.code and "does not speak vferry" in check.out, check)
    lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30)


@test("the guest starts a kernel that has no vferry_vf: igbvf has the VF, and this is said")
def guest_kernel(lab, t):
    guest = lab.guest0
    stop_guest(lab)
    old = guest.initrd, lab.a.guest_kernel
    guest.initrd, lab.a.guest_kernel = "guest.initrd-new", "/lab/vmlinux-new"
    guest.boot(lab.a, lab.a.vf_pcis()[0], BOOT_TIMEOUT)
    expect(release(guest) == lab.a.new, release(guest))
    wait_until(lambda: guest.run("systemctl is-failed -q vferry-driver", timeout=60).ok, 120,
               lambda: guest.run("systemctl status vferry-driver", timeout=60).out)
    said = guest.sh("journalctl -q -b -o cat -u vferry-driver", timeout=60)
    t.note(said)
    expect("driven by igbvf, and there is no vferry_vf for Linux " + lab.a.new in said and
           f"install linux-headers-{lab.a.new}" in said, said)
    check = guest.run("vferryctl check", timeout=60)
    expect(check.code == 1 and "driven by igbvf" in check.out, check)
    guest.sh(f"ip link set eth0 up && ip address add {GUEST_ADDRESS}/24 dev eth0")
    lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30)
    refused(lab)
    guest.shutdown()
    guest.initrd, lab.a.guest_kernel = old


@test("the host starts a kernel that was installed without headers: igb has the NIC, all is said")
def host_kernel(lab, t):
    new = lab.a.new
    lab.a.reboot(new)
    t.note(f"booted in {lab.a.boot_seconds:.0f} s")
    lab.a.booted()
    expect(release(lab.a) == new, release(lab.a))
    expect(driver_of(lab.a) == "igb", driver_of(lab.a))
    lab.a.sh("ip link set pf0 up && ip address add 10.9.0.30/24 dev pf0")
    lab.peer.sh("ping -c 1 -W 10 10.9.0.30", timeout=30)
    said = lab.a.sh("journalctl -q -b -o cat -u vferry-host", timeout=60)
    t.note(said)
    expect(f"there is no vferry_pf for Linux {new}: install linux-headers-{new}" in said, said)
    expect(lab.a.run("systemctl is-failed -q vferry-host").ok, "vferry-host has not failed")
    check = lab.a.run("vferry check pf0/0", timeout=60)
    expect(check.code != 0 and "driven by igb, not by vferry_pf" in check.err and
           "install linux-headers-" in check.err, check)


@test("the headers come: the PF is not taken while its interface is up, and is when it is down")
def headers(lab, t):
    lab.a.sh(f"ln -s /usr/src/linux-headers-lab /lib/modules/{lab.a.new}/build && "
             f"run-parts --exit-on-error --arg={lab.a.new} /etc/kernel/header_postinst.d",
             timeout=DPKG_TIMEOUT)
    expect(not lab.a.run("systemctl start vferry-host", timeout=120).ok, "it was taken")
    said = lab.a.sh("journalctl -q -b -o cat -u vferry-host", timeout=60)
    expect("driven by igb, not by vferry_pf: pf0 is up" in said, said)
    expect(driver_of(lab.a) == "igb", driver_of(lab.a))
    lab.a.sh("ip link set pf0 down && systemctl start vferry-host", timeout=120)
    lab.a.sh("systemctl reset-failed", timeout=60)
    is_ready(lab)


@test("the guest moves on the new kernel, by the modules that DKMS has made for it")
def moves_again(lab, t):
    start_guest(lab)
    move(lab, t)


@test("a purge stops what runs, libvirt forgets the hook, the NIC keeps its driver; and back")
def purge(lab, t):
    before = reloads(lab)
    dpkg(lab.a, "-P vferry-host vferry-host-dkms")
    running = lab.a.run("pgrep -ax 'vferry|vferryd'").out
    expect(not running, running)
    expect(driver_of(lab.a) == "vferry_pf", "the NIC has lost its driver")
    expect(reloads(lab) == before + 1, "libvirtd was not told that the hook has gone")
    for module in ("vferry_pf", "vferry_vfio"):
        expect(not lab.a.run(f"modprobe -n {module}").ok, f"{module} is left for the next boot")
    # What is loaded works until then.
    lasts(lab)
    move(lab, t)
    libvirt_sleeps(lab, lambda: dpkg(lab.a, "-i /lab/deb/2/vferry-host*.deb"))
    lab.a.sh("systemctl start libvirtd", timeout=120)
    is_ready(lab)
    lasts(lab)
    move(lab, t)
