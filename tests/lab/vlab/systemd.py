# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab host that boots systemd, as a real one does: ../systemd-host."""

import json
import shutil
import subprocess

from vlab.host import KERNEL_ARGS, QemuHost
from vlab.wait import wait_until

BOOT_TIMEOUT = 300      # s
# Debian's defaults: AppArmor is on, and its denials are in the log.
SYSTEMD_ARGS = " ".join(word for word in KERNEL_ARGS.split()
                        if word not in ("audit=0", "apparmor=0"))


class SystemdHost(QemuHost):
    """journald, udev, libvirtd, AppArmor; what vferry installs is installed."""

    base_args = (f"{SYSTEMD_ARGS} systemd.show_status=0 systemd.log_color=0 "
                 "systemd.default_timeout_start_sec=300s")

    def add_files(self, hosts, files):
        """Files of this host, by path, in place before systemd starts."""
        names = "".join(f"{host.mgmt_address} {host.name}\n" for host in hosts.values())
        tree = self._paths.run / f"{self.name}.files"
        for path, text in {"/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n" + names,
                           **files}.items():
            file = tree / "system/files" / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        archive = self._paths.run / f"{self.name}.cpio"
        with open(archive, "wb") as out:
            subprocess.run("find . | cpio -o -H newc --quiet -R 0:0", shell=True, cwd=tree,
                           stdout=out, check=True)
        shutil.rmtree(tree)
        self._parts += [self._paths.out / "system.cpio", archive]

    def ready(self, timeout=BOOT_TIMEOUT):
        super().ready(timeout)      # the agent is a service beside others

    def _management(self):
        # udev loads the driver and gives the name.
        wait_until(lambda: self.run("test -e /sys/class/net/mgmt"), BOOT_TIMEOUT,
                   "interface mgmt")
        self.sh("ip link set mgmt up && "
                f"ip address add {self.mgmt_address}/24 dev mgmt", timeout=60)

    def booted(self, timeout=BOOT_TIMEOUT):
        """Wait until systemd has started all; returns what it says then: "running"."""
        self.sh("systemctl is-system-running --wait; true", timeout=timeout)
        return self.sh("systemctl is-system-running; true")

    def active(self, unit):
        return self.run(f"systemctl is-active --quiet {unit}", timeout=60).ok

    def journal(self, arguments, timeout=60):
        """Entries of the journal as dicts."""
        text = self.sh(f"journalctl -o json --no-pager -q {arguments}", timeout=timeout)
        return [json.loads(line) for line in text.splitlines()]

    def save_logs(self):
        super().save_logs()
        if self._qemu is not None and not self.dead:
            journal = self.run("journalctl -b -o short-precise --no-pager", timeout=60)
            (self._paths.log / f"{self.name}.journal").write_bytes(journal.out_bytes)
