# SPDX-License-Identifier: GPL-2.0-or-later
"""Command line of the lab; started by ../run inside the root."""

import argparse
import os
import signal
import sys
from pathlib import Path

from vlab import control, kernel, remote
from vlab.case import EmulationFailed, Tap, load_case, run_tests
from vlab.lab import Lab, Paths
from vlab.session import LOGS, Interrupted, catch_signals, isolate, log_dir

HERE = Path(__file__).resolve().parents[1]


def _run_case(path, image, options):
    """One case in a lab of its own, twice if the emulation of a host fails; returns the
    number of failures."""
    tap = Tap(sys.stdout)
    try:
        _attempt(load_case(path), tap, image, options, last=options.keep)
    except EmulationFailed as why:
        tap.comment(f"{why}\nThe case is run once more, from its beginning, in a new lab.")
        tap.again()
        _attempt(load_case(path), tap, image, options, last=True)
    return tap.failed


def _attempt(case, tap, image, options, last):
    log = log_dir(case.name)
    lab = Lab(Paths(log, image), **(case.lab or {}),
              machines=remote.read(Path(os.environ["VFERRY_CWD"], options.hosts)) if options.hosts else None)
    server = None
    tap.plan(len(case.tests) + 1)
    try:
        lab.start()
        server = control.serve(lab, log)
        current = LOGS / "current"
        current.unlink(missing_ok=True)
        current.symlink_to(log.name)
        for host in lab.hosts.values():
            tap.comment(f"host {host.name} booted in {host.boot_seconds:.1f} s")
        for said in lab.retried:
            tap.comment(said)
        run_tests(lab, case, tap, options.only, last)
        lab.save_logs()
        late = [f"{m.name}: {line}" for m in lab.machines() for line in m.trouble(case.allow)]
        late += [f"{m.name}: {text}" for m in lab.machines() if not m.dead
                 for text in kernel.findings(m)]
        tap.result("kernel logs at the end", "\n".join(late) or None)
        if options.keep:
            tap.comment("kept: tests/lab/run --exec 'command'; ^C ends it")
            while True:
                signal.pause()
    finally:
        if server:
            server.close()
        lab.stop()


def main():
    parser = argparse.ArgumentParser(prog="tests/lab/run", description=__doc__)
    parser.add_argument("case", nargs="?", help="name or path of a case")
    parser.add_argument("--only", help="run only tests whose name contains this")
    parser.add_argument("--keep", action="store_true", help="leave the lab up until ^C")
    parser.add_argument("--image", help=argparse.SUPPRESS)
    parser.add_argument("--exec", metavar="COMMAND", help="run in a lab that is up")
    parser.add_argument("--on", default="a", metavar="PLACE",
                        help="where: a (default), b, peer, here, guest")
    parser.add_argument("--input", action="store_true",
                        help="standard input goes to the command of --exec")
    parser.add_argument("--timeout", type=float, default=60, help="of --exec, seconds")
    parser.add_argument("--limit", type=int, default=1500,
                        help="end a case that takes longer, seconds (default: 1500)")
    parser.add_argument("--push", action="store_true",
                        help="build, and bring modules and programs into a lab that is up")
    parser.add_argument("--hosts", metavar="FILE",
                        help="real machines instead of emulated ones: hosts.example.json")
    parser.add_argument("--lab", default="current", help="which lab: folder in build/lab")
    options = parser.parse_args()

    if options.exec is not None or options.push:
        return control.client(LOGS / options.lab, options)
    if not options.case:
        parser.error("which case?")
    path = Path(os.environ["VFERRY_CWD"], options.case)
    if not path.suffix:
        path = HERE / "cases" / f"{options.case}.py"
    if not path.exists():
        parser.error(f"no such case: {path}")

    if not options.hosts:
        isolate()
    catch_signals(0 if options.keep else options.limit * kernel.SLOWER)
    try:
        return 1 if _run_case(path, options.image, options) else 0
    except Interrupted as why:
        print(f"# interrupted by {why}", flush=True)
        return 130


sys.exit(main())
