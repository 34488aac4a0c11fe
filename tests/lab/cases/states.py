# SPDX-License-Identifier: GPL-2.0-or-later
"""The four link states by raw netlink, VF and PF driver in one host."""

import json
import re
import statistics

from vlab import case, expect, expect_in_time, test, wait_until
from vlab.events import Events
from vlab.net import DATA_NET
from vlab.traffic import tcp_streams

# iomem=relaxed: a test writes to a register behind the driver's back
case(hosts=["a"], smp=2, kernel_args="iomem=relaxed")

SUSPEND_US = 5000       # the project's bars, under emulation too
RESUME_US = 20000
MIB = 1 << 20
STATES = ("idle", "migrating", "suspended")


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.load("vferry_vf")
    lab.a.sh("modprobe 8021q")
    lab.pci = lab.a.create_vfs(2)
    lab.spaces = []
    for i, pci in enumerate(lab.pci):
        lab.a.bind(pci, "vferry_vf")
        lab.a.netdev_of(pci, f"vf{i}")
        lab.spaces.append(lab.a.add_netns(f"n{i}", f"vf{i}", f"{DATA_NET}.{20 + i}/24"))
    lab.n0, lab.n1 = lab.spaces
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "link of vf0")
    lab.events = Events(lab.a)


def counter(lab, name):
    """A counter of the VF driver."""
    found = re.search(rf"^ *{name}: (\d+)$", lab.n0.sh("ethtool -S vf0"), re.M)
    return int(expect(found, f"no counter {name}").group(1))


class Times:
    """The VF driver's own figures of several suspensions. The median is judged:
    a processor of an emulated host may be away for longer than the bar."""

    BARS = {"suspend_us": SUSPEND_US, "resume_us": RESUME_US}

    def __init__(self, lab):
        self._lab = lab
        self._seen = {name: [] for name in ("suspend_wait_us", "suspend_us",
                                            "resume_wait_us", "resume_us")}

    def add(self):
        for name, seen in self._seen.items():
            seen.append(counter(self._lab, name))

    def judge(self, t):
        for name, seen in self._seen.items():
            t.note(f"{name}: {sorted(seen)}")
        for name, bar in self.BARS.items():
            seen = self._seen[name]
            expect(0 < statistics.median(seen), f"{name}: {sorted(seen)}")
            expect_in_time(statistics.median(seen) < bar, f"{name}: {sorted(seen)}")


def ask(lab, state):
    """Write a link state; returns the Result."""
    return lab.a.run(f"vfstate set pf0 0 {state}")


def go(lab, state, reached):
    """Write a link state and wait for the event that it is reached."""
    since = lab.events.count()
    result = ask(lab, state)
    expect(result.ok, result)
    lab.events.wait(lambda e: e["event"] in ("state", "failed") and e["vf"] == 0 and
                    (e["event"] == "failed" or e["state"] == reached), 10, reached, since)
    failed = [e for e in lab.events.all()[since:] if e["event"] == "failed"]
    expect(not failed, failed)


def enter(lab, t, state):
    """Bring VF 0 from idle into a state; idle again when the test ends."""
    t.defer(idle, lab)
    if state != "idle":
        go(lab, "migrate", "migrating")
    if state == "suspended":
        go(lab, "suspend", "suspended")


def pf_state(lab):
    for line in lab.a.sh("vfstate dump").splitlines():
        vf = json.loads(line)
        if vf["vf"] == 0:
            return vf["state"]
    raise AssertionError("VF 0 is not in the dump")


def idle(lab):
    """Whatever state VF 0 is in: idle, and its interface up and reached."""
    if pf_state(lab) != "idle":
        ask(lab, "cancelmigration")
    wait_until(lambda: pf_state(lab) == "idle", 10, "idle")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "ping when idle")


def traffic(lab, t, port):
    streams = tcp_streams(lab.n0, lab.peer, f"{DATA_NET}.1", port)
    t.defer(streams.stop)
    carry(streams, MIB)
    return streams


