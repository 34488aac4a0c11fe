# SPDX-License-Identifier: GPL-2.0-or-later
"""vferry migrate, check --to and the journals of both hosts, with a guest that moves."""

import json
import signal
import time

from vlab import case, expect, test, wait_until
from vlab.crossing import GUEST_ADDRESS, LAB, Crossing, configure_guest
from vlab.journal import start_journal
from vlab.schema import fits

case(**LAB)

QMP = "/run/guest.qmp"
OK, NO, USAGE, CANNOT, STOPPED = 0, 1, 2, 3, 4


def setup(lab):
    lab.cross = Crossing(lab, qemu_args=f"-qmp unix:{QMP},server=on,wait=off")
    for host in lab.hosts.values():
        start_journal(host)
        host.start("exec vferry watch --journal")
        host.sh("ln -sf $(command -v vferry) /usr/local/bin/vferry")
    ssh(lab)


def ssh(lab):
    """Host a reaches b, and b a, by their names, without a password."""
    lab.a.sh("mkdir -p /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519")
    key, public = (lab.a.pull(f"/root/.ssh/id_ed25519{end}") for end in ("", ".pub"))
    config = "".join(f"Host {host.name}\n HostName {host.mgmt_address}\n"
                     " StrictHostKeyChecking no\n" for host in lab.hosts.values())
    for host in lab.hosts.values():
        host.sh("mkdir -p /root/.ssh /run/sshd && chmod 700 /root /root/.ssh")
        host.push("/root/.ssh/id_ed25519", key, 0o600)
        host.push("/root/.ssh/authorized_keys", public, 0o600)
        host.push("/root/.ssh/config", config, 0o600)
        host.sh("ssh-keygen -q -t ed25519 -N '' -f /run/sshd/key")
        host.start("exec /usr/sbin/sshd -D -e -f /dev/null -h /run/sshd/key "
                   "-o PermitRootLogin=yes -o UsePAM=no")
    for host, other in ((lab.a, lab.b), (lab.b, lab.a)):
        wait_until(lambda: host.run(f"ssh {other.name} true", timeout=20), 60, "ssh")


def other(lab):
    return lab.other(lab.cross.guest.host)


def target(lab, t):
    """A QEMU that awaits the guest on the other host, and where."""
    host = other(lab)
    instance = lab.cross.guest.expect_on(host, lab.cross.vfs[host.name][0])
    t.defer(lambda: instance.quit() if lab.cross.guest.instance is not instance else None)
    return instance, f"tcp:{host.mgmt_address}:{instance.migrate_port}"


def arrived(lab, instance):
    """The guest is there: speak to it there, end the QEMU that it has left."""
    guest = lab.cross.guest
    source = guest.instance
    wait_until(lambda: instance.qmp.command("query-status")["status"] == "running", 30, "guest")
    guest.moved_to(instance)
    source.quit()
    lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30)


def unharmed(lab):
    host = lab.cross.guest.host
    wait_until(lambda: '"state":"idle"' in host.sh("vfstate dump"), 20, "state idle")
    expect(lab.cross.guest.sh("echo here") == "here", "the guest is gone")
    lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30)


def results(answer):
    found = fits(answer.out, "check")
    return found, {line["check"]: line for line in found["checks"]}


@test("list says who uses a VF")
def list_(lab, t):
    t.note(lab.a.sh("vferry list"))
    vf = fits(lab.a.sh("vferry list --json"), "list")["pfs"][0]["vfs"][0]
    expect(vf["user"]["guest"] == "guest" and vf["user"]["name"].startswith("qemu") and
           vf["held"] and vf["migratable"], vf)


