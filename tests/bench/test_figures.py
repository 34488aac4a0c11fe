#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark's own code: figures from what was observed, the report, the targets."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "lab")]

from vbench import __main__ as bench, figures, logging, measure   # noqa: E402

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def eq(is_, wanted):
    assert is_ == wanted, f"{is_!r}, not {wanted!r}"


def near(is_, wanted, by=1e-6):
    assert is_ is not None and abs(is_ - wanted) <= by, f"{is_!r}, not about {wanted!r}"


GAPS = [[1.0, 1.1], [2.0, 2.5], [3.0, 3.4], [9.0, 9.9]]


@test
def longest_gap_within_the_migration():
    eq(figures.longest(GAPS), [9.0, 9.9])
    eq(figures.longest(GAPS, 1.5, 5), [2.0, 2.5])
    eq(figures.longest(GAPS, 2.4, 5), [2.0, 2.5])   # it has begun before, it counts
    eq(figures.longest(GAPS, 5, 6), None)
    eq(figures.longest([]), None)


@test
def time_away_is_the_sum_of_gaps_that_are_not_short():
    near(figures.away_ms(GAPS, 1.5, 5), 900)
    near(figures.away_ms([[0, 0.029], [1, 1.031]], 0, 5), 31)
    near(figures.away_ms([], 0, 5), 0)


def window(*kilobytes):
    return {"begin": 100.0, "end": 100.0 + 0.02 * len(kilobytes), "bin_ms": 20,
            "bytes": [n * 1000 for n in kilobytes], "rtt_us": []}


@test
def throughput_between_two_times():
    w = window(*[50] * 100)
    near(figures.mbps(w, 100, 102), 20)
    near(figures.mbps(w, 100.5, 101), 20)
    eq(figures.mbps(w, 102, 103), None)
    eq(figures.mbps(w, 100.001, 100.019), None)     # no whole bin


@test
def throughput_counts_bins_in_which_nothing_came():
    w = window(*[50] * 50, *[0] * 50)
    near(figures.mbps(w, 100, 102), 10)
    w["bytes"] = w["bytes"][:50]    # the tool leaves out what comes after the last
    near(figures.mbps(w, 100, 102), 10)


@test
def throughput_without_the_blackout():
    w = window(*[50] * 40, *[0] * 20, *[50] * 40)
    near(figures.mbps(w, 100, 102), 16)
    near(figures.mbps(w, 100, 102, (100.8, 101.2)), 20)


@test
def percentiles():
    eq(figures.percentile([], 50), None)
    eq(figures.percentile([7], 99), 7)
    eq(figures.percentile([4, 1, 3, 2], 50), 2)
    eq(figures.percentile(list(range(1, 101)), 99), 99)
    eq(figures.percentile(list(range(1, 101)), 100), 100)


@test
def latency_between_two_times():
    w = window(1)
    w["rtt_us"] = [[100, 10], [200, 30], [300, 20], [900, 500]]
    eq(figures.rtt_between(w, 100.0, 100.5, 50), 20)
    eq(figures.rtt_between(w, 100.0, 101.0, 99), 500)
    eq(figures.rtt_between(w, 105, 106, 50), None)


@test
def processor_time():
    samples = [(1.0, 1000, 500, 100), (2.0, 1100, 520, 150), (3.0, 1200, 620, 150)]
    eq(figures.cpu(samples, 0.5, 2.5), (80.0, 50.0))
    eq(figures.cpu(samples, 2.0, 3.0), (0.0, 0.0))
    eq(figures.cpu(samples, 2.5, 2.8), (None, None))
    eq(figures.cpu([], 0, 9), (None, None))


@test
def processor_time_for_traffic():
    near(figures.cost(100, 2**20 * 8 / 1e6), 1000)      # all of it, for 1 MiB/s
    near(figures.cost(50, 2**20 * 80 / 1e6), 50)
    eq(figures.cost(None, 10), None)
    eq(figures.cost(50, 0), None)


