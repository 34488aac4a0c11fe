# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with systemd: what vferry installs there works from boot on."""

import json

from vlab import case, expect, test, wait_until
from vlab.net import DATA_NET
from vlab.schema import fits

CONF = """[pf0]
network = lan1
vfs = 2
bind = 0
mac.0 = 52:54:00:0a:02:10
mac.1 = 52:54:00:0a:02:11
"""
UNITS = ("vferry-journal", "vferry-libvirt", "libvirtd", "libvirtd.socket", "libvirtd-tcp.socket", "virtlogd.socket",
         "apparmor", "ssh", "systemd-udevd", "systemd-journald", "dbus")

case(hosts=["a"], memory=1024, smp=1, systemd={"/etc/vferry/host.conf": CONF})


def vfs(lab):
    return fits(lab.a.sh("vferry list --json"), "list")["pfs"][0]["vfs"]


def vf_state(lab, nr):
    found = [json.loads(line) for line in lab.a.sh("vfstate dump").splitlines()]
    return next(vf["state"] for vf in found if vf["vf"] == nr)


@test("it boots, with nothing failed and all that is wanted")
def boots(lab, t):
    state = lab.a.booted()
    t.note(lab.a.sh("systemd-analyze", timeout=60))
    failed = lab.a.sh("systemctl list-units --failed --plain --no-legend", timeout=60)
    expect(state == "running", f"{state}: {failed}")
    inactive = [unit for unit in UNITS if not lab.a.active(unit)]
    expect(not inactive, inactive)


@test("vferry-host.service has made the VFs of host.conf, and bound one")
def host_conf(lab, t):
    show = lab.a.sh("systemctl show vferry-host -p Result,ExecMainStatus,ExecMainStartTimestampMonotonic")
    expect("Result=success" in show and "ExecMainStatus=0" in show and
           "Monotonic=0" not in show, show)
    first, second = vfs(lab)
    expect(first["driver"] == "vferry_vfio" and first["mac"] == "52:54:00:0a:02:10", first)
    expect(not second.get("driver") and second["mac"] == "52:54:00:0a:02:11", second)
    modules = lab.a.sh("modinfo -n vferry_pf vferry_vfio")
    expect(modules.count("/updates/") == 2, modules)
    # Before the daemon that may start a guest with a VF.
    order = [int(lab.a.sh(f"systemctl show {unit} -p {stamp} --value"))
             for unit, stamp in (("vferry-host", "ExecMainExitTimestampMonotonic"),
                                 ("libvirtd", "ExecMainStartTimestampMonotonic"))]
    expect(0 < order[0] <= order[1], order)


@test("vferry-host.service is started again by a PF that comes later")
def later(lab, t):
    # the journal stays, and hears the driver that comes: the next test sees what it writes
    journal = lab.a.sh("systemctl show vferry-journal -p MainPID")
    # who is connected to libvirtd ends with it, and does not wake it by its socket
    lab.a.sh("systemctl stop libvirtd; rmmod vferry_vfio && rmmod vferry_pf", timeout=60)
    expect(not lab.a.active("vferry-libvirt"), "vferry-libvirt goes on")
    lab.a.sh("modprobe vferry_pf", timeout=60)
    wait_until(lambda: lab.a.run("vferry list --json | grep -q vferry_vfio"), 60,
               lambda: "the VF: " + lab.a.run("systemctl status vferry-host; vferry list").out)
    expect(lab.a.sh("systemctl show vferry-journal -p MainPID") == journal,
           "vferry-journal has been started again")
    expect(not lab.a.active("libvirtd"), "libvirtd was woken")
    lab.a.sh("systemctl start libvirtd", timeout=60)
    wait_until(lambda: lab.a.active("vferry-libvirt"), 30, "vferry-libvirt with libvirtd")


@test("vferry-journal.service writes an entry for a migration by link states")
def journal(lab, t):
    lab.a.sh("ip link set pf0 up")
    lab.a.load("vferry_vf")
    lab.a.bind(lab.a.vf_pcis()[1], "vferry_vf")
    name = lab.a.netdev_of(lab.a.vf_pcis()[1])
    space = lab.a.add_netns("n0", name, f"{DATA_NET}.20/24")
    wait_until(lambda: space.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 30, "link of the VF")
    show = lab.a.sh("systemctl show vferry-journal -p User,DynamicUser,NRestarts")
    expect("DynamicUser=yes" in show and "NRestarts=0" in show, show)
    for word, state in (("migrate", "migrating"), ("suspend", "suspended"), ("resume", "idle")):
        lab.a.sh(f"ip link set pf0 vf 1 state {word}")
        wait_until(lambda: vf_state(lab, 1) == state, 20, lambda: vf_state(lab, 1))
    entry = wait_until(lambda: lab.a.journal("-u vferry-journal VFERRY_OUTCOME=stayed"), 30,
                       lambda: lab.a.run("systemctl status vferry-journal").out)[-1]
    expect(entry["_SYSTEMD_UNIT"] == "vferry-journal.service" and entry["VFERRY_VF"] == "1" and
           int(entry["VFERRY_REST_US"]) > 0 and json.loads(entry["VFERRY_MOVE"]), entry)
    history = fits(lab.a.sh("vferry history --json", timeout=60), "history")["migrations"]
    expect([m["migration"] for m in history] == [entry["VFERRY_MIGRATION"]], history)


@test("libvirtd answers, and knows who it is")
def libvirt(lab, t):
    answer = lab.a.sh("virsh version", timeout=60)
    expect("Running hypervisor: QEMU 10." in answer, answer)
    expect(lab.a.sh("virsh hostname") == "a", "the host's name")
    expect(lab.a.sh("virsh -c qemu+tcp://a/system hostname", timeout=60) == "a", "by TCP")
    uuid = lab.a.sh("virsh capabilities | sed -n 's/.*<uuid>\\(.*\\)<.*/\\1/p' | head -1", timeout=60)
    expect(uuid == lab.a.uuid, (uuid, lab.a.uuid))


@test("AppArmor enforces, libvirtd is confined")
def apparmor(lab, t):
    status = json.loads(lab.a.sh("aa-status --json", timeout=60))
    expect(status["profiles"].get("libvirtd") == "enforce" and
           status["profiles"].get("virt-aa-helper") == "enforce", status)
    process = status["processes"].get("/usr/sbin/libvirtd", [{}])[0]
    expect(process.get("status") == "enforce", status)


@test("nobody else has touched the network")
def network(lab, t):
    lab.a.sh("! systemctl is-active systemd-networkd NetworkManager networking")
    expect(lab.a.sh("ip -4 -o address show dev pf0") == "", "an address on pf0")
    expect(lab.a.sh("cat /proc/sys/net/ipv4/ip_forward") == "0", "it forwards")
