# SPDX-License-Identifier: GPL-2.0-or-later
"""One migration under one load: what is run, and the sample that comes of it."""

import os
import time

from vbench import figures
from vlab.crossing import GUEST_ADDRESS
from vlab.traffic import Windows, start_server, udp_probe
from vlab.wait import wait_until

PORT = 7010
PROBE_US = {"idle": 1000}       # others: a probe each 5 ms
PROBE_LOADED_US = 5000
DIRTY_MIB, DIRTY_RATE = 32, 500     # heavy: memory and pages per second
CPU_MS = 40
TCP = {"heavy": "rx", "paced": "rx"}    # the load that another one is made with
PARAMETERS = {"paced": {"max_bandwidth": 16 << 20}}     # of migrate-set-parameters


class CpuWatch:
    """Processor time of a host, on this machine's clock."""

    def __init__(self, host):
        self._host = host
        self._process = host.start(f"exec cpuwatch {CPU_MS}")
        self._from = 0

    def begin(self):
        self._from = len(self._process.out)

    def take(self):
        offset, _ = self._host.clock_offset()
        lines = self._process.out[self._from:].split("\n")[:-1]
        found = [[int(word) for word in line.split()] for line in lines if line.count(" ") == 3]
        return [((w[0] - offset) / 1e9, *w[1:]) for w in found]

    def stop(self):
        self._process.kill()


class Load:
    """A load on a guest, from now on until stop()."""

    def __init__(self, lab, guest, name):
        self.lab, self.name = lab, name
        self.kind = TCP.get(name, name)
        self.dirty = None
        if not getattr(guest, "bench_serves", False):
            start_server(guest, f"netload serve {PORT}", PORT)
            guest.bench_serves = True
        self.net = Windows(lab.peer, f"netload run {self.kind} {GUEST_ADDRESS} {PORT} data0")
        self.probe = udp_probe(lab.peer, guest, GUEST_ADDRESS,
                               interval_us=PROBE_US.get(name, PROBE_LOADED_US))
        if name == "heavy":
            self.dirty = Windows(guest, f"memdirty {DIRTY_MIB} {DIRTY_RATE}")

    def begin(self):
        self.net.take(30)
        self.probe.take(30)
        if self.dirty:
            self.dirty.take(30)

    def take(self):
        return (self.net.take(30), self.probe.take(30),
                self.dirty.take(30)["pages"] if self.dirty else None)

    def stop(self):
        self.net.stop()
        self.probe.stop()
        if self.dirty:
            self.dirty.stop()


