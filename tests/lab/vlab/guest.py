# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest (L2): a QEMU inside a host, whose only NIC is a VF of that host.

The guest is one Agent for the test although it moves between hosts: on each
host its QEMU offers three TCP ports on the management network (QMP, the
agent's virtio-serial port, the serial console).
"""

import itertools
import re
import threading
import time

from vlab import kernel
from vlab.agent import Agent, connect_tcp
from vlab.console import Reader, record
from vlab.qmp import Qmp
from vlab.wait import Deadline, TimedOut, wait_until

BOOT_TIMEOUT = 180      # s
QEMU_START_TIMEOUT = 90
GUEST_ARGS = ("console=ttyS0 loglevel=5 panic=-1 mitigations=off audit=0 selinux=0 "
              "apparmor=0 random.trust_cpu=on tsc=reliable no_timer_check nokaslr "
              "reboot=t rcupdate.rcu_expedited=1 8250.nr_uarts=1 cryptomgr.notests")


# KVM could not deliver an event, it says (KVM_INTERNAL_ERROR_DELIVERY_EV). A nested guest ended by
# an internal error of KVM on Linux 7.3, once in some 50 moves, at an exit for an ordinary write to
# MMIO; its number was not kept, this one fits. TCG's SVM is all that is below.
EVENT_LEFT = re.compile(r"KVM internal error[.] Suberror: 3\b.*(?:\nextra data.*)*")


class MigrationFailed(Exception):
    """A migration that was expected to complete did not. info: query-migrate's answer."""

    def __init__(self, text, info):
        super().__init__(text)
        self.info = info


class Instance:
    """One QEMU process of a guest, on one host."""

    _ports = itertools.count(4000, 10)

    def __init__(self, guest, host, vf, incoming):
        self.guest, self.host, self.vf = guest, host, vf
        port = next(self._ports)
        self._qmp_port, self._agent_port, self._console_port = port, port + 1, port + 2
        self.migrate_port = port + 3
        self.process = host.start(guest.command_line(host, vf, port, incoming))
        alive = self.check_alive
        address = host.mgmt_address
        deadline = Deadline(QEMU_START_TIMEOUT)
        # The console first: it records from the first line on.
        console = connect_tcp(address, self._console_port, deadline, alive)
        threading.Thread(target=guest.record, args=(console,), daemon=True).start()
        self.agent_sock = connect_tcp(address, self._agent_port, deadline, alive)
        self.qmp = Qmp(connect_tcp(address, self._qmp_port, deadline, alive),
                       f"{guest.name} on {host.name}")

    def check_alive(self):
        self.host.check_alive()
        if not self.process.running:
            raise RuntimeError(f"{self.guest.name}: QEMU on {self.host.name} has ended: "
                               f"{self.process.wait(5)}")
        said = self.process.err
        if "KVM internal error" in said:
            raise RuntimeError(f"{self.guest.name}: KVM on {self.host.name} has given it up: "
                               f"{said[said.index('KVM internal error'):][:2000]}")

    @property
    def running(self):
        return self.process.running

    def kill(self):
        """SIGKILL, as a crash would be."""
        self.process.kill()
        self.process.wait(20)

    def quit(self, timeout=30):
        """End in an orderly way; by force if it does not."""
        if not self.process.running:
            return
        try:
            self.qmp.command("quit", timeout=5)
        except (ConnectionError, TimedOut, OSError):
            pass
        try:
            self.process.wait(timeout)
        except TimedOut:
            self.kill()


class Migration:
    """One migration under way; progress() until it ends, then info."""

    def __init__(self, guest, source, target):
        self.guest, self.source, self.target = guest, source, target
        self.info = {}
        self.started = time.time()

    def poll(self):
        """query-migrate of the source."""
        self.info = self.source.qmp.command("query-migrate")
        return self.info

    def progress(self, timeout, interval=0.1):
        """Yield query-migrate until the status is final; it is then in info."""
        deadline = Deadline(timeout)
        while True:
            info = self.poll()
            yield info
            if info.get("status") in ("completed", "failed", "cancelled"):
                return
            if deadline.passed():
                raise TimedOut(f"{self.guest.name}: migration still "
                               f"{info.get('status')}: {info}")
            time.sleep(interval)

    def cancel(self):
        self.source.qmp.command("migrate_cancel")

    def wait(self, timeout=120):
        """To the end; returns the final status."""
        for _ in self.progress(timeout):
            pass
        return self.info["status"]

    def finish(self, timeout=60):
        """After "completed": wait for the target to run, speak to the guest there and
        end the source's QEMU."""
        wait_until(lambda: self.target.qmp.command("query-status")["status"] == "running",
                   timeout, f"{self.guest.name} to run on {self.target.host.name}")
        self.guest.moved_to(self.target)
        self.source.quit()


class Guest(Agent):
    """host: where it runs now; instance: its QEMU there.

    modules: loaded by its init, from the tree or stock: "vferry_vf" or "igbvf".
    initrd: another one in the hosts' /lab, e.g. "systemd-guest.cpio".
    start() and the like run commands in it; boot() starts the guest itself.
    """

    def __init__(self, lab, name="guest", memory=256, smp=1, modules=("vferry_vf",),
                 migratable=True, kernel_args="", qemu_args="", initrd="guest.cpio"):
        Agent.__init__(self, name, self._alive)
        self._lab = lab
        self.memory, self.smp, self.modules = kernel.memory(memory), smp, modules
        self.migratable, self.kernel_args = migratable, kernel_args
        self.qemu_args = qemu_args
        self.initrd = initrd
        self.instance = None
        self.instances = []
        self.boot_seconds = None
        self._console = lab.paths.log / f"{name}.console"
        self._log = Reader(self._console)
        self._console.touch()
        lab.guests.append(self)

    @property
    def host(self):
        return self.instance.host

    @property
    def qmp(self):
        return self.instance.qmp

    def _alive(self):
        if self.instance is None:
            raise RuntimeError(f"{self.name}: not started")
        self.instance.check_alive()

    def record(self, sock):
        sock.settimeout(None)
        record(sock, self._console)

    def command_line(self, host, vf, port, incoming):
        """What starts its QEMU on a host."""
        address = host.mgmt_address
        modules = ",".join(self.modules)

        def chardev(name, number):
            return (f"-chardev socket,id={name},host={address},port={port + number},"
                    "server=on,wait=off,nodelay=on")
        words = [
            f"exec qemu-system-x86_64 -name {self.name} -nodefaults -no-user-config",
            # qboot and no legacy devices: half the time to boot, nested as it is.
            "-display none -no-reboot -accel kvm -cpu host -bios qboot.rom",
            "-machine q35,hpet=off,vmport=off,i8042=off,smbus=off,sata=off",
            f"-smp {self.smp} -m {self.memory}",
            f"-kernel {host.guest_kernel} -initrd {host.lab_dir}/{self.initrd}",
            f"-append '{GUEST_ARGS} vlab.modules={modules} {self.kernel_args}'",
            chardev("qmp", 0), "-mon chardev=qmp,mode=control",
            chardev("console", 2), "-serial chardev:console",
            chardev("agent", 1), "-device virtio-serial-pci,romfile=,max_ports=2",
            "-device virtserialport,chardev=agent,name=vferry",
            self.qemu_args,
        ]
        words += self.nics(vf, incoming)
        if incoming:
            words.append("-incoming defer")
        return " ".join(words)

    def nics(self, vf, incoming):
        """What gives its QEMU the NICs."""
        migration = "on" if self.migratable else "off"
        return [f"-device vfio-pci,id=vf,host={vf},enable-migration={migration}"] if vf else []

    def launch(self, host, vf):
        """Start its QEMU on a host, with a VF bound to a VFIO driver (None: no VF)."""
        self._launched = time.monotonic()
        self.instance = Instance(self, host, vf, incoming=False)
        self.instances.append(self.instance)
        self.attach(self.instance.agent_sock)

    def ready(self, timeout=BOOT_TIMEOUT):
        self.send("hello")
        self.greet(timeout)
        self.boot_seconds = time.monotonic() - self._launched

    def boot(self, host, vf, timeout=BOOT_TIMEOUT):
        self.launch(host, vf)
        self.ready(timeout)

    # -- moving

    def expect_on(self, host, vf, uri=None):
        """Start a QEMU on a host that awaits the guest, or reads it from a uri; returns
        the Instance."""
        target = Instance(self, host, vf, incoming=True)
        self.instances.append(target)
        # Listened to from now on, so that nothing is lost at the switch.
        self.attach(target.agent_sock)
        if not uri:
            self._capabilities(target.qmp)
        target.qmp.command("migrate-incoming",
                           uri=uri or f"tcp:{host.mgmt_address}:{target.migrate_port}")
        return target

    @staticmethod
    def _capabilities(qmp):
        # The return path, as libvirt has it: without, the source's figure of the VM's
        # downtime ends before the destination has loaded the devices.
        qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": True} for name in ("events", "return-path")])

    def begin_migration(self, target, **parameters):
        """Start moving to an Instance made by expect_on(); returns a Migration.

        parameters: of migrate-set-parameters, e.g. downtime_limit=300 (ms),
        max_bandwidth=... (bytes/s, 0: no limit).
        """
        source = self.instance
        self._capabilities(source.qmp)
        parameters.setdefault("max_bandwidth", 0)
        source.qmp.command("migrate-set-parameters", **parameters)
        migration = Migration(self, source, target)
        source.qmp.command("migrate",
                           uri=f"tcp:{target.host.mgmt_address}:{target.migrate_port}")
        return migration

    def migrate(self, host, vf, timeout=120, on_progress=None, **parameters):
        """Move to a VF of a host; returns the Migration, completed and finished."""
        target = self.expect_on(host, vf)
        migration = self.begin_migration(target, **parameters)
        for info in migration.progress(timeout):
            if on_progress:
                on_progress(info)
        if migration.info["status"] != "completed":
            reason = migration.info.get("error-desc", "no reason given")
            target.quit()
            raise MigrationFailed(f"{self.name}: {migration.info['status']}: {reason}",
                                  migration.info)
        migration.finish()
        return migration

    def moved_to(self, target):
        self.instance = target
        self.switch(target.agent_sock)

    # -- the end

    @property
    def dead(self):
        return self.instance is None or not self.instance.running

    def trouble(self, allowed=()):
        return self._log.trouble(allowed)

    def emulation_fault(self):
        """What KVM has said of one of its QEMUs that no guest can bring about; or None."""
        for instance in self.instances:
            found = EVENT_LEFT.search(instance.process.err)
            if found:
                return found.group(0)
        return None

    def save_logs(self):
        if not self.dead and not self.host.dead:
            log = self.run("dmesg", timeout=20)
            (self._lab.paths.log / f"{self.name}.dmesg").write_bytes(log.out_bytes)

    def shutdown(self):
        """End all its QEMUs in an orderly way; it can be booted again."""
        for instance in self.instances:
            instance.quit()
        self.instances = []
        self.instance = None
        self.forget()

    def stop(self):
        """At the end of the lab: its hosts stop too, with all that runs there."""
        self.close()
