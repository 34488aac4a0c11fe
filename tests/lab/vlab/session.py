# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of the lab on this machine: namespaces, signals, a folder for logs."""

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
from pathlib import Path

LOGS = Path(__file__).resolve().parents[3] / "build/lab"


ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Asked to end, or out of time: tear down and go."""


def _on_signal(number, _frame):
    for sig in (*ENDS, signal.SIGALRM):
        signal.signal(sig, signal.SIG_IGN)      # the teardown is not disturbed
    raise Interrupted("its time limit" if number == signal.SIGALRM
                      else signal.Signals(number).name)


def isolate():
    """Go on as process 1 of namespaces of our own: whatever happens to us, the
    kernel ends all that we started. Returns in the child only."""
    parent = os.getpid()
    os.unshare(os.CLONE_NEWPID | os.CLONE_NEWNS | os.CLONE_NEWNET)
    child = os.fork()
    if child:
        for sig in ENDS:
            signal.signal(sig, lambda number, _: os.kill(child, number))
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xff)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if parent == 1:
        os._exit(1)
    for command in ("mount --make-rprivate /", "mount -t proc proc /proc",
                    "mount -t sysfs sys /sys", "mount -t tmpfs -o mode=755 run /run",
                    "mount -t tmpfs -o mode=1777 tmp /tmp"):
        subprocess.run(command.split(), check=True)


def log_dir(name):
    """build/lab/NAME, emptied; NAME.2 and so on if another run is using it."""
    for suffix in ("", ".2", ".3", ".4", ".5", ".6"):
        path = LOGS / (name + suffix)
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        for old in path.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            else:
                old.unlink()
        return path
    raise SystemExit(f"too many runs of {name} at once")


def catch_signals(limit=0):
    """From now on raise Interrupted when asked to end, or limit seconds from now."""
    for sig in (*ENDS, signal.SIGALRM):
        signal.signal(sig, _on_signal)
    signal.alarm(int(limit))
