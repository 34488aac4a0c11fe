# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts, and a guest without a VF that moves: the lab's part of a crossing."""

from vlab import case, expect, test

case(hosts=["a", "b"], memory=1024)


def setup(lab):
    for host in lab.hosts.values():
        host.load("kvm_amd")
    lab.guest0 = lab.guest(modules=[])
    lab.guest0.boot(lab.a, None)


def move(lab, t, target):
    guest = lab.guest0
    source = guest.host
    counter = guest.start("i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done")
    t.defer(counter.kill)
    seen = []
    migration = guest.migrate(target, None, on_progress=seen.append)
    t.note(f"total {migration.info['total-time']} ms, down {migration.info['downtime']} ms, "
           f"{len(seen)} looks at the progress")
    expect(guest.host is target, f"the guest is on {guest.host.name}")
    expect(not source.run("pgrep qemu-system").ok, "QEMU still runs at the source")
    at = len(counter.out)
    guest.sh("sleep 0.5")
    lines = counter.out.split("\n")[:-1]
    expect(len(counter.out) > at, "what ran in the guest does not go on")
    expect(lines == [str(i + 1) for i in range(len(lines))],
           "the output of a command that ran during the move has a gap")


@test("clocks of both hosts are known")
def clocks(lab, t):
    for host in lab.hosts.values():
        offset, error = host.clock_offset()
        expect(error < 100_000_000, f"{host.name}: error {error} ns")
        t.note(f"{host.name}: {offset / 1e6:.3f} ms off, known to {error / 1e6:.3f} ms")


@test("the guest moves from a to b, commands go on")
def there(lab, t):
    t.note(f"guest booted in {lab.guest0.boot_seconds:.1f} s")
    move(lab, t, lab.b)


@test("and back")
def back(lab, t):
    move(lab, t, lab.a)


@test("a move that is cancelled leaves the guest where it is")
def cancelled(lab, t):
    guest = lab.guest0
    target = guest.expect_on(lab.b, None)
    t.defer(target.quit)
    migration = guest.begin_migration(target, max_bandwidth=1 << 20)
    for info in migration.progress(60):
        if info.get("ram", {}).get("transferred", 0) > 1 << 18:
            migration.cancel()
    expect(migration.info["status"] == "cancelled", migration.info)
    expect(guest.host is lab.a and guest.sh("echo here") == "here", "the guest is gone")


@test("a target that is killed leaves the guest where it is")
def killed(lab, t):
    guest = lab.guest0
    target = guest.expect_on(lab.b, None)
    migration = guest.begin_migration(target, max_bandwidth=1 << 20)
    for info in migration.progress(60):
        if target.running and info.get("ram", {}).get("transferred", 0) > 1 << 18:
            target.kill()
    expect(migration.info["status"] == "failed", migration.info)
    expect(guest.sh("echo here") == "here", "the guest is gone")
    guest.migrate(lab.b, None)
    expect(guest.sh("echo there") == "there", "the guest is gone")
