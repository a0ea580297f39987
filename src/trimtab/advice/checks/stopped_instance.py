"""Instances that were stopped long ago and whose volumes are still paid."""

from decimal import Decimal
from typing import Any

from trimtab.advice.cash import month
from trimtab.advice.check import Check, Example, Examples, Found, Knobs, Setting, Unsure, Want, each
from trimtab.advice.examples import ago, billed, given, thing
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Action, Effort, Pillar
from trimtab.advice.judging import age_days, said

_AWS = "https://docs.aws.amazon.com/awssupport/latest/user/cost-optimization-checks.html"


def _judge(thing: Thing, facts: Facts, knobs: Knobs) -> Found | Unsure | None:
    if thing.get("State") != "stopped":
        return None
    since = thing.get("StateTransitionMs")
    if since is None:
        return Unsure(thing, "when it was stopped was not read")
    days = age_days(facts, int(since))
    if days <= knobs["days"]:
        return None
    volumes = thing.get("BlockDeviceMappings", default=[])
    bills = [bill for one in volumes if (bill := facts.bills.get(one))]
    currency = bills[0].currency if bills else "USD"
    months = [month(bill.billed, bill.days) for bill in bills if bill.currency == currency]  # they are never added
    money = sum(months, start=Decimal(0))
    evidence = (said("stopped", f"{days:.0f} days ago"), said("volumes kept", len(volumes)))
    note = f"its {len(volumes)} volumes are billed on" if money else "no line of the bill names its volumes"
    return Found(
        thing,
        f"stopped for {days:.0f} days",
        evidence,
        money=money or None,
        currency=currency,
        money_note=note,
        share=0.0 if money else 1.0,
        advised="an image, then terminated",
    )


def _box(id_: str, **more: Any) -> Thing:
    return thing("ec2:instance", id_, type_="m5.large", State="stopped", BlockDeviceMappings=["vol-7"], **more)


CHECK = Check(
    id="c18d2gz150",
    name="Amazon EC2 Instances Stopped",
    pillar=Pillar.COST,
    about="A stopped instance costs no compute, but its volumes and addresses are paid as ever.",
    alert="stopped for more than 30 days",
    source=_AWS,
    settings=(Setting("days", 30, "days", "after which a stopped instance is told", _AWS),),
    judge=each("ec2:instance", _judge),
    kinds=("ec2:instance",),
    wants=frozenset({Want.BILL}),
    action=Action.DELETE,
    effort=Effort.LOW,
    rollback=False,
    fix="aws ec2 create-image --instance-id {id} --name {name}-archive --region {region} && "
    "aws ec2 terminate-instances --instance-ids {id} --region {region}",
    examples=Examples(
        Example(
            "stopped for 45 days",
            given(_box("i-1", StateTransitionMs=ago(45)), bills={"vol-7": billed("8.00")}),
            ("i-1",),
        ),
        Example("stopped yesterday", given(_box("i-2", StateTransitionMs=ago(1)))),
        Example("not known since when", given(_box("i-3")), (), ("i-3",)),
    ),
)
