"""What changed between two periods, taken apart into price × quantity × mix. Pure; the parts add up to the change.

Charges are compared in pools: what is of one group, service, product family and unit can be counted together. Of a
pool with quantities in both periods, with total quantities Q₀ and Q₁, cost C₀ and C₁, and of each item q and c:

    quantity = C₀ · (Q₁ − Q₀) / Q₀            as if the pool had only grown or shrunk
    mix      = Σ c₀ᵢ · q₁ᵢ / q₀ᵢ − C₀ − quantity   as if only the shares of its items had moved, at their old prices
    price    = C₁ − Σ c₀ᵢ · q₁ᵢ / q₀ᵢ          what each item costs more or less than before

An item that the pool did not have before has no old price: it counts at its own, so that a move to another instance
type is mix. A pool that is new or gone has only that; charges without a quantity (fees, tax, credits) are `other`.
Divisions are rounded to 12 digits once, and every other part is a difference: the sum is exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from enum import StrEnum

from msgspec import Struct, field

ZERO = Decimal(0)
_DIGIT = Decimal(1).scaleb(-12)
_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
"""More digits than the product of two stored amounts has (2 × 38)."""


class Part(StrEnum):
    """Why a cost changed."""

    QUANTITY = "quantity"
    PRICE = "price"
    MIX = "mix"
    NEW = "new"
    GONE = "gone"
    OTHER = "other"


Parts = Mapping[Part, Decimal]


class PoolKey(Struct, frozen=True):
    """What can be counted together."""

    group: str
    service: str
    family: str
    unit: str


class ItemKey(Struct, frozen=True):
    """One thing with one price: a usage type, operation and purchase option; `charge` is its record type."""

    usage_type: str
    operation: str
    purchase: str
    charge: str


class Charge(Struct, frozen=True):
    """The cost and quantity of one item in one period."""

    pool: PoolKey
    item: ItemKey
    cost: Decimal
    quantity: Decimal


class ItemChange(Struct, frozen=True):
    """One item before and after. `price` is its part of the pool's price effect; prices are None without quantity."""

    item: ItemKey
    before: Decimal
    after: Decimal
    quantity_before: Decimal
    quantity_after: Decimal
    price: Decimal

    @property
    def change(self) -> Decimal:
        """Cost after minus cost before."""
        return _WIDE.subtract(self.after, self.before)

    @property
    def price_before(self) -> Decimal | None:
        """What a unit cost before."""
        return _share(self.before, self.quantity_before)

    @property
    def price_after(self) -> Decimal | None:
        """What a unit costs after."""
        return _share(self.after, self.quantity_after)


class Driver(Struct, frozen=True):
    """A pool that changed: its parts add up to `after − before`. Items come with the largest change first."""

    pool: PoolKey
    before: Decimal
    after: Decimal
    quantity_before: Decimal
    quantity_after: Decimal
    parts: Parts
    items: tuple[ItemChange, ...] = ()

    @property
    def change(self) -> Decimal:
        """Cost after minus cost before."""
        return _WIDE.subtract(self.after, self.before)

    @property
    def leading(self) -> Part:
        """The part that moved most."""
        return max(self.parts, key=lambda part: (abs(self.parts[part]), part))


class Change(Struct, frozen=True):
    """A whole comparison in one currency: drivers with the largest change first."""

    currency: str
    before: Decimal
    after: Decimal
    parts: Parts
    drivers: tuple[Driver, ...] = field(default=())

    @property
    def change(self) -> Decimal:
        """Cost after minus cost before."""
        return _WIDE.subtract(self.after, self.before)


def explain(currency: str, before: Sequence[Charge], after: Sequence[Charge]) -> Change:
    """The comparison of two periods' charges, all in `currency`."""
    with localcontext(_WIDE):
        return _explain(currency, before, after)


