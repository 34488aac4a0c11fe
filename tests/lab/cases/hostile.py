# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that write to their VF what no driver would (tools/vfhostile.c): the PF, its
other VFs and the host do not suffer."""

import json
import re
import time

from vlab import case, expect, test, wait_until
from vlab.events import Events
from vlab.net import DATA_NET

case(hosts=["a"], smp=2, allow=[r"is in use by another", r"the VF was reset"])

PEER = f"{DATA_NET}.1"
SECONDS = 4
# How often a VF may make the PF's work run, each second: what it is served at once, its
# budget of 500 requests, and a look at each tick. The processor time is told too, but no
# bar is set on that: a busy machine counts as spent what it did not get.
RUNS_PER_S = 1000

# Of one VF, that listeners hear
EVENTS_AT_ONCE = 128
EVENTS_PER_S = 40

# The words by which a VF gets into each state, and the state before the last of them.
STATES = {
    "idle": (),
    "migrate-sent": ("migrate",),
    "migrating": ("migrate",),
    "suspend-sent": ("migrate", "suspend"),
    "suspended": ("migrate", "suspend"),
    "resume-sent": ("migrate", "suspend", "resume"),
    "cancel-sent": ("migrate", "cancelmigration"),
}
REACHED = {"migrate": "migrating", "suspend": "suspended"}


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.sh(f"ip address add {DATA_NET}.10/24 dev pf0")
    lab.a.load("vferry_vf")
    lab.a.load("vferry_vfio")
    lab.pci = lab.a.create_vfs(3)
    lab.a.bind(lab.pci[0], "vferry_vf")
    lab.a.netdev_of(lab.pci[0], "vf0")
    lab.n0 = lab.a.add_netns("n0", "vf0", f"{DATA_NET}.20/24")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "link of vf0")


def counter(lab, name):
    found = re.search(rf"^ *{name}: (\d+)$", lab.a.sh("ethtool -S pf0"), re.M)
    return int(expect(found, f"pf0 has no counter {name}").group(1))


def others_work(lab, t):
    """The PF's own traffic, and all that a VF asks of it."""
    lab.a.sh(f"ping -c 5 -i 0.1 -W 2 {PEER}")
    lab.n0.sh(f"ping -c 5 -i 0.1 -W 2 {PEER}")
    lab.n0.sh("ip link set vf0 mtu 2000 && ip link set vf0 mtu 1500")
    lab.n0.sh("ip maddress add 01:00:5e:10:20:01 dev vf0 && "
              "ip maddress del 01:00:5e:10:20:01 dev vf0")
    lab.a.sh("ip link show pf0 && ip -s link show pf0")
    lab.a.sh("vfstate genl pf0 0 ping")


def while_hostile(lab, t, nr, mode, *arguments):
    attack = lab.a.start(f"exec vfhostile {lab.pci[nr]} {mode} {SECONDS} " +
                         " ".join(str(a) for a in arguments))
    t.defer(attack.kill)
    rounds = 0
    while attack.running:
        others_work(lab, t)
        rounds += 1
    expect(rounds, "nothing was tried during the attack")
    attack.wait(20)
    expect(int(attack.out) > 1000, f"rounds of the attack: {attack.out}")
    others_work(lab, t)


def revive(lab, t, nr):
    """An ordinary driver can use the VF afterwards."""
    name = f"h{nr}"
    lab.a.bind(lab.pci[nr], "vferry_vf")
    lab.a.netdev_of(lab.pci[nr], name)
    space = lab.a.add_netns(f"n{name}", name, f"{DATA_NET}.{30 + nr}/24")
    t.defer(lab.a.unbind, lab.pci[nr])
    t.defer(space.delete)
    wait_until(lambda: space.run(f"ping -c 1 -W 1 {PEER}"), 20, f"VF {nr} with a driver")


@test("a VF that takes the mailbox and dies")
def hold(lab, t):
    lab.a.sh(f"vfhostile {lab.pci[1]} hold")
    wait_until(lambda: counter(lab, "mbx_lock_broken") > 0, 10, "the lock broken")
    others_work(lab, t)
    revive(lab, t, 1)


