"""Kubernetes clusters whose API everybody may reach."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    public = thing.get("endpointPublicAccess")
    if public is None:
        return Unsure(thing, "who may reach its API was not read")
    ranges = thing.get("publicAccessCidrs", default=["0.0.0.0/0"])
    if not public or "0.0.0.0/0" not in ranges:
        return None
    return Found(thing, "everybody may reach its API", (said("from", ", ".join(ranges)),), 0.8)


CHECK = Check(
    id="trimtab-eks-public-endpoint",
    name="EKS Clusters With a Public Endpoint",
    pillar=Pillar.SECURITY,
    about="The API of a cluster needs to be reached by people and machines of the company only.",
    alert="public access from 0.0.0.0/0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
    judge=each("eks:cluster", _judge),
    kinds=("eks:cluster",),
    effort=Effort.LOW,
    fix="aws eks update-cluster-config --name {id} --resources-vpc-config publicAccessCidrs=OFFICE/32 "
    "--region {region}",
    examples=Examples(
        Example(
            "from everywhere",
            given(thing("eks:cluster", "prod", endpointPublicAccess=True, publicAccessCidrs=["0.0.0.0/0"])),
            ("prod",),
        ),
        Example("private", given(thing("eks:cluster", "prod", endpointPublicAccess=False))),
        Example("not read", given(thing("eks:cluster", "prod")), (), ("prod",)),
    ),
)
