"""What a rate card says (`rate_card.py` shows one): its words as types, and what cannot be so. Raises InvalidInput."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.measures import measure_of
from trimtab.costs.files.unpack import PlainFile

Amount = Decimal
"""Not below 0; `read_card` checks it."""
Days = dict[Any, Amount]
"""Amounts by day; YAML makes a date of `2026-08-03` and a text of `"2026-08-03"` and of `2026-08`."""
_MONTH = 7
"""Signs of a month as text: `2026-08`."""
_OWNED = ("years", "months", "residual", "bought")


class Power(Struct, frozen=True, forbid_unknown_fields=True):
    """Price of a kilowatt-hour, and how much the hall takes for each watt that a machine takes."""

    price_per_kwh: Amount
    pue: Amount = Decimal(1)


class Energy(Struct, frozen=True, forbid_unknown_fields=True):
    """A CSV file beside the card with the columns `day` and `kwh`, and `item` where it speaks of several."""

    file: str


class Block(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """Capacity that is paid at its start, for a fixed time. A time without a zone is UTC, a day its midnight."""

    start: Any
    end: Any
    price: Amount

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From when to when, in UTC; None where one of them is no time or they are out of order."""
        start, end = moment_of(self.start), moment_of(self.end)
        return (start, end) if start is not None and end is not None and start < end else None


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """A machine or a batch of equal GPUs: bought (`capex`), rented (a price an hour, or of a `unit`), or a `block`.

    `read_card` leaves `measured_kwh` and `used_gpu_hours` by dates and by texts of months, with the `energy` file read.
    """

    name: str
    gpus: Annotated[int, Meta(ge=1)] = 1
    kind: str = ""
    region: str = ""
    capex: Amount | None = None
    years: Amount | None = None
    months: Amount | None = None
    residual: Amount = Decimal(0)
    bought: date | None = None
    price_per_gpu_hour: Amount | None = None
    usd_per_gpu_hour: Amount | None = None
    price: Amount | None = None
    unit: str = ""
    minimum_gpu_hours: Amount | None = None
    minimum_per_month: Amount | None = None
    overage_price: Amount | None = None
    used_gpu_hours: Days | None = None
    block: Block | None = None
    watts_per_gpu: Amount = Decimal(0)
    measured_kwh: Days | None = None
    energy: Energy | None = None
    colocation_per_month: Amount = Decimal(0)
    staff_per_month: Amount = Decimal(0)
    support_per_year: Amount = Decimal(0)
    tags: dict[str, str] = {}

    @property
    def is_rented(self) -> bool:
        """Whether it has a price for its time."""
        return self.capex is None and self.block is None

    @property
    def has_minimum(self) -> bool:
        """Whether something is paid each month whatever is used."""
        return self.minimum_gpu_hours is not None or self.minimum_per_month is not None


