# SPDX-License-Identifier: GPL-2.0-or-later
"""What one guest, one stream or one administrator's command may do to others: nothing.

One host. VF 0 has vferry's driver in the namespace n0, as a guest would; VF 1 and 2 are
VFIO's, for tools/vfload.c, which writes device states as a destination's QEMU does. Parts
are independent of each other: each undoes what it has set (t.defer)."""

import json
import re

from vlab import case, expect, test, wait_until
from vlab.net import DATA_NET

case(hosts=["a"], smp=2)

PEER = f"{DATA_NET}.1"
MAC = "02:00:00:00:aa:01"       # the guest's, in what vfload writes


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.load("vferry_vf")
    lab.a.load("vferry_vfio")
    lab.a.sh("modprobe -a 8021q macvlan")
    lab.pci = lab.a.create_vfs(3)
    lab.a.bind(lab.pci[0], "vferry_vf")
    lab.a.netdev_of(lab.pci[0], "vf0")
    lab.n0 = lab.a.add_netns("n0", "vf0", f"{DATA_NET}.20/24")
    for pci in lab.pci[1:]:
        lab.a.bind(pci, "vferry_vfio")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "link of vf0")


# -- what the parts share

class Load:
    """vfload on a VF, running. said: dict of word to "ok" or the error's name."""

    def __init__(self, lab, t, words, nr=1):
        self._lab = lab
        self._process = lab.a.start(f"exec vfload {lab.pci[nr]} {words}")
        self._files = [w[5:] for w in words.split() if w.startswith("hold=")]
        t.defer(self.end)

    def held(self, times=1):
        """Wait until it holds, for the so-manieth time."""
        wait_until(lambda: self._process.out.count("hold\n") >= times or
                   not self._process.running, 20, "vfload to hold")
        expect(self._process.running, self._process.out + self._process.err)

    def go_on(self):
        self._lab.a.sh(f"touch {self._files.pop(0)}")

    @property
    def said(self):
        words = [line.split() for line in self._process.out.splitlines()]
        return {w[-2]: w[-1] for w in words if len(w) > 1}

    @property
    def out(self):
        return self._process.out

    def end(self):
        self._process.kill()
        self._process.wait(20)
        self._lab.a.sh("rm -f /tmp/vfload-*")


def load(lab, t, words, nr=1):
    """vfload to its end; returns what it said by word."""
    result = lab.a.sh(f"vfload {lab.pci[nr]} {words}", timeout=60)
    t.note(" / ".join(result.splitlines()))
    return {line.split()[-2]: line.split()[-1] for line in result.splitlines()}


def vf_info(lab, nr):
    """What ip link shows of a VF."""
    link, = json.loads(lab.a.sh("ip -d -j link show pf0"))
    return link["vfinfo_list"][nr]


def last_said(lab):
    return lab.a.sh("dmesg | grep 'vferry_pf.*VF ' | tail -3")


def add_macvlans(lab, t, count, first=1):
    """Further addresses of vf0."""
    numbers = range(first, first + count)
    lab.n0.sh("ip -batch -", stdin="".join(
        f"link add link vf0 name mv{i} address 02:00:00:00:ee:{i + 0x80:02x} "
        f"type macvlan mode bridge\nlink set mv{i} up\n" for i in numbers).encode())
    t.defer(lab.n0.run, "for n in /sys/class/net/mv*; do ip link del ${n##*/}; done")


def add_vlans(lab, t, vids):
    """VLANs on vf0, as many as there is room for; returns how many."""
    lab.n0.run("ip -force -batch -", stdin="".join(
        f"link add link vf0 name v{vid} type vlan id {vid}\n" for vid in vids).encode())
    t.defer(lab.n0.run, "for n in /sys/class/net/v[0-9]*; do ip link del ${n##*/}; done")
    return int(lab.n0.sh("ls -d /sys/class/net/v[0-9]* | wc -l"))


# -- device states: nothing is refused after the last write, nothing is granted by it

@test("a state without anything special can be loaded")
def plain(lab, t):
    said = load(lab, t, "resuming compat rest stop run")
    expect(set(said.values()) == {"ok"}, said)


