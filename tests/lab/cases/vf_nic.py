# SPDX-License-Identifier: GPL-2.0-or-later
"""vferry_vf as a network driver: VFs in namespaces of the host that owns the PF."""

import json
import re

from vlab import case, expect, test, wait_until
from vlab.net import DATA_NET, DATA_NET6
from vlab.netdev import NETDEV
from vlab.traffic import start_server, tcp_streams

# iomem=relaxed: a test writes to a register behind the driver's back
case(hosts=["a"], smp=2, kernel_args="iomem=relaxed")

MIB = 1 << 20


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.sh("ip link set pf0 mtu 9000")
    lab.a.load("vferry_vf")
    lab.pci = lab.a.create_vfs(2)
    lab.spaces = []
    for i, pci in enumerate(lab.pci):
        lab.a.bind(pci, "vferry_vf")
        lab.a.netdev_of(pci, f"vf{i}")
        lab.spaces.append(lab.a.add_netns(f"n{i}", f"vf{i}", f"{DATA_NET}.{20 + i}/24",
                                          f"{DATA_NET6}{20 + i}/64"))
    lab.n0, lab.n1 = lab.spaces
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "link of vf0")


def counter(space, name, netdev="vf0"):
    """A counter of ethtool -S."""
    found = re.search(rf"^ *{name}: (\d+)$", space.sh(f"ethtool -S {netdev}"), re.M)
    return int(expect(found, f"{netdev} has no counter {name}").group(1))


def carry(streams, size, timeout=30):
    """Wait until both streams have carried so many good bytes."""
    total = {"rx_bytes": 0, "tx_bytes": 0}

    def enough():
        window = streams.take()
        expect(window["corrupt"] == 0 and window["resets"] == 0, window)
        for name in total:
            total[name] += window[name]
        return min(total.values()) > size

    wait_until(enough, timeout, lambda: f"{size} bytes each way, got {total}", 0.2)


def streams_to_peer(lab, t, port):
    """A stream in each direction between vf0 and the peer, for the whole test."""
    streams = tcp_streams(lab.n0, lab.peer, f"{DATA_NET}.1", port)
    t.defer(streams.stop)
    carry(streams, MIB)
    return streams


@test("TCP with the peer, every byte checked")
def tcp_peer(lab, t):
    carry(streams_to_peer(lab, t, 7010), 16 * MIB)


@test("TCP between two VFs, every byte checked")
def tcp_vf(lab, t):
    streams = tcp_streams(lab.n0, lab.n1, f"{DATA_NET}.21", 7011)
    t.defer(streams.stop)
    carry(streams, 8 * MIB)


@test("without offloads, and with them again")
def offloads(lab, t):
    streams = streams_to_peer(lab, t, 7012)
    features = ("tso", "sg", "tx", "rx", "gro", "txvlan")
    for state, order in (("off", features), ("on", reversed(features))):
        for feature in order:
            lab.n0.sh(f"ethtool -K vf0 {feature} {state}")
        carry(streams, 4 * MIB)
    features = lab.n0.sh("ethtool -k vf0")
    expect("tcp-segmentation-offload: on" in features and
           "tx-udp-segmentation: off [fixed]" in features, features)


@test("frames of all sizes, in fragments and in pieces")
def sizes(lab, t):
    for size in (0, 1, 18, 200, 242, 243, 256, 1472, 1473, 4000, 9000, 20000, 60000):
        lab.n0.sh(f"ping -c 2 -i 0.05 -W 2 -s {size} {DATA_NET}.1")
        lab.n0.sh(f"ping -c 2 -i 0.05 -W 2 -s {size} {DATA_NET6}1")


@test("MTU 9000")
def jumbo(lab, t):
    lab.peer.sh("ip link set data0 mtu 9000")
    t.defer(lab.peer.sh, "ip link set data0 mtu 1500")
    lab.n0.sh("ip link set vf0 mtu 9000")
    t.defer(lab.n0.sh, "ip link set vf0 mtu 1500")
    lab.n0.sh(f"ping -c 3 -i 0.1 -M do -s 8972 {DATA_NET}.1")
    lab.peer.sh(f"ping -c 3 -i 0.1 -M do -s 8972 {DATA_NET}.20")
    streams = streams_to_peer(lab, t, 7013)
    carry(streams, 16 * MIB)
    expect(counter(lab.n0, "rx_dropped") == 0, "frames dropped")


