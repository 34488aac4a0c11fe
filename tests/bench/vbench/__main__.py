# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench: the five set-ups, side by side in one lab. See ../README.md."""

import argparse
import contextlib
import json
import shutil
import sys
import time
from pathlib import Path

from vbench import figures, logging, measure, pictures
from vbench.setups import SETUPS, prepare_hosts
from vlab.lab import Lab, Paths
from vlab.session import Interrupted, catch_signals, isolate, log_dir

TREE = Path(__file__).resolve().parents[3]
OUT = TREE / "build/bench"
LOGGING = "logging"     # the name of a measurement that is no migration
LAB = {"hosts": ("a", "b"), "memory": 1152, "smp": 1}
BLOCK = 3               # migrations of a load in a row, before the next set-up's turn
TRIES = 2               # of a load in one turn, when something goes wrong
FAILURES = 20           # of a run; it ends then


class Store:
    """Samples and failures, one a line: what a run adds to, and the report is made of."""

    def __init__(self, folder):
        self._samples, self._failures = folder / "samples.jsonl", folder / "failures.jsonl"
        self.samples, self.failures = self._read(self._samples), self._read(self._failures)

    @staticmethod
    def _read(path):
        return [json.loads(line) for line in path.read_text().splitlines()] \
            if path.exists() else []

    @staticmethod
    def _append(path, entry):
        with open(path, "a") as file:
            file.write(json.dumps(entry) + "\n")

    def forget(self):
        for path in (self._samples, self._failures):
            path.unlink(missing_ok=True)
        self.samples, self.failures = [], []

    def add(self, sample):
        self.samples.append(sample)
        self._append(self._samples, sample)

    def fail(self, setup, load, what):
        failure = {"setup": setup, "load": load, "time": timestamp(), "what": what}
        self.failures.append(failure)
        self._append(self._failures, failure)

    def count(self, setup, load):
        return sum((s["setup"], s["load"]) == (setup, load) for s in self.samples)


def timestamp():
    return time.strftime("%Y-%m-%d %H:%M:%S")


def say(text):
    print(f"# {time.strftime('%H:%M:%S')} {text}", flush=True)


