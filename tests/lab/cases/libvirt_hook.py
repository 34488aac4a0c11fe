# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's hook on one host, called by hand: which VF it chooses, what it sets and undoes,
when it refuses. With libvirt itself: libvirt.py."""

import json
import re

from vlab import case, expect, test, wait_until

case(hosts=["a"], memory=768, smp=2)

HOOK = "vferry-libvirt-hook"
RUN = "/run/vferry"
OK, NO, USAGE = 0, 1, 2
GUEST_MAC = "52:54:00:0a:0b:0c"
UUIDS = [f"c7a5fdbd-edaf-9455-926a-d65c16db18{n:02d}" for n in range(20)]
NOWHERE = "0000:7f:10.0"     # an address at which nothing is

# Has a VF open as QEMU would, until it is killed.
HOLD = """
import fcntl, os, signal, sys
pci = sys.argv[1]
group = os.path.basename(os.readlink(f"/sys/bus/pci/devices/{pci}/iommu_group"))
container = os.open("/dev/vfio/vfio", os.O_RDWR)
group = os.open(f"/dev/vfio/{group}", os.O_RDWR)
fcntl.ioctl(group, 0x3b68, container.to_bytes(4, "little"))
fcntl.ioctl(container, 0x3b66, 1)
device = fcntl.ioctl(group, 0x3b6a, pci.encode() + b"\\0")
print("held", flush=True)
signal.pause()
"""

# Has a file or a folder locked until it is killed.
LOCK = """
import fcntl, os, signal, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("locked", flush=True)
signal.pause()
"""


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.load("vferry_vf")
    lab.a.load("vferry_vfio")
    lab.pci = lab.a.create_vfs(4)
    for pci in lab.pci:
        lab.a.bind(pci, "vferry_vfio")
    lab.a.push("/tmp/hold.py", HOLD)
    lab.a.sh("mkdir -p /etc/vferry")


def configure(lab, t, text):
    lab.a.push("/etc/vferry/host.conf", text)
    t.defer(lab.a.sh, "rm /etc/vferry/host.conf")


def address(pci):
    domain, bus, slot, function = re.fullmatch(r"(\w+):(\w+):(\w+)\.(\w)", pci).groups()
    return (f"<address type='pci' domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' "
            f"function='0x{function}'/>")


def hostdev(source, nr=0, managed="yes", model=" model='vferry_vfio'"):
    return f"""
    <hostdev mode='subsystem' type='pci' managed='{managed}'>
      <driver name='vfio'{model}/>
      <source>
        {address(source)}
      </source>
      <alias name='ua-vf{nr}'/>
      <address type='pci' domain='0x0000' bus='0x0{nr + 5}' slot='0x00' function='0x0'/>
    </hostdev>"""


def interface(source, mac=GUEST_MAC):
    return f"""
    <interface type='hostdev' managed='yes'>
      <mac address='{mac}'/>
      <driver name='vfio' model='vferry_vfio'/>
      <source>
        {address(source)}
      </source>
      <address type='pci' domain='0x0000' bus='0x09' slot='0x00' function='0x0'/>
    </interface>"""


def domain(*devices, nr=0, wishes=""):
    metadata = ""
    if wishes:
        metadata = (f"<metadata>\n    <vferry:domain xmlns:vferry='urn:vferry:domain:1'{wishes}"
                    "</vferry:domain>\n  </metadata>\n  ")
    return (f"<domain type='kvm'>\n  <name>dom{nr}</name>\n  <uuid>{UUIDS[nr]}</uuid>\n  "
            f"{metadata}<devices>\n    <!-- what the hook leaves alone -->"
            f"{''.join(devices)}\n  </devices>\n</domain>\n")


def hook(lab, xml, operation="migrate begin", nr=0):
    return lab.a.run(f"{HOOK} dom{nr} {operation} -", timeout=40, stdin=xml.encode())


def sources(xml):
    """The PCI addresses on the host in a domain's XML."""
    found = re.findall(r"<source>\s*<address type=.pci. domain=.0x(\w+). bus=.0x(\w+). "
                       r"slot=.0x(\w+). function=.0x(\w).", xml)
    return [f"{d}:{b}:{s}.{f}" for d, b, s, f in found]


