# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cases about libvirt share: two hosts with systemd, a domain with a VF, traffic."""

import json

from vlab.case import expect
from vlab.crossing import GUEST_ADDRESS, PF_ARGS, VFIO_ARGS, Crossing
from vlab.domain import Domain, hostdev
from vlab.vferryd import BOOT_TIMEOUT, GUEST, Vferryd
from vlab.wait import wait_until

VFS = 4
# The hosts' own root, which never changes.
DISK = ("<disk type='block' device='disk'><driver name='qemu' type='raw'/>"
        "<source dev='/dev/vda'/><target dev='vda' bus='virtio'/><readonly/></disk>")
CONFIGURE = f"ip link set eth0 up && ip address add {GUEST_ADDRESS}/24 dev eth0"
CONF = f"[pf0]\nnetwork = lan1\nvfs = {VFS}\n"
LAB = {"hosts": ["a", "b"], "memory": 2048, "smp": 1, "systemd": {
           "/etc/vferry/host.conf": CONF,
           "/etc/modprobe.d/lab.conf": f"options vferry_pf {PF_ARGS}\n"
                                       f"options vferry_vfio {VFIO_ARGS}\n"}}


def prepare_host(host, _vfs):
    host.sh("ip link set pf0 up")
    return host.vf_pcis()


def start(lab):
    """Hosts; on a the domain, which has vferryd in it; its traffic: lab.domain, lab.agent,
    lab.cross."""
    for host in lab.hosts.values():
        state = host.booted()
        expect(state == "running", f"{host.name}: {state}: " + host.run(
            "systemctl list-units --failed --plain --no-legend").out)
    # Each host's root reaches the other's by a key made now.
    for host in lab.hosts.values():
        host.sh("mkdir -p -m 700 /root/.ssh && "
                "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 </dev/null && "
                "echo 'StrictHostKeyChecking accept-new' >/root/.ssh/config", timeout=60)
    for host in lab.hosts.values():
        host.push("/root/.ssh/authorized_keys",
                  lab.other(host).pull("/root/.ssh/id_ed25519.pub"), 0o600)
    # While the guest boots: the first use of a QEMU by a libvirtd takes time.
    lab.b.start("exec virsh -q domcapabilities >/dev/null")
    lab.domain = Domain(lab, [hostdev(lab.a.vf_pcis()[0])], disk=DISK, **GUEST)
    lab.agent = Vferryd(lab.domain)
    lab.cross = Crossing(lab, guest=lab.domain, boot_timeout=BOOT_TIMEOUT,
                         prepare=lambda guest: lab.agent.start(CONFIGURE),
                         prepare_host=prepare_host)
    lab.moves = []
    lab.cross.start_traffic()


def moved(lab, t, **options):
    """To the other host, with all that must hold; returns the Move, which
    is among lab.moves."""
    move = lab.cross.move(lab.other(lab.domain.host), **options)
    for line in move.lines():
        t.note(line)
    expect(not move.wrong, move.wrong)
    settled(lab)
    lab.moves.append(move)
    return move


def verified(lab, t, **options):
    """As moved(), and the agent in the guest says so too; returns its record."""
    count = len(lab.agent.history())
    moved(lab, t, **options)
    record = lab.agent.record_after(count)
    t.note(f"agent: {record['outcome']}, suspend {record['suspend_us']} us, resume "
           f"{record['resume_us']} us, announcements {record['announcements']}")
    expect(record["outcome"] == "arrived" and record["checked"] and record["remaining"] == 0 and
           not record["differences"], record)
    return record


def at_event(host, word, command, into="cat"):
    """Shell there that runs a command as soon as an event of vferry_pf has this word; what
    the command writes goes into another, which runs from the beginning."""
    process = host.start("vferry watch --json | { while read -r line; do case $line in "
                         "*watching*) echo watching >&2 ;; "
                         f"*'\"{word}\"'*) {command}; break ;; esac; done; }} | {into}")
    wait_until(lambda: "watching" in process.err, 30, "vferry watch")
    return process


def vfs(host):
    """VFs as vferry list has them, by PCI address; none without the PF driver."""
    if not host.run("test -e /sys/module/vferry_pf"):
        return {}
    found = json.loads(host.sh("vferry list --json", timeout=60))["pfs"][0]["vfs"]
    return {pci: found[nr] for nr, pci in enumerate(host.vf_pcis())}


