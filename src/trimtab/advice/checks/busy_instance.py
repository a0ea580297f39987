"""Instances that are busy day after day."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, each
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Effort, Pillar
from trimtab.advice.judging import lacking, measured, said

CPU = Ask("AWS/EC2", "CPUUtilization", "InstanceId")


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("State") != "running":
        return None
    unsure = lacking(facts, thing, (CPU,), int(knobs["days"]))
    if unsure:
        return unsure
    values = facts.measured(CPU, thing)
    high = [one for one in values if one > knobs["cpu"]]
    if len(high) < knobs["days"]:
        return None
    evidence = (measured(CPU, thing, values.values, " %"), said("days above it", f"{len(high)} of {len(values)}"))
    return Found(
        thing,
        f"above {knobs['cpu']:g} % CPU on {len(high)} of {len(values)} days",
        evidence,
        advised="larger or more of it",
    )


_BOX = thing("ec2:instance", "i-1", type_="c5.xlarge", State="running")
CHECK = Check(
    id="ZRxQlPsb6c",
    name="High Utilization Amazon EC2 Instances",
    pillar=Pillar.PERFORMANCE,
    about="An instance without headroom answers late at its peaks.",
    alert="mean CPU above 90 % on at least 4 of the last 14 days",
    source="https://docs.aws.amazon.com/awssupport/latest/user/performance-checks.html",
    settings=(
        Setting("cpu", 90, "%", "mean CPU of a day from which it counts as busy", "Trusted Advisor"),
        Setting("days", 4, "days", "busy days of the last 14", "Trusted Advisor"),
    ),
    judge=each("ec2:instance", _judge),
    kinds=("ec2:instance",),
    asks=(CPU,),
    effort=Effort.MEDIUM,
    restart=True,
    fix="trimtab advice list --kind ec2:instance  # right-sizing names a type; stop, "
    "modify-instance-attribute --instance-id {id}, start",
    examples=Examples(
        Example("busy for a week", given(_BOX, measured={(CPU, "i-1"): [50] * 7 + [96] * 7}), ("i-1",)),
        Example("busy on one day", given(_BOX, measured={(CPU, "i-1"): [50] * 13 + [96]})),
        Example("two days of metrics", given(_BOX, measured={(CPU, "i-1"): [96] * 2}), (), ("i-1",)),
    ),
)
