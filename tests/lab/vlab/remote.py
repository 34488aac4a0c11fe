# SPDX-License-Identifier: GPL-2.0-or-later
"""Real machines instead of emulated ones, reached by ssh or the like.

Described by a file (tests/lab/hosts.example.json, options --hosts):

hosts	list: name ("a", "b"); command: what runs a line of shell there as root,
	as words, the line is added as the last one; mgmt_address: where the
	test reaches the guest's QEMU; pf: PCI address of the 82576; optional
	modules: folder there with modules built for its kernel (else the
	tree's are copied and must fit)
peer	command as above, and interface: its NIC on the data network, which is
	moved to a network namespace of its own for the time of the run

Every machine needs sh, setsid, timeout, tar, iproute2, ethtool, kmod; a host
that runs guests also QEMU and KVM. The NIC under test is taken from whatever
drives it.
"""

import io
import itertools
import json
import shlex
import signal
import subprocess
import tarfile
import time

from vlab import kernel, net
from vlab.command import LocalProcess, Place
from vlab.console import find_trouble
from vlab.host import Host
from vlab.wait import TimedOut

DIR = "/var/tmp/vlab"
OURS = ("vferry_vfio", "vferry_vf", "vferry_pf", "igbvf", "igb")


class RemoteProcess(LocalProcess):
    """The local end of a command; signals go to its process group over there."""

    def __init__(self, place, command, argv, ident, timeout, stdin):
        super().__init__(place.name, command, argv, None, stdin)
        self._place, self._ident, self._limit = place, ident, timeout
        self._started = time.monotonic()

    def kill(self, sig=signal.SIGKILL):
        if self.running:
            self._place.signal(self._ident, sig)

    def wait(self, timeout):
        result = super().wait(timeout)
        # timeout(1) ends by the signal that it sends; setsid(1) hides which.
        if self._limit and not result.ok and \
                time.monotonic() - self._started >= self._limit:
            result.timed_out = True
        return result


