"""Commitments that are paid and not used up, beside usage on demand that they could cover."""

from collections.abc import Iterator
from decimal import Decimal

from trimtab.advice.cash import month
from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import given
from trimtab.advice.facts import BILL_DAYS, Commitment, Facts, Thing
from trimtab.advice.finding import Action, Effort, Evidence, Pillar
from trimtab.base.coins import coins, money


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for one in facts.commitments:
        subject = _thing(one)
        if not one.total:
            yield Unsure(subject, "the bill has no committed amount of it")
            continue
        unused = one.total - one.used
        if unused / one.total < Decimal(str(knobs["unused"])) / 100:
            yield Fine(subject)
            continue
        beside = facts.on_demand.get((one.currency, ""), Decimal(0))
        evidence = (
            Evidence(
                "unused",
                f"{coins(unused, one.currency)} of {money(one.total, one.currency)} in {BILL_DAYS} days",
                "/costs?by=commitment",
            ),
            Evidence("on demand beside it", money(beside, one.currency), "/costs?by=purchase"),
        )
        saved = month(min(unused, beside), BILL_DAYS)
        text = f"{unused / one.total:.0%} of it is paid and not used" + (", beside usage on demand" if beside else "")
        note = "usage that moves to where the commitment holds costs nothing more, up to what is unused"
        yield Found(
            subject, text, evidence, 0.7 if beside else 0.5, money=saved, currency=one.currency, money_note=note
        )


def _thing(one: Commitment) -> Thing:
    kind = "savingsplans:savingsplan" if "Plan" in one.type else "ec2:reserved-instances"
    return Thing(f"aws/{one.account}/global/{kind}/{one.id}", kind, one.id, one.id, one.type, one.account, "global")


_SP = Commitment("sp-1", "Savings Plan", Decimal(720), Decimal(400))
CHECK = Check(
    id="trimtab-on-demand-beside-idle-commitment",
    name="On-demand Usage Beside an Idle Commitment",
    pillar=Pillar.COST,
    about="A commitment that is not used up in an hour is lost for that hour, while usage of another family, region or "
    "account is billed on demand.",
    alert="more than 5 % of a commitment went unused in 30 days",
    source="https://docs.aws.amazon.com/savingsplans/latest/userguide/sp-applying.html",
    settings=(
        Setting(
            "unused", 5, "%", "of a commitment from which it is told", "AWS's own utilisation alerts start at 95 %"
        ),
    ),
    judge=_judge,
    wants=frozenset({Want.BILL, Want.COMMITMENTS}),
    action=Action.RIGHTSIZE,
    effort=Effort.MEDIUM,
    fix="move usage that runs on demand to what {name} covers (family, region, account; share it in the "
    "organisation), or let it end",
    examples=Examples(
        Example(
            "320 of 720 unused, 200 on demand",
            given(commitments=(_SP,), on_demand={("USD", ""): Decimal(200)}),
            ("sp-1",),
            cash=Decimal("202.78"),
        ),
        Example("used up", given(commitments=(Commitment("sp-2", "Savings Plan", Decimal(720), Decimal(718)),))),
        Example(
            "no committed amount",
            given(commitments=(Commitment("sp-3", "Savings Plan", Decimal(0), Decimal(0)),)),
            (),
            ("sp-3",),
        ),
    ),
)
