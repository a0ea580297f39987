"""Words of the live estimate: the lines of a bill that is not there yet, what each rests on, and how wrong it was.

A *line* is what the bill would group: dimensions, tags and currency. Days are whole UTC days; amounts are rounded to
six digits, as more would say more than is known.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.costs.model import CostCategory, Dimension, Facet, Metric, Tag
from trimtab.inventory.tag_keys import value_of

Floats = npt.NDArray[np.float64]

DIMENSIONS = (
    Dimension.PROVIDER,
    Dimension.PAYER_ACCOUNT,
    Dimension.LINKED_ACCOUNT,
    Dimension.LINKED_ACCOUNT_NAME,
    Dimension.BILLING_ENTITY,
    Dimension.LEGAL_ENTITY_NAME,
    Dimension.CHARGE_CATEGORY,
    Dimension.RECORD_TYPE,
    Dimension.SERVICE,
    Dimension.SERVICE_CODE,
    Dimension.USAGE_TYPE,
    Dimension.OPERATION,
    Dimension.REGION,
    Dimension.AZ,
    Dimension.INSTANCE_TYPE,
    Dimension.INSTANCE_TYPE_FAMILY,
    Dimension.PRODUCT_FAMILY,
    Dimension.PURCHASE_TYPE,
    Dimension.RESERVATION_ID,
    Dimension.SAVINGS_PLAN_ARN,
    Dimension.TENANCY,
    Dimension.OPERATING_SYSTEM,
    Dimension.DATABASE_ENGINE,
    Dimension.USAGE_UNIT,
    Dimension.SKU,
    Dimension.RESOURCE_ID,
)
"""What is known of a line, beside its currency: nearly everything that budgets filter by. The resource is last."""
RESOURCE, UNIT = len(DIMENSIONS) - 1, DIMENSIONS.index(Dimension.USAGE_UNIT)
RECORD, SERVICE = DIMENSIONS.index(Dimension.RECORD_TYPE), DIMENSIONS.index(Dimension.SERVICE)
_PLACES = {one: at for at, one in enumerate(DIMENSIONS)}
KNOWN = frozenset({*DIMENSIONS, Dimension.CURRENCY})
"""The dimensions by which lines that are not billed yet can be told apart."""
CATEGORY = DIMENSIONS.index(Dimension.CHARGE_CATEGORY)
USAGE_TYPE, SKU = DIMENSIONS.index(Dimension.USAGE_TYPE), DIMENSIONS.index(Dimension.SKU)
METRICS = (Metric.USAGE, Metric.EFFECTIVE, Metric.BILLED)
"""What is read of the past and estimated: the quantity, the amortised cost and the cost as charged."""


class Basis(IntEnum):
    """What an amount rests on, the surest first."""

    METERED = 0
    """Hours in which the machine was seen to run × what its last billed hours cost."""
    USED = 1
    """Tokens or requests that were counted × what the last billed ones cost."""
    CARRIED = 2
    """No meter: what the last billed days cost, carried on by the way that was nearest before."""
    LISTED = 3
    """New since the bill: hours seen × the catalogue's price, or one's own rate."""
    UNPRICED = 4
    """New since the bill, and nothing says its price."""

    @property
    def words(self) -> str:
        """As people are told it."""
        return ("metered", "counted use", "carried on", "list price", "unknown price")[self]


class LineKey(NamedTuple):
    """What makes a line one: the values of `DIMENSIONS`, tags, the bill's own cost categories, and currency."""

    dimensions: tuple[str, ...]
    tags: tuple[tuple[str, str], ...] = ()
    categories: tuple[tuple[str, str], ...] = ()
    currency: str = "USD"

    @property
    def resource(self) -> str:
        """The resource as bills name it; "" where the line has none."""
        return self.dimensions[RESOURCE]

    @property
    def unit(self) -> str:
        """The unit of its quantity."""
        return self.dimensions[UNIT]

    @property
    def model(self) -> str:
        """The model that a line of an LLM API is about: its tag, else what its price is called."""
        return self.value(Tag("model")) or self.dimensions[SKU]

    def value(self, facet: Facet) -> str:
        """What the line has of a facet; "" where nothing. Keys of tags are the same in any case."""
        match facet:
            case Tag():
                return value_of(facet, dict(self.tags))
            case CostCategory(name):
                return dict(self.categories).get(name, "")
            case Dimension.CURRENCY:
                return self.currency
            case Dimension():
                return self.dimensions[_PLACES[facet]] if facet in _PLACES else ""

    def seen_by(self, scope: Scope) -> bool:
        """Whether a scope may see it, as it may see lines of the bill."""
        accounts = {self.value(Dimension.LINKED_ACCOUNT), self.value(Dimension.PAYER_ACCOUNT)}
        if scope.accounts is not None and not accounts & scope.accounts:
            return False
        if scope.regions is not None and self.value(Dimension.REGION) not in {*scope.regions, "", "global"}:
            return False
        return scope.sees({rule.key: self.value(Tag(rule.key)) for rule in scope.rows})


