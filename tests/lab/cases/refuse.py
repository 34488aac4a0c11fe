# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations that must not take place, or do not: the guest stays and works."""

from vlab import case, expect, test
from vlab.crossing import GUEST_ADDRESS, LAB, Crossing, configure_guest, wait_until_time
from vlab.wait import wait_until

GAP_MS = 1000       # the guest's traffic goes on within this time

case(**LAB)


def setup(lab):
    lab.cross = Crossing(lab)
    lab.cross.start_traffic()


def unharmed(lab, t, source):
    """The guest is where it was, its traffic hardly noticed, its state is idle."""
    cross = lab.cross
    expect(cross.guest.host is source, "the guest is elsewhere")
    wait_until(lambda: '"state":"idle"' in source.sh("vfstate dump"), 10, "state idle")
    lab.peer.sh(f"ping -c 1 -W 5 {GUEST_ADDRESS}", timeout=20)
    probe, tcp = cross.probe.take(), cross.streams.take()
    t.note(f"probe {probe}")
    t.note(f"tcp {tcp}")
    expect(probe["gap_ms"] < GAP_MS, f"nothing was heard for {probe['gap_ms']} ms")
    expect(tcp["resets"] == 0 and tcp["corrupt"] == 0, tcp)
    expect(tcp["rx_bytes"] and tcp["tx_bytes"], tcp)


def second_succeeds(lab, t, target):
    move = lab.cross.move(target)
    for line in move.lines():
        t.note(line)
    expect(not move.wrong, move.wrong)


def begin(lab, target, **parameters):
    cross = lab.cross
    cross.probe.take()
    cross.streams.take()
    instance = cross.guest.expect_on(target, cross.vfs[target.name][0])
    return cross.guest.begin_migration(instance, **parameters)


@test("cancelled in pre-copy")
def cancel_precopy(lab, t):
    source = lab.cross.guest.host
    migration = begin(lab, lab.other(source), max_bandwidth=4 << 20)
    wait_until(lambda: '"state":"migrating"' in source.sh("vfstate dump"), 20,
               "the guest to log")
    migration.cancel()
    expect(migration.wait() == "cancelled", migration.info)
    migration.target.quit()
    unharmed(lab, t, source)
    second_succeeds(lab, t, lab.other(source))


@test("cancelled when the guest is suspended and the machine stopped")
def cancel_suspended(lab, t):
    guest = lab.cross.guest
    source = guest.host
    guest.qmp.command("migrate-set-capabilities", capabilities=[
        {"capability": "pause-before-switchover", "state": True}])
    migration = begin(lab, lab.other(source))
    wait_until(lambda: migration.poll()["status"] == "pre-switchover", 60, "pre-switchover")
    expect('"state":"suspended"' in source.sh("vfstate dump"), source.sh("vfstate dump"))
    migration.cancel()
    expect(migration.wait() == "cancelled", migration.info)
    migration.target.quit()
    guest.qmp.command("migrate-set-capabilities", capabilities=[
        {"capability": "pause-before-switchover", "state": False}])
    unharmed(lab, t, source)
    second_succeeds(lab, t, lab.other(source))


@test("destination killed during the copy")
def destination_killed(lab, t):
    source = lab.cross.guest.host
    migration = begin(lab, lab.other(source), max_bandwidth=4 << 20)
    wait_until(lambda: migration.poll().get("ram", {}).get("transferred", 0) > 1 << 20, 30,
               "some memory to be copied")
    migration.target.kill()
    expect(migration.wait() == "failed", migration.info)
    unharmed(lab, t, source)
    second_succeeds(lab, t, lab.other(source))


@test("the guest resets its VF during the copy")
def vf_reset(lab, t):
    cross = lab.cross
    guest, source = cross.guest, cross.guest.host
    since = cross.events[source.name].count()
    migration = begin(lab, lab.other(source), max_bandwidth=4 << 20)
    wait_until(lambda: '"state":"migrating"' in source.sh("vfstate dump"), 20,
               "the guest to log")
    guest.sh(f"echo 1 >/sys/class/net/{cross.interface}/device/reset", timeout=30)
    expect(migration.wait() == "failed", migration.info)
    event = cross.events[source.name].wait(lambda e: e["event"] == "failed", 10,
                                           "an event with the reason", since)
    expect("reset" in event["reason"], event)
    migration.target.quit()
    unharmed(lab, t, source)
    second_succeeds(lab, t, lab.other(source))


def refused(lab, t, words):
    """The move to the other host fails early, for the reason, and the guest goes on."""
    cross = lab.cross
    source = cross.guest.host
    target = lab.other(source)
    since = cross.events[target.name].count()
    migration = begin(lab, target)
    expect(migration.wait() == "failed", migration.info)
    event = cross.events[target.name].wait(lambda e: e["event"] == "failed", 10,
                                           "an event with the reason", since)
    expect(words in event["reason"], event)
    migration.target.quit()
    unharmed(lab, t, source)


def trusted(lab, t):
    for host in lab.hosts.values():
        host.sh("ip link set pf0 vf 0 trust on")
        t.defer(host.sh, "ip link set pf0 vf 0 trust off")