def add_vlan(t, space, netdev, vid, address):
    space.sh(f"ip link add link {netdev} name v{vid} type vlan id {vid} && "
             f"ip address add {address} dev v{vid} && ip link set v{vid} up")
    t.defer(space.sh, f"ip link del v{vid}")


@test("a VLAN, and TCP in it")
def vlan(lab, t):
    lab.a.sh("modprobe 8021q")
    add_vlan(t, lab.n0, "vf0", 100, "10.100.0.20/24")
    add_vlan(t, lab.n1, "vf1", 100, "10.100.0.21/24")
    lab.n0.sh("ping -c 2 -W 5 10.100.0.21")
    streams = tcp_streams(lab.n0, lab.n1, "10.100.0.21", 7014)
    t.defer(streams.stop)
    carry(streams, 4 * MIB)
    lab.n0.sh("ethtool -K vf0 txvlan off")
    t.defer(lab.n0.sh, "ethtool -K vf0 txvlan on")
    carry(streams, 4 * MIB)
    expect("on [fixed]" in lab.n0.sh("ethtool -k vf0 | grep rx-vlan-offload"), "stripping")


@test("a VLAN comes in when it is asked for, and only then")
def foreign_vlan(lab, t):
    add_vlan(t, lab.n1, "vf1", 101, "10.101.0.21/24")
    sniffer = lab.n0.start("exec tcpdump -p -n -l -i vf0 'ether proto 0x8100 or arp'")
    t.defer(sniffer.kill)
    wait_until(lambda: "listening on" in sniffer.err, 10, "tcpdump")

    def arp():
        lab.n1.run("ping -c 1 -W 1 10.101.0.20")
        return "10.101.0.20" in sniffer.out
    arp()
    # traffic of the sniffer's own VLAN arrives, so what is missing is not late
    lab.n1.run(f"ip neigh flush all; ping -c 1 -W 1 {DATA_NET}.20")
    wait_until(lambda: f"who-has {DATA_NET}.20" in sniffer.out, 10, "an ARP request")
    expect("10.101.0.20" not in sniffer.out, sniffer.out)
    add_vlan(t, lab.n0, "vf0", 101, "10.101.0.99/24")
    wait_until(arp, 10, "an ARP request in the VLAN")


@test("multicast: few groups, more than the message holds, none")
def multicast(lab, t):
    listen = ("python3 -c \"import socket,struct,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
              "s.bind(('',6000)); s.setsockopt(0,35,struct.pack('4s4s',socket.inet_aton('%s'),"
              f"socket.inet_aton('{DATA_NET}.20'))); print('ready',flush=True); s.settimeout(15);"
              "print(s.recv(99).decode(),flush=True)\"")
    send = ("python3 -c \"import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
            f"s.setsockopt(0,32,socket.inet_aton('{DATA_NET}.1'));"
            "s.sendto(b'hail',('%s',6000))\"")

    def receives(group):
        listener = lab.n0.start(listen % group)
        t.defer(listener.kill)
        wait_until(lambda: "ready" in listener.out, 15, "listener")

        def heard():
            lab.peer.sh(send % group)
            return "hail" in listener.out
        wait_until(heard, 10, f"a datagram to {group}", 0.3)

    receives("239.1.2.3")
    for i in range(1, 41):
        lab.n0.sh(f"ip maddress add 01:00:5e:10:20:{i:02x} dev vf0")
        t.defer(lab.n0.sh, f"ip maddress del 01:00:5e:10:20:{i:02x} dev vf0")
    wait_until(lambda: counter(lab.n0, "mbx_sent_set_promisc") > 0, 10, "multicast promiscuity")


