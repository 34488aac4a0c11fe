# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with systemd, booted from the hosts' own image, and the agent in it."""

import json
import signal

from vlab.crossing import guest_interface
from vlab.wait import wait_until

# What a host needs to have such a guest: for vlab.crossing.LAB's memory.
HOST_MEMORY = 1536
BOOT_TIMEOUT = 500
# Of such a guest, whoever starts it.
GUEST = {
    "memory": 448, "modules": (), "initrd": "systemd-guest.cpio",
    "kernel_args": "systemd.unit=lab.target net.ifnames=0 systemd.log_color=0 "
                   "systemd.show_status=0 systemd.default_timeout_start_sec=300s",
}


def plain_guest(lab):
    """As systemd_guest(), without systemd: what is wanted of it is started by the test."""
    return systemd_guest(lab, kernel_args="vlab.plain net.ifnames=0",
                         memory=256)


def systemd_guest(lab, **options):
    """Not booted yet. lab's hosts are emulated ones: theirs is the image."""
    return lab.guest(
        **GUEST | options,
        # The host's own root, which never changes.
        qemu_args="-drive if=none,id=root,file=/dev/vda,format=raw,readonly=on,"
                  "file.locking=off -device virtio-blk-pci,drive=root")


class Vferryd:
    """The agent of a guest, seen through its own command."""

    def __init__(self, guest):
        self.guest = guest
        self.process = None

    def start(self, configure):
        """Load the driver, configure the interface, wait until udev has started the agent.

        configure: lines of shell; the interface is eth0. Returns its name.
        """
        guest = self.guest
        guest.sh("insmod /lab/mod/vferry_vf.ko", timeout=60)
        name = guest_interface(guest)
        if name != "eth0":
            raise RuntimeError(f"{guest.name}: the VF is {name}")
        guest.sh(configure, timeout=120)
        wait_until(lambda: guest.run("systemctl is-active vferryd").ok, 120,
                   lambda: "vferryd: " +
                   guest.run("systemctl status vferryd; journalctl -n 50").out)
        wait_until(lambda: not guest.sh("ip -6 address show tentative"), 30, "DAD")
        return name

    def start_plain(self, configure, config=""):
        """The same in a plain_guest(); it is started here, with that configuration file."""
        guest = self.guest
        guest.sh("insmod /lab/mod/vferry_vf.ko && mkdir -p /run/vferryd", timeout=60)
        name = guest_interface(guest)
        guest.sh(configure, timeout=60)
        self.restart_plain(config)
        return name

    def restart_plain(self, config=""):
        guest = self.guest
        if self.process:
            self.process.kill(signal.SIGTERM)
            self.process.wait(20)
        guest.push("/etc/vferry/vferryd.conf", config)
        # As its unit has it.
        self.process = guest.start("exec nice -n -20 vferryd")
        wait_until(lambda: guest.run("vferryctl status").ok or not self.process.running, 60,
                   lambda: f"vferryd: {self.process.err}")

    def ctl(self, command):
        """What vferryctl says, parsed."""
        return json.loads(self.guest.sh(f"vferryctl --json {command}", timeout=60))

    def history(self):
        """Its records, oldest first; none while it is being started."""
        result = self.guest.run("vferryctl --json history", timeout=60)
        return json.loads(result.out)["history"] if result.ok else []

    def record_after(self, count):
        """The record of the migration that comes after these."""
        wait_until(lambda: len(self.history()) > count, 180,
                   f"{count + 1} migrations in the agent's history", 0.3)
        return self.history()[-1]

    def journal(self, migration, options="-o short-precise"):
        """The journal's lines of a migration (its id, a string)."""
        return self.guest.sh(f"journalctl -q {options} VFERRY_MIGRATION={migration}",
                             timeout=60).splitlines()

    def exposure(self):
        """systemd-analyze security's verdict: 0, closed, to 10."""
        text = self.guest.sh("systemd-analyze security --no-pager vferryd", timeout=120)
        line = [line for line in text.splitlines() if "exposure" in line][-1]
        return float(next(word for word in line.split() if word[0].isdigit()))
