# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself, with drivers that are not ours: stock igb and igbvf."""

import signal

from vlab import case, expect, test
from vlab.host import HostDied
from vlab.net import DATA_NET

case(hosts=["a"])


def setup(lab):
    lab.a.load_pf("igb")
    lab.a.load("igbvf")
    lab.spaces = []
    for i, pci in enumerate(lab.a.create_vfs(2)):
        lab.a.bind(pci, "igbvf")
        lab.a.netdev_of(pci, f"vf{i}")
        lab.spaces.append(lab.a.add_netns(f"n{i}", f"vf{i}", f"{DATA_NET}.{20 + i}/24"))


@test("each VF has an IOMMU group of its own")
def groups(lab, t):
    groups = [lab.a.sh(f"readlink /sys/bus/pci/devices/{pci}/iommu_group")
              for pci in lab.a.vf_pcis()]
    expect(len(groups) == 2 and groups[0] != groups[1], f"groups: {groups}")


@test("two VFs reach each other")
def vf_to_vf(lab, t):
    lab.spaces[0].sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.21")


@test("both VFs reach the peer, and it them")
def vf_to_peer(lab, t):
    for space in lab.spaces:
        space.sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.1")
    for i in range(2):
        lab.peer.sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.{20 + i}")


@test("commands: status, both outputs, time limit, input")
def commands(lab, t):
    result = lab.a.run("echo out; echo err >&2; exit 3")
    expect((result.code, result.out, result.err) == (3, "out\n", "err\n"), result)
    result = lab.a.run("sleep 60", timeout=0.5)
    expect(result.timed_out and not result.ok, result)
    data = bytes(range(256)) * 300
    lab.a.push("/tmp/data", data)
    expect(lab.a.pull("/tmp/data") == data, "a file pushed came back changed")
    process = lab.a.start("echo first; cat /dev/zero | tr '\\0' x | head -c 300000; sleep 60")
    t.defer(process.kill)
    expect(process.running, "a background command has ended")
    offset, error = lab.a.clock_offset()
    expect(error < 500_000_000, f"clock: offset {offset} ns, error {error} ns")
    t.note(f"clock of a: {offset / 1e6:.3f} ms off, known to {error / 1e6:.3f} ms")


@test("a host that does not answer is reported with what its processors are at")
def stuck(lab, t):
    expect(lab.a.stuck() is None, "a host that answers is said to be stuck")
    lab.a.qmp.command("stop")
    try:
        said = lab.a.stuck(patience=2)
    finally:
        lab.a.qmp.command("cont")
    expect(said and "RIP=" in said and "does not answer" in said, said)
    expect("VM status: paused" in (lab.paths.log / "a.stuck").read_text(), "no a.stuck")


@test("a QEMU that crashes is reported with its signal, and where it was")
def crash(lab, t):
    lab.a.crash(signal.SIGSEGV)
    try:
        lab.a.sh("true")
        raise AssertionError("a command ran in a host whose QEMU had crashed")
    except HostDied as error:
        expect("killed by SIGSEGV" in str(error), error)
    trace = (lab.paths.log / "a.backtrace").read_text(errors="replace")
    expect("Thread 1" in trace and "#0" in trace, trace[-2000:])