@test("the state grants nothing: no trust, no addresses beside one that the host has set")
def grants_nothing(lab, t):
    held = Load(lab, t, "trusted resuming compat rest stop run hold=/tmp/vfload-1")
    held.held()
    expect(not vf_info(lab, 1)["trust"], "the VF is trusted because its state says so")
    held.end()
    lab.a.sh(f"ip link set pf0 vf 1 mac {MAC}")
    t.defer(lab.a.sh, "ip link set pf0 vf 1 mac 00:00:00:00:00:00 trust off")
    said = load(lab, t, "byhost trusted uc=2 resuming compat rest")
    expect(said["compat"] == "EPERM", said)
    expect("trust on" in last_said(lab), last_said(lab))
    said = load(lab, t, "allmulti trusted resuming compat")
    expect(said["compat"] == "EPERM", said)
    lab.a.sh("ip link set pf0 vf 1 trust on")
    said = load(lab, t, "byhost allmulti uc=2 resuming compat rest stop run")
    expect(set(said.values()) == {"ok"}, said)


@test("addresses for which there is no room are refused before the guest has lost anything")
def addresses_early(lab, t):
    add_macvlans(lab, t, 10)
    said = load(lab, t, "uc=10 resuming compat")
    expect(said["compat"] == "ENOSPC", said)
    expect("no room for 10 further addresses" in last_said(lab), last_said(lab))
    # a source that does not tell early: at the last write, and not later
    said = load(lab, t, "uc=10 resuming old rest")
    expect(said["old"] == "ok" and said["rest"] == "ENOSPC", said)


@test("VLANs that another VF is in already need no room")
def vlans_shared(lab, t):
    expect(add_vlans(lab, t, range(100, 120)) == 20, "20 VLANs")
    said = load(lab, t, "vlans=0,100-119 resuming compat rest stop run")
    expect(set(said.values()) == {"ok"}, said)
    said = load(lab, t, "vlans=200-219 resuming compat")
    expect(said["compat"] == "ENOSPC", said)
    expect("no room for 20 VLANs" in last_said(lab), last_said(lab))


@test("what contradicts a guest that is coming is refused until it is there")
def contradictions(lab, t):
    held = Load(lab, t, "resuming compat hold=/tmp/vfload-1 rest hold=/tmp/vfload-2 stop run "
                        "hold=/tmp/vfload-3")
    for times in (1, 2):
        held.held(times)
        for what in (f"vf 1 mac 02:00:00:00:aa:99", "vf 1 vlan 7", f"vf 2 mac {MAC}",
                     f"address {MAC}"):
            expect(not lab.a.run(f"ip link set pf0 {what}"), f"{what} was taken")
        expect("VF 1" in last_said(lab) and "coming" in last_said(lab), last_said(lab))
        expect(not lab.n0.run(f"ip link set vf0 address {MAC}"), "another guest took it")
        held.go_on()
    held.held(3)
    expect(set(held.said.values()) == {"ok"}, held.out)
    held.end()
    lab.a.sh("ip link set pf0 vf 1 mac 02:00:00:00:aa:99; ip link set pf0 vf 1 mac "
             "00:00:00:00:00:00; ip link set pf0 vf 1 vlan 7; ip link set pf0 vf 1 vlan 0")


@test("room that was promised is kept, and given back when the guest does not come")
def reserved(lab, t):
    held = Load(lab, t, "uc=8 vlans=200-211 resuming compat hold=/tmp/vfload-1 rest stop run "
                        "hold=/tmp/vfload-2")
    held.held()
    expect(held.said["compat"] == "ok", held.out)
    add_macvlans(lab, t, 12)
    # 32, of which 12 are promised, one is VLAN 0, and the PF and VF 2 keep three each
    expect(add_vlans(lab, t, range(300, 330)) == 13, "room for 13 VLANs beside those promised")
    held.go_on()
    held.held(2)
    expect(set(held.said.values()) == {"ok"}, held.out)
    held.end()
    # another takes what this one gives back
    said = load(lab, t, "mac=02:00:00:00:aa:02 uc=2 resuming compat rest stop run", nr=2)
    expect(set(said.values()) == {"ok"}, said)


