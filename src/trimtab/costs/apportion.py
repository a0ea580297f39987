"""Splits an amount so that the parts add up to it exactly: largest remainder, after Hamilton's method.

    apportion(Decimal("10.00"), [1, 1, 1], 2)  →  3.34, 3.33, 3.33

Every part is a whole number of units of `digits` after the point. Each gets its quota rounded towards zero, and the
units that are left go one by one to the largest remainders; of equal remainders, to the first.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import lcm

from trimtab.base.coins import minor_digits
from trimtab.costs.model import DIGITS

Weight = int | Decimal | Fraction


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
    parts = _whole(abs(units), weights)
    sign = -1 if units < 0 else 1
    return [Decimal(sign * part).scaleb(-places) for part in parts]


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


def _whole(units: int, weights: Sequence[Weight]) -> list[int]:
    """Largest remainder in whole numbers: weights are brought to their common denominator once."""
    exact = [weight if isinstance(weight, int) else Fraction(weight) for weight in weights]
    scale = lcm(*(weight.denominator for weight in exact))
    whole = [weight.numerator * (scale // weight.denominator) for weight in exact]
    total = sum(whole)
    if total <= 0 or min(whole) < 0:
        raise ValueError(f"bug: cannot apportion by weights {[str(weight) for weight in weights]}")
    shared = [divmod(units * weight, total) for weight in whole]
    parts = [part for part, _ in shared]
    left = units - sum(parts)
    if left:
        by_remainder = sorted(range(len(parts)), key=lambda at: (-shared[at][1], at))
        for at in by_remainder[:left]:
            parts[at] += 1
    return parts