@test("a guest that is stopped in the middle of an answer, and writes the rest over RESUME")
def late(lab, t):
    events = Events(lab.a)
    t.defer(events.stop)
    before = counter(lab, "mbx_overwritten")
    guest = lab.a.start(f"exec vfhostile {lab.pci[1]} late")
    t.defer(guest.kill)
    wait_until(lambda: "ready" in guest.out, 10, "the guest")
    for word, state in (("migrate", "migrating"), ("suspend", "suspended"), ("resume", "idle")):
        since = events.count()
        lab.a.sh(f"vfstate set pf0 1 {word}")
        events.wait(lambda e: e["event"] == "state" and e["state"] == state and e["vf"] == 1,
                    10, state, since)
    guest.wait(10)
    t.note(guest.out + guest.err)
    # By itself it is repeated after 100 ms.
    expect(int(guest.out.split()[1]) < 90_000, guest.out)
    expect(counter(lab, "mbx_overwritten") == before + 1, "not noticed")
    others_work(lab, t)
    revive(lab, t, 1)


@test("requests as fast as it goes")
def spam(lab, t):
    before = counter(lab, "mbx_throttled")
    while_hostile(lab, t, 1, "spam")
    expect(counter(lab, "mbx_throttled") > before, "nothing was throttled")
    revive(lab, t, 1)


@test("a driver that starts over again and again is not taken for one that has gone")
def restart(lab, t):
    events = Events(lab.a)
    t.defer(events.stop)
    rounds, refused = lab.a.sh(f"vfhostile {lab.pci[1]} restart {SECONDS}", timeout=40).split()
    told = events.count()
    t.note(f"{rounds} rounds, {refused} refused, {told} events")
    expect(told < EVENTS_AT_ONCE + (SECONDS + 2) * EVENTS_PER_S,
           f"{told} events: who listens for other VFs would lose some")
    expect(int(rounds) > 100 and int(refused) == 0, f"{refused} of {rounds} refused")
    others_work(lab, t)
    revive(lab, t, 1)


@test("a request between a reset and RESET is refused, and stops no RESET")
def early(lab, t):
    rounds, granted, refused = lab.a.sh(f"vfhostile {lab.pci[1]} early 2",
                                        timeout=40).split()
    t.note(f"{rounds} rounds, {granted} requests granted, {refused} RESETs refused")
    expect(int(rounds) > 100 and granted == refused == "0", (rounds, granted, refused))
    others_work(lab, t)
    revive(lab, t, 1)


@test("resets as fast as it goes")
def resets(lab, t):
    while_hostile(lab, t, 2, "reset")
    revive(lab, t, 2)


@test("noise: random words, bits and resets")
def noise(lab, t):
    for seed in (1, 2, 3):
        while_hostile(lab, t, 1, "noise", seed)
    revive(lab, t, 1)


def state_of(lab, nr):
    for vf in map(json.loads, lab.a.sh("vfstate dump").splitlines()):
        if vf["vf"] == nr:
            return vf["state"]
    raise AssertionError(f"VF {nr} is not in the dump")


def forget(lab, nr):
    """Whatever was done with the VF: nobody uses it any more."""
    lab.a.sh(f"echo 1 >/sys/bus/pci/devices/{lab.pci[nr]}/reset")
    wait_until(lambda: state_of(lab, nr) == "idle", 10, "the reset")


def deadline(lab, t, name, ms):
    path = f"/sys/module/vferry_pf/parameters/{name}"
    t.defer(lab.a.sh, f"echo {lab.a.sh(f'cat {path}')} >{path}")
    lab.a.sh(f"echo {ms} >{path}")


def attack_in(lab, t, state, seconds):
    """A guest in VF 1 that attacks in this state, each way for so long."""
    guest = lab.a.start(f"exec vfhostile {lab.pci[1]} in {state} {seconds}")
    t.defer(forget, lab, 1)
    t.defer(guest.kill)
    wait_until(lambda: "ready" in guest.out, 10, "the guest")
    words = STATES[state]
    for i, word in enumerate(words):
        lab.a.sh(f"vfstate set pf0 1 {word}")
        if i + 1 < len(words):
            wait_until(lambda: state_of(lab, 1) == REACHED[word], 10, REACHED[word])
    wait_until(lambda: "there" in guest.out, 10, lambda: f"{state}: {guest.err}")
    return guest


