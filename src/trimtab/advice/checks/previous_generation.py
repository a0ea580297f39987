"""Instances of families that newer ones do the same work for less."""

from decimal import Decimal

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import said

_NEWER = {
    "m3": "m6i", "m4": "m6i", "c3": "c6i", "c4": "c6i", "r3": "r6i", "r4": "r6i", "t2": "t3", "i2": "i4i", "i3": "i4i",
    "p2": "g4dn", "p3": "g5", "g3": "g4dn", "d2": "d3", "m5": "m6i", "c5": "c6i", "r5": "r6i",
}  # fmt: skip
"""A family and what AWS's page of previous generations (and of current ones) puts in its place."""
_OLD = frozenset({"m3", "m4", "c3", "c4", "r3", "r4", "t2", "i2", "i3", "p2", "p3", "g3", "d2"})


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    type_ = thing.get("InstanceType", default=thing.type or None)
    if type_ is None:
        return Unsure(thing, "its type was not read")
    family, _, size = str(type_).partition(".")
    if family not in _OLD or thing.get("State", default="running") != "running":
        return None
    newer = f"{_NEWER[family]}.{size}"
    now, then = facts.prices.get(str(type_)), facts.prices.get(newer)
    share = max(float(1 - then / now), 0.0) if now and then else 0.0
    evidence = (said("type", type_), said("prices an hour", f"{now or 'not known'} against {then or 'not known'}"))
    return Found(
        thing,
        f"{type_} is of a previous generation",
        evidence,
        0.6,
        share=share,
        current=str(type_),
        advised=newer,
        words={"newer": newer},
    )


CHECK = Check(
    id="trimtab-previous-generation",
    name="Instances of Previous Generations",
    pillar=Pillar.PERFORMANCE,
    about="A newer family does more for the same or a lower price; older ones also leave the catalogue of "
    "reservations.",
    alert="running on a family that AWS lists as a previous generation",
    source="https://aws.amazon.com/ec2/previous-generation/",
    judge=each("ec2:instance", _judge),
    kinds=("ec2:instance",),
    wants=frozenset({Want.BILL, Want.PRICES}),
    action=Action.UPGRADE,
    effort=Effort.MEDIUM,
    restart=True,
    fix="aws ec2 stop-instances --instance-ids {id} --region {region} && aws ec2 modify-instance-attribute "
    "--instance-id {id} "
    "--instance-type {newer} --region {region} && aws ec2 start-instances --instance-ids {id} --region {region}",
    examples=Examples(
        Example(
            "m4.large",
            given(
                thing("ec2:instance", "i-1", State="running", InstanceType="m4.large"),
                bills={"i-1": billed("72")},
                prices={"m4.large": Decimal("0.10"), "m6i.large": Decimal("0.096")},
            ),
            ("i-1",),
        ),
        Example("m6i.large", given(thing("ec2:instance", "i-2", State="running", InstanceType="m6i.large"))),
        Example("its type was not read", given(thing("ec2:instance", "i-3", State="running")), (), ("i-3",)),
    ),
)