def add_links(place, t, base, prefix, count, kind):
    """Interfaces on another; kind: with {} for the number."""
    place.sh("".join(f"ip link add link {base} name {prefix}{i} {kind.format(i)}; "
                     f"ip link set {prefix}{i} up; " for i in range(count)) +
             f"[ -e /sys/class/net/{prefix}{count - 1} ]", timeout=60)
    t.defer(drop_links, place, prefix, count)


def drop_links(place, prefix, count):
    place.sh(f"for i in $(seq 0 {count - 1}); do ip link del {prefix}$i; done; true", timeout=60)


@test("addresses for which there is no room are refused; with room they move")
def addresses(lab, t):
    guest = lab.cross.guest
    trusted(lab, t)
    guest.sh("insmod /mod/macvlan.ko")
    add_links(guest, t, lab.cross.interface, "mv", 10,
              "address 02:00:00:00:ee:{:02} type macvlan")
    target = lab.other(guest.host)
    target.sh("modprobe macvlan")
    add_links(target, t, "pf0", "pv", 14, "address 02:00:00:00:dd:{:02} type macvlan")
    refused(lab, t, "no room for 10 further addresses")
    drop_links(target, "pv", 14)
    second_succeeds(lab, t, target)


@test("VLANs for which there is no room are refused; those that are there already move")
def vlans(lab, t):
    guest = lab.cross.guest
    guest.sh("for m in llc stp garp mrp 8021q; do insmod /mod/$m.ko || true; done")
    add_links(guest, t, lab.cross.interface, "v", 10, "type vlan id 10{}")
    target = lab.other(guest.host)
    target.sh("modprobe 8021q")
    add_links(target, t, "pf0", "pv", 27, "type vlan id 2{:02}")
    refused(lab, t, "no room for 11 VLANs, 10 of them not in use here")
    drop_links(target, "pv", 27)
    add_links(target, t, "pf0", "pv", 10, "type vlan id 10{}")
    add_links(target, t, "pf0", "pw", 16, "type vlan id 2{:02}")
    second_succeeds(lab, t, target)


@test("what is set on the destination while the guest is on its way is refused")
def settings(lab, t):
    cross = lab.cross
    guest, source = cross.guest, cross.guest.host
    target = lab.other(source)
    capability = [{"capability": "pause-before-switchover", "state": True}]
    guest.qmp.command("migrate-set-capabilities", capabilities=capability)
    migration = begin(lab, target)
    wait_until(lambda: migration.poll()["status"] == "pre-switchover", 60, "pre-switchover")
    for what in ("mac 02:00:00:00:dd:99", "vlan 7"):
        expect(not target.run(f"ip link set pf0 vf 0 {what}"), f"{what} was taken")
    expect("a guest is coming to it" in target.sh("dmesg | tail -3"), target.sh("dmesg | tail -3"))
    migration.source.qmp.command("migrate-continue", state="pre-switchover")
    expect(migration.wait() == "completed", migration.info)
    migration.finish()
    lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=20)


@test("a paused guest is refused at once, with the reason")
def paused(lab, t):
    cross = lab.cross
    guest, source = cross.guest, cross.guest.host
    since = cross.events[source.name].count()
    guest.qmp.command("stop")
    t.defer(lambda: guest.qmp.command("cont"))
    # Longer ago than a machine is stopped for being saved (save_ms).
    wait_until_time(3.2)
    instance = guest.expect_on(lab.other(source), cross.vfs[lab.other(source).name][0])
    t.defer(instance.quit)
    expect(guest.begin_migration(instance).wait(20) == "failed",
           "a paused guest was migrated")
    event = cross.events[source.name].wait(lambda e: e["event"] == "failed", 10,
                                           "an event with the reason", since)
    expect("paused" in event["reason"], event)


@test("and moves when it runs again")
def paused_then(lab, t):
    # What was sent to it meanwhile comes all at once: one ping may find no room.
    wait_until(lambda: lab.peer.run(f"ping -c 1 -W 1 {GUEST_ADDRESS}"), 10, "the guest")
    second_succeeds(lab, t, lab.other(lab.cross.guest.host))


@test("a guest with stock igbvf is refused at once, with the reason, and stays untouched")
def foreign(lab, t):
    cross = lab.cross
    cross.probe.stop()
    cross.streams.stop()
    cross.guest.shutdown()
    guest = lab.guest(name="foreign", modules=("igbvf",))
    guest.boot(lab.a, cross.vfs["a"][0])
    configure_guest(guest)
    lab.peer.sh(f"ping -c 3 -W 5 {GUEST_ADDRESS}", timeout=30)
    since = cross.events["a"].count()
    instance = guest.expect_on(lab.b, cross.vfs["b"][0])
    t.defer(instance.quit)
    migration = guest.begin_migration(instance)
    expect(migration.wait(20) == "failed", migration.info)
    event = cross.events["a"].wait(lambda e: e["event"] == "failed", 10,
                                   "an event with the reason", since)
    expect("does not speak vferry" in event["reason"], event)
    expect("does not speak vferry" in lab.a.sh("dmesg"), "the kernel log has no reason")
    lab.peer.sh(f"ping -c 3 -W 5 {GUEST_ADDRESS}", timeout=30)