def arrives(lab, t, xml, operation="migrate begin", nr=0):
    """A domain that is not refused: the addresses that its VFs have then."""
    result = hook(lab, xml, operation, nr)
    expect(result.code == OK and not result.err, result)
    t.defer(leaves, lab, xml, nr)
    return sources(result.out or xml)


def leaves(lab, xml, nr=0):
    expect(hook(lab, xml, "release end", nr).code == OK, "release")


def refused(lab, xml, *words, operation="migrate begin", nr=0):
    before = lab.a.sh(f"ls {RUN} 2>/dev/null; ip link show pf0")
    result = hook(lab, xml, operation, nr)
    expect(result.code == NO and not result.out, result)
    expect(result.err.startswith("vferry on ") and result.err.count("\n") == 1, result)
    for word in words:
        expect(word in result.err, f"{word!r} was expected: {result}")
    after = lab.a.sh(f"ls {RUN} 2>/dev/null; ip link show pf0")
    expect(before == after, f"something was changed: {before} {after}")
    return result.err


def reservations(lab):
    found = {}
    for pci in lab.a.sh(f"ls {RUN} 2>/dev/null; true").split():
        found[pci] = json.loads(lab.a.sh(f"cat {RUN}/{pci}"))
    return found


def vf(lab, pci):
    """What the host has set on a VF: address, port VLAN."""
    link = json.loads(lab.a.sh("ip -j link show pf0"))[0]
    info = link["vfinfo_list"][lab.pci.index(pci)]
    vlan = info.get("vlan_list", [{}])[0].get("vlan", 0)
    return info["address"] if "address" in info else info["mac"], vlan


def is_held(lab, pci):
    return json.loads(lab.a.sh(f"vferry list --json {pci}"))["pfs"][0]["vfs"][0]["held"]


def hold(lab, t, pci):
    """A process that has a VF open; what ends it."""
    process = lab.a.start(f"exec python3 /tmp/hold.py {pci}", timeout=300)

    def end():
        process.kill()
        process.wait(10)
        wait_until(lambda: not is_held(lab, pci), 10, "a VF that is closed")
    t.defer(end)
    wait_until(lambda: "held" in process.out, 20, "a VF that is open")
    return end


@test("a domain that arrives is given a free VF, and nothing else is changed")
def arrival(lab, t):
    xml = domain(hostdev(NOWHERE))
    result = hook(lab, xml)
    t.defer(leaves, lab, xml)
    expect(result.code == OK and not result.err, result)
    want = xml.replace(address(NOWHERE), address(lab.pci[0]))
    expect(result.out.replace('"', "'") == want, result.out)
    found = reservations(lab)
    expect(list(found) == [lab.pci[0]] and found[lab.pci[0]]["name"] == "dom0" and
           found[lab.pci[0]]["uuid"] == UUIDS[0] and
           found[lab.pci[0]]["state"] == "incoming", found)
    listed = {vf["vf_pci"]: vf.get("reserved") for vf in
              json.loads(lab.a.sh("vferry list --json"))["pfs"][0]["vfs"]}
    expect([pci for pci in listed if listed[pci]] == [lab.pci[0]] and
           listed[lab.pci[0]] == "dom0", listed)
    expect("for dom0" in lab.a.sh("vferry list"), lab.a.sh("vferry list"))
    expect(hook(lab, result.out, "prepare begin").code == OK, "prepare")
    expect(reservations(lab)[lab.pci[0]]["state"] == "prepared", reservations(lab))
    expect(hook(lab, result.out, "started begin").code == OK, "started")
    expect(reservations(lab)[lab.pci[0]]["state"] == "running", reservations(lab))
    leaves(lab, xml)
    expect(not reservations(lab), reservations(lab))


