"""Savings Plans that can be bought: every kind, term and payment, of EC2 Instance plans every family and region.

Their ids are made of what they are, so that they are the same in every installation. A rate is the on-demand price of
the catalogue times the share of `rates.py`.
"""

import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.advice.purchases.lines import family_of
from trimtab.advice.purchases.model import Payment, PlanKind, UseLine
from trimtab.advice.purchases.rates import Rates
from trimtab.inventory.catalog.book import Catalog

_SPACE = uuid.UUID("6f0c1b52-3e0e-5d7e-9a55-7a2f3d1c9b10")
_PLACES = 10


class Offering(Struct, frozen=True):
    """A Savings Plan on offer."""

    kind: PlanKind
    years: int
    payment: Payment
    family: str = ""
    region: str = ""

    @property
    def id(self) -> str:
        """Its id."""
        return str(uuid.uuid5(_SPACE, f"{self.kind}/{self.years}/{self.payment}/{self.family}/{self.region}"))

    @property
    def description(self) -> str:
        """As AWS words it."""
        what = {
            PlanKind.COMPUTE: "Compute Savings Plan",
            PlanKind.SAGEMAKER: "SageMaker Savings Plan",
            PlanKind.DATABASE: "Database Savings Plan",
        }.get(self.kind, f"{self.family} EC2 Instance Savings Plan in {self.region}")
        return f"{self.years} year {self.payment.replace('_', ' ').title()} {what}"


class OfferedRate(Struct, frozen=True):
    """What an hour of a type costs under an offering."""

    offering: Offering
    type: str
    family: str
    region: str
    service: str
    rate: Decimal


def offerings(catalog: Catalog) -> Iterator[Offering]:
    """All of them, in a fixed order."""
    terms = [(years, payment) for years in (1, 3) for payment in Payment]
    for kind in (PlanKind.COMPUTE, PlanKind.SAGEMAKER):
        for years, payment in terms:
            yield Offering(kind, years, payment)
    yield Offering(PlanKind.DATABASE, 1, Payment.NO_UPFRONT)
    for family, region in sorted(_families(catalog)):
        for years, payment in terms:
            yield Offering(PlanKind.EC2_INSTANCE, years, payment, family, region)


def _families(catalog: Catalog) -> set[tuple[str, str]]:
    prices = (one for several in catalog.prices.values() for one in several)
    return {(family_of(one.type), one.region) for one in prices if one.purchase == "on-demand"}


def by_id(catalog: Catalog, id_: str) -> Offering | None:
    """The offering of an id."""
    return next((one for one in offerings(catalog) if one.id == id_), None)


def rates_of(catalog: Catalog, rates: Rates, chosen: Sequence[Offering], now_ms: int) -> Iterator[OfferedRate]:
    """The rates of offerings, for every instance type whose price is known."""
    lines = []
    for name in sorted(catalog.prices):
        for region in sorted({one.region for one in catalog.prices[name]}):
            price = catalog.price(name, now_ms, region)
            if price is not None:
                service = "AmazonSageMaker" if name.startswith("ml.") else "AmazonEC2"
                lines.append(UseLine("", service, region, name, price.per_hour, family=family_of(name)))
    for one in chosen:
        for line in lines:
            bound = one.kind is PlanKind.EC2_INSTANCE
            if bound and (line.family, line.region) != (one.family, one.region):
                continue
            share = rates.share(one.kind, one.years, one.payment, line)
            if share is not None:
                rate = round(line.on_demand * share.share, _PLACES)
                yield OfferedRate(one, line.type, line.family, line.region, line.service, rate)
