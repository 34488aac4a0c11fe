# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab host (L1): QEMU with an igb behind a vIOMMU, or a real machine."""

import re
import resource
import signal
import subprocess
import time
import uuid

from vlab import kernel, net
from vlab.agent import Agent, connect_unix
from vlab.console import Reader
from vlab.qmp import Qmp
from vlab.wait import TimedOut, wait_until

# What QEMU's monitor is asked about a machine that does not answer
LOOK = ("info status", "info registers -a", "info lapic 0", "info lapic 1", "info pic",
        "info irq", "info pci", "info jit")
BOOT_TIMEOUT = 120      # s; 5 s on an idle machine
PF_ID = "0x10c9"
VF_ID = "0x10ca"
KERNEL_ARGS = ("console=ttyS0 loglevel=5 panic=-1 intel_iommu=on mitigations=off "
               "audit=0 selinux=0 apparmor=0 random.trust_cpu=on tsc=reliable "
               "no_timer_check nokaslr rcupdate.rcu_expedited=1 8250.nr_uarts=1 "
               "cryptomgr.notests initcall_blacklist=ahci_pci_driver_init")
# Of several processors one has now and then been seen without timers from some moment on: RCU's
# do not fire, and each command that waits for RCU hangs. A tick on each was to keep
# that off, and does not always: see emulation_fault().
SMP_ARGS = " nohz=off"
LOST_TIMER = re.compile(r".*kthread timer wakeup didn't happen.*")
# QEMU 10.0 ends so now and then when one processor maps or unmaps a BAR (a VF is reset or bound)
# while another one is about to reach it.
TLB_RACE = re.compile(r".*iotlb_to_section: Assertion.*")


class HostDied(Exception):
    """The machine stopped by itself."""


