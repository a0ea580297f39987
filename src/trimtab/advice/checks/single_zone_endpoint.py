"""Endpoints that one failed zone takes away."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said

_KIND = "sagemaker:endpoint"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    variants = thing.get("ProductionVariants")
    if variants is None:
        return Unsure(thing, "its variants were not read")
    single = [
        str(one.get("VariantName"))
        for one in variants
        if one.get("CurrentInstanceCount") == 1 and not one.get("ServerlessConfig")
    ]
    if not single or thing.get("AsyncInferenceConfig"):
        return None
    text = f"one machine, so one zone, serves {', '.join(single)}"
    return Found(thing, text, (said("machines", 1),), current="1 machine", advised="2 machines or more")


def _endpoint(id_: str, count: int | None) -> Thing:
    if count is None:
        return thing(_KIND, id_)
    return thing(_KIND, id_, ProductionVariants=[{"VariantName": "all", "CurrentInstanceCount": count}])


CHECK = Check(
    id="trimtab-single-az-endpoint",
    name="Single-AZ Endpoints",
    pillar=Pillar.FAULT_TOLERANCE,
    about="SageMaker spreads an endpoint's machines over zones from the second on; one machine ends with its zone.",
    alert="a variant that answers at once has one machine",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-best-practices.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.VERY_LOW,
    status=Status.WARNING,
    fix="aws sagemaker update-endpoint-weights-and-capacities --endpoint-name {id} --region {region} "
    "--desired-weights-and-capacities VariantName=AllTraffic,DesiredInstanceCount=2",
    examples=Examples(
        Example("one machine", given(_endpoint("ranker", 1)), ("ranker",)),
        Example("two machines", given(_endpoint("ranker", 2))),
        Example("its variants were not read", given(_endpoint("ranker", None)), (), ("ranker",)),
    ),
)
