# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's two commands on one host: ip link, vferry. VF 0 is driven by vferry_vf in a
namespace of the host; what needs a guest is in host_migrate.py."""

import json
import signal

from vlab import case, expect, test, wait_until
from vlab.events import Events
from vlab.journal import start_journal
from vlab.net import DATA_NET
from vlab.schema import faults, fits, SCHEMA

case(hosts=["a"], memory=1024, smp=2)

NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups --"
OK, NO, USAGE, CANNOT, STOPPED = 0, 1, 2, 3, 4


def setup(lab):
    lab.a.load_pf("vferry_pf")
    lab.a.load("vferry_vf")
    lab.a.load("vferry_vfio")
    lab.pci = lab.a.create_vfs(2)
    lab.a.bind(lab.pci[0], "vferry_vf")
    lab.a.netdev_of(lab.pci[0], "vf0")
    lab.n0 = lab.a.add_netns("n0", "vf0", f"{DATA_NET}.20/24")
    lab.a.bind(lab.pci[1], "vferry_vfio")
    wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "link of vf0")
    lab.events = Events(lab.a)


def refused(lab, command, code, *words):
    """A command that has to fail: with this exit status and these words."""
    result = lab.a.run(command, timeout=60)
    expect(result.code == code, f"exit status {code} was expected: {result}")
    for word in words:
        expect(word in result.err, f"{word!r} was expected: {result}")
    return result


def vf_json(lab, nr=0):
    found = fits(lab.a.sh("vferry list --json"), "list")
    return found["pfs"][0]["vfs"][nr]


def ip_state(lab):
    link = json.loads(lab.a.sh("ip -j link show pf0"))[0]
    return link["vfinfo_list"][0]["link_state"]


def go(lab, command, state):
    """A command, and the event that says that it is done."""
    since = lab.events.count()
    lab.a.sh(command)
    lab.events.wait(lambda e: e["event"] == "state" and e["state"] == state and e["vf"] == 0,
                    10, state, since)


# -- ip link

@test("ip link sets the four states, shows them, and says why not")
def ip_link(lab, t):
    for old in ("enable", "disable", "auto"):
        lab.a.sh(f"ip link set pf0 vf 0 state {old}")
        expect(ip_state(lab) == old, ip_state(lab))
    for word, state, shown in (("migrate", "migrating", "migrate"),
                               ("suspend", "suspended", "suspend"),
                               ("resume", "idle", "auto"), ("migrate", "migrating", "migrate"),
                               ("cancelmigration", "idle", "auto")):
        go(lab, f"ip link set pf0 vf 0 state {word}", state)
        expect(ip_state(lab) == shown, f"{word}: {ip_state(lab)}")
        text = lab.a.sh("ip link show pf0")
        expect(f"link-state {shown}" in text, text)
    t.note(refused(lab, "ip link set pf0 vf 0 state resume", 2,
                   "Error: VF 0: not suspended.").err)
    refused(lab, "ip link set pf0 vf 1 state migrate", 2, "Error: VF 1: no driver uses the VF.")
    refused(lab, "ip link set pf0 vf 9 state migrate", 2, "no such VF")
    refused(lab, "ip link set pf0 vf 0 state susp", 255, 'Invalid "state" value')
    refused(lab, "ip link set mgmt vf 0 state migrate", 2, "RTNETLINK answers")
    refused(lab, f"{NOBODY} ip link set pf0 vf 0 state migrate", 2, "not permitted")
    help_ = lab.a.run("ip link help")
    expect("cancelmigration" in help_.out + help_.err, help_)


@test("together with other settings ip goes through rtnetlink")
def ip_mixed(lab, t):
    t.defer(lab.a.sh, "ip link set pf0 vf 0 trust off")
    go(lab, "ip link set pf0 vf 0 trust on state migrate", "migrating")
    refused(lab, "ip link set pf0 vf 0 trust off state migrate", 2, "RTNETLINK answers")
    go(lab, "ip link set pf0 vf 0 state cancelmigration", "idle")


@test("stock ip works with the driver")
def stock_ip(lab, t):
    expect("cancelmigration" in lab.a.sh("ip link help 2>&1; true"), "the lab's ip is not the patched one")
    stock = next(path for path in ("/usr/sbin/ip", "/usr/bin/ip", "/bin/ip")
                 if lab.a.run(f"test -x {path}"))
    expect("cancelmigration" not in lab.a.sh(f"{stock} link help 2>&1; true"), "not stock")
    lab.a.sh(f"{stock} link set pf0 vf 0 state enable")
    expect("link-state enable" in lab.a.sh(f"{stock} link show pf0"), "state")
    lab.a.sh(f"{stock} link set pf0 vf 0 state auto")
    go(lab, "ip link set pf0 vf 0 state migrate", "migrating")
    expect("vf 0" in lab.a.sh(f"{stock} link show pf0"), "a state that it does not know")
    go(lab, "ip link set pf0 vf 0 state cancelmigration", "idle")
    refused(lab, f"{stock} link set pf0 vf 0 state migrate", 255, "Invalid")


# -- vferry list, vf

@test("list")
def list_(lab, t):
    t.note(lab.a.sh("vferry list"))
    first, second = (vf_json(lab, n) for n in (0, 1))
    expect(first["driver"] == "vferry_vf" and first["migratable"] and first["protocol"] == 1,
           first)
    expect(second["driver"] == "vferry_vfio" and not second["migratable"] and
           second["reason"] == "no driver uses the VF", second)
    for name in ("pf0", lab.a.pf_pci(), lab.pci[1], lab.pci[1][5:], "pf0/1"):
        found = fits(lab.a.sh(f"vferry list --json {name}"), "list")["pfs"]
        count = 2 if name in ("pf0", lab.a.pf_pci()) else 1
        expect(len(found) == 1 and len(found[0]["vfs"]) == count, (name, found))
    expect(fits(lab.a.sh(f"{NOBODY} $(command -v vferry) list --json"), "list")["pfs"],
           "reading needs no privilege")
    expect("\033" not in lab.a.sh("vferry list"), "colours in a pipe")
    colours = lab.a.sh("TERM=xterm script -qec 'vferry list' /dev/null")
    expect("\033[32m" in colours, f"no colours on a terminal: {colours!r}")


@test("names that are none")
def names(lab, t):
    for command in ("list", "watch", "check"):
        refused(lab, f"vferry {command} nosuch", USAGE, "nosuch: no such PF or VF")
        refused(lab, f"vferry {command} mgmt", USAGE, "neither a PF with SR-IOV nor a VF")
        refused(lab, f"vferry {command} 0000:00:00.0", USAGE, "neither a PF")
        refused(lab, f"vferry {command} pf0/7", USAGE, "no such")
        refused(lab, f"vferry {command} --nosuch", USAGE, "--help")
    refused(lab, "vferry check pf0", USAGE, "which VF of it")
    refused(lab, "vferry check", USAGE)
    refused(lab, "vferry vf pf0 7 migrate", USAGE, "pf0 has no VF 7")
    refused(lab, "vferry vf pf0 x migrate", USAGE, "pf0 has no VF x")
    refused(lab, "vferry vf pf0 0 susp", USAGE, "not one of")
    refused(lab, "vferry vf pf0 0 migrate --wait=0", USAGE, "seconds")
    refused(lab, "vferry history -n 0", USAGE)
    refused(lab, "vferry setup words", USAGE)
    refused(lab, "vferry migrate tcp:x:1", USAGE, "--help")
    refused(lab, "vferry migrate --qmp=/x --bandwidth=much tcp:x:1", USAGE, "not a number")
    refused(lab, "vferry nosuch", USAGE, "no such command")
    refused(lab, "vferry", USAGE, "Usage")
    for command in ("", "list", "watch", "check", "migrate", "vf", "history", "setup"):
        expect("Usage: vferry" in lab.a.sh(f"vferry {command} --help"), command)


@test("vf: the four steps by hand, each waited for")
def by_hand(lab, t):
    for word, state in (("migrate", "migrating"), ("suspend", "suspended"), ("resume", "idle")):
        t.note(lab.a.sh(f"vferry vf pf0 0 {word} --wait"))
        expect(vf_json(lab)["state"] == state, vf_json(lab))
    lab.n0.sh(f"ping -c 1 -W 5 {DATA_NET}.1")
    event = fits(lab.a.sh("vferry vf pf0/0 migrate --wait=10 --json"), "event")
    expect(event["state"] == "migrating" and event["duration_us"] > 0, event)
    info = fits(lab.a.sh(f"vferry vf {lab.pci[0]} suspend --json"), "vf_info")
    expect(info["state"] in ("suspend-sent", "suspended"), info)
    lab.a.sh("vferry vf pf0 0 cancelmigration --wait")
    lab.a.sh("vferry vf pf0 0 cancelmigration --wait")      # nothing to do is no failure
    t.note(refused(lab, "vferry vf pf0 0 resume", NO, "pf0: VF 0: not suspended").err)
    refused(lab, "vferry vf pf0 1 migrate --wait", NO, "no driver uses the VF")
    refused(lab, f"{NOBODY} $(command -v vferry) vf pf0 0 migrate", CANNOT, "not permitted")


# -- vferry watch

def watching(lab, t, options=""):
    process = lab.a.start(f"exec vferry watch --json {options}")
    t.defer(process.kill)
    wait_until(lambda: '"watching"' in process.out, 10, "vferry watch")
    return process


def listeners(lab, count):
    """Wait until so many processes hear the PF driver's events: vfstate's, and others."""
    wait_until(lambda: int(lab.a.sh("awk '$2 == 16 && $4 != \"00000000\"' /proc/net/netlink | "
                                    "wc -l")) >= count, 10, f"{count} listeners")


def lines(process):
    return [json.loads(line) for line in process.out.split("\n")[:-1]]


@test("watch: events with the time since the migration began")
def watch(lab, t):
    process = watching(lab, t, "pf0/0")
    human = lab.a.start("exec vferry watch")
    t.defer(human.kill)
    listeners(lab, 3)
    for word in ("migrate", "suspend", "resume"):
        lab.a.sh(f"vferry vf pf0 0 {word} --wait")
    wait_until(lambda: "the VF works again" in human.out, 10, "the end")
    wait_until(lambda: any(e.get("old_state") == "resume-sent" for e in lines(process)), 10,
               "the end")
    t.note(human.out)
    events = lines(process)[1:]
    states = [e["state"] for e in events if e["event"] == "state"]
    expect(states == ["migrate-sent", "migrating", "suspend-sent", "suspended", "resume-sent",
                      "idle"], states)
    since = [e["since_ms"] for e in events if e["event"] == "state"]
    expect(since == sorted(since) and since[0] == 0 < since[-1], since)
    for event in events:
        expect(not faults(event, SCHEMA["$defs"]["event"]), event)
    process.kill(signal.SIGINT)
    expect(process.wait(10).signal == signal.SIGINT, "^C does not end it")


@test("watch: what was lost is said, and all VFs are shown as they are")
def overrun(lab, t):
    process = watching(lab, t, "--buffer=4096")
    process.kill(signal.SIGSTOP)
    for _ in range(12):
        for word, state in (("migrate", "migrating"), ("cancelmigration", "idle")):
            go(lab, f"vferry vf pf0 0 {word}", state)
    go(lab, "vferry vf pf0 0 migrate", "migrating")
    process.kill(signal.SIGCONT)
    wait_until(lambda: [e for e in lines(process) if e["event"] == "snapshot"
                        and e["vf"] == 1], 20, "a snapshot")
    found = lines(process)
    at = [e["event"] for e in found].index("overrun")
    shown = [e for e in found[at:] if e["event"] == "snapshot"]
    expect(len(shown) >= 2 and shown[0]["state"] == "migrating", shown)
    for vf in shown:
        expect(not faults(vf, SCHEMA["$defs"]["vf_info"]), vf)
    go(lab, "vferry vf pf0 0 cancelmigration", "idle")
    wait_until(lambda: lines(process)[-1].get("state") == "idle", 10, "it goes on")


# -- vferry check

def check(lab, name, words, vf="pf0/0", options="", result="fail"):
    """vferry check has a line of that name that fails with these words."""
    answer = lab.a.run(f"vferry check --json {options} {vf}", timeout=60)
    expect(answer.code == NO, answer)
    found = fits(answer.out, "check")
    expect(not found["pass"], found)
    line = next((c for c in found["checks"] if c["check"] == name), None)
    expect(line and line["result"] == result and words in line["text"],
           f"{name}: {words}: {line or found}")
    return found


@test("check fails with the right reason: VF bound to another driver, or none")
def check_binding(lab, t):
    t.note(lab.a.run("vferry check pf0/0", timeout=60).out)
    check(lab, "vfio-driver", f"the VF {lab.pci[0]} is bound to vferry_vf")
    found = check(lab, "user", "no virtual machine uses the VF", "pf0/1")
    expect({c["check"]: c["result"] for c in found["checks"]}["vfio-driver"] == "pass", found)
    check(lab, "guest", "no driver uses the VF", "pf0/1")
    lab.a.unbind(lab.pci[1])
    t.defer(lab.a.bind, lab.pci[1], "vferry_vfio")
    check(lab, "vfio-driver", f"the VF {lab.pci[1]} is bound to no driver", "pf0/1")


@test("check fails with the right reason: no link; the PF's own interface may be down")
def check_down(lab, t):
    t.defer(lambda: wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 20, "link"))
    t.defer(lab.a.sh, "ip link set pf0 up")
    lab.a.sh("ip link set pf0 down")
    lab.n0.sh(f"ping -c 1 -W 5 {DATA_NET}.1")
    check(lab, "pf-link", "pf0 has a link", result="pass")
    lab.a.qmp.hmp("set_link data off")
    try:
        wait_until(lambda: '"link":false' in lab.a.sh("vferry check --facts").replace(" ", ""), 10,
                   "no link")
        check(lab, "pf-link", "pf0 has no link")
    finally:
        lab.a.qmp.hmp("set_link data on")


@test("check fails with the right reason: no vferry_vfio, no QEMU")
def check_missing(lab, t):
    lab.a.unbind(lab.pci[1])
    lab.a.unload("vferry_vfio")
    t.defer(lab.a.bind, lab.pci[1], "vferry_vfio")
    t.defer(lab.a.load, "vferry_vfio")
    check(lab, "vfio-module", "vferry_vfio is not loaded")
    answer = lab.a.run("PATH=$(dirname $(command -v vferry)) vferry check --json pf0/0", timeout=60)
    expect("no QEMU is installed" in answer.out, answer)


@test("check fails with the right reason: a migration is under way")
def check_busy(lab, t):
    go(lab, "vferry vf pf0 0 migrate", "migrating")
    check(lab, "guest", "a migration is under way already")
    go(lab, "vferry vf pf0 0 cancelmigration", "idle")


@test("check fails with the right reason: the guest's driver is silent")
def check_silent(lab, t):
    pci = lab.pci[0]
    command = lab.a.sh(f"setpci -s {pci} COMMAND")
    t.defer(lambda: wait_until(lambda: lab.n0.run(f"ping -c 1 -W 1 {DATA_NET}.1"), 40, "ping"))
    t.defer(lab.a.sh, f"setpci -s {pci} COMMAND={command}")
    found = check(lab, "pf-driver", "pf0", result="pass")
    expect({c["check"]: c["result"] for c in found["checks"]}["ping"] == "pass", found)
    lab.a.sh(f"setpci -s {pci} COMMAND=0000")
    check(lab, "ping", "did not answer a ping within 2000 ms")


OTHER = """#!/bin/sh
# in place of ssh: the other host is this one, with facts that are not quite the same
case "$*" in
*--facts*) vferry check --facts | sed "$(cat /tmp/edit)" ;;
*--hear*) echo ready; read x ;;
esac
"""


def there(lab, edit):
    lab.a.push("/tmp/edit", edit)


@test("check --to fails with the right reason: hosts that do not fit")
def check_to(lab, t):
    lab.a.push("/tmp/other", OTHER, 0o755)
    lab.a.sh("mkdir -p /etc/vferry; printf '[pf0]\\nnetwork = lan1\\n' >/etc/vferry/host.conf")
    t.defer(lab.a.sh, "rm -r /etc/vferry")
    to = "--to=other"

    def fails(edit, name, words, vf="pf0/0"):
        there(lab, edit)
        answer = lab.a.run(f"VFERRY_SSH=/tmp/other vferry check --json {to} {vf}", timeout=90)
        found = fits(answer.out, "check")
        line = next((c for c in found["checks"] if c["check"] == name), None)
        expect(answer.code == NO and line and line["result"] == "fail" and
               words in line["text"], f"{edit}: {name}: {line or found}")
        return found

    there(lab, "")
    found = fits(lab.a.run(f"VFERRY_SSH=/tmp/other vferry check --json {to} pf0/0",
                           timeout=90).out, "check")
    results = {c["check"]: c["result"] for c in found["checks"]}
    expect(all(results[name] == "pass" for name in results if name.startswith("there")
               and name != "there-mac"), found)
    expect(found["way"] == {"pf": "pf0", "vf_pci": lab.pci[1]}, found)
    fails("s/\"network\":\"lan1\"/\"network\":\"lan2\"/", "there-network",
          'no PF there has the network "lan1"')
    fails("s/\"network\":\"lan1\"/\"network\":\"\"/", "there-network", "no PF there has heard")
    t.defer(lab.a.sh, "ip link set pf0 vf 0 spoofchk on trust off")
    lab.a.sh("ip link set pf0 vf 0 spoofchk off trust on")
    fails("", "there-spoofchk", "off here, on there")
    fails("", "there-trust", "trusted here, and not there")
    lab.a.sh("ip link set pf0 vf 0 spoofchk on trust off")
    fails("s/\"mtu\":1500/\"mtu\":1400/", "there-mtu", "MTU 1500 here, 1400 there")
    fails("s/\"stream\":1/\"stream\":2/", "there-stream", "version 1 here, 2 there")
    fails("s/\"protocol_min\":1,\"protocol_max\":1/\"protocol_min\":2,\"protocol_max\":3/",
          "there-protocol", "the guest speaks protocol 1, the other host 2 to 3")
    fails("s/\"nic\":\"8086:10c9\"/\"nic\":\"8086:1521\"/", "there-nic", "no PF 8086:10c9 there")
    fails("s/\"driver\":\"vferry_pf\"/\"driver\":\"igb\"/", "there-pf-driver", "vferry_pf drives no")
    fails("s/\"driver\":\"vferry_vfio\"/\"driver\":\"vfio-pci\"/", "there-vf", "is free")
    fails("s/\"address_room\":[0-9]*/\"address_room\":-1/g", "there-room", "there is room for -1")
    fails("s/\"vlan\":0/\"vlan\":7/g", "there-vlan", "port VLAN 0 here, 7 there")
    fails("s/\"qemu\":\"[^\"]*\"/\"qemu\":\"9.2.4\"/", "there-qemu", "10.0.6 is needed")
    fails("s/\"kernel\":\"[^\"]*\"/\"kernel\":\"6.1.0\"/", "there-kernel", "Linux 6.1.0")
    fails("", "there-mac", "is in use on pf0 vf 0")
    fails("s/.*/not JSON/", "there", "does not tell its facts")
    lab.a.push("/tmp/other", "#!/bin/sh\nexit 127\n", 0o755)
    fails("", "there", "there is no vferry on other")
    lab.a.push("/tmp/other", "#!/bin/sh\nexit 255\n", 0o755)
    fails("", "there", "cannot be reached by ssh")


# -- vferry migrate, with a QEMU that is none

SLOW_QEMU = """import json, os, socket
server = socket.socket(socket.AF_UNIX)
server.bind("/tmp/slow.qmp")
server.listen(1)
client, _ = server.accept()
lines = client.makefile("rw", buffering=1)
print(json.dumps({"QMP": {"version": {"qemu": {"major": 10, "minor": 0, "micro": 13}},
                          "capabilities": []}}), file=lines)
