# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of a report, by gnuplot."""

import statistics
import subprocess

from vbench.figures import LOADS, ORDER, value

COLOURS = {"vferry": "#0b6e4f", "virtio": "#c75000", "bond": "#3a6ea5", "net_failover": "#8c4a9e",
           "replug": "#777777"}
HEAD = ("set terminal pngcairo size 860,380 font 'sans,11' noenhanced\n"
        "set grid ytics lc rgb '#dddddd'\nset border 3\nset tics nomirror\nset key outside top horizontal\n")


def _gnuplot(out, name, text):
    script = HEAD + f"set output '{out / name}'\n" + text
    result = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True,
                            check=False)
    if result.returncode:
        raise RuntimeError(f"gnuplot: {name}: {result.stderr.strip()}")


def _median_series(samples):
    """[(s, Mbit/s)], each bin the median of all migrations."""
    shown = [s["series"] for s in samples if s.get("series")]
    points = []
    for i in range(max((len(s["mbps"]) for s in shown), default=0)):
        values = [s["mbps"][i] for s in shown if i < len(s["mbps"]) and s["mbps"][i] is not None]
        if values:
            points.append((shown[0]["from"] + i * shown[0]["bin_ms"] / 1e3,
                           statistics.median(values)))
    return points


def throughput(out, samples, load):
    """Around the beginning of the move: one migration of each set-up, the middle one."""
    plots, data = [], []
    for name in ORDER:
        mine = [s for s in samples if (s["setup"], s["load"]) == (name, load)]
        if not mine:
            continue
        mine.sort(key=lambda s: s["figures"]["network_downtime_ms"] or 0)
        points = _median_series([mine[len(mine) // 2]])
        if not points:
            continue
        plots.append(f"'-' using 1:2 with lines lw 2 lc rgb '{COLOURS[name]}' title '{name}'")
        data.append("\n".join(f"{x:.3f} {y:.2f}" for x, y in points) + "\ne\n")
    if plots:
        _gnuplot(out, f"throughput-{load}.png",
                 f"set title 'TCP {load}: one migration of each, that of the median downtime'\n"
                 "set xlabel 's from the beginning of the move'\nset ylabel 'Mbit/s'\n"
                 "set yrange [0:]\nplot " + ", ".join(plots) + "\n" + "".join(data))


def _bars(out, name, title, ylabel, groups, cell, log=False):
    """Clustered bars: groups along the axis, a bar for each set-up."""
    found = [setup for setup in ORDER if any(cell(setup, g) is not None for g in groups)]
    groups = [g for g in groups if any(cell(s, g) is not None for s in found)]
    if not found:
        return
    rows = "\n".join(" ".join([g.replace(" ", "_")] + [
        "NaN" if cell(s, g) is None else f"{max(cell(s, g), 0.1):.3f}" for s in found]) for g in groups)
    _gnuplot(out, name,
             f"set title '{title}'\nset ylabel '{ylabel}'\nset style data histogram\n"
             "set style histogram cluster gap 1\nset style fill solid border -1\n"
             + ("set logscale y\nset yrange [1:]\n" if log else "set yrange [0:]\n")
             + f"$d << EOD\n{rows}\nEOD\nplot "
             + ", ".join(f"$d using {i + 2}:xtic(1) lc rgb '{COLOURS[s]}' title '{s}'"
                         for i, s in enumerate(found)) + "\n")


def draw(out, report, samples):
    """All pictures that there are figures for."""
    for load in ("rx", "tx", "heavy"):
        throughput(out, samples, load)
    _bars(out, "downtime.png", "Network away, median", "ms (logarithmic)", list(LOADS),
          lambda s, load: value(report, s, load, "network_downtime_ms"), log=True)
    for load in ("rx", "tx"):
        _bars(out, f"cpu-{load}.png", f"TCP {load}: processor time of the host, guest included, median",
              "ms for each MiB (logarithmic)", ["before", "during", "after"],
              lambda s, when: value(report, s, load, f"cpu_ms_per_mib_{when}"), log=True)