@test("the same address is kept if it is free; then nothing is written")
def same(lab, t):
    xml = domain(hostdev(lab.pci[2]))
    for operation in ("migrate begin", "restore begin"):
        result = hook(lab, xml, operation)
        expect(result.code == OK and not result.out + result.err, result)
        expect(list(reservations(lab)) == [lab.pci[2]], reservations(lab))
    leaves(lab, xml)


@test("domains without VFs, and operations that mean nothing, leave no trace")
def nothing(lab, t):
    for xml, operation in ((domain(), "migrate begin"), ("", "release end"), ("", "stopped end"),
                           (domain(hostdev("0000:00:00.0", model="")), "migrate begin"),
                           (domain(hostdev(NOWHERE, model=" model='mlx5_vfio_pci'")),
                            "migrate begin"),
                           (domain(hostdev(lab.pci[0])), "stopped end"),
                           (domain(hostdev(lab.pci[0])), "start begin"),
                           (domain(hostdev(NOWHERE)), "prepare begin"),
                           ("not XML", "release end")):
        result = hook(lab, xml, operation)
        expect(result.code == OK and not result.out + result.err, (xml, operation, result))
        expect(not reservations(lab), reservations(lab))
    expect(lab.a.run(HOOK).code == USAGE, "no words")


@test("two VFs of one domain, also without a model where nothing is at their address")
def two(lab, t):
    chosen = arrives(lab, t, domain(hostdev(lab.pci[1], 0), hostdev(NOWHERE, 1, model="")))
    expect(chosen == [lab.pci[1], lab.pci[0]], chosen)


@test("domains that arrive at the same time are given different VFs")
def race(lab, t):
    xmls = [domain(hostdev(lab.pci[0]), nr=n) for n in range(6)]
    for n, xml in enumerate(xmls):
        lab.a.push(f"/tmp/dom{n}.xml", xml)
        t.defer(leaves, lab, xml, n)
    for _ in range(3):
        out = lab.a.sh("".join(
            f"( {HOOK} dom{n} migrate begin - </tmp/dom{n}.xml >/tmp/out{n} 2>/tmp/err{n}; "
            f"echo $? >/tmp/code{n} ) & " for n in range(6)) +
            "wait; cat " + " ".join(f"/tmp/code{n}" for n in range(6)), timeout=60)
        codes = [int(code) for code in out.split()]
        expect(sorted(codes) == [OK] * 4 + [NO] * 2, codes)
        found = [lab.a.sh(f"cat /tmp/out{n}") or xmls[n] for n in range(6) if not codes[n]]
        chosen = sorted(sum((sources(xml) for xml in found), []))
        expect(chosen == sorted(lab.pci), chosen)
        names = {r["name"] for r in reservations(lab).values()}
        expect(names == {f"dom{n}" for n in range(6) if not codes[n]}, names)
        late = codes.index(NO)
        words = lab.a.sh(f"cat /tmp/err{late}")
        expect("no VF is free" in words and words.count("reserved for domain dom") == 4, words)
        for n, xml in enumerate(xmls):
            leaves(lab, xml, n)
        expect(not reservations(lab), reservations(lab))


@test("a VF that is open is not free, whoever has it, and its user is named")
def held(lab, t):
    hold(lab, t, lab.pci[0])
    chosen = arrives(lab, t, domain(hostdev(lab.pci[0])))
    expect(chosen == [lab.pci[1]], chosen)
    configure(lab, t, "[pf0]\nvfs = 4\nbind = 0\n")
    words = refused(lab, domain(hostdev(NOWHERE), nr=1), "no VF is free", "pf0 vf 0: used by python",
                    nr=1)
    expect("vf 1" not in words, words)
    t.note(words)


