# SPDX-License-Identifier: GPL-2.0-or-later
"""The five set-ups: how a guest gets its network, and how it is moved.

Each is as good as it can be made here. What they share: hosts, kernel, memory, the
PF's driver (vferry_pf, which takes a VF's address out of the NIC when the VF is
reset; igb leaves it there, which costs the others more), and a bridge on the PF.
"""

import os
import threading
import time

import report
from vlab.crossing import GUEST_ADDRESS, GUEST_MAC, PF_ARGS, VFIO_ARGS
from vlab.events import Events
from vlab.guest import Guest, MigrationFailed
from vlab.net import DATA_NET
from vlab.wait import Deadline, wait_until

# Under TCP at full speed vhost=off was the better one here, in throughput and gaps; idle and
# request/response showed no difference: ../results. A host of the lab has one processor, which
# vhost's thread and the guest's take from each other.
VHOST = os.environ.get("VHOST", "off")
TAP = f"-netdev tap,id=net0,ifname=tap0,script=no,downscript=no,vhost={VHOST}"
VIRTIO = f"-device virtio-net-pci,id=virtio0,netdev=net0,mac={GUEST_MAC},romfile="
PORT = "-device pcie-root-port,id=port0,slot=1,chassis=1"
MEMORY = 256


class BenchGuest(Guest):
    """A guest whose NICs are the set-up's business."""

    def __init__(self, lab, setup):
        super().__init__(lab, name=f"guest-{setup.name}", memory=MEMORY,
                         modules=setup.modules)
        self._setup = setup

    def nics(self, vf, incoming):
        return self._setup.nics(vf, incoming)


def prepare_hosts(lab):
    """Once: what any of the set-ups needs of the hosts."""
    for host in lab.hosts.values():
        host.load_pf("vferry_pf", PF_ARGS)
        host.load("kvm-amd")
        host.load("vferry_vfio", VFIO_ARGS)
        host.sh("modprobe -a vfio-pci vhost_net tun bridge && "
                "ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0 && "
                "ip tuntap add tap0 mode tap vnet_hdr && "
                "ip link set tap0 master br0 up && ip link set br0 up", timeout=60)


class Moved:
    """What a move leaves: times are this machine's clock, seconds."""

    def __init__(self):
        self.begin = self.end = None
        self.info = {}          # QEMU's last answer to query-migrate
        self.steps = []         # (time, name): what happened, in any order
        self.rates = []         # dirty-pages-rate as it went
        self.suspend_us = self.resume_us = None


class Watch:
    """Looks at a migration every quarter of a second, as people do."""

    def __init__(self, qmp, moved):
        self._qmp, self._moved = qmp, moved
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._end.wait(0.25):
            try:
                ram = self._qmp.command("query-migrate").get("ram", {})
            except (ConnectionError, OSError, RuntimeError):
                return
            if ram.get("dirty-sync-count", 0) > 1:
                self._moved.rates.append(ram["dirty-pages-rate"])

    def stop(self):
        self._end.set()
        self._thread.join(30)


def await_event(qmp, what, condition, timeout, since=0):
    """The first event from index `since` on for which condition(event) holds."""
    def found():
        return next((e for _, e in qmp.events[since:] if condition(e)), None)
    return qmp._wait(found, timeout, what)


def status_is(*states):
    return lambda e: e["event"] == "MIGRATION" and e["data"]["status"] in states


