#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the lab's own library that need no lab; TAP."""

import base64
import io
import json
import os
import socket
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from vlab.agent import Agent
from vlab.case import Case, EmulationFailed, Skip, Tap, expect, run_tests
from vlab.command import CommandFailed, LocalPlace
from vlab.console import Reader, find_trouble
from vlab.guest import Guest
from vlab.qmp import Qmp, QmpError
from vlab.remote import RemotePlace
from vlab.wait import Deadline, TimedOut, wait_until


class WaitTest(unittest.TestCase):
    def test_returns_the_value(self):
        values = iter([0, None, "yes"])
        self.assertEqual(wait_until(lambda: next(values), 5, interval=0.001), "yes")

    def test_gives_up(self):
        started = time.monotonic()
        with self.assertRaises(TimedOut):
            wait_until(lambda: False, 0.1, interval=0.01)
        self.assertLess(time.monotonic() - started, 3)

    def test_looks_once_more_after_the_deadline(self):
        self.assertTrue(wait_until(lambda: True, 0))

    def test_deadline_is_shared(self):
        deadline = Deadline(100)
        self.assertEqual(Deadline(deadline).at, deadline.at)


class ConsoleTest(unittest.TestCase):
    def test_finds(self):
        for line in ("[    1.2] BUG: kernel NULL pointer dereference, address: 0",
                     "[    1.2] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1",
                     "[    1.2] rcu: INFO: rcu_preempt self-detected stall on CPU",
                     "[    1.2] INFO: task x:1 blocked for more than 120 seconds.",
                     "[    1.2] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!",
                     "[    1.2] DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0",
                     "[    1.2] NETDEV WATCHDOG: eth0 (x): transmit queue 0 timed out 5000 ms",
                     "Oops: general protection fault, maybe for address 0x0"):
            self.assertEqual(find_trouble("fine\n" + line), [line])

    def test_leaves_the_rest(self):
        self.assertEqual(find_trouble(
            "[    1.2] vferry_pf 0000:01:00.0: link is up\n"
            "[    1.2] DMAR: Intel(R) Virtualization Technology for Directed I/O\n"), [])

    def test_allowed(self):
        text = "WARNING: CPU: 0 at a\nWARNING: CPU: 0 at b\n"
        self.assertEqual(find_trouble(text, [r"at a$"]), ["WARNING: CPU: 0 at b"])

    def test_shows_where_the_kernel_was(self):
        self.assertEqual(find_trouble("fine\nBUG: x\nRIP: here\n"), ["BUG: x", "RIP: here"])
        self.assertEqual(find_trouble("DMAR: a fault\nfine\n"), ["DMAR: a fault"])
        self.assertLess(len(find_trouble("BUG: x\n" + "fine\n" * 200)), 50)

    def test_a_line_is_looked_at_when_it_is_whole(self):
        with tempfile.NamedTemporaryFile() as file:
            reader = Reader(file.name)
            for part, found in ((b"fine\nBU", []), (b"G: x\nmore", ["BUG: x"]), (b"\n", [])):
                file.write(part)
                file.flush()
                self.assertEqual(reader.trouble(), found)


class LocalTest(unittest.TestCase):
    place = LocalPlace("here")

    def test_result(self):
        result = self.place.run("echo out; echo err >&2; exit 3")
        self.assertEqual((result.code, result.out, result.err), (3, "out\n", "err\n"))
        self.assertFalse(result)

    def test_failure_is_raised(self):
        with self.assertRaises(CommandFailed):
            self.place.sh("false")

    def test_time_limit(self):
        result = self.place.run("sleep 60", timeout=0.1)
        self.assertTrue(result.timed_out)
        self.assertFalse(result.ok)

    def test_input(self):
        data = bytes(range(256)) * 1000
        self.assertEqual(self.place.run("cat", stdin=data).out_bytes, data)