@test("address and VLAN of the metadata are set, and undone at the end")
def settings(lab, t):
    wishes = f"><vferry:vf alias='ua-vf0' mac='{GUEST_MAC}' vlan='7'/>"
    xml = domain(hostdev(lab.pci[0]), wishes=wishes)
    chosen_by_driver = vf(lab, lab.pci[0])
    expect(chosen_by_driver[1] == 0, chosen_by_driver)
    expect(arrives(lab, t, xml) == [lab.pci[0]], "another VF")
    expect(vf(lab, lab.pci[0]) == (GUEST_MAC, 7), vf(lab, lab.pci[0]))
    hook(lab, xml, "prepare begin")
    hook(lab, xml, "started begin")
    leaves(lab, xml)
    expect(vf(lab, lab.pci[0]) == chosen_by_driver, vf(lab, lab.pci[0]))
    # and what an administrator has set comes back
    lab.a.sh("ip link set pf0 vf 0 mac 52:54:00:11:11:11; ip link set pf0 vf 0 vlan 9")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 mac 00:00:00:00:00:00; ip link set pf0 vf 0 vlan 0")
    arrives(lab, t, xml)
    expect(vf(lab, lab.pci[0]) == (GUEST_MAC, 7), vf(lab, lab.pci[0]))
    arrives(lab, t, xml)      # a second attempt, after a first that came to nothing
    expect(vf(lab, lab.pci[0]) == (GUEST_MAC, 7), vf(lab, lab.pci[0]))
    leaves(lab, xml)
    expect(vf(lab, lab.pci[0]) == ("52:54:00:11:11:11", 9), vf(lab, lab.pci[0]))


@test("an interface: what libvirt leaves as if it had been set is taken away again")
def libvirts_own(lab, t):
    before = vf(lab, lab.pci[0])
    xml = domain(interface(lab.pci[0]))
    arrives(lab, t, xml)
    expect(vf(lab, lab.pci[0]) == before, "libvirt sets the address, not the hook")
    lab.a.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")
    hook(lab, xml, "prepare begin")
    hook(lab, xml, "started begin")
    # a VF that has been used, and its old address as libvirt puts it back
    lab.a.sh("ip link set pf0 vf 0 mac 52:54:00:22:22:22")
    leaves(lab, xml)
    expect(vf(lab, lab.pci[0]) == before, vf(lab, lab.pci[0]))
    # at a start that is no migration, too
    hook(lab, xml, "prepare begin")
    lab.a.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")
    hook(lab, xml, "started begin")
    leaves(lab, xml)
    expect(vf(lab, lab.pci[0]) == before, vf(lab, lab.pci[0]))


@test("libvirtd comes back: what runs is noted, and not touched")
def reconnect(lab, t):
    lab.a.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 mac 00:00:00:00:00:00")
    hold(lab, t, lab.pci[0])
    xml = domain(interface(lab.pci[0]))
    t.defer(leaves, lab, xml)
    for operation in ("prepare begin", "started begin", "reconnect begin", "reconnect begin"):
        result = hook(lab, xml, operation)
        expect(result.code == OK and not result.out + result.err, result)
        expect(vf(lab, lab.pci[0])[0] == GUEST_MAC, vf(lab, lab.pci[0]))
    found = reservations(lab)[lab.pci[0]]
    # what is to be undone would be there, had anything been done
    expect(found["state"] == "running" and "mac" not in found, found)


@test("a QEMU that is just ending is waited for, and its VF is as it was then")
def ending(lab, t):
    before = vf(lab, lab.pci[0])
    xml = domain(hostdev(lab.pci[0]), wishes=f"><vferry:vf alias='ua-vf0' mac='{GUEST_MAC}'/>")
    arrives(lab, t, xml)
    end = hold(lab, t, lab.pci[0])
    hook(lab, xml, "started begin")
    lab.a.push("/tmp/dom.xml", xml)
    release = lab.a.start(f"{HOOK} dom0 release end - </tmp/dom.xml", timeout=20)
    end()
    expect(release.wait(10).code == OK, "release")
    expect(vf(lab, lab.pci[0]) == before, vf(lab, lab.pci[0]))
    expect(not reservations(lab), reservations(lab))


