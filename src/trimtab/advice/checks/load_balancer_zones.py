"""Load balancers with targets in one zone."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said

_KIND = "elasticloadbalancing:loadbalancer"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    zones = thing.get("AvailabilityZones")
    if zones is None:
        return Unsure(thing, "its zones were not read")
    if thing.get("Type") == "gateway" or len(zones) > 1:
        return None
    return Found(thing, f"is in {', '.join(map(str, zones)) or 'no zone'} only", (said("zones", len(zones)),))


def _lb(id_: str, *zones: str) -> Thing:
    return thing(_KIND, id_, Type="application", AvailabilityZones=list(zones))


CHECK = Check(
    id="iqdCTZKCUp",
    name="Load Balancer Optimization",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A load balancer in one zone ends with it, whatever stands behind it.",
    alert="enabled in fewer than two zones",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.LOW,
    fix="aws elbv2 set-subnets --region {region} --subnets SUBNET-A SUBNET-B "
    "--load-balancer-arn arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{id}",
    examples=Examples(
        Example("one zone", given(_lb("app/web/1", "us-east-1a")), ("app/web/1",)),
        Example("two zones", given(_lb("app/web/1", "us-east-1a", "us-east-1b"))),
        Example("not read", given(thing(_KIND, "app/web/1")), (), ("app/web/1",)),
    ),
)