@test("the priority of a port VLAN is compared when it is known")
def port_qos(lab, t):
    lab.a.sh("ip link set pf0 vf 1 vlan 53 qos 3")
    t.defer(lab.a.sh, "ip link set pf0 vf 1 vlan 0")
    for early in ("compat", "old"):
        said = load(lab, t, f"port=53 qos=3 resuming {early} rest stop run")
        expect(set(said.values()) == {"ok"}, said)
    said = load(lab, t, "port=53 qos=2 resuming compat")
    expect(said["compat"] == "EEXIST", said)
    said = load(lab, t, "port=53 qos=2 resuming old rest")
    expect(said["rest"] == "EEXIST", said)


@test("a guest that has a link does not come where there is none")
def no_link(lab, t):
    lab.a.qmp.hmp("set_link data off")
    t.defer(lambda: wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "vf0"))
    t.defer(lambda: lab.a.qmp.hmp("set_link data on"))
    wait_until(lambda: "0" in lab.a.run("cat /sys/class/net/pf0/carrier").out, 10, "no link")
    said = load(lab, t, "link resuming compat")
    expect(said["compat"] == "ENETDOWN", said)
    said = load(lab, t, "resuming compat rest stop run")
    expect(set(said.values()) == {"ok"}, said)


# -- addresses: whose they are, also while nobody has them in the NIC

@test("nobody takes the address that the host gave a VF, while its driver is away")
def theft(lab, t):
    given = "02:00:00:00:bb:01"
    lab.a.sh(f"ip link set pf0 vf 0 mac {given}")
    t.defer(back_to_vf0, lab)
    lab.n0.sh("ip link set vf0 down")
    lab.a.sh(f"echo {lab.pci[0]} >/sys/bus/pci/devices/{lab.pci[0]}/driver/unbind")
    said = load(lab, t, f"mac={given} resuming compat")
    expect(said["compat"] == "EADDRINUSE", said)
    expect(not lab.a.run(f"ip link set pf0 address {given}"), "the PF took it")
    expect(not lab.a.run(f"ip link set pf0 vf 2 mac {given}"), "it was given away")
    lab.a.bind(lab.pci[2], "vferry_vf")
    t.defer(lab.a.bind, lab.pci[2], "vferry_vfio")
    name = lab.a.netdev_of(lab.pci[2], "vf2")
    lab.a.sh(f"ip link set {name} up")
    expect(not lab.a.run(f"ip link set {name} address {given}"), "another guest took it")
    lab.a.run(f"ip link add link {name} name mvt address {given} type macvlan && "
              "ip link set mvt up")
    t.defer(lab.a.run, "ip link del mvt")
    wait_until(lambda: f"address {given} is in use by another" in lab.a.sh("dmesg | tail -5"), 10,
               "a further address of the same to be refused")


@test("a state gets no address that the administrator gave another VF, whose guest is off")
def theft_by_state(lab, t):
    given = "02:00:00:00:bb:05"
    lab.a.sh(f"ip link set pf0 vf 1 mac {given}")
    t.defer(lab.a.sh, "for n in 1 2; do ip link set pf0 vf $n mac 00:00:00:00:00:00; done")
    for words in (f"mac={given}", f"home={given}", f"uc={given}"):
        for early in ("compat rest", "old rest"):
            said = load(lab, t, f"{words} resuming {early}", nr=2)
            expect("EADDRINUSE" in said.values(), f"{words} {early}: {said}")
            expect(f"{given} is the administrator's for VF 1: ip link set pf0 vf 2 mac {given}"
                   in last_said(lab), last_said(lab))
    # the VF's own guest comes back, and one to a VF that has been given the same
    said = load(lab, t, f"mac={given} byhost resuming compat rest stop run")
    expect(set(said.values()) == {"ok"}, said)
    lab.a.sh(f"ip link set pf0 vf 2 mac {given}")
    said = load(lab, t, f"mac={given} byhost resuming compat rest stop run", nr=2)
    expect(set(said.values()) == {"ok"}, said)


