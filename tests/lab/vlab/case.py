# SPDX-License-Identifier: GPL-2.0-or-later
"""What a case file is made of, and how its tests are run in one lab."""

import importlib.util
import time
import traceback
from pathlib import Path

from vlab import kernel
from vlab.command import CommandFailed
from vlab.host import HostDied
from vlab.wait import TimedOut


class Skip(Exception):
    """Raised by a test that does not apply here, with the reason."""


def expect(condition, message):
    """Fail the test with a message unless the condition holds; returns it."""
    if not condition:
        raise AssertionError(message)
    return condition


def expect_in_time(condition, message):
    """expect(), of a bar on times: not judged with a kernel that looks for faults."""
    return condition if kernel.NAME else expect(condition, message)


class EmulationFailed(Exception):
    """The emulation of a host had a fault, see emulation_fault() of QemuHost and Guest: what a
    test saw of it says nothing of vferry."""


class Case:
    """The tests of one file and the lab that they want."""

    def __init__(self, name):
        self.name = name
        self.tests = []
        self.setup = None
        self.lab = {}
        self.allow = []


_current = None


def case(hosts=("a",), memory=768, smp=1, kernel_args="", allow=(), systemd=None,
         installed=False):
    """Describe the lab that the file's tests share.

    allow: patterns of kernel log lines that this case provokes on purpose.
    systemd: the hosts boot systemd, with all that is installed on a real one, and with
    these files: a dict of path to text, or a dict of host to such a dict.
    installed: one host with a disk of its own, for packages: see installed.py.
    """
    _current.lab = {"hosts": tuple(hosts), "memory": memory, "smp": smp,
                    "kernel_args": kernel_args, "systemd": systemd, "installed": installed}
    _current.allow = list(allow)


def test(title):
    """Decorator: a test; run in the order of the file with (lab, t)."""
    def register(function):
        _current.tests.append((title, function))
        return function
    return register


def include(*names):
    """The tests of other cases too, in this one's lab; their own is not asked for."""
    for name in names:
        _current.tests += load_case(Path(__file__).parents[1] / f"cases/{name}.py").tests


def load_case(path):
    """Import a case file."""
    global _current
    outer, _current = _current, Case(path.stem)
    spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _current.setup = getattr(module, "setup", None)
    loaded, _current = _current, outer
    return loaded


class Test:
    """Given to a test as t: what it leaves is undone in reverse order."""

    def __init__(self, tap, case_):
        self._tap, self._case = tap, case_
        self._undo = []
        self.expected_to_fail = None

    def defer(self, function, *args):
        """Call function(*args) when the test ends, however it ends."""
        self._undo.append((function, args))

    def note(self, text):
        """A comment in the TAP output."""
        self._tap.comment(text)

    def todo(self, reason):
        """What this test expects is not reached yet: its failure is shown, and does
        not fail the run. Warnings in kernel logs still do."""
        self.expected_to_fail = reason

    def allow(self, pattern):
        """Kernel log lines that match are expected, from now on."""
        self._case.allow.append(pattern)

    def finish(self):
        """Undo; returns what went wrong in doing so."""
        errors = []
        while self._undo:
            function, args = self._undo.pop()
            try:
                function(*args)
            except Exception:
                errors.append(traceback.format_exc())
        return errors


class Tap:
    """Test Anything Protocol, version 13."""

    def __init__(self, stream):
        self._stream = stream
        self._planned = False
        self._count = 0
        self._again = 0
        self.failed = 0

    def again(self):
        """The same tests come once more: those whose results were printed are not numbered."""
        self._again = self._count

    def _print(self, text):
        print(text, file=self._stream, flush=True)

    def plan(self, count):
        if not self._planned:
            self._print(f"1..{count}")
        self._planned = True

    def comment(self, text):
        for line in str(text).rstrip("\n").split("\n"):
            self._print(f"# {line}")

    def result(self, title, problem=None, skip=None, todo=None):
        if self._again:
            self._again -= 1
            failed = problem is not None and todo is None
            self.failed += failed
            self.comment(f"again: {'not ok' if failed else 'ok'} - {title}")
            if problem is not None:
                self.comment(problem)
            return
        self._count += 1
        title = title.replace("#", " ")
        if problem is not None and todo is not None:
            self._print(f"not ok {self._count} - {title} # TODO {todo}")
            self.comment(problem)
        elif problem is not None:
            self.failed += 1
            self._print(f"not ok {self._count} - {title}")
            self.comment(problem)
        elif skip is not None:
            self._print(f"ok {self._count} - {title} # SKIP {skip}")
        else:
            self._print(f"ok {self._count} - {title}")


def _short(error):
    if isinstance(error, (AssertionError, CommandFailed, HostDied)):
        frame = traceback.extract_tb(error.__traceback__)
        mine = [f for f in frame if "/cases/" in f.filename]
        where = f"{mine[-1].filename.split('/')[-1]}:{mine[-1].lineno}: " if mine else ""
        return f"{where}{error}"
    return "".join(traceback.format_exception(error))


def _trouble(lab, case_):
    lines = []
    for machine in lab.machines():
        lines += [f"{machine.name}: {line}" for line in machine.trouble(case_.allow)]
    if lines:
        return "kernel log:\n" + "\n".join(lines[:80])
    return None


def _stuck(lab):
    """Which machines do not answer any more, and what their processors are at."""
    found = [machine.stuck() for machine in lab.machines() if hasattr(machine, "stuck")]
    return "\n".join(text for text in found if text) or None


def _attempt(lab, case_, tap, function, wants_t):
    """Run one test; returns (problem, skip, todo)."""
    t = Test(tap, case_)
    problems, skip = [], None
    try:
        if wants_t:
            function(lab, t)
        else:
            function(lab)
    except Skip as reason:
        skip = str(reason)
    except Exception as error:
        problems.append(_short(error))
        if isinstance(error, TimedOut):
            problems.append(_stuck(lab))
    todo = t.expected_to_fail
    problems = [problem for problem in problems if problem]
    for bad in (*t.finish(), _trouble(lab, case_)):
        if bad:
            problems.append(bad)
            todo = None
    return ("\n".join(problems) if problems else None), skip, todo


def _judge_machines(lab, problem):
    for machine in lab.machines():
        said = machine.emulation_fault()
        if said:
            raise EmulationFailed(f"{machine.name}, a fault of the emulation: {said}\n"
                                  f"{problem}")


def run_tests(lab, case_, tap, only=None, last=True):
    """Run all tests of a case in a started lab, and print their results. If it is not the
    last attempt: EmulationFailed, with nothing said of the test that failed by that."""
    dead = None
    if case_.setup:
        dead, _, _ = _attempt(lab, case_, tap, case_.setup, False)
        if dead and not last:
            _judge_machines(lab, dead)
        if dead:
            dead = f"setup failed:\n{dead}"
            tap.comment(dead)
    for title, function in case_.tests:
        if only and only not in function.__name__ and only not in title:
            tap.result(title, skip="not asked for")
            continue
        if dead:
            tap.result(title, problem=dead.split("\n")[0])
            continue
        started = time.monotonic()
        problem, skip, todo = _attempt(lab, case_, tap, function, True)
        if problem and not last:
            _judge_machines(lab, problem)
        tap.result(title, problem, skip, todo)
        tap.comment(f"took {time.monotonic() - started:.1f} s")
        for host in lab.hosts.values():
            if host.dead:
                tap.comment(host.end())
                dead = f"host {host.name} has died in an earlier test"