@test("broadcasts of its own do not come back")
def own(lab, t):
    before = counter(lab.n0, "rx_own_dropped")
    sniffer = lab.n0.start("timeout 20 tcpdump -p -n -c 2 -Q in -i vf0 "
                           f"'arp and src host {DATA_NET}.20'")
    t.defer(sniffer.kill)
    wait_until(lambda: "listening on" in sniffer.err, 10, "tcpdump")
    lab.n0.sh(f"arping -c 3 -w 3 -I vf0 {DATA_NET}.1 || ping -c 1 {DATA_NET}.250 || true")
    wait_until(lambda: counter(lab.n0, "rx_own_dropped") > before, 10,
               "a frame of its own that was dropped")
    expect(sniffer.running, f"own ARP request came back: {sniffer.out}")


def raw_frame(source, text, netdev, times=1):
    """A command that sends a broadcast of a local experiment with any source address."""
    return ("python3 -c 'import socket; s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW); "
            f's.bind(("{netdev}",0)); f=bytes.fromhex("ffffffffffff{source.replace(":", "")}88b5")'
            f'+b"{text}".ljust(50,b"."); [s.send(f) for i in range({times})]\'')


@test("a frame with our source address from the wire is received, what we have sent is not")
def own_source(lab, t):
    mac = lab.n0.sh("cat /sys/class/net/vf0/address")
    sniffer = lab.n0.start("exec tcpdump -A -p -n -l -Q in -i vf0 ether proto 0x88b5")
    t.defer(sniffer.kill)
    wait_until(lambda: "listening on" in sniffer.err, 10, "tcpdump")
    before = counter(lab.n0, "rx_own_dropped")
    # of ours, and of a bridge's or a container's behind us
    lab.n0.sh(raw_frame(mac, "ours", "vf0", 20))
    lab.n0.sh(raw_frame("02:00:00:00:99:01", "bridged", "vf0", 20))
    wait_until(lambda: counter(lab.n0, "rx_own_dropped") >= before + 40, 10, "all were dropped")
    # as another node of a VRRP group or another port of a bond does
    lab.peer.sh(raw_frame(mac, "foreign", "data0"))
    wait_until(lambda: "foreign" in sniffer.out, 10, "the frame from the wire")
    expect("ours" not in sniffer.out and "bridged" not in sniffer.out, sniffer.out)
    # the switches have learned it elsewhere
    lab.n0.sh(f"ping -c 1 -W 5 {DATA_NET}.1")


@test("duplicate address detection does not meet itself")
def dad(lab, t):
    def state():
        return lab.n0.sh("ip -6 address show dev vf0 to fd77::20")
    for name in ("all", "vf0"):     # with it, the kernel would know its own by a nonce
        lab.n0.sh(f"sysctl -q net.ipv6.conf.{name}.enhanced_dad=0")
        t.defer(lab.n0.sh, f"sysctl -q net.ipv6.conf.{name}.enhanced_dad=1")
    before = counter(lab.n0, "rx_own_dropped")
    lab.n0.sh("ip -6 address add fd77::20/64 dev vf0")
    t.defer(lab.n0.sh, "ip -6 address del fd77::20/64 dev vf0")
    wait_until(lambda: "tentative" not in state(), 10, state)
    expect("dadfailed" not in state() and counter(lab.n0, "rx_own_dropped") > before, state())


@test("another address")
def address(lab, t):
    old = lab.n0.sh("cat /sys/class/net/vf0/address")
    lab.n0.sh("ip link set vf0 address 02:00:00:00:77:01")
    t.defer(lab.n0.sh, f"ip link set vf0 address {old}")
    lab.peer.sh(f"ip neigh flush to {DATA_NET}.20 dev data0; ping -c 2 -W 5 {DATA_NET}.20")
    expect("02:00:00:00:77:01" in lab.peer.sh("ip neigh show dev data0"), "the peer's neighbours")


