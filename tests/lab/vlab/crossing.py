# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts with vferry's drivers, and a guest on a VF that moves between them
while the peer watches."""

import report
from vlab.events import Events
from vlab.guest import BOOT_TIMEOUT
from vlab.net import DATA_NET
from vlab.traffic import tcp_streams, udp_probe
from vlab.wait import wait_until

GUEST_MAC = "52:54:00:0a:02:01"
GUEST_ADDRESS = f"{DATA_NET}.50"
LAB = {"hosts": ("a", "b"), "memory": 1152, "smp": 1}
# Bytes/s in each direction: what leaves a guest in an emulated host some time.
TCP_RATE = 500_000


# A guest inside an emulated host may not get a processor for a second when this
# machine is busy with others: a deadline that passes for that reason tells nothing.
PF_ARGS = "migrate_ms=10000 suspend_ms=10000"
VFIO_ARGS = "wait_ms=5000"


def prepare_host(host, vfs=1):
    """Load vferry's drivers; returns the VFs' PCI addresses, bound to vferry_vfio."""
    host.load_pf("vferry_pf", PF_ARGS)
    host.load("kvm-amd")
    host.load("vferry_vfio", VFIO_ARGS)
    pcis = host.create_vfs(vfs)
    for pci in pcis:
        host.bind(pci, "vferry_vfio")
    return pcis


def guest_interface(guest):
    """Name of the guest's interface on the VF, once it is there."""
    return wait_until(
        lambda: guest.run("cd /sys/class/net && for n in *; do [ -e $n/device ] && "
                          "echo $n && break; done; true").out.strip(),
        20, f"{guest.name}: an interface on the VF")


def configure_guest(guest, address=GUEST_ADDRESS):
    """Bring the VF's interface up with an address; returns the interface's name."""
    name = guest_interface(guest)
    guest.sh(f"ip link set {name} up && ip address add {address}/24 dev {name}")
    return name


class Move:
    """One migration as it was observed. figures: report.figures(); ok: as demo wants it."""

    def __init__(self, figures, seen, probe, tcp):
        self.figures, self.seen, self.probe, self.tcp = figures, seen, probe, tcp

    @property
    def wrong(self):
        return report.verdict(self.figures)

    def lines(self):
        return report.render(self.figures, self.seen, self.probe)


class Crossing:
    """vfs: dict of host name to its VFs' PCI addresses. guest runs on host a at first.

    prepare_host: called with each host and the number of VFs; returns their addresses.
    prepare: called with a guest of the caller's once that has booted; it brings the
    interface up, with GUEST_ADDRESS, and returns its name.
    guest_options: of Guest, if none is given.
    """

    def __init__(self, lab, say=lambda text: None, guest_memory=256, vfs=1, guest=None,
                 prepare=configure_guest, boot_timeout=BOOT_TIMEOUT,
                 prepare_host=prepare_host, **guest_options):
        self.lab = lab
        self.vfs = {}
        for host in lab.hosts.values():
            self.vfs[host.name] = prepare_host(host, vfs)
        lab.a.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")
        say(f"hosts {' and '.join(lab.hosts)} are up with vferry's drivers")
        self.guest = guest or lab.guest(memory=guest_memory, **guest_options)
        self.guest.boot(lab.a, self.vfs["a"][0], boot_timeout)
        self.interface = prepare(self.guest)
        lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30)
        say(f"the guest runs on host a, {self.interface} is a VF of its NIC, "
            f"booted in {self.guest.boot_seconds:.0f} s")
        self.events = {host.name: Events(host) for host in lab.hosts.values()}
        self.probe = self.streams = None

    def start_traffic(self, rate=TCP_RATE, interval_us=1000):
        """A UDP probe, and with a rate a TCP stream in each direction."""
        peer = self.lab.peer
        self.probe = udp_probe(peer, self.guest, GUEST_ADDRESS, interval_us=interval_us)
        if rate is not None:
            self.streams = tcp_streams(peer, self.guest, GUEST_ADDRESS, rate=rate)

    def observed(self, since):
        """Events of all hosts on this machine's clock; since: counts by host."""
        found = []
        for name, events in self.events.items():
            offset, _ = self.lab.hosts[name].clock_offset()
            for e in events.all()[since[name]:]:
                label = e.get("phase") if e["event"] == "phase" else e.get("state", "")
                found.append(report.Event(
                    (e["time_ns"] - offset) / 1e9, name, e["event"], label,
                    old=e.get("old_state"), guest_us=e.get("guest_us"),
                    duration_us=e.get("duration_us"), reason=e.get("reason"),
                    vf=e.get("vf")))
        return sorted(found, key=lambda e: e.time)

    def event_counts(self):
        return {name: events.count() for name, events in self.events.items()}

    def idle_on(self, host, since=0, timeout=10):
        """Wait until the guest's RESUME on a host is done."""
        self.events[host.name].wait(
            lambda e: e["event"] == "state" and e["state"] == "idle"
            and e["old_state"] == "resume-sent", timeout,
            f"the guest's answer to RESUME on host {host.name}", since)

    def move(self, target, vf=0, on_progress=None, settle=1.0, **parameters):
        """Migrate the guest to a host; returns a Move.

        settle: seconds of traffic after the migration that belong to its window.
        """
        source = self.guest.host
        since = self.event_counts()
        if self.probe:
            self.probe.take()
        if self.streams:
            self.streams.take()
        migration = self.guest.migrate(target, self.vfs[target.name][vf],
                                       on_progress=on_progress, **parameters)
        self.idle_on(target, since[target.name])
        self._heard_again(settle)
        probe = self.probe.take() if self.probe else {
            "sent": 0, "lost": 0, "gap_ms": None, "gap_begin": 0, "gap_end": 0}
        tcp = self.streams.take() if self.streams else {
            "rx_bytes": 0, "tx_bytes": 0, "corrupt": 0, "resets": 0}
        seen = report.steps(self.observed(since), source.name, target.name,
                            probe["gap_end"])
        return Move(report.figures(source.name, target.name, migration.info, seen,
                                   probe, tcp), seen, probe, tcp)

    def _heard_again(self, settle):
        """The peer hears the guest, and then for some time more."""
        # One after another: an interface that goes down and up loses some.
        wait_until(lambda: self.lab.peer.run(f"ping -c 1 -W 1 {GUEST_ADDRESS}"), 15,
                   "the guest to be heard again")
        wait_until_time(settle)


def wait_until_time(seconds):
    """Let traffic run on: what is measured is time itself."""
    from vlab.wait import Deadline
    deadline = Deadline(seconds)
    wait_until(deadline.passed, seconds + 5, "time to pass")
