# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench: the five set-ups, side by side in one lab. See ../README.md."""

import argparse
import json
import sys
import time
from pathlib import Path

from vbench import figures, logging, measure, pictures
from vbench.setups import SETUPS, prepare_hosts
from vlab.lab import Lab, Paths
from vlab.session import Interrupted, catch_signals, isolate, log_dir

TREE = Path(__file__).resolve().parents[3]
OUT = TREE / "build/bench"
LAB = {"hosts": ("a", "b"), "memory": 1152, "smp": 1}
BLOCK = 3               # migrations of a load in a row, before the next set-up's turn


class Store:
    """Samples, one a line: what a run adds to, and what the report is made of."""

    def __init__(self, path):
        self._path = path
        self.samples = [json.loads(line) for line in path.read_text().splitlines()] \
            if path.exists() else []

    def add(self, sample):
        self.samples.append(sample)
        with open(self._path, "a") as file:
            file.write(json.dumps(sample) + "\n")

    def count(self, setup, load):
        return sum((s["setup"], s["load"]) == (setup, load) for s in self.samples)


def say(text):
    print(f"# {time.strftime('%H:%M:%S')} {text}", flush=True)


def plan(store, setups, loads, n):
    """What is missing, as (set-up, [(load, how many)]), set-ups taking turns."""
    missing = {(s, l): max(0, n - store.count(s, l)) for s in setups for l in loads}
    turns = []
    while any(missing.values()):
        for setup in setups:
            part = []
            for load in loads:
                now = min(missing[setup, load], BLOCK if n <= BLOCK else -(-n // 3))
                missing[setup, load] -= now
                if now:
                    part.append((load, now))
            if part:
                turns.append((setup, part))
    return turns


def turn(lab, name, part, store, options):
    """Boot a set-up, and migrate under each load as often as asked."""
    setup = SETUPS[name](lab)
    watches = {host.name: measure.CpuWatch(host) for host in lab.hosts.values()}
    try:
        setup.start()
        say(f"{name}: guest booted in {setup.guest.boot_seconds:.0f} s")
        for load_name, count in part:
            load = measure.Load(lab, setup.guest, load_name)
            try:
                for _ in range(count):
                    target = lab.other(setup.guest.host)
                    one = measure.sample(setup, load, watches, target, options.before,
                                         options.after)
                    one["time"] = time.strftime("%Y-%m-%d %H:%M:%S")
                    store.add(one)
                    f = one["figures"]
                    say(f"{name} {load_name} {one['from']}→{one['to']}: network "
                        f"{f['network_downtime_ms'] or 0:.0f} ms (all {f['network_away_ms']:.0f}), "
                        f"VM {f['vm_downtime_ms']} ms, total {f['total_ms']:.0f} ms, "
                        f"lost {f['lost']}, {f.get('throughput_before') or 0:.1f} → "
                        f"{f.get('throughput_during') or 0:.1f} → "
                        f"{f.get('throughput_after') or 0:.1f} Mbit/s")
            finally:
                load.stop()
        if name == "vferry" and options.logging and not store.count("vferry", "logging"):
            store.add(logging.measure(lab, setup, say))
    finally:
        for watch in watches.values():
            watch.stop()
        setup.stop()


def attempt(lab, name, part, store, options):
    """A turn; returns 1 if it failed. What it has measured counts, and others go on."""
    try:
        turn(lab, name, part, store, options)
    except Exception as error:
        say(f"FAILED: {name}: {error}")
        lab.save_logs()
        say("consoles and logs: build/lab/bench/")
        if any(host.dead for host in lab.hosts.values()):
            raise
        return 1
    return 0


def write_report(store, loads):
    """Report, table, pictures, of all that there is."""
    of_loads = [s for s in store.samples if s["load"] in loads]
    extra = {"machine": measure.machine(), "date": time.strftime("%Y-%m-%d")}
    logged = [s for s in store.samples if s["load"] == "logging"]
    if logged:
        extra["logging"] = figures.gather(logged, "figures")
    result = figures.report(of_loads, extra)
    (OUT / "report.json").write_text(json.dumps(result, indent=1) + "\n")
    (OUT / "report.md").write_text(
        f"{extra['date']}, {extra['machine']}; median (worst)\n\n" + figures.markdown(result))
    pictures.draw(OUT, result, of_loads)
    return result


def words(text, known, what):
    found = [w for w in text.replace(",", " ").split() if w]
    for word in found:
        if word not in known:
            raise SystemExit(f"bench: {what}: {word!r} is none of {' '.join(known)}")
    return found


def parse():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--image", help=argparse.SUPPRESS)
    parser.add_argument("--setups", default=" ".join(SETUPS))
    parser.add_argument("--loads", default="")
    parser.add_argument("--n", type=int, help="migrations for each load (10; quick: 3)")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--limit", type=int, default=0,
                        help="end after so many seconds; the next run goes on")
    parser.add_argument("--fresh", action="store_true", help="forget earlier samples")
    parser.add_argument("--no-logging", dest="logging", action="store_false")
    parser.add_argument("--report", action="store_true", help="only make the report anew")
    options = parser.parse_args()
    options.setups = words(options.setups, SETUPS, "SETUPS")
    options.loads = options.loads or " ".join(
        figures.QUICK_LOADS if options.quick else figures.DEFAULT_LOADS)
    options.loads = words(options.loads, figures.LOADS, "LOADS")
    if options.n is None:
        options.n = 3 if options.quick else 10
    options.before = options.after = 0.7 if options.quick else 1.5
    if options.n < 1:
        raise SystemExit("bench: N is at least 1")
    return options


def main():
    options = parse()
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "samples.jsonl"
    if options.fresh:
        path.unlink(missing_ok=True)
    store = Store(path)
    if options.report:
        write_report(store, figures.LOADS)
        return 0
    turns = plan(store, options.setups, options.loads, options.n)
    say(f"{sum(c for _, part in turns for _, c in part)} migrations to go")
    if not turns:
        write_report(store, figures.LOADS)
        return 0

    isolate()
    catch_signals(options.limit)
    lab = Lab(Paths(log_dir("bench"), options.image), **LAB)
    status = 0
    try:
        lab.start()
        prepare_hosts(lab)
        for name, part in turns:
            status |= attempt(lab, name, part, store, options)
    except Interrupted as why:
        say(f"interrupted by {why}; `make bench` goes on where it was")
        status = 130
    except Exception as error:
        say(f"FAILED: {error}")
        lab.save_logs()
        say("consoles and logs: build/lab/bench/")
        status = 1
    finally:
        lab.stop()
    trouble = [f"{m.name}: {line}" for m in lab.hosts.values() for line in m.trouble()]
    for line in trouble:
        say(f"kernel log: {line}")
    if store.samples:
        result = write_report(store, figures.LOADS)
        print((OUT / "report.md").read_text())
        missed = [t for t in result["targets"] if t["met"] is False]
        say(f"{sum(t['met'] is True for t in result['targets'])} targets met, "
            f"{len(missed)} missed; build/bench/report.json, report.md, *.png")
    return status or bool(trouble)


if __name__ == "__main__":
    sys.exit(main())