@test("macvlan: a second unicast address")
def macvlan(lab, t):
    lab.n0.sh("ip link add mv0 link vf0 type macvlan mode private && ip link set mv0 up")
    t.defer(lab.n0.sh, "ip link del mv0")
    lab.a.sh("ip netns add mv; ip -n n0 link set mv0 netns mv; ip -n mv link set mv0 up; "
             f"ip -n mv address add {DATA_NET}.40/24 dev mv0")
    t.defer(lab.a.sh, "ip -n mv link set mv0 netns n0; ip netns del mv")
    wait_until(lambda: lab.peer.run(f"ping -c 1 -W 1 {DATA_NET}.40"), 10, "ping to the macvlan")


@test("ring sizes change under traffic")
def rings(lab, t):
    streams = streams_to_peer(lab, t, 7015)
    for rx, tx in ((128, 128), (4096, 128), (128, 4096), (4096, 4096), (1000, 200), (256, 256)):
        lab.n0.sh(f"ethtool -G vf0 rx {rx} tx {tx}")
        expect(re.findall(r"^(?:RX|TX):\s+(\d+)$", lab.n0.sh("ethtool -g vf0"), re.M)[2:] ==
               [str(rx), str(tx)], "ring sizes")
        carry(streams, 2 * MIB)


@test("down and up under traffic")
def down_up(lab, t):
    streams = streams_to_peer(lab, t, 7016)
    for _ in range(5):
        lab.n0.sh("ip link set vf0 down; ip link set vf0 up")
        carry(streams, 2 * MIB)
    # the administrator's down took the IPv6 address with it
    lab.n0.sh(f"ip address replace {DATA_NET6}20/64 dev vf0 nodad")


@test("FLR under traffic")
def flr(lab, t):
    streams = streams_to_peer(lab, t, 7017)
    for i in range(3):
        before = counter(lab.n0, "resets")
        lab.a.sh(f"echo 1 >/sys/bus/pci/devices/{lab.pci[0]}/reset")
        expect(counter(lab.n0, "resets") == before + 1, "resets")
        carry(streams, 2 * MIB)


@test("the PF is reset under traffic")
def pf_reset(lab, t):
    streams = streams_to_peer(lab, t, 7019)
    for _ in range(2):
        before = counter(lab.n0, "resets")
        lab.a.sh("ethtool --reset pf0 all")
        wait_until(lambda: counter(lab.n0, "resets") > before, 20, "a reset of the VF")
        carry(streams, 2 * MIB, 60)


@test("the VF is reset behind the driver's back")
def behind(lab, t):
    streams = streams_to_peer(lab, t, 7022)
    before = counter(lab.n0, "resets")
    lab.a.sh("python3 -c 'import mmap,struct; f=open(\"/sys/bus/pci/devices/"
             f"{lab.pci[0]}/resource0\",\"r+b\"); m=mmap.mmap(f.fileno(),4096); "
             "memoryview(m).cast(\"I\")[0]=1<<26'")
    wait_until(lambda: counter(lab.n0, "resets") == before + 1, 10, "a reset by the watchdog")
    carry(streams, 2 * MIB)
    expect(counter(lab.n0, "resets") == before + 1, "more than one reset")


def reachable(lab):
    """The peer reaches vf0, and vf0 the peer."""
    wait_until(lambda: lab.peer.run(f"ping -c 1 -W 1 {DATA_NET}.20") and
               lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 30, "ping")


@test("receive descriptors that the NIC took and never gave back are noticed")
def deaf(lab, t):
    before = counter(lab.n0, "stuck_resets")
    command = int(lab.a.sh(f"setpci -s {lab.pci[0]} COMMAND"), 16)
    lab.a.sh(f"setpci -s {lab.pci[0]} COMMAND={command & ~4:04x}")
    t.defer(lab.a.sh, f"setpci -s {lab.pci[0]} COMMAND={command:04x}")
    # nobody answers the ARP requests, so nothing is sent that could be missed
    expect(not lab.peer.run(f"ping -c 3 -i 0.3 -W 2 {DATA_NET}.250").ok, "an answer")
    lab.a.sh(f"setpci -s {lab.pci[0]} COMMAND={command:04x}")
    t.allow("queues do not get on")
    reachable(lab)
    expect(counter(lab.n0, "stuck_resets") == before + 1, "not by the watchdog")


