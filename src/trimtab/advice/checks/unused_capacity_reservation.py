"""Capacity that is reserved and paid, and in which nothing runs."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, Want, each
from trimtab.advice.examples import billed, given, known, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Action, Effort, Pillar
from trimtab.advice.gpu_types import gpus_of
from trimtab.advice.judging import said

_KIND = "ec2:capacity-reservation"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    total, free = thing.get("TotalInstanceCount"), thing.get("AvailableInstanceCount")
    if total is None or free is None:
        return Unsure(thing, "how much of it is used was not read")
    if thing.get("State", default="active") != "active" or not free:
        return None
    type_ = str(thing.get("InstanceType", default=thing.type))
    evidence = (said("unused", f"{free} of {total} × {type_}"),)
    hours = gpus_of(type_) * free * HOURS_A_MONTH
    text = f"{free} of {total} reserved {type_} are not used"
    return Found(thing, text, evidence, 0.9, share=free / total, gpu_hours=hours, words={"left": str(total - free)})


def _held(id_: str, free: int | None) -> Thing:
    more = known(TotalInstanceCount=None if free is None else 4, AvailableInstanceCount=free)
    return thing(_KIND, id_, InstanceType="p4d.24xlarge", State="active", **more)


CHECK = Check(
    id="trimtab-unused-capacity-reservation",
    name="Unused Capacity Reservations",
    pillar=Pillar.COST,
    about="A reservation of capacity is paid at the on-demand rate whether or not anything runs in it.",
    alert="active, and instances of it are available",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    wants=frozenset({Want.BILL}),
    action=Action.SCALE_IN,
    effort=Effort.VERY_LOW,
    rollback=False,
    fix="aws ec2 modify-capacity-reservation --capacity-reservation-id {id} --instance-count {left} --region {region}",
    examples=Examples(
        Example("three of four unused", given(_held("cr-1", 3), bills={"cr-1": billed("60000")}), ("cr-1",)),
        Example("all used", given(_held("cr-2", 0))),
        Example("not read", given(_held("cr-3", None)), (), ("cr-3",)),
    ),
)