@test("setup leaves a VF alone that a virtual machine uses")
def setup_in_use(lab, t):
    before = fits(lab.a.sh("vferry list --json"), "list")["pfs"][0]["vfs"][0]
    lab.a.push("/tmp/host.conf", "[pf0]\nvfs = 1\nmac.0 = 52:54:00:99:99:99\n")
    answer = lab.a.run("vferry setup --json -c /tmp/host.conf")
    expect(answer.code == OK and fits(answer.out, "setup") == {"failed": False, "done": []} and
           "its address is left alone" in answer.err, answer)
    after = fits(lab.a.sh("vferry list --json"), "list")["pfs"][0]["vfs"][0]
    expect(after["mac"] == before["mac"], after)


@test("check passes, here and to the other host, with a frame, and with labels")
def check(lab, t):
    answer = lab.a.run("vferry check --to=b pf0/0", timeout=90)
    t.note(answer.out)
    expect(answer.code == OK and "it has heard a frame" in answer.out, answer)
    for host in lab.hosts.values():
        host.sh("mkdir -p /etc/vferry; printf '[pf0]\\nnetwork = lan1\\n' >/etc/vferry/host.conf")
        t.defer(host.sh, "rm -r /etc/vferry")
    found, line = results(lab.a.run("vferry check --to=b --json pf0/0", timeout=90))
    expect(found["pass"] and "(lan1)" in line["there-network"]["text"], found)
    expect(found["way"] == {"pf": "pf0", "vf_pci": lab.cross.vfs["b"][0]}, found)


@test("check --to fails with the right reason: another network, no free VF, no such host")
def check_to(lab, t):
    # what a switch between both would do: b's PF hears nothing
    lab.b.sh("ip link set pf0 down")
    t.defer(lab.b.sh, "ip link set pf0 up")
    found, line = results(lab.a.run("vferry check --to=b --json pf0/0", timeout=90))
    expect(line["there-network"]["result"] == "fail" and
           "has heard a frame" in line["there-network"]["text"], found)
    lab.b.sh("ip link set pf0 up")
    wait_until(lambda: lab.b.run("grep -q 1 /sys/class/net/pf0/carrier"), 20, "link")
    instance, _ = target(lab, t)
    found, line = results(lab.a.run("vferry check --to=b --json pf0/0", timeout=90))
    expect(line["there-vf"]["result"] == "fail" and "no VF of pf0 there is free" in
           line["there-vf"]["text"], found)
    instance.quit()
    found, line = results(lab.a.run("vferry check --to=nosuch --json pf0/0", timeout=90))
    expect(line["there"]["result"] == "fail" and "cannot be reached by ssh" in
           line["there"]["text"], found)


@test("check fails with the right reason: the guest is paused")
def check_paused(lab, t):
    guest = lab.cross.guest
    guest.qmp.command("stop")
    t.defer(lambda: lab.peer.sh(f"ping -c 1 -W 10 {GUEST_ADDRESS}", timeout=30))
    t.defer(lambda: guest.qmp.command("cont"))
    found, line = results(lab.a.run("vferry check --json pf0/0", timeout=60))
    expect(line["ping"]["result"] == "fail", found)
    answer = lab.a.run(f"vferry migrate --qmp={QMP} tcp:127.0.0.1:1", timeout=60)
    expect(answer.code == NO and "nothing was begun" in answer.err and "ping" in answer.err,
           answer)


@test("migrate: a to b, as a person sees it")
def there(lab, t):
    instance, uri = target(lab, t)
    answer = lab.a.run(f"vferry migrate --qmp={QMP} {uri}", timeout=120)
    t.note(answer.err)
    t.note(answer.out)
    expect(answer.code == OK and f"The guest is at {uri}" in answer.out and
           "the state of the VF has been read" in answer.out, answer)
    arrived(lab, instance)


@test("migrate: b to a, as a script sees it")
def back(lab, t):
    instance, uri = target(lab, t)
    answer = lab.b.run(f"vferry migrate --json --qmp={QMP} --bandwidth=500M "
                       f"--downtime-limit=300 {uri}", timeout=120)
    expect(answer.code == OK and not answer.err, answer)
    found = fits(answer.out, "migrate")
    t.note({k: v for k, v in found.items() if k != "migrations"})
    expect(found["result"] == "completed" and found["where"] == "there" and
           found["downtime_ms"] > 0 and found["device_bytes"] > 0, found)
    phases = [e.get("phase") for e in found["migrations"][0]["events"] if "phase" in e]
    expect(phases[0] == "converged" and phases[-1] == "saved", phases)
    arrived(lab, instance)


