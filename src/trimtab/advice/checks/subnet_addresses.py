"""Subnets that run out of addresses."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts
    free, block = thing.get("AvailableIpAddressCount"), thing.get("CidrBlock")
    if free is None or block is None:
        return Unsure(thing, "its addresses were not read")
    size = 2 ** (32 - int(str(block).partition("/")[2])) - 5
    if free / size >= knobs["free"] / 100:
        return None
    return Found(thing, f"{free} of {size} addresses are free", (said("free", free), said("block", block)))


CHECK = Check(
    id="trimtab-subnet-addresses",
    name="Subnets Running Out of Addresses",
    pillar=Pillar.LIMITS,
    about="Where a subnet has no address left, groups cannot grow and pods stay pending, whatever the quotas say.",
    alert="less than 10 % of the addresses are free",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
    settings=(
        Setting(
            "free",
            10,
            "%",
            "of the addresses below which it is told",
            "our choice: a large group takes that many at once",
        ),
    ),
    judge=each("ec2:subnet", _judge),
    kinds=("ec2:subnet",),
    effort=Effort.MEDIUM,
    status=Status.WARNING,
    fix="aws ec2 create-subnet --vpc-id VPC --cidr-block NEW --region {region}  # and add it to the groups of {id}",
    examples=Examples(
        Example(
            "4 of 251", given(thing("ec2:subnet", "s-1", AvailableIpAddressCount=4, CidrBlock="10.0.0.0/24")), ("s-1",)
        ),
        Example("200 of 251", given(thing("ec2:subnet", "s-2", AvailableIpAddressCount=200, CidrBlock="10.0.0.0/24"))),
        Example("not read", given(thing("ec2:subnet", "s-3")), (), ("s-3",)),
    ),
)
