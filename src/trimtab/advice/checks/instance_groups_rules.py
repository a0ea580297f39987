"""Instances behind many security group rules in all."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    groups = thing.get("SecurityGroups")
    known = {one.id: one for one in facts.of("ec2:security-group")}
    if groups is None or any(one not in known for one in groups):
        return Unsure(thing, "its security groups were not all read")
    count = sum(
        len(rule.get(key, ()))
        for one in groups
        for rule in known[one].get("IpPermissions", default=[])
        for key in ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs")
    )
    if count <= knobs["rules"]:
        return None
    return Found(thing, f"{count} rules in {len(groups)} groups", (said("rules", count), said("groups", len(groups))))


def _group(id_: str, count: int) -> Thing:
    return thing("ec2:security-group", id_, IpPermissions=[{"IpRanges": [f"10.0.{at}.0/24" for at in range(count)]}])


CHECK = Check(
    id="j3DFqYTe29",
    name="Large Number of EC2 Security Group Rules Applied to an Instance",
    pillar=Pillar.PERFORMANCE,
    about="The rules of all groups of an instance are matched together.",
    alert="more than 50 rules apply to an instance",
    source="https://docs.aws.amazon.com/awssupport/latest/user/performance-checks.html",
    settings=(Setting("rules", 50, "rules", "from which an instance is told", "Trusted Advisor"),),
    judge=each("ec2:instance", _judge),
    kinds=("ec2:instance", "ec2:security-group"),
    effort=Effort.MEDIUM,
    fix="aws ec2 modify-instance-attribute --instance-id {id} --groups FEWER-GROUPS --region {region}",
    examples=Examples(
        Example(
            "two groups of 30",
            given(thing("ec2:instance", "i-1", SecurityGroups=["a", "b"]), _group("a", 30), _group("b", 30)),
            ("i-1",),
        ),
        Example("one group of 30", given(thing("ec2:instance", "i-2", SecurityGroups=["a"]), _group("a", 30))),
        Example("a group was not read", given(thing("ec2:instance", "i-3", SecurityGroups=["x"])), (), ("i-3",)),
    ),
)
