"""Machines that run day and night and are used in some hours of the week only."""

import json
import re
from typing import Any

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Outcome, Setting, Unsure, Want, each
from trimtab.advice.examples import NOW_MS, billed, given, thing
from trimtab.advice.facts import HOUR_S, Ask, Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Pillar
from trimtab.advice.gpu_types import gpus_of
from trimtab.advice.judging import measured, said
from trimtab.advice.quiet import HOUR_MS, WEEK, crons, hour_of_week, quiet_hours, words

_DAYS = 28
_NOTEBOOK, _ENDPOINT, _INSTANCE = "sagemaker:notebook-instance", "sagemaker:endpoint", "ec2:instance"
_NOTEBOOKS = "/aws/sagemaker/NotebookInstances"
BOOK_CPU = Ask(_NOTEBOOKS, "CPUUtilization", "NotebookInstanceName", "Maximum", _DAYS, HOUR_S)
BOOK_GPU = Ask(_NOTEBOOKS, "GPUUtilization", "NotebookInstanceName", "Maximum", _DAYS, HOUR_S)
CALLS = Ask("AWS/SageMaker", "Invocations", "EndpointName", "Sum", _DAYS, HOUR_S)
CPU = Ask("AWS/EC2", "CPUUtilization", "InstanceId", "Maximum", _DAYS, HOUR_S)
GPU = Ask("CWAgent", "nvidia_smi_utilization_gpu", "InstanceId", "Maximum", _DAYS, HOUR_S)
_WORK = {_NOTEBOOK: (BOOK_CPU, BOOK_GPU), _ENDPOINT: (CALLS,), _INSTANCE: (CPU, GPU)}
"""By kind the metrics that tell of use: the first must be there, and the second where there are GPUs."""
_RUNS = {_NOTEBOOK: ("NotebookInstanceStatus", "InService"), _ENDPOINT: ("EndpointStatus", "InService"),
         _INSTANCE: ("State", "running")}  # fmt: skip
_CALLS = {
    _NOTEBOOK: ("sagemaker:stopNotebookInstance", "sagemaker:startNotebookInstance", "NotebookInstanceName"),
    _ENDPOINT: ("sagemaker:deleteEndpoint", "sagemaker:createEndpoint", "EndpointName"),
    _INSTANCE: ("ec2:stopInstances", "ec2:startInstances", "InstanceIds"),
}
_GROUP = "aws:autoscaling:groupName"
"""The tag of instances that a group starts again as soon as they stop."""
_STAGES = ("env", "environment", "stage", "tier")
_WORKSHOPS = re.compile(r"dev|test|sandbox|staging|stage|qa|lab|demo|play", re.IGNORECASE)
"""What tags say of machines that nobody serves from: of instances only these are looked at."""


def _picks(thing: Thing) -> bool:
    if thing.kind != _INSTANCE:
        return True
    stages = (value for key, value in thing.tags.items() if key.lower() in _STAGES)
    return any(_WORKSHOPS.match(value) for value in stages)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if not _picks(thing):
        return None
    name, on = _RUNS[thing.kind]
    state = thing.get(name)
    if state is None:
        return Unsure(thing, "whether it runs was not read")
    if state != on or _GROUP in thing.tags or thing.get("InstanceLifecycle") == "spot":
        return None
    used = _used(thing, facts, knobs)
    if isinstance(used, Unsure):
        return used
    found = quiet_hours(used, facts.now_ms, int(knobs["weeks"]), int(knobs["stretch"]))
    if found is None:
        return Unsure(thing, f"its use was measured in fewer than the {knobs['weeks'] + 1:g} weeks that are needed")
    if not any(used.values()) or len(found.hours) < knobs["hours"] or not found.proved:
        return None  # what is never used is idle, which other checks say
    if found.missed > knobs["missed"] / 100 * found.proved:
        return None
    hours, gpus = set(found.hours), gpus_of(_type(thing))
    ask = _WORK[thing.kind][0]
    proof = f"used in {found.missed} of the {found.proved} of them in the last week"
    text = f"not used in {len(hours)} hours of the week: {words(hours)}"
    return Found(
        thing,
        text,
        (measured(ask, thing, facts.measured(ask, thing).values), said("learnt over", f"{found.weeks} weeks"),
         said("proved", proof)),
        round(min((found.proved - found.missed + 1) / (found.proved + 2), 0.95), 3),
        share=len(hours) / WEEK,
        gpu_hours=gpus * HOURS_A_MONTH * len(hours) / WEEK,
        words={"commands": _commands(thing, hours)},
        advised=f"off {words(hours)}",
        hours=found.hours,
    )  # fmt: skip


