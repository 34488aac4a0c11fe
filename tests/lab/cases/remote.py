# SPDX-License-Identifier: GPL-2.0-or-later
"""The library's way to real machines (remote.py), tried on an emulated one by ssh."""

import signal

from vlab import case, expect, test, wait_until
from vlab.net import DATA_NET
from vlab.remote import RemoteHost, RemotePeer

case(hosts=["a"])

KEY = "/tmp/vlab-key"


def setup(lab):
    lab.here.sh(f"ssh-keygen -q -t ed25519 -N '' -f {KEY}")
    lab.a.sh("mkdir -p -m 700 /root/.ssh /run/sshd && ssh-keygen -A")
    lab.a.push("/root/.ssh/authorized_keys", lab.here.pull(KEY + ".pub"), 0o600)
    lab.a.start("exec /usr/sbin/sshd -D -o UsePAM=no")
    address = lab.a.mgmt_address
    wait_until(lambda: lab.here.run(f"nc -z {address} 22").ok, 30, "sshd")
    lab.far = RemoteHost(1, lab.paths, {
        "name": "far", "mgmt_address": address, "pf": lab.a.pf_pci(),
        "command": ["ssh", "-i", KEY, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
                    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                    "-o", "ControlMaster=auto", "-o", "ControlPath=/tmp/vlab-ssh",
                    "-o", "ControlPersist=60", f"root@{address}"]})
    lab.far.launch()
    lab.far.ready()


@test("commands: status, both outputs, time limit, signals, files")
def commands(lab, t):
    far = lab.far
    result = far.run("echo \"it's\"; echo err >&2; exit 3")
    expect((result.code, result.out, result.err) == (3, "it's\n", "err\n"), result)
    expect(far.run("sleep 60", timeout=0.5).timed_out, "no time limit")
    process = far.start("sleep 4242 & sleep 4242")
    wait_until(lambda: far.run("pgrep -cfx 'sleep 4242'").out == "2\n", 20, "both to run")
    process.kill(signal.SIGTERM)
    process.wait(20)
    wait_until(lambda: not far.run("pgrep -fx 'sleep 4242'").ok, 20, "both to end")
    data = bytes(range(256)) * 300
    far.push("/tmp/data", data)
    expect(lab.a.pull("/tmp/data") == data and far.pull("/tmp/data") == data, "files differ")


@test("the clock is the same as seen by the agent")
def clock(lab, t):
    (near, near_error), (far, far_error) = lab.a.clock_offset(), lab.far.clock_offset()
    t.note(f"{near / 1e6:.3f} ± {near_error / 1e6:.3f} ms by the agent, "
           f"{far / 1e6:.3f} ± {far_error / 1e6:.3f} ms by ssh")
    expect(abs(near - far) <= near_error + far_error + 5_000_000, "clocks differ")


@test("a VF reaches the peer, both behind commands")
def traffic(lab, t):
    peer = RemotePeer({"command": ["nsenter", "--net=/run/netns/peer", "sh", "-c"],
                       "interface": "data0"})
    peer.prepare(lab.paths.out / "bin")
    t.defer(peer.stop)
    lab.far.load_pf("igb")
    lab.far.load("igbvf")
    pci = lab.far.create_vfs(1)[0]
    lab.far.bind(pci, "igbvf")
    lab.far.netdev_of(pci, "vf0")
    space = lab.far.add_netns("n0", "vf0", f"{DATA_NET}.20/24")
    space.sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.1")
    peer.sh(f"ping -c 3 -i 0.2 -W 5 {DATA_NET}.20")


@test("trouble in the kernel log is noticed once, and only since the run began")
def log(lab, t):
    t.allow("BUG: not really")
    expect(lab.far.trouble() == [], "trouble before there was any")
    lab.a.sh("echo 'BUG: not really' >/dev/kmsg")
    expect(len(lab.far.trouble()) == 1, "trouble was not noticed")
    expect(lab.far.trouble() == [], "trouble was noticed twice")


@test("at the end the machine is as it was")
def clean(lab, t):
    lab.far.sh("ip netns delete n0")
    running = lab.far.start("sleep 4243")
    wait_until(lambda: lab.far.run("pgrep -fx 'sleep 4243'").ok, 20, "it to run")
    lab.far.stop()
    running.wait(20)
    expect(not lab.a.run("pgrep -fx 'sleep 4243'").ok, "a command is left")
    expect(not lab.a.run("lsmod | grep -E '^(igb|vferry)'").ok, "a driver is left")
