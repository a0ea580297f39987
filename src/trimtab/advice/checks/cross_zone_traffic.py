"""Resources that pay for data between zones."""

from collections.abc import Iterator
from decimal import Decimal

from trimtab.advice import links
from trimtab.advice.cash import month
from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Bill, Facts
from trimtab.advice.finding import Effort, Evidence, Pillar
from trimtab.base.coins import money

_KINDS = ("ec2:instance", "elasticloadbalancing:loadbalancer", "rds:db", "elasticache:cluster")


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    for kind in _KINDS:
        for one in facts.of(kind):
            if not facts.billed:
                yield Unsure(one, "no bill was imported: transfer between zones is in the bill only")
                continue
            paid = facts.transfers.get(one.id)
            if paid is None or paid.billed < Decimal(str(knobs["money"])):
                yield Fine(one)
                continue
            amount = f"{money(paid.billed, paid.currency)} in {paid.days} days"
            yield Found(
                one,
                f"{amount} for data between zones",
                (Evidence("transfer between zones", amount, links.bill(one)),),
                0.6,
                money=month(paid.billed, paid.days),
                currency=paid.currency,
                money_note="what the bill has of it; keeping both ends in one zone ends it",
                advised="one zone",
            )


_BOX = thing("ec2:instance", "i-1", type_="c5.4xlarge")
CHECK = Check(
    id="trimtab-cross-az-traffic",
    name="Traffic Between Availability Zones",
    pillar=Pillar.COST,
    about="Data between zones is billed in both directions; training and sharded serving across zones pay at "
    "every step.",
    alert="more than 10 of it, in the bill's currency, in 30 days",
    source="https://aws.amazon.com/ec2/pricing/on-demand/",
    settings=(
        Setting(
            "money", 10, "of the bill's currency", "in 30 days from which it is told", "below it a move costs more"
        ),
    ),
    judge=_judge,
    kinds=_KINDS,
    wants=frozenset({Want.BILL, Want.TRANSFERS}),
    effort=Effort.HIGH,
    fix="put both ends in one zone: a placement group for training, zone-aware routing or zonal endpoints for serving",
    examples=Examples(
        Example("120 USD of it", given(_BOX, transfers={"i-1": Bill(Decimal(120))}, billed=True), ("i-1",)),
        Example("2 USD of it", given(_BOX, transfers={"i-1": Bill(Decimal(2))}, billed=True)),
        Example("no bill", given(_BOX), (), ("i-1",)),
    ),
)
