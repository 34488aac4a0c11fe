# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that libvirt runs: a domain with VFs, on hosts that boot systemd.

For a test it is one Agent, wherever it runs: each host has a thread that connects to the
domain's two TCP ports (the agent's channel, the serial console) as soon as a QEMU of the
domain is there. virsh does all the rest.
"""

import json
import re
import threading
import time
import uuid

from vlab.agent import Agent, connect_tcp
from vlab.console import Reader, record
from vlab.guest import BOOT_TIMEOUT, GUEST_ARGS
from vlab.host import QemuHost
from vlab.wait import TimedOut, wait_until

GUEST_MAC = "52:54:00:0a:02:01"     # as crossing.py has it
PORT = 5000
TYPED = "type='pci' "
MIGRATE_TIMEOUT = 120


def pci_address(pci, extra=""):
    """<address> of a PCI device."""
    domain, bus, slot, function = re.split("[:.]", pci)
    return (f"<address {extra}domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' "
            f"function='0x{function}'/>")


def hostdev(pci, driver=""):
    return (f"<hostdev mode='subsystem' type='pci' managed='yes'>{driver}<source>"
            f"{pci_address(pci)}</source></hostdev>")


def interface(pci, mac, driver=""):
    return (f"<interface type='hostdev' managed='yes'><mac address='{mac}'/>{driver}<source>"
            f"{pci_address(pci, TYPED)}</source></interface>")


class Migrated:
    """What Crossing wants to know of a migration. info: as query-migrate has it."""

    def __init__(self, info):
        self.info = info


class Domain(Agent):
    """number: of the domain in its lab, from 0. devices: XML of its VFs. prepared: what
    vferry libvirt prepare has done for it. host: where it runs now, None: nowhere."""

    def __init__(self, lab, devices, name="guest", number=0, memory=256, modules=("vferry_vf",),
                 initrd="guest.cpio", kernel_args="", disk="", mac=GUEST_MAC):
        Agent.__init__(self, name, self._alive)
        self.lab, self.memory, self.host, self.mac = lab, memory, None, mac
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.domain.vferry.lab"))
        self.boot_seconds = self.prepared = None
        self._port = PORT + 10 * number
        self.xml = self._xml(devices, modules, initrd, kernel_args, disk)
        self._socks = {}
        self._ended = False
        self._console = lab.paths.log / f"{name}.console"
        self._log = Reader(self._console)
        self._console.touch()
        lab.guests.append(self)
        for host in lab.hosts.values():
            for port, use in ((self._port, self._use_agent), (self._port + 1, self._use_console)):
                threading.Thread(target=self._connect, args=(host, port, use), daemon=True).start()

    def _xml(self, devices, modules, initrd, kernel_args, disk):
        def tcp(port):
            return (f"<source mode='bind' host='0.0.0.0' service='{port}'/>"
                    "<protocol type='raw'/>")
        return f"""<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>{self.name}</name><uuid>{self.uuid}</uuid>
