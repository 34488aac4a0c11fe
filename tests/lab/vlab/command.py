# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of commands, and commands on this machine (peer, bridges)."""

import os
import signal
import subprocess
import tempfile
import threading

from vlab.kernel import SLOWER
from vlab.wait import TimedOut


class CommandFailed(Exception):
    """A command that was expected to succeed did not."""


class Result:
    """What a command left: out, err (str), code (None: killed), signal, timed_out."""

    def __init__(self, where, command, code, sig, timed_out, out, err):
        self.where, self.command = where, command
        self.code, self.signal, self.timed_out = code, sig, timed_out
        self.out_bytes, self.err_bytes = out, err

    @property
    def out(self):
        return self.out_bytes.decode(errors="replace")

    @property
    def err(self):
        return self.err_bytes.decode(errors="replace")

    @property
    def ok(self):
        return self.code == 0 and not self.timed_out

    def __bool__(self):
        return self.ok

    def check(self):
        """Return self, or raise CommandFailed."""
        if not self.ok:
            raise CommandFailed(str(self))
        return self

    def __str__(self):
        if self.timed_out:
            end = "timed out"
        elif self.signal:
            end = f"killed by signal {self.signal}"
        else:
            end = f"exit status {self.code}"
        text = f"{self.where}: `{self.command}`: {end}"
        for name, data in (("stdout", self.out), ("stderr", self.err)):
            if data.strip():
                text += f"\n{name}: {data.strip()[-3000:]}"
        return text


class LocalProcess:
    """A running command on this machine; see Place for the methods' meaning."""

    def __init__(self, where, command, argv, timeout=None, stdin=None):
        self.where, self.command = where, command
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        self._timed_out = False
        self._timer = None
        self._popen = subprocess.Popen(
            argv, stdout=self._out, stderr=self._err, start_new_session=True,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL)
        if stdin is not None:
            threading.Thread(target=self._feed, args=(stdin,), daemon=True).start()
        if timeout:
            self._timer = threading.Timer(timeout * SLOWER, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _feed(self, data):
        try:
            self._popen.stdin.write(data)
            self._popen.stdin.close()
        except OSError:
            pass

    def _expire(self):
        self._timed_out = True
        self.kill()

    @property
    def running(self):
        return self._popen.poll() is None

    @staticmethod
    def _read(file):
        return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)

    @property
    def out(self):
        return self._read(self._out).decode(errors="replace")

    @property
    def err(self):
        return self._read(self._err).decode(errors="replace")

    def kill(self, sig=signal.SIGKILL):
        """Signal the command and all that it started in its session's group."""
        if self._popen.returncode is None:
            try:
                os.killpg(self._popen.pid, sig)
            except ProcessLookupError:
                pass

    def wait(self, timeout):
        try:
            status = self._popen.wait(timeout * SLOWER)
        except subprocess.TimeoutExpired:
            raise TimedOut(f"{self.where}: `{self.command}` still runs") from None
        if self._timer:
            self._timer.cancel()
        return Result(self.where, self.command, status if status >= 0 else None,
                      -status if status < 0 else 0, self._timed_out,
                      self._read(self._out), self._read(self._err))


class Place:
    """Where commands run. Subclasses provide start().

    start(command, timeout=None, stdin=None) -> process with .running, .out,
    .err (so far), .kill(sig), .wait(timeout) -> Result. The command is a line
    for sh. timeout: seconds after which the command is killed where it runs.
    """

    name = "?"

    def start(self, command, timeout=None, stdin=None):
        raise NotImplementedError

    def run(self, command, timeout=20, stdin=None):
        """Run to the end; never raises for the command's own failure."""
        return self.start(command, timeout, stdin).wait(timeout + 30)

    def sh(self, command, timeout=20, stdin=None):
        """Run, expect success, return standard output without a final newline."""
        return self.run(command, timeout, stdin).check().out.rstrip("\n")

    def push(self, path, data, mode=0o644):
        """Write a small file there."""
        if isinstance(data, str):
            data = data.encode()
        self.sh(f"cat >'{path}' && chmod {mode:o} '{path}'", stdin=data)

    def pull(self, path, timeout=20):
        """Read a small file there, as bytes."""
        return self.run(f"cat '{path}'", timeout).check().out_bytes


class LocalPlace(Place):
    """This machine, or one of the lab's network namespaces on it."""

    def __init__(self, name, netns=None):
        self.name, self.netns = name, netns

    def start(self, command, timeout=None, stdin=None):
        argv = ["/bin/sh", "-c", command]
        if self.netns:
            argv = ["ip", "netns", "exec", self.netns] + argv
        return LocalProcess(self.name, command, argv, timeout, stdin)