class Past(Struct, frozen=True):
    """What was billed of each line (row) on each day (column) from `start_ms` on: quantity, amortised, as charged."""

    keys: tuple[LineKey, ...]
    start_ms: int
    quantity: Floats
    effective: Floats
    billed: Floats

    @property
    def days(self) -> int:
        """How many days."""
        return int(self.quantity.shape[1])

    def until(self, day: int) -> "Past":
        """The days before the column `day` alone."""
        return Past(self.keys, self.start_ms, self.quantity[:, :day], self.effective[:, :day], self.billed[:, :day])


class Metered(Struct, frozen=True):
    """What meters say of a day, by line: NaN where no meter watches it. `hours` are machine-hours of the resource,
    `used` the quantity itself.
    """

    hours: Floats
    used: Floats


class DayAmounts(Struct, frozen=True):
    """A day of every line of a past: the estimate by line, and what each rests on."""

    quantity: Floats
    effective: Floats
    billed: Floats
    basis: npt.NDArray[np.int8]


class Running(Struct, frozen=True):
    """A machine that runs now, as inventory or a scheduler tells of it."""

    id: str
    account: str
    region: str
    instance_type: str
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


class Price(Struct, frozen=True):
    """Money for an hour of a machine, and where that is from."""

    per_hour: Decimal
    currency: str
    note: str


class Line(Struct, frozen=True):
    """A line of a day that is not billed. Amounts are None where the price is not known; `note` says what they rest on.

    `quantity` is in the line's unit; of an open day all are those so far.
    """

    key: LineKey
    day_ms: int
    basis: Basis
    quantity: Decimal
    effective: Decimal | None
    billed: Decimal | None
    note: str = ""

    def amount(self, metric: Metric) -> Decimal | None:
        """One of its amounts: the amortised cost, the quantity, and of anything else the cost as charged."""
        if metric is Metric.USAGE:
            return self.quantity
        return self.effective if metric in (Metric.EFFECTIVE, Metric.AMORTIZED, Metric.NET_AMORTIZED) else self.billed


class PastError(Struct, frozen=True):
    """How far estimates were from the bill that came: signed relative errors by day, the newest last.

    `median` is of their sizes; `low` and `high` hold 80 % of bill ÷ estimate.
    """

    errors: Sequence[float]

    @property
    def days(self) -> int:
        """How many days were compared."""
        return len(self.errors)

    @property
    def median(self) -> float | None:
        """The median size of the daily error; None before any day was compared."""
        return float(np.median(np.abs(self.errors))) if self.errors else None

    def bounds(self, amount: Decimal) -> tuple[Decimal, Decimal] | None:
        """80 % bounds around an estimate, from at least `ENOUGH_DAYS` compared days; None before."""
        if len(self.errors) < ENOUGH_DAYS:
            return None
        # error = (estimate − bill) ÷ bill, so bill = estimate ÷ (1 + error)
        low, high = np.quantile(self.errors, (0.1, 0.9))
        factors = sorted(1 / (1 + max(float(one), -0.9)) for one in (low, high))
        return amount * Decimal(f"{factors[0]:.6f}"), amount * Decimal(f"{factors[1]:.6f}")


ENOUGH_DAYS = 5
"""Compared days from which bounds are told: a working week."""


def money(value: float) -> Decimal:
    """An amount to six digits."""
    return Decimal(f"{value:.6f}")
