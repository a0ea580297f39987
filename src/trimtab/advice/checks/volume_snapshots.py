"""Volumes in use of which there is no recent snapshot."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import ago, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import age_days, said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("State") == "available":
        return None
    made = [int(one.get("StartTime", default=0)) for one in facts.of("ec2:snapshot") if one.get("VolumeId") == thing.id]
    if not made and "ec2:snapshot" not in facts.read:
        return Unsure(thing, "snapshots were not read")
    days = age_days(facts, max(made)) if made else None
    if days is not None and days <= knobs["yellow"]:
        return None
    status = Status.ERROR if days is None or days > knobs["red"] else Status.WARNING
    text = "there is no snapshot of it" if days is None else f"its newest snapshot is {days:.0f} days old"
    return Found(thing, text, (said("snapshots", len(made)),), 0.7, status)


_DISK = thing("ec2:volume", "vol-1", State="in-use", Size=100)
_READ = frozenset({"ec2:snapshot"})
CHECK = Check(
    id="H7IgTzjTYb",
    name="Amazon EBS Snapshots",
    pillar=Pillar.FAULT_TOLERANCE,
    about="A volume lives in one zone and can fail; a snapshot is kept in several.",
    alert="yellow: the newest snapshot is older than 7 days; red: older than 30 days, or there is none",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    settings=(
        Setting("yellow", 7, "days", "age from which it is a warning", "Trusted Advisor"),
        Setting("red", 30, "days", "age from which it is red", "Trusted Advisor"),
    ),
    judge=each("ec2:volume", _judge),
    kinds=("ec2:volume", "ec2:snapshot"),
    effort=Effort.VERY_LOW,
    fix="aws ec2 create-snapshot --volume-id {id} --region {region}",
    examples=Examples(
        Example("none", given(_DISK, read=_READ), ("vol-1",)),
        Example("yesterday's", given(_DISK, thing("ec2:snapshot", "s-1", VolumeId="vol-1", StartTime=ago(1)))),
        Example("snapshots were not read", given(_DISK), (), ("vol-1",)),
    ),
)