def carry(streams, size, timeout=30):
    """Wait until both streams have carried so many good bytes."""
    total = {"rx_bytes": 0, "tx_bytes": 0}

    def enough():
        window = streams.take()
        expect(window["corrupt"] == 0 and window["resets"] == 0, window)
        for name in total:
            total[name] += window[name]
        return min(total.values()) > size

    wait_until(enough, timeout, lambda: f"{size} bytes each way, got {total}", 0.1)


@test("the drivers know each other")
def known(lab, t):
    vf = next(v for v in map(json.loads, lab.a.sh("vfstate dump").splitlines()) if v["vf"] == 0)
    expect(vf["state"] == "idle" and vf.get("migratable") and vf["proto"] == 1, vf)
    expect(counter(lab, "migratable") == 1, "the VF driver says not migratable")
    expect(lab.a.sh(f"dmesg | grep -c '{lab.pci[0]}: migratable, vferry protocol 1'") == "1",
           "not said in the log")


@test("the VF driver's netlink family: state and events")
def family(lab, t):
    t.defer(idle, lab)
    watch = lab.n0.start("exec vfguest watch")
    t.defer(watch.kill)
    wait_until(lambda: "watching" in watch.out, 10, "vfguest watch")
    vf = json.loads(lab.n0.sh("vfguest get vf0"))
    expect(vf["ifname"] == "vf0" and vf["pci"] == lab.pci[0] and vf["state"] == "idle" and
           vf["migratable"] and vf["proto"] == 1 and vf["features"] == 1, vf)
    for word, state in (("migrate", "migrating"), ("suspend", "suspended"), ("resume", "idle"),
                        ("migrate", "migrating"), ("cancelmigration", "idle")):
        go(lab, word, state)
        expect(json.loads(lab.n0.sh("vfguest get vf0"))["state"] == state, state)
    expect([json.loads(line)["ifname"] for line in lab.n0.sh("vfguest dump").splitlines()] ==
           ["vf0"], "the dump has only what is in the namespace")
    expect(not lab.n1.run("vfguest get vf0").ok, "vf0 is seen from another namespace")

    def all_seen():
        return [json.loads(line) for line in watch.out.splitlines()[1:]]

    def seen():
        return [e for e in all_seen() if e["event"] != "received"]
    wait_until(lambda: len(seen()) >= 5, 10, lambda: f"five events: {seen()}")
    expect([(e["event"], e["state"], e["result"]) for e in seen()] ==
           [("migrate", "migrating", 0), ("suspend", "suspended", 0), ("resume", "idle", 0),
            ("migrate", "migrating", 0), ("cancel", "idle", 0)], seen())
    expect(all(e["mig_id"] and e["time_ns"] for e in seen()), seen())
    before = len(all_seen())
    for word, state in (("migrate", "migrating"), ("suspend", "suspended"), ("resume", "idle")):
        go(lab, word, state)
    for _ in range(3):
        lab.n0.sh(f"ping -c 1 -W 2 {DATA_NET}.1")
    wait_until(lambda: any(e["event"] == "received" for e in all_seen()[before:]), 10,
               lambda: f"the first frame after RESUME: {all_seen()[before:]}")
    new = all_seen()[before:]
    received, = (e for e in new if e["event"] == "received")
    resumed, = (e for e in new if e["event"] == "resume")
    expect(received["mig_id"] == resumed["mig_id"] and
           abs(received["time_ns"] - resumed["time_ns"]) < 10**9, new)
    expect(seen()[2]["suspend_us"] and seen()[2]["resume_us"] and "arrived" not in seen()[2],
           seen()[2])


@test("what comes back of our own announcement is not the first frame received")
def not_received(lab, t):
    t.defer(idle, lab)
    watch = lab.n0.start("exec vfguest watch")
    t.defer(watch.kill)
    wait_until(lambda: "watching" in watch.out, 10, "vfguest watch")
    for netdev, place in (("data0", lab.peer), ("vf1", lab.n1)):
        t.defer(place.sh, f"ip link set {netdev} up")
        place.sh(f"ip link set {netdev} down")
    go(lab, "migrate", "migrating")
    go(lab, "suspend", "suspended")
    before = counter(lab, "rx_own_dropped")
    go(lab, "resume", "idle")
    wait_until(lambda: counter(lab, "rx_own_dropped") > before, 10, "our announcement")
    # events are told in order: what was to be told of it comes before these
    go(lab, "migrate", "migrating")
    go(lab, "cancelmigration", "idle")
    wait_until(lambda: '"cancel"' in watch.out, 10, "all events")
    expect('"received"' not in watch.out, watch.out)