@test("refused: the guest's address is another's on this PF")
def conflict(lab, t):
    lab.a.sh(f"ip link set pf0 vf 1 mac {GUEST_MAC}")
    t.defer(lab.a.sh, "ip link set pf0 vf 1 mac 00:00:00:00:00:00")
    # nobody uses that VF: it is the one to have
    expect(arrives(lab, t, domain(interface(lab.pci[0]))) == [lab.pci[1]], "not preferred")
    leaves(lab, domain(interface(lab.pci[0])))
    hold(lab, t, lab.pci[1])
    words = refused(lab, domain(interface(lab.pci[0])), GUEST_MAC, "in use on pf0 vf 1")
    t.note(words)
    mac = lab.a.sh("cat /sys/class/net/pf0/address").strip()
    refused(lab, domain(interface(lab.pci[0], mac)), mac, "that of pf0 itself")
    # an address that is not known does no harm
    arrives(lab, t, domain(hostdev(lab.pci[0])))


@test("refused: what has to be done to a VF first is said")
def states(lab, t):
    pcis = lab.pci
    for pci in pcis[:3]:
        lab.a.unbind(pci)
        t.defer(lab.a.bind, pci, "vferry_vfio")
    lab.a.bind(pcis[1], "vferry_vf")
    name = lab.a.netdev_of(pcis[1])
    lab.a.sh(f"ip link set {name} up")
    t.defer(lab.a.unbind, pcis[1])
    lab.a.sh("modprobe vfio-pci")
    lab.a.bind(pcis[2], "vfio-pci")
    hold(lab, t, pcis[3])
    words = refused(lab, domain(hostdev(NOWHERE, managed="no")), "vf 0: bound to no driver",
                    f"vf 1: used by this host as {name}", "vf 2: bound to vfio-pci",
                    "vf 3: used by python")
    t.note(words)
    # libvirt binds it
    expect(arrives(lab, t, domain(hostdev(NOWHERE))) == [pcis[0]], "managed")
    leaves(lab, domain(hostdev(NOWHERE)))
    lab.a.sh(f"ip link set {name} down")
    lab.a.bind(pcis[0], "vfio-pci")
    expect(arrives(lab, t, domain(hostdev(NOWHERE))) == [pcis[1]], "interface that is down")
    leaves(lab, domain(hostdev(NOWHERE)))
    # without a model libvirt would choose vfio-pci: the module is not installed
    refused(lab, domain(hostdev(pcis[1], model="")), "not installed for this kernel")


def port_link(lab):
    return json.loads(lab.a.sh("vferry check --facts"))["pfs"][0]["vfs"][0]["room"]["link"]


@test("the PF's interface is down: its port has a link, and so have VFs; refused: it has none")
def down(lab, t):
    xml = domain(hostdev(NOWHERE))
    lab.a.sh("ip link set pf0 down")
    t.defer(lab.a.sh, "ip link set pf0 up")
    wait_until(lambda: port_link(lab), 10, "the port's link")
    arrives(lab, t, xml)
    leaves(lab, xml)
    lab.a.qmp.hmp("set_link data off")
    t.defer(lab.a.qmp.hmp, "set_link data on")
    wait_until(lambda: not port_link(lab), 10, "a port without a link")
    refused(lab, xml, "pf0 has no link: look at the cable and the switch")
    lab.a.qmp.hmp("set_link data on")
    wait_until(lambda: port_link(lab), 30, "the port's link again")
    arrives(lab, t, xml)


