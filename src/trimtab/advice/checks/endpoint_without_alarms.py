"""Endpoints that no alarm watches."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, Want, each
from trimtab.advice.examples import given, thing, watch
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said

_KIND = "sagemaker:endpoint"
_METRICS = (
    "ModelLatency",
    "OverheadLatency",
    "Invocation5XXErrors",
    "Invocation4XXErrors",
    "Invocations",
    "InvocationModelErrors",
)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del knobs
    state = thing.get("EndpointStatus")
    if state is None:
        return Unsure(thing, "its status was not read")
    if state != "InService":
        return None
    mine = [
        one
        for one in facts.watches
        if one.enabled
        and thing.id in one.dimensions.values()
        and "SageMaker" in one.namespace.replace("sagemaker", "SageMaker")
    ]
    telling = [one for one in mine if one.tells]
    if telling:
        return None
    text = "its alarms tell nobody" if mine else "no alarm watches its latency or errors"
    return Found(thing, text, (said("alarms on it", len(mine)), said("metrics to watch", ", ".join(_METRICS[:3]))))


def _endpoint(id_: str, state: str | None = "InService") -> Thing:
    return thing(_KIND, id_, EndpointStatus=state) if state else thing(_KIND, id_)


CHECK = Check(
    id="trimtab-endpoint-without-alarms",
    name="Endpoints Without Alarms",
    pillar=Pillar.OPERATIONS,
    about="An endpoint whose latency and errors nobody watches fails until a customer tells.",
    alert="in service, and no enabled alarm with an action is on a metric of it, here or in CloudWatch",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND, "cloudwatch:alarm"),
    wants=frozenset({Want.WATCHES}),
    effort=Effort.VERY_LOW,
    fix="aws cloudwatch put-metric-alarm --alarm-name {id}-errors --namespace AWS/SageMaker --metric-name "
    "Invocation5XXErrors "
    "--dimensions Name=EndpointName,Value={id} Name=VariantName,Value=AllTraffic --statistic Sum --period 300 "
    "--evaluation-periods 1 --threshold 5 --comparison-operator GreaterThanThreshold --alarm-actions "
    "TOPIC --region {region}",
    examples=Examples(
        Example("no alarm", given(_endpoint("ranker")), ("ranker",)),
        Example(
            "an alarm on its errors",
            given(
                _endpoint("ranker"),
                watches=(watch("ranker-5xx", "AWS/SageMaker", "Invocation5XXErrors", EndpointName="ranker"),),
            ),
        ),
        Example("its status was not read", given(_endpoint("ranker", None)), (), ("ranker",)),
    ),
)
