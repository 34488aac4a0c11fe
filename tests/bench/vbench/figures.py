# SPDX-License-Identifier: GPL-2.0-or-later
"""From what was observed of migrations to the report. Pure: no lab, no files.

A sample is one migration: {"setup", "load", "from", "to", "figures": {name: number},
"breakdown": {phase: ms}, "series": {"bin_ms", "zero", "mbps": [...]}}. Times that are
passed in are seconds of one clock.
"""

import statistics

GAP_MS = 30             # a gap from which on the network counts as away

# Figures of which less is worse; of all others more is.
MORE_IS_BETTER = {"throughput_before", "throughput_during", "throughput_after",
                  "throughput_ratio", "guest_share_ratio", "guest_speed_ratio",
                  "rate_off", "rate_on", "rate_kvm", "ratio", "kvm_ratio"}

LOADS = ("idle", "rx", "tx", "udp", "rr", "heavy", "paced")
QUICK_LOADS = ("idle", "rx", "tx", "heavy", "paced")
# paced explains rx, it does not compete: for whom it is, and a third as often as others.
ONLY = {"paced": ("vferry", "virtio")}
THIRD = ("paced",)
COMPETE = LOADS[:-1]
STREAMS = ("rx", "tx", "heavy", "paced")    # loads that are a TCP stream


def longest(gaps, begin=float("-inf"), end=float("inf")):
    """The longest of [begin, end] gaps that touch a time; None: there is none."""
    touching = [gap for gap in gaps if gap[1] >= begin and gap[0] <= end]
    return max(touching, key=lambda gap: gap[1] - gap[0], default=None)


def away_ms(gaps, begin, end, least=GAP_MS):
    """Sum of the gaps that are not short, ms."""
    return sum((gap[1] - gap[0]) * 1e3 for gap in gaps
               if gap[1] >= begin and gap[0] <= end and (gap[1] - gap[0]) * 1e3 >= least)


def mbps(window, begin, end, without=None):
    """Progress between two times, Mbit/s, without a [begin, end] (the blackout).

    window: {"begin", "bin_ms", "bytes"}. Bins count that lie wholly inside. None: none do.
    """
    width = window["bin_ms"] / 1e3
    total = count = 0
    for i in range(int((window.get("end", end) - window["begin"]) / width)):
        at = window["begin"] + i * width
        if at < begin or at + width > end:
            continue
        if without and at < without[1] and at + width > without[0]:
            continue
        total += window["bytes"][i] if i < len(window["bytes"]) else 0
        count += 1
    return total * 8 / 1e6 / (count * width) if count else None