@test("a state may have an address that was only drawn for a VF which nobody uses")
def drawn(lab, t):
    mac = vf_info(lab, 1)["address"]
    said = load(lab, t, f"mac={mac} resuming compat rest stop run", nr=2)
    expect(set(said.values()) == {"ok"}, said)
    # ... until the administrator gives it away: then it is not even the VF's own
    mac = vf_info(lab, 1)["address"]
    lab.a.sh(f"ip link set pf0 vf 2 mac {mac}")
    t.defer(lab.a.sh, "ip link set pf0 vf 2 mac 00:00:00:00:00:00")
    said = load(lab, t, f"mac={mac} resuming compat")
    expect(said["compat"] == "EADDRINUSE", said)


@test("a VF whose own address was given to another comes up with a new one")
def given_away(lab, t):
    mac = vf_info(lab, 2)["address"]
    lab.a.sh(f"ip link set pf0 vf 1 mac {mac}")
    t.defer(lab.a.sh, "ip link set pf0 vf 1 mac 00:00:00:00:00:00")
    lab.a.bind(lab.pci[2], "vferry_vf")
    t.defer(lab.a.bind, lab.pci[2], "vferry_vfio")
    has = lab.a.sh(f"cat /sys/class/net/{lab.a.netdev_of(lab.pci[2], 'vf2')}/address")
    expect(has != mac and has == vf_info(lab, 2)["address"],
           f"it has {has}, its host says {vf_info(lab, 2)['address']}; {mac} was given away")


def secret_id(lab):
    """The id of the migration that VF 0 was told of last, from the mailbox."""
    line = lab.a.sh("grep 'vpf_mbx_tx: pf0 vf 0: {0x[0-9a-f]*140,' /sys/kernel/tracing/trace | "
                    "tail -1")
    words = [int(word, 16) for word in re.search(r"{(.*)}", line).group(1).split(",")]
    return words[2] | words[3] << 32


def vf0_state(lab):
    return json.loads(lab.a.sh("vfstate dump").splitlines()[0])


def go(lab, word, state):
    lab.a.sh(f"vfstate set pf0 0 {word}")
    wait_until(lambda: vf0_state(lab)["state"] == state, 10, state)


@test("nobody takes a guest's addresses for a migration that is not his")
def theft_by_migration(lab, t):
    t.allow(r"the VF was reset")
    mac = lab.n0.sh("cat /sys/class/net/vf0/address")
    trace = "/sys/kernel/tracing/events/vferry_pf/vpf_mbx_tx/enable"
    lab.a.sh(f"echo 1 >{trace}")
    t.defer(lab.a.sh, f"echo 0 >{trace}")
    t.defer(lambda: wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "vf0"))
    t.defer(go, lab, "cancelmigration", "idle")
    go(lab, "migrate", "migrating")
    # what everybody can read of a migration does not make one part of it
    shown = vf0_state(lab)["mig_id"]
    said = load(lab, t, f"mac={mac} id={shown} resuming compat")
    expect(said["compat"] == "EADDRINUSE", said)
    go(lab, "suspend", "suspended")
    secret = secret_id(lab)
    expect(secret != shown, "the id is told to everybody")
    said = load(lab, t, f"mac={mac} id={shown} resuming compat")
    expect(said["compat"] == "EADDRINUSE", said)
    # the guest's own state; and who has the VF after that guest is another
    said = load(lab, t, f"mac={mac} id={secret} resuming compat rest stop run")
    expect(set(said.values()) == {"ok"}, said)
    said = load(lab, t, f"guest takes={mac}")
    expect(said["guest"] == "ok" and said[f"takes={mac}"] == "EPERM", said)


@test("a guest that has come by a migration is not the one that leaves in it")
def theft_from_target(lab, t):
    t.allow(r"the VF was reset")
    held = Load(lab, t, "id=77 resuming compat rest stop run hold=/tmp/vfload-1")
    held.held()
    expect(set(held.said.values()) == {"ok"}, held.out)
    said = load(lab, t, "id=77 resuming compat", nr=2)
    expect(said["compat"] == "EADDRINUSE", said)