class Card(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """The whole card. `to` is not included."""

    name: str
    start: date
    end: date
    items: list[Item]
    currency: str = "USD"
    provider: str = "On-premises"
    power: Power | None = None

    def covers(self, day: date) -> bool:
        """Whether a day is one of the card's."""
        return self.start <= day < self.end


def read_card(file: PlainFile) -> Card:
    """The card in a YAML file. Raises InvalidInput that names the part at fault."""
    try:
        card = typed.convert(msgspec.yaml.decode(file.path.read_bytes()), Card, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as problem:
        raise InvalidInput(f"cannot read rate card {file.shown}: {problem}") from None
    try:
        if card.end <= card.start:
            raise InvalidInput(f"got from {card.start} to {card.end}; expected order")
        if card.power is not None:
            _check_signs(card.power, "power")
        return msgspec.structs.replace(card, items=[_settled(card, item, file) for item in card.items])
    except InvalidInput as problem:
        raise InvalidInput(f"cannot read rate card {file.shown}: {problem}") from None


def moment_of(value: object) -> datetime | None:
    """A time in UTC of a date, a time or a text of either; None of anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


def _settled(card: Card, item: Item, file: PlainFile) -> Item:
    """The item, checked, with its days as dates."""
    _check_signs(item, f"item {item.name!r}")
    _check_price(item)
    _check_life(item)
    _check_minimum(item)
    _check_power(card, item)
    measured = item.measured_kwh
    if item.energy is not None:
        measured = _energy(card, item, item.energy.file, file)
    elif measured is not None:
        measured = _by_day(card, item, "measured_kwh", measured)
    used = item.used_gpu_hours
    if used is not None:
        used = _by_day(card, item, "used_gpu_hours", used, months=True)
    return msgspec.structs.replace(item, measured_kwh=measured, used_gpu_hours=used)


def _check_signs(part: Struct, name: str) -> None:
    for field in part.__struct_fields__:
        value = getattr(part, field)
        if isinstance(value, Decimal) and not (value.is_finite() and value >= 0):
            raise InvalidInput(f"{name} has {field} {value}; expected 0 or more")
        if isinstance(value, Block):
            _check_signs(value, f"{name}, block,")


def _check_price(item: Item) -> None:
    prices = (item.capex, item.price_per_gpu_hour, item.usd_per_gpu_hour, item.price, item.block)
    if (count := sum(price is not None for price in prices)) != 1:
        raise InvalidInput(
            f"item {item.name!r} has {count} prices; expected capex, price_per_gpu_hour, usd_per_gpu_hour, price with "
            "its unit, or block"
        )
    if (item.price is None) != (not item.unit) or (item.unit and measure_of(item.unit)[1] is None):
        raise InvalidInput(
            f"item {item.name!r} has price {item.price} of unit {item.unit!r}; expected both, and a time of a GPU or "
            "of a machine; try unit: GPU-Hours, node-hours or node-months"
        )
    if item.block is not None and item.block.span is None:
        raise InvalidInput(
            f"item {item.name!r} has a block from {item.block.start} to {item.block.end}; expected two days or times "
            "in order; try from: 2026-08-03T11:30:00Z"
        )


def _check_life(item: Item) -> None:
    told = [name for name in _OWNED if getattr(item, name)]
    if item.capex is None:
        if told:
            raise InvalidInput(f"item {item.name!r} has {', '.join(told)} and is not bought; expected capex")
        return
    if item.years is not None and item.months is not None:
        raise InvalidInput(f"item {item.name!r} has years and months; expected one of them")
    if item.years == 0 or item.months == 0 or item.residual > item.capex:
        raise InvalidInput(f"item {item.name!r} needs years above 0, residual below capex")


def _check_minimum(item: Item) -> None:
    told = [name for name in ("minimum_gpu_hours", "minimum_per_month") if getattr(item, name) is not None]
    if len(told) > 1:
        raise InvalidInput(f"item {item.name!r} has {' and '.join(told)}; expected one of them")
    if item.overage_price is not None and not told:
        raise InvalidInput(
            f"item {item.name!r} has overage_price and no minimum; expected one; try minimum_gpu_hours: 1000"
        )
    if item.used_gpu_hours is not None:
        told.append("used_gpu_hours")
    if told and not item.is_rented:
        raise InvalidInput(f"item {item.name!r} has {told[0]} and is not rented; expected a price of its hours")
    if item.has_minimum and 0 in (item.price_per_gpu_hour, item.usd_per_gpu_hour, item.price):
        raise InvalidInput(f"item {item.name!r} has {told[0]} at a price of 0; expected a price above 0")


def _check_power(card: Card, item: Item) -> None:
    if item.energy is not None and item.measured_kwh is not None:
        raise InvalidInput(f"item {item.name!r} has energy and measured_kwh; expected one of them")
    told = [name for name in ("watts_per_gpu", "measured_kwh", "energy") if getattr(item, name)]
    if told and card.power is None:
        raise InvalidInput(
            f"item {item.name!r} has {told[0]}, and the card no price of power; expected one; "
            "try power: {price_per_kwh: 0.21, pue: 1.3}"
        )


def _by_day(card: Card, item: Item, field: str, amounts: Mapping[Any, Decimal], *, months: bool = False) -> Days:
    """The amounts by date, those of months by `2026-08`. Raises InvalidInput for a day that the card does not have."""
    found: Days = {}
    for key, amount in amounts.items():
        month = months and isinstance(key, str) and len(key.strip()) == _MONTH
        at = moment_of(f"{key.strip()}-01" if month else key)
        if at is None:
            raise InvalidInput(
                f"item {item.name!r} has {field} of {key!r}; expected a day{' or a month' if months else ''}; "
                f"try {card.start}"
            )
        if not (amount.is_finite() and amount >= 0):
            raise InvalidInput(f"item {item.name!r} has {field} {amount} of {key}; expected 0 or more")
        day = at.date()
        if not (card.covers(day) or (month and _same(day, card.start))):
            raise InvalidInput(f"item {item.name!r} has {field} of {key}; expected {card.start} to before {card.end}")
        name = f"{day:%Y-%m}" if month else day
        if name in found:
            raise InvalidInput(f"item {item.name!r} has {field} of {key} more than once; expected it once")
        found[name] = amount
    twice = sorted({f"{day:%Y-%m}" for day in found if isinstance(day, date)} & {str(key) for key in found})
    if twice:
        raise InvalidInput(f"item {item.name!r} has {field} of {twice[0]} and of days of it; expected one of the two")
    return found


def _same(day: date, other: date) -> bool:
    return (day.year, day.month) == (other.year, other.month)


def _energy(card: Card, item: Item, name: str, file: PlainFile) -> Days:
    """Kilowatt-hours by day of the item's file, which lies beside the card; rows of one day (two feeds) add up."""
    path = file.path.resolve().parent / name  # the card itself is a link into the import's folder
    if PurePath(name).name != name or not path.is_file():
        raise InvalidInput(
            f"item {item.name!r} names the energy file {name!r}, which is not there; expected a file beside the card; "
            "try measured_kwh, which needs none"
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            found = _sums(item, name, csv.DictReader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InvalidInput(f"item {item.name!r}: cannot read energy file {name}: {problem}") from None
    if not any(card.covers(day) for day in found):
        raise InvalidInput(
            f"item {item.name!r}: energy file {name} has no day of the card; expected {card.start} to before {card.end}"
        )
    return found


def _sums(item: Item, name: str, rows: "csv.DictReader[str]") -> Days:
    columns = {(column or "").strip().lower(): column for column in rows.fieldnames or ()}
    if not {"day", "kwh"} <= columns.keys():
        raise InvalidInput(
            f"item {item.name!r}: energy file {name} has columns {_listed(columns)}; expected day, kwh, and item if of "
            "several"
        )
    found: Days = {}
    for row in rows:
        if "item" in columns and (row[columns["item"]] or "").strip() != item.name:
            continue
        at, amount = moment_of(row[columns["day"]]), _number(row[columns["kwh"]])
        if at is None or amount is None:
            raise InvalidInput(
                f"item {item.name!r}: energy file {name}, line {rows.line_num}: got {row[columns['day']]!r}, "
                f"{row[columns['kwh']]!r}; expected a day and kilowatt-hours of 0 or more; try 2026-08-03,123.4"
            )
        found[at.date()] = found.get(at.date(), Decimal(0)) + amount
    return found


def _number(text: str | None) -> Decimal | None:
    try:
        amount = Decimal((text or "").strip())
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "of no name"
