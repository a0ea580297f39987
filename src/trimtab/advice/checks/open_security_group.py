"""Security groups that let the whole internet in to ports that are not for it."""

from typing import Any

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Effort, Pillar, Status
from trimtab.advice.judging import said

_KIND = "ec2:security-group"
RED = (20, 21, 22, 1433, 1434, 3306, 3389, 4333, 5432, 5500, 5601, 6379, 8888, 9200, 11211, 27017)
"""Trusted Advisor's red ports, and those of notebooks, search and caches, which have no password of their own."""


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    del facts, knobs
    rules = thing.get("IpPermissions")
    if rules is None:
        return Unsure(thing, "its rules were not read")
    open_ = sorted({port for rule in rules if world(rule) for port in RED if _covers(rule, port)})
    if not open_:
        return None
    ports = ", ".join(map(str, open_))
    return Found(
        thing,
        f"everybody may reach port {ports}",
        (said("open to 0.0.0.0/0 or ::/0", ports),),
        words={"port": str(open_[0])},
    )


def world(rule: dict[str, Any]) -> bool:
    """Whether a rule lets every address in."""
    return "0.0.0.0/0" in rule.get("IpRanges", ()) or "::/0" in rule.get("Ipv6Ranges", ())


def _covers(rule: dict[str, Any], port: int) -> bool:
    if rule.get("IpProtocol") == "-1":
        return True
    low, high = rule.get("FromPort"), rule.get("ToPort")
    return rule.get("IpProtocol") in ("tcp", "6") and low is not None and high is not None and low <= port <= high


def _rule(port: int, cidr: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [cidr], "Ipv6Ranges": []}


CHECK = Check(
    id="HCP4007jGY",
    name="Security Groups - Specific Ports Unrestricted",
    pillar=Pillar.SECURITY,
    about="Ports of remote shells, databases, caches and notebooks that everybody may reach are found within minutes.",
    alert="a rule lets 0.0.0.0/0 or ::/0 in to one of these ports",
    source="https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html",
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    effort=Effort.VERY_LOW,
    status=Status.ERROR,
    fix="aws ec2 revoke-security-group-ingress --group-id {id} --protocol tcp --port {port} --cidr 0.0.0.0/0 "
    "--region {region}",
    examples=Examples(
        Example(
            "notebooks for everybody", given(thing(_KIND, "sg-1", IpPermissions=[_rule(8888, "0.0.0.0/0")])), ("sg-1",)
        ),
        Example(
            "HTTPS for everybody, SSH for the office",
            given(thing(_KIND, "sg-2", IpPermissions=[_rule(443, "0.0.0.0/0"), _rule(22, "192.0.2.0/24")])),
        ),
        Example("its rules were not read", given(thing(_KIND, "sg-3")), (), ("sg-3",)),
    ),
)
