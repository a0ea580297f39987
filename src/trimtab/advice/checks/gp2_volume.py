"""Volumes of the older general-purpose type."""

from decimal import Decimal

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, known, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts
    kind, size = thing.get("VolumeType"), thing.get("Size")
    if kind is None or size is None:
        return Unsure(thing, "its type and size were not read")
    if kind != "gp2" or thing.get("State") == "available" or size > knobs["size"]:
        return None
    evidence = (said("type", kind), said("size", f"{size} GiB"))
    return Found(
        thing, "gp2: gp3 does the same for a fifth less", evidence, 0.9, share=knobs["cheaper"] / 100, advised="gp3"
    )


def _volume(id_: str, kind: str | None) -> Thing:
    return thing("ec2:volume", id_, State="in-use", Size=200, **known(VolumeType=kind))


CHECK = Check(
    id="trimtab-gp2-volume",
    name="EBS Volumes on gp2",
    pillar=Pillar.COST,
    about="gp3 costs a fifth less than gp2 by size and does 3,000 operations and 125 MiB a second whatever the size.",
    alert="attached, gp2, and up to 1,000 GiB: above that gp2's operations grow past what gp3 includes",
    source="https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html",
    settings=(
        Setting(
            "size", 1000, "GiB", "up to which gp3 includes as many operations", "3 operations a second and GiB of gp2"
        ),
        Setting("cheaper", 20, "%", "that gp3 costs less", "AWS price list: 0.08 against 0.10 USD a GiB and month"),
    ),
    judge=each("ec2:volume", _judge),
    kinds=("ec2:volume",),
    wants=frozenset({Want.BILL}),
    action=Action.UPGRADE,
    effort=Effort.VERY_LOW,
    fix="aws ec2 modify-volume --volume-id {id} --volume-type gp3 --region {region}",
    examples=Examples(
        Example(
            "200 GiB of gp2",
            given(_volume("vol-1", "gp2"), bills={"vol-1": billed("20")}),
            ("vol-1",),
            cash=Decimal("4.06"),
        ),
        Example("gp3", given(_volume("vol-2", "gp3"))),
        Example("its type was not read", given(_volume("vol-3", None)), (), ("vol-3",)),
    ),
)
