"""Log groups that are kept for ever."""

from typing import Any

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import ago, billed, given, known, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import age_days, said

_KIND = "logs:log-group"
_GB = 1_000_000_000


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("retentionInDays"):
        return None
    stored, made = thing.get("storedBytes"), thing.get("creationTime")
    if stored is None or made is None:
        return Unsure(thing, "how much it stores was not read")
    days = age_days(facts, int(made))
    if stored < knobs["bytes"] * _GB or days < knobs["keep"]:
        return None
    share = 1 - knobs["keep"] / days
    evidence = (said("stored", f"{stored / _GB:,.1f} GB"), said("age", f"{days:.0f} days"))
    return Found(
        thing,
        f"{stored / _GB:,.1f} GB are kept for ever",
        evidence,
        0.7,
        share=share,
        advised=f"{knobs['keep']:g} days",
    )


def _group(id_: str, stored: float | None, **more: Any) -> Thing:
    return thing(_KIND, id_, **known(storedBytes=stored), creationTime=ago(360), **more)


CHECK = Check(
    id="trimtab-log-group-without-retention",
    name="Log Groups Without Retention",
    pillar=Pillar.COST,
    about="A log group keeps everything for ever unless it is told otherwise, and is billed for it every month.",
    alert="no retention, 1 GB or more stored, and older than 90 days",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    settings=(
        Setting("bytes", 1, "GB", "stored from which it is told", "3 cents a month"),
        Setting("keep", 90, "days", "proposed retention", "a quarter, the longest look-back of our reports of logs"),
    ),
    judge=each(_KIND, _judge),
    kinds=(_KIND,),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.VERY_LOW,
    rollback=False,
    fix="aws logs put-retention-policy --log-group-name {name} --retention-in-days 90 --region {region}",
    examples=Examples(
        Example(
            "40 GB for ever",
            given(_group("/aws/sagemaker/train", 40e9), bills={"/aws/sagemaker/train": billed("1.20")}),
            ("/aws/sagemaker/train",),
        ),
        Example("kept for 30 days", given(_group("/app", 40e9, retentionInDays=30))),
        Example("its size was not read", given(_group("/x", None)), (), ("/x",)),
    ),
)
