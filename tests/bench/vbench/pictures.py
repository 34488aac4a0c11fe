# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of a report, by gnuplot."""

import subprocess

from vbench.figures import COMPETE, GAP_MS, ORDER, PHASES, value

COLOURS = {"vferry": "#0b6e4f", "virtio": "#c75000", "bond": "#3a6ea5", "net_failover": "#8c4a9e",
           "replug": "#777777"}
NAMES = {"vferry": "vferry", "virtio": "virtio-net", "bond": "bond of VF and virtio-net",
         "net_failover": "net\\\\_failover of VF and virtio-net", "replug": "VF unplugged, plugged"}
SHORT = dict(NAMES, bond="bond", net_failover="net\\\\_failover", replug="unplug, plug")
DOES = {"idle": "idle", "rx": "receives\\nTCP", "tx": "sends\\nTCP", "udp": "UDP\\nboth ways",
        "rr": "request,\\nresponse", "heavy": "receives TCP,\\nwrites\\nmemory",
        "paced": "receives TCP,\\nQEMU\\nheld back"}
# Of the blackout, from the last packet to the first.
PHASE_COLOURS = ("#c9d6df", "#0b6e4f", "#3fa27f", "#8cc9ad", "#f0c808", "#e8871e", "#c44536",
                 "#9a3b6a", "#52658f")
GREY = "#555555"


def _does(load):
    return DOES[load].replace("\\n", " ")


def _head(width, height):
    return (f"set terminal pngcairo size {width},{height} font 'sans,11' background 'white'\n"
            "set grid ytics lc rgb '#dddddd'\nset border 3 lc rgb '#555555'\nset tics nomirror\n")


def _gnuplot(out, name, text, width=900, height=420):
    script = _head(width, height) + f"set output '{out / name}'\n" + text
    result = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True,
                            check=False)
    if result.returncode:
        raise RuntimeError(f"gnuplot: {name}: {result.stderr.strip()}")


def _title(title, below):
    return f"set title \"{{/:Bold {title}}}\\n{{/*0.85 {below}}}\"\n"