@test("both journals have both migrations, with the same ids")
def journals(lab, t):
    def outcomes(host):
        found = fits(host.sh("vferry history --json", timeout=60), "history")["migrations"]
        return {m["migration"]: m["outcome"] for m in found}
    wait_until(lambda: len(outcomes(lab.a)) == 2 and len(outcomes(lab.b)) == 2, 30,
               "two entries on each host")
    a, b = outcomes(lab.a), outcomes(lab.b)
    expect(set(a) == set(b) and sorted(a.values()) == sorted(b.values()) == ["arrived", "left"],
           (a, b))
    expect(all(a[m] != b[m] for m in a), (a, b))
    first = next(m for m in a if a[m] == "left")
    lab.a.sh(f"vferry history --plot=/tmp/left.svg {first}", timeout=60)
    lab.b.sh(f"vferry history --plot=/tmp/arrived.svg {first}", timeout=60)
    (lab.paths.log / "left.svg").write_bytes(lab.a.pull("/tmp/left.svg"))
    (lab.paths.log / "arrived.svg").write_bytes(lab.b.pull("/tmp/arrived.svg"))
    t.note(lab.a.sh("vferry history", timeout=60))
    t.note(lab.b.sh(f"vferry history {first}", timeout=60))


def interrupted(lab, t, process, where, code=STOPPED):
    """^C; the command ends with this status and says where the guest is."""
    started = time.monotonic()
    process.kill(signal.SIGINT)
    answer = process.wait(40)
    t.note(f"ended {time.monotonic() - started:.1f} s after ^C: {answer.err}{answer.out}")
    expect(answer.code == code and where in answer.out + answer.err, answer)
    unharmed(lab)


@test("^C before anything was begun")
def stop_early(lab, t):
    mute = lab.a.start("exec socat UNIX-LISTEN:/tmp/mute.qmp EXEC:'sleep 1000'")
    t.defer(mute.kill)
    wait_until(lambda: lab.a.run("test -S /tmp/mute.qmp"), 10, "socat")
    process = lab.a.start("exec vferry migrate --qmp=/tmp/mute.qmp tcp:127.0.0.1:1")
    t.defer(process.kill)
    wait_until(lambda: lab.a.run("pgrep -x sleep"), 10, "the connection")
    interrupted(lab, t, process, "nothing was begun")


@test("^C in pre-copy cancels; so does the time limit")
def stop_precopy(lab, t):
    _, uri = target(lab, t)
    process = lab.a.start(f"exec vferry migrate --qmp={QMP} --bandwidth=4M {uri}")
    t.defer(process.kill)
    wait_until(lambda: '"state":"migrating"' in lab.a.sh("vfstate dump"), 30, "logging")
    interrupted(lab, t, process, "The guest is here, running")
    _, uri = target(lab, t)
    answer = lab.a.run(f"vferry migrate --json --qmp={QMP} --bandwidth=4M --timeout=3 {uri}",
                       timeout=60)
    found = fits(answer.out, "migrate")
    expect(answer.code == NO and found["result"] == "cancelled" and found["where"] == "here" and
           found["guest"] == "running" and "not done within 3 s" in found["reason"], found)
    unharmed(lab)


@test("on a terminal: a bar in one line that is written over")
def terminal(lab, t):
    _, uri = target(lab, t)
    answer = lab.a.run(f"TERM=xterm script -qec 'stty cols 100; vferry migrate --qmp={QMP} "
                       f"--bandwidth=4M --timeout=2 {uri}' /dev/null", timeout=60)
    lines = [line.split("\033[K")[0] for line in answer.out.split("\n")[0].split("\r")]
    t.note(lines[-2])
    expect(len(lines) > 10 and all(len(line) < 100 for line in lines), answer)
    expect(any("copying    [#" in line and "MiB/s" in line for line in lines), answer)
    expect("\033[31mcancelled" in answer.out and "The guest is here, running" in answer.out, answer)
    unharmed(lab)