def _used(thing: Thing, facts: Facts, knobs: Knobs) -> dict[int, bool] | Unsure:
    """By hour whether it was used."""
    first, *more = _WORK[thing.kind]
    values = facts.measured(first, thing)
    if not values:
        return Unsure(thing, f"{first.shown} of it was not measured")
    least = 0.0 if thing.kind == _ENDPOINT else knobs["cpu"]
    used = {at: value > 0 if not least else value >= least for at, value in zip(values.times, values, strict=True)}
    for ask in more if gpus_of(_type(thing)) else ():
        seen = facts.measured(ask, thing)
        if not seen:
            return Unsure(thing, f"{ask.shown} of it was not measured, and its CPU says nothing of its GPUs")
        known = dict(zip(seen.times, seen, strict=True))
        used = {at: was or known[at] >= least for at, was in used.items() if at in known}
    return used


def _type(thing: Thing) -> str:
    return str(thing.get("InstanceType", default=thing.type))


def _commands(thing: Thing, hours: set[int]) -> str:
    """Schedules that stop it and start it again."""
    stop, start, name = _CALLS[thing.kind]
    about = {name: [thing.id] if name == "InstanceIds" else thing.id}
    again = {**about, "EndpointConfigName": thing.get("EndpointConfigName", default="CONFIGURATION")}
    made = []
    for word, call, times, body in (
        ("stop", stop, crons(hours)[0], about),
        ("start", start, crons(hours)[1], again if thing.kind == _ENDPOINT else about),
    ):
        for at, expression in enumerate(times, start=1):
            target = {"Arn": f"arn:aws:scheduler:::aws-sdk:{call}", "RoleArn": "ROLE_ARN", "Input": json.dumps(body)}
            made.append(
                f"aws scheduler create-schedule --name {word}-{thing.id}-{at} --schedule-expression '{expression}' "
                f"--flexible-time-window Mode=OFF --target '{json.dumps(target)}' --region {thing.region}"
            )
    return "\n".join(made)


def _judge_all(facts: Facts, knobs: Knobs) -> list[Outcome]:
    return [outcome for kind in _WORK for outcome in each(kind, _judge)(facts, knobs)]


def _office(weeks: int, late: int = 0) -> list[float]:
    """CPU by hour: work from Monday to Friday from 8 to 18; in the last week `late` nights too."""
    hours = range(NOW_MS // HOUR_MS - weeks * WEEK, NOW_MS // HOUR_MS)
    busy = [hour_of_week(at * HOUR_MS) for at in hours]
    found = [60.0 if one < 120 and 8 <= one % 24 < 18 else 1.0 for one in busy]
    for night in range(late):
        found[-WEEK + night * 24 : -WEEK + night * 24 + 24] = [60.0] * 24
    return found


def _book(id_: str, **more: Any) -> Thing:
    said = {"NotebookInstanceStatus": "InService", "InstanceType": "ml.m5.xlarge", **more}
    return thing(_NOTEBOOK, id_, type_="ml.m5.xlarge", **said)


_SOURCE = "https://docs.aws.amazon.com/wellarchitected/latest/cost-optimization-pillar/manage-demand.html"
CHECK = Check(
    id="trimtab-quiet-hours",
    name="Machines That Nobody Uses at Night",
    pillar=Pillar.COST,
    about="A notebook, an endpoint or a machine of a development stage (tags env, environment, stage, tier) that is "
    "used by day is paid at night and at weekends too. "
    "The hours of the week without use are learnt over the earlier weeks and proved on the last one.",
    alert="running, not used in 24 hours or more of every week but the last, and in at most 2 % of them in the last",
    source=_SOURCE,
    settings=(
        Setting("cpu", 5, "%", "peak CPU (or GPU) of an hour from which it counts as used",
                "Compute Optimizer's idle EC2: peak CPU < 5 %"),
        Setting("weeks", 2, "weeks", "to learn on, beside the last one, which proves", "twice is a rhythm"),
        Setting("stretch", 4, "hours", "that a stop must last", "a start takes minutes and somebody's patience"),
        Setting("hours", 24, "hours a week", "without use from which it is told", "a day of seven"),
        Setting("missed", 2, "%", "of those hours that may have been used in the last week", "an hour of a weekend"),
    ),
    judge=_judge_all,
    kinds=(_NOTEBOOK, _ENDPOINT, _INSTANCE),
    asks=(BOOK_CPU, BOOK_GPU, CALLS, CPU, GPU),
    picks=_picks,
    wants=frozenset({Want.BILL}),
    action=Action.STOP,
    effort=Effort.LOW,
    restart=True,
    fix="{commands}",
    examples=Examples(
        Example(
            "used in office hours for four weeks",
            given(_book("nb-1"), measured={(BOOK_CPU, "nb-1"): _office(4)}, bills={"nb-1": billed("165.60")}),
            ("nb-1",),
        ),
        Example(
            "used at night in the last week, and always",
            given(
                _book("nb-2"),
                _book("nb-3"),
                measured={(BOOK_CPU, "nb-2"): _office(4, late=2), (BOOK_CPU, "nb-3"): [60.0] * 4 * WEEK},
            ),
        ),
        Example("known for two weeks", given(_book("nb-4"), measured={(BOOK_CPU, "nb-4"): _office(2)}), (), ("nb-4",)),
    ),
)  # fmt: skip
