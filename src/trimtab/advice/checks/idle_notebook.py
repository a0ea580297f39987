"""Notebook instances that run with nobody at them."""

from typing import Any

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import ago, billed, given, thing
from trimtab.advice.facts import HOUR_S, Ask, Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Pillar
from trimtab.advice.gpu_types import gpus_of
from trimtab.advice.judging import age_days, lacking, measured, newest, said

CPU = Ask("/aws/sagemaker/NotebookInstances", "CPUUtilization", "NotebookInstanceName", "Maximum", 3, HOUR_S)
GPU = Ask("/aws/sagemaker/NotebookInstances", "GPUUtilization", "NotebookInstanceName", "Maximum", 3, HOUR_S)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    state = thing.get("NotebookInstanceStatus")
    if state is None:
        return Unsure(thing, "its status was not read")
    if state != "InService":
        return None
    hours = int(knobs["hours"])
    touched = thing.get("LastModifiedTime", default=thing.get("CreationTime"))
    if touched is not None and age_days(facts, int(touched)) * 24 < hours:
        return None
    evidence = [said("started", f"{age_days(facts, int(touched)):.1f} days ago")] if touched is not None else []
    if facts.measured(CPU, thing):
        unsure = lacking(facts, thing, (CPU,), hours)
        if unsure:
            return unsure
        values = newest(facts.measured(CPU, thing), hours)
        gpu = newest(facts.measured(GPU, thing), hours)
        if max(values) >= knobs["cpu"] or (gpu and max(gpu) >= knobs["cpu"]):
            return None
        evidence.append(measured(CPU, thing, values, " %"))
        sure = 0.95
    elif thing.get("NotebookInstanceLifecycleConfigName"):
        return Unsure(thing, "it sends no metrics, and a lifecycle configuration may stop it by itself")
    elif touched is None or age_days(facts, int(touched)) < knobs["days"]:
        return Unsure(thing, "it sends no metrics, and has not run for long")
    else:
        sure = 0.6
    gpus = gpus_of(thing.get("InstanceType", default=thing.type))
    text = (
        f"in service and idle for {hours} hours"
        if sure > 0.9
        else f"in service for {knobs['days']:g} days without a stop"
    )
    return Found(thing, text, tuple(evidence), sure, share=1.0, gpu_hours=gpus * HOURS_A_MONTH, advised="stopped")


_KIND = "sagemaker:notebook-instance"


def _book(id_: str, days: float, **more: Any) -> Thing:
    return thing(_KIND, id_, type_="ml.g5.xlarge", InstanceType="ml.g5.xlarge", LastModifiedTime=ago(days), **more)


CHECK = Check(
    id="trimtab-idle-notebook",
    name="Idle Notebooks",
    pillar=Pillar.COST,
    about="A notebook instance is paid while it is in service, over nights and weekends too.",
    alert="in service, and no kernel used 5 % CPU for 24 hours; without metrics: no start or stop for 7 days",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/nbi.html",
    settings=(
        Setting("hours", 24, "hours", "without work", "a night and a day"),
        Setting(
            "cpu",
            5,
            "%",
            "peak CPU (or GPU) of an hour below which nobody works",
            "Compute Optimizer's idle EC2: peak CPU < 5 %",
        ),
        Setting("days", 7, "days", "in service without a stop, where it sends no metrics", "a working week"),
    ),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    asks=(CPU, GPU),
    wants=frozenset({Want.BILL}),
    action=Action.STOP,
    effort=Effort.VERY_LOW,
    restart=True,
    fix="aws sagemaker stop-notebook-instance --notebook-instance-name {id} --region {region}",
    examples=Examples(
        Example(
            "idle for two days",
            given(
                _book("nb-1", 9, NotebookInstanceStatus="InService"),
                measured={(CPU, "nb-1"): [1] * 48},
                bills={"nb-1": billed("727.20")},
            ),
            ("nb-1",),
        ),
        Example(
            "stopped, and one at work",
            given(
                _book("nb-2", 9, NotebookInstanceStatus="Stopped"),
                _book("nb-3", 9, NotebookInstanceStatus="InService"),
                measured={(CPU, "nb-3"): [1] * 40 + [70] * 8},
            ),
        ),
        Example(
            "no metrics, and two days old", given(_book("nb-4", 2, NotebookInstanceStatus="InService")), (), ("nb-4",)
        ),
    ),
)
