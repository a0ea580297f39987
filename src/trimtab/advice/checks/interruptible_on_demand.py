"""Work that may be interrupted and runs on demand."""

from collections.abc import Iterator
from typing import Any

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Outcome, Setting, Unsure, Want, each
from trimtab.advice.examples import ago, billed, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import age_days, said
from trimtab.capacity.spot.checkpoint import share_lost, young

_INSTANCE, _JOB = "ec2:instance", "sagemaker:training-job"
_MARKS = {
    "interruptible": ("true", "yes", "1"),
    "aws:elasticmapreduce:instance-group-role": ("task",),
    "awsbatchservicetag": ("batch",),
}
"""Tags (in any case) that say that what runs there may be interrupted: one's own, a task node of EMR, AWS Batch."""
_SPOT = "https://docs.aws.amazon.com/whitepapers/latest/cost-optimization-leveraging-ec2-spot-instances/"


def lost_of(knobs: Knobs) -> float:
    """The share of time that checkpoints, what is computed again and new starts take."""
    between_h, write_h = 1 / knobs["interruptions"], knobs["checkpoint"] / 60
    return share_lost(young(write_h, between_h), write_h, between_h) + knobs["start"] / 60 / between_h


def _instance(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    mark = next((f"{key}={value}" for key, value in thing.tags.items()
                 if value.lower() in _MARKS.get(key.lower(), ())), "")  # fmt: skip
    if not mark:
        return None
    if thing.get("State") is None:
        return Unsure(thing, "whether it runs was not read")
    if thing.get("State") != "running" or thing.get("InstanceLifecycle"):
        return None
    return _found(thing, knobs, str(thing.get("InstanceType", default=thing.type)), f"tag {mark}")


def _job(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    spot, made = thing.get("EnableManagedSpotTraining"), thing.get("CreationTime")
    if spot is None or made is None:
        return Unsure(thing, "whether it ran on spot was not read")
    hours = float(thing.get("TrainingTimeInSeconds", default=0)) / 3600
    if spot or not thing.get("CheckpointConfig") or age_days(facts, int(made)) > 30 or hours < knobs["hours"]:
        return None
    return _found(thing, knobs, str(thing.get("InstanceType", default=thing.type)), "it writes checkpoints")


def _found(thing: Thing, knobs: Knobs, type_: str, why: str) -> Found:
    lost = round(lost_of(knobs), 4)
    return Found(
        thing,
        f"may be interrupted and runs on demand: {why}",
        (said("may be interrupted", why), said("lost to interruptions and checkpoints", f"{lost:.1%}")),
        0.7,
        share=max(1 - knobs["price"] / 100 * (1 + lost), 0.0),
        current=type_,
        advised=f"{type_} on spot",
        lost=lost,
    )


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    yield from each(_INSTANCE, _instance)(facts, knobs)
    yield from each(_JOB, _job)(facts, knobs)


def _box(id_: str, tags: dict[str, str], **more: Any) -> Thing:
    return thing(_INSTANCE, id_, type_="g5.xlarge", tags=tags, InstanceType="g5.xlarge", **more)


CHECK = Check(
    id="trimtab-interruptible-on-demand",
    name="Interruptible Work on Demand",
    pillar=Pillar.COST,
    about="Work that goes on where it stopped (training with checkpoints, batch, task nodes) costs a third to a half "
    "on spot. What interruptions, checkpoints and new starts cost is counted against it.",
    alert="an instance that a tag, EMR or AWS Batch marks as interruptible, or training with checkpoints, on demand",
    source=_SPOT,
    settings=(
        Setting("interruptions", 0.02, "an hour", "of a machine on spot", "a guess, as in capacity plans"),
        Setting("checkpoint", 1, "minutes", "that writing a checkpoint takes", "some tens of GB to a local disk"),
        Setting("start", 10, "minutes", "until a machine that was taken back is replaced and works",
                "the delay of trimtab's spot replays"),
        Setting("price", 40, "% of on demand", "that spot costs, for the estimate of a finding outside a plan",
                "the middle of AWS's Spot Advisor for GPU types"),
        Setting("hours", 1, "hours", "of training from which it is told", "shorter jobs are rarely taken back"),
    ),
    judge=_judge,
    kinds=(_INSTANCE, _JOB),
    wants=frozenset({Want.BILL}),
    action=Action.RIGHTSIZE,
    effort=Effort.MEDIUM,
    restart=True,
    fix="start what replaces {id} with --instance-market-options MarketType=spot (EMR: a spot task group; AWS Batch: a "
    "SPOT compute environment; SageMaker: EnableManagedSpotTraining=True and MaxWaitTimeInSeconds)",
    examples=Examples(
        Example(
            "a task node of EMR on demand",
            given(
                _box("i-1", {"aws:elasticmapreduce:instance-group-role": "TASK"}, State="running"),
                bills={"i-1": billed("724.32")},
            ),
            ("i-1",),
        ),
        Example(
            "already on spot, and one that nothing marks",
            given(
                _box("i-2", {"interruptible": "true"}, State="running", InstanceLifecycle="spot"),
                _box("i-3", {"team": "research"}, State="running"),
                thing(_JOB, "b", EnableManagedSpotTraining=True, CreationTime=ago(3)),
            ),
        ),
        Example("not known whether on spot", given(thing(_JOB, "c")), (), ("c",)),
    ),
)  # fmt: skip
