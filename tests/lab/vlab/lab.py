# SPDX-License-Identifier: GPL-2.0-or-later
"""One lab: hosts, the peer, and the order in which they start and stop."""

import contextlib
from pathlib import Path

from vlab import net
from vlab.command import LocalPlace
from vlab.guest import Guest
from vlab.host import QemuHost
from vlab.installed import InstalledHost
from vlab.remote import RemoteHost, RemotePeer
from vlab.systemd import SystemdHost


class Paths:
    """Where a run finds and leaves files.

    log: kept, one folder per case; run: sockets, gone with the run;
    out: what build made; image: what hosts boot from.
    """

    def __init__(self, log, image):
        self.tree = Path(__file__).resolve().parents[3]
        self.out = self.tree / "build/lab/out"
        self.log = Path(log)
        self.image = Path(image)
        self.run = Path("/run/vlab")        # of the run alone: see session.isolate()
        self.run.mkdir(parents=True, exist_ok=True)


class Lab:
    """hosts: dict by name; a, b: the first two; peer: on the data bridge;
    here: this machine, in the lab's network namespace."""

    def __init__(self, paths, hosts=("a",), memory=768, smp=1, kernel_args="",
                 machines=None, systemd=None, installed=False):
        """machines: real ones, as described in remote.py, instead of emulated ones.
        systemd: what the hosts boot, and its files; installed: see case.py."""
        self.paths = paths
        self.here = LocalPlace("here")
        self.peer = None
        self.guests = []
        self._machines = machines
        if machines:
            known = {entry["name"]: entry for entry in machines["hosts"]}
            self.hosts = {name: RemoteHost(i + 1, paths, known[name])
                          for i, name in enumerate(hosts)}
        else:
            make = InstalledHost if installed else QemuHost if systemd is None else SystemdHost
            self.hosts = {name: make(name, i + 1, paths, memory, smp, kernel_args)
                          for i, name in enumerate(hosts)}
            if systemd is not None:
                for host in self.hosts.values():
                    host.add_files(self.hosts, systemd.get(host.name, systemd))

    def other(self, host):
        """Of two hosts, the one that this is not."""
        return self.b if host is self.a else self.a

    @property
    def a(self):
        return self.hosts["a"]

    @property
    def b(self):
        return self.hosts["b"]

    def start(self):
        if self._machines:
            self.peer = RemotePeer(self._machines["peer"])
            self.peer.prepare(self.paths.out / "bin")
        else:
            self.peer = net.setup()
        for host in self.hosts.values():
            host.launch()
        for host in self.hosts.values():
            host.ready()

    def guest(self, **options):
        """A guest, not booted yet: Guest's options. Default name: guest."""
        return Guest(self, **options)

    def place(self, name):
        """A place by name, for --exec: here, peer, a host or a guest."""
        places = {"here": self.here, "peer": self.peer, **self.hosts}
        places.update({guest.name: guest for guest in self.guests})
        return places[name]

    def machines(self):
        """All that have a console: hosts and guests."""
        return [*self.hosts.values(), *self.guests]

    def save_logs(self):
        """Keep the kernel logs of all machines that still answer."""
        for machine in self.machines():
            try:
                machine.save_logs()
            except Exception as error:
                path = self.paths.log / f"{machine.name}.dmesg"
                path.write_text(f"could not be had: {error}\n")

    def push_build(self):
        """Bring freshly built modules and programs into the running hosts."""
        archive = (self.paths.out / "host.cpio").read_bytes()
        for host in self.hosts.values():
            host.run("cd / && cpio -idu --quiet", 60, stdin=archive).check()

    def stop(self):
        """End all; what fails to end does not keep the rest from it."""
        with contextlib.ExitStack() as last_first:
            if not self._machines:
                last_first.callback(net.teardown)
            elif self.peer:
                last_first.callback(self.peer.stop)
            for machine in [*self.hosts.values(), *self.guests]:
                last_first.callback(machine.stop)