@test("the network: the only one, or the one that the domain names")
def network(lab, t):
    wishes = " network='lan2'>"
    refused(lab, domain(hostdev(NOWHERE), wishes=wishes), "no PF here with VFs is on network lan2",
            "/etc/vferry/host.conf")
    configure(lab, t, "[pf0]\nnetwork = lan2\nbind = 1 2\n")
    expect(arrives(lab, t, domain(hostdev(lab.pci[0]), wishes=wishes)) == [lab.pci[1]],
           "a VF that is meant for guests")
    expect(arrives(lab, t, domain(hostdev(lab.pci[0]), nr=1), nr=1) == [lab.pci[2]],
           "the only network")
    refused(lab, domain(hostdev(NOWHERE), nr=2, wishes=" network='lan1'>"),
            "no PF here with VFs is on network lan1", nr=2)
    refused(lab, domain(hostdev(NOWHERE), nr=2, wishes="><vferry:vf alias='ua-x' network='lan2'/>"),
            "ua-x, but no device has this alias", nr=2)
    lab.a.push("/etc/vferry/host.conf", "[pf0]\nnetwerk = lan2\n")
    refused(lab, domain(hostdev(NOWHERE), nr=2), "line 2: netwerk", nr=2)


@test("refused: XML that is none, or too much")
def bad_xml(lab, t):
    good = domain(hostdev(NOWHERE))
    for xml, words in (("<hostdev", "not XML: line 1"),
                       (good.replace("<domain", "<domane").replace("/domain", "/domane"),
                        "not a <domain>"),
                       ("<!DOCTYPE domain [<!ENTITY a 'hostdev'>]>" + good, "document type"),
                       (good + f"<!--{'x' * (1 << 20)}-->", "longer than 1048576"),
                       (good.replace("<devices>", "<devices>" + "<x>" * 70 + "</x>" * 70),
                        "deep")):
        refused(lab, xml, words)


@test("what a domain has left without a word is found and undone")
def stale(lab, t):
    before = vf(lab, lab.pci[0])
    xml = domain(hostdev(lab.pci[0]), wishes=f"><vferry:vf alias='ua-vf0' mac='{GUEST_MAC}'/>")
    other = domain(hostdev(lab.pci[0]), nr=1)

    # one that is arriving, and its libvirtd is there
    lab.a.push("/tmp/dom.xml", xml)
    lab.a.sh("cp /bin/dash /tmp/libvirtd")
    daemon = lab.a.start(f"exec /tmp/libvirtd -c '{HOOK} dom0 migrate begin - </tmp/dom.xml; "
                         "echo done; sleep 100'", timeout=120)
    t.defer(daemon.kill)
    wait_until(lambda: "done" in daemon.out, 20, "the hook")
    expect(reservations(lab)[lab.pci[0]]["daemon"]["pid"] > 1, reservations(lab))
    expect(arrives(lab, t, other, nr=1) == [lab.pci[1]], "it was not respected")
    leaves(lab, other, 1)
    expect(vf(lab, lab.pci[0])[0] == GUEST_MAC, vf(lab, lab.pci[0]))
    # ... and no more
    daemon.kill()
    daemon.wait(10)
    expect(arrives(lab, t, other, nr=1) == [lab.pci[0]], "it was not found")
    expect(vf(lab, lab.pci[0]) == before, vf(lab, lab.pci[0]))
    leaves(lab, other, 1)

    # one that runs, and then has gone
    arrives(lab, t, xml)
    hook(lab, xml, "started begin")
    end = hold(lab, t, lab.pci[0])
    expect(arrives(lab, t, other, nr=1) == [lab.pci[1]], "a domain that runs")
    leaves(lab, other, 1)
    # libvirtd was away, and comes back
    expect(hook(lab, xml, "reconnect begin").code == OK, "reconnect")
    expect(reservations(lab)[lab.pci[0]]["state"] == "running", reservations(lab))
    end()
    expect(arrives(lab, t, other, nr=1) == [lab.pci[0]], "it was not found")
    expect(vf(lab, lab.pci[0]) == before, vf(lab, lab.pci[0]))
    leaves(lab, other, 1)

    # a file that nobody wrote who knows how
    lab.a.sh(f"echo words >{RUN}/{lab.pci[0]}")
    expect(arrives(lab, t, other, nr=1) == [lab.pci[0]], "words")
    leaves(lab, other, 1)
    expect(not reservations(lab), reservations(lab))