def _status(code):
    """An exit status as Popen has it, in words."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def _allow_core():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


class Host:
    """What tests use of a host, emulated or real. run(), sh(), start(), push(),
    pull() work as documented in command.Place."""

    def __init__(self, name, number):
        self.name, self.number = name, number
        self.mgmt_address = None

    # -- the NIC

    def pf_pci(self):
        """PCI address of the PF under test."""
        return self.sh("for d in /sys/bus/pci/devices/*; do "
                       f"[ \"$(cat $d/device)\" = {PF_ID} ] && echo ${{d##*/}} && exit 0; "
                       "done; exit 1")

    def load(self, module, args=""):
        """Load the tree's module of that name, else the kernel's own."""
        path = f"{self.modules_dir}/{module}.ko"
        # modprobe first what the module depends on: insmod does not.
        self.sh(f"if [ -e {path} ]; then "
                f"for m in $(modinfo -F depends {path} | tr , ' '); do "
                f"  [ -e /sys/module/$m ] || {{ [ -e {self.modules_dir}/$m.ko ] && "
                f"    insmod {self.modules_dir}/$m.ko; }} || modprobe $m; done; "
                f"insmod {path} {args}; else modprobe {module} {args}; fi", timeout=60)

    def unload(self, *modules):
        for module in modules:
            self.sh(f"if [ -e /sys/module/{module} ]; then rmmod {module}; fi", timeout=60)

    def load_pf(self, module="vferry_pf", args="", name="pf0"):
        """Load a PF driver; its interface is renamed and up. Returns the name."""
        self.load(module, args)
        pci = self.pf_pci()
        self.netdev_of(pci, name)
        self.sh(f"ip link set {name} up")
        return name

    def netdev_of(self, pci, name=None):
        """The interface of a PCI device, waited for and renamed if asked to."""
        old = wait_until(lambda: self.run(f"ls /sys/bus/pci/devices/{pci}/net").out.strip(),
                         20, f"interface of {pci}")
        if name and name != old:
            self.sh(f"ip link set {old} down && ip link set {old} name {name}")
        return name or old

    def create_vfs(self, count):
        """Set sriov_numvfs; returns the VFs' PCI addresses. Nothing binds to them."""
        pf = f"/sys/bus/pci/devices/{self.pf_pci()}"
        self.sh(f"echo 0 >{pf}/sriov_drivers_autoprobe; echo {count} >{pf}/sriov_numvfs",
                timeout=60)
        return self.vf_pcis()

    def vf_pcis(self):
        pf = f"/sys/bus/pci/devices/{self.pf_pci()}"
        return self.sh(f"for i in 0 1 2 3 4 5 6 7; do [ -e {pf}/virtfn$i ] && "
                       f"basename $(readlink {pf}/virtfn$i); done; true").split()

    def bind(self, pci, driver):
        """Bind a PCI device to a driver that is loaded (whatever its id table)."""
        dev = f"/sys/bus/pci/devices/{pci}"
        self.sh(f"if [ -e {dev}/driver ]; then echo {pci} >{dev}/driver/unbind; fi; "
                f"echo {driver} >{dev}/driver_override; "
                f"echo {pci} >/sys/bus/pci/drivers_probe; "
                f"[ \"$(basename $(readlink {dev}/driver))\" = {driver} ]", timeout=30)

    def unbind(self, pci):
        dev = f"/sys/bus/pci/devices/{pci}"
        self.sh(f"if [ -e {dev}/driver ]; then echo {pci} >{dev}/driver/unbind; fi; "
                f"echo >{dev}/driver_override", timeout=30)

    def add_netns(self, name, netdev=None, address=None, address6=None):
        """A network namespace on the host; returns it as a place to run commands."""
        space = HostNetns(self, name)
        self.sh(f"ip netns add {name} && ip -n {name} link set lo up")
        if netdev:
            self.sh(f"ip link set {netdev} netns {name}")
            if address:
                self.sh(f"ip -n {name} address add {address} dev {netdev}")
            if address6:
                self.sh(f"ip -n {name} address add {address6} dev {netdev} nodad")
            self.sh(f"ip -n {name} link set {netdev} up")
        return space

    def trouble(self, allowed=()):
        """Lines of the kernel's log that mean trouble, not reported before."""
        raise NotImplementedError

    def emulation_fault(self):
        """Of an emulated one: see there."""
        return None


    def sleep(self, how):
        """A line for sh: `echo how >/sys/power/state`. From Linux 7.3 on the port over which
        commands come does not always hear after that that its other end is there: its driver
        is bound anew."""
        return (f"echo {how} >/sys/power/state; status=$?; tries=0; "
                "while grep -qs 'host_connected: 0' /sys/kernel/debug/virtio-ports/*; do "
                "tries=$((tries + 1)); [ $tries -lt 20 ] || { "
                "cd /sys/bus/virtio/drivers/virtio_console; port=$(echo virtio*); "
                "echo $port >unbind; echo $port >bind; break; }; sleep 0.1; done; "
                "[ $status = 0 ]")


class HostNetns:
    """Commands in a network namespace of a host."""

    def __init__(self, host, name):
        self._host, self.netns = host, name
        self.name = f"{host.name}/{name}"

    def _in(self, command):
        quoted = command.replace("'", "'\\''")
        return f"exec ip netns exec {self.netns} sh -c '{quoted}'"

    def start(self, command, timeout=None, stdin=None):
        return self._host.start(self._in(command), timeout, stdin)

    def run(self, command, timeout=20, stdin=None):
        return self._host.run(self._in(command), timeout, stdin)

    def sh(self, command, timeout=20, stdin=None):
        return self._host.sh(self._in(command), timeout, stdin)

    def delete(self):
        self._host.sh(f"ip netns delete {self.netns}")