@test("^C when the guest is suspended and its machine stopped")
def stop_suspended(lab, t):
    guest = lab.cross.guest

    def hold(on):
        guest.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": "pause-before-switchover", "state": on}])
    hold(True)
    t.defer(hold, False)
    _, uri = target(lab, t)
    process = lab.a.start(f"exec vferry migrate --qmp={QMP} --bandwidth=0 {uri}")
    t.defer(process.kill)
    wait_until(lambda: "held" in process.err, 60, "pre-switchover")
    expect('"state":"suspended"' in lab.a.sh("vfstate dump"), lab.a.sh("vfstate dump"))
    interrupted(lab, t, process, "The guest is here")


@test("^C twice does not wait for a QEMU that does not answer")
def stop_twice(lab, t):
    _, uri = target(lab, t)
    pid = fits(lab.a.sh("vferry list --json"), "list")["pfs"][0]["vfs"][0]["user"]["pid"]
    process = lab.a.start(f"exec vferry migrate --json --qmp={QMP} --bandwidth=4M {uri}")
    t.defer(process.kill)
    wait_until(lambda: '"state":"migrating"' in lab.a.sh("vfstate dump"), 30, "logging")
    lab.a.sh(f"kill -STOP {pid}")
    t.defer(lab.a.sh, f"kill -CONT {pid}")
    process.kill(signal.SIGINT)
    # the first one has been taken when nothing is pending any more
    wait_until(lambda: "ShdPnd:\t0000000000000000" in
               lab.a.sh("cat /proc/$(pgrep -x vferry -n)/status"), 20, "the first ^C")
    process.kill(signal.SIGINT)
    answer = process.wait(8)
    found = fits(answer.out, "migrate")
    expect(answer.code == CANNOT and found["where"] == "unknown" and
           "interrupted while cancelling" in found["reason"], answer)
    lab.a.sh(f"kill -CONT {pid}")
    # QEMU drops what a client that has gone had asked for
    lab.cross.guest.qmp.command("migrate_cancel")
    wait_until(lambda: lab.cross.guest.qmp.command("query-migrate")["status"]
               in ("cancelled", "failed"), 30, "the end of the migration")
    t.note(lab.cross.guest.qmp.command("query-migrate"))
    unharmed(lab)


@test("nobody at the other end")
def nobody(lab, t):
    answer = lab.a.run(f"vferry migrate --json --qmp={QMP} tcp:127.0.0.1:1", timeout=60)
    if "errors" in json.loads(answer.out):      # QEMU has refused at once
        expect("refused" in fits(answer.out, "errors")["errors"][-1], answer)
    else:
        found = fits(answer.out, "migrate")
        expect(found["result"] == "failed" and found["where"] == "here" and
               "refused" in found["reason"], found)
    expect(answer.code == NO, answer)
    unharmed(lab)


@test("the QMP socket: none, not QMP, closed in the middle")
def sockets(lab, t):
    answer = lab.a.run("vferry migrate --qmp=/nosuch tcp:127.0.0.1:1")
    expect(answer.code == CANNOT and "No such file" in answer.err, answer)
    talker = lab.a.start("exec socat UNIX-LISTEN:/tmp/talker EXEC:'echo hello'")
    t.defer(talker.kill)
    wait_until(lambda: lab.a.run("test -S /tmp/talker"), 10, "socat")
    answer = lab.a.run("vferry migrate --qmp=/tmp/talker tcp:127.0.0.1:1")
    expect(answer.code == CANNOT and "not a QMP socket" in answer.err, answer)

    proxy = lab.a.start(f"exec socat UNIX-LISTEN:/tmp/proxy UNIX-CONNECT:{QMP}")
    t.defer(proxy.kill)
    wait_until(lambda: lab.a.run("test -S /tmp/proxy"), 10, "socat")
    _, uri = target(lab, t)
    process = lab.a.start(f"exec vferry migrate --json --qmp=/tmp/proxy --bandwidth=4M {uri}")
    t.defer(process.kill)
    wait_until(lambda: '"state":"migrating"' in lab.a.sh("vfstate dump"), 30, "logging")
    proxy.kill()
    answer = process.wait(40)
    found = fits(answer.out, "migrate")
    expect(answer.code == CANNOT and found["result"] == found["where"] == "unknown" and
           "closed the connection" in found["reason"], answer)
    lab.cross.guest.qmp.command("migrate_cancel")
    unharmed(lab)