def back_to_vf0(lab):
    lab.a.sh("ip link set pf0 vf 0 mac 00:00:00:00:00:00")
    lab.a.bind(lab.pci[0], "vferry_vf")
    lab.a.netdev_of(lab.pci[0], "vf0")
    lab.a.sh("ip link set vf0 netns n0")
    lab.n0.sh(f"ip address add {DATA_NET}.20/24 dev vf0; ip link set vf0 up")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "vf0 again")


@test("an address that is refused leaves everything as it was")
def refused_mac(lab, t):
    before = vf_info(lab, 2)["address"]
    taken = vf_info(lab, 0)["address"]
    expect(not lab.a.run(f"ip link set pf0 vf 2 mac {taken}"), "it is in use")
    expect(vf_info(lab, 2)["address"] == before, vf_info(lab, 2))
    # and after a reset of the VF
    load(lab, t, "guest", nr=2)
    expect(vf_info(lab, 2)["address"] == before, vf_info(lab, 2))


@test("a VF whose guest has left has another address for the next")
def left(lab, t):
    before = vf_info(lab, 1)["address"]
    load(lab, t, "guest")
    expect(vf_info(lab, 1)["address"] == before, "an address changes without a migration")
    said = load(lab, t, "guest stop save")
    expect(set(said.values()) == {"ok"}, said)
    expect(vf_info(lab, 1)["address"] != before, "two guests would have one address")


@test("a guest that is rebooted where it came to has the address of a reboot where it was")
def home(lab, t):
    own = vf_info(lab, 1)["address"]
    held = Load(lab, t, "home=02:00:00:00:cc:01 resuming compat rest stop run "
                        "hold=/tmp/vfload-1 guest hold=/tmp/vfload-2")
    held.held()
    expect(vf_info(lab, 1)["address"] == MAC, vf_info(lab, 1))
    expect(not lab.a.run("ip link set pf0 vf 2 mac 02:00:00:00:cc:01"), "it is another's")
    held.go_on()
    held.held(2)
    expect(vf_info(lab, 1)["address"] == "02:00:00:00:cc:01", vf_info(lab, 1))
    held.end()
    wait_until(lambda: vf_info(lab, 1)["address"] == own, 10, "the VF's own address")
    # one that was set by the host there, another chosen by a trusted guest
    said = load(lab, t, "home=02:00:00:00:cc:01 byhost resuming compat")
    expect(said["compat"] == "EPERM", said)


# -- trust: given and taken at any time

def all_multicast(lab, seconds):
    """Does vf0 receive a group that it has not joined, within this time?"""
    return lab.n0.run(f"timeout {seconds} tcpdump -n -i vf0 -c 1 'dst host 239.9.9.9'",
                      timeout=20).ok


@test("all multicast comes with trust, whichever is first, and goes with it")
def trust(lab, t):
    sender = lab.peer.start("ip route add 239.9.9.9 dev data0; while :; do "
                            "ping -c 1 -W 0.05 -t 1 239.9.9.9; sleep 0.05; done")
    t.defer(lab.peer.run, "ip route del 239.9.9.9 dev data0")
    t.defer(sender.kill)
    t.defer(lab.a.sh, "ip link set pf0 vf 0 trust off")
    t.defer(lab.n0.sh, "ip link set vf0 allmulticast off")
    lab.n0.sh("ip link set vf0 allmulticast on")
    expect(not all_multicast(lab, 1.5), "all multicast without trust")
    lab.a.sh("ip link set pf0 vf 0 trust on")
    expect(all_multicast(lab, 10), "trust that comes later changes nothing")
    lab.a.sh("ip link set pf0 vf 0 trust off")
    expect(not all_multicast(lab, 1.5), "all multicast after trust was taken away")
    lab.a.sh("ip link set pf0 vf 0 trust on")
    expect(all_multicast(lab, 10), "deaf after trust off, trust on")


