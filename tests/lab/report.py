# SPDX-License-Identifier: GPL-2.0-or-later
"""What one migration looked like: figures for report.json, a timeline to read.

Pure: takes what was observed, knows nothing of how. All times are seconds on
one clock (L0's CLOCK_REALTIME); what was observed on a host has been corrected
by that host's clock offset before it comes here.
"""

# Steps of a migration in their order: key, label, what it means.
STEPS = (
    ("migrate", "MIGRATE", "the guest is asked to log the pages its VF writes"),
    ("migrating", "logging", "it does"),
    ("converged", "converged", "little memory is left to copy"),
    ("suspend", "SUSPEND", "the guest is asked to put the VF to rest"),
    ("suspended", "SUSPENDED", "it has"),
    ("settled", "settled", "and has put away what it had received"),
    ("vm_stop", "VM stop", "QEMU stops the guest on the source"),
    ("saved", "state read", "the VF's state is on its way"),
    ("loaded", "state loaded", "after the last memory, and all other devices"),
    ("vm_start", "VM start", "QEMU starts it on the destination"),
    ("resume", "RESUME", "the guest is asked to wake the VF"),
    ("resumed", "resumed", "it has"),
    ("first_packet", "first packet", "the peer hears the guest again"),
)

# A guest may be stopped before it has settled. Not every driver tells of the others.
OPTIONAL = ("settled", "saved", "loaded")

BAR = 60     # columns of the picture

# A peer that sends every millisecond and does not for this long tells of its own
# machine, not of the network.
STALL_MS = 100


class Event:
    """Something that one of the hosts' drivers reported."""

    def __init__(self, time, host, kind, name, **fields):
        self.time = time        # seconds, L0's clock
        self.host = host        # "A", "B"
        self.kind = kind        # "state", "phase", "failed", ...
        self.name = name        # new state, or phase
        self.fields = fields    # guest_us, duration_us, ...

    def __repr__(self):
        return "Event(%.6f, %s, %s, %s, %r)" % (
            self.time, self.host, self.kind, self.name, self.fields)


def last(events, host, kind, name, before=None):
    """The last such event (not later than `before`), or None."""
    found = [e for e in events
             if (e.host, e.kind, e.name) == (host, kind, name)
             and (before is None or e.time <= before)]
    return max(found, key=lambda e: e.time) if found else None


def steps(events, source, destination, gap_end=None):
    """The migration's steps as {key: Event or time}; what was not seen is left out."""
    stop = last(events, source, "phase", "stopped")
    end = stop.time if stop else None
    seen = {
        "migrate": last(events, source, "state", "migrate-sent", end),
        "migrating": last([e for e in events if e.fields.get("old") == "migrate-sent"],
                          source, "state", "migrating", end),
        "converged": last(events, source, "phase", "converged", end),
        "suspend": last(events, source, "state", "suspend-sent", end),
        "suspended": last(events, source, "state", "suspended", end),
        "settled": last(events, source, "phase", "settled", end),
        "vm_stop": stop,
        "saved": last(events, source, "phase", "saved"),
        "loaded": last(events, destination, "phase", "loaded"),
        "vm_start": last(events, destination, "phase", "running"),
        "resume": last(events, destination, "state", "resume-sent"),
        "resumed": last([e for e in events if e.fields.get("old") == "resume-sent"],
                        destination, "state", "idle"),
    }
    if gap_end:
        seen["first_packet"] = Event(gap_end, "peer", "probe", "answer")
    return {key: event for key, event in seen.items() if event}


def figures(source, destination, qmp, seen, probe, tcp):
    """One entry of report.json's "migrations".

    qmp: result of query-migrate; seen: of steps(); probe: a window of udpprobe;
    tcp: a window of tcpcheck. A figure that was not observed is None.
    """
    def guest_us(key):
        return seen[key].fields.get("guest_us") if key in seen else None

    return {
        "from": source.upper(),
        "to": destination.upper(),
        "status": qmp.get("status"),
        "network_downtime_ms": probe["gap_ms"],
        "vm_downtime_ms": qmp.get("downtime"),
        "total_ms": qmp.get("total-time"),
        "suspend_us": guest_us("suspended"),
        "resume_us": guest_us("resumed"),
        "peer_stall_ms": probe.get("send_gap_ms"),
        "probes_sent": probe["sent"],
        "probes_lost": probe["lost"],
        "tcp_bytes": tcp["rx_bytes"] + tcp["tx_bytes"],
        "tcp_corrupt_bytes": tcp["corrupt"],
        "tcp_resets": tcp["resets"],
        "stream_bytes": qmp.get("vfio", {}).get("transferred"),
    }