def percentile(values, percent):
    """Nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def median(values):
    """Of those that are not None; None of nothing."""
    there = [v for v in values if v is not None]
    return statistics.median(there) if there else None


def rtt_between(window, begin, end, percent):
    """A percentile of the latencies of answers that came between two times, µs."""
    return percentile([us for ms, us in window["rtt_us"]
                       if begin <= window["begin"] + ms / 1e3 <= end], percent)


def cpu(samples, begin, end):
    """(busy, in guests) between two times, percent of one processor.

    samples: (time, all, idle, guest) in clock ticks of a host with one processor.
    """
    inside = [s for s in samples if begin <= s[0] <= end]
    if len(inside) < 2 or inside[-1][1] == inside[0][1]:
        return None, None
    all_, idle, guest = (inside[-1][i] - inside[0][i] for i in (1, 2, 3))
    return 100 * (all_ - idle) / all_, 100 * guest / all_


def cost(busy, rate):
    """Processor time for traffic, ms for each MiB: from percent and Mbit/s."""
    return busy * 10 / (rate * 1e6 / 8 / 2**20) if busy is not None and rate else None


def parts(f):
    """What throughput_ratio is made of: the guest's part of the processor during to before,
    and what an amount of the guest's processor time carried, during to before.

    The product of both is the ratio; f: a sample's figures.
    """
    def quotient(a, b):
        return a / b if a is not None and b else None

    return {"guest_share_ratio": quotient(f.get("guest_cpu_during"), f.get("guest_cpu_before")),
            "guest_speed_ratio": quotient(f.get("guest_cpu_ms_per_mib_before"),
                                          f.get("guest_cpu_ms_per_mib_during"))}


# The blackout, phase by phase: name, from step, to step.
PHASES = {
    "vferry": (
        ("last packet → SUSPEND", "last_packet", "suspend"),
        ("SUSPEND → SUSPENDED", "suspend", "suspended"),
        ("SUSPENDED → settled", "suspended", "settled"),
        ("→ VM stop", "settled|suspended", "vm_stop"),
        ("device state read", "vm_stop", "saved"),
        ("→ device state loaded", "saved", "loaded"),
        ("→ VM start", "loaded", "vm_start"),
        ("→ RESUME", "vm_start", "resume"),
        ("RESUME → first packet", "resume", "first_packet"),
    ),
    "virtio": (
        ("last packet → VM stop", "last_packet", "source STOP"),
        ("VM stop → VM start", "source STOP", "target RESUME"),
        ("VM start → first packet", "target RESUME", "first_packet"),
    ),
}


def breakdown(setup, steps):
    """{phase: ms}; steps: (time, name). What was not seen is left out, and all of it for
    set-ups whose network is away at other times than their VM."""
    first = {}
    for at, name in sorted(steps):
        first.setdefault(name, at)

    def find(names):
        return next((first[name] for name in names.split("|") if name in first), None)

    found = {}
    for label, begin, end in PHASES.get(setup, ()):
        a, b = find(begin), find(end)
        if a is not None and b is not None:
            found[label] = (b - a) * 1e3
    return found


def series(window, zero, before=1.5, after=14.0, bin_ms=100):
    """Throughput around a time, for pictures."""
    width = bin_ms / 1e3
    values = []
    for i in range(int((before + after) / width)):
        at = zero - before + i * width
        rate = mbps(window, at - 1e-9, at + width + window["bin_ms"] / 1e3)
        values.append(None if rate is None else round(rate, 2))
    while values and values[-1] is None:
        values.pop()
    return {"bin_ms": bin_ms, "from": -before, "mbps": values}


def summary(values, worse=max):
    """{"median", "worst", "n"} of numbers."""
    return {"median": round(statistics.median(values), 3), "worst": round(worse(values), 3),
            "n": len(values)}


def gather(samples, key):
    """{name: summary} of all samples' numbers under a key; None counts as not there."""
    found = {}
    for sample in samples:
        for name, value in sample.get(key, {}).items():
            if value is not None:
                found.setdefault(name, []).append(value)
    return {name: summary(values, min if name in MORE_IS_BETTER else max)
            for name, values in found.items()}


def report(samples, extra=None):
    """What build/bench/report.json holds."""
    setups, parts = {}, {}
    for sample in samples:
        setups.setdefault(sample["setup"], {}).setdefault(sample["load"], []).append(sample)
    for setup, loads in setups.items():
        for load, of_load in loads.items():
            phases = gather(of_load, "breakdown")
            if phases:
                parts.setdefault(setup, {})[load] = phases
            loads[load] = gather(of_load, "figures")
    result = {"setups": setups, "breakdown": parts}
    result.update(extra or {})
    result["targets"] = targets(result)
    return result


def value(rep, setup, load, figure, which="median"):
    """One figure of a report, or None."""
    return rep["setups"].get(setup, {}).get(load, {}).get(figure, {}).get(which)


def _target(name, is_, limit, unit=""):
    """met is None if it cannot be told."""
    met = None if is_ is None or limit is None else bool(is_ <= limit)
    return {"target": name, "is": is_, "limit": None if limit is None else round(limit, 3),
            "unit": unit, "met": met}