class RemoteTest(unittest.TestCase):
    """A machine behind a command that takes a line of shell, as ssh does."""

    def setUp(self):
        self.place = RemotePlace("there", ["sh", "-c"])
        self.addCleanup(self.place.end_all)

    def test_result(self):
        result = self.place.run("echo \"it's\"; echo err >&2; exit 3")
        self.assertEqual((result.code, result.out, result.err), (3, "it's\n", "err\n"))

    def test_time_limit(self):
        result = self.place.run("sleep 60", timeout=0.3)
        self.assertTrue(result.timed_out)

    def test_kill_reaches_all(self):
        process = self.place.start("sleep 4242 & sleep 4242", timeout=100)
        wait_until(lambda: self.place.run("pgrep -fx 'sleep 4242' | wc -l").out == "2\n", 10)
        process.kill()
        self.assertFalse(process.wait(10).ok)
        wait_until(lambda: not self.place.run("pgrep -fx 'sleep 4242'").ok, 10)

    def test_files(self):
        data = bytes(range(256)) * 300
        self.place.push("/tmp/vlab-test-file", data)
        self.addCleanup(os.unlink, "/tmp/vlab-test-file")
        self.assertEqual(self.place.pull("/tmp/vlab-test-file"), data)


class FakeQemu(threading.Thread):
    """Answers as a QMP server would."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.start()

    def say(self, message):
        self.sock.sendall(json.dumps(message).encode() + b"\r\n")

    def run(self):
        self.say({"QMP": {"version": {}}})
        for line in self.sock.makefile("rb"):
            request = json.loads(line)
            name, ident = request["execute"], request["id"]
            if name == "bad":
                self.say({"id": ident, "error": {"class": "GenericError", "desc": "no"}})
            elif name == "echo":
                self.say({"event": "STOP", "data": {}})
                self.say({"id": ident, "return": request["arguments"]})
            elif name == "qmp_capabilities":
                self.say({"id": ident, "return": {}})
            elif name == "die":
                self.sock.shutdown(socket.SHUT_RDWR)
                return


class QmpTest(unittest.TestCase):
    def setUp(self):
        ours, theirs = socket.socketpair()
        FakeQemu(theirs)
        self.qmp = Qmp(ours, timeout=5)

    def test_answer_and_event(self):
        self.assertEqual(self.qmp.command("echo", max_bandwidth=3), {"max-bandwidth": 3})
        self.assertEqual(self.qmp.wait_event("STOP", 5)["event"], "STOP")

    def test_error(self):
        with self.assertRaisesRegex(QmpError, "no"):
            self.qmp.command("bad")

    def test_no_answer(self):
        with self.assertRaises(TimedOut):
            self.qmp.command("silent", timeout=0.1)
        with self.assertRaises(TimedOut):
            self.qmp.wait_event("RESUME", 0.1)

    def test_closed(self):
        with self.assertRaises(ConnectionError):
            self.qmp.command("die", timeout=5)


class AgentTest(unittest.TestCase):
    """What the client makes of lines that come through two sockets."""

    def setUp(self):
        self.agent = Agent("guest")
        (a, self.a), (b, self.b) = socket.socketpair(), socket.socketpair()
        self.sockets = [a, b]
        for sock in self.sockets:
            self.agent.attach(sock)

    def told(self, sock):
        return sock.recv(65536).decode()

    def test_a_line_cut_by_the_switch(self):
        proc = self.agent.start("x")
        self.told(self.a)
        data = base64.b64encode(b"whole line").decode()
        self.a.sendall(f"out 1 {data[:5]}".encode())
        wait_until(lambda: self.agent._rest, 5)
        self.agent.switch(self.sockets[1])
        self.b.sendall(f"{data[5:]}\nexit 1 0 0 0\n".encode())
        result = proc.wait(5)
        self.assertEqual((result.out, result.code), ("whole line", 0))

    def test_commands_are_repeated_after_the_switch(self):
        self.agent.start("x")
        first = self.told(self.a)
        self.agent.switch(self.sockets[1])
        second = ""
        while second.count("\n") < 2:
            second += self.told(self.b)
        self.assertEqual(second, "\n" + first)

    def test_rubbish_is_ignored(self):
        proc = self.agent.start("x")
        self.a.sendall(b"out 1 !!\nexit\nout x y\n\xff\xfe\nexit 1 -1 9 1\n")
        result = proc.wait(5)
        self.assertEqual((result.code, result.signal, result.timed_out), (None, 9, True))

    def test_no_answer(self):
        with self.assertRaises(TimedOut):
            self.agent.start("x").wait(0.1)


class FakeLab:
    hosts = {}
    guests = ()

    def machines(self):
        return [*self.hosts.values(), *self.guests]


class CaseTest(unittest.TestCase):
    def run_case(self, *tests, setup=None):
        case = Case("case")
        case.setup = setup
        case.tests = [(test.__name__, test) for test in tests]
        out = io.StringIO()
        tap = Tap(out)
        run_tests(FakeLab(), case, tap)
        return tap, [line for line in out.getvalue().split("\n") if line and line[0] != "#"]

    def test_results(self):
        undone = []

        def good(lab, t):
            t.defer(undone.append, 1)
            t.defer(undone.append, 2)

        def bad(lab, t):
            raise AssertionError("reason")

        def skipped(lab, t):
            raise Skip("no hardware")

        def bad_end(lab, t):
            t.defer(lambda: 1 / 0)

        tap, lines = self.run_case(good, bad, skipped, bad_end)
        self.assertEqual(lines, ["ok 1 - good", "not ok 2 - bad",
                                 "ok 3 - skipped # SKIP no hardware", "not ok 4 - bad_end"])
        self.assertEqual((tap.failed, undone), (2, [2, 1]))

    def test_emulation_fails(self):
        class Machine:
            name, dead, said = "a", False, None

            def emulation_fault(self):
                return self.said

            def trouble(self, allowed):
                return []

        def good(lab, t):
            pass

        def slow(lab, t):
            if not again:
                lab.hosts["a"].said = "timer wakeup didn't happen"
                raise TimedOut("x")

        case, lab, out, again = Case("case"), FakeLab(), io.StringIO(), False
        case.tests = [("good", good), ("slow", slow), ("last", good)]
        lab.hosts = {"a": Machine()}
        tap = Tap(out)
        tap.plan(3)
        with self.assertRaises(EmulationFailed):
            run_tests(lab, case, tap, last=False)
        again, lab.hosts["a"].said = True, None
        tap.again()
        tap.plan(3)
        run_tests(lab, case, tap)
        lines = [line for line in out.getvalue().split("\n") if line and line[0] != "#"]
        self.assertEqual(lines, ["1..3", "ok 1 - good", "ok 2 - slow", "ok 3 - last"])
        self.assertEqual(tap.failed, 0)
        self.assertIn("# again: ok - good", out.getvalue())
        tap.again()
        tap.result("good", problem="not now")
        self.assertEqual(tap.failed, 1)

    def test_a_guests_emulation_fails(self):
        class Qemu:
            err = ("warning: none\nKVM internal error. Suberror: 1\n"
                   "extra data[0]: 0x1\nRAX=0\n")

        def broken(lab, t):
            expect(not failing, "KVM has given it up")

        lab, case, failing = FakeLab(), Case("case"), True
        lab.paths, lab.guests = SimpleNamespace(log=Path(tempfile.mkdtemp())), []
        guest = Guest(lab)
        guest.instances = [SimpleNamespace(process=Qemu())]
        case.tests = [("broken", broken)]
        tap = Tap(io.StringIO())
        run_tests(lab, case, tap, last=False)
        self.assertEqual(tap.failed, 1, "another fault of KVM's fails the test")
        Qemu.err = Qemu.err.replace("Suberror: 1", "Suberror: 3")
        with self.assertRaisesRegex(EmulationFailed, "Suberror: 3\nextra data.0.: 0x1\n[^R]"):
            run_tests(lab, case, tap, last=False)

    def test_setup_fails(self):
        def setup(lab):
            raise CommandFailed("x")

        tap, lines = self.run_case(lambda lab, t: None, setup=setup)
        self.assertEqual((tap.failed, len(lines)), (1, 1))


class TapResult(unittest.TestResult):
    """Prints each test's result as it ends."""

    def __init__(self):
        super().__init__()
        self.tap = Tap(sys.stdout)

    def addSuccess(self, test):
        self.tap.result(test.id())

    def addFailure(self, test, err):
        self.tap.result(test.id(), problem=self._exc_info_to_string(err, test))

    addError = addFailure


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = TapResult()
    result.tap.plan(suite.countTestCases())
    suite.run(result)
    return 1 if result.tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