@test("attacks in every state of a migration, and what they cost the PF's work")
def in_every_state(lab, t):
    for name in ("migrate_ms", "suspend_ms", "resume_ms"):
        deadline(lab, t, name, 60_000)
    too_much = []
    for state in STATES:
        guest = attack_in(lab, t, state, 0.5)
        runs, began = counter(lab, "mbx_runs"), time.monotonic()
        guest.wait(20)
        runs = (counter(lab, "mbx_runs") - runs) / (time.monotonic() - began)
        attacks = [line.split() for line in guest.out.splitlines()[2:]]
        expect(len(attacks) == 5, guest.out + guest.err)
        t.note(f"{state}: {runs:.0f} runs/s; " + ", ".join(f"{a[0]} {a[2]} %" for a in attacks))
        expect(all(int(a[1]) > 1000 for a in attacks), f"rounds in {state}: {attacks}")
        if runs > RUNS_PER_S:
            too_much.append((state, runs))
        expect(state_of(lab, 1) == state, f"{state} became {state_of(lab, 1)}")
        forget(lab, 1)
    expect(not too_much, f"the work ran too often, each second: {too_much}")
    others_work(lab, t)
    revive(lab, t, 1)


@test("no guest keeps the administrator from setting its address and port VLAN")
def administrator(lab, t):
    for name in ("migrate_ms", "suspend_ms", "resume_ms"):
        deadline(lab, t, name, 60_000)
    unset = "mac 00:00:00:00:00:00"
    t.defer(lab.a.sh, f"ip link set pf0 vf 1 vlan 0; ip link set pf0 vf 1 {unset}")
    for state in ("suspended", "resume-sent", "cancel-sent"):
        guest = attack_in(lab, t, state, 0.5)
        if state in REACHED.values():
            # he has begun that himself, and ends it
            expect(not lab.a.run("ip link set pf0 vf 1 mac 02:00:00:00:dd:02"), state)
            lab.a.sh("vfstate set pf0 1 cancelmigration")
        for what in ("mac 02:00:00:00:dd:02", "vlan 7", "vlan 0", unset):
            lab.a.sh(f"ip link set pf0 vf 1 {what}", timeout=10)
        expect(guest.running, f"{state}: the attack was over")
        guest.wait(20)
        forget(lab, 1)
    revive(lab, t, 1)


@test("an address that a guest has taken is free again once it is given its own")
def squatter(lab, t):
    t.defer(forget, lab, 1)
    t.defer(lab.a.sh, "for n in 1 2; do ip link set pf0 vf $n mac 00:00:00:00:00:00; done")
    expect("has it" in lab.a.sh(f"vfhostile {lab.pci[1]} squat"), "a further address")
    expect(not lab.a.run("ip link set pf0 vf 2 mac 02:00:00:00:dd:01"), "two have it")
    lab.a.sh("ip link set pf0 vf 1 mac 02:00:00:00:dd:02")
    lab.a.sh("ip link set pf0 vf 2 mac 02:00:00:00:dd:01")


# What each setting of a module may be.
BOUNDS = {
    "vferry_pf": {"migrate_ms": (10, 600_000), "suspend_ms": (10, 600_000),
                  "resume_ms": (10, 600_000)},
    "vferry_vfio": {"answer_ms": (0, 1000), "wait_ms": (0, 60_000), "gap_ms": (0, 60_000),
                    "patience_ms": (0, 3_600_000), "questions": (0, 1_000_000),
                    "hold_ms": (10, 3_600_000), "settle_ms": (0, 1000), "save_ms": (0, 3_600_000)},
}


@test("the modules' settings have bounds, which a wrong one does not change")
def settings(lab, t):
    for module, bounds in BOUNDS.items():
        there = lab.a.sh(f"ls /sys/module/{module}/parameters").split()
        expect(set(there) - {"manual"} == set(bounds), there)
        for name, (low, high) in bounds.items():
            path = f"/sys/module/{module}/parameters/{name}"
            was = lab.a.sh(f"cat {path}")
            # in one command each: there are many
            taken = lab.a.sh(f"for v in {low - 1} {high + 1} -1 4294967296 1x x ''; do "
                             f"echo \"$v\" >{path} && echo \"$v taken\"; done; cat {path}; "
                             f"for v in {low} {high} {was}; do echo $v >{path} || echo no $v; "
                             f"cat {path}; done")
            expect(taken.split() == [was, str(low), str(high), was], f"{name}: {taken}")
    lab.a.unload("vferry_vfio")
    t.defer(lab.a.load, "vferry_vfio")
    for wrong in ("hold_ms=9", "questions=1000001", "save_ms=x"):
        expect(not lab.a.run(f"insmod {lab.a.modules_dir}/vferry_vfio.ko {wrong}"), wrong)