held, status = None, "none"
for line in lines:
    message = json.loads(line)
    name = message["execute"]
    open("/tmp/slow.log", "a").write(name + "\\n")
    if name == "migrate":
        held, status = message["id"], "active"
        continue
    if name == "migrate_cancel":
        status = "cancelled"
        print(json.dumps({"return": {}, "id": held}), file=lines)
    value = {"query-migrate": {"status": status}, "query-status": {"status": "running"}}
    print(json.dumps({"return": value.get(name, {}), "id": message["id"]}), file=lines)
"""


@test("migrate: ^C while QEMU has not answered to \"migrate\": it is called off all the same")
def unanswered(lab, t):
    lab.a.push("/tmp/slow.py", SLOW_QEMU)
    qemu = lab.a.start("rm -f /tmp/slow.*mp /tmp/slow.log; exec python3 /tmp/slow.py")
    t.defer(qemu.kill)
    wait_until(lambda: lab.a.run("test -S /tmp/slow.qmp"), 60, "a socket")
    process = lab.a.start("exec vferry migrate --json --no-check --vf=pf0/0 "
                          "--qmp=/tmp/slow.qmp tcp:127.0.0.1:1")
    t.defer(process.kill)
    wait_until(lambda: lab.a.run("grep -qx migrate /tmp/slow.log"), 20, "migrate")
    process.kill(signal.SIGINT)
    answer = process.wait(20)
    expect(lab.a.run("grep -qx migrate_cancel /tmp/slow.log"), answer)
    found = fits(answer.out, "migrate")
    expect(answer.code == STOPPED and found["result"] == "cancelled" and
           found["where"] == "here" and found["guest"] == "running", answer)


# -- journal, history, setup

@test("history from the journal, as text, JSON and a picture")
def history(lab, t):
    start_journal(lab.a, t)
    # it needs no privilege to write; but what anybody may write does not count
    for who in ("", NOBODY):
        writer = lab.a.start(f"exec {who} $(command -v vferry) watch --journal")
        t.defer(writer.kill)
    listeners(lab, 3)
    for word in ("migrate", "suspend", "resume"):
        lab.a.sh(f"vferry vf pf0 0 {word} --wait")
    lab.a.sh("vferry vf pf0 0 migrate --wait; vferry vf pf0 0 cancelmigration --wait")

    def moves():
        return fits(lab.a.sh("vferry history --json", timeout=60), "history")["migrations"]
    wait_until(lambda: len(moves()) == 2, 30, "two entries")
    called_off, resumed = moves()
    expect(called_off["outcome"] == "stayed" and len(called_off["events"]) == 4, called_off)
    expect([e["state"] for e in resumed["events"] if e["event"] == "state"] ==
           ["migrate-sent", "migrating", "suspend-sent", "suspended", "resume-sent", "idle"],
           resumed)
    wait_until(lambda: lab.a.sh("journalctl -q -o cat _UID=65534 SYSLOG_IDENTIFIER=vferry | "
                                "wc -l") == "2", 30, "the same by somebody else")
    expect(len(moves()) == 2, "entries of somebody else count")
    refused(lab, f"{NOBODY} $(command -v vferry) history", CANNOT, "systemd-journal")
    t.note(lab.a.sh("vferry history"))
    one = lab.a.sh(f"vferry history {resumed['migration'][:6]}")
    expect("the VF works again" in one and called_off["migration"] not in one, one)
    t.note(one)
    entry = json.loads(lab.a.sh("journalctl -o json _UID=0 VFERRY_MIGRATION=" +
                                resumed["migration"]))
    expect(entry["VFERRY_OUTCOME"] == "stayed" and int(entry["VFERRY_REST_US"]) > 0 and
           entry["MESSAGE_ID"] == "4c08479340d54495a32940229b61cfc8", entry)
    lab.a.sh(f"vferry history --plot=/tmp/plot.svg {resumed['migration']}")
    svg = lab.a.pull("/tmp/plot.svg").decode()
    expect(svg.count("<rect") > 6 and "suspended" in svg and svg.endswith("</svg>\n"), svg)
    (lab.paths.log / "history.svg").write_text(svg)
    refused(lab, "vferry history --plot=/nosuch/plot.svg", CANNOT, "/nosuch/plot.svg")
    refused(lab, "vferry history --plot=/tmp/x.svg ffffffffffffffffff", NO, "no such migration")
    lab.a.sh("vferry history ffffffffffffffffff; test $? = 1")


CONF = """[pf0]
network = lan1
vfs = 2
bind = 1
mac.1 = 52:54:00:aa:bb:01
"""


def setup_in_use(lab, t):
    """VFs that this host's own network uses are left alone."""
    lab.a.push("/tmp/host.conf", CONF.replace("bind = 1", "bind = 0 1").replace(
        "bb:01", "bb:05") + "mac.0 = 52:54:00:aa:bb:00\n")
    lab.a.unbind(lab.pci[1])
    lab.a.bind(lab.pci[1], "vferry_vf")
    lab.a.netdev_of(lab.pci[1], "vf1")
    lab.a.sh("ip link set vf1 up")
    before = [vf_json(lab, n)["mac"] for n in (0, 1)]
    answer = refused(lab, "vferry setup -c /tmp/host.conf", NO,
                     "vf 1: bound to vferry_vfio: used by this host as vf1: it is left alone",
                     "ip link set vf1 down", "vf 1: address 52:54:00:aa:bb:05: used by",
                     "vf 0: bound to vferry_vfio: bound to vferry_vf, with an interface in another")
    t.note(answer.err)
    expect([vf_json(lab, n)["mac"] for n in (0, 1)] == before and
           [vf_json(lab, n)["driver"] for n in (0, 1)] == ["vferry_vf"] * 2, "touched")
    lab.a.sh("ip link set vf1 down")
    lab.a.run("vferry setup -c /tmp/host.conf")
    expect(vf_json(lab, 1)["driver"] == "vferry_vfio" and
           vf_json(lab, 1)["mac"] == "52:54:00:aa:bb:05", vf_json(lab, 1))


