"""Groups behind a load balancer that keep instances which answer nobody."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, known, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said

_KIND = "autoscaling:autoScalingGroup"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    check = thing.get("HealthCheckType")
    if check is None:
        return Unsure(thing, "its health check was not read")
    behind = bool(thing.get("TargetGroupARNs") or thing.get("LoadBalancerNames"))
    if behind == ("ELB" in str(check)):
        return None
    if behind:
        text = "is behind a load balancer and asks EC2 alone whether its instances are healthy"
    else:
        text = "asks a load balancer that it is not behind"
    return Found(thing, text, (said("health check", check), said("behind a load balancer", behind)))


def _group(id_: str, check: str | None, *targets: str) -> Thing:
    return thing(_KIND, id_, TargetGroupARNs=list(targets), **known(HealthCheckType=check))


CHECK = Check(
    id="CLOG40CDO8",
    name="Auto Scaling Group Health Check",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A group replaces only what its health check calls ill: EC2's sees the machine, the balancer's sees "
    "the service.",
    alert="behind a load balancer and the check is not ELB, or the other way round",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.VERY_LOW,
    fix="aws autoscaling update-auto-scaling-group --auto-scaling-group-name {id} --health-check-type ELB "
    "--health-check-grace-period 300 --region {region}",
    examples=Examples(
        Example("behind one, asks EC2", given(_group("web", "EC2", "tg-1")), ("web",)),
        Example("behind one, asks it", given(_group("web", "ELB", "tg-1"), _group("train", "EC2"))),
        Example("not read", given(_group("web", None, "tg-1")), (), ("web",)),
    ),
)