# How a machine can sleep, and how far: "none" is all the way. An image of memory is written to
# a RAM disk, read from it, and gone on with, which the machine itself survives in between.
SLEEPS = (("freeze", "devices"), ("mem", "core"), ("disk", "none"))


@test("the machine sleeps, and goes on with an image of its memory: the VF works afterwards")
def sleeps(lab, t):
    t.defer(lab.a.sh, "echo none >/sys/power/pm_test; echo platform >/sys/power/disk; "
                      "echo 1 >/proc/sys/kernel/soft_watchdog; swapoff /dev/ram0; rmmod brd")
    # the time asleep is a busy loop, which the watchdog of a slow machine takes for an error
    lab.a.sh("echo 1 >/sys/module/suspend/parameters/pm_test_delay; "
             "echo 0 >/proc/sys/kernel/soft_watchdog; modprobe brd rd_nr=1 rd_size=300000; "
             "mkswap /dev/ram0 && swapon /dev/ram0 && echo test_resume >/sys/power/disk")
    for n, (how, level) in enumerate(SLEEPS):
        flood = lab.peer.start(f"ping -q -i 0.01 {DATA_NET}.20")
        t.defer(flood.kill)
        lab.a.sh(f"echo {level} >/sys/power/pm_test; dmesg -C; {lab.a.sleep(how)}",
                 timeout=60)
        flood.kill()
        log = lab.a.sh("dmesg")
        expect(("Creating image" if how == "disk" else "debug: Waiting for") in log,
               f"{how} did not get so far: {log}")
        # said after the image was made: what is in memory now knows nothing of it
        expect("Image saving" not in log, f"{how}: not what the image has: {log}")
        reachable(lab)
        carry(streams_to_peer(lab, t, 7090 + n), 2 * MIB)


@test("interrupts are throttled as wanted, over a reset too")
def coalesce(lab, t):
    t.defer(lab.n0.sh, "ethtool -C vf0 rx-usecs 0; ip link set vf0 up")

    def throttle():
        dump = lab.a.sh(f"ip netns exec n0 ethtool -d vf0 raw on | od -An -v -w8 -tx4")
        return int(dict(line.split() for line in dump.splitlines())["00001680"], 16) & 0x7fff
    lab.n0.sh("ethtool -C vf0 rx-usecs 500")
    expect("rx-usecs:	500" in lab.n0.sh("ethtool -c vf0"), "not shown")
    expect(throttle() == 500 << 2, throttle())
    lab.n0.sh("ethtool --reset vf0 all")
    expect(throttle() == 500 << 2, "lost by a reset")
    carry(streams_to_peer(lab, t, 7032), 2 * MIB)
    refused = lab.n0.run("ethtool -C vf0 rx-usecs 9000")
    expect(not refused.ok and "8191" in refused.err, refused)
    expect(not lab.n0.run("ethtool -C vf0 tx-usecs 10").ok, "transmit has no throttle of its own")


@test("self test, on and off line; reset by ethtool")
def self_test(lab, t):
    streams = streams_to_peer(lab, t, 7033)
    for how in ("online", "offline"):
        result = lab.n0.sh(f"ethtool -t vf0 {how}", timeout=30)
        expect("PASS" in result and result.count("\t 0") == 4, result)
        carry(streams, MIB)
    before = counter(lab.n0, "resets")
    lab.n0.sh("ethtool --reset vf0 all")
    expect(counter(lab.n0, "resets") == before + 1, "resets")
    carry(streams, MIB)
    # one part alone cannot be reset
    expect(not lab.n0.run("ethtool --reset vf0 irq").ok, "a reset of a part")
    # the test can fail: nobody raises an interrupt of a masked vector
    lab.n0.sh("ip link set vf0 down")
    t.defer(lab.n0.sh, f"ip link set vf0 up; ip address replace {DATA_NET6}20/64 dev vf0 nodad")
    t.defer(lab.a.qmp.hmp, "set_link data on")
    lab.a.qmp.hmp("set_link data off")
    wait_until(lambda: "FAIL" in lab.n0.run("ethtool -t vf0 online").out, 10, "a link that fails")