@test("setup: VFs as host.conf has them, once and again")
def setup_(lab, t):
    lab.a.push("/tmp/host.conf", CONF)
    lab.a.unbind(lab.pci[1])
    lab.a.load("vferry_vfio") if not lab.a.run("test -e /sys/module/vferry_vfio") else None
    dry = fits(lab.a.sh("vferry setup --dry-run --json -c /tmp/host.conf"), "setup")
    expect(len(dry["done"]) == 2 and not dry["failed"], dry)
    done = fits(lab.a.sh("vferry setup --json -c /tmp/host.conf"), "setup")
    expect(done == dry, (done, dry))
    second = vf_json(lab, 1)
    expect(second["mac"] == "52:54:00:aa:bb:01" and second["driver"] == "vferry_vfio", second)
    expect(vf_json(lab, 0)["driver"] == "vferry_vf", "a VF that is not to be bound")
    again = fits(lab.a.sh("vferry setup --json -c /tmp/host.conf"), "setup")
    expect(again == {"failed": False, "done": []}, again)
    setup_in_use(lab, t)
    lab.a.push("/tmp/host.conf", CONF.replace("mac.1", "mac.2").replace("vfs = 2\n", ""))
    refused(lab, "vferry setup -c /tmp/host.conf", NO, "names VF 2, but it has 2")
    lab.a.push("/tmp/host.conf", CONF + f"[{lab.a.pf_pci()}]\nbind = 0\n")
    refused(lab, "vferry setup -c /tmp/host.conf", NO, "the same PF as [pf0]")
    refused(lab, "vferry setup -c /tmp", CANNOT, "Is a directory")
    lab.a.push("/tmp/host.conf", CONF.replace("vfs = 2", "vfs = 3"))
    refused(lab, "vferry setup -c /tmp/host.conf", NO, "which are not taken away")
    lab.a.push("/tmp/host.conf", "[mgmt]\nvfs = 1\n")
    refused(lab, "vferry setup -c /tmp/host.conf", NO, "[mgmt]: no such PF")
    lab.a.push("/tmp/host.conf", CONF.replace("bind = 1", "bind = one"))
    refused(lab, "vferry setup -c /tmp/host.conf", USAGE, "line 4: bind")
    refused(lab, "vferry setup -c /nosuch", CANNOT, "No such file")
    lab.a.push("/tmp/host.conf", CONF.replace("01\n", "02\n"))
    refused(lab, f"{NOBODY} $(command -v vferry) setup -c /tmp/host.conf", NO, "not permitted")


