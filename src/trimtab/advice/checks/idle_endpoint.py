"""Endpoints that nobody asks."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import ago, billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Pillar
from trimtab.advice.gpu_types import gpus_of
from trimtab.advice.judging import age_days, lacking, measured, newest, said

CALLS = Ask("AWS/SageMaker", "Invocations", "EndpointName", "Sum", 7)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    variants = thing.get("ProductionVariants")
    if variants is None or thing.get("EndpointStatus") is None:
        return Unsure(thing, "its variants were not read")
    paid = [one for one in variants if not one.get("ServerlessConfig") and one.get("CurrentInstanceCount", 1)]
    days = int(knobs["days"])
    if thing.get("EndpointStatus") != "InService" or not paid:
        return None
    if age_days(facts, int(thing.get("CreationTime", default=0))) < days:
        return None
    unsure = lacking(facts, thing, (CALLS,), days)
    if unsure:
        return unsure
    values = newest(facts.measured(CALLS, thing), days)
    if sum(values) > 0:
        return None
    gpus = sum(gpus_of(one.get("InstanceType", "")) * one.get("CurrentInstanceCount", 1) for one in paid)
    machines = ", ".join(f"{one.get('CurrentInstanceCount', 1)} × {one.get('InstanceType', '?')}" for one in paid)
    evidence = (measured(CALLS, thing, values), said("paid for", machines))
    text = f"no call for {days} days"
    return Found(
        thing,
        text,
        evidence,
        share=1.0,
        gpu_hours=gpus * HOURS_A_MONTH,
        current=machines,
        advised="deleted, or serverless",
    )


_KIND = "sagemaker:endpoint"
_ON = [{"VariantName": "all", "InstanceType": "ml.g5.2xlarge", "CurrentInstanceCount": 2}]


def _endpoint(id_: str) -> Thing:
    return thing(_KIND, id_, EndpointStatus="InService", ProductionVariants=_ON, CreationTime=ago(60))


CHECK = Check(
    id="trimtab-idle-endpoint",
    name="Idle Endpoints",
    pillar=Pillar.COST,
    about="An endpoint's machines are paid whether or not it is asked. One without calls can be deleted and made again "
    "from its configuration, or be asynchronous or serverless.",
    alert="in service for 7 days and not called once",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/inference-cost-optimization.html",
    settings=(Setting("days", 7, "days", "without a call", "a week's rhythm, as Trusted Advisor's idle checks"),),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    asks=(CALLS,),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.LOW,
    fix="aws sagemaker delete-endpoint --endpoint-name {id} --region {region}",
    examples=Examples(
        Example(
            "no call for a week",
            given(_endpoint("old"), measured={(CALLS, "old"): [0] * 7}, bills={"old": billed("2181.60")}),
            ("old",),
        ),
        Example("called on one day", given(_endpoint("live"), measured={(CALLS, "live"): [0] * 6 + [1]})),
        Example("no metrics", given(_endpoint("new")), (), ("new",)),
    ),
)
