"""Volumes attached to nothing, or that nobody reads or writes."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import ago, billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import age_days, lacking, newest, said

READS = Ask("AWS/EBS", "VolumeReadOps", "VolumeId", "Sum", 7)
WRITES = Ask("AWS/EBS", "VolumeWriteOps", "VolumeId", "Sum", 7)
_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    state = thing.get("State")
    if state is None:
        return Unsure(thing, "State of it was not read")
    size = said("size", f"{thing.get('Size', default='?')} GiB {thing.get('VolumeType', default='')}".strip())
    if state == "available":
        old = age_days(facts, int(thing.get("CreateTime", default=0)))
        if old < 1:
            return None  # made today: whoever made it may be about to attach it
        return Found(thing, "attached to nothing", (said("state", state), size), share=1.0, advised="deleted")
    days = int(knobs["days"])
    unsure = lacking(facts, thing, (READS, WRITES), days)
    if unsure:
        return unsure
    ops = [
        sum(pair)
        for pair in zip(
            newest(facts.measured(READS, thing), days), newest(facts.measured(WRITES, thing), days), strict=True
        )
    ]
    if max(ops) >= knobs["operations"]:
        return None
    evidence = (said("operations a day, most", f"{max(ops):g}"), size)
    return Found(
        thing,
        f"less than {knobs['operations']:g} operation a day for {days} days",
        evidence,
        0.9,
        share=1.0,
        advised="deleted",
    )


_FREE = thing("ec2:volume", "vol-1", type_="gp3", State="available", Size=100, VolumeType="gp3", CreateTime=ago(30))
_USED = thing("ec2:volume", "vol-2", type_="gp3", State="in-use", Size=100, VolumeType="gp3", CreateTime=ago(30))
CHECK = Check(
    id="DAvU99Dc4C",
    name="Underutilized Amazon EBS Volumes",
    pillar=Pillar.COST,
    about="A volume is paid by its size, attached or not. A snapshot of it keeps the data for less.",
    alert="unattached for a day, or fewer than 1 operation a day for 7 days",
    source=_AWS,
    settings=(
        Setting("operations", 1, "operations a day", "from which it is in use", _AWS),
        Setting("days", 7, "days", "that it must have been idle", _AWS),
    ),
    judge=each("ec2:volume", _judge),
    kinds=("ec2:volume",),
    asks=(READS, WRITES),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.LOW,
    rollback=False,
    fix="aws ec2 create-snapshot --volume-id {id} --region {region} && "
    "aws ec2 delete-volume --volume-id {id} --region {region}",
    examples=Examples(
        Example("attached to nothing for a month", given(_FREE, bills={"vol-1": billed("7.89")}), ("vol-1",)),
        Example("written every day", given(_USED, measured={(READS, "vol-2"): [9] * 7, (WRITES, "vol-2"): [500] * 7})),
        Example("attached, and without metrics", given(_USED), (), ("vol-2",)),
    ),
)