@test("QMP over TCP; ^C in the middle of the switch: what it says of the guest is so")
def stop_in_switch(lab, t):
    source = lab.cross.guest.host
    relay = source.start(f"exec socat TCP-LISTEN:7000,bind=127.0.0.1,reuseaddr UNIX:{QMP}")
    t.defer(relay.kill)
    wait_until(lambda: source.run("ss -lnt | grep -q :7000"), 10, "socat")
    instance, uri = target(lab, t)
    since = lab.cross.events[source.name].count()
    process = source.start(f"exec vferry migrate --json --qmp=tcp:127.0.0.1:7000 {uri}")
    t.defer(process.kill)
    lab.cross.events[source.name].wait(lambda e: e.get("phase") == "stopped", 60,
                                       "the machine to be stopped", since)
    process.kill(signal.SIGINT)
    answer = process.wait(40)
    found = fits(answer.out, "migrate")
    t.note({k: v for k, v in found.items() if k != "migrations"})
    if found["where"] == "there":
        expect(answer.code == OK and found["result"] == "completed", answer)
        arrived(lab, instance)
    else:
        expect(answer.code == STOPPED and found["where"] == "here", answer)
    unharmed(lab)


def manual(lab, t):
    """vferry_vfio tells the guests nothing, until the test ends."""
    path = "/sys/module/vferry_vfio/parameters/manual"
    for host in lab.hosts.values():
        host.sh(f"echo Y >{path}")
        t.defer(host.sh, f"echo N >{path}")


def ip_state(host):
    return json.loads(host.sh("ip -j link show pf0"))[0]["vfinfo_list"][0]["link_state"]


def by_hand(host, word, state, shown):
    """One of the four commands; then ip shows this, and the driver is in this state."""
    host.sh(f"ip link set pf0 vf 0 state {word}")
    wait_until(lambda: f'"state":"{state}"' in host.sh("vfstate dump"), 20, state)
    expect(ip_state(host) == shown, f"{word}: ip shows {ip_state(host)}")


@test("four commands: a whole crossing by ip link alone, each state in ip -j link show")
def four_commands(lab, t):
    guest = lab.cross.guest
    source, destination = guest.host, other(lab)
    manual(lab, t)
    lab.cross.start_traffic()
    t.defer(lambda: (lab.cross.probe.stop(), lab.cross.streams.stop()))
    found, line = results(source.run("vferry check --json pf0/0", timeout=60))
    expect("by hand" in line["automation"]["text"], found)
    expect(ip_state(source) == ip_state(destination) == "auto", "before")

    # the fourth one: a migration that is called off
    by_hand(source, "migrate", "migrating", "migrate")
    by_hand(source, "cancelmigration", "idle", "auto")

    by_hand(source, "migrate", "migrating", "migrate")
    instance, uri = target(lab, t)
    guest.qmp.command("migrate-set-parameters", max_bandwidth=0)
    guest.qmp.command("migrate", uri=uri)
    # QEMU holds the switch for as long as nobody suspends the VF
    wait_until(lambda: guest.qmp.command("query-migrate").get("ram", {})
               .get("dirty-sync-count", 0) > 3, 60, "the memory to be copied")
    expect(guest.qmp.command("query-migrate")["status"] == "active", "it did not wait")
    expect(guest.qmp.command("query-status")["status"] == "running", "the guest was stopped")
    by_hand(source, "suspend", "suspended", "suspend")
    wait_until(lambda: guest.qmp.command("query-migrate")["status"] == "completed", 60,
               "the migration")
    wait_until(lambda: '"state":"suspended"' in destination.sh("vfstate dump"), 30,
               "the guest to be there")
    expect(ip_state(destination) == "suspend", ip_state(destination))
    by_hand(destination, "resume", "idle", "auto")
    arrived(lab, instance)
    lab.cross.probe.take()
    tcp = lab.cross.streams.take()
    t.note(f"tcp {tcp}")
    expect(tcp["resets"] == 0 and tcp["corrupt"] == 0, tcp)
    wait_until(lambda: ip_state(source) == "auto", 20, "the VF that the guest has left")


