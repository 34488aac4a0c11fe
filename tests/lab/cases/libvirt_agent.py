# SPDX-License-Identifier: GPL-2.0-or-later
"""virsh moves a domain whose guest runs systemd and vferryd: by ssh, as users do."""

import json

from vlab import case, expect, test, virsh, wait_until
from vlab.crossing import GUEST_ADDRESS, guest_interface
from vlab.virsh import moved

case(**{**virsh.LAB, "memory": 1792})

DISK = ("<disk type='block' device='disk'><driver name='qemu' type='raw'/>"
        "<source dev='/dev/vda'/><target dev='vda' bus='virtio'/><readonly/></disk>")


def setup(lab):
    virsh.start(lab, memory=448, modules=(), initrd="systemd-guest.cpio", disk=DISK,
                kernel_args="systemd.unit=lab.target net.ifnames=0 systemd.log_color=0 "
                            "systemd.show_status=0 systemd.default_timeout_start_sec=300s",
                prepare=prepare, boot_timeout=500)
    # Each host's root reaches the other's by a key made now.
    for host in lab.hosts.values():
        host.sh("mkdir -p -m 700 /root/.ssh && "
                "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 </dev/null && "
                "echo 'StrictHostKeyChecking accept-new' >/root/.ssh/config")
    for host in lab.hosts.values():
        key = lab.other(host).pull("/root/.ssh/id_ed25519.pub")
        host.push("/root/.ssh/authorized_keys", key, 0o600)


def prepare(guest):
    guest.sh("insmod /lab/mod/vferry_vf.ko", timeout=60)
    name = guest_interface(guest)
    guest.sh(f"ip link set {name} up && ip address add {GUEST_ADDRESS}/24 dev {name}", timeout=60)
    wait_until(lambda: guest.run("systemctl is-active vferryd").ok, 120,
               lambda: "vferryd: " + guest.run("systemctl status vferryd").out)
    return name


def history(lab):
    result = lab.domain.run("vferryctl --json history", timeout=60)
    return json.loads(result.out)["history"] if result.ok else []


def move(lab, t):
    count = len(history(lab))
    t.note(f"the guest booted in {lab.domain.boot_seconds:.0f} s")
    moved(lab, t, uri="qemu+ssh")
    wait_until(lambda: len(history(lab)) > count, 60, "the agent's record")
    record = history(lab)[-1]
    t.note(f"agent: {record['outcome']}, suspend {record['suspend_us']} us, resume "
           f"{record['resume_us']} us, announcements {record['announcements']}")
    expect(record["outcome"] == "arrived" and record["checked"] and record["remaining"] == 0 and
           not record["differences"], record)


@test("virsh migrate qemu+ssh: a to b, the guest's agent has announced and verified")
def there(lab, t):
    move(lab, t)


@test("and back; both hosts' journals and the guest's have the same migration")
def back(lab, t):
    move(lab, t)
    ids = {host.name: {e["VFERRY_MIGRATION"]: e["VFERRY_OUTCOME"] for e in
                       host.journal("-u vferry-journal VFERRY_OUTCOME=left + "
                                    "VFERRY_OUTCOME=arrived")} for host in lab.hosts.values()}
    expect(len(ids["a"]) == len(ids["b"]) == 2 and set(ids["a"]) == set(ids["b"]), ids)
    last = history(lab)[-1]["migration"]
    expect(ids["a"][last] == "arrived" and ids["b"][last] == "left", (last, ids))
