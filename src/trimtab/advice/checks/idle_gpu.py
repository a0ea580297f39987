"""GPUs that nobody uses, by their own activity and by the queue and cache of the server on them."""

from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import billed, given, gpu
from trimtab.advice.facts import Facts, Gpu
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Evidence, Pillar
from trimtab.advice.idleness import idle_share, idle_watts
from trimtab.advice.judging import gpu_thing


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.gpus:
        yield _one(one, knobs)


def _one(one: Gpu, knobs: Knobs) -> Outcome:
    thing = gpu_thing(one)
    hours = len(one.active) * one.period_s / 3600
    if hours < knobs["least_hours"]:
        return Unsure(thing, f"its activity was measured for {hours:.1f} of the {knobs['least_hours']:g} hours needed")
    share = idle_share(one, knobs)
    if share < knobs["share"] / 100:
        return Fine(thing)
    mean = sum(one.active) / len(one.active)
    evidence = [
        Evidence(f"activity ({one.basis or 'as measured'})", f"{mean:.1%} mean, {max(one.active):.1%} most", "/gpus"),
        Evidence("idle", f"{share:.0%} of {hours:,.0f} hours"),
    ]
    if one.memory:
        evidence.append(Evidence("memory held", f"{max(one.memory) / 2**30:.1f} GiB"))
    if one.queue is not None:
        evidence.append(Evidence("requests running or waiting, most", f"{max(one.queue, default=0):g}"))
    watts = idle_watts(one, knobs)
    if watts is not None:
        evidence.append(Evidence("power while idle", f"{watts:,.0f} W, mean"))
    sure = 0.95 if one.queue is not None or mean == 0 else 0.8
    text = f"idle {share:.0%} of the time" + (f", held by {one.pod}" if one.pod else "")
    return Found(
        thing,
        text,
        tuple(evidence),
        sure,
        share=share,
        parts=one.peers,
        gpu_hours=share * HOURS_A_MONTH,
        kwh=None if watts is None else watts / 1000 * share * HOURS_A_MONTH,
        words={"pod": one.pod or "POD", "namespace": one.namespace or "default"},
    )


_BUSY, _IDLE = [0.7] * 288, [0.0] * 288
CHECK = Check(
    id="trimtab-idle-gpu",
    name="Idle GPUs",
    pillar=Pillar.COST,
    about="A GPU that does nothing is paid like one that works. Activity alone misjudges a server that waits for "
    "requests with its model loaded, so where the server tells of its queue and KV cache both must be empty too.",
    alert="in at least 90 % of the half hours below 1.6 % mean activity, with no request running or waiting",
    source="https://docs.nvidia.com/datacenter/dcgm/latest/user-guide/feature-overview.html",
    settings=(
        Setting(
            "active",
            1.6,
            "%",
            "mean activity of a window below which nothing is done",
            "30 s of it: a probe or two requests",
        ),
        Setting(
            "window",
            30,
            "minutes",
            "without work from which it is idle, not between two requests",
            "replayed on GenTD26",
        ),
        Setting("cache", 1, "%", "KV cache in use below which no request is held", "vLLM's gpu_cache_usage_perc"),
        Setting(
            "share", 90, "%", "of the time that it must be idle", "a GPU idle for a tenth less is a scheduling matter"
        ),
        Setting("least_hours", 12, "hours", "of activity that are needed", "half a day's rhythm"),
    ),
    judge=_judge,
    wants=frozenset({Want.BILL, Want.GPUS}),
    action=Action.STOP,
    effort=Effort.LOW,
    fix="nvidia-smi -i {id} on {name} shows who holds it; where nobody claims it: "
    "kubectl delete pod {pod} --namespace {namespace}, or scancel the job",
    examples=Examples(
        Example(
            "no activity for a day", given(gpus=(gpu("GPU-1", _IDLE),), bills={"gpu-node-1": billed("500")}), ("GPU-1",)
        ),
        Example(
            "at work, and one whose server has requests",
            given(gpus=(gpu("GPU-2", _BUSY), gpu("GPU-3", _IDLE, queue=[3] * 288))),
        ),
        Example("seen for an hour", given(gpus=(gpu("GPU-4", [0.0] * 12),)), (), ("GPU-4",)),
    ),
)
