"""Endpoints with more machines than their busiest hour needs."""

from decimal import Decimal
from math import ceil

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import HOUR_S, Ask, Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Pillar
from trimtab.advice.gpu_types import gpus_of
from trimtab.advice.judging import lacking, measured, said

CPU = Ask("/aws/sagemaker/Endpoints", "CPUUtilization", "EndpointName", "Average", 14, HOUR_S)
GPU = Ask("/aws/sagemaker/Endpoints", "GPUUtilization", "EndpointName", "Average", 14, HOUR_S)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    variants = thing.get("ProductionVariants")
    if variants is None:
        return Unsure(thing, "its variants were not read")
    count = sum(int(one.get("CurrentInstanceCount", 0)) for one in variants)
    if count < 2 or thing.get("ScalableTargets"):
        return None  # one machine is the least, and what scales by itself is sized by its policy
    type_ = str(variants[0].get("InstanceType", ""))
    gpus = gpus_of(type_)
    ask, per = (GPU, 100.0 * gpus) if gpus else (CPU, 100.0 * knobs["vcpus"])
    unsure = lacking(facts, thing, (ask,), int(knobs["least_hours"]))
    if unsure:
        return unsure
    values = facts.measured(ask, thing)
    busiest = sorted(values)[min(len(values) - 1, int(0.99 * len(values)))] / per
    needed = max(2 if count > 2 else 1, ceil(count * busiest / (knobs["target"] / 100)))
    if needed >= count:
        return None
    evidence = (measured(ask, thing, values.values, " %"), said("machines", f"{count} × {type_}"))
    freed = count - needed
    return Found(
        thing,
        f"{needed} of {count} machines would do: {busiest:.0%} busy in its busiest hours",
        evidence,
        0.8,
        share=freed / count,
        gpu_hours=freed * gpus * HOURS_A_MONTH,
        words={"count": str(needed), "variant": str(variants[0].get("VariantName", "AllTraffic"))},
        current=f"{count} × {type_}",
        advised=f"{needed} × {type_}",
    )


_KIND = "sagemaker:endpoint"


def _endpoint(count: int) -> Thing:
    one = {"VariantName": "all", "InstanceType": "ml.g5.xlarge", "CurrentInstanceCount": count}
    return thing(_KIND, "ranker", EndpointStatus="InService", ProductionVariants=[one])


CHECK = Check(
    id="trimtab-over-provisioned-replicas",
    name="Over-provisioned Endpoint Replicas",
    pillar=Pillar.COST,
    about="Machines of an endpoint that do not scale by themselves are sized for a peak that may never come.",
    alert="in all but 1 % of the hours of 14 days fewer machines would have stayed below 60 % busy",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html",
    settings=(
        Setting(
            "target",
            60,
            "%",
            "how busy the machines left may be in the busiest hours",
            "headroom of 30 % and a machine lost",
        ),
        Setting("least_hours", 72, "hours", "of metrics that are needed", "three days' rhythm"),
        Setting("vcpus", 4, "vCPU", "of a machine without GPUs: utilisation counts 100 % for each", "ml.*.xlarge"),
    ),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    asks=(CPU, GPU),
    wants=frozenset({Want.BILL}),
    action=Action.SCALE_IN,
    effort=Effort.LOW,
    fix="aws sagemaker update-endpoint-weights-and-capacities --endpoint-name {id} --region {region} "
    "--desired-weights-and-capacities VariantName={variant},DesiredInstanceCount={count}",
    examples=Examples(
        Example(
            "four machines, a tenth busy",
            given(_endpoint(4), measured={(GPU, "ranker"): [10] * 336}, bills={"ranker": billed("2880")}),
            ("ranker",),
            cash=Decimal("1460.00"),
        ),
        Example(
            "four machines, half busy at the peak",
            given(_endpoint(4), measured={(GPU, "ranker"): [10] * 300 + [55] * 36}),
        ),
        Example("a day of metrics", given(_endpoint(4), measured={(GPU, "ranker"): [10] * 24}), (), ("ranker",)),
    ),
)
