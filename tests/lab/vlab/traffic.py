# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic whose every byte and every gap is looked at, in windows.

A window ends when it is asked for, and the next one begins. The programs are
tools/udpprobe.c and tools/tcpcheck.c.
"""

import itertools
import json

from vlab.wait import wait_until

_numbers = itertools.count()


class Windows:
    """A program that prints a JSON line for each line that it reads."""

    def __init__(self, place, command):
        self._place = place
        self._fifo = f"/tmp/vlab-window-{next(_numbers)}"
        self._seen = 0
        # The program's standard input is a FIFO that the shell keeps open.
        self._process = place.start(
            f"mkfifo {self._fifo} && exec 3<>{self._fifo} && exec {command} <&3 3<&-")
        wait_until(lambda: place.run(f"test -p {self._fifo}").ok or not self._process.running,
                   10, command)

    def take(self, timeout=10):
        """End the window; returns its figures as a dict."""
        def check():
            if not self._process.running:
                raise RuntimeError(f"{self._process.command}: ended: {self._process.err}")

        def line():
            check()
            lines = self._process.out.split("\n")[:-1]
            return lines[self._seen] if len(lines) > self._seen else None

        check()
        self._place.sh(f"echo >{self._fifo}")
        text = wait_until(line, timeout, "figures of " + self._process.command, 0.02)
        self._seen += 1
        return json.loads(text)

    @property
    def errors(self):
        return self._process.err

    def stop(self):
        self._process.kill()
        self._place.run(f"rm -f {self._fifo}")


def start_server(place, command, port):
    """Start a server and wait until it listens."""
    process = place.start(f"exec {command}")
    # hex port in /proc/net: no ss in a small guest
    wait_until(lambda: place.run(f"grep -qi ':{port:04X} 00000000:0000' /proc/net/tcp").ok
               or not process.running, 15, command)
    if not process.running:
        raise RuntimeError(f"{command}: {process.err}")
    return process


def udp_probe(source, target, address, port=7001, interval_us=1000):
    """Probe a port of `target` where nobody listens: its kernel answers each datagram."""
    target.sh("cd /proc/sys/net/ipv4 && echo 0 >icmp_ratelimit && "
              "echo 100000 >icmp_msgs_per_sec && echo 1000 >icmp_msgs_burst")
    return Windows(source, f"udpprobe probe {address} {port} {interval_us}")


def tcp_streams(source, target, address, port=7002, rate=0):
    """One verified stream in each direction; rate: bytes/s each, 0: no limit."""
    start_server(target, f"tcpcheck serve {port}", port)
    return Windows(source, f"tcpcheck run {address} {port} {rate}")
