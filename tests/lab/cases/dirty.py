# SPDX-License-Identifier: GPL-2.0-or-later
"""What the NIC writes while memory is being copied arrives; without the log it
does not.

The guest receives data that no program touches before the switch: they wait in
the socket, in the pages where the NIC put them, while QEMU copies memory
several times over. Then the guest moves, and the program reads.
"""

import json

from vlab import case, expect, test
from vlab.crossing import GUEST_ADDRESS, LAB, Crossing
from vlab.wait import wait_until

PORT = 7003
# Less than the receive ring holds: all of it goes to buffers that were posted,
# and copied, before.
BYTES = 200_000
VFIO = "/sys/module/vferry_vfio/parameters"

case(**LAB)


def setup(lab):
    lab.cross = Crossing(lab, modules=["vferry_vf_debug"])


def rounds(info):
    return info.get("ram", {}).get("dirty-sync-count", 0)


def hold_switch(host, hold):
    """Have the VFIO driver of a host never find memory copied, or as usual again."""
    host.sh(f"echo {0 if hold else 10} >{VFIO}/gap_ms && "
            f"echo {600000 if hold else 3000} >{VFIO}/patience_ms && "
            f"echo {0 if hold else 64} >{VFIO}/questions")


def carry(lab, t, target):
    """Fill a socket during pre-copy, move, read; returns what "hold" found."""
    guest, source = lab.cross.guest, lab.cross.guest.host
    guest.sh("rm -f /tmp/go && mkfifo /tmp/go")
    holder = guest.start(f"exec tcpcheck hold {PORT} 4000000 <>/tmp/go")
    t.defer(holder.kill)
    wait_until(lambda: guest.run(f"grep -qi :{PORT:04X} /proc/net/tcp").ok, 10, "listener")

    hold_switch(source, True)
    t.defer(hold_switch, source, False)
    instance = guest.expect_on(target, lab.cross.vfs[target.name][0])
    migration = guest.begin_migration(instance)
    wait_until(lambda: rounds(migration.poll()) >= 4, 60, "memory to be copied")

    before = rounds(migration.poll())
    filler = lab.peer.start(f"exec tcpcheck fill {GUEST_ADDRESS} {PORT} {BYTES} </dev/zero")
    t.defer(filler.kill)
    wait_until(lambda: "sent" in filler.out or not filler.running, 30, "data to arrive")
    expect("sent" in filler.out, filler.err)
    wait_until(lambda: rounds(migration.poll()) >= before + 4, 60, "more rounds")
    hold_switch(source, False)
    expect(migration.wait() == "completed", migration.info)
    migration.finish()

    guest.sh("echo >/tmp/go")
    result = holder.wait(30).check()
    t.note(result.out)
    return json.loads(result.out)


@test("data that arrived during pre-copy are intact after the switch")
def intact(lab, t):
    found = carry(lab, t, lab.b)
    expect(found["waiting"] == BYTES, found)
    expect(found["corrupt"] == 0, found)
    expect(found["good"] == BYTES, found)


@test("control: with the log switched off the same data are corrupt")
def control(lab, t):
    guest = lab.cross.guest
    guest.sh("echo N >/sys/module/vferry_vf/parameters/dirty_log")
    t.defer(guest.sh, "echo Y >/sys/module/vferry_vf/parameters/dirty_log")
    found = carry(lab, t, lab.a)
    expect(found["waiting"] == BYTES, found)
    expect(found["corrupt"] > 0, "nothing was lost without the log: this test proves nothing")


@test("and intact again with the log on")
def intact_again(lab, t):
    found = carry(lab, t, lab.b)
    expect((found["waiting"], found["corrupt"]) == (BYTES, 0), found)
