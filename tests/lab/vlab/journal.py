# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd's journal on a lab host, whose first program is not systemd."""

from vlab.wait import wait_until


def start_journal(host, t=None):
    """Until the test ends, or for good."""
    host.sh("mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup /sys/fs/cgroup; "
            "systemd-machine-id-setup >/dev/null 2>&1; "
            "mkdir -p /run/systemd/journal /run/log/journal")
    journald = host.start("exec /usr/lib/systemd/systemd-journald")
    if t:
        t.defer(journald.kill)
    wait_until(lambda: host.run("test -S /run/systemd/journal/socket && "
                                "journalctl --sync -q && journalctl -n 1 -q | grep -q ."),
               30, f"{host.name}: journald")