@test("a ping that nobody answers is forgotten, one to no driver is refused")
def quiet(lab, t):
    forget(lab, 1)
    refused = lab.a.run("vfstate genl pf0 1 ping")
    expect(not refused.ok and "no driver uses the VF" in refused.err, refused)
    lab.a.sh(f"vfhostile {lab.pci[1]} quiet")
    t.defer(forget, lab, 1)
    lab.a.sh("vfstate genl pf0 1 ping")
    expect("not answered yet" in lab.a.run("vfstate genl pf0 1 ping").err, "a second one at once")
    wait_until(lambda: lab.a.run("vfstate genl pf0 1 ping").ok, 5, "the first to be forgotten")


@test("a guest that missed RESUME for too long is asked, and resumed")
def deaf(lab, t):
    deadline(lab, t, "resume_ms", 300)
    t.allow(r"resume: no answer within 300 ms")
    events = Events(lab.a)
    t.defer(events.stop)
    guest = lab.a.start(f"exec vfhostile {lab.pci[1]} deaf")
    t.defer(forget, lab, 1)
    t.defer(guest.kill)
    wait_until(lambda: "ready" in guest.out, 10, "the guest")
    for word in ("migrate", "suspend"):
        lab.a.sh(f"vfstate set pf0 1 {word}")
        wait_until(lambda: state_of(lab, 1) == REACHED[word], 10, REACHED[word])
    lab.a.sh("vfstate set pf0 1 resume")
    events.wait(lambda e: e["event"] == "failed" and e["vf"] == 1, 10, "RESUME to fail")
    guest.wait(20)
    expect(guest.out.split() == ["ready", "asked", "resume"], guest.out + guest.err)
    wait_until(lambda: state_of(lab, 1) == "idle", 10, "idle")


class Source:
    """A VF with a user of VFIO (tools/vfsource.c), and a guest that does what it is told."""

    def __init__(self, lab, t, nr, words, guest=True):
        self._lab, self._nr, self._goes = lab, nr, 0
        lab.a.sh("rm -f /tmp/go*")
        lab.a.bind(lab.pci[nr], "vferry_vfio")
        t.defer(lab.a.unbind, lab.pci[nr])
        words = " ".join(f"wait=/tmp/go{i}" if w == "wait" else w
                         for i, w in enumerate(["wait", *words.split()]))
        self._process = lab.a.start(f"exec vfsource {lab.pci[nr]} {words}")
        t.defer(self._process.wait, 20)
        t.defer(self._process.kill)
        self._gos = [w[5:] for w in words.split() if w.startswith("wait=")]
        self.waits()
        if guest:
            device = self._process.out.split()[0]
            self.guest = lab.a.start(f"exec vfhostile {device} obey")
            t.defer(self.guest.kill)
            wait_until(lambda: "ready" in self.guest.out, 10,
                       lambda: f"the guest: {self.guest.err}")
        self.go_on()

    def waits(self):
        wait_until(lambda: self._process.out.count("wait\n") > self._goes or
                   not self._process.running, 20, "vfsource to wait")
        expect(self._process.running, self._process.out + self._process.err)

    def go_on(self):
        self._lab.a.sh(f"touch {self._gos[self._goes]}")
        self._goes += 1

    def end(self):
        """What became of each word."""
        self._process.wait(30)
        return dict(line.split() for line in self._process.out.splitlines() if " " in line)


@test("a migration that was ended by hand is not taken for the one that was begun after it")
def begun_anew(lab, t):
    t.allow(r"migration was ended, not by QEMU")
    for _ in range(2):
        source = Source(lab, t, 2, "precopy wait stopcopy read")
        source.waits()
        expect(state_of(lab, 2) == "migrating", state_of(lab, 2))
        lab.a.sh("vfstate again pf0 2")
        wait_until(lambda: state_of(lab, 2) == "migrating", 10, "the other migration")
        lab.a.sh("vfstate genl pf0 2 suspend")
        wait_until(lambda: state_of(lab, 2) == "suspended", 10, "suspended")
        source.go_on()
        said = source.end()
        expect(said["stopcopy"] == "ok" and said["read"] == "ECANCELED", said)


