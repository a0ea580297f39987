"""What an hour under a commitment costs, of the on-demand rate: own agreements, the bill, what is published, and last
what is assumed. The first that says anything counts; every answer names its source.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import IntEnum
from importlib import resources
from itertools import product

import numpy as np
from msgspec import Struct

from trimtab.advice.purchases.model import Floats, Holdings, Payment, Plan, PlanKind, UseLine
from trimtab.base.records import replace

EVERY = "*"
"""The family of a share that holds for all families without one of their own."""
SERVICES: dict[PlanKind, frozenset[str]] = {
    PlanKind.EC2_INSTANCE: frozenset({"AmazonEC2"}),
    PlanKind.COMPUTE: frozenset({"AmazonEC2", "AmazonECS", "AmazonEKS", "AWSLambda"}),
    PlanKind.SAGEMAKER: frozenset({"AmazonSageMaker"}),
    PlanKind.DATABASE: frozenset(
        {"AmazonRDS", "AmazonElastiCache", "AmazonDynamoDB", "AmazonDocDB", "AmazonNeptune", "AmazonKeyspaces"}
    ),
}
"""Which services a plan of AWS covers, by the bill's codes."""


class Basis(IntEnum):
    """What a share rests on, the strongest first."""

    OWN = 0
    BILL = 1
    PUBLISHED = 2
    ASSUMED = 3

    @property
    def word(self) -> str:
        """As it is written."""
        return self.name.lower()


class Share(Struct, frozen=True):
    """`share` of the on-demand rate under such a plan, for a family of a service (or EVERY)."""

    kind: PlanKind
    years: int
    payment: Payment
    service: str
    family: str
    share: Decimal
    basis: Basis
    as_of: str
    source: str
    region: str = EVERY


_Key = tuple[PlanKind, int, Payment, str, str, str]


class Rates:
    """The shares that are known."""

    def __init__(self, shares: Iterable[Share]) -> None:
        self._known: dict[_Key, Share] = {}
        for one in sorted(shares, key=lambda one: -one.basis):
            self._known[one.kind, one.years, one.payment, one.service, one.family, one.region] = one

    def all(self) -> list[Share]:
        """Every share, by kind, term, payment, service, family and region."""
        return [self._known[key] for key in sorted(self._known)]

    def share(self, kind: PlanKind, years: int, payment: Payment, line: UseLine) -> Share | None:
        """What holds for a line: of its family, else of all; None where the plan does not cover it or nobody says.

        Of providers whose rates people give, those of its service and region count before those of every.
        """
        if line.provider != kind.provider or line.service not in SERVICES.get(kind, (line.service,)):
            return None
        services, regions = ((line.service,), (EVERY,)) if kind in SERVICES else _wide(line)
        keys = product(services, dict.fromkeys((line.type, line.family, EVERY)), regions)
        found = (self._known.get((kind, years, payment, *key)) for key in keys)
        return min((one for one in found if one is not None), key=lambda one: one.basis, default=None)

    def reserved(self, line: UseLine, years: int, payment: Payment, *, convertible: bool = False) -> Share | None:
        """What reserving a machine like that of a line costs; None where nobody says.

        EC2's reservations have the rates of plans, as AWS prices them: standard ones those of EC2 Instance plans,
        convertible ones those of Compute plans. Other services have rates of their own.
        """
        if line.service == "AmazonEC2":
            return self.share(PlanKind.COMPUTE if convertible else PlanKind.EC2_INSTANCE, years, payment, line)
        return self.share(PlanKind.RESERVED, years, payment, line)

    def shares(self, plan: Plan, lines: Sequence[UseLine]) -> Floats:
        """The shares of a plan for every line; NaN where it does not apply."""
        return np.array([self._of(plan, line) for line in lines], dtype=np.float64)

    def rated(self, held: Holdings, lines: Sequence[UseLine]) -> Holdings:
        """What is held, with what its plans charge of each of `lines`."""
        plans = tuple(replace(one, shares=self.shares(one, lines)) for one in held.plans)
        return Holdings(plans, held.reservations)

    def _of(self, plan: Plan, line: UseLine) -> float:
        bound = plan.kind is PlanKind.EC2_INSTANCE
        if bound and (line.family, line.region) != (plan.family, plan.region):
            return float("nan")
        found = self.share(plan.kind, plan.years, plan.payment, line)
        return float("nan") if found is None else float(found.share)


def _wide(line: UseLine) -> tuple[tuple[str, str], tuple[str, str]]:
    return (line.service, EVERY), (line.region, EVERY)


def published() -> Iterator[Share]:
    """The shares that come with trimtab: published ones with their source, and assumed ones that say so."""
    text = (resources.files("trimtab.advice.purchases") / "data" / "shares.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text)):
        yield Share(
            PlanKind(row["kind"]),
            int(row["years"]),
            Payment(row["payment"]),
            row["service"],
            row["family"],
            Decimal(row["share"]),
            Basis[row["basis"].upper()],
            row["as_of"],
            row["source"],
        )
