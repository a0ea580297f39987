"""Magnetic volumes with more operations than they can do."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import DAY_S, Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, said

READS = Ask("AWS/EBS", "VolumeReadOps", "VolumeId", "Sum", 14)
WRITES = Ask("AWS/EBS", "VolumeWriteOps", "VolumeId", "Sum", 14)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    kind = thing.get("VolumeType")
    if kind is None:
        return Unsure(thing, "its type was not read")
    if kind != "standard":
        return None
    unsure = lacking(facts, thing, (READS, WRITES), int(knobs["days"]))
    if unsure:
        return unsure
    pairs = zip(facts.measured(READS, thing), facts.measured(WRITES, thing), strict=False)
    rates = [(reads + writes) / DAY_S for reads, writes in pairs]
    busy = sum(rate > knobs["rate"] for rate in rates)
    if busy < knobs["days"]:
        return None
    evidence = (said("operations a second, mean of the busiest day", f"{max(rates):.0f}"), said("days above", busy))
    return Found(thing, f"above {knobs['rate']:g} operations a second on {busy} days", evidence, advised="gp3")


_OLD = thing("ec2:volume", "vol-1", State="in-use", VolumeType="standard", Size=100)
CHECK = Check(
    id="k3J2hns32g",
    name="Overutilized Amazon EBS Magnetic Volumes",
    pillar=Pillar.PERFORMANCE,
    about="A magnetic volume does about 100 operations a second; gp3 does 3,000 for less money.",
    alert="mean above 95 operations a second on 7 of 14 days",
    source="https://docs.aws.amazon.com/awssupport/latest/user/performance-checks.html",
    settings=(
        Setting("rate", 95, "operations a second", "of a day from which it is full", "Trusted Advisor"),
        Setting("days", 7, "days", "of the last 14", "Trusted Advisor"),
    ),
    judge=each("ec2:volume", _judge),
    kinds=("ec2:volume",),
    asks=(READS, WRITES),
    action=Action.UPGRADE,
    effort=Effort.VERY_LOW,
    fix="aws ec2 modify-volume --volume-id {id} --volume-type gp3 --region {region}",
    examples=Examples(
        Example(
            "full for a fortnight",
            given(_OLD, measured={(READS, "vol-1"): [6e6] * 14, (WRITES, "vol-1"): [3e6] * 14}),
            ("vol-1",),
        ),
        Example("hardly used", given(_OLD, measured={(READS, "vol-1"): [6e4] * 14, (WRITES, "vol-1"): [3e4] * 14})),
        Example("no metrics", given(_OLD), (), ("vol-1",)),
    ),
)