@test("the VF driver's netlink family says which devices come and go")
def devices(lab, t):
    watches = []
    for space in (lab.n1, lab.a):
        watch = space.start("exec vfguest watch")
        t.defer(watch.kill)
        wait_until(lambda: "watching" in watch.out, 10, "vfguest watch")
        watches.append(watch)

    def seen(watch):
        return [(e["cmd"], e["ifname"], e["state"]) for e in
                map(json.loads, watch.out.splitlines()[1:]) if "cmd" in e]
    lab.a.sh("ip -n n1 link set vf1 netns 1")
    t.defer(lab.a.sh, f"ip link set vf1 netns n1 && ip -n n1 address add {DATA_NET}.21/24 "
                      "dev vf1 && ip -n n1 link set vf1 up")
    wait_until(lambda: seen(watches[1]), 10, "NEW where vf1 has come")
    expect(seen(watches[0]) == [("del", "vf1", "idle")], seen(watches[0]))
    expect(seen(watches[1]) == [("new", "vf1", "idle")], seen(watches[1]))
    expect(not lab.n1.sh("vfguest dump"), "still seen where it has left")
    expect("vf1" in lab.a.sh("vfguest dump"), "not seen where it has come")


@test("migrate, suspend, resume; and how long they take")
def in_order(lab, t):
    t.defer(idle, lab)
    times = Times(lab)
    for _ in range(10):
        go(lab, "migrate", "migrating")
        go(lab, "suspend", "suspended")
        expect(not lab.n0.run(f"ping -c 1 -W 0.3 {DATA_NET}.1").ok, "traffic while suspended")
        go(lab, "resume", "idle")
        lab.n0.sh(f"ping -c 1 -W 5 {DATA_NET}.1")
        times.add()
    times.judge(t)


@test("the same under TCP in both directions, 10 times")
def under_traffic(lab, t):
    streams = traffic(lab, t, 7110)
    t.defer(idle, lab)
    times = Times(lab)
    for _ in range(10):
        before = counter(lab, "pages_touched")
        go(lab, "migrate", "migrating")
        carry(streams, MIB)
        expect(counter(lab, "pages_touched") > before, "no page was touched while migrating")
        go(lab, "suspend", "suspended")
        rest = lab.n0.sh("cat /sys/class/net/vf0/statistics/[rt]x_packets")
        quiet = lab.n0.run("sleep 0.1; cat /sys/class/net/vf0/statistics/[rt]x_packets").out.strip()
        expect(rest == quiet, f"packets moved while suspended: {rest} {quiet}")
        expect("1" in lab.n0.sh("cat /sys/class/net/vf0/carrier"), "the carrier was lost")
        go(lab, "resume", "idle")
        carry(streams, MIB)
        before = counter(lab, "pages_touched")
        carry(streams, MIB)
        expect(counter(lab, "pages_touched") == before, "pages are touched without a migration")
        times.add()
    times.judge(t)


@test("cancel while migrating, cancel while suspended")
def cancel(lab, t):
    streams = traffic(lab, t, 7111)
    for state in ("migrating", "suspended"):
        enter(lab, t, state)
        go(lab, "cancelmigration", "idle")
        carry(streams, MIB)
        expect(counter(lab, "migration_state") == 0, "the VF driver is not idle")


@test("wrong order is refused and changes nothing")
def wrong_order(lab, t):
    streams = traffic(lab, t, 7112)
    for state, wrong in (("idle", ("suspend", "resume")), ("migrating", ("resume",)),
                         ("suspended", ("migrate",))):
        enter(lab, t, state)
        for word in wrong:
            expect(not ask(lab, word).ok, f"{word} in state {state} was taken")
        expect(pf_state(lab) == state, f"{state} changed")
        idle(lab)
        carry(streams, MIB)