@test
def series_around_the_move():
    s = figures.series(window(*[50] * 100), 101.0, before=0.5, after=5.0, bin_ms=100)
    assert s["from"] == -0.5 and 13 <= len(s["mbps"]) <= 15, s
    assert all(v is None or abs(v - 20) < 1e-6 for v in s["mbps"]), s


@test
def breakdown_of_a_blackout():
    steps = [(1.0, "last_packet"), (1.01, "suspend"), (1.012, "suspended"), (1.02, "vm_stop"),
             (1.03, "saved"), (1.1, "loaded"), (1.11, "vm_start"), (1.115, "resume"),
             (1.2, "first_packet")]
    found = figures.breakdown("vferry", steps)
    near(found["SUSPEND → SUSPENDED"], 2)
    near(found["→ VM stop"], 8)                 # not settled: from SUSPENDED
    near(found["RESUME → first packet"], 85)
    assert "SUSPENDED → settled" not in found
    near(sum(ms for name, ms in found.items()), 200)
    eq(figures.breakdown("virtio", []), {})
    eq(figures.breakdown("bond", steps), {})


class Moved:
    """As setups.Moved."""

    begin, end = 101.0, 102.0
    info = {"downtime": 90, "total-time": 800, "ram": {"normal": 5, "duplicate": 6}}
    steps = [(101.5, "source STOP"), (101.6, "target RESUME")]
    rates = [100, 300, 200]
    suspend_us, resume_us = 700, None


class OfLoad:
    name, kind = "rx", "rx"


@test
def a_sample_of_a_migration():
    net = window(*[50] * 50, *[25] * 23, *[0] * 9, *[50] * 68)
    net.update(gaps=[[100.2, 100.9], [101.1, 101.13], [101.46, 101.64]],
               stalls=[[101.46, 101.64]], lost=0, resets=0)
    cpus = {"a": [(100 + i / 25, i * 4, i * 2, i) for i in range(80)]}
    s = measure.make_sample("vferry", OfLoad, "a", "b", Moved, net, {"lost": 9}, None, cpus,
                            100.0, 103.0)
    f = s["figures"]
    near(f["network_downtime_ms"], 180, 0.01)       # what was before the move does not count
    near(f["network_away_ms"], 210, 0.01)
    near(f["stall_ms"], 180, 0.01)
    near(f["throughput_before"], 20, 0.01)
    near(f["throughput_during"], 10, 0.01)
    near(f["throughput_after"], 20, 0.01)
    near(f["throughput_ratio"], 0.5, 0.001)
    eq((f["lost"], f["dirty_pages_per_s"], f["suspend_us"], f["resume_us"]), (9, 200, 700, None))
    near(f["host_cpu_before"], 50)
    near(f["cpu_ms_per_mib_before"], 500 / (20e6 / 8 / 2**20), 0.01)
    eq(f["host_cpu_after"], None)                   # host b was not watched
    eq([name for _, name in s["steps"]],
       ["last_packet", "source STOP", "target RESUME", "first_packet"])


def sample(setup, load, **values):
    return {"setup": setup, "load": load, "figures": values, "breakdown": {"phase": 1.0}}


@test
def report_has_its_shape():
    rep = figures.report([sample("vferry", "idle", network_downtime_ms=x, nothing=None)
                          for x in (10, 30, 20)], {"machine": "m"})
    eq(rep["setups"], {"vferry": {"idle": {"network_downtime_ms":
                                          {"median": 20, "worst": 30, "n": 3}}}})
    eq(rep["breakdown"], {"vferry": {"idle": {"phase": {"median": 1.0, "worst": 1.0, "n": 3}}}})
    eq(rep["machine"], "m")


@test
def worst_throughput_is_the_least():
    rep = figures.report([sample("virtio", "rx", throughput_before=x) for x in (10, 30, 20)])
    eq(rep["setups"]["virtio"]["rx"]["throughput_before"]["worst"], 10)