def pass_time(seconds):
    """Traffic runs on: what is measured is time itself."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 5, "time to pass", seconds)


def flows(load, seconds=0.5, timeout=30):
    """Wait until the load is under way (again)."""
    def moving():
        pass_time(seconds)
        window = load.net.take(30)
        quiet = max((b - a for a, b in window["gaps"]), default=0)
        return sum(window["bytes"]) or (load.kind == "idle" and window["frames"] and quiet < 0.2)
    wait_until(moving, timeout, f"{load.name}: the load to run")


def sample(setup, load, watches, target, before_s, after_s):
    """Move the guest under a load; returns the sample."""
    source = setup.guest.host
    instance = setup.expect(target)
    flows(load)
    load.begin()
    for watch in watches.values():
        watch.begin()
    begin = time.time()
    pass_time(before_s)
    moved = setup.move(instance, **PARAMETERS.get(load.name, {}))
    pass_time(after_s)
    net, probe, dirtied = load.take()
    end = time.time()
    cpus = {name: watch.take() for name, watch in watches.items()}
    return make_sample(setup.name, load, source.name, target.name, moved, net, probe, dirtied,
                       cpus, begin, end)


def make_sample(name, load, source, target, moved, net, probe, dirtied, cpus, begin, end):
    gap = figures.longest(net["gaps"], moved.begin, end)
    stall = figures.longest(net["stalls"], moved.begin, end)
    # The move without its blackout, and without what follows from it.
    out = (gap[0], max(gap[1], stall[1] if stall else 0) + 0.1) if gap else None
    steps = list(moved.steps)
    stop, start = (next((at for at, step in sorted(steps) if step == wanted), moved.end)
                   for wanted in ("source STOP", "target RESUME"))
    copied = stop if name in ("vferry", "virtio") else moved.end
    ram = moved.info.get("ram", {})
    f = {
        "network_downtime_ms": (gap[1] - gap[0]) * 1e3 if gap else None,
        "network_away_ms": figures.away_ms(net["gaps"], moved.begin, end),
        "vm_downtime_ms": moved.info.get("downtime"),
        "total_ms": (moved.end - moved.begin) * 1e3 if name not in ("vferry", "virtio")
        else moved.info.get("total-time"),
        "qemu_total_ms": moved.info.get("total-time"),
        "pages_sent": ram.get("normal"), "zero_pages": ram.get("duplicate"),
        "bytes_sent": ram.get("transferred"), "rounds": ram.get("dirty-sync-count"),
        "dirty_pages_per_s": figures.percentile(moved.rates, 50),
        "pages_dirtied": dirtied,
        "lost": net["lost"] if load.kind in ("udp", "rr") else probe["lost"],
        "tcp_resets": net["resets"],
        "suspend_us": moved.suspend_us, "resume_us": moved.resume_us,
    }
    if load.name in figures.STREAMS:
        f["stall_ms"] = (stall[1] - stall[0]) * 1e3 if stall else None
    if load.kind != "idle":
        before = figures.mbps(net, begin, moved.begin)
        during = figures.mbps(net, moved.begin, copied, out)
        f.update(throughput_before=before, throughput_during=during,
                 throughput_after=figures.mbps(net, max(moved.end, out[1] if out else 0), end),
                 throughput_ratio=during / before if before and during is not None else None)
    if load.kind in ("udp", "rr"):
        for when, a, b in (("before", begin, moved.begin), ("during", moved.begin, copied),
                           ("after", moved.end, end)):
            f[f"rtt_us_{when}"] = figures.rtt_between(net, a, b, 50)
            f[f"rtt99_us_{when}"] = figures.rtt_between(net, a, b, 99)
    for when, host, a, b in (("before", source, begin, moved.begin),
                             ("during", source, moved.begin, stop),
                             ("after", target, max(moved.end, out[1] if out else 0), end)):
        f[f"host_cpu_{when}"], f[f"guest_cpu_{when}"] = figures.cpu(cpus.get(host, []), a, b)
    if load.kind != "idle":
        for when in ("before", "during", "after"):
            for name_, busy in (("cpu_ms_per_mib", "host_cpu"),
                                ("guest_cpu_ms_per_mib", "guest_cpu")):
                f[f"{name_}_{when}"] = figures.cost(f[f"{busy}_{when}"], f[f"throughput_{when}"])
        if copied == stop:      # else they are of different times
            f.update(figures.parts(f))
    blackout = figures.longest(net["gaps"], stop, start)
    if blackout:
        steps += [(blackout[0], "last_packet"), (blackout[1], "first_packet")]
    return {
        "setup": name, "load": load.name, "from": source, "to": target,
        "figures": f, "breakdown": figures.breakdown(name, steps),
        "series": figures.series(net, moved.begin) if load.kind != "idle" else None,
        "steps": sorted((round(at - moved.begin, 4), step) for at, step in steps),
        "gaps": [[round(a - moved.begin, 4), round(b - moved.begin, 4)] for a, b in net["gaps"]
                 if b >= moved.begin],
    }


def machine():
    """What all this ran on, in a few words."""
    text = open("/proc/cpuinfo").read()
    model = next((line.split(":", 1)[1].strip() for line in text.splitlines()
                  if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} × {model}"
