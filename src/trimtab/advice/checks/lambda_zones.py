"""Functions in a VPC with subnets of one zone."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del knobs
    vpc = thing.get("VpcId")
    if vpc is None:
        return Unsure(thing, "whether it is in a VPC was not read") if not thing.attributes else None
    subnets = [one for one in facts.of("ec2:subnet") if one.get("VpcId") == vpc]
    if not vpc:
        return None
    if not subnets:
        return Unsure(thing, f"the subnets of {vpc} were not read")
    zones = {one.get("AvailabilityZone") for one in subnets}
    if len(zones) > 1:
        return None
    return Found(thing, f"its VPC has subnets in {zones.pop()} only", (said("subnets", len(subnets)), said("VPC", vpc)))


_FN = thing("lambda:function", "embed", VpcId="vpc-1")


def _subnet(id_: str, zone: str) -> Thing:
    return thing("ec2:subnet", id_, VpcId="vpc-1", AvailabilityZone=zone)


CHECK = Check(
    id="L4dfs2Q4C6",
    name="AWS Lambda VPC-enabled Functions without Multi-AZ Redundancy",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A function in a VPC runs in the zones of its subnets; with one zone it ends with it.",
    alert="every subnet of its VPC is in one zone",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    judge=each("lambda:function", _judge),
    kinds=("lambda:function", "ec2:subnet"),
    effort=Effort.LOW,
    fix="aws lambda update-function-configuration --function-name {id} --vpc-config "
    "SubnetIds=SUBNET-A,SUBNET-B --region {region}",
    examples=Examples(
        Example("one zone", given(_FN, _subnet("s-1", "us-east-1a")), ("embed",)),
        Example("two zones", given(_FN, _subnet("s-1", "us-east-1a"), _subnet("s-2", "us-east-1b"))),
        Example("subnets not read", given(_FN), (), ("embed",)),
    ),
)
