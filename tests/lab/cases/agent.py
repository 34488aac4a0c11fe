# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with systemd and vferryd moves between two hosts: the network learns where it
is, its configuration is what it was, its journal tells the story."""

import json
import statistics
import time

import report
from vlab import case, expect, expect_in_time, test, wait_until
from vlab.case import Skip
from vlab.crossing import GUEST_ADDRESS, GUEST_MAC, Crossing
from vlab.neighbours import Announcements, ask
from vlab.net import DATA_NET
from vlab.stolen import Stolen
from vlab.vferryd import BOOT_TIMEOUT, HOST_MEMORY, Vferryd, systemd_guest

case(hosts=["a", "b"], memory=HOST_MEMORY, smp=1)

MACVLAN_MAC = "52:54:00:0a:02:aa"
GROUP = "239.1.2.3"
# VLAN, address, source that asks for it, MAC
ADDRESSES = [
    (0, GUEST_ADDRESS, f"{DATA_NET}.1", GUEST_MAC),
    (0, f"{DATA_NET}.51", f"{DATA_NET}.1", GUEST_MAC),
    (0, "fd09::50", "fd09::1", GUEST_MAC),
    (100, "10.100.0.50", "10.100.0.1", GUEST_MAC),
    (100, "fd09:100::50", "fd09:100::1", GUEST_MAC),
    (200, "10.200.0.50", "10.200.0.1", GUEST_MAC),
    (0, "10.9.7.50", "10.9.7.1", MACVLAN_MAC),
]
CONFIGURE = f"""
modprobe 8021q && modprobe macvlan || exit 1
sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0
sysctl -qw net.ipv4.conf.all.arp_ignore=1
ip link set eth0 up && ip link add link eth0 name eth0.100 type vlan id 100 &&
ip link add link eth0 name eth0.200 type vlan id 200 &&
ip link add link eth0 name mv0 address {MACVLAN_MAC} type macvlan mode bridge || exit 1
for n in eth0.100 eth0.200 mv0; do ip link set $n up || exit 1; done
ip address add {GUEST_ADDRESS}/24 dev eth0
ip address add {DATA_NET}.51/24 dev eth0
ip address add fd09::50/64 dev eth0
ip address add 10.100.0.50/24 dev eth0.100
ip address add fd09:100::50/64 dev eth0.100
ip address add 10.200.0.50/24 dev eth0.200
ip address add 10.9.7.50/24 dev mv0
ip route add 10.1.0.0/16 via {DATA_NET}.1
ip route add 10.2.0.0/16 via 10.100.0.1 table 100
ip route add fd0a::/64 via fd09::1
ip rule add from 10.100.0.0/24 table 100 priority 1000
ip neighbour add 10.200.0.9 lladdr 02:00:00:00:00:63 dev eth0.200 nud permanent
"""
JOIN = ("python3 -c \"import socket,time; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
        "s.setsockopt(socket.IPPROTO_IP,socket.IP_ADD_MEMBERSHIP,socket.inet_aton('{}')+"
        "socket.inet_aton('{}')); print('joined',flush=True); time.sleep(100000)\"")
MODES = "/etc/vferry/vferryd.conf"


def setup(lab):
    if lab.peer.name != "peer" or not hasattr(lab.a, "_qemu"):
        raise Skip("the guest boots from the emulated hosts' image")
    guest = systemd_guest(lab)
    lab.agent = Vferryd(guest)
    lab.announced = Announcements(lab.peer)
    lab.cross = Crossing(lab, guest=guest, prepare=lambda guest: prepare(lab, guest),
                         boot_timeout=BOOT_TIMEOUT)
    lab.guest0 = guest
    lab.figures, lab.heard = [], []


def prepare(lab, guest):
    # For the macvlan: an address beside the one that host a has set.
    for host in lab.hosts.values():
        host.sh("ip link set pf0 vf 0 trust on")
    name = lab.agent.start(CONFIGURE)
    joined = guest.start(JOIN.format(GROUP, GUEST_ADDRESS))
    wait_until(lambda: "joined" in joined.out, 60, "the multicast group")
    return name


def configuration(lab):
    """As iproute2 shows it, without what passes by itself."""
    return lab.guest0.sh(
        "{ ip -d link; ip address; ip -4 route show table all; ip -6 route show table all; "
        "ip -4 rule; ip -6 rule; ip neighbour show nud permanent; } | "
        "sed -e 's/ state [A-Z]*//' -e '/valid_lft [0-9]/d' | sort", timeout=60)


def expect_same(lab, before):
    def differs():
        after = configuration(lab).splitlines()
        return set(after) ^ set(before.splitlines())
    wait_until(lambda: not differs(), 20, lambda: f"the configuration as it was: {differs()}")


def set_mode(lab, text):
    lab.guest0.push(MODES, text)
    lab.guest0.sh("systemctl reload vferryd", timeout=60)


def last_ended(lab):
    """When the agent was through with the last one; 0: there is none, or no agent."""
    history = lab.agent.history()
    return history[-1]["ended_ns"] if history else 0


def expect_answers(lab):
    for vlan, address, source, mac in ADDRESSES:
        got = ask(lab.peer, vlan, source, address)
        expect(got == mac, f"{address} on VLAN {vlan}: {got} answers")


def bridge_port(lab, mac=GUEST_MAC):
    """Where the data bridge believes a MAC to be: "a" or "b"."""
    for line in lab.here.sh("bridge fdb show br data").splitlines():
        words = line.split()
        if words[0] == mac and "permanent" not in words:
            return words[2].removeprefix("data-")
    return None


def move(lab, t):
    """To the other host, with all that must hold after any move; returns the record."""
    guest = lab.guest0
    count = len(lab.agent.history())
    target = lab.other(guest.host)
    before = configuration(lab)
    # The peer knows all addresses, and the bridge where they are.
    expect_answers(lab)
    stolen = Stolen(target)
    t.defer(stolen.stop)
    figures = lab.cross.move(target).figures
    expect(figures["status"] == "completed", figures)
    offset, error = guest.clock_offset()
    record = lab.agent.record_after(count)
    expect(record["outcome"] == "arrived", record)
    expect(record["checked"] and record["remaining"] == 0 and not record["differences"], record)
    for mac in (GUEST_MAC, MACVLAN_MAC):
        expect(bridge_port(lab, mac) == target.name,
               f"the bridge believes {mac} to be at {bridge_port(lab, mac)}")
    expect_answers(lab)
    expect_same(lab, before)

    resumed = record["resumed_ns"] - offset
    heard = lab.announced.since(resumed - error - 50_000_000)
    first = {}
    for vlan, address, _, mac in ADDRESSES:
        kind = "na" if ":" in address else "arp"
        times = heard.get((vlan, kind, address, mac))
        expect(times, f"{address} on VLAN {vlan} was not announced: {heard}")
        first[address] = times[0] - 0.05 - error / 1e9
    expect((0, "igmp", GROUP, GUEST_MAC) in heard, f"{GROUP} was not reported: {heard}")
    counts = record["announcements"]
    expect(counts["proved"] == counts["sent"] and not counts["unproved"], counts)
    t.note(f"mode {record['mode']}: driver suspend {record['suspend_us']} us, resume "
           f"{record['resume_us']} us; agent: suspend {record['agent_suspend_us']} us, first "
           f"announcement {record['agent_resume_us']} us after RESUME; {counts['sent']} sent, "
           f"{counts['proved']} proved; first frame after {record.get('first_rx_us')} us; "
           f"verified after {record['verify_us']} us, {record['repaired']} restored")
    t.note(f"the peer hears the last address for the first time {max(first.values()) * 1e3:.0f} ms "
           f"after RESUME (clocks known to {error / 1e6:.1f} ms)")
    without = stolen.between(resumed, resumed + int(max(first.values()) * 1e9))
    t.note(f"{without * 1e3:.0f} ms of that host {target.name} had no processor of this machine")
    lab.figures.append((record, max(first.values()), without))
    return record


@test("vferryd was started by udev, is ready, and has little")
def started(lab, t):
    guest = lab.guest0
    t.note(f"guest booted in {guest.boot_seconds:.0f} s; " +
           guest.sh("systemd-analyze time 2>/dev/null | head -1; true"))
    show = guest.sh("systemctl show vferryd -p ActiveState,User,StatusText,NRestarts", timeout=60)
    expect("ActiveState=active" in show and "User=vferryd" in show and "NRestarts=0" in show, show)
    status = lab.agent.ctl("status")
    expect(len(status["vfs"]) == 1 and status["vfs"][0]["vf"] == "eth0" and
           status["vfs"][0]["migratable"], status)
    expect(lab.agent.ctl("check")["problems"] == [], lab.agent.ctl("check"))
    rss = guest.sh("grep VmRSS /proc/$(systemctl show vferryd -p MainPID --value)/status")
    t.note(rss)
    expect(int(rss.split()[1]) < 6 * 1024, rss)


@test("its unit is closed: systemd-analyze security")
def security(lab, t):
    lab.exposure = lab.agent.exposure()
    t.note(f"exposure {lab.exposure}, 2.0 is allowed")
    expect(lab.exposure <= 2.0, lab.exposure)


@test("detach: a to b")
def detach_there(lab, t):
    record = move(lab, t)
    expect(record["mode"] == "detach" and record["repaired"] == 0, record)


@test("detach: b to a")
def detach_back(lab, t):
    move(lab, t)


@test("the journal tells the story")
def story(lab, t):
    guest = lab.guest0
    migration = lab.agent.ctl("history")["history"][-1]["migration"]
    entries = [json.loads(line) for line in guest.sh(
        f"journalctl -o json VFERRY_MIGRATION={migration}", timeout=60).splitlines()]
    for entry in entries:
        t.note(entry["MESSAGE"])
    expect(len(entries) == 4, entries)
    expect(all(e["_SYSTEMD_UNIT"] == "vferryd.service" and len(e["MESSAGE_ID"]) == 32 and
               e["VFERRY_VF"] == "eth0" for e in entries), entries)
    last = entries[-1]
    expect(last["VFERRY_OUTCOME"] == "arrived" and int(last["VFERRY_SUSPEND_US"]) > 0 and
           int(last["VFERRY_RESUME_US"]) > 0 and int(last["VFERRY_PROVED"]) > 0, last)
    explained = guest.sh(f"journalctl -x VFERRY_MIGRATION={migration}", timeout=60)
    expect("The VF was suspended" in explained and "What to do:" in explained, explained)
    status = guest.sh("systemctl show vferryd -p StatusText")
    expect("eth0: arrived" in status, status)


@test("down: there and back")
def down(lab, t):
    set_mode(lab, "[interface eth*]\nmode = down\n")
    t.defer(set_mode, lab, "")
    watch = lab.guest0.start("exec ip -o monitor link dev eth0")
    t.defer(watch.kill)
    for _ in range(2):
        record = move(lab, t)
        expect(record["mode"] == "down" and record["repaired"] > 5, record)
    changes = [line.split("<")[1].split(">")[0].split(",")
               for line in watch.out.splitlines() if ": eth0: <" in line]
    downs = sum("UP" in a and "UP" not in b for a, b in zip([["UP"], *changes], changes))
    expect(downs == 2 and "LOWER_UP" in changes[-1], f"down {downs} times: {changes}")


@test("a hook hangs")
def hook_hangs(lab, t):
    guest = lab.guest0
    t.defer(guest.sh, "rm /etc/vferry/hooks.d/*")
    t.defer(set_mode, lab, "")
    set_mode(lab, "[default]\nhook_timeout_ms = 1000\n")
    guest.push("/etc/vferry/hooks.d/10-hangs", "#!/bin/sh\nexec sleep 1000\n", 0o755)
    move(lab, t)
    wait_until(lambda: guest.sh("journalctl -o cat VFERRY_HOOK=10-hangs VFERRY_EVENT=resume",
                                timeout=60), 60, "the hook's end")
    log = guest.sh("journalctl -o cat VFERRY_HOOK=10-hangs", timeout=60)
    for event in ("migrate", "suspend", "resume"):
        expect(f"hook 10-hangs {event}: killed after its time limit" in log, log)


@test("the agent is frozen: the migration does not wait for it")
def frozen(lab, t):
    guest = lab.guest0
    count = len(lab.agent.history())
    pid = guest.sh("systemctl show vferryd -p MainPID --value")
    guest.sh(f"kill -STOP {pid}")
    t.defer(guest.run, f"kill -CONT {pid}")
    target = lab.other(guest.host)
    figures = lab.cross.move(target).figures
    expect(figures["status"] == "completed", figures)
    t.note(f"suspend {figures['suspend_us']} us, resume {figures['resume_us']} us")
    lab.peer.sh(f"ping -c 1 -W 5 {GUEST_ADDRESS}", timeout=30)
    since = time.time_ns()
    guest.sh(f"kill -CONT {pid}")
    record = lab.agent.record_after(count)
    expect(record["outcome"] == "arrived" and record["remaining"] == 0, record)
    offset, error = guest.clock_offset()
    heard = lab.announced.since(since)
    expect((100, "arp", "10.100.0.50", GUEST_MAC) in heard, heard)
    expect_answers(lab)


@test("the agent is killed in the middle: the one after it does its work")
def killed(lab, t):
    guest = lab.guest0
    target = lab.other(guest.host)
    before = configuration(lab)
    watch = guest.start("exec vferryctl watch")
    t.defer(watch.kill)
    # As soon as it has said that a migration has begun.
    killer = guest.start("journalctl -fn0 -o cat -u vferryd | grep -m1 'migration has begun' && "
                         "systemctl kill -s KILL vferryd && echo killed")
    t.defer(killer.kill)
    figures = lab.cross.move(target).figures
    expect(figures["status"] == "completed", figures)
    wait_until(lambda: "killed" in killer.out, 30, "the agent to be killed")
    record = lab.agent.record_after(0)
    t.note(f"{record['outcome']}, {record['announcements']}")
    expect(record["agent_restarted"] and record["remaining"] == 0 and
           not record["differences"], record)
    expect(int(guest.sh("systemctl show vferryd -p NRestarts --value")) >= 1, "not restarted")
    expect_answers(lab)
    expect_same(lab, before)


def by_hand(lab, before_suspend=lambda: None, before_resume=lambda: None):
    """MIGRATE, SUSPEND, RESUME where the guest is; returns when the agent is through."""
    guest = lab.guest0
    events = lab.cross.events[guest.host.name]
    before = last_ended(lab)
    for word, state, first in (("migrate", "migrating", None),
                               ("suspend", "suspended", before_suspend),
                               ("resume", "idle", before_resume)):
        if first:
            first()
        since = events.count()
        guest.host.sh(f"vfstate set pf0 0 {word}")
        events.wait_state(state, 20, since)
    wait_until(lambda: last_ended(lab) > before, 30, "the agent to be through", 0.1)


# Its child leaves its session. After RESUME nobody but systemd is left to end that.
ROOT_HOOK = """#!/bin/sh
export out=/run/root-hook.$1
echo "$VFERRY_EVENT $(id -u) $VFERRY_MIGRATION $(cut -d: -f3 /proc/self/cgroup)" >$out
setsid sh -c 'echo $$ >$out.child; exec sleep 4242' </dev/null >/dev/null 2>&1 &
until [ -s $out.child ]; do sleep 0.02; done
[ "$1" != resume ] || kill -KILL $PPID
"""


@test("root's hooks: systemd runs them for events that are enabled, and ends all that they start")
def root_hooks(lab, t):
    guest = lab.guest0
    events = {"suspend": "success", "resume": "signal"}
    sockets = " ".join(f"vferryd-hook@{event}.socket" for event in events)
    path = "/etc/vferry/root-hooks.d/10-root"
    t.defer(guest.sh, f"systemctl disable --now {sockets}; systemctl reset-failed; rm {path}", 120)
    guest.push(path, ROOT_HOOK, 0o755)
    guest.sh(f"systemctl enable --now {sockets}", timeout=120)
    by_hand(lab)
    migration = lab.agent.ctl("history")["history"][-1]["migration"]
    for event, result in events.items():
        unit = f"vferryd-hook@{event}.service"
        child = wait_until(lambda: guest.run(f"cat /run/root-hook.{event}.child").out, 60,
                           lambda: guest.run(f"systemctl status {unit}", timeout=60).out)
        wait_until(lambda: guest.run(f"systemctl show -p ActiveState,Result {unit}",
                                     timeout=60).out.split() ==
                   [f"Result={result}", f"ActiveState={'inactive' if result == 'success' else 'failed'}"],
                   60, lambda: guest.run(f"systemctl status {unit}", timeout=60).out)
        words = guest.sh(f"cat /run/root-hook.{event}").split()
        expect(words[:3] == [event, "0", migration], words)
        expect(words[3].endswith("/" + unit), words)
        expect(not guest.run(f"kill -0 {child}").ok, f"{event}: its child {child} lives")
        expect(not guest.run(f"cat /sys/fs/cgroup{words[3]}/cgroup.procs").out, "the cgroup lives")
    expect(not guest.run("ls /run/root-hook.migrate").ok, "one ran that was not enabled")


def heard_us(lab):
    """What the driver waited for the agent at the last SUSPEND; 0: it did not."""
    return json.loads(lab.guest0.sh("vfguest get eth0")).get("heard_us", 0)


@test("heard before SUSPEND, if configured; an agent that is frozen or killed is not waited for")
def heard(lab, t):
    guest = lab.guest0
    by_hand(lab)
    expect(heard_us(lab) == 0, "the driver waited although nobody asked for it")
    t.defer(set_mode, lab, "")
    set_mode(lab, "[default]\nhear = yes\n")

    def ready():
        # It has said so when it has taken its snapshot.
        wait_until(lambda: lab.agent.ctl("status")["vfs"][0]["state"] == "migrating", 20, "migrating")
    times, suspends = lab.heard, []
    for _ in range(7):
        by_hand(lab, ready, lambda: times.append(heard_us(lab)))
        suspends.append(lab.agent.ctl("history")["history"][-1]["suspend_us"])
    t.note(f"heard for {sorted(times)} us of SUSPEND's {sorted(suspends)} us")
    expect(len(times) == 7 and min(times) > 0, times)

    pid = guest.sh("systemctl show vferryd -p MainPID --value")
    t.defer(guest.run, f"kill -CONT {pid}")
    frozen = []

    def freeze():
        ready()
        guest.sh(f"kill -STOP {pid}")

    def thaw():
        frozen.append(heard_us(lab))
        guest.sh(f"kill -CONT {pid}")
    for _ in range(5):
        by_hand(lab, freeze, thaw)
    t.note(f"frozen: the driver went on after {sorted(frozen)} us")
    # Its deadline, and what the processor of an emulated guest may be away for after it.
    expect(len(frozen) == 5 and min(frozen) >= 2000 and min(frozen) < 20000, frozen)

    def kill():
        ready()
        guest.sh("systemctl kill -s KILL vferryd")
        wait_until(lambda: not guest.run(f"test -d /proc/{pid}"), 20, "its end")
    by_hand(lab, kill)
    # Whoever was started since then has not asked for it in time, or has answered.
    expect_answers(lab)


@test("bar: SUSPEND waits less than 2 ms for an agent that wants to be heard")
def bar_heard(lab, t):
    t.todo("where the guest's one processor is emulated twice, the deadline itself comes late")
    t.note(f"us: {sorted(lab.heard)}")
    expect(len(lab.heard) == 7 and statistics.median(lab.heard) < 2000, lab.heard)


@test("twenty in a row between the hosts: nothing is left behind")
def twenty(lab, t):
    guest = lab.guest0
    pid = guest.sh("systemctl show vferryd -p MainPID --value")

    def resources():
        # Memory of its own: pages of its program come and go.
        anon, fds, children, rss = guest.sh(
            f"grep RssAnon /proc/{pid}/status | tr -dc 0-9; echo; ls /proc/{pid}/fd | wc -l; "
            f"pgrep -c -P {pid}; grep VmRSS /proc/{pid}/status | tr -dc 0-9; true").split()
        expect(int(rss) < 6 * 1024, f"{rss} KiB")
        return int(anon), int(fds), int(children)

    records = []

    def there():
        count = len(lab.agent.history())
        target = lab.other(guest.host)
        figures = lab.cross.move(target, settle=0).figures
        expect(figures["status"] == "completed", figures)
        records.append(lab.agent.record_after(count))
    for _ in range(2):
        there()
    before = resources()
    for _ in range(20):
        there()
    after = resources()
    t.note(f"memory {before[0]} -> {after[0]} KiB, descriptors {before[1]} -> {after[1]}")
    expect(all(r["outcome"] == "arrived" and r["remaining"] == 0 and not r["differences"]
               for r in records), records)
    expect(after[1:] == before[1:], (before, after))
    # It is asked for its history after each, which is not full yet: 13 KiB of JSON a record.
    # That it ends there is seen by tests/agent/netns.py, after a full one.
    expect(after[0] < before[0] + 20 * 13 + 128, (before, after))
    expect_answers(lab)


@test("the journal is kept")
def kept(lab, t):
    journal = lab.guest0.sh("journalctl -o short-precise -b", timeout=60)
    (lab.paths.log / "guest.journal").write_text(journal)
    trouble = [line for line in journal.splitlines() if "vferryd" in line and
               ("cannot " in line or "code=dumped" in line or "status=1" in line)]
    expect(not trouble, trouble)


def heard_after(lab):
    """Seconds from RESUME until the peer has heard the last address, in mode detach: of those
    in which the host had a processor. What others took from it says nothing of the agent."""
    return [late - without for record, late, without in lab.figures
            if record["mode"] == "detach"]


@test("bar: the peer hears every address within 100 ms of RESUME, in mode detach")
def bar_announced(lab, t):
    times = heard_after(lab)
    t.note(f"ms: {[round(late * 1e3) for late in times]}")
    expect(len(times) == 3, times)
    expect_in_time(statistics.median(times) < 0.1, times)


@test("bar, each migration: the peer hears every address within 100 ms of RESUME")
def bar_announced_each(lab, t):
    t.todo("where both hosts are emulated by two processors, not in every run")
    expect(max(heard_after(lab)) < 0.1, heard_after(lab))


@test("the lab's report has the agent's figures")
def figures(lab, t):
    found = [report.agent_figures(record) | {"peer_heard_all_ms": round(late * 1e3, 1)}
             for record, late, _ in lab.figures]
    path = lab.paths.log / "report.json"
    path.write_text(json.dumps({"exposure": lab.exposure, "migrations": found}, indent=2) + "\n")
    t.note(path.read_text())
    expect({one["mode"] for one in found} == {"detach", "down"}, found)
    expect(all(one["first_received_us"] is not None and not one["differences"] and
               one["announcements_proved"] == one["announcements_sent"] > 0
               for one in found), found)


@test("after all that it has less than 6 MiB, and sleeps")
def small(lab, t):
    guest = lab.guest0
    pid = guest.sh("systemctl show vferryd -p MainPID --value")

    def switches():
        return int(guest.sh(f"sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' /proc/{pid}/status"))
    wait_until(lambda: lab.agent.ctl("status")["vfs"][0]["state"] == "idle", 20, "idle")
    before = switches()
    guest.sh("sleep 5")         # what is looked at is that nothing happens in this time
    woken = switches() - before
    rss = guest.sh(f"grep VmRSS /proc/{pid}/status")
    t.note(f"{rss}; {woken} wake-ups in 5 s")
    expect(int(rss.split()[1]) < 6 * 1024, rss)
    expect(woken == 0, f"{woken} wake-ups in 5 s")
