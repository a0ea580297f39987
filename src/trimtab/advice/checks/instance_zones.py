"""Instances of one owner that all stand in one zone."""

from collections import Counter
from collections.abc import Iterator

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure
from trimtab.advice.examples import REGION, given, known, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    groups: dict[tuple[str, str], list[Thing]] = {}
    for one in facts.of("ec2:instance"):
        if one.get("State") == "running":
            groups.setdefault((one.account, one.region), []).append(one)
    for (account, region), things in sorted(groups.items()):
        subject = Thing(f"aws/{account}/{region}/region/{region}", "region", region, region, "", account, region)
        zones = Counter(one.get("Placement", "AvailabilityZone") for one in things)
        if zones[None]:
            yield Unsure(subject, f"the zone of {zones[None]} instances was not read")
            continue
        most, count = zones.most_common(1)[0]
        if len(things) < knobs["instances"] or count / len(things) <= knobs["share"] / 100:
            yield Fine(subject)
            continue
        evidence = tuple(said(str(zone), number) for zone, number in sorted(zones.items()))
        yield Found(subject, f"{count} of {len(things)} instances stand in {most}", evidence, 0.6)


def _box(id_: str, zone: str) -> Thing:
    return thing("ec2:instance", id_, State="running", **known(Placement={"AvailabilityZone": zone} if zone else None))


CHECK = Check(
    id="wuy7G1zxql",
    name="Amazon EC2 Availability Zone Balance",
    pillar=Pillar.FAULT_TOLERANCE,
    about="What stands in one zone ends with it. Training wants one zone; serving wants two.",
    alert="four instances or more run in a region, and more than 80 % of them in one zone",
    source="https://docs.aws.amazon.com/awssupport/latest/user/fault-tolerance-checks.html",
    settings=(
        Setting("instances", 4, "instances", "of a region from which balance can be asked for", "fewer are a pair"),
        Setting("share", 80, "%", "in one zone from which it is told", "Trusted Advisor: a difference above 20 %"),
    ),
    judge=_judge,
    kinds=("ec2:instance",),
    effort=Effort.MEDIUM,
    fix="start further instances of {region} in another zone: --placement AvailabilityZone=ZONE, or more "
    "subnets of the group",
    examples=Examples(
        Example("five in one zone", given(*(_box(f"i-{at}", "us-east-1a") for at in range(5))), (REGION,)),
        Example("three and two", given(*(_box(f"i-{at}", f"us-east-1{'ab'[at % 2]}") for at in range(5)))),
        Example("their zones were not read", given(*(_box(f"i-{at}", "") for at in range(5))), (), (REGION,)),
    ),
)
