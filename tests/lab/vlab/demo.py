# SPDX-License-Identifier: GPL-2.0-or-later
"""make demo: a guest on a VF moves from host A to host B and back, under traffic."""

import argparse
import json
import sys
import time
from pathlib import Path

import report
from vlab import crossing
from vlab.lab import Lab, Paths
from vlab.net import DATA_NET
from vlab.session import Interrupted, catch_signals, isolate, log_dir
from vlab.vferryd import BOOT_TIMEOUT, HOST_MEMORY, Vferryd, systemd_guest

REPORT = Path(__file__).resolve().parents[3] / "build/demo/report.json"
BAR = 28
LAB = dict(crossing.LAB, memory=HOST_MEMORY)
CONFIGURE = f"""
sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0
ip link set eth0 up && ip address add {crossing.GUEST_ADDRESS}/24 dev eth0 &&
ip address add fd09::50/64 dev eth0 && ip route add 10.1.0.0/16 via {DATA_NET}.1
"""


class Screen:
    """Lines of what is done, and one line that changes if this is a terminal."""

    def __init__(self, stream):
        self._stream = stream
        self._begin = time.monotonic()
        self._tty = stream.isatty()
        self._last = 0.0

    def _write(self, text):
        self._stream.write(text)
        self._stream.flush()

    def _clear(self):
        return "\r\033[K" if self._tty else ""

    def say(self, text):
        """Something has been done."""
        self._write(f"{self._clear()}  {time.monotonic() - self._begin:6.1f} s  {text}\n")

    def text(self, lines):
        self._write(self._clear() + "\n".join(lines) + "\n")

    def progress(self, text):
        """What goes on just now; without a terminal once a second."""
        now = time.monotonic()
        if self._tty:
            self._write(f"{self._clear()}            {text}")
        elif now - self._last >= 1:
            self._last = now
            self._write(f"            {text}\n")


def ram_progress(screen, total):
    """A callback for query-migrate: RAM copied and left, rounds, rate."""
    def show(info):
        ram = info.get("ram")
        if not ram:
            screen.progress(f"migration: {info.get('status', 'none')}")
            return
        left = ram["remaining"]
        done = round((1 - min(left / total, 1)) * BAR)
        screen.progress(
            f"copying memory [{'#' * done}{'.' * (BAR - done)}] "
            f"{left / 2**20:6.1f} MiB left, round {ram['dirty-sync-count']}, "
            f"{ram['mbps']:.0f} Mbit/s, {info['status']}")
    return show


def run(lab, screen):
    """Both migrations; returns (the report, whether all is well)."""
    screen.say("booting two emulated hosts, each with an 82576")
    lab.start()
    guest = systemd_guest(lab)
    agent = Vferryd(guest)
    cross = crossing.Crossing(lab, screen.say, guest=guest, boot_timeout=BOOT_TIMEOUT,
                              prepare=lambda guest: agent.start(CONFIGURE))
    cross.start_traffic()
    screen.say("traffic runs: a TCP stream in each direction, a UDP probe every millisecond")

    moves = []
    for target in (lab.b, lab.a):
        source = guest.host
        count = len(agent.history())
        screen.say(f"migrating the guest from {source.name} to {target.name}")
        move = cross.move(target,
                          on_progress=ram_progress(screen, guest.memory * 2**20))
        screen.say(f"the guest runs on host {target.name}")
        record = agent.record_after(count)
        move.figures["agent"] = report.agent_figures(record)
        move.journal = agent.journal(record["migration"])
        moves.append(move)
    cross.probe.stop()
    cross.streams.stop()

    screen.text([""])
    for move in moves:
        screen.text(move.lines() + ["", "    the guest's journal:"] +
                    [f"    {line}" for line in move.journal] + [""])
    wrong = [f"{m.figures['from']} → {m.figures['to']}: {w}" for m in moves for w in m.wrong]
    for machine in lab.machines():
        wrong += [f"{machine.name}: {line}" for line in machine.trouble()]
    lab.save_logs()
    return {
        "migrations": [move.figures for move in moves],
        "qemu": guest.qmp.command("query-version")["package"]
        or guest.qmp.command("query-version")["qemu"],
        "kernel": lab.a.sh("uname -r"),
    }, wrong


def main():
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--image", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()

    isolate()
    catch_signals()
    screen = Screen(sys.stdout)
    log = log_dir("demo")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    lab = Lab(Paths(log, options.image), **LAB)
    try:
        result, wrong = run(lab, screen)
    except Interrupted as why:
        screen.say(f"interrupted by {why}: all is ended, nothing is left behind")
        return 130
    except Exception as error:
        screen.say(f"failed: {error}")
        screen.text([f"            consoles and logs: build/lab/{log.name}/"])
        lab.save_logs()
        return 1
    finally:
        lab.stop()
    REPORT.write_text(json.dumps(result, indent=2) + "\n")
    for line in wrong:
        screen.text([f"  WRONG: {line}"])
    screen.text([f"  figures: build/demo/{REPORT.name}, logs: build/lab/{log.name}/"])
    return 1 if wrong else 0


sys.exit(main())
