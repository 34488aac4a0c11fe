# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for conditions, never without a deadline."""

import time

from vlab.kernel import SLOWER


class TimedOut(Exception):
    """A condition did not come true in time."""


class Deadline:
    """A point in time, made from seconds from now (or from a Deadline); with a kernel
    that looks for faults the seconds are longer."""

    def __init__(self, seconds):
        if isinstance(seconds, Deadline):
            self.at = seconds.at
        else:
            self.at = time.monotonic() + seconds * SLOWER

    def left(self):
        """Seconds left, not negative."""
        return max(0.0, self.at - time.monotonic())

    def passed(self):
        return time.monotonic() >= self.at


def wait_until(condition, deadline, what="condition", interval=0.05):
    """Call condition() until it returns something true, and return that.

    what: what is waited for, a text or a function that says it, called if it failed.
    deadline: seconds or a Deadline. The condition is looked at once more after
    the deadline, so a slow machine does not fail a condition that holds.
    """
    deadline = Deadline(deadline)
    while True:
        last = deadline.passed()
        value = condition()
        if value:
            return value
        if last:
            what = what() if callable(what) else what
            raise TimedOut(f"{what}: not in time (last seen: {value!r})")
        time.sleep(min(interval, deadline.left() + 0.001))
