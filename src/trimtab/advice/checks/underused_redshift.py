"""Warehouses that nobody connects to, or that hardly work."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import HOUR_S, Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, measured

CONNECTIONS = Ask("AWS/Redshift", "DatabaseConnections", "ClusterIdentifier", "Maximum", 7)
CPU = Ask("AWS/Redshift", "CPUUtilization", "ClusterIdentifier", "Average", 7, HOUR_S)
_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("ClusterStatus", default="available") != "available":
        return None
    days = int(knobs["days"])
    unsure = lacking(facts, thing, (CONNECTIONS,), days) or lacking(facts, thing, (CPU,), days * 23)
    if unsure:
        return unsure
    connections, cpu = facts.measured(CONNECTIONS, thing).values, sorted(facts.measured(CPU, thing).values)
    evidence = (measured(CONNECTIONS, thing, connections), measured(CPU, thing, cpu, " %"))
    if max(connections) == 0:
        return Found(thing, f"no connection for {days} days", evidence, share=1.0, advised="paused")
    low = sum(one < knobs["cpu"] for one in cpu) / len(cpu)
    if low < knobs["share"] / 100:
        return None
    return Found(
        thing,
        f"below {knobs['cpu']:g} % CPU for {low:.0%} of {days} days",
        evidence,
        0.7,
        share=0.5,
        advised="fewer nodes",
    )


_WH = thing("redshift:cluster", "wh", type_="ra3.xlplus", ClusterStatus="available")
_HOURS = 7 * 24
CHECK = Check(
    id="G31sQ1E9U",
    name="Underutilized Amazon Redshift Clusters",
    pillar=Pillar.COST,
    about="A warehouse is paid by node and hour; one that nobody asks can be paused.",
    alert="no connection in 7 days, or below 5 % CPU for 99 % of 7 days",
    source=_AWS,
    settings=(
        Setting("days", 7, "days", "looked at", _AWS),
        Setting("cpu", 5, "%", "CPU below which an hour counts as low", _AWS),
        Setting("share", 99, "%", "of the hours that must be low", _AWS),
    ),
    judge=each("redshift:cluster", _judge),
    kinds=("redshift:cluster",),
    asks=(CONNECTIONS, CPU),
    wants=frozenset({Want.BILL}),
    action=Action.STOP,
    effort=Effort.MEDIUM,
    restart=True,
    fix="aws redshift pause-cluster --cluster-identifier {id} --region {region}",
    examples=Examples(
        Example(
            "nobody connects",
            given(
                _WH, measured={(CONNECTIONS, "wh"): [0] * 7, (CPU, "wh"): [1] * _HOURS}, bills={"wh": billed("781.92")}
            ),
            ("wh",),
        ),
        Example(
            "used in working hours",
            given(_WH, measured={(CONNECTIONS, "wh"): [9] * 7, (CPU, "wh"): ([2] * 16 + [40] * 8) * 7}),
        ),
        Example("no metrics", given(_WH), (), ("wh",)),
    ),
)
