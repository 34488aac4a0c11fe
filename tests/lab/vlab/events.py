# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of a host's PF driver, as they happen (tools/vfstate.c watch)."""

import json

from vlab.wait import wait_until


class Events:
    """Collects from now on, until stop()."""

    def __init__(self, host):
        self._host = host
        self._process = host.start("exec vfstate watch")
        wait_until(lambda: "watching" in self._process.out or not self._process.running,
                   15, "vfstate watch")
        if not self._process.running:
            raise RuntimeError(f"vfstate watch: {self._process.err}")

    def all(self):
        """All so far, as dicts; an overrun is an error, nothing may be missed."""
        lines = self._process.out.split("\n")[:-1]
        events = [json.loads(line) for line in lines]
        if any(event["event"] == "overrun" for event in events):
            raise RuntimeError(f"{self._host.name}: events were lost")
        return [event for event in events if event["event"] != "watching"]

    def count(self):
        return len(self.all())

    def wait(self, condition, timeout, what, since=0):
        """The first event from index `since` on for which condition(event) holds."""
        return wait_until(
            lambda: next((e for e in self.all()[since:] if condition(e)), None),
            timeout, what, 0.02)

    def wait_state(self, state, timeout=10, since=0):
        return self.wait(lambda e: e["event"] == "state" and e["state"] == state,
                         timeout, f"state {state}", since)

    def stop(self):
        self._process.kill()