def targets(rep):
    """What issue 6 asks for, and whether it is so."""
    found = []

    def get(setup, load, figure, which="median", times=1.0):
        number = value(rep, setup, load, figure, which)
        return None if number is None else number * times

    for load in COMPETE:
        for which in ("median", "worst"):
            found.append(_target(f"{load}: network downtime, {which}: at most virtio's",
                                 get("vferry", load, "network_downtime_ms", which),
                                 get("virtio", load, "network_downtime_ms", which), "ms"))
        for other in ("bond", "net_failover"):
            found.append(_target(f"{load}: network downtime: at most a fifth of {other}'s",
                                 get("vferry", load, "network_downtime_ms"),
                                 get(other, load, "network_downtime_ms", times=0.2), "ms"))
        found.append(_target(f"{load}: total time: at most 1.05 of virtio's",
                             get("vferry", load, "total_ms"),
                             get("virtio", load, "total_ms", times=1.05), "ms"))
    found.append(_target("heavy: network downtime: at most 1.5 of idle",
                         get("vferry", "heavy", "network_downtime_ms"),
                         get("vferry", "idle", "network_downtime_ms", times=1.5), "ms"))
    idle, dirtied = get("vferry", "idle", "pages_sent", times=1.2), get("vferry", "heavy",
                                                                       "pages_dirtied")
    found.append(_target("heavy: pages sent: at most 1.2 of idle and what the guest dirtied",
                         get("vferry", "heavy", "pages_sent"),
                         None if None in (idle, dirtied) else idle + dirtied))
    for load in STREAMS:
        if load not in COMPETE:
            continue
        ratio = get("vferry", load, "throughput_ratio")
        found.append(_target(f"{load}: throughput lost in pre-copy: at most 10 %",
                             None if ratio is None else round((1 - ratio) * 100, 1), 10, "%"))
    on = rep.get("logging", {}).get("ratio", {}).get("median")
    found.append(_target("dirty logging: speed lost: at most 2 %",
                         None if on is None else round((1 - on) * 100, 1), 2, "%"))
    for name, limit, worst in (("suspend_us", 1000, 5000), ("resume_us", 3000, 20000)):
        found.append(_target(f"{name} in the median, idle", get("vferry", "idle", name), limit,
                             "µs"))
        found.append(_target(f"{name} at worst, idle", get("vferry", "idle", name, "worst"),
                             worst, "µs"))
    return found


# The Markdown table: figure, heading, format.
COLUMNS = (
    ("network_downtime_ms", "network away, ms", "%.0f"),
    ("network_away_ms", "all gaps, ms", "%.0f"),
    ("vm_downtime_ms", "VM stopped, ms", "%.0f"),
    ("lost", "packets lost", "%.0f"),
    ("stall_ms", "TCP stall, ms", "%.0f"),
    ("throughput_before", "Mbit/s before", "%.1f"),
    ("throughput_during", "in pre-copy", "%.1f"),
    ("throughput_after", "after", "%.1f"),
    ("cpu_ms_per_mib_before", "host's CPU, ms/MiB, before", "%.0f"),
    ("cpu_ms_per_mib_during", "in pre-copy", "%.0f"),
    ("rtt_us_before", "latency, µs, before", "%.0f"),
    ("rtt_us_during", "in pre-copy", "%.0f"),
    ("rtt_us_after", "after", "%.0f"),
    ("total_ms", "total, ms", "%.0f"),
    ("pages_sent", "pages sent", "%.0f"),
    ("rounds", "rounds", "%.0f"),
)
ORDER = ("vferry", "virtio", "bond", "net_failover", "replug")


def _cell(found, form):
    if not found:
        return "–"
    median, worst = ((form % found[which]).replace("-0.0", "0.0") for which in ("median", "worst"))
    return f"{median} ({worst})"


