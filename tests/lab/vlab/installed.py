# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab host with a disk of its own, on which packages are installed, and which starts from
the initramfs that it has made itself: ../installed."""

import subprocess

from vlab import net
from vlab.systemd import BOOT_TIMEOUT, SystemdHost
from vlab.wait import wait_until

MAKE_TIMEOUT = 600      # s; half a minute on an idle machine
REBOOT_TIMEOUT = 180


class InstalledHost(SystemdHost):
    """new: release of another kernel, which it has too."""

    base_args = SystemdHost.base_args + " root=/dev/vda rw"

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.disks = self._paths.run / f"{self.name}.disks"
        self._kernel = self._paths.image / "vmlinux"
        self.new = None

    def add_files(self, hosts, files):
        if files:
            raise ValueError("an installed host has no files but those of its packages")

    def _arguments(self, initrd):
        words = super()._arguments(initrd)
        changed = {
            str(self._paths.image / "vmlinux"): str(self._kernel),
            f"file:{self._console}": "chardev:console",
        }
        words = [changed.get(word, word) for word in words]
        root = next(i for i, word in enumerate(words) if word.startswith("if=none,id=root,"))
        words[root] = f"if=none,id=root,file={self.disks}/host.disk,format=raw,cache=unsafe"
        return words + [
            "-chardev", f"file,id=console,path={self._console},append=on",
            "-drive", f"if=none,id=guest,file={self.disks}/guest.disk,format=raw,cache=unsafe",
            "-device", "virtio-blk-pci,drive=guest"]

    def launch(self):
        self.disks.mkdir()
        log = self._paths.log / "installed.log"
        with open(log, "wb") as out:
            made = subprocess.run(
                [self._paths.tree / "tests/lab/installed", self._paths.image, self.disks],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=MAKE_TIMEOUT)
        if made.returncode:
            raise RuntimeError(f"{log}: {log.read_text()[-2000:]}")
        self.new = (self.disks / "new").read_text().strip()
        self._parts = [self.disks / "host.initrd"]
        super().launch()

    def reboot(self, release, timeout=BOOT_TIMEOUT):
        """To a kernel, with the initramfs that is in /boot for it."""
        self.run("systemctl reboot; true", timeout=60)
        wait_until(lambda: self.dead, REBOOT_TIMEOUT, f"{self.name}: the end of its shutdown")
        self.forget()
        self.qmp.close()
        self._qemu.wait(20)
        self._stderr.close()
        for tap in ("mgmt", "data"):
            net.del_tap(f"{tap}-{self.name}")
        initrd = self.disks / "booted.initrd"
        initrd.unlink(missing_ok=True)
        subprocess.run(["debugfs", "-R", f"dump /boot/initrd.img-{release} {initrd}",
                        self.disks / "host.disk"], check=True, capture_output=True, timeout=60)
        self._parts = [initrd]
        self._kernel = (self.disks / "vmlinux-new" if release == self.new
                        else self._paths.image / "vmlinux")
        SystemdHost.launch(self)
        self.ready(timeout)
