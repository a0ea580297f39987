"""Tables with more provisioned capacity than anybody uses."""

from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import billed, given, thing
from trimtab.advice.facts import DAY_S, Ask, Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import lacking, measured, said

READ = Ask("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", "Sum", 14)
WRITE = Ask("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "Sum", 14)


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    mode = thing.get("BillingMode")
    if mode is None:
        return Unsure(thing, "its billing mode was not read")
    if mode != "PROVISIONED":
        return None
    unsure = lacking(facts, thing, (READ, WRITE), int(knobs["days"]))
    if unsure:
        return unsure
    units = float(thing.get("ReadCapacityUnits", default=0)) + float(thing.get("WriteCapacityUnits", default=0))
    used = (max(facts.measured(READ, thing)) + max(facts.measured(WRITE, thing))) / DAY_S
    if not units or used / units >= knobs["used"] / 100:
        return None
    evidence = (measured(READ, thing, facts.measured(READ, thing).values), said("provisioned units", f"{units:g}"))
    text = f"at most {used / units:.0%} of its provisioned capacity is used"
    return Found(thing, text, evidence, 0.7, share=max(0.0, 1 - used / units / 0.15), advised="on demand")


def _table(id_: str) -> Thing:
    return thing("dynamodb:table", id_, BillingMode="PROVISIONED", ReadCapacityUnits=100, WriteCapacityUnits=100)


CHECK = Check(
    id="trimtab-idle-table",
    name="DynamoDB Tables With Idle Capacity",
    pillar=Pillar.COST,
    about="Provisioned capacity is paid by the hour; on demand is paid by the request, at about seven times the unit.",
    alert="provisioned, and on every day of a week less than 10 % of it was used",
    source="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CostOptimization_TableCapacityMode.html",
    settings=(
        Setting("days", 7, "days", "of metrics that are needed", "a week's rhythm"),
        Setting("used", 10, "%", "of the capacity below which on demand is cheaper", "on demand breaks even near 14 %"),
    ),
    judge=each("dynamodb:table", _judge),
    kinds=("dynamodb:table",),
    asks=(READ, WRITE),
    wants=frozenset({Want.BILL}),
    action=Action.RIGHTSIZE,
    effort=Effort.VERY_LOW,
    fix="aws dynamodb update-table --table-name {id} --billing-mode PAY_PER_REQUEST --region {region}",
    examples=Examples(
        Example(
            "2 of 200 units",
            given(
                _table("features"),
                measured={(READ, "features"): [DAY_S] * 7, (WRITE, "features"): [DAY_S] * 7},
                bills={"features": billed("58")},
            ),
            ("features",),
        ),
        Example(
            "150 of 200 units",
            given(
                _table("features"),
                measured={(READ, "features"): [75 * DAY_S] * 7, (WRITE, "features"): [75 * DAY_S] * 7},
            ),
        ),
        Example("no metrics", given(_table("features")), (), ("features",)),
    ),
)
