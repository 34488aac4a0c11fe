# SPDX-License-Identifier: GPL-2.0-or-later
"""How long an emulated host wanted a processor of this machine and had none: what a bar
that is about the guest's own quickness does not count.

The kernel counts it for each thread, exactly (schedstat). On a machine that is not busy
with others it is next to nothing.
"""

import bisect
import threading
import time
from pathlib import Path

EVERY_S = 0.005


class Stolen:
    """Watches a host from now on, until stop()."""

    def __init__(self, host):
        self._tasks = Path(f"/proc/{host.pid}/task")
        self._times, self._waited = [], []
        self._end = threading.Event()
        self._look()
        threading.Thread(target=self._watch, daemon=True).start()

    def _look(self):
        waited = {}
        for task in self._tasks.iterdir():
            try:
                waited[task.name] = int((task / "schedstat").read_text().split()[1])
            except (OSError, IndexError):
                pass
        self._times.append(time.time_ns())
        self._waited.append(waited)

    def _watch(self):
        while not self._end.wait(EVERY_S):
            try:
                self._look()
            except OSError:
                return

    def between(self, begin_ns, end_ns):
        """Seconds of it, in a span of this machine's CLOCK_REALTIME: of the one thread of its
        QEMU that waited the longest, so that nothing is counted twice."""
        first = self._waited[max(bisect.bisect_right(self._times, begin_ns) - 1, 0)]
        last = self._waited[min(bisect.bisect_left(self._times, end_ns),
                                len(self._waited) - 1)]
        most = max(last[task] - first.get(task, 0) for task in last)
        return min(most, end_ns - begin_ns) / 1e9

    def stop(self):
        self._end.set()
