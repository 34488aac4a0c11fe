# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel of hosts and guests: Debian's own, or one that looks for faults.

VFERRY_KERNEL names such a one (../kernel). It is several times as slow, so deadlines are
longer, machines have more memory, and what a bar says of times is shown, not judged.
"""

import os
import re

NAME = os.environ.get("VFERRY_KERNEL") or None
SLOWER = 5 if NAME else 1
# Where guests do not have their hosts' kernel: what suite theirs is from (../guest-kernel).
GUEST_SUITE = os.environ.get("VFERRY_GUEST_SUITE") or None


def memory(mib):
    """MiB that a machine needs which gets by on so many with Debian's kernel."""
    return mib * 2 + 256 if NAME else mib


def _lockdep(place):
    found = place.run("cat /proc/lockdep_stats", timeout=30)
    if not found.ok:
        return []       # not in this kernel
    state = re.search(r"debug_locks: *(\d+)", found.out)
    if state and state.group(1) == "1":
        return []
    return ["lockdep has switched itself off: nothing was seen after its first find"]


def _leaks(place):
    found = place.run("f=/sys/kernel/debug/kmemleak; [ -e $f ] || exit 0; "
                      "echo scan >$f && echo scan >$f && cat $f", timeout=120)
    return [block for block in re.split(r"(?=unreferenced object)", found.out)
            if re.search(r"vferry|vpf_|vvf_", block)]


def findings(place):
    """What such a kernel has found that it does not say in its log."""
    return _lockdep(place) + _leaks(place) if NAME else []
