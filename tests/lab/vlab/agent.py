# SPDX-License-Identifier: GPL-2.0-or-later
"""The test's end of agent/labagent.c: commands in a host or a guest."""

import base64
import itertools
import signal
import socket
import threading
import time

from vlab.command import Place, Result
from vlab.kernel import SLOWER
from vlab.wait import Deadline, TimedOut

IN_CHUNK = 12288


class AgentProcess:
    """A command that runs behind an agent."""

    def __init__(self, agent, ident, line, command):
        self._agent, self._id, self.line = agent, ident, line
        self.where, self.command = agent.name, command
        self._out, self._err = bytearray(), bytearray()
        self._exit = None

    @property
    def running(self):
        return self._exit is None

    @property
    def out(self):
        return bytes(self._out).decode(errors="replace")

    @property
    def err(self):
        return bytes(self._err).decode(errors="replace")

    def kill(self, sig=signal.SIGKILL):
        if self._exit is None:
            self._agent.send(f"kill {self._id} {int(sig)}")

    def wait(self, timeout):
        deadline = Deadline(timeout)
        with self._agent.changed:
            while self._exit is None:
                self._agent.check_alive()
                if deadline.passed():
                    raise TimedOut(f"{self.where}: `{self.command}`: no answer; "
                                   f"so far: {self.out[-1000:]}{self.err[-1000:]}")
                self._agent.changed.wait(min(0.5, deadline.left() + 0.001))
            code, sig, timed_out = self._exit
        return Result(self.where, self.command, code if code >= 0 else None, sig,
                      bool(timed_out), bytes(self._out), bytes(self._err))


class Agent(Place):
    """One agent, reached through one or, while a guest moves, more sockets.

    alive: called now and then while waiting; raises if the machine is gone.
    """

    def __init__(self, name, alive=lambda: None):
        self.name = name
        self.changed = threading.Condition()
        self.check_alive = alive
        self.boot_id = None
        self._ids = itertools.count(1)
        self._procs = {}
        self._pongs = {}
        self._sock = None
        self._lock = threading.Lock()       # order of lines on the socket
        self._rest = b""

    # -- the sockets

    def attach(self, sock):
        """Listen to one more socket; the first one is also spoken to."""
        sock.settimeout(None)
        threading.Thread(target=self._listen, args=(sock,), daemon=True).start()
        if self._sock is None:
            self._sock = sock

    def switch(self, sock):
        """Speak to another (attached) socket: the guest has moved there.

        What the agent may not have got is said again; it knows repetitions.
        """
        with self._lock:
            self._sock = sock
        self.send("")
        for proc in list(self._procs.values()):
            if proc.running:
                self.send(proc.line)

    def greet(self, timeout):
        """Wait until the agent answers."""
        deadline = Deadline(timeout)
        with self.changed:
            while self.boot_id is None:
                self.check_alive()
                if deadline.passed():
                    raise TimedOut(f"{self.name}: the agent does not answer")
                self.changed.wait(0.25)

    def forget(self):
        """The machine has ended; what comes next is another boot."""
        self.close()
        self.boot_id = None
        self._rest = b""
        self._procs.clear()

    def close(self):
        if self._sock is not None:
            try:
                self._sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._sock.close()
            self._sock = None

    def send(self, line):
        with self._lock:
            if self._sock is None:
                raise ConnectionError(f"{self.name}: not connected")
            try:
                self._sock.sendall(line.encode() + b"\n")
            except OSError:
                self.check_alive()      # who has ended is said, and why
                raise

    def _listen(self, sock):
        while True:
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                return
            with self.changed:
                # One stream, whichever sockets it comes through.
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    try:
                        self._handle(line.decode("ascii").split(" "))
                    except (ValueError, IndexError):
                        pass            # cut off; the rest is good again
                self.changed.notify_all()

    def _handle(self, word):
        if word[0] == "hello" and len(word) == 2:
            self.boot_id = word[1]
        elif word[0] in ("out", "err") and len(word) == 3:
            proc = self._procs.get(int(word[1]))
            if proc:
                data = b"" if word[2] == "-" else base64.b64decode(word[2])
                (proc._out if word[0] == "out" else proc._err).extend(data)
        elif word[0] == "exit" and len(word) == 5:
            proc = self._procs.pop(int(word[1]), None)
            if proc:
                proc._exit = tuple(int(w) for w in word[2:5])
        elif word[0] == "pong" and len(word) == 4:
            self._pongs[int(word[1])] = (time.time_ns(), int(word[2]))

    # -- commands

    def start(self, command, timeout=None, stdin=None):
        ident = next(self._ids)
        packed = base64.b64encode(command.encode()).decode() or "-"
        line = (f"run {ident} {int((timeout or 0) * SLOWER * 1000)} "
                f"{0 if stdin is None else 1} {packed}")
        proc = AgentProcess(self, ident, line, command)
        with self.changed:
            self._procs[ident] = proc
        self.send(line)
        if stdin is not None:
            for at in range(0, len(stdin), IN_CHUNK):
                part = base64.b64encode(stdin[at:at + IN_CHUNK]).decode()
                self.send(f"in {ident} {part}")
            self.send(f"eof {ident}")
        return proc

    def clock_offset(self, rounds=12, timeout=10):
        """(offset, error) in ns of its CLOCK_REALTIME to ours, from the quickest of
        some round trips: its time minus the offset is our time."""
        best = None
        deadline = Deadline(timeout)
        for _ in range(rounds):
            ident = next(self._ids)
            before = time.time_ns()
            self.send(f"ping {ident}")
            with self.changed:
                while ident not in self._pongs:
                    self.check_alive()
                    if deadline.passed():
                        raise TimedOut(f"{self.name}: no answer to a ping")
                    self.changed.wait(0.5)
                after, there = self._pongs.pop(ident)
            trip = after - before
            if best is None or trip // 2 < best[1]:
                best = (there - (before + after) // 2, trip // 2)
        return best


def connect_unix(path, deadline, alive=lambda: None):
    """A connected stream socket to a path that a QEMU creates."""
    deadline = Deadline(deadline)
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(path))
            return sock
        except OSError as error:
            sock.close()
            alive()
            if deadline.passed():
                raise TimedOut(f"{path}: {error}") from None
            time.sleep(0.02)


def connect_tcp(address, port, deadline, alive=lambda: None):
    """A connected TCP socket to a port that is about to open."""
    deadline = Deadline(deadline)
    while True:
        try:
            sock = socket.create_connection((address, port), timeout=5)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            alive()
            if deadline.passed():
                raise TimedOut(f"{address}:{port}: {error}") from None
            time.sleep(0.05)