def verdicts(samples, extra=None):
    return {t["target"]: t["met"] for t in figures.report(samples, extra)["targets"]}


@test
def targets_are_met_missed_or_unknown():
    name = "idle: network downtime, median: at most virtio's"
    ours = sample("vferry", "idle", network_downtime_ms=100)
    eq(verdicts([ours])[name], None)
    eq(verdicts([ours, sample("virtio", "idle", network_downtime_ms=101)])[name], True)
    eq(verdicts([ours, sample("virtio", "idle", network_downtime_ms=99)])[name], False)


@test
def a_fifth_of_the_bond():
    name = "idle: network downtime: at most a fifth of bond's"
    ours = sample("vferry", "idle", network_downtime_ms=100)
    eq(verdicts([ours, sample("bond", "idle", network_downtime_ms=499)])[name], False)
    eq(verdicts([ours, sample("bond", "idle", network_downtime_ms=501)])[name], True)


@test
def targets_of_throughput_logging_and_pages():
    rx = "rx: throughput lost in pre-copy: at most 10 %"
    eq(verdicts([sample("vferry", "rx", throughput_ratio=0.91)])[rx], True)
    eq(verdicts([sample("vferry", "rx", throughput_ratio=0.89)])[rx], False)
    log = "dirty logging: speed lost: at most 2 %"
    eq(verdicts([], {"logging": {"ratio": {"median": 0.985}}})[log], True)
    eq(verdicts([], {"logging": {"ratio": {"median": 0.97}}})[log], False)
    pages = "heavy: pages sent: at most 1.2 of idle and what the guest dirtied"
    idle = sample("vferry", "idle", pages_sent=1000)
    eq(verdicts([idle, sample("vferry", "heavy", pages_sent=1700, pages_dirtied=501)])[pages], True)
    eq(verdicts([idle, sample("vferry", "heavy", pages_sent=1702, pages_dirtied=501)])[pages], False)


@test
def the_table_has_every_set_up():
    samples = [sample(s, "rx", network_downtime_ms=5, throughput_before=7) for s in figures.ORDER]
    text = figures.markdown(figures.report(samples))
    for name in figures.ORDER:
        assert f"| {name} | 1 | 5 (5) | 7.0 (7.0) |" in text, text
    assert "not measured" in text


@test
def what_throughput_in_pre_copy_is_made_of():
    f = {"guest_cpu_before": 90, "guest_cpu_during": 45, "guest_cpu_ms_per_mib_before": 30,
         "guest_cpu_ms_per_mib_during": 60}
    eq(figures.parts(f), {"guest_share_ratio": 0.5, "guest_speed_ratio": 0.5})
    eq(figures.parts({}), {"guest_share_ratio": None, "guest_speed_ratio": None})
    text = figures.markdown(figures.report(
        [sample("vferry", "rx", throughput_ratio=0.25, **figures.parts(f))],
        {"logging": {"ratio": {"median": 0.99}, "rate_off": {"median": 100},
                     "rate_on": {"median": 99}}}))
    assert "| vferry, rx | 0.25 | 0.50 | 0.50 |" in text, text
    assert "(0.990 in the median" in text, text


@test
def what_a_log_costs_is_of_parts_side_by_side():
    def part(off, on, kvm):
        return {how: {"rate": rate, "cpu": None} for how, rate in
                (("off", off), ("on", on), ("kvm", kvm))}
    found = logging.summary([part(100, 99, 90), part(200, 190, 180), part(50, 50, 45)])
    near(found["ratio"], 0.99)
    near(found["kvm_ratio"], 0.9)
    eq((found["rate_off"], found["cpu_off"], found["cpu_ratio"]), (100, None, None))