class Setup:
    """One way. Subclasses say which NICs, and what a move is made of."""

    name = None
    modules = ()
    interface = "eth0"      # has the address
    driver = "vfio-pci"     # of the VF on hosts; None: no VFs are made
    bridged = True          # the PF is a port of the bridge that tap0 is on
    admin_mac = ()          # hosts on which the VF's address is set

    def __init__(self, lab):
        self.lab = lab
        self.vfs = {}
        self.guest = None
        self._watching = None

    # -- before and after

    def start(self):
        """Arrange the hosts, boot the guest on host a."""
        for host in self.lab.hosts.values():
            self._arrange(host)
        self.guest = BenchGuest(self.lab, self)
        self.guest.boot(self.lab.a, self.vfs["a"])
        self.configure()
        # From the guest: the network may still take its address for one on the other host.
        wait_until(lambda: self.guest.run(f"ping -c 1 -W 1 {DATA_NET}.1", timeout=30), 60,
                   f"{self.name}: the guest to reach the peer")

    def _arrange(self, host):
        if self.bridged:
            # Its own broadcasts come back to a PF with VFs: nothing is to be learnt
            # from what it hears. Unknown addresses are flooded: there are two ports.
            host.sh("ip link set pf0 master br0 && bridge link set dev pf0 learning off")
        else:
            host.sh("ip link set pf0 nomaster")
        pcis = host.create_vfs(1 if self.driver else 0)
        for pci in pcis:
            host.bind(pci, self.driver)
        if host.name in self.admin_mac:
            host.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")
        self.vfs[host.name] = pcis[0] if pcis else None

    def configure(self):
        self.guest.sh(f"ip link set {self.interface} up && "
                      f"ip address add {GUEST_ADDRESS}/24 dev {self.interface}")

    def stop(self):
        if self._watching:
            self._watching.kill()
            self._watching = None
        if self.guest:
            self.guest.shutdown()
            self.lab.guests.remove(self.guest)
            self.guest = None
        for host in self.lab.hosts.values():
            host.create_vfs(0)

    def nics(self, vf, incoming):
        raise NotImplementedError

    # -- in the guest

    def watch_link(self, name, how):
        """The guest does something with an interface, now and each time it appears."""
        self._watching = self.guest.start(f"exec onlink {name} {how}")
        wait_until(lambda: self.links_seen() or not self._watching.running, 60,
                   f"{name} to be in use")
        if not self._watching.running:
            raise RuntimeError(f"onlink: {self._watching.err}")

    def links_seen(self):
        return [int(line.split()[1]) for line in self._watching.out.split("\n")[:-1]
                if line.startswith("done")]

    def _link_steps(self, begin):
        """What onlink said since then: the guest's clock is about this machine's."""
        if not self._watching:
            return []
        offset, _ = self.guest.clock_offset(rounds=4, timeout=60)
        found = []
        for line in self._watching.out.split("\n")[:-1]:
            word, _, number = line.partition(" ")
            if number and (int(number) - offset) / 1e9 >= begin:
                found.append(((int(number) - offset) / 1e9, f"VF {word}"))
        return found

    # -- a move

    def expect(self, target):
        """Start the QEMU that awaits the guest."""
        return self.guest.expect_on(target, self.vfs[target.name])

    def move(self, instance, **parameters):
        """Move the guest there, with all that belongs to it; returns Moved."""
        moved = Moved()
        source, target = self.guest.instance, instance
        seen = len(source.qmp.events), len(target.qmp.events)
        moved.begin = time.time()
        self.before(moved, source)
        migration = self.guest.begin_migration(target, **parameters)
        watch = Watch(source.qmp, moved)
        try:
            self.during(moved, source, target, seen)
            await_event(source.qmp, "the migration's end",
                        status_is("completed", "failed", "cancelled"), 120, seen[0])
        finally:
            watch.stop()
        moved.info = migration.poll()
        if moved.info["status"] != "completed":
            raise MigrationFailed(f"{self.name}: {moved.info.get('status')}: "
                                  f"{moved.info.get('error-desc')}", moved.info)
        self.guest.moved_to(target)
        self.after(moved, source, target)
        moved.end = time.time()
        for instance, since, there in ((source, seen[0], "source"), (target, seen[1], "target")):
            offset, _ = instance.host.clock_offset()
            for _, event in instance.qmp.events[since:]:
                stamp = event["timestamp"]
                at = stamp["seconds"] + stamp["microseconds"] / 1e6 - offset / 1e9
                name = event["event"]
                if name == "MIGRATION":
                    name += " " + event["data"]["status"]
                moved.steps.append((at, f"{there} {name}"))
        moved.steps += self._link_steps(moved.begin)
        source.quit()
        self.tidy(source)
        return moved

    def before(self, moved, source):
        """What is done before QEMU is told to migrate."""

    def during(self, moved, source, target, seen):
        """What is done while it does."""

    def after(self, moved, source, target):
        """What is left to do when it has; the move has ended when this returns."""
        del self, moved, source, target

    def tidy(self, source):
        """When the move has ended and the source's QEMU too."""

    def device_del(self, qmp):
        since = len(qmp.events)
        qmp.command("device_del", id="vf")
        await_event(qmp, "the VF to be unplugged",
                    lambda e: e["event"] == "DEVICE_DELETED" and
                    e["data"].get("device") == "vf", 60, since)

    def device_add(self, target):
        target.qmp.command("device_add", driver="vfio-pci", id="vf", bus="port0",
                           host=self.vfs[target.host.name], timeout=60)

    @staticmethod
    def await_running(target, since):
        await_event(target.qmp, "the guest to run", lambda e: e["event"] == "RESUME", 120, since)