@test("udev: a PF of vferry_pf wants the service, and no driver of the kernel's choice")
def udev(lab, t):
    rules = (lab.paths.tree / "qemu-hooks/cli/system/60-vferry.rules").read_bytes()
    lab.a.sh("mkdir -p /etc/udev/rules.d")
    lab.a.push("/etc/udev/rules.d/60-vferry.rules", rules)
    pf = f"/sys/bus/pci/devices/{lab.a.pf_pci()}"
    lab.a.sh(f"echo 1 >{pf}/sriov_drivers_autoprobe")
    t.defer(lab.a.sh, f"echo 0 >{pf}/sriov_drivers_autoprobe")
    found = lab.a.run("udevadm test --action=add /sys/class/net/pf0", timeout=60)
    expect("SYSTEMD_WANTS=vferry-host.service vferry-journal.service" in found.out + found.err,
           found)
    expect("sriov_drivers_autoprobe" in found.out + found.err, found)
    other = lab.a.run("udevadm test --action=add /sys/class/net/mgmt", timeout=60)
    expect("SYSTEMD_WANTS" not in other.out + other.err, other)


# -- the end: without the module

def loaded_anew(lab, t, watcher):
    """Whoever listens hears the driver that is loaded again, and the journal that came too soon."""
    early = lab.a.start("exec vferry watch --journal")
    t.defer(early.kill)
    wait_until(lambda: [e["event"] for e in lines(watcher)][-1] == "unloaded", 10, "unloaded")
    lab.a.load_pf("vferry_pf")
    wait_until(lambda: "loaded" in [e["event"] for e in lines(watcher)], 20, "loaded")
    lab.a.load("vferry_vf")
    pci = lab.a.create_vfs(1)[0]
    lab.a.bind(pci, "vferry_vf")
    lab.a.netdev_of(pci, "vf0")
    lab.a.sh("ip link set vf0 up")
    wait_until(lambda: lab.a.run("vferry vf pf0 0 migrate --wait"), 20, "the guest's driver")
    lab.a.sh("vferry vf pf0 0 cancelmigration --wait")
    wait_until(lambda: lines(watcher)[-1].get("old_state") == "cancel-sent", 10,
               "an event after the driver was loaded anew")
    expect(early.running, "vferry watch --journal does not wait for the driver")
    lab.a.unload("vferry_vf")
    lab.a.unload("vferry_pf")