<memory unit='MiB'>{self.memory}</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type>
<loader readonly='yes' type='rom'>/usr/share/qemu/qboot.rom</loader>
<kernel>{QemuHost.guest_kernel}</kernel><initrd>/lab/{initrd}</initrd>
<cmdline>{GUEST_ARGS} vlab.modules={",".join(modules)} {kernel_args}</cmdline></os>
<features><acpi/><vmport state='off'/></features>
<cpu mode='host-passthrough'/>
<clock offset='utc'><timer name='hpet' present='no'/></clock>
<on_reboot>destroy</on_reboot>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>{disk}
<controller type='usb' model='none'/>
<serial type='tcp'>{tcp(self._port + 1)}</serial>
<channel type='tcp'>{tcp(self._port)}<target type='virtio' name='vferry'/></channel>
{"".join(devices)}
<memballoon model='none'/></devices>
<qemu:commandline><qemu:arg value='-machine'/><qemu:arg value='i8042=off,smbus=off'/>
</qemu:commandline>
</domain>
"""

    # -- the ports

    def _connect(self, host, port, use):
        while not self._ended:
            try:
                sock = connect_tcp(host.mgmt_address, port, 1)
            except TimedOut:
                continue
            sock.settimeout(None)
            use(host, sock)
            sock.close()

    def _use_agent(self, host, sock):
        with self.changed:
            self._socks[host.name] = sock
            self.changed.notify_all()
        self._listen(sock)
        with self.changed:
            self._socks.pop(host.name, None)

    def _use_console(self, _host, sock):
        record(sock, self._console)

    def _alive(self):
        if self.host is None:
            raise RuntimeError(f"{self.name}: does not run")
        self.host.check_alive()

    def runs_on(self, host):
        """It is there now: speak to it there."""
        sock = wait_until(lambda: self._socks.get(host.name), 60,
                          f"{self.name}: its channel on {host.name}")
        self.host = host
        self.switch(sock)

    # -- virsh

    def define(self, host):
        host.push(f"/tmp/{self.name}.xml", self.xml)
        host.sh(f"virsh -q define --validate /tmp/{self.name}.xml", timeout=60)
        self.prepared = json.loads(
            host.sh(f"vferry libvirt prepare --apply --json {self.name}", timeout=60))

    def state(self, host):
        """As virsh says it; "" if it is not known there."""
        return host.run(f"virsh -q domstate {self.name}", timeout=60).out.strip()

    def boot(self, host, _vf=None, timeout=BOOT_TIMEOUT):
        """Define, prepare and start it."""
        started = time.monotonic()
        self.define(host)
        host.sh(f"virsh -q start {self.name}", timeout=120)
        self.runs_on(host)
        self.send("hello")
        self.greet(timeout)
        self.boot_seconds = time.monotonic() - started

    def start_migration(self, target, options="--live --persistent --undefinesource",
                        uri="qemu+tcp"):
        """virsh migrate, under way."""
        return self.host.start(
            f"exec virsh migrate {options} {self.name} {uri}://{target.name}/system")

    def migrate(self, target, _vf=None, timeout=MIGRATE_TIMEOUT, on_progress=None,
                options="--live --persistent --undefinesource", uri="qemu+tcp"):
        """To its end; as Guest.migrate()."""
        self.start_migration(target, options, uri).wait(timeout).check()
        self.runs_on(target)
        return Migrated(self.completed())

    def job(self, arguments=""):
        """virsh domjobinfo as a dict."""
        text = self.host.run(f"virsh -q domjobinfo {self.name} {arguments}", timeout=60).out
        return dict((part.strip() for part in line.split(":", 1))
                    for line in text.splitlines() if ":" in line)

    def completed(self):
        job = self.job("--completed")

        def number(key):
            return int(job[key].split()[0]) if key in job else None
        return {"status": "completed" if job.get("Job type") == "Completed" else job,
                "downtime": number("Total downtime"), "total-time": number("Time elapsed")}

    def qmp(self, command):
        return self.host.sh(f"virsh -q qemu-monitor-command {self.name} '{command}'", timeout=60)

    # -- the end

    @property
    def dead(self):
        return self.host is None

    def trouble(self, allowed=()):
        return self._log.trouble(allowed)

    def emulation_fault(self):
        """Its QEMU's messages are libvirt's."""

    def save_logs(self):
        if not self.dead and not self.host.dead and self.host.name in self._socks:
            log = self.run("dmesg", timeout=20)
            (self.lab.paths.log / f"{self.name}.dmesg").write_bytes(log.out_bytes)

    def shutdown(self):
        """Ended by force and forgotten, wherever it is."""
        for host in self.lab.hosts.values():
            host.run(f"virsh -q destroy {self.name}; "
                     f"virsh -q undefine --managed-save {self.name}", timeout=60)
        self.host = None
        with self.changed:
            self.boot_id = None
            self._rest = b""
            self._procs.clear()
            self._sock = None

    def stop(self):
        self._ended = True