@test
def what_went_wrong_is_told():
    samples = [sample("vferry", "rx", network_downtime_ms=5)]
    assert "went wrong" not in figures.markdown(figures.report(samples))
    assert "Nothing went wrong" in figures.markdown(figures.report(samples, {"failures": []}))
    text = figures.markdown(figures.report(samples, {"failures": [
        {"setup": "bond", "load": "rx", "time": "now", "what": "a\n|b|"}]}))
    assert "| now | bond, rx | a \\|b\\| |" in text, text


class Counted:
    def __init__(self, **have):
        self._have = have

    def count(self, setup, load):
        return self._have.get(f"{setup}_{load}", 0)


@test
def a_run_goes_on_where_it_was():
    eq(bench.plan(Counted(), ["a", "b"], ["x", "y"], 2),
       [("a", [("x", 2), ("y", 2)]), ("b", [("x", 2), ("y", 2)])])
    eq(bench.plan(Counted(a_x=2, b_y=1), ["a", "b"], ["x", "y"], 2),
       [("a", [("y", 2)]), ("b", [("x", 2), ("y", 1)])])
    eq(bench.plan(Counted(a_x=9), ["a"], ["x"], 2), [])


@test
def some_loads_are_for_some_set_ups_and_fewer_times():
    eq(bench.plan(Counted(), ["vferry", "bond"], ["paced"], 9), [("vferry", [("paced", 3)])])
    eq(bench.plan(Counted(), ["vferry"], ["paced"], 1), [("vferry", [("paced", 1)])])


class FailingLab:
    """Of turns, those fail that `fails` lists, by load; every lab is told of."""

    def __init__(self, *fails):
        self.fails, self.labs, self.failures, self.done = list(fails), 1, [], []

    def get(self):
        return self

    def broken(self):
        self.labs += 1

    def fail(self, setup, load, what):
        self.failures.append((setup, load, what))

    def turn(self, _lab, _name, left, _store, _options):
        for load in list(left):
            while left[load]:
                if load in self.fails:
                    self.fails.remove(load)
                    raise RuntimeError("x") from ValueError("y")
                self.done.append(load)
                left[load] -= 1
            del left[load]


class Options:
    failures = 20


def attempt(lab, part):
    turn, bench.turn = bench.turn, lab.turn
    try:
        bench.attempt(lab, "s", part, lab, Options)
    finally:
        bench.turn = turn
    return lab


@test
def what_goes_wrong_is_noted_and_tried_anew_in_a_new_lab():
    lab = attempt(FailingLab("b"), [("a", 2), ("b", 2), ("c", 1)])
    eq(lab.done, ["a", "a", "b", "b", "c"])
    eq(lab.failures, [("s", "b", "y; then: x")])
    eq(lab.labs, 2)


@test
def what_always_goes_wrong_does_not_stop_the_rest():
    lab = attempt(FailingLab("b", "b", "b"), [("a", 1), ("b", 2), ("c", 1)])
    eq(lab.done, ["a", "c"])
    eq(len(lab.failures), 2)


@test
def set_ups_take_turns():
    turns = bench.plan(Counted(), ["a", "b"], ["x"], 10)
    eq([name for name, _ in turns], ["a", "b"] * 3)
    eq(sum(count for name, part in turns if name == "a" for _, count in part), 10)


@test
def what_is_not_known_is_refused():
    for text in ("idle,nonsense", "nonsense"):
        try:
            bench.words(text, figures.LOADS, "LOADS")
        except SystemExit as why:
            assert "nonsense" in str(why)
        else:
            raise AssertionError("accepted")
    eq(bench.words("rx, tx idle", figures.LOADS, "LOADS"), ["rx", "tx", "idle"])


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    for i, function in enumerate(TESTS, 1):
        title = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok {i} - {title}")
        except Exception as error:     # a test's failure, whatever it is
            failed += 1
            print(f"not ok {i} - {title}\n# {type(error).__name__}: {error}")
    return 1 if failed else 0


sys.exit(main())
