"""Security groups with so many rules that they slow the network and can be read by nobody."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said

_KIND = "ec2:security-group"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts
    rules = thing.get("IpPermissions")
    if rules is None:
        return Unsure(thing, "its rules were not read")
    count = sum(len(one.get(key, ())) for one in rules for key in ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs"))
    if count <= knobs["rules"]:
        return None
    return Found(thing, f"{count} rules", (said("rules", count),), current=f"{count} rules", advised="prefix lists")


def _group(id_: str, count: int) -> Thing:
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [f"10.0.{at}.0/24" for at in range(count)]}
    return thing(_KIND, id_, IpPermissions=[rule])


CHECK = Check(
    id="tfg86AVHAZ",
    name="Large Number of Rules in an EC2 Security Group",
    pillar=Pillar.PERFORMANCE,
    about="Every packet's connection is matched against the rules; long lists cost time and hide what is open.",
    alert="more than 50 rules",
    source="https://docs.aws.amazon.com/awssupport/latest/user/performance-checks.html",
    settings=(Setting("rules", 50, "rules", "from which a group is told", "Trusted Advisor"),),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.MEDIUM,
    fix="aws ec2 create-managed-prefix-list --prefix-list-name {id}-sources --address-family IPv4 "
    "--max-entries 100 --region {region}",
    examples=Examples(
        Example("60 rules", given(_group("sg-1", 60)), ("sg-1",)),
        Example("3 rules", given(_group("sg-2", 3))),
        Example("its rules were not read", given(thing(_KIND, "sg-3")), (), ("sg-3",)),
    ),
)