class Vferry(Setup):
    """The VF, all the time."""

    name = "vferry"
    modules = ("vferry_vf",)
    driver = "vferry_vfio"
    bridged = False
    admin_mac = ("a",)

    def start(self):
        self.events = {}
        super().start()
        self.events = {h.name: Events(h) for h in self.lab.hosts.values()}

    def stop(self):
        for events in self.events.values():
            events.stop()
        super().stop()

    def nics(self, vf, incoming):
        return [f"-device vfio-pci,id=vf,host={vf},enable-migration=on"]

    def before(self, moved, source):
        self._since = {name: events.count() for name, events in self.events.items()}

    def after(self, moved, source, target):
        name = target.host.name
        self.events[name].wait(
            lambda e: e["event"] == "state" and e["state"] == "idle" and
            e["old_state"] == "resume-sent", 30, "the guest's answer to RESUME",
            self._since[name])

    def tidy(self, source):
        """The drivers' own events, on this machine's clock."""
        for name, events in self.events.items():
            offset, _ = self.lab.hosts[name].clock_offset()
            for e in events.all()[self._since[name]:]:
                moved_at = (e["time_ns"] - offset) / 1e9
                label = e.get("phase") if e["event"] == "phase" else e.get("state", "")
                self._found.append(report.Event(
                    moved_at, name, e["event"], label, old=e.get("old_state"),
                    guest_us=e.get("guest_us")))

    def move(self, instance, **parameters):
        self._found = []
        source = self.guest.host.name
        moved = super().move(instance, **parameters)
        seen = report.steps(self._found, source, instance.host.name)
        for name, host in (("saved", source), ("loaded", instance.host.name)):
            event = report.last(self._found, host, "phase", name)
            if event:
                seen[name] = event
        moved.steps += [(event.time, key) for key, event in seen.items()]
        moved.suspend_us = seen["suspended"].fields.get("guest_us") if "suspended" in seen else None
        moved.resume_us = seen["resumed"].fields.get("guest_us") if "resumed" in seen else None
        return moved


class Virtio(Setup):
    """virtio-net alone. Without VFs the PF's NIC does checksums and segmentation."""

    name = "virtio"
    modules = ("failover", "net_failover", "virtio_net")
    driver = None

    def nics(self, vf, incoming):
        return [TAP, VIRTIO]