def markdown(rep):
    """The report for people: median (worst)."""
    lines = []
    for load in LOADS:
        rows = [(name, rep["setups"][name][load]) for name in ORDER
                if load in rep["setups"].get(name, {})]
        if not rows:
            continue
        shown = [c for c in COLUMNS if any(c[0] in row for _, row in rows)]
        lines += [f"**{load}**", "",
                  "| | n | " + " | ".join(c[1] for c in shown) + " |",
                  "|---" * (len(shown) + 2) + "|"]
        for name, row in rows:
            n = max((f["n"] for f in row.values()), default=0)
            lines.append(f"| {name} | {n} | " +
                         " | ".join(_cell(row.get(c[0]), c[2]) for c in shown) + " |")
        lines.append("")
    lines += _throughput(rep)
    if rep.get("targets"):
        told = [t["met"] for t in rep["targets"]]
        lines += [f"{told.count(True)} targets met, {told.count(False)} missed, "
                  f"{told.count(None)} not measured.", ""]
        lines += ["| target | is | limit | |", "|---|---|---|---|"]
        for t in rep["targets"]:
            verdict = {True: "met", False: "**missed**", None: "not measured"}[t["met"]]
            lines.append(f"| {t['target']} | {_number(t['is'])} | {_number(t['limit'])} "
                         f"{t['unit']} | {verdict} |")
        lines.append("")
    for setup in ("vferry", "virtio"):
        for load, phases in rep["breakdown"].get(setup, {}).items():
            lines += [f"Blackout of {setup}, {load}:", "", "| phase | ms, median (worst) |",
                      "|---|---|"]
            lines += [f"| {name} | {_cell(f, '%.1f')} |" for name, f in phases.items()]
            lines.append("")
    lines += _failures(rep)
    return "\n".join(lines)


def _throughput(rep):
    """Throughput in pre-copy, and what is left of it why."""
    rows = []
    for load in STREAMS:
        for name in ORDER:
            got = [value(rep, name, load, figure) for figure in
                   ("throughput_ratio", "guest_share_ratio", "guest_speed_ratio")]
            if got[0] is not None:
                rows.append(f"| {name}, {load} | " + " | ".join(
                    "–" if x is None else f"{x:.2f}" for x in got) + " |")
    if not rows:
        return []
    lines = ["Throughput during the move, of that before, and why: the part of the host's processor "
             "that the guest has left beside QEMU's copying, and what each second of it carries "
             "while KVM logs the guest's writes. Medians; 1 is: as before the move.", "",
             "| | throughput | guest's part of the processor | carried for each second of it |",
             "|---|---|---|---|", *rows, ""]
    log = rep.get("logging", {})
    if log.get("ratio"):
        lines += [f"vferry's own log, without a migration: {log['rate_off']['median']:.1f} Mbit/s "
                  f"received with it off, {log['rate_on']['median']:.1f} with it on "
                  f"({log['ratio']['median']:.3f} in the median of the rounds"
                  + (f"; processor time for each byte {log['cpu_ratio']['median']:.3f}"
                     if log.get("cpu_ratio") else "") + ").", ""]
    if log.get("kvm_ratio"):
        lines += [f"KVM's log alone, nothing copied: {log['kvm_ratio']['median']:.3f} of the "
                  "throughput without it.", ""]
    return lines


def _failures(rep):
    """What went wrong, or that nothing did."""
    if "failures" not in rep:
        return []
    if not rep["failures"]:
        return ["Nothing went wrong.", ""]
    lines = [f"Went wrong: {len(rep['failures'])}; these migrations are not among "
             "those above.", "", "| when | set-up, load | what |", "|---|---|---|"]
    for f in rep["failures"]:
        what = " ".join(f["what"].split()).replace("|", "\\|")
        lines.append(f"| {f['time']} | {f['setup']}, {f['load'] or '–'} | {what[:300]} |")
    return [*lines, ""]


def _number(number):
    return "–" if number is None else f"{number:.1f}".rstrip("0").rstrip(".")