@test("the same again is harmless")
def repeated(lab, t):
    streams = traffic(lab, t, 7113)
    t.defer(idle, lab)
    for word, state in (("migrate", "migrating"), ("suspend", "suspended"), ("resume", "idle")):
        go(lab, word, state)
        for _ in range(3):
            ask(lab, word)
        expect(pf_state(lab) == state, f"after {word} again: {pf_state(lab)}")
    carry(streams, MIB)


@test("down and up in each state")
def down_up(lab, t):
    for state in STATES:
        streams = traffic(lab, t, 7114 + STATES.index(state))
        enter(lab, t, state)
        for _ in range(3):
            lab.n0.sh("ip link set vf0 down; ip link set vf0 up")
        expect(pf_state(lab) == state, f"{state} became {pf_state(lab)}")
        idle(lab)
        carry(streams, MIB)


@test("a whole migration while the interface is down; up in between")
def down_migrates(lab, t):
    t.defer(idle, lab)
    t.defer(lab.n0.sh, "ip link set vf0 up")
    for up_after in ("migrate", "suspend", "resume"):
        lab.n0.sh("ip link set vf0 down")
        for word, state in (("migrate", "migrating"), ("suspend", "suspended"),
                            ("resume", "idle")):
            go(lab, word, state)
            if word == up_after:
                lab.n0.sh("ip link set vf0 up")
        wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 10, "ping")


@test("down while migrating, up after the resume")
def down_early(lab, t):
    enter(lab, t, "migrating")
    lab.n0.sh("ip link set vf0 down")
    t.defer(lab.n0.sh, "ip link set vf0 up")
    go(lab, "suspend", "suspended")
    go(lab, "resume", "idle")
    lab.n0.sh("ip link set vf0 up")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 10, "ping")


@test("what is changed while suspended holds after the resume")
def changed(lab, t):
    streams = traffic(lab, t, 7120)
    old = lab.n0.sh("cat /sys/class/net/vf0/address")
    lab.n1.sh("ip link add link vf1 name v200 type vlan id 200; ip link set v200 up; "
              "ip address add 10.200.0.21/24 dev v200")
    t.defer(lab.n1.sh, "ip link del v200")
    t.defer(lab.n0.sh, f"ip link set vf0 address {old}; ethtool -G vf0 rx 256 tx 256")
    enter(lab, t, "suspended")
    lab.n0.sh("ethtool -G vf0 rx 512 tx 1024; ip link set vf0 mtu 1400; ip link set vf0 mtu 1500; "
              "ip link set vf0 address 02:00:00:00:88:01; "
              "ip link add link vf0 name v200 type vlan id 200; ip link set v200 up; "
              "ip address add 10.200.0.20/24 dev v200")
    t.defer(lab.n0.sh, "ip link del v200")
    expect(pf_state(lab) == "suspended", pf_state(lab))
    expect(lab.n0.run("ethtool -g vf0").out.rstrip().find("512") > 0, "ring size")
    go(lab, "resume", "idle")
    carry(streams, MIB)
    wait_until(lambda: lab.n0.run("ping -c 1 -W 1 10.200.0.21"), 10, "ping in the VLAN")
    lab.peer.sh(f"ip neigh flush to {DATA_NET}.20 dev data0; ping -c 1 -W 5 {DATA_NET}.20")
    expect("02:00:00:00:88:01" in lab.peer.sh("ip neigh show dev data0"), "the new address")


@test("FLR in each state ends the migration, and no connection")
def flr(lab, t):
    for state in STATES:
        streams = traffic(lab, t, 7121 + STATES.index(state))
        enter(lab, t, state)
        since = lab.events.count()
        lab.a.sh(f"echo 1 >/sys/bus/pci/devices/{lab.pci[0]}/reset")
        lab.events.wait(lambda e: e["event"] == "reset" and e["vf"] == 0, 10, "reset", since)
        wait_until(lambda: pf_state(lab) == "idle", 10, "idle")
        expect(counter(lab, "migration_state") == 0, "the VF driver is not idle")
        carry(streams, MIB)
        go(lab, "migrate", "migrating")
        go(lab, "cancelmigration", "idle")


