"""Instances that hand out credentials to whoever makes them fetch a page."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, known, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    if thing.get("State") not in ("running", None):
        return None
    tokens = thing.get("MetadataOptions", "HttpTokens")
    if tokens is None:
        return Unsure(thing, "its metadata options were not read")
    if tokens == "required" or thing.get("MetadataOptions", "HttpEndpoint") == "disabled":
        return None
    return Found(thing, "its metadata service answers without a token (IMDSv1)", (said("HttpTokens", tokens),), 0.9)


def _box(id_: str, tokens: str | None) -> Thing:
    return thing(
        "ec2:instance", id_, State="running", **known(MetadataOptions={"HttpTokens": tokens} if tokens else None)
    )


CHECK = Check(
    id="trimtab-instance-metadata-v1",
    name="EC2 Instances That Answer IMDSv1",
    pillar=Pillar.SECURITY,
    about="A page that can be made to fetch an address reads the instance's credentials where no token is asked for.",
    alert="tokens are optional",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-existing-instances.html",
    judge=each("ec2:instance", _judge),
    kinds=("ec2:instance",),
    effort=Effort.VERY_LOW,
    fix="aws ec2 modify-instance-metadata-options --instance-id {id} --http-tokens required --region {region}",
    examples=Examples(
        Example("optional", given(_box("i-1", "optional")), ("i-1",)),
        Example("required", given(_box("i-2", "required"))),
        Example("not read", given(_box("i-3", None)), (), ("i-3",)),
    ),
)
