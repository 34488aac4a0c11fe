# SPDX-License-Identifier: GPL-2.0-or-later
"""What dirty logging costs: received throughput with it on and off, no migration.

Both logs: vferry's, which touches what the VF has written ("on"), and KVM's, which QEMU
has on for every guest that migrates and which costs any guest the same ("kvm"; QEMU's
calc-dirty-rate has it on too, and copies nothing).

There are no instruction counters under emulation; processor time of the host's QEMU for
each frame stands for them: it is what emulating host and guest took.
"""

import os

from vbench import figures
from vbench import measure as measuring
from vlab.wait import wait_until

SECONDS = 2.0


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


def _kvm_log(qmp):
    """KVM's log is on for SECONDS from now; returns what waits for its end."""
    qmp.command("calc-dirty-rate", **{"calc-time": int(SECONDS), "mode": "dirty-bitmap"})
    return lambda: wait_until(
        lambda: qmp.command("query-dirty-rate")["status"] == "measured", 30, "KVM's log to end")


def measure(lab, setup, rounds, say):
    """Alternate both, and return it as a sample of the load "logging"."""
    host = setup.guest.host
    load = measuring.Load(lab, setup.guest, "rx")
    found = {"rate_off": [], "rate_on": [], "rate_kvm": [],
             "cpu_off": [], "cpu_on": [], "cpu_kvm": []}
    try:
        measuring.flows(load)
        for _ in range(rounds):
            for how, word, state in (("off", None, None), ("on", "migrate", "migrating")):
                if word:
                    _switch(setup, host, word, state)
                rate, cost = _round(host, load)
                found["rate_" + how].append(rate)
                found["cpu_" + how].append(cost)
            _switch(setup, host, "cancelmigration", "idle")
            ended = _kvm_log(setup.guest.qmp)
            rate, cost = _round(host, load)
            found["rate_kvm"].append(rate)
            found["cpu_kvm"].append(cost)
            ended()
    finally:
        load.stop()
    median = {name: figures.percentile([v for v in values if v is not None], 50)
              for name, values in found.items()}
    median["ratio"] = median["rate_on"] / median["rate_off"]
    median["kvm_ratio"] = median["rate_kvm"] / median["rate_off"]
    if median["cpu_off"]:
        median["cpu_ratio"] = median["cpu_on"] / median["cpu_off"]
        median["kvm_cpu_ratio"] = median["cpu_kvm"] / median["cpu_off"]
    say(f"dirty logging: {median['rate_off']:.1f} Mbit/s with none, {median['rate_on']:.1f} with "
        f"vferry's, {median['rate_kvm']:.1f} with KVM's; all: {found}")
    return {"setup": "vferry", "load": "logging", "figures": median, "all": found}