@test("a guest whose VF is reset while it is suspended is told so")
def lost(lab, t):
    source = Source(lab, t, 2, "precopy wait reset wait")
    source.waits()
    lab.a.sh("vfstate genl pf0 2 suspend")
    wait_until(lambda: state_of(lab, 2) == "suspended", 10, "suspended")
    source.go_on()
    source.waits()
    wait_until(lambda: "lost" in source.guest.out, 10, lambda: f"CONTROL: {source.guest.err}")


@test("a user of VFIO that is refused without end: log and listeners")
def refused(lab, t):
    t.allow(r"virtual machine is paused")
    events = Events(lab.a)
    t.defer(events.stop)
    lines = int(lab.a.sh("dmesg | grep -c 'VF 2: migration' || true"))
    source = Source(lab, t, 2, "resuming sizes=20000", guest=False)
    expect(source.end()["sizes=20000"] == "ok", "asking")
    wait_until(lambda: any("paused" in e.get("reason", "") for e in events.all()), 10, "the reason")
    told = events.count()
    lines = int(lab.a.sh("dmesg | grep -c 'VF 2: migration'")) - lines
    t.note(f"{told} events, {lines} lines in the log")
    expect(told < EVENTS_AT_ONCE + 10 * EVENTS_PER_S and 0 < lines <= 40, f"{told}, {lines}")


@test("two hostile VFs at once, and SR-IOV off in the middle")
def two(lab, t):
    attacks = [lab.a.start(f"exec vfhostile {lab.pci[nr]} noise {SECONDS} 9") for nr in (1, 2)]
    for attack in attacks:
        t.defer(attack.kill)
    others_work(lab, t)
    lab.a.sh(f"echo 0 >/sys/bus/pci/devices/{lab.a.pf_pci()}/sriov_numvfs", timeout=60)
    lab.a.sh(f"ping -c 5 -i 0.1 -W 2 {PEER}")


# A dump of a netlink family, of which something is changed after its first part.
DUMP = """
import socket, struct, subprocess, sys
link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)    # NETLINK_GENERIC
def ask(kind, flags, command, attrs=b""):
    body = struct.pack("BBH", command, 1, 0) + attrs
    link.send(struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body)
name = sys.argv[1].encode() + bytes(4 - len(sys.argv[1]) % 4)
ask(16, 1, 3, struct.pack("HH", 4 + len(sys.argv[1]) + 1, 2) + name)    # CTRL_CMD_GETFAMILY
data, at, family = link.recv(65536), 20, 0
while at < len(data):
    length, kind = struct.unpack_from("HH", data, at)
    if kind == 1:                                               # CTRL_ATTR_FAMILY_ID
        family, = struct.unpack_from("H", data, at + 4)
    at += length + 3 & ~3
ask(family, 0x301, 1)                                           # REQUEST, DUMP
subprocess.check_call(sys.argv[2], shell=True)
flags = kind = 0
while kind != 3:                                                # NLMSG_DONE
    data, at = link.recv(65536), 0
    while at < len(data):
        length, kind, more = struct.unpack_from("IHH", data, at)
        flags |= more
        at += length + 3 & ~3
print("interrupted" if flags & 0x10 else "whole")               # NLM_F_DUMP_INTR
"""


@test("a dump during which VFs or interfaces come or go says that it is not of one moment")
def dumps(lab, t):
    numvfs = f"/sys/bus/pci/devices/{lab.a.pf_pci()}/sriov_numvfs"
    lab.a.push("/tmp/dump.py", DUMP)
    pci, = lab.a.create_vfs(1)
    lab.a.bind(pci, "vferry_vf")
    for family, change in (("vferry_vf", f"echo {pci} >/sys/bus/pci/devices/{pci}/driver/unbind"),
                           ("vferry_pf", f"echo 0 >{numvfs}")):
        for what, said in (("true", "whole"), (change, "interrupted")):
            found = lab.a.sh(f"python3 /tmp/dump.py {family} '{what}'", timeout=60)
            expect(found == said, f"{family}, {what}: {found}")