@test("who wants to be heard is forgotten when the interface leaves its namespace")
def hear_moves(lab, t):
    def hear(space):
        hearer = space.start("exec vfguest hear vf0")
        t.defer(hearer.kill)
        wait_until(lambda: "hearing" in hearer.out or not hearer.running, 10, "vfguest hear")
        return hearer

    def move(source, target):
        lab.a.sh(f"ip -n {source} link set vf0 netns {target} && ip -n {target} address add "
                 f"{DATA_NET}.20/24 dev vf0 && ip -n {target} link set vf0 up")
    t.defer(idle, lab)
    first = hear(lab.n0)
    expect(not hear(lab.n0).running, "two are heard")
    go(lab, "migrate", "migrating")
    move("n0", "n1")
    t.defer(move, "n1", "n0")
    expect("vf0" in lab.n1.sh("ls /sys/class/net"), "vf0 is not in n1")
    go(lab, "suspend", "suspended")
    go(lab, "resume", "idle")
    second = hear(lab.n1)
    expect(second.running, f"the new namespace's is not heard: {second.err}")
    go(lab, "migrate", "migrating")
    go(lab, "suspend", "suspended")
    wait_until(lambda: "ifname" in second.out, 10, "the question")
    go(lab, "resume", "idle")
    expect("ifname" not in first.out, first.out)


def poke(lab, pci, register, value):
    """Write to a register behind the driver's back."""
    lab.a.sh("python3 -c 'import mmap; f=open(\"/sys/bus/pci/devices/"
             f"{pci}/resource0\",\"r+b\"); m=mmap.mmap(f.fileno(),4096); "
             f"memoryview(m).cast(\"I\")[{register // 4}]={value}'")


def reset_vf(lab, nr=0):
    """CTRL.RST: to PF and driver the same as VFIO's reset."""
    poke(lab, lab.pci[nr], 0, 1 << 26)


@test("a VF that the host forgets while it is suspended comes back by itself")
def forgotten(lab, t):
    for what, forget in (("PF reset", lambda: lab.a.sh("ethtool --reset pf0 all")),
                         ("VF reset", lambda: reset_vf(lab))):
        for interface in ("up", "down"):
            t.defer(lab.n0.sh, "ip link set vf0 up")
            enter(lab, t, "suspended")
            lab.n0.sh(f"ip link set vf0 {interface}")
            since, resets = lab.events.count(), counter(lab, "resets")
            forget()
            lab.events.wait(lambda e: e["event"] == "reset" and e["vf"] == 0, 10, what, since)
            wait_until(lambda: counter(lab, "resets") > resets, 10, f"a reset after a {what}")
            wait_until(lambda: pf_state(lab) == "idle" and counter(lab, "migration_state") == 0,
                       10, "idle")
            lab.n0.sh("ip link set vf0 up")
            wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20,
                       f"ping after a {what}, {interface}")
            wait_until(lambda: ask(lab, "migrate").ok, 10, "migratable")
            go(lab, "cancelmigration", "idle")


def silence_pf(lab, t):
    """The PF notices no mailbox any more, until the test ends or speak_pf()."""
    t.defer(speak_pf, lab)
    poke(lab, lab.a.pf_pci(), 0xd8, 0x100)      # IMC: VMMB


def speak_pf(lab):
    poke(lab, lab.a.pf_pci(), 0xd0, 0x100)      # IMS


def timed(space, *commands):
    """Seconds that commands take together, beside those of as many that do nothing."""
    def run(lines):
        begun, ended = space.sh("date +%s%N; " + "; ".join(lines) + "; date +%s%N").split()
        return (int(ended) - int(begun)) / 1e9
    return run(commands) - run(["ip link show lo >/dev/null"] * len(commands))


