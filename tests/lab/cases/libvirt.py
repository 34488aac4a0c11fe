# SPDX-License-Identifier: GPL-2.0-or-later
"""virsh migrate moves a domain with a VF, and back: stock libvirt, the hook, AppArmor."""

import re
import statistics

from vlab import case, expect, test, virsh, wait_until
from vlab.crossing import GUEST_ADDRESS, configure_guest
from vlab.domain import Domain, interface
from vlab.net import DATA_NET
from vlab.traffic import udp_probe
from vlab.virsh import moved, reservations, settled, unharmed, vfs

case(**virsh.LAB)

SECOND_ADDRESS = f"{DATA_NET}.60"
SECOND_MAC = "52:54:00:0a:02:02"
MEDIAN_OF = 3


def setup(lab):
    virsh.start(lab)


def source_of(host, name, inactive=False):
    """PCI address of a domain's VF, as its definition has it."""
    xml = host.sh(f"virsh dumpxml {'--inactive' if inactive else ''} {name}", timeout=60)
    found = re.search(r"<source>\s*<address (?:type='pci' )?domain='0x(\w+)' bus='0x(\w+)' "
                      r"slot='0x(\w+)' function='0x(\w)'/>", xml)
    expect(found, xml)
    return "{}:{}:{}.{}".format(*found.groups())


def expect_defined(lab, domain):
    """It is defined where it runs, its VF is noted there, and nowhere else."""
    here = domain.host
    pci = source_of(here, domain.name)
    expect(vfs(here)[pci]["held"] and reservations(here).get(pci) == domain.name, vfs(here))
    expect(domain.state(lab.other(here)) == "", "it is still defined where it was")


@test("AppArmor confines the domain; the variant driver was there")
def confined(lab, t):
    pid = vfs(lab.a)[source_of(lab.a, "guest")]["user"]["pid"]
    label = lab.a.sh(f"cat /proc/{pid}/attr/current; id -nu $(stat -c %u /proc/{pid})")
    expect("libvirt-" in label and "(enforce)" in label and "libvirt-qemu" in label, label)
    blocked = lab.domain.qmp('{"execute":"query-migrate"}')
    expect("blocked-reasons" not in blocked, blocked)


@test("virsh migrate --live --persistent --undefinesource: a to b")
def there(lab, t):
    moved(lab, t)
    expect_defined(lab, lab.domain)


@test("--p2p --abort-on-error: b to a")
def back(lab, t):
    moved(lab, t, options="--live --p2p --abort-on-error --persistent --undefinesource")
    expect_defined(lab, lab.domain)


@test("domjobinfo and domjobabort while the memory is copied")
def abort_precopy(lab, t):
    domain, source = lab.domain, lab.domain.host
    since = virsh.untouched(lab)
    command = domain.start_migration(lab.other(source), "--live --bandwidth 4")
    wait_until(lambda: any(vf["state"] == "migrating" for vf in vfs(source).values()), 60,
               "the guest to log")
    job = wait_until(lambda: "Memory remaining" in domain.job() and domain.job(), 30, "its job")
    t.note(job)
    expect(job["Operation"] == "Outgoing migration", job)
    source.sh("virsh domjobabort guest", timeout=60)
    result = command.wait(60)
    expect(result.code == 1 and "canceled by client" in result.err, result)
    unharmed(lab, t, source, since)


@test("a second domain, <interface type='hostdev'> with a driver model, takes another VF")
def second(lab, t):
    pci = lab.b.vf_pcis()[0]
    lab.second = Domain(lab, [interface(pci, "ua-vf0", SECOND_MAC,
                                        "<driver name='vfio' model='vferry_vfio'/>")],
                        name="second", number=1, memory=192, mac=SECOND_MAC)
    lab.second.boot(lab.b)
    configure_guest(lab.second, SECOND_ADDRESS)
    lab.peer.sh(f"ping -c 1 -W 10 {SECOND_ADDRESS}", timeout=30)
    expect(vfs(lab.b)[pci]["mac"] == SECOND_MAC, vfs(lab.b))