def wanted(setup, load, n):
    """How many migrations a load needs with a set-up."""
    if setup not in figures.ONLY.get(load, (setup,)):
        return 0
    return -(-n // 3) if load in figures.THIRD else n


def plan(store, setups, loads, n):
    """What is missing, as (set-up, [(load, how many)]), set-ups taking turns."""
    missing = {(s, l): max(0, wanted(s, l, n) - store.count(s, l))
               for s in setups for l in loads}
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


def migrate(lab, setup, load, watches, options):
    """One migration; returns its sample."""
    one = measure.sample(setup, load, watches, lab.other(setup.guest.host), options.before,
                         options.after)
    one["time"] = timestamp()
    f = one["figures"]
    say(f"{setup.name} {load.name} {one['from']}→{one['to']}: network "
        f"{f['network_downtime_ms'] or 0:.0f} ms (all {f['network_away_ms']:.0f}), "
        f"VM {f['vm_downtime_ms']} ms, total {f['total_ms']:.0f} ms, "
        f"lost {f['lost']}, {f.get('throughput_before') or 0:.1f} → "
        f"{f.get('throughput_during') or 0:.1f} → {f.get('throughput_after') or 0:.1f} Mbit/s")
    return one


def turn(lab, name, left, store, options):
    """Boot a set-up, and migrate under each load as often as `left` says; that counts down."""
    setup = SETUPS[name](lab)
    with contextlib.ExitStack() as last_first:
        last_first.callback(setup.stop)
        watches = {}
        for host in lab.hosts.values():
            watches[host.name] = measure.CpuWatch(host)
            last_first.callback(watches[host.name].stop)
        setup.start()
        say(f"{name}: guest booted in {setup.guest.boot_seconds:.0f} s")
        for load_name in list(left):
            if load_name == LOGGING:
                store.add(logging.measure(lab, setup, options.rounds, say))
            else:
                load = measure.Load(lab, setup.guest, load_name)
                try:
                    while left[load_name]:
                        store.add(migrate(lab, setup, load, watches, options))
                        left[load_name] -= 1
                finally:
                    load.stop()
            del left[load_name]


class Labs:
    """The lab. What has gone wrong once may have left anything behind: a new one then."""

    def __init__(self, paths):
        self._paths = paths
        self._lab = None
        self._broken = 0
        self.trouble = []

    def get(self):
        if self._lab is None:
            self._lab = Lab(self._paths, **LAB)
            self._lab.start()
            prepare_hosts(self._lab)
        return self._lab

    def broken(self):
        """End it; its consoles and logs are kept."""
        if self._lab:
            self._lab.save_logs()
            self.stop()
        self._broken += 1
        kept = self._paths.log / f"failed-{self._broken}"
        kept.mkdir()
        for path in self._paths.log.iterdir():
            if path.is_file():
                shutil.copy(path, kept)
        say(f"consoles and logs: build/lab/bench/{kept.name}/")

    def stop(self):
        if self._lab:
            lab, self._lab = self._lab, None
            self.trouble += [f"{m.name}: {line}" for m in lab.hosts.values()
                             for line in m.trouble()]
            lab.stop()


def reasons(error):
    """An exception, and those that it came from, in words."""
    found = []
    while error and len(found) < 4:
        found.append(str(error).strip() or type(error).__name__)
        error = error.__cause__ or error.__context__
    return "; then: ".join(reversed(found))


def attempt(labs, name, part, store, options):
    """A turn. What goes wrong is noted down, and the rest of it is tried anew."""
    left, tries = dict(part), {}
    while left and len(store.failures) < options.failures:
        try:
            turn(labs.get(), name, left, store, options)
        except Exception as error:      # whatever it is: the others are to go on
            load = next(iter(left), None)
            what = reasons(error)
            say(f"FAILED: {name} {load}: {what}")
            store.fail(name, load, what)
            tries[load] = tries.get(load, 0) + 1
            if tries[load] >= TRIES:
                left.pop(load, None)
            with contextlib.suppress(Exception):
                labs.broken()


def write_report(store, loads):
    """Report, table, pictures, of all that there is."""
    of_loads = [s for s in store.samples if s["load"] in loads]
    extra = {"machine": measure.machine(), "date": time.strftime("%Y-%m-%d"),
             "failures": store.failures}
    logged = [s for s in store.samples if s["load"] == LOGGING]
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
        figures.QUICK_LOADS if options.quick else figures.LOADS)
    options.loads = words(options.loads, figures.LOADS, "LOADS")
    if options.n is None:
        options.n = 3 if options.quick else 10
    options.before = options.after = 0.7 if options.quick else 1.5
    options.rounds = 6 if options.quick else 12
    if options.n < 1:
        raise SystemExit("bench: N is at least 1")
    return options


def run(options, store, turns):
    """Measure; returns an exit status."""
    isolate()
    catch_signals(options.limit)
    before = len(store.failures)
    options.failures = before + FAILURES
    labs = Labs(Paths(log_dir("bench"), options.image))
    status = 0
    try:
        for name, part in turns:
            attempt(labs, name, part, store, options)
    except Interrupted as why:
        say(f"interrupted by {why}; `make bench` goes on where it was")
        status = 130
    finally:
        labs.stop()
    for line in labs.trouble:
        say(f"kernel log: {line}")
    return status or bool(labs.trouble or len(store.failures) > before)


def main():
    options = parse()
    OUT.mkdir(parents=True, exist_ok=True)
    store = Store(OUT)
    if options.fresh:
        store.forget()
    turns = [] if options.report else plan(store, options.setups, options.loads, options.n)
    if not options.report:
        say(f"{sum(c for _, part in turns for _, c in part)} migrations to go")
        if options.logging and "vferry" in options.setups and not store.count("vferry", LOGGING):
            if not any(name == "vferry" for name, _ in turns):
                turns.append(("vferry", []))
            next(part for name, part in turns if name == "vferry").append((LOGGING, 1))
    status = run(options, store, turns) if turns else 0
    if not store.samples:
        return status or 1
    result = write_report(store, figures.LOADS)
    print((OUT / "report.md").read_text())
    missed = [t for t in result["targets"] if t["met"] is False]
    say(f"{sum(t['met'] is True for t in result['targets'])} targets met, "
        f"{len(missed)} missed; build/bench/report.json, report.md, *.png")
    return status


if __name__ == "__main__":
    sys.exit(main())
