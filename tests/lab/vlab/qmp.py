# SPDX-License-Identifier: GPL-2.0-or-later
"""A QMP client: commands and events of one QEMU."""

import itertools
import json
import threading
import time

from vlab.wait import Deadline, TimedOut


class QmpError(Exception):
    """QEMU answered a command with an error."""


class Qmp:
    """Speaks QMP on a connected socket. Thread-safe.

    events: list of (time.time(), event) in the order of arrival.
    """

    def __init__(self, sock, name="qemu", timeout=20):
        self.name = name
        self.events = []
        self._changed = threading.Condition()
        self._answers = {}
        self._ids = itertools.count(1)
        self._greeted = self._closed = False
        sock.settimeout(None)
        self._sock = sock
        self._lock = threading.Lock()       # order of bytes sent
        threading.Thread(target=self._listen, daemon=True).start()
        self._wait(lambda: self._greeted, timeout, "greeting")
        self.command("qmp_capabilities", timeout=timeout)

    def _listen(self):
        try:
            for line in self._sock.makefile("rb"):
                message = json.loads(line)
                with self._changed:
                    if "QMP" in message:
                        self._greeted = True
                    elif "event" in message:
                        self.events.append((time.time(), message))
                    elif "id" in message:
                        self._answers[message["id"]] = message
                    self._changed.notify_all()
        except (OSError, ValueError):
            pass
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait(self, condition, timeout, what):
        deadline = Deadline(timeout)
        with self._changed:
            while True:
                value = condition()
                if value:
                    return value
                if self._closed:
                    raise ConnectionError(f"{self.name}: QMP closed, waiting for {what}")
                if deadline.passed():
                    raise TimedOut(f"{self.name}: QMP: no {what} in time")
                self._changed.wait(deadline.left() + 0.001)

    @property
    def closed(self):
        return self._closed

    def command(self, name, timeout=20, **arguments):
        """Execute a command; underscores in argument names become hyphens."""
        ident = next(self._ids)
        message = {"execute": name, "id": ident}
        if arguments:
            message["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        with self._lock:
            self._sock.sendall(json.dumps(message).encode() + b"\n")
        self._wait(lambda: ident in self._answers, timeout, f"answer to {name}")
        answer = self._answers.pop(ident)
        if "error" in answer:
            raise QmpError(f"{self.name}: {name}: {answer['error'].get('desc')}")
        return answer["return"]

    def hmp(self, line, timeout=20):
        """A command of the human monitor; returns what it prints."""
        return self.command("human-monitor-command", timeout, command_line=line)

    def wait_event(self, name, timeout, since=0):
        """The first event of that name from index since on."""
        def found():
            for _, event in self.events[since:]:
                if event["event"] == name:
                    return event
            return None
        return self._wait(found, timeout, f"event {name}")

    def close(self):
        try:
            self._sock.close()
        except OSError:
            pass