@test("tunnels: TCP in VXLAN and in GRE, segmented and summed by software")
def tunnels(lab, t):
    # the NIC that QEMU makes parses headers itself, and would sum and cut the outer ones
    offloads = lab.n0.sh("ethtool -k vf0")
    for feature in ("tx-udp_tnl-segmentation", "tx-gre-segmentation", "tx-gso-partial"):
        expect(f"{feature}: off [fixed]" in offloads, feature)
    kinds = {"vxlan": "id 9 dstport 4789", "gretap": ""}
    for i, (kind, more) in enumerate(kinds.items()):
        for place, netdev, own, other in ((lab.n0, "vf0", 20, 21), (lab.n1, "vf1", 21, 20)):
            place.sh(f"ip link add t{i} type {kind} {more} local {DATA_NET}.{own} "
                     f"remote {DATA_NET}.{other} dev {netdev} && "
                     f"ip address add 10.9{i}.0.{own}/24 dev t{i} && ip link set t{i} up")
            t.defer(place.sh, f"ip link del t{i}")
        streams = tcp_streams(lab.n0, lab.n1, f"10.9{i}.0.21", 7040 + i)
        t.defer(streams.stop)
        carry(streams, MIB // 2)


@test("what is shown: driver, link, registers, statistics")
def shown(lab, t):
    info = lab.n0.sh("ethtool -i vf0")
    expect("driver: vferry_vf" in info and f"bus-info: {lab.pci[0]}" in info, info)
    link = lab.n0.sh("ethtool vf0")
    expect("Speed: 1000Mb/s" in link and "Duplex: Full" in link and
           "Link detected: yes" in link, link)
    expect(len(lab.n0.sh("ethtool -d vf0 raw on | wc -c")) > 1, "registers")
    expect(counter(lab.n0, "mbx_sent_reset") >= 1 and counter(lab.n0, "tx_timeouts") == 0,
           "statistics")


@test("queues, their NAPI and vector, and statistics by queue")
def queues(lab, t):
    lab.a.push("/tmp/netdev.py", NETDEV.encode())
    lab.n0.sh(f"ping -c 3 -i 0.1 {DATA_NET}.1")
    queues, napis, stats = json.loads(lab.n0.sh("python3 /tmp/netdev.py vf0"))
    napi, = napis
    expect(sorted(q["3"] for q in queues) == [0, 1] and
           all(q["4"] == napi["2"] for q in queues), (queues, napis))
    irq = lab.a.sh(f"grep 'vferry_vf-{lab.pci[0]}-queue' /proc/interrupts | cut -d: -f1")
    expect(napi["3"] == int(irq), (napi, irq))
    rx, = (q for q in stats if "8" in q)
    tx, = (q for q in stats if "10" in q)
    for found, kind in ((rx["8"], "rx"), (tx["10"], "tx")):
        now = int(lab.n0.sh(f"cat /sys/class/net/vf0/statistics/{kind}_packets"))
        expect(0 < found <= now, f"{kind}: {found} of {now} packets")
    lab.n0.sh("ip link set vf0 down")
    t.defer(lab.n0.sh, f"ip link set vf0 up; ip address replace {DATA_NET6}20/64 dev vf0 nodad")
    expect(not json.loads(lab.n0.sh("python3 /tmp/netdev.py vf0"))[0], "queues while down")


@test("the link's end is seen, and its return")
def link(lab, t):
    lab.n0.sh("ping -c 1 -W 2 " + DATA_NET + ".1")
    lab.a.qmp.hmp("set_link data off")
    try:
        wait_until(lambda: "0" in lab.n0.run("cat /sys/class/net/vf0/carrier").out, 10, "no carrier")
    finally:
        lab.a.qmp.hmp("set_link data on")
    wait_until(lambda: "1" in lab.n0.run("cat /sys/class/net/vf0/carrier").out, 20, "carrier")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "ping")