@test("a PF that does not answer holds nobody up, and is told later")
def silent_pf(lab, t):
    for i, space in enumerate(lab.spaces):
        t.defer(space.run, "ip link del v300")
    lab.n1.sh("ip link add link vf1 name v300 type vlan id 300; ip link set v300 up; "
              "ip address add 10.30.0.21/24 dev v300")
    t.defer(lab.n0.sh, "ip link set vf0 mtu 1500 allmulticast off")
    silence_pf(lab, t)
    before = counter(lab, "mbx_timeouts")
    seconds = timed(lab.n0, "ip link set vf0 mtu 1400", "ip link set vf0 allmulticast on",
                    "ip link add link vf0 name v300 type vlan id 300",
                    "ip link add link vf0 name v301 type vlan id 301", "ip link del v301",
                    "ip link set v300 up", "ip address add 10.30.0.20/24 dev v300")
    t.note(f"under RTNL, more than without a PF: {seconds:.2f} s")
    expect(seconds < 1.5, seconds)
    wait_until(lambda: counter(lab, "mbx_timeouts") > before, 10, "a request without answer")
    tested = lab.n0.run("ethtool -t vf0 online", timeout=30).out
    expect(re.search(r"mailbox\s+[1-9]", tested), f"the self test does not see it: {tested}")
    speak_pf(lab)
    wait_until(lambda: lab.n0.run("ping -c 1 -W 1 10.30.0.21"), 20, "ping in the VLAN")
    expect("mtu 1400" in lab.n0.sh("ip link show vf0"), "the MTU")
    wait_until(lambda: "all multicast" in lab.n0.run("vfguest get vf0").out, 10,
               "all multicast was asked for, and refused")


@test("while a reset waits for a silent PF the interface goes down and up at once")
def silent_reset(lab, t):
    silence_pf(lab, t)
    before = counter(lab, "resets")
    reset_vf(lab)
    wait_until(lambda: counter(lab, "resets") > before, 10, "the watchdog's reset", 0.02)
    seconds = timed(lab.n0, "ip link set vf0 down", "ip link set vf0 up")
    t.note(f"down and up: {seconds:.2f} s")
    expect(seconds < 0.5, seconds)
    speak_pf(lab)
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "ping")


def address_of(lab):
    return lab.n0.sh("cat /sys/class/net/vf0/address")


def refused(lab):
    """What the VF driver says that it does not receive."""
    return json.loads(lab.n0.sh("vfguest get vf0")).get("refused", [])


def reached(lab, mac):
    """The peer finds vf0 by unicast to this address."""
    return lab.peer.run(f"ip neigh replace {DATA_NET}.20 lladdr {mac} nud reachable dev data0; "
                        f"ping -c 1 -W 1 {DATA_NET}.20").ok


@test("an address that the host sets under a running guest is taken over")
def host_address(lab, t):
    t.defer(lab.peer.sh, f"ip neigh flush to {DATA_NET}.20 dev data0")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 mac 00:00:00:00:00:00")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 trust off")
    lab.a.sh("ip link set pf0 vf 0 mac 02:00:00:00:66:01")
    wait_until(lambda: address_of(lab) == "02:00:00:00:66:01", 10, lambda: address_of(lab))
    wait_until(lambda: reached(lab, "02:00:00:00:66:01"), 10, "ping to the new address")
    # the guest's own is refused ...
    result = lab.n0.run("ip link set vf0 address 02:00:00:00:66:02")
    expect(not result and "not permitted" in result.err, result)
    expect(address_of(lab) == "02:00:00:00:66:01" and reached(lab, address_of(lab)),
           "still the host's")
    expect("02:00:00:00:66:02 refused: the host does not allow it" in lab.a.sh("dmesg"), "no reason")
    # ... until the VF is trusted, and then stays whatever the host sets
    lab.a.sh("ip link set pf0 vf 0 trust on")
    wait_until(lambda: lab.n0.run("ip link set vf0 address 02:00:00:00:66:03"), 10, "its own")
    before = counter(lab, "resets")
    lab.a.sh("ip link set pf0 vf 0 mac 02:00:00:00:66:04")
    wait_until(lambda: counter(lab, "resets") > before, 10, "a reset")
    wait_until(lambda: reached(lab, "02:00:00:00:66:03"), 10, "ping to its own address")
    expect(address_of(lab) == "02:00:00:00:66:03", address_of(lab))
    # not trusted any more, and started over: the host's
    lab.a.sh("ip link set pf0 vf 0 trust off; ip link set pf0 vf 0 mac 02:00:00:00:66:05")
    wait_until(lambda: address_of(lab) == "02:00:00:00:66:05", 10, lambda: address_of(lab))
    wait_until(lambda: reached(lab, "02:00:00:00:66:05"), 10, "ping to the host's address")


