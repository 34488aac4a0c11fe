# SPDX-License-Identifier: GPL-2.0-or-later
"""What dirty logging costs: received throughput with it on and off, no migration.

Both logs: vferry's, which touches what the VF has written ("on"), and KVM's, which QEMU
has on for every guest that migrates and which costs any guest the same ("kvm"; QEMU's
calc-dirty-rate has it on too, and copies nothing). Ratios are of each round, whose parts
are side by side; of them the median.

There are no instruction counters under emulation; processor time of the host's QEMU for
each frame stands for them: it is what emulating host and guest took.
"""

import os

from vbench import figures
from vbench import measure as measuring
from vlab.wait import wait_until

SECONDS = 1.0


def _cpu_s(host):
    """Processor time of an emulated host's QEMU so far, s; None: a real machine."""
    qemu = getattr(host, "_qemu", None)
    if qemu is None:
        return None
    fields = open(f"/proc/{qemu.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _round(host, load):
    """(Mbit/s, µs of processor for each KiB) of some seconds."""
    load.net.take(30)
    before = _cpu_s(host)
    measuring.pass_time(SECONDS)
    window = load.net.take(30)
    used = None if before is None else _cpu_s(host) - before
    received = sum(window["bytes"])
    rate = figures.mbps(window, window["begin"], window["end"])
    return rate, None if used is None or not received else used * 1e6 / (received / 1024)


def _switch(setup, host, word, state):
    since = setup.events[host.name].count()
    host.sh(f"vfstate genl pf0 0 {word}")
    setup.events[host.name].wait_state(state, 30, since)


class _None:
    """No log."""

    def __init__(self, setup):
        self.setup = setup

    def begin(self):
        """From now on."""

    def end(self):
        """No longer."""


class _Vferry(_None):
    def begin(self):
        _switch(self.setup, self.setup.guest.host, "migrate", "migrating")

    def end(self):
        _switch(self.setup, self.setup.guest.host, "cancelmigration", "idle")


class _Kvm(_None):
    """For the seconds of a round and a bit more; the guest's first writes to its pages, which cost
    most, are within the round."""

    def begin(self):
        self.setup.guest.qmp.command("calc-dirty-rate", mode="dirty-bitmap",
                                     **{"calc-time": int(SECONDS) + 1})

    def end(self):
        qmp = self.setup.guest.qmp
        wait_until(lambda: qmp.command("query-dirty-rate")["status"] == "measured", 30,
                   "KVM's log to end")


KINDS = {"off": _None, "on": _Vferry, "kvm": _Kvm}


def ratios(rounds, what, how):
    """Of each round, one kind's figure to that without a log."""
    return [r[how][what] / r["off"][what] for r in rounds if r[how][what] and r["off"][what]]


def summary(rounds):
    """Figures of rounds, each {kind: {"rate", "cpu"}}: medians."""
    found = {f"{what}_{how}": figures.median([r[how][what] for r in rounds])
             for what in ("rate", "cpu") for how in KINDS}
    found.update(ratio=figures.median(ratios(rounds, "rate", "on")),
                 kvm_ratio=figures.median(ratios(rounds, "rate", "kvm")),
                 cpu_ratio=figures.median(ratios(rounds, "cpu", "on")),
                 kvm_cpu_ratio=figures.median(ratios(rounds, "cpu", "kvm")))
    return found


def measure(lab, setup, count, say):
    """Alternate all, each beginning in turn, and return it as a sample of the load "logging"."""
    load = measuring.Load(lab, setup.guest, "rx")
    rounds, order = [], list(KINDS)
    try:
        measuring.flows(load)
        for _ in range(count):
            found = {}
            for how in order:
                kind = KINDS[how](setup)
                kind.begin()
                try:
                    rate, cpu = _round(setup.guest.host, load)
                finally:
                    kind.end()
                found[how] = {"rate": rate, "cpu": cpu}
            rounds.append(found)
            order.append(order.pop(0))
    finally:
        load.stop()
    median = summary(rounds)
    say(f"dirty logging: {median['rate_off']:.1f} Mbit/s with none, {median['rate_on']:.1f} with "
        f"vferry's, {median['rate_kvm']:.1f} with KVM's")
    return {"setup": "vferry", "load": "logging", "figures": median, "rounds": rounds}
