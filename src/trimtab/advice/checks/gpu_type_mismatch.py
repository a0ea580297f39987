"""Servers and jobs on a larger GPU than what they hold and do asks for."""

from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import billed, given, gpu
from trimtab.advice.facts import Facts, Gpu
from trimtab.advice.finding import Action, Effort, Evidence, Pillar
from trimtab.advice.gpu_types import smaller
from trimtab.advice.judging import gpu_thing


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.gpus:
        yield _one(one, knobs)


def _one(one: Gpu, knobs: Knobs) -> Outcome:
    thing = gpu_thing(one)
    hours = len(one.active) * one.period_s / 3600
    if hours < knobs["least_hours"] or not one.memory or not one.model:
        what = "its model" if not one.model else "memory in use" if not one.memory else f"{hours:.1f} hours of activity"
        return Unsure(
            thing, f"not enough is known: {what} of it" if one.model and one.memory else f"{what} is not known"
        )
    top = sorted(one.active)[min(len(one.active) - 1, int(0.99 * len(one.active)))]
    mean = sum(one.active) / len(one.active)
    if mean < knobs["idle"] / 100:
        return Fine(thing)  # idle: another check's
    fits = smaller(one.model, max(one.memory) * (1 + knobs["headroom"] / 100), top * (1 + knobs["headroom"] / 100))
    if fits is None:
        return Fine(thing)
    evidence = (
        Evidence("memory in use, most", f"{max(one.memory) / 2**30:.1f} GiB", "/gpus"),
        Evidence("activity, all but 1 % of the time", f"{top:.0%} of a {one.model}", "/gpus"),
    )
    text = (
        f"a {fits.name} would do: {max(one.memory) / 2**30:.0f} GiB in use, at most {top:.0%} of a {one.model} at work"
    )
    return Found(
        thing,
        text,
        evidence,
        0.6,
        share=fits.saves,
        parts=one.peers,
        current=one.model,
        advised=fits.name,
        words={"to": fits.name},
    )


_GIB = 2**30
CHECK = Check(
    id="trimtab-gpu-type-mismatch",
    name="GPU Type Mismatch",
    pillar=Pillar.COST,
    about="A model that fits a smaller GPU and leaves most of a larger one unused costs several times what it needs.",
    alert="memory and work, each with 30 % headroom, fit a GPU of a lower class in all but 1 % of the time",
    source="https://docs.aws.amazon.com/compute-optimizer/latest/ug/view-ec2-recommendations.html",
    settings=(
        Setting("headroom", 30, "%", "on top of memory and work", "Compute Optimizer's largest headroom"),
        Setting("idle", 1, "%", "mean activity below which it is idle instead", "the check of idle GPUs"),
        Setting("least_hours", 24, "hours", "of activity that are needed", "a day's rhythm"),
    ),
    judge=_judge,
    wants=frozenset({Want.BILL, Want.GPUS}),
    action=Action.RIGHTSIZE,
    effort=Effort.HIGH,
    restart=True,
    fix="move the workload to a machine with {to}: change its instance type, node selector or "
    "--gres, and run its load test again",
    examples=Examples(
        Example(
            "an H100 of which 9 GiB and a tenth are used",
            given(
                gpus=(gpu("GPU-1", [0.10] * 288, model="NVIDIA H100 80GB HBM3", memory=[9 * _GIB] * 288),),
                bills={"gpu-node-1": billed("2000")},
            ),
            ("GPU-1",),
        ),
        Example(
            "an H100 with 70 GiB in use",
            given(gpus=(gpu("GPU-2", [0.10] * 288, model="NVIDIA H100 80GB HBM3", memory=[70 * _GIB] * 288),)),
        ),
        Example("its model is not known", given(gpus=(gpu("GPU-3", [0.1] * 288, model=""),)), (), ("GPU-3",)),
    ),
)