@test("unload and load 10 times under traffic")
def reload(lab, t):
    flood = lab.peer.start(f"ping -q -i 0.002 {DATA_NET}.20")
    t.defer(flood.kill)
    for i in range(10):
        lab.a.unload("vferry_vf")
        lab.a.load("vferry_vf")
        lab.a.bind(lab.pci[0], "vferry_vf")
        lab.a.netdev_of(lab.pci[0], "vf0")
        lab.a.sh(f"ip link set vf0 netns n0 && ip -n n0 address add {DATA_NET}.20/24 dev vf0 && "
                 "ip -n n0 link set vf0 up")
        wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, f"ping after load {i}")
    carry(streams_to_peer(lab, t, 7018), 2 * MIB)


@test("no work runs for an interface before it is registered")
def early(lab, t):
    trace = "/sys/kernel/tracing"
    works = ("vvf_filter_work", "vvf_link_watchdog", "vvf_link_reset_work", "vvf_mig_told")
    t.defer(lab.a.sh, f"echo 0 >{trace}/events/kprobes/enable; echo >{trace}/kprobe_events")
    for probe in (f"p:{work} vferry_vf:{work}" for work in works):
        lab.a.sh(f"echo '{probe}' >>{trace}/kprobe_events")
    lab.a.sh(f"echo 'r:registered register_netdev' >>{trace}/kprobe_events; "
             f"echo 1 >{trace}/events/kprobes/enable")
    # vf0 is the only other one, and at rest: what works is the new one's
    lab.n0.sh("ip link set vf0 down")
    for _ in range(5):
        lab.a.sh(f"echo >{trace}/trace")
        lab.a.bind(lab.pci[1], "vferry_vf")
        wait_until(lambda: "vvf_filter_work" in lab.a.sh(f"cat {trace}/trace"), 10, "filter work")
        events = re.findall(r": (\w+): \(", lab.a.sh(f"cat {trace}/trace"))
        early = [e for e in events[:events.index("registered")] if e != "vvf_link_watchdog"]
        lab.a.sh(f"echo {lab.pci[1]} >/sys/bus/pci/drivers/vferry_vf/unbind")
        expect(not early, f"before the interface was registered: {early}")


# A guest's driver that says HELLO with features sys.argv[2] on the VF at sys.argv[1].
HELLO = r"""
import mmap, sys, time
f = open(f"/sys/bus/pci/devices/{sys.argv[1]}/resource0", "r+b")
regs = memoryview(mmap.mmap(f.fileno(), 16384)).cast("I")
MAILBOX, MEMORY = 0xc40 // 4, 0x800 // 4
def ask(*words):
    regs[MAILBOX] = 4
    for i, word in enumerate(words):
        regs[MEMORY + i] = word
    regs[MAILBOX] = 1
    end = time.monotonic() + 10
    while not regs[MAILBOX] & 0x10:
        if time.monotonic() > end:
            sys.exit("no answer")
    answer = regs[MEMORY]
    regs[MAILBOX] = 2
    if not answer & 0x80000000:
        sys.exit(f"refused: {answer:#x}")
ask(1)
ask(0x40, 0x00010001, int(sys.argv[2]))
"""


@test("a guest that says that it sleeps is not migrated, and the reason is named")
def asleep(lab, t):
    def vf1():
        return next(vf for vf in map(json.loads, lab.a.sh("vfstate dump").splitlines())
                    if vf["vf"] == 1)
    lab.a.push("/tmp/hello.py", HELLO)
    lab.a.unbind(lab.pci[1])
    lab.a.sh(f"echo 1 >/sys/bus/pci/devices/{lab.pci[1]}/enable")
    t.defer(lab.a.sh, f"echo 0 >/sys/bus/pci/devices/{lab.pci[1]}/enable")
    lab.a.sh(f"python3 /tmp/hello.py {lab.pci[1]} 2")
    expect(vf1().get("reason") == "the guest sleeps", vf1())
    refused = lab.a.run("vfstate genl pf0 1 migrate")
    expect(not refused.ok and "the guest sleeps" in refused.out + refused.err, refused)
    # it has woken up
    lab.a.sh(f"python3 /tmp/hello.py {lab.pci[1]} 1")
    expect(vf1().get("migratable"), vf1())
