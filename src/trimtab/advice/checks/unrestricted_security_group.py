"""Security groups that let the whole internet in to other ports."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.checks.open_security_group import RED, world
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import said

_KIND = "ec2:security-group"
_OTHERS = {25, 80, 443, 465, *RED}
"""Ports that may be open, and those that the check of specific ports tells of."""


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    rules = thing.get("IpPermissions")
    if rules is None:
        return Unsure(thing, "its rules were not read")
    wide = [rule for rule in rules if world(rule) and not {rule.get("FromPort"), rule.get("ToPort")} <= _OTHERS]
    if not wide:
        return None
    ranges = ", ".join(f"{one.get('FromPort', 'all')}–{one.get('ToPort', 'all')}" for one in wide)
    return Found(thing, f"everybody may reach ports {ranges}", (said("open ranges", ranges),), 0.8)


def _group(id_: str, port: int) -> Thing:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ["0.0.0.0/0"], "Ipv6Ranges": []}
    return thing(_KIND, id_, IpPermissions=[rule])


CHECK = Check(
    id="1iG5NDGVre",
    name="Security Groups - Unrestricted Access",
    pillar=Pillar.SECURITY,
    about="What is open to the world should be a web or mail server; anything else deserves a narrower source.",
    alert="a rule lets 0.0.0.0/0 or ::/0 in to a port other than 25, 80, 443, 465 and those of the other check",
    source="https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.LOW,
    fix="aws ec2 describe-security-group-rules --filters Name=group-id,Values={id} --region {region}  # then "
    "narrow what is 0.0.0.0/0",
    examples=Examples(
        Example("port 8080", given(_group("sg-1", 8080)), ("sg-1",)),
        Example("port 443", given(_group("sg-2", 443))),
        Example("its rules were not read", given(thing(_KIND, "sg-3")), (), ("sg-3",)),
    ),
)