@test("what the PF refuses is said, with the reason, and asked for again")
def said(lab, t):
    mac = address_of(lab)
    t.defer(lab.a.sh, "ip link set pf0 vf 0 mac 00:00:00:00:00:00")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 trust off")
    lab.a.sh(f"ip link set pf0 vf 0 mac {mac}")
    t.defer(lab.n0.sh, "; ".join(f"ip link del mv{i}" for i in range(20)))
    lab.n0.sh("; ".join(f"ip link add mv{i} link vf0 address 02:00:00:00:77:{i:02x} type macvlan "
                        f"mode private; ip link set mv{i} up" for i in range(20)), timeout=30)
    further = "further address 02:00:00:00:77:"
    wait_until(lambda: len(refused(lab)) == 17 and
               refused(lab)[0] == f"{further}00: the host does not allow it" and
               refused(lab)[-1] == "and 4 more", 20, lambda: refused(lab))
    log = lab.a.sh("dmesg")
    expect(log.count(further) == 20 and
           f"{further}13 is not received: the host does not allow it" in log, "in the log")
    # the stack's own groups stay, when there are too many
    def groups(word):
        lab.n0.sh("; ".join(f"ip maddress {word} 01:00:5e:10:21:{i:02x} dev vf0"
                            for i in range(40)))
    t.defer(groups, "del")
    groups("add")
    wait_until(lambda: "all multicast" in refused(lab)[0], 10, lambda: refused(lab))
    # trust: as much as there is room for, and the rest for another reason
    lab.a.sh("ip link set pf0 vf 0 trust on")
    lab.a.qmp.hmp("set_link data off")
    t.defer(lab.a.qmp.hmp, "set_link data on")
    lab.a.qmp.hmp("set_link data on")
    wait_until(lambda: refused(lab) and all("the NIC's table is full" in line
                                            for line in refused(lab)), 20, lambda: refused(lab))
    expect(0 < len(refused(lab)) < 20, refused(lab))
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "ping")


@test("the peer hears of the resume at once")
def announced(lab, t):
    sniffer = lab.peer.start("exec tcpdump -n -l -i data0 "
                             f"'arp and src host {DATA_NET}.20 and dst host {DATA_NET}.20'")
    t.defer(sniffer.kill)
    wait_until(lambda: "listening on" in sniffer.err, 10, "tcpdump")
    enter(lab, t, "suspended")
    expect(not sniffer.out, sniffer.out)
    go(lab, "resume", "idle")
    wait_until(lambda: f"{DATA_NET}.20" in sniffer.out, 5, "a gratuitous ARP")


@test("suspended for longer than the transmit watchdog waits")
def long_rest(lab, t):
    streams = traffic(lab, t, 7125)
    enter(lab, t, "suspended")
    before = counter(lab, "tx_timeouts")
    resets = counter(lab, "resets")
    lab.n0.run("sleep 12", timeout=30)
    go(lab, "resume", "idle")
    carry(streams, MIB)
    expect(counter(lab, "tx_timeouts") == before and counter(lab, "resets") == resets,
           "the rest was taken for a failure")


@test("unload in each state; the driver that comes next works")
def unload(lab, t):
    for state in STATES:
        enter(lab, t, state)
        lab.a.unload("vferry_vf")
        wait_until(lambda: pf_state(lab) == "idle", 10, "idle")
        lab.a.load("vferry_vf")
        for i, pci in enumerate(lab.pci):
            lab.a.bind(pci, "vferry_vf")
            lab.a.netdev_of(pci, f"vf{i}")
            lab.a.sh(f"ip link set vf{i} netns n{i} && ip -n n{i} address add "
                     f"{DATA_NET}.{20 + i}/24 dev vf{i} && ip -n n{i} link set vf{i} up")
        wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "ping")