def _middle(samples):
    """Of a set-up's migrations, that of the median downtime."""
    mine = sorted((s for s in samples if s.get("series") and s["series"]["mbps"]),
                  key=lambda s: s["figures"]["network_downtime_ms"] or 0)
    return mine[(len(mine) - 1) // 2] if mine else None


def throughput(out, samples, load):
    """Around the move: one migration of each set-up, one below the other."""
    shown = [(name, one) for name in ORDER
             for one in [_middle([s for s in samples if (s["setup"], s["load"]) == (name, load)])]
             if one]
    if not shown:
        return
    end = min(14, max(max(one["figures"]["total_ms"] or 0 for _, one in shown) / 1e3 + 2, 5))
    top = 1.1 * max(v or 0 for _, one in shown for v in one["series"]["mbps"])
    height = 84 + 118 * len(shown)
    tic = next(t for t in (0.1, 0.5, 1, 5, 10, 20, 50, 100, 200, 500, 1e9) if top / t <= 4)
    # Pixels, as parts of the picture: the title above, the axis below.
    begin, step = 1 - 34 / height, 118 / height
    text = (f"set multiplot\nset xrange [-1.5:{end:.1f}]\nset yrange [0:{max(top, 1):.0f}]\n"
            "set lmargin at screen 0.085\nset rmargin at screen 0.98\nunset key\n"
            f"set label 100 \"{{/:Bold The guest {_does(load)} while it moves}}   "
            "{/*0.85 as the peer sees it; of each, the median migration}\" "
            f"at screen 0.085,{1 - 20 / height:.4f} left\n")
    for i, (name, one) in enumerate(shown):
        total = (one["figures"]["total_ms"] or 0) / 1e3
        points = "\n".join(f"{one['series']['from'] + j * one['series']['bin_ms'] / 1e3:.3f} {v:.2f}"
                           for j, v in enumerate(one["series"]["mbps"]) if v is not None)
        gaps = [g for g in one["gaps"] if (g[1] - g[0]) * 1e3 >= GAP_MS and g[0] < end]
        text += (f"set tmargin at screen {begin - i * step - 22 / height:.4f}\n"
                 f"set bmargin at screen {begin - (i + 1) * step + 4 / height:.4f}\n"
                 "unset for [j=1:60] object j\nunset arrow\n")
        for j, gap in enumerate(gaps[:60], 1):
            text += (f"set object {j} rectangle from {max(gap[0], -1.5):.3f}, graph 0 to "
                     f"{min(gap[1], end):.3f}, graph 1 fc rgb '#f2b8b5' fs solid noborder behind\n")
        for at in (0, total):
            if at < end:
                text += (f"set arrow from {at:.3f}, graph 0 to {at:.3f}, graph 1 nohead "
                         f"lc rgb '{GREY}' dt 2\n")
        away = one["figures"]["network_downtime_ms"] or 0
        text += (f"set label 1 \"{NAMES[name]}: {{/*0.85 away for {away:.0f} ms at once, "
                 f"{one['figures']['network_away_ms']:.0f} ms in all; the move took {total:.1f} s}}\" "
                 f"at graph 0, graph 1.1 left tc rgb '{COLOURS[name]}'\n"
                 f"set ytics {tic}\n"
                 + ("set ylabel 'Mbit/s'\n" if i == len(shown) // 2 else "unset ylabel\n")
                 + ("set format x '%g'\nset xlabel 's since the move began (dashed: its begin and "
                    "end; red: nothing heard of the guest)'\n" if i == len(shown) - 1
                    else "set format x ''\nunset xlabel\n")
                 + f"plot '-' with filledcurves y1=0 fs transparent solid 0.35 lc rgb '{COLOURS[name]}', "
                 f"'-' with lines lw 1.5 lc rgb '{COLOURS[name]}'\n{points}\ne\n{points}\ne\n"
                 "unset label 100\n")
    _gnuplot(out, f"throughput-{load}.png", text + "unset multiplot\n", height=height)


def _number(number):
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}"


def _bars(out, name, head, ylabel, groups, cell, log=False, worst=True):
    """Clustered bars, a bar for each set-up. groups: (key, label); cell: a summary or None."""
    found = [s for s in ORDER if any(cell(s, key) for key, _ in groups)]
    groups = [(key, label) for key, label in groups if any(cell(s, key) for s in found)]
    if not found:
        return
    apart = len(found) + 1
    rows = {s: [] for s in found}
    for g, (key, _) in enumerate(groups):
        # Without gaps for those that are not there.
        there = [s for s in found if cell(s, key)]
        for i, s in enumerate(there):
            x = g * apart + i - (len(there) - 1) / 2
            c = cell(s, key)
            median, top = (max(c[w], 0.1) for w in ("median", "worst"))
            rows[s].append(f"{x} {median:.3f} {max(top, median) if worst else median:.3f} "
                           f"{_number(median)}")
    data = "".join(f"${s} << EOD\n" + "\n".join(rows[s]) + "\nEOD\n" for s in found)
    tics = ", ".join(f"\"{label}\" {g * apart}" for g, (_, label) in enumerate(groups))
    highest = max(cell(s, key)["worst" if worst else "median"]
                  for s in found for key, _ in groups if cell(s, key))
    plots = []
    for s in found:
        plots.append(f"${s} using 1:2 with boxes fs solid lc rgb '{COLOURS[s]}' title \"{SHORT[s]}\"")
    for s in found:
        if worst:
            plots.append(f"${s} using 1:2:(0):($3-$2) with vectors nohead lc rgb '#222222' notitle")
        plots.append(f"${s} using 1:3:4 with labels offset 0,0.6 font ',8' notitle")
    _gnuplot(out, name, data + head
             + f"set ylabel \"{ylabel}\"\nset xtics ({tics}) scale 0\nset boxwidth 0.9\n"
             f"set xrange [{-apart / 2}:{len(groups) * apart - apart / 2}]\n"
             "set key top horizontal outside center samplen 1 font ',10'\nset bmargin 4.5\n"
             + (f"set logscale y\nset yrange [1:{highest * 2:.1f}]\n" if log
                else f"set yrange [0:{highest * 1.12:.1f}]\n")
             + "plot " + ", \\\n".join(plots) + "\n")


def blackout(out, report):
    """vferry's, phase by phase: who waited for whom."""
    loads = [load for load in COMPETE if report["breakdown"].get("vferry", {}).get(load)]
    phases = [p[0] for p in PHASES["vferry"]]
    if not loads:
        return
    rows = "\n".join(" ".join(str(report["breakdown"]["vferry"][load].get(p, {}).get("median", 0))
                              for p in phases) for load in loads)
    tics = ", ".join(f"\"{DOES[load]}\" {i}" for i, load in enumerate(loads))
    _gnuplot(out, "blackout.png",
             f"$d << EOD\n{rows}\nEOD\n"
             + _title("Where vferry's blackout goes",
                      "from the last packet on the source to the first on the destination; "
                      "medians of each phase")
             + "set ylabel 'ms'\nset bmargin 4.5\nset style data histograms\nset style histogram rowstacked\n"
             "set style fill solid border lc rgb 'white'\nset boxwidth 0.6\n"
             f"set yrange [0:*]\nset xtics ({tics}) scale 0\nset key outside right invert Left reverse samplen 1\n"
             "plot "
             + ", \\\n".join(f"$d using {i + 1} lc rgb '{PHASE_COLOURS[i]}' title \"{p}\""
                             for i, p in enumerate(phases)) + "\n")


def draw(out, report, samples):
    """All pictures that there are figures for."""
    for load in ("rx", "tx", "heavy", "paced"):
        throughput(out, samples, load)

    def summary(setup, load, figure):
        found = report["setups"].get(setup, {}).get(load, {}).get(figure)
        return found if found and value(report, setup, load, figure) is not None else None

    loads = [(load, DOES[load]) for load in COMPETE]
    _bars(out, "downtime.png",
          _title("How long the network is away when the guest moves",
                 "longest time in which the peer heard nothing of it, logarithmic; bar and number: "
                 "median, line: worst"),
          "ms", loads, lambda s, load: summary(s, load, "network_downtime_ms"), log=True)
    _bars(out, "total.png",
          _title("How long the whole move takes",
                 "until the guest uses its VF again, if it has had one; bar and number: median, "
                 "line: worst"),
          "ms", loads, lambda s, load: summary(s, load, "total_ms"), log=True)
    for load in ("rx", "tx"):
        _bars(out, f"cpu-{load}.png",
              _title(f"What traffic costs the host: the guest {_does(load)}",
                     "processor time of the emulated host, guest included, for each MiB, "
                     "logarithmic; medians"),
              "ms for each MiB",
              [("before", "before the move"), ("during", "memory is copied"), ("after", "after it")],
              lambda s, when: summary(s, load, f"cpu_ms_per_mib_{when}"), log=True, worst=False)
    blackout(out, report)