def _explain(currency: str, before: Sequence[Charge], after: Sequence[Charge]) -> Change:
    pools = dict.fromkeys(charge.pool for charge in (*before, *after))
    old, new = _by_pool(before), _by_pool(after)
    drivers = [_driver(pool, old.get(pool, {}), new.get(pool, {})) for pool in pools]
    moved = [driver for driver in drivers if driver.change or any(driver.parts.values())]
    moved.sort(key=lambda one: (-abs(one.change), one.pool.group, one.pool.service, one.pool.family, one.pool.unit))
    return Change(
        currency,
        sum((driver.before for driver in drivers), ZERO),
        sum((driver.after for driver in drivers), ZERO),
        _add(driver.parts for driver in moved),
        tuple(moved),
    )


Amounts = tuple[Decimal, Decimal]
"""Cost and quantity."""
NOTHING: Amounts = (ZERO, ZERO)


def _driver(pool: PoolKey, old: Mapping[ItemKey, Amounts], new: Mapping[ItemKey, Amounts]) -> Driver:
    """One pool's change, by its items before and after."""
    before, quantity_before = _total(old)
    after, quantity_after = _total(new)
    keys = dict.fromkeys((*old, *new))
    if quantity_before > 0 and quantity_after > 0:
        expected = {key: _at_old_price(old.get(key), new.get(key, NOTHING)) for key in keys}
        at_old_prices = sum(expected.values(), ZERO)
        grown = _quantised(before, quantity_after - quantity_before, quantity_before)
        parts = {
            Part.QUANTITY: grown,
            Part.PRICE: after - at_old_prices,
            Part.MIX: at_old_prices - before - grown,
        }
    else:
        expected = {key: new.get(key, NOTHING)[0] for key in keys}  # no price effect
        parts = {_without_quantity(old, new, quantity_before, quantity_after): after - before}
    items = [
        ItemChange(
            key,
            old.get(key, NOTHING)[0],
            new.get(key, NOTHING)[0],
            old.get(key, NOTHING)[1],
            new.get(key, NOTHING)[1],
            new.get(key, NOTHING)[0] - expected[key],
        )
        for key in keys
    ]
    items.sort(key=lambda one: (-abs(one.change), one.item.usage_type, one.item.purchase))
    return Driver(pool, before, after, quantity_before, quantity_after, parts, tuple(items))


def _add(several: Iterable[Parts]) -> dict[Part, Decimal]:
    """The sums of parts; every part is there."""
    found = dict.fromkeys(Part, ZERO)
    for parts in several:
        for part, amount in parts.items():
            found[part] += amount
    return found


def _without_quantity(
    old: Mapping[ItemKey, Amounts], new: Mapping[ItemKey, Amounts], quantity_before: Decimal, quantity_after: Decimal
) -> Part:
    if quantity_before == 0 and quantity_after == 0:
        return Part.OTHER
    if not old or (quantity_before == 0 and _total(old)[0] == 0):
        return Part.NEW
    if not new or (quantity_after == 0 and _total(new)[0] == 0):
        return Part.GONE
    return Part.OTHER


def _at_old_price(old: Amounts | None, new: Amounts) -> Decimal:
    if old is None or old[1] == 0:
        return new[0]
    return _quantised(old[0], new[1], old[1])


def _quantised(cost: Decimal, factor: Decimal, divisor: Decimal) -> Decimal:
    """`cost · factor / divisor`, to the digits that amounts are kept with."""
    return _WIDE.quantize(_WIDE.divide(_WIDE.multiply(cost, factor), divisor), _DIGIT)


def _share(cost: Decimal, quantity: Decimal) -> Decimal | None:
    return None if quantity == 0 else _quantised(cost, Decimal(1), quantity)


def _by_pool(charges: Sequence[Charge]) -> dict[PoolKey, dict[ItemKey, Amounts]]:
    found: dict[PoolKey, dict[ItemKey, Amounts]] = {}
    for charge in charges:
        items = found.setdefault(charge.pool, {})
        cost, quantity = items.get(charge.item, NOTHING)
        items[charge.item] = (cost + charge.cost, quantity + charge.quantity)
    return found


def _total(items: Mapping[ItemKey, Amounts]) -> Amounts:
    return sum((cost for cost, _ in items.values()), ZERO), sum((quantity for _, quantity in items.values()), ZERO)