@test("addresses that were refused are asked for again when the VF is trusted")
def trust_addresses(lab, t):
    lab.a.sh("ip link set pf0 vf 0 mac 02:00:00:00:bb:02")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 trust off; "
                      "ip link set pf0 vf 0 mac 00:00:00:00:00:00")
    lab.n0.sh("ip link set vf0 address 02:00:00:00:bb:02")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {PEER}"), 20, "vf0")
    add_macvlans(lab, t, 1, first=70)
    space = lab.a.add_netns("mv")
    t.defer(space.delete)
    lab.n0.sh(f"ip link set mv70 netns mv")
    space.sh(f"ip link set mv70 up && ip address add {DATA_NET}.70/24 dev mv70")
    expect(not space.run(f"ping -c 1 -W 1 {PEER}"), "not trusted, and works")
    lab.a.sh("ip link set pf0 vf 0 trust on")
    wait_until(lambda: space.run(f"ping -c 1 -W 1 {PEER}"), 10, "the macvlan")


@test("trust that is given during a migration is used after it, or at once, without a reset")
def trust_while_migrating(lab, t):
    mac = lab.n0.sh("cat /sys/class/net/vf0/address")
    lab.a.sh(f"ip link set pf0 vf 0 mac {mac}")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 trust off; "
                      "ip link set pf0 vf 0 mac 00:00:00:00:00:00")
    t.defer(go, lab, "cancelmigration", "idle")
    add_macvlans(lab, t, 2, first=75)

    def refused():
        return json.loads(lab.n0.sh("vfguest get vf0")).get("refused", [])

    def resets():
        return re.search(r"\bresets: (\d+)", lab.n0.sh("ethtool -S vf0")).group(1)
    for words in ("migrate", "migrate suspend resume", "migrate suspend cancelmigration"):
        # the driver hears that it is not trusted when it starts over
        lab.a.sh("ip link set pf0 vf 0 trust off")
        lab.a.sh("ip link set pf0 vf 0 vlan 9; ip link set pf0 vf 0 vlan 0")
        wait_until(lambda: len(refused()) == 2, 20, lambda: f"two addresses refused: {refused()}")
        wait_until(lambda: vf0_state(lab).get("migratable"), 10, "migratable")
        before = resets()
        for word in words.split()[:2]:
            go(lab, word, {"migrate": "migrating", "suspend": "suspended"}[word])
        lab.a.sh("ip link set pf0 vf 0 trust on")
        if words != "migrate":
            go(lab, words.split()[2], "idle")
        wait_until(lambda: not refused(), 10, lambda: f"{words}: {refused()}")
        expect(resets() == before, f"{words}: the driver was reset")
        go(lab, "cancelmigration", "idle")


@test("a full table is told of, with the address that has no place in it")
def full(lab, t):
    add_macvlans(lab, t, 14)
    expect("no room for address 02:00:00:00:ee:" in lab.a.sh("dmesg | grep 'VF 0: no room'"),
           last_said(lab))


# -- the last line of defence; last, as it changes the PF's driver

@test("a guest that cannot be loaded after all finds a VF that was reset, and hears of it")
def cannot_load(lab, t):
    lab.a.unbind(lab.pci[0])
    for pci in lab.pci[1:]:
        lab.a.unbind(pci)
    lab.a.unload("vferry_vfio", "vferry_vf", "vferry_pf")
    lab.a.load_pf("broken/vferry_pf")
    lab.a.load("vferry_vfio")
    lab.pci = lab.a.create_vfs(2)
    lab.a.bind(lab.pci[1], "vferry_vfio")
    held = Load(lab, t, "id=77 home=02:00:00:00:cc:01 vlans=5 resuming compat rest stop run state "
                        "listen guest hold=/tmp/vfload-1")
    held.held()
    expect(set(held.said.values()) == {"ok"}, held.out)
    # VFIO_DEVICE_STATE_RUNNING; CONTROL with neither CTS nor NACK
    expect("state=2 " in held.out and "word=0x100 " in held.out, held.out)
    expect("cannot be programmed from the state that came in" in last_said(lab), last_said(lab))
    expect(vf_info(lab, 1)["address"] == "02:00:00:00:cc:01", vf_info(lab, 1))
    expect('"state":"idle"' in lab.a.sh("vfstate dump").splitlines()[1], "the VF is not idle")
    expect(lab.a.run("ip link set pf0 vf 1 vlan 7"), "nothing is promised any more")
