"""Splits an amount so that the parts add up to it exactly: largest remainder, after Hamilton's method.

    apportion(Decimal("10.00"), [1, 1, 1], 2)  →  3.34, 3.33, 3.33

Every part is a whole number of units of `digits` after the point. Each gets its quota rounded towards zero, and the
units that are left go one by one to the largest remainders; of equal remainders, to the first.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from trimtab.costs.model import DIGITS

Weight = int | Decimal | Fraction

_MINOR = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "JOD": 3, "OMR": 3, "TND": 3}
"""Digits of a currency's smallest coin where they are not two (ISO 4217)."""


def apportion(amount: Decimal, weights: Sequence[Weight], digits: int = DIGITS) -> list[Decimal]:
    """`amount` in parts by `weights`, in order; they add up to it to the last digit.

    An amount with more digits than `digits` is split in its own smallest unit. Weights are at least 0 and not all 0;
    anything else is a bug and raises ValueError.
    """
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"bug: cannot apportion {amount}")
    places = max(digits, -exponent)
    units = int(amount.scaleb(places))
    parts = _whole(abs(units), [Fraction(weight) for weight in weights])
    sign = -1 if units < 0 else 1
    return [Decimal(sign * part).scaleb(-places) for part in parts]


def minor_digits(currency: str) -> int:
    """Digits after the point of the smallest coin of `currency`."""
    return _MINOR.get(currency, 2)


def to_coins(amounts: Sequence[Decimal], currency: str, total: Decimal | None = None) -> list[Decimal]:
    """`amounts` in whole coins of `currency` that add up to `total`, each moved by less than one coin.

    Without a total it is their sum, rounded half to even; one that is given is that sum rounded up or down.
    """
    unit = Decimal(1).scaleb(-minor_digits(currency))
    exact = sum(amounts, Decimal(0))
    wanted = exact.quantize(unit, ROUND_HALF_EVEN) if total is None else total
    coins = [_floor(amount, unit) for amount in amounts]
    missing = int((wanted - sum(coins, Decimal(0))) / unit)
    if not 0 <= missing <= len(coins):
        raise ValueError(f"bug: cannot bring {exact} to coins that add up to {wanted}")
    by_remainder = sorted(range(len(amounts)), key=lambda at: (coins[at] - amounts[at], at))
    for at in by_remainder[:missing]:
        coins[at] += unit
    return coins


def _floor(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, ROUND_FLOOR)


def _whole(units: int, weights: Sequence[Fraction]) -> list[int]:
    total = sum(weights, Fraction(0))
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"bug: cannot apportion by weights {[str(weight) for weight in weights]}")
    quotas = [units * weight / total for weight in weights]
    parts = [quota.numerator // quota.denominator for quota in quotas]
    left = units - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda at: (parts[at] - quotas[at], at))
    for at in by_remainder[:left]:
        parts[at] += 1
    return parts