def holders(lab, mac):
    """Where a MAC is in a filter, (host, PCI address)s: a VF's is, while a driver uses it."""
    return [(host.name, pci) for host in lab.hosts.values()
            for pci, vf in vfs(host).items() if vf["mac"] == mac and vf.get("protocol")]


def reservations(host):
    """VFs that the hook has noted: PCI address: domain."""
    found = {}
    for name in host.sh("ls /run/vferry 2>/dev/null; true").split():
        found[name] = json.loads(host.sh(f"cat /run/vferry/{name}"))["name"]
    return found


def settled(lab, but=()):
    """The domain runs once, has one reservation, and its MAC is in one filter only; but: a
    VF, as of holders(), that an administrator has given it to as well.
    """
    domain = lab.domain
    here, there = domain.host, lab.other(domain.host)
    wait_until(lambda: domain.state(here) == "running", 30, lambda: domain.state(here))
    wait_until(lambda: domain.state(there) in ("", "shut off"), 30, lambda: domain.state(there))
    wait_until(lambda: domain.name not in reservations(there).values(), 30,
               lambda: f"{there.name}: {reservations(there)}")
    expect(list(reservations(here).values()).count(domain.name) == 1, reservations(here))
    left = [pci for pci, vf in vfs(there).items()
            if vf.get("user", {}).get("guest") == domain.name]
    expect(not left, f"{there.name}: it still has {left}")
    mac = domain.mac
    wait_until(lambda: [h[0] for h in holders(lab, mac) if h != but] == [here.name], 20,
               lambda: f"{mac} is in filters of {holders(lab, mac)}")


GAP_MS = 1000       # the guest's traffic goes on within this time, as refuse.py has it


def untouched(lab):
    """From now on the guest's VF may not be put to rest: to be given to unharmed()."""
    lab.cross.probe.take()
    lab.cross.streams.take()
    return lab.cross.events[lab.domain.host.name].count()


def unharmed(lab, t, source, since=None, but=()):
    """The guest is where it was, its traffic goes on, all is in order.

    since: from untouched(): its VF has not been put to rest since then. but: of settled().
    """
    domain, cross = lab.domain, lab.cross
    expect(domain.host is source and domain.state(source) == "running", domain.state(source))
    wait_until(lambda: all(vf["state"] == "idle" for vf in vfs(source).values()), 20,
               lambda: vfs(source))
    lab.peer.sh(f"ping -c 1 -W 5 {GUEST_ADDRESS}", timeout=20)
    probe, tcp = cross.probe.take(), cross.streams.take()
    t.note(f"probe {probe}")
    expect(tcp["resets"] == 0 and tcp["corrupt"] == 0 and tcp["rx_bytes"], tcp)
    if since is not None:
        rested = [e for e in cross.events[source.name].all()[since:]
                  if e.get("state") in ("suspend-sent", "suspended")]
        expect(not rested and probe["gap_ms"] < GAP_MS, (rested, probe))
    settled(lab, but)


def copying(lab):
    """A migration in pre-copy, under way: the command and what untouched() has said."""
    source = lab.domain.host
    since = untouched(lab)
    command = lab.domain.start_migration(
        lab.other(source), "--live --persistent --undefinesource --bandwidth 4")
    wait_until(lambda: any(vf["state"] == "migrating" for vf in vfs(source).values()), 90,
               "the guest to log")
    return command, since


def failed(lab, t, command, since):
    """It ends, the guest is where it was, and was not put to rest; returns its Result."""
    domain, source = lab.domain, lab.domain.host
    result = command.wait(120)
    t.note(result.err.strip())
    expect(result.code == 1, result)
    # A libvirtd that has been killed finds out.
    wait_until(lambda: domain.state(source) == "running", 60, lambda: domain.state(source))
    unharmed(lab, t, source, since)
    return result


def refused(lab, t, *words, hook=True, but=()):
    """A migration that must fail with these words, before the guest's network notices;
    hook: before it is even told. but: of settled()."""
    domain = lab.domain
    source = domain.host
    since = untouched(lab)
    result = domain.start_migration(lab.other(source)).wait(120)
    t.note(result.err.strip())
    if result.code == 0:
        domain.runs_on(lab.other(source))      # the tests to come find it there
    expect(result.code == 1, result)
    for word in words:
        expect(word in result.err, f"{word!r} was expected: {result}")
    told = [e for e in lab.cross.events[source.name].all()[since:] if e["event"] == "state"]
    expect(not (hook and told), told)
    unharmed(lab, t, source, since, but)
    return result
