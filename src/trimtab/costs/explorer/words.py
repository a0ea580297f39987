"""What changed, in words. Every amount says its currency."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.base.coins import money, signed
from trimtab.costs.explorer.drivers import Change, Driver, ItemChange, Part
from trimtab.costs.model import is_nearly_nothing

_NAMES = {
    Part.QUANTITY: "use",
    Part.PRICE: "prices",
    Part.MIX: "another mix",
    Part.NEW: "what is new",
    Part.GONE: "what is no more",
    Part.OTHER: "fees, taxes, credits and unused commitments",
}
_CHARGES = {
    "RIFee": "unused reservations",
    "SavingsPlanRecurringFee": "unused commitment",
    "SavingsPlanNegation": "covered by Savings Plans",
    "Fee": "fees",
}
"""Record types in words."""
_CENT = Decimal("0.01")
_ITEMS = 3


def ratio(before: Decimal, after: Decimal) -> str:
    """`+12.3 %`; empty where there was nothing before, or nearly."""
    if is_nearly_nothing(before, after):
        return ""
    return f"{float((after - before) / abs(before)) * 100:+,.1f} %".replace("-", "−")


def part_name(part: Part) -> str:
    """A part as a person reads it."""
    return _NAMES[part]


def headline(change: Change) -> str:
    """The whole comparison in a sentence."""
    if change.change == 0:
        return f"Nothing moved in sum: {money(change.after, change.currency)} in both periods."
    verb = "rose" if change.change > 0 else "fell"
    share = ratio(change.before, change.after)
    parts = sorted((part for part in Part if change.parts.get(part)), key=lambda part: -abs(change.parts[part]))
    because = ", ".join(f"{signed(change.parts[part], change.currency)} by {_NAMES[part]}" for part in parts)
    by = money(abs(change.change), change.currency)
    return f"Costs {verb} by {by}{f' ({share})' if share else ''}: {because}."


def sentence(driver: Driver, currency: str) -> str:
    """One driver in a sentence: what moved, and why most."""
    match driver.leading:
        case Part.NEW:
            return f"New: {_items(driver.items)}."
        case Part.GONE:
            return f"No more: {_items(driver.items)}."
        case Part.OTHER:
            return f"From {money(driver.before, currency)} to {money(driver.after, currency)}."
        case Part.PRICE:
            dearer = max(driver.items, key=lambda one: abs(one.price))
            return f"{_price(dearer, driver.pool.unit, currency)}{_rest(driver, currency)}."
        case Part.MIX:
            return f"The mix moved: {_moves(driver.items, driver.pool.unit)}{_rest(driver, currency)}."
        case _:
            used = f"{_number(driver.quantity_before)} to {_number(driver.quantity_after)} {driver.pool.unit}"
            share = ratio(driver.quantity_before, driver.quantity_after)
            return f"Use went from {used} ({share}){_rest(driver, currency)}."


def title(driver: Driver, group: str | None = None) -> str:
    """What a driver is about; `group` is its group in other words."""
    pool = driver.pool
    family = _CHARGES.get(pool.family, pool.family)
    parts = (pool.group if group is None else group, pool.service, family)
    return " · ".join(part for part in parts if part) or "Charges of no service"


def _rest(driver: Driver, currency: str) -> str:
    """The second part, where it counts too."""
    rest = sorted((part for part in driver.parts if part is not driver.leading), key=lambda p: -abs(driver.parts[p]))
    if not rest or abs(driver.parts[rest[0]]) < _CENT:
        return ""
    if rest[0] is Part.PRICE:
        dearer = max(driver.items, key=lambda one: abs(one.price))
        return f"; {_price(dearer, driver.pool.unit, currency)}"
    return f"; {signed(driver.parts[rest[0]], currency)} by {_NAMES[rest[0]]}"


def _price(one: ItemChange, unit: str, currency: str) -> str:
    before, after = one.price_before, one.price_after
    if before is None or after is None:
        return f"{_name(one)} has another price"
    prices = f"{_number(before)} to {_number(after)} {currency} per {unit or 'unit'}"
    return f"{_name(one)} went from {prices} ({ratio(before, after)})"


def _moves(items: Sequence[ItemChange], unit: str) -> str:
    moved = sorted(items, key=lambda one: -abs(one.quantity_after - one.quantity_before))[:_ITEMS]
    return ", ".join(
        f"{_name(one)} {_number(one.quantity_before)} → {_number(one.quantity_after)} {unit}".rstrip() for one in moved
    )


def _items(items: Sequence[ItemChange]) -> str:
    named = list(dict.fromkeys(_name(one) for one in items))
    more = f" and {len(named) - _ITEMS} more" if len(named) > _ITEMS else ""
    return ", ".join(named[:_ITEMS]) + more


def _name(one: ItemChange) -> str:
    item = one.item
    bought = f" ({item.purchase})" if item.purchase not in ("", "On-Demand") else ""
    return (item.usage_type or item.operation or item.charge or "charges") + bought


def _number(amount: Decimal) -> str:
    """Four significant digits, or whole numbers from a thousand on."""
    return f"{amount:,.0f}" if abs(amount) >= 1000 else f"{float(amount):.4g}"
