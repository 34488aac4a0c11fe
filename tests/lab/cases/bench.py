# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark works: each set-up moves its guest once, and a report comes of it."""

from vbench import figures, measure
from vbench.setups import SETUPS, prepare_hosts
from vlab import case, expect, test

case(hosts=["a", "b"], memory=1152)

# Of every migration; more are there where they make sense.
ALWAYS = {"network_downtime_ms", "network_away_ms", "vm_downtime_ms", "total_ms", "pages_sent",
          "rounds", "lost", "host_cpu_before", "host_cpu_during", "host_cpu_after"}


def setup(lab):
    prepare_hosts(lab)
    lab.samples = []


def once(lab, t, name):
    setup_ = SETUPS[name](lab)
    t.defer(setup_.stop)
    setup_.start()
    watches = {host.name: measure.CpuWatch(host) for host in lab.hosts.values()}
    for watch in watches.values():
        t.defer(watch.stop)
    load = measure.Load(lab, setup_.guest, "idle")
    t.defer(load.stop)
    sample = measure.sample(setup_, load, watches, lab.b, 0.5, 0.5)
    t.note(sample["figures"])
    expect((sample["from"], sample["to"]) == ("a", "b"), sample)
    missing = [f for f in ALWAYS if sample["figures"].get(f) is None]
    expect(not missing, missing)
    expect(sample["figures"]["network_downtime_ms"] > 1, sample["figures"])
    expect(sample["gaps"], sample)
    lab.samples.append(sample)
    return sample


@test("vferry moves, with its figures and every phase of its blackout")
def vferry(lab, t):
    sample = once(lab, t, "vferry")
    expect(sample["figures"]["suspend_us"] and sample["figures"]["resume_us"], sample)
    missing = [p[0] for p in figures.PHASES["vferry"]
               if p[0] not in sample["breakdown"] and "settled" not in p[0]]
    expect(not missing, missing)


@test("virtio moves")
def virtio(lab, t):
    sample = once(lab, t, "virtio")
    missing = [p[0] for p in figures.PHASES["virtio"] if p[0] not in sample["breakdown"]]
    expect(not missing, missing)


@test("bond moves, and uses its VF again")
def bond(lab, t):
    sample = once(lab, t, "bond")
    expect("VF in use" in [step for _, step in sample["steps"]], sample["steps"])


@test("net_failover moves, and uses its VF again")
def net_failover(lab, t):
    sample = once(lab, t, "net_failover")
    expect("VF in use" in [step for _, step in sample["steps"]], sample["steps"])


@test("replug moves, and has its VF again")
def replug(lab, t):
    sample = once(lab, t, "replug")
    expect(sample["figures"]["network_downtime_ms"] >= sample["figures"]["vm_downtime_ms"],
           sample["figures"])


@test("the report has its shape, and says which targets are met")
def report(lab, t):
    rep = figures.report(lab.samples)
    expect(set(rep["setups"]) == set(SETUPS), rep["setups"].keys())
    for name, loads in rep["setups"].items():
        for figure, value in loads["idle"].items():
            expect(set(value) == {"median", "worst", "n"} and value["n"] == 1, (name, figure, value))
    told = [x for x in rep["targets"] if x["met"] is not None]
    expect(any("at most virtio" in x["target"] for x in told), rep["targets"])
    for line in figures.markdown(rep).split("\n"):
        t.note(line)


@test("a target that is missed is seen to be")
def missed(lab, t):
    worse = [dict(s, figures=dict(s["figures"])) for s in lab.samples]
    for s in worse:
        if s["setup"] == "vferry":
            s["figures"].update(network_downtime_ms=1e6, total_ms=1e6, suspend_us=6000)
    named = ("network downtime", "total time", "suspend_us")
    about = [x for x in figures.report(worse)["targets"]
             if x["met"] is not None and any(n in x["target"] for n in named)]
    expect(len(about) >= 6, about)
    met = [x for x in about if x["met"]]
    expect(not met, met)