@test("two domains at the same time in opposite directions, each to a VF that is free")
def opposite(lab, t):
    expect(lab.domain.host is lab.a and lab.second.host is lab.b, "they are elsewhere")
    probe = udp_probe(lab.peer, lab.second, SECOND_ADDRESS, port=7011, interval_us=5000)
    t.defer(probe.stop)
    virsh.untouched(lab)
    commands = [lab.domain.start_migration(lab.b), lab.second.start_migration(lab.a)]
    for command, domain, target in zip(commands, (lab.domain, lab.second), (lab.b, lab.a)):
        command.wait(180).check()
        domain.runs_on(target)
        t.note(f"{domain.name}: {domain.completed()}")
    for address in (GUEST_ADDRESS, SECOND_ADDRESS):
        lab.peer.sh(f"ping -c 1 -W 10 {address}", timeout=30)
    t.note(f"guest: {lab.cross.probe.take()}")
    t.note(f"second: {probe.take()}")
    tcp = lab.cross.streams.take()
    expect(tcp["resets"] == 0 and tcp["corrupt"] == 0 and tcp["rx_bytes"], tcp)
    for domain in (lab.domain, lab.second):
        wait_until(lambda: domain.state(lab.other(domain.host)) == "", 30, "the end there")
        expect_defined(lab, domain)
        expect([name for name, _ in virsh.holders(lab, domain.mac)] == [domain.host.name],
               virsh.holders(lab, domain.mac))
    t.note(f"VFs: {source_of(lab.b, 'guest')} on b, {source_of(lab.a, 'second')} on a")
    lab.second_went = (source_of(lab.a, "second"), source_of(lab.a, "second", True))
    lab.guest_went = (source_of(lab.b, "guest"), source_of(lab.b, "guest", True))
    lab.second.shutdown()
    wait_until(lambda: "second" not in reservations(lab.a).values(), 30, "its reservation to go")
    settled(lab)


@test("the persistent definition has the VF that the hook has chosen")
def persistent(lab, t):
    t.todo("libvirt sends the source's persistent definition beside the one that the hook may "
           "change; virsh migrate --persistent-xml, or vferry libvirt prepare there, is the way")
    for live, inactive in (lab.guest_went, lab.second_went):
        expect(live == inactive, f"it runs with {live}, and is defined with {inactive}")


@test("virsh downtime within 10 % of QEMU's own: medians of moves of one guest")
def downtime(lab, t):
    by_virsh = []
    for _ in range(MEDIAN_OF):
        by_virsh.append(moved(lab, t).figures)
    lab.cross.probe.stop()
    lab.cross.streams.stop()
    lab.domain.shutdown()
    plain = lab.guest(name="plain", memory=256)
    lab.a.sh(f"ip link set pf0 vf 0 mac {lab.domain.mac}")
    plain.boot(lab.a, lab.cross.vfs["a"][0])
    lab.cross.guest = plain
    configure_guest(plain)
    lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30)
    lab.cross.start_traffic()
    by_hand = []
    for _ in range(MEDIAN_OF):
        move = lab.cross.move(lab.other(plain.host))
        expect(not move.wrong, move.wrong)
        by_hand.append(move.figures)

    def median(figures, key):
        return statistics.median(f[key] for f in figures)
    for key in ("network_downtime_ms", "vm_downtime_ms", "suspend_us", "resume_us", "total_ms"):
        t.note(f"{key}: virsh {median(by_virsh, key)} {[f[key] for f in by_virsh]}, "
               f"QEMU {median(by_hand, key)} {[f[key] for f in by_hand]}")
    lab.by_virsh, lab.by_hand = (median(f, "network_downtime_ms") for f in (by_virsh, by_hand))
    expect(lab.by_virsh <= 1.1 * lab.by_hand, (lab.by_virsh, lab.by_hand))