def agent_figures(record):
    """A migration's entry "agent": what vferryd in the guest says of it.

    record: of vferryctl --json history.
    """
    return {
        "outcome": record["outcome"],
        "mode": record["mode"],
        "suspend_us": record.get("agent_suspend_us"),
        "first_announcement_us": record.get("agent_resume_us"),
        "announcements_sent": record["announcements"]["sent"],
        "announcements_proved": record["announcements"]["proved"],
        "first_received_us": record.get("first_rx_us"),
        "verified_us": record.get("verify_us"),
        "repaired": record.get("repaired"),
        "differences": record["differences"],
    }


def verdict(migration):
    """What is wrong with a migration, as a list of sentences; empty: nothing."""
    wrong = []
    if migration["status"] != "completed":
        wrong.append("the migration ended as %r, not completed" % migration["status"])
    if migration["tcp_resets"]:
        wrong.append("%d TCP connections were lost" % migration["tcp_resets"])
    if migration["tcp_corrupt_bytes"]:
        wrong.append("%d bytes were corrupt" % migration["tcp_corrupt_bytes"])
    if not migration["tcp_bytes"]:
        wrong.append("no TCP data got through")
    for key, name in (("suspend_us", "SUSPENDED"), ("resume_us", "the end of RESUME")):
        if migration[key] is None:
            wrong.append("the guest's answer of %s was not seen" % name)
    agent = migration.get("agent")
    if agent and agent["differences"]:
        wrong.append("the guest's configuration differs: %s" % agent["differences"])
    return wrong


def bar(begin, end, off_from, off_to):
    """A line of BAR columns from `begin` to `end`, light from off_from to off_to."""
    def column(time):
        return round((time - begin) / (end - begin) * BAR)

    first = min(max(column(off_from), 0), BAR)
    after = min(max(column(off_to), first + 1), BAR)
    return "█" * first + "░" * (after - first) + "█" * (BAR - after)


def picture(seen, probe):
    """Three bars: when network, VF and VM did not work. Empty if unknown."""
    needed = ("suspended", "vm_stop", "vm_start", "resumed")
    if any(key not in seen for key in needed) or not probe["gap_end"]:
        return []
    rows = (
        ("network", probe["gap_begin"], probe["gap_end"]),
        ("VF", seen["suspended"].time, seen["resumed"].time),
        ("VM", seen["vm_stop"].time, seen["vm_start"].time),
    )
    first = min(row[1] for row in rows)
    final = max(row[2] for row in rows)
    margin = (final - first) * 0.12
    lines = ["    %-8s %s  %6.1f ms off" % (
        name, bar(first - margin, final + margin, off, on), (on - off) * 1e3)
        for name, off, on in rows]
    return lines


def render(migration, seen, probe):
    """The migration as lines of text, for people."""
    def text(value, form):
        return form % value if value is not None else "?"

    def ms(us):
        return None if us is None else us / 1e3

    lines = ["  %s → %s   %s in %s   network downtime %s   VM downtime %s" % (
        migration["from"], migration["to"], migration["status"],
        text(migration["total_ms"], "%d ms"),
        text(migration["network_downtime_ms"], "%.1f ms"),
        text(migration["vm_downtime_ms"], "%d ms")), ""]
    zero = seen["vm_stop"].time if "vm_stop" in seen else None
    if zero is not None:
        lines.append("          ms")
        for key, label, meaning in STEPS:
            if key not in seen:
                if key not in OPTIONAL:
                    lines.append("           ?  %-13s not seen" % label)
                continue
            note = ""
            if key in ("suspended", "resumed"):
                note = text(ms(seen[key].fields.get("guest_us")),
                            " (%.2f ms in the guest)")
            lines.append("  %10.1f  %-13s %s%s" % (
                (seen[key].time - zero) * 1e3, label, meaning, note))
        lines.append("")
    lines += picture(seen, probe)
    if (probe.get("send_gap_ms") or 0) > STALL_MS:
        lines.append("    The peer itself stood still for %.0f ms: this machine was busy with other "
                     "things." % probe["send_gap_ms"])
    lines += ["", "    UDP: %d of %d probes lost   TCP: %.1f MB verified, %d bytes corrupt, "
              "%d connections lost   device state: %s" % (
                  migration["probes_lost"], migration["probes_sent"],
                  migration["tcp_bytes"] / 1e6, migration["tcp_corrupt_bytes"],
                  migration["tcp_resets"], text(migration["stream_bytes"], "%d bytes"))]
    return lines
