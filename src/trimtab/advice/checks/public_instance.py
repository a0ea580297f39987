"""GPU instances with a public address."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.gpu_types import gpus_of
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    if not thing.attributes:
        return Unsure(thing, "its attributes were not read")
    type_ = str(thing.get("InstanceType", default=thing.type))
    address = thing.get("PublicIpAddress")
    if not address or not gpus_of(type_):
        return None
    return Found(
        thing, f"a {type_} at the public address {address}", (said("address", address), said("type", type_)), 0.7
    )


CHECK = Check(
    id="trimtab-public-gpu-instance",
    name="GPU Instances With Public Addresses",
    pillar=Pillar.SECURITY,
    about="GPUs are what miners look for; a machine that trains needs no address of its own on the internet.",
    alert="an instance with GPUs has a public address",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
    judge=each("ec2:instance", _judge),
    kinds=("ec2:instance",),
    effort=Effort.MEDIUM,
    fix="aws ec2 modify-subnet-attribute --subnet-id SUBNET-OF-{id} --no-map-public-ip-on-launch --region "
    "{region}  # and start it again behind a NAT gateway",
    examples=Examples(
        Example(
            "a public p4d",
            given(thing("ec2:instance", "i-1", InstanceType="p4d.24xlarge", PublicIpAddress="198.51.100.9")),
            ("i-1",),
        ),
        Example("a private one", given(thing("ec2:instance", "i-2", InstanceType="p4d.24xlarge"))),
        Example("not read", given(thing("ec2:instance", "i-3")), (), ("i-3",)),
    ),
)
