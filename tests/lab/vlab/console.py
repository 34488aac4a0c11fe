# SPDX-License-Identifier: GPL-2.0-or-later
"""Consoles and kernel logs: which lines mean that something is broken."""

import re

BAD = re.compile("|".join([
    r"\bBUG:", r"kernel BUG at", r"\bOops\b", r"\bWARNING:", r"Kernel panic",
    r"general protection fault", r"unable to handle", r"Call Trace:",
    r"INFO: task .* blocked", r"INFO: rcu", r"rcu: INFO", r"INFO: lockdep",
    r"soft lockup", r"hard LOCKUP", r"possible (recursive|circular) locking",
    r"suspicious RCU usage", r"KASAN", r"UBSAN", r"KFENCE", r"KCSAN",
    r"sleeping function called", r"scheduling while atomic",
    r"refcount_t:", r"list_(add|del) corruption", r"DMA-API:",
    r"DMAR: .*fault", r"NETDEV WATCHDOG", r"transmit queue \d+ timed out",
    r"Out of memory", r"invoked oom-killer", r"page allocation failure",
    r"unregister_netdevice: waiting", r"irq \d+: nobody cared",
    r"stack-protector", r"[Bb]ad page",
    r"labagent:", r"guest-init: cannot",
]))

# After such a line the kernel says where it was.
TRACE = re.compile(r"Call Trace:|rcu: INFO|\bBUG:|\bOops\b|\bWARNING:|lockup|LOCKUP")
TRACE_LINES = 30


class Reader:
    """Looks at a growing log, each whole line once."""

    def __init__(self, path):
        self._path = path
        self._seen = 0

    def trouble(self, allowed=()):
        """find_trouble() in what is new."""
        with open(self._path, "rb") as file:
            file.seek(self._seen)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1]
        self._seen += len(text)
        return find_trouble(text.decode(errors="replace"), allowed)


def record(sock, path):
    """Append what comes from a connected socket to a file, until its end."""
    while True:
        try:
            data = sock.recv(65536)
        except OSError:
            return
        if not data:
            return
        with open(path, "ab") as file:
            file.write(data)


def find_trouble(text, allowed=()):
    """Lines of a log that mean trouble and match none of the allowed patterns, with what
    the kernel adds to them."""
    allowed = [re.compile(pattern) for pattern in allowed]
    found, more = [], 0
    for line in text.splitlines():
        bad = BAD.search(line) and not any(a.search(line) for a in allowed)
        if bad and TRACE.search(line):
            more = TRACE_LINES
        elif more:
            more -= 1
        elif not bad:
            continue
        found.append(line)
    return found
