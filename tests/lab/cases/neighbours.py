# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest moves to a site where another gateway has the same address: it uses that one
within a second, and that one knows the guest, although it ignores announcements."""

from vlab import case, expect, test, wait_until
from vlab.case import Skip
from vlab.crossing import GUEST_ADDRESS, GUEST_MAC, Crossing
from vlab.sites import BEYOND, BEYOND6, GATEWAY, GATEWAY6, Received, make
from vlab.stolen import Stolen
from vlab.vferryd import BOOT_TIMEOUT, HOST_MEMORY, Vferryd, plain_guest
from vlab.wait import TimedOut

case(hosts=["a", "b"], memory=HOST_MEMORY, smp=1)

GUEST_ADDRESS6 = "fd09::50"
STATIC, STATIC_MAC = "10.9.0.253", "02:00:00:00:00:63"
PORT = 7100
CONFIGURE = f"""
sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.eth0.accept_ra=0
ip link set eth0 up
ip address add {GUEST_ADDRESS}/24 dev eth0
ip address add {GUEST_ADDRESS6}/64 dev eth0 nodad
ip route add 10.8.0.0/24 via {GATEWAY}
ip route add fd08::/64 via {GATEWAY6}
ip neighbour add {STATIC} lladdr {STATIC_MAC} dev eth0 nud permanent
"""
# One way: what comes back would tell the kernel of the guest, or of the gateway.
SEND = f"""
import itertools, socket, time
four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
print("sending", flush=True)
for number in itertools.count():
    for sock, to in ((four, "{BEYOND}"), (six, "{BEYOND6}")):
        try:
            sock.sendto(str(number).encode(), (to, {PORT}))
        except OSError:
            pass
    time.sleep(0.05)
"""


def setup(lab):
    if lab.peer.name != "peer" or not hasattr(lab.a, "_qemu"):
        raise Skip("both sites are bridges of this machine")
    lab.sites = make(lab)
    guest = plain_guest(lab)
    lab.agent = Vferryd(guest)
    lab.cross = Crossing(lab, guest=guest, boot_timeout=BOOT_TIMEOUT,
                         prepare=lambda guest: lab.agent.start_plain(CONFIGURE))
    guest.push("/tmp/send.py", SEND)
    sender = guest.start("exec python3 /tmp/send.py")
    wait_until(lambda: "sending" in sender.out, 60, lambda: f"the sender: {sender.err}")


def move(lab, t, limit):
    """To the other site; returns (record, {family: seconds from RESUME to the first
    datagram at the new gateway, None: none within the limit})."""
    guest = lab.cross.guest
    source = lab.sites[guest.host.name]
    target = lab.sites[lab.other(guest.host).name]
    received = {site: Received(site, PORT) for site in (source, target)}
    for one in received.values():
        t.defer(one.stop)
    # The old gateway is in use, and the new one has never heard of the guest.
    for family in (4, 6):
        wait_until(lambda: received[source].since(0, family), 30, f"IPv{family} at {source.name}")
    expect(not received[target].since(0, 4), "the other site's gateway is seen from here")
    target.forget()
    stolen = Stolen(lab.other(guest.host))
    t.defer(stolen.stop)
    count = len(lab.agent.history())
    figures = lab.cross.move(lab.other(guest.host), settle=0).figures
    expect(figures["status"] == "completed", figures)
    record = lab.agent.record_after(count)
    offset, error = guest.clock_offset()
    resumed = record["resumed_ns"] - offset - error
    took = {}
    for family in (4, 6):
        try:
            took[family] = wait_until(lambda: received[target].since(resumed, family), limit,
                                      f"IPv{family} at {target.name}")[0]
        except TimedOut:
            took[family] = None
    for one in received.values():
        one.stop()
    for family, value in took.items():
        if value is not None:
            without = stolen.between(resumed, resumed + int(value * 1e9))
            t.note(f"IPv{family}: {value * 1e3:.0f} ms, {without * 1e3:.0f} ms of it without a "
                   "processor")
            took[family] = value - without
    t.note(f"agent: first announcement {record['agent_resume_us']} us after RESUME, last "
           f"neighbour's answer {record['neighbours'].get('answered_us')} us")
    t.note(f"the gateway of {target.name} gets IPv4 after {took[4]} s and IPv6 after {took[6]} s "
           f"(clocks known to {error / 1e6:.1f} ms); {record['neighbours']}")
    return record, took


@test("one-way UDP through the gateway: there and back it reaches the other one within 1 s")
def one_way(lab, t):
    guest = lab.cross.guest
    for _ in range(2):
        record, took = move(lab, t, 10)
        expect(record["outcome"] == "arrived", record)
        site = lab.sites[guest.host.name]
        expect(all(value is not None and value < 1 for value in took.values()), took)
        n = record["neighbours"]
        expect(n["gateways"] == 2 and n["answered"] >= 2 and n["moved"] >= 1, n)
        # It was asked, so it knows who asked. Nothing else was said to it.
        known = {a: site.lladdr(a) for a in (GUEST_ADDRESS, GUEST_ADDRESS6)}
        expect(set(known.values()) == {GUEST_MAC}, known)
        macs = guest.sh(f"ip neighbour show to {GATEWAY}; ip neighbour show to {GATEWAY6}")
        expect(macs.count(site.mac) == 2, macs)


@test("a static neighbour is left alone")
def static(lab, t):
    shown = lab.cross.guest.sh(f"ip neighbour show to {STATIC}")
    expect(STATIC_MAC in shown and "PERMANENT" in shown, shown)


@test("control: an agent that does not ask leaves the guest with the old gateway")
def control(lab, t):
    lab.agent.restart_plain("[default]\nneighbours = no\n")
    record, took = move(lab, t, 3)
    expect(record["neighbours"]["asked"] == 0, record)
    expect(took[4] is None or took[4] > 1, took)
    expect(lab.sites[lab.cross.guest.host.name].lladdr(GUEST_ADDRESS) is None,
           "the gateway knows the guest: announcements are not ignored")
