"""Words of currencies: a dated rate with its source, an amount in another currency, and why there is none."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

MOST_DAYS_OLD = 7
"""Days after its own for which a rate counts: the longest time without one of the ECB's is five days, at Easter."""


class Rate(Struct, frozen=True):
    """On `day` one `base` was worth `rate` of `quote`, as `source` says."""

    day: date
    base: str
    quote: str
    rate: Decimal
    source: str


class RateSource(Struct, frozen=True):
    """What a source holds: pairs of currencies, how many rates, from which day to which, and when it came."""

    name: str
    rates: int
    pairs: int
    first: date
    last: date
    imported_ms: int


class Together(Struct, frozen=True):
    """Amounts of several currencies, and what they come to in one.

    `originals` are as they are on the bill. `total` is None where a rate is missing; `missing` says which, by currency.
    `sources` are those whose rates were used, `rounded` is true where the total is not one exact sum.
    """

    currency: str
    total: Decimal | None
    originals: Mapping[str, Decimal]
    missing: Mapping[str, str]
    sources: tuple[str, ...] = ()
    rounded: bool = False

    @property
    def is_one(self) -> bool:
        """Whether there is nothing to convert: everything is in the currency asked for."""
        return set(self.originals) <= {self.currency}