class QemuHost(Agent, Host):
    """A host that is a QEMU under TCG."""

    modules_dir = "/lab/mod"
    lab_dir = "/lab"
    guest_kernel = "/lab/guest-vmlinux" if kernel.GUEST_SUITE else "/boot/vmlinux"
    base_args = KERNEL_ARGS

    def __init__(self, name, number, paths, memory=768, smp=1, kernel_args=""):
        Agent.__init__(self, name, self._alive)
        Host.__init__(self, name, number)
        self.memory, self.smp, self.kernel_args = kernel.memory(memory), smp, kernel_args
        self.mgmt_address = f"{net.MGMT_NET}.{10 + number}"
        self.pf_mac = f"52:54:00:0a:00:{number:02x}"
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.vferry.lab"))
        self._paths = paths
        self._parts = [paths.image / "initrd.cpio", paths.out / "host.cpio"]
        self._log_dir = paths.log
        self._console = paths.log / f"{name}.console"
        self._log = Reader(self._console)
        self._stderr = None
        self._qemu = None
        self._end = None
        self.qmp = None
        self.boot_seconds = None

    def _alive(self):
        if self._qemu is None:
            raise HostDied(f"{self.name}: not started")
        if self._qemu.poll() is not None:
            raise HostDied(self.end())

    def end(self):
        """How its QEMU has ended, in words: exit status or signal, its last messages, and
        for a crash where it was."""
        if self._end is None:
            status = self._qemu.poll()
            self._end = f"{self.name}: QEMU has ended: {_status(status)}"
            said = (self._log_dir / f"{self.name}.qemu").read_text(errors="replace").strip()
            if said:
                self._end += f"\nit said: {said[-1000:]}"
            if status < 0:
                self._end += self._backtrace()
            self._end += f"\nits console: {self._console}"
        return self._end

    def _backtrace(self):
        """Out of its core, which is not kept: NAME.backtrace."""
        cores = [path for path in self._log_dir.glob("core*")
                 if path.name in ("core", f"core.{self._qemu.pid}")]
        if not cores:
            return "\nit left no core"
        path = self._log_dir / f"{self.name}.backtrace"
        with open(path, "wb") as out:
            subprocess.run(["gdb", "-batch", "-ex", "thread apply all backtrace",
                            "/usr/bin/qemu-system-x86_64", str(cores[0])], stdout=out,
                           stderr=out, stdin=subprocess.DEVNULL, timeout=300, check=False)
        for core in cores:
            core.unlink()
        return f"\nwhere it was: {path}"

    def emulation_fault(self):
        """What its kernel says of a processor whose timers do not fire any more (after 21 s),
        or QEMU of a fault of its own that is known; or None. No driver does either."""
        said = (self._log_dir / f"{self.name}.qemu").read_text(errors="replace")
        found = LOST_TIMER.search(self.console()) or TLB_RACE.search(said)
        return found and found.group(0)

    def stuck(self, patience=20):
        """None, or, when it runs and does not answer, what its processors are at."""
        if self._qemu is None or self.dead or self.qmp is None:
            return None
        try:
            self.start("true", patience).wait(patience)
            return None
        except TimedOut:
            pass
        path = self._log_dir / f"{self.name}.stuck"
        with open(path, "w") as file:
            for command in LOOK:
                file.write(f"(qemu) {command}\n{self.qmp.hmp(command)}\n")
        where = re.findall(r"^(?:CPU#.*|RIP=.*)$", path.read_text(), re.MULTILINE)
        return (f"{self.name}: its kernel does not answer: {path}\n" +
                "\n".join(line.strip() for line in where))

    def _arguments(self, initrd):
        mgmt, data = f"mgmt-{self.name}", f"data-{self.name}"
        run = self._paths.run
        return [
            "qemu-system-x86_64", "-name", self.name, "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot",
            "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi",
            "-cpu", "EPYC,+svm,+npt", "-smp", str(self.smp), "-m", str(self.memory),
            "-serial", f"file:{self._console}",
            "-qmp", f"unix:{run}/{self.name}.qmp,server=on,wait=off",
            "-kernel", str(self._paths.image / "vmlinux"), "-initrd", str(initrd),
            "-append", f"{self.base_args} vlab.name={self.name} {self.kernel_args}" +
            (SMP_ARGS if self.smp > 1 else ""),
            "-uuid", self.uuid,
            "-device", "intel-iommu,intremap=on",
            "-drive", f"if=none,id=root,file={self._paths.image}/rootfs.squashfs,"
                      "format=raw,readonly=on,file.locking=off",
            "-device", "virtio-blk-pci,drive=root",
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={run}/{self.name}.agent,server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=vferry",
            "-netdev", f"tap,id=mgmt,ifname={mgmt},script=no,downscript=no,vhost=off",
            "-device", f"virtio-net-pci,netdev=mgmt,romfile=,"
                       f"mac=52:54:00:0a:01:{self.number:02x}",
            # the speed of an 82576. A faster port says that it tells of its link, and after a
            # reset of the bus below it does not
            "-device", "pcie-root-port,id=rp0,slot=1,chassis=1,x-speed=2_5,x-width=4",
            "-netdev", f"tap,id=data,ifname={data},script=no,downscript=no,vhost=off",
            "-device", f"igb,bus=rp0,netdev=data,mac={self.pf_mac}",
        ]

    def launch(self):
        """Start booting; ready() waits for the end of it."""
        net.add_tap(f"mgmt-{self.name}", "mgmt")
        net.add_tap(f"data-{self.name}", "data")
        initrd = self._paths.run / f"{self.name}.initrd"
        with open(initrd, "wb") as file:
            for part in self._parts:
                file.write(part.read_bytes())
        self._stderr = open(self._paths.log / f"{self.name}.qemu", "wb")
        self._launched = time.monotonic()
        self._console.touch()
        self._qemu = subprocess.Popen(
            self._arguments(initrd), stdin=subprocess.DEVNULL, stdout=self._stderr,
            stderr=self._stderr, start_new_session=True, cwd=self._log_dir,
            preexec_fn=_allow_core)

    def ready(self, timeout=BOOT_TIMEOUT):
        run = self._paths.run
        self.qmp = Qmp(connect_unix(run / f"{self.name}.qmp", 30, self.check_alive),
                       f"host {self.name}")
        self.attach(connect_unix(run / f"{self.name}.agent", 30, self.check_alive))
        self.send("hello")
        self.greet(timeout)
        self._management()
        self.boot_seconds = time.monotonic() - self._launched

    def _management(self):
        self.sh("modprobe virtio_net && n=$(ls /sys/bus/virtio/drivers/virtio_net/virtio*/net) && "
                "ip link set $n name mgmt && ip link set mgmt up && "
                f"ip address add {self.mgmt_address}/24 dev mgmt", timeout=60)

    def trouble(self, allowed=()):
        return self._log.trouble(allowed)

    def console(self):
        """All that the host has said on its console. It says more after `dmesg -n 8`."""
        return self._console.read_text(errors="replace")

    @property
    def pid(self):
        """Of its QEMU, on this machine."""
        return self._qemu.pid

    @property
    def dead(self):
        return self._qemu is not None and self._qemu.poll() is not None

    def save_logs(self):
        """Keep the whole kernel log."""
        if self._qemu is not None and not self.dead:
            log = self.run("dmesg", timeout=20)
            (self._paths.log / f"{self.name}.dmesg").write_bytes(log.out_bytes)

    def crash(self, sig):
        """End its QEMU by a signal, as a fault of its own would."""
        self._qemu.send_signal(sig)
        self._qemu.wait(60)

    def save_failed_boot(self):
        """Keep the console of a boot that failed, before the next one writes over it."""
        self._console.replace(self._console.with_suffix(".console.failed"))
        self._log = Reader(self._console)
        self.forget()

    def stop(self):
        """End the emulation at once, whatever runs in it."""
        if self._qemu is None:
            return
        self.close()
        if self.qmp:
            self.qmp.close()
        if self._qemu.poll() is None:
            self._qemu.kill()
        self._qemu.wait(20)
        self._qemu = None
        self._end = None
        self._stderr.close()
        net.del_tap(f"mgmt-{self.name}")
        net.del_tap(f"data-{self.name}")
