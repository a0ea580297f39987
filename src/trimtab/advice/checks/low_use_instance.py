"""Instances that hardly compute and hardly talk."""

from trimtab.advice import links
from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Evidence, Pillar
from trimtab.advice.judging import lacking, measured

CPU = Ask("AWS/EC2", "CPUUtilization", "InstanceId")
SENT = Ask("AWS/EC2", "NetworkOut", "InstanceId", "Sum")
GOT = Ask("AWS/EC2", "NetworkIn", "InstanceId", "Sum")
_MIB = 1 << 20
_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("State") != "running":
        return None
    unsure = lacking(facts, thing, (CPU, SENT, GOT), int(knobs["least_days"]))
    if unsure:
        return unsure
    sent, got = (
        dict(zip(one.times, one, strict=True)) for one in (facts.measured(SENT, thing), facts.measured(GOT, thing))
    )
    cpu = facts.measured(CPU, thing)
    low = [
        day
        for day, share in zip(cpu.times, cpu, strict=True)
        if share <= knobs["cpu"] and (sent.get(day, 0.0) + got.get(day, 0.0)) <= knobs["network"] * _MIB
    ]
    if len(low) < knobs["days"]:
        return None
    evidence = (
        Evidence("days of low use", f"{len(low)} of {len(cpu)}", links.metric(CPU, thing)),
        measured(CPU, thing, cpu.values, " %"),
        measured(SENT, thing, facts.measured(SENT, thing).values, " B"),
    )
    confidence = min(1.0, 0.5 + 0.5 * len(low) / len(cpu))
    return Found(thing, f"low use on {len(low)} of {len(cpu)} days", evidence, confidence, share=1.0, advised="stopped")


_BOX = thing("ec2:instance", "i-0a1", type_="m5.large", State="running")


def _days(cpu: float, network: float, days: int = 14) -> dict[tuple[Ask, str], list[float]]:
    return {(CPU, "i-0a1"): [cpu] * days, (SENT, "i-0a1"): [network] * days, (GOT, "i-0a1"): [network] * days}


CHECK = Check(
    id="Qch7DwouX1",
    name="Low Utilization Amazon EC2 Instances",
    pillar=Pillar.COST,
    about="An instance that ran at low CPU and moved hardly any data on most days is paid for and not used.",
    alert="running, and on at least 4 of the last 14 days CPU was at most 10 % and network at most 5 MB",
    source=_AWS,
    settings=(
        Setting("cpu", 10, "%", "mean CPU of a day up to which it counts as low", _AWS),
        Setting("network", 5, "MiB a day", "traffic in and out of a day up to which it counts as low", _AWS),
        Setting("days", 4, "days", "low days of the last 14 from which it is told", _AWS),
        Setting(
            "least_days", 4, "days", "days of metrics that are needed: what a finding takes at least", "4 of 14 days"
        ),
    ),
    judge=each("ec2:instance", _judge),
    kinds=("ec2:instance",),
    asks=(CPU, SENT, GOT),
    wants=frozenset({Want.BILL}),
    action=Action.STOP,
    effort=Effort.MEDIUM,
    restart=True,
    fix="aws ec2 stop-instances --instance-ids {id} --region {region}",
    examples=Examples(
        Example(
            "2 % CPU and 1 MiB a day for two weeks",
            given(_BOX, measured=_days(2, _MIB / 2), bills={"i-0a1": billed("69.12")}),
            ("i-0a1",),
        ),
        Example("40 % CPU", given(_BOX, measured=_days(40, _MIB / 2)), ()),
        Example("started the day before yesterday", given(_BOX, measured=_days(2, _MIB / 2, 2)), (), ("i-0a1",)),
    ),
)