class Bond(Setup):
    """Active-backup bond of VF and virtio-net; the VF is unplugged for the move.

    The guest sets the VF's address when the bond takes the VF in, so that frames go to
    the VF from then on and not before; the host takes it away at the unplug.
    all_slaves_active: what comes in on the other one in between is not dropped.
    """

    name = "bond"
    modules = ("failover", "net_failover", "virtio_net", "tls", "bonding", "igbvf")
    interface = "bond0"

    def nics(self, vf, incoming):
        nics = [TAP, VIRTIO, PORT]
        if not incoming:
            nics.append(f"-device vfio-pci,id=vf,bus=port0,host={vf}")
        return nics

    def configure(self):
        guest = self.guest
        wait_until(lambda: guest.run("[ -e /sys/class/net/eth1 ]"), 30, "both interfaces")
        guest.sh("ip link set eth0 down; ip link set eth1 down; ip link set bond0 down; "
                 "cd /sys/class/net/bond0/bonding && echo active-backup >mode && "
                 "echo 10 >miimon && echo 1 >all_slaves_active && "
                 f"ip link set bond0 address {GUEST_MAC} && "
                 "ip link set bond0 up && echo +eth0 >slaves && echo eth1 >primary", timeout=60)
        self.watch_link("eth1", "bond bond0")
        guest.sh(f"ip address add {GUEST_ADDRESS}/24 dev bond0")

    def before(self, moved, source):
        source.host.sh("ip link set pf0 vf 0 mac 00:00:00:00:00:00")
        self.device_del(source.qmp)
        moved.steps.append((time.time(), "unplugged"))

    def during(self, moved, source, target, seen):
        self._plugged = len(self.links_seen())
        self.await_running(target, seen[1])
        self.device_add(target)
        moved.steps.append((time.time(), "plugged"))

    def after(self, moved, source, target):
        wait_until(lambda: len(self.links_seen()) > self._plugged, 180,
                   "the guest to use the VF", 0.01)
        moved.steps.append((time.time(), "VF in use"))


class NetFailover(Setup):
    """virtio-net with failover=on: QEMU unplugs and plugs the VF, the guest's kernel
    pairs both. The VF needs its address when it is plugged, so hosts have set it."""

    name = "net_failover"
    modules = ("failover", "net_failover", "virtio_net", "igbvf")
    admin_mac = ("a", "b")

    def nics(self, vf, incoming):
        return [TAP, VIRTIO + ",failover=on", PORT,
                f"-device vfio-pci,id=vf,bus=port0,host={vf},failover_pair_id=virtio0"]

    def configure(self):
        super().configure()
        self.watch_link("eth2", "pair")

    def during(self, moved, source, target, seen):
        self._plugged = len(self.links_seen())
        # The device stays with QEMU, and so the VF is not reset: its address has to be
        # taken away as soon as the guest has let it go.
        await_event(source.qmp, "the VF to be unplugged", status_is("active", "failed"),
                    60, seen[0])
        source.host.sh("ip link set pf0 vf 0 mac 00:00:00:00:00:00")
        moved.steps.append((time.time(), "unplugged"))
        self.await_running(target, seen[1])

    def after(self, moved, source, target):
        wait_until(lambda: len(self.links_seen()) > self._plugged, 180,
                   "the guest to use the VF", 0.01)
        moved.steps.append((time.time(), "VF in use"))

    def tidy(self, source):
        source.host.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")


class Replug(Setup):
    """The VF alone, unplugged before and plugged after; the guest configures it when
    it appears, and announces itself."""

    name = "replug"
    modules = ("igbvf",)
    bridged = False
    admin_mac = ("a", "b")

    def nics(self, vf, incoming):
        nics = [PORT]
        if not incoming:
            nics.append(f"-device vfio-pci,id=vf,bus=port0,host={vf}")
        return nics

    def configure(self):
        self.watch_link("eth0", f"up {GUEST_ADDRESS}")

    before = Bond.before
    during = Bond.during
    after = Bond.after

    def tidy(self, source):
        source.host.sh(f"ip link set pf0 vf 0 mac {GUEST_MAC}")


SETUPS = {setup.name: setup for setup in (Vferry, Virtio, Bond, NetFailover, Replug)}