@test("by hand: QEMU's migration without MIGRATE is refused; one that is ended by hand fails")
def by_hand_wrong(lab, t):
    guest = lab.cross.guest
    source = guest.host
    manual(lab, t)
    _, uri = target(lab, t)
    answer = source.run(f"vferry migrate --no-check --qmp={QMP} {uri}", timeout=60)
    expect(answer.code == NO and "the guest has not been told to migrate" in
           answer.out + answer.err, answer)
    by_hand(source, "migrate", "migrating", "migrate")
    _, uri = target(lab, t)
    process = source.start(f"exec vferry migrate --json --no-check --qmp={QMP} {uri}")
    t.defer(process.kill)
    wait_until(lambda: guest.qmp.command("query-migrate").get("ram", {})
               .get("dirty-sync-count", 0) > 2, 60, "the memory to be copied")
    source.sh("ip link set pf0 vf 0 state cancelmigration")
    answer = process.wait(60)
    found = fits(answer.out, "migrate")
    expect(answer.code == NO and found["result"] == "failed" and found["where"] == "here" and
           "migration was ended, not by QEMU" in found["reason"], found)
    unharmed(lab)


@test("a migration that is ended by hand fails, whoever leads it: what follows is not logged")
def ended_by_hand(lab, t):
    for word in ("cancelmigration", "resume"):
        guest = lab.cross.guest
        source = guest.host
        _, uri = target(lab, t)
        process = source.start(f"exec vferry migrate --json --qmp={QMP} --bandwidth=4M {uri}")
        t.defer(process.kill)
        wait_until(lambda: '"state":"migrating"' in source.sh("vfstate dump"), 30, "logging")
        if word == "resume":
            source.sh("vferry vf pf0 0 suspend --wait")
        source.sh(f"vferry vf pf0 0 {word} --wait")
        answer = process.wait(60)
        found = fits(answer.out, "migrate")
        expect(answer.code == NO and found["result"] == "failed" and found["where"] == "here" and
               "migration was ended, not by QEMU" in found["reason"], found)
        unharmed(lab)


@test("check fails with the right reason: a guest with igbvf, without enable-migration")
def foreign(lab, t):
    lab.cross.guest.shutdown()
    guest = lab.guest(name="foreign", modules=("igbvf",), migratable=False)
    guest.boot(lab.a, lab.cross.vfs["a"][0])
    configure_guest(guest)
    lab.peer.sh(f"ping -c 3 -W 5 {GUEST_ADDRESS}", timeout=30)
    found, line = results(lab.a.run("vferry check --json pf0/0", timeout=60))
    expect("without enable-migration=on" in line["enable-migration"]["text"], found)
    expect("does not speak vferry" in line["guest"]["text"], found)
    answer = lab.a.run("vferry vf pf0 0 migrate")
    expect(answer.code == NO and "guest driver does not speak vferry" in answer.err, answer)
    answer = lab.a.run("ip link set pf0 vf 0 state migrate")
    expect(answer.code == 2 and "Error: VF 0: guest driver does not speak vferry." in answer.err,
           answer)