class RemotePlace(Place):
    """Commands on another machine."""

    def __init__(self, name, argv, prefix=""):
        self.name = name
        self._argv = list(argv)
        self._prefix = prefix       # shell code before each command
        self._ids = itertools.count(1)
        self._run = f"{DIR}/run.{time.time_ns()}"
        self._made = False

    def _raw(self, line, timeout, stdin=None):
        try:
            return subprocess.run([*self._argv, line], input=stdin or b"", timeout=timeout,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            raise TimedOut(f"{self.name}: no answer to `{line[:80]}`") from None

    def start(self, command, timeout=None, stdin=None):
        if not self._made:
            done = self._raw(f"mkdir -p {self._run}", 30)
            if done.returncode:
                raise ConnectionError(f"{self.name}: {done.stdout.decode()}")
            self._made = True
        ident = next(self._ids)
        limit = f"timeout -s KILL {timeout} " if timeout else ""
        inner = f"PATH={DIR}/bin:$PATH; {self._prefix}{command}"
        line = (f"exec setsid --wait sh -c 'echo $$ >$0; \"$@\"; r=$?; rm -f $0; exit $r' "
                f"{self._run}/{ident} {limit}sh -c {shlex.quote(inner)}")
        return RemoteProcess(self, command, [*self._argv, line], ident, timeout, stdin)

    def signal(self, ident, sig):
        """Signal the process group of a command of ours."""
        # timeout(1) makes a group of its own: signal the whole session.
        self._raw(f"pid=$(cat {self._run}/{ident}) && pkill -{int(sig)} -s $pid; true", 30)

    def end_all(self):
        """End what start() has left running, and forget it."""
        if self._made:
            self._raw(f"left=$(cat {self._run}/* 2>/dev/null | paste -sd ,); "
                      f"[ -z \"$left\" ] || pkill -KILL -s $left; rm -rf {self._run}", 60)
            self._made = False


class RemoteHost(RemotePlace, Host):
    """A real machine with an 82576."""

    modules_dir = f"{DIR}/mod"
    lab_dir = DIR
    guest_kernel = f"{DIR}/guest-vmlinux" if kernel.GUEST_SUITE else f"{DIR}/vmlinux"
    boot_seconds = 0.0
    dead = False
    qmp = None

    def __init__(self, number, paths, entry):
        RemotePlace.__init__(self, entry["name"], entry["command"])
        Host.__init__(self, entry["name"], number)
        self.mgmt_address = entry["mgmt_address"]
        self._pf = entry["pf"]
        if "modules" in entry:
            self.modules_dir = entry["modules"]
        self._paths = paths
        self._mark = f"vlab begins {time.time_ns()}"
        self._log_seen = 0

    def pf_pci(self):
        return self._pf

    def check_alive(self):
        """Reached by each command anyway."""

    def launch(self):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(self._paths.out / "host/lab", ".")
            tar.add(self._paths.image / "vmlinux", "vmlinux")
        self.run(f"mkdir -p {DIR} && tar -C {DIR} -x", 300, stdin=archive.getvalue()).check()
        # a machine without the libraries that it needs keeps its own
        self.sh(f"{DIR}/bin/ip -V >/dev/null 2>&1 || rm -f {DIR}/bin/ip")
        self.sh(f"echo '{self._mark}' >/dev/kmsg")
        self._clean()
        self.pf_mac = self.sh(f"cat /sys/bus/pci/devices/{self._pf}/net/*/address || true")

    def _clean(self):
        """No VFs, no driver that a case may have loaded."""
        self.run(f"cd /sys/bus/pci/devices/{self._pf} && [ ! -e driver ] || "
                 f"echo 0 >sriov_numvfs", 60)
        for module in OURS:
            self.run(f"[ ! -e /sys/module/{module} ] || rmmod {module}", 60)

    def ready(self, timeout=60):
        self.sh("true", timeout)

    def clock_offset(self, rounds=12, timeout=20):
        """As Agent.clock_offset()."""
        best = None
        clock = subprocess.Popen([*self._argv, "while read -r x; do date +%s%N; done"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            for _ in range(rounds):
                before = time.time_ns()
                clock.stdin.write(b"x\n")
                clock.stdin.flush()
                there = int(clock.stdout.readline())
                after = time.time_ns()
                if best is None or (after - before) // 2 < best[1]:
                    best = (there - (before + after) // 2, (after - before) // 2)
        finally:
            clock.stdin.close()
            clock.wait(timeout)
        return best

    def _kernel_log(self):
        text = self.run("dmesg", 30).out
        return text[text.rfind(self._mark) + len(self._mark):] if self._mark in text else text

    def trouble(self, allowed=()):
        text = self._kernel_log()
        new, self._log_seen = text[self._log_seen:], len(text)
        return find_trouble(new, allowed)

    def save_logs(self):
        (self._paths.log / f"{self.name}.dmesg").write_text(self._kernel_log())

    def stop(self):
        if not self._made:
            return      # never reached
        self.end_all()
        self._clean()
        self.end_all()


class RemotePeer(RemotePlace):
    """The machine that watches; its NIC is data0 in a namespace, as in the lab."""

    netns = "vlab-peer"

    def __init__(self, entry):
        super().__init__("peer", entry["command"], f"exec ip netns exec {self.netns} sh -c ")
        self._plain = RemotePlace("peer", entry["command"])
        self._interface = entry["interface"]

    def start(self, command, timeout=None, stdin=None):
        return super().start(shlex.quote(command), timeout, stdin)

    def prepare(self, tools):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(tools, "bin")
        self._plain.run(f"mkdir -p {DIR} && tar -C {DIR} -x", 120,
                        stdin=archive.getvalue()).check()
        self._plain.sh(f"ip netns add {self.netns} && "
                       f"ip link set {self._interface} netns {self.netns} name data0")
        self.sh("ip link set lo up && ip link set data0 mtu 1500 up && "
                f"ip address add {net.DATA_NET}.1/24 dev data0 && "
                f"ip address add {net.DATA_NET6}1/64 dev data0 nodad")

    def stop(self):
        if not self._plain._made:
            return      # never reached
        self.end_all()
        self._plain.run(f"ip -n {self.netns} link set data0 down; "
                        f"ip -n {self.netns} link set data0 netns 1 name {self._interface}; "
                        f"ip netns delete {self.netns}")
        self._plain.end_all()


def read(path):
    """The description of the machines."""
    with open(path) as file:
        return json.load(file)
