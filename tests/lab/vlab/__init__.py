# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: emulated hosts, guests with a VF, and a peer. See ../README.md."""

from vlab.case import Skip, case, expect, expect_in_time, include, test
from vlab.command import CommandFailed, Result
from vlab.wait import Deadline, TimedOut, wait_until

__all__ = [
    "CommandFailed", "Deadline", "Result", "Skip", "TimedOut",
    "case", "expect", "test", "wait_until",
]
