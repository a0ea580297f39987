"""Converts amounts by dated rates. Pure and exact: nothing is rounded but what is shown.

    the rate of a day    the last on or before it, at most a week old; of sources that differ the one imported last
    A to B               told as A/B; else the inverse of B/A; else over one common currency (A/X and B/X), on its day
    a sum                of the exact parts, rounded once to the coins of its currency, half to even

Parts are fractions: the inverse of a rate, and a cross rate, have no last digit.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from trimtab.base.coins import minor_digits
from trimtab.costs.currencies.model import MOST_DAYS_OLD, Rate, Together
from trimtab.costs.model import DIGITS

Amounts = Mapping[tuple[int, str], Decimal]
"""By (day in ms, currency)."""


class Worth(Struct, frozen=True):
    """What one unit is worth in another currency on a day, exactly, and whose rates say so.

    `day` is that of the rate, of a cross rate that of its older one; None where there is nothing to convert.
    """

    factor: Fraction
    sources: tuple[str, ...]
    day: date | None = None


class RateBook:
    """Rates, ready to be asked. Of one pair and day the last given counts."""

    def __init__(self, rates: Iterable[Rate] = ()) -> None:
        by_pair: dict[tuple[str, str], dict[date, Rate]] = {}
        for rate in rates:
            by_pair.setdefault((rate.base, rate.quote), {})[rate.day] = rate
        self._pairs = {pair: sorted(days.values(), key=lambda one: one.day) for pair, days in by_pair.items()}
        self._beside: dict[str, set[str]] = {}
        for base, quote in self._pairs:
            self._beside.setdefault(base, set()).add(quote)
            self._beside.setdefault(quote, set()).add(base)

    @property
    def currencies(self) -> frozenset[str]:
        """Every currency that a rate names."""
        return frozenset(self._beside)

    def worth(self, from_: str, to: str, day: date) -> Worth | str:
        """What one `from_` is worth in `to` on `day`, or why that is not known."""
        if from_ == to:
            return Worth(Fraction(1), ())
        if (direct := self._direct(from_, to, day)) is not None:
            return direct
        # Over the common currency whose older rate is the newest; of equals the first by name.
        over: list[tuple[date, str, Worth]] = []
        for between in sorted(self._beside.get(from_, set()) & self._beside.get(to, set())):
            first, second = self._last(from_, between, day), self._last(between, to, day)
            if first is not None and second is not None:
                older = min(first[1].day, second[1].day)
                names = tuple(dict.fromkeys((first[1].source, second[1].source)))
                over.append((older, between, Worth(first[0] * second[0], names, older)))
        if over:
            newest = max(one[0] for one in over)
            return next(worth for at, _, worth in over if at == newest)
        return self._why_not(from_, to, day)

    def _direct(self, from_: str, to: str, day: date) -> Worth | None:
        found = self._last(from_, to, day)
        return None if found is None else Worth(found[0], (found[1].source,), found[1].day)

    def _last(self, from_: str, to: str, day: date) -> tuple[Fraction, Rate] | None:
        """The factor of the newest rate between two currencies that still counts; the told way before its inverse."""
        told, inverse = self._before(from_, to, day), self._before(to, from_, day)
        if told is not None and (inverse is None or told.day >= inverse.day):
            return Fraction(told.rate), told
        return None if inverse is None else (1 / Fraction(inverse.rate), inverse)

    def _before(self, base: str, quote: str, day: date) -> Rate | None:
        rates = self._pairs.get((base, quote), [])
        at = bisect_right(rates, day, key=lambda one: one.day)
        found = rates[at - 1] if at else None
        return found if found is not None and (day - found.day).days <= MOST_DAYS_OLD else None

    def _why_not(self, from_: str, to: str, day: date) -> str:
        unknown = [name for name in (from_, to) if name not in self._beside]
        if unknown:
            return f"no rate of {' and '.join(unknown)} was imported"
        return f"no rate between {from_} and {to} of {day} or the {MOST_DAYS_OLD} days before it was imported"


def together(amounts: Amounts, to: str, book: RateBook) -> Together:
    """Amounts of days and currencies in one currency, each by the rate of its day; zeros need no rate.

    Without anything to convert the total is the exact sum, with all digits that it has.
    """
    originals: dict[str, Decimal] = {}
    exact, missing, sources = Fraction(0), dict[str, str](), dict[str, None]()
    worths: dict[tuple[str, date], Worth | str] = {}
    for (day_ms, currency), amount in sorted(amounts.items()):
        originals[currency] = originals.get(currency, Decimal(0)) + amount
        if not amount or currency in missing:
            continue
        key = (currency, datetime.fromtimestamp(day_ms / 1000, UTC).date())
        if key not in worths:
            worths[key] = book.worth(currency, to, key[1])
        worth = worths[key]
        if isinstance(worth, str):
            missing[currency] = worth
            continue
        exact += Fraction(amount) * worth.factor
        sources.update(dict.fromkeys(worth.sources))
    if set(originals) <= {to}:
        return Together(to, originals.get(to, Decimal(0)), originals, {})
    total = None if missing else rounded(exact, to)
    return Together(to, total, originals, missing, tuple(sources), rounded=not missing)


def rounded(exact: Fraction, currency: str) -> Decimal:
    """An exact amount in whole coins of its currency, half to even: for showing."""
    return to_digits(exact, minor_digits(currency))


def to_digits(exact: Fraction, digits: int = DIGITS) -> Decimal:
    """An exact amount with so many digits after the point, half to even."""
    scaled = exact * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest
    if twice > scaled.denominator or (twice == scaled.denominator and whole % 2):
        whole += 1
    return Decimal(whole).scaleb(-digits)