@test("a start that is no migration: its VF is noted, one that is reserved is refused")
def start(lab, t):
    arriving = domain(hostdev(lab.pci[0]))
    starting = domain(hostdev(lab.pci[0]), nr=1)
    arrives(lab, t, arriving)
    t.note(refused(lab, starting, "reserved for domain dom0, which is arriving",
                   operation="prepare begin", nr=1))
    leaves(lab, arriving)
    expect(hook(lab, starting, "prepare begin", 1).code == OK, "prepare")
    t.defer(leaves, lab, starting, 1)
    expect(reservations(lab)[lab.pci[0]]["name"] == "dom1", reservations(lab))
    expect(arrives(lab, t, arriving) == [lab.pci[1]], "it was not respected")


@test("vferry setup leaves a VF alone that is reserved")
def setup_command(lab, t):
    before = vf(lab, lab.pci[1])
    configure(lab, t, "[pf0]\nmac.0 = 52:54:00:33:33:30\nmac.1 = 52:54:00:33:33:31\n")
    for nr in (0, 1):
        t.defer(lab.a.sh, f"ip link set pf0 vf {nr} mac 00:00:00:00:00:00")
    xml = domain(hostdev(lab.pci[1]), wishes=f"><vferry:vf alias='ua-vf0' mac='{GUEST_MAC}'/>")
    expect(arrives(lab, t, xml) == [lab.pci[1]], "another VF")
    result = lab.a.run("vferry setup")
    expect(result.code == OK and "vf 1: a domain of libvirt has it reserved" in result.err, result)
    expect(vf(lab, lab.pci[0])[0] == "52:54:00:33:33:30", vf(lab, lab.pci[0]))
    expect(vf(lab, lab.pci[1])[0] == GUEST_MAC, vf(lab, lab.pci[1]))
    leaves(lab, xml)
    expect(vf(lab, lab.pci[1]) == before, vf(lab, lab.pci[1]))


@test("a lock that is never given back is not waited for for ever")
def locked(lab, t):
    lab.a.push("/tmp/lock.py", LOCK)
    holder = lab.a.start(f"exec python3 /tmp/lock.py {RUN}/.lock", timeout=60)
    t.defer(holder.kill)
    wait_until(lambda: "locked" in holder.out, 10, "the lock")
    refused(lab, domain(hostdev(NOWHERE)), "locked for too long")
    holder.kill()
    holder.wait(10)
    arrives(lab, t, domain(hostdev(NOWHERE)))


@test("who is not root cannot hold up the hook")
def locked_by_nobody(lab, t):
    lab.a.push("/tmp/lock.py", LOCK)
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups --"
    expect(not lab.a.run(f"{nobody} test -r {RUN}/.lock"), "the lock can be opened")
    holder = lab.a.start(f"exec {nobody} python3 /tmp/lock.py {RUN}", timeout=60)
    t.defer(holder.kill)
    wait_until(lambda: "locked" in holder.out, 10, "the folder's lock")
    arrives(lab, t, domain(hostdev(NOWHERE)))


@test("refused: the PF driver is another, or none")
def no_driver(lab, t):
    lab.a.unload("vferry_vf")
    for pci in lab.pci:
        lab.a.unbind(pci)
    lab.a.unload("vferry_vfio", "vferry_pf")
    t.note(refused_without(lab, domain(hostdev(NOWHERE)), "modprobe vferry_pf"))
    expect(hook(lab, domain(hostdev(NOWHERE)), "prepare begin").code == OK, "prepare")
    expect(hook(lab, domain(hostdev(NOWHERE)), "release end").code == OK, "release")
    pf = lab.a.pf_pci()
    lab.a.load("igb")
    t.defer(lab.a.unload, "igb")
    lab.a.netdev_of(pf, "pf0")
    pcis = lab.a.create_vfs(1)
    t.note(refused_without(lab, domain(hostdev(pcis[0], model="")),
                           "pf0 is driven by igb, not by vferry_pf"))


def refused_without(lab, xml, words):
    result = hook(lab, xml)
    expect(result.code == NO and words in result.err and not result.out, result)
    return result.err
