"""Snapshots that are old and whose volume is gone."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import ago, billed, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import age_days, said

_KIND = "ec2:snapshot"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    made = thing.get("StartTime")
    if made is None:
        return Unsure(thing, "when it was made was not read")
    days = age_days(facts, int(made))
    used = {one for image in facts.of("ec2:image") for one in image.get("BlockDeviceMappings", default=[])}
    if days <= knobs["days"] or thing.id in used or thing.get("StorageTier") == "archive":
        return None
    volumes = {one.id for one in facts.of("ec2:volume")}
    if thing.get("VolumeId") in volumes:
        return None
    size = said("size", f"{thing.get('VolumeSize', default='?')} GiB")
    text = f"{days:.0f} days old, of a volume that is gone, and of no image"
    return Found(thing, text, (said("age", f"{days:.0f} days"), size), 0.8, share=1.0, advised="deleted or archived")


CHECK = Check(
    id="trimtab-old-snapshot",
    name="Old Snapshots Of Volumes That Are Gone",
    pillar=Pillar.COST,
    about="Snapshots outlive their volumes and are billed for ever; the archive tier keeps them for a quarter.",
    alert="older than 90 days, its volume is gone, and no image is made of it",
    source="https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive.html",
    settings=(
        Setting("days", 90, "days", "after which a snapshot is old", "the archive tier keeps for 90 days at least"),
    ),
    judge=each(_KIND, _judge),
    kinds=(_KIND, "ec2:volume", "ec2:image"),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.VERY_LOW,
    rollback=False,
    fix="aws ec2 modify-snapshot-tier --snapshot-id {id} --storage-tier archive --region {region}",
    examples=Examples(
        Example(
            "half a year old, its volume gone",
            given(
                thing(_KIND, "snap-1", StartTime=ago(180), VolumeId="vol-x", VolumeSize=500),
                bills={"snap-1": billed("25")},
            ),
            ("snap-1",),
        ),
        Example(
            "its volume is there",
            given(thing(_KIND, "snap-2", StartTime=ago(180), VolumeId="vol-1"), thing("ec2:volume", "vol-1")),
        ),
        Example("not known how old", given(thing(_KIND, "snap-3")), (), ("snap-3",)),
    ),
)