@test("without the module: what is missing is said; loaded again, it is heard again")
def no_module(lab, t):
    watcher = watching(lab, t, "pf0")
    lab.events.stop()
    lab.n0.delete()
    lab.a.unload("vferry_vf")
    for pci in lab.pci:
        lab.a.unbind(pci)
    pf = lab.a.pf_pci()
    lab.a.unload("vferry_pf") if not lab.a.run("test -e /sys/module/vferry_vfio") else \
        lab.a.unload("vferry_vfio", "vferry_pf")
    for command in ("list", "watch", "migrate --qmp=/x tcp:x:1"):
        refused(lab, f"vferry {command}", CANNOT, "modprobe vferry_pf")
    loaded_anew(lab, t, watcher)
    lab.a.load("igb")
    t.defer(lab.a.unload, "igb")
    lab.a.netdev_of(pf, "pf0")
    lab.a.create_vfs(1)
    found = check(lab, "pf-driver", "driven by igb", "pf0/0")
    expect({c["check"]: c["result"] for c in found["checks"]}["ping"] == "skip", found)
    refused(lab, "vferry list pf0", USAGE, "driven by igb, not by vferry_pf")
    refused(lab, "vferry vf pf0 0 migrate", CANNOT, "modprobe vferry_pf")
    expect("no migration is known" in lab.a.sh("vferry history --lines=1 2>&1") or
           "stayed" in lab.a.sh("vferry history --lines=1 2>&1"), "history without the module")
