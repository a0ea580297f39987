"""Values and groups of a visual in words, and the table that says all that its picture shows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.base.coins import money
from trimtab.base.records import replace
from trimtab.charts.ticks import short
from trimtab.reports.analyses.amounts import Amount
from trimtab.reports.analyses.grouping import moment
from trimtab.reports.analyses.model import Key, Row, Shown, Value, words_of


class Cell(Struct, frozen=True):
    """A cell of a table: its words, and the key that a click on it leads by: a dimension's number and its value."""

    text: str
    numeric: bool = False
    lead: tuple[int, Key] | None = None


class Grid(Struct, frozen=True):
    """A table in words. `total` is its last row."""

    heads: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()


def value_text(amount: Amount, value: Value) -> str:
    """A value with its unit; money to the cent, and below a cent to its first digits."""
    if value is None:
        return "–"
    currency, _, under = amount.unit.partition("/")
    if isinstance(value, Decimal) and amount.money:
        text = money(value, currency or "USD")
        return f"{text}/{under}" if under else text
    return f"{_number(value)} {amount.unit}".rstrip() if amount.unit != "bytes" else _bytes(float(value))


def short_text(amount: Amount, value: Value) -> str:
    """A value of three digits or so; money with its currency."""
    if value is None:
        return "–"
    currency = amount.unit.partition("/")[0] if amount.money else ""
    return f"${short(float(value))}" if currency == "USD" else f"{short(float(value))} {currency}".rstrip()


def change_text(amount: Amount, value: Value, before: Value) -> str:
    """How a value has changed."""
    if value is None or before is None:
        return "nothing to compare with"
    gone = float(value) - float(before)
    share = f" ({gone / abs(float(before)):+.1%})" if before else ""
    more = value - before if isinstance(value, Decimal) and isinstance(before, Decimal) else gone
    return f"{'+' if gone >= 0 else ''}{value_text(amount, more)}{share} against {value_text(amount, before)}"


def unit_words(amount: Amount) -> str:
    """What stands at an axis."""
    return f"{amount.label}, {amount.unit}" if amount.unit else amount.label


def row_words(shown: Shown, row: Row) -> str:
    """A group in one line: its keys and values, and those before."""
    names = " · ".join(words_of(one, key) for one, key in zip(shown.dimensions, row.keys, strict=True))
    values = ", ".join(
        f"{amount.label} {value_text(amount, value)}" for amount, value in zip(shown.amounts, row.values, strict=True)
    )
    change = f"\n{change_text(shown.amounts[0], row.values[0], row.before[0])}" if row.before else ""
    return f"{names}\n{values}{change}" if names else f"{values}{change}"


def grid_of(shown: Shown) -> Grid:
    """Every group as a row."""
    compared = shown.before is not None
    heads = [Cell(one.label[:1].upper() + one.label[1:]) for one in shown.dimensions]
    for amount in shown.amounts:
        heads.append(Cell(amount.label[:1].upper() + amount.label[1:], numeric=True))
        heads += [Cell("before", numeric=True), Cell("change", numeric=True)] if compared else []
    rows = [_cells(shown, row, compared=compared) for row in shown.rows]
    total: list[Cell] = []
    if shown.total is not None and shown.dimensions and len(shown.rows) > 1:
        named = [Cell("All together"), *(Cell("") for _ in shown.dimensions[1:])]
        total = [*named, *_cells(replace(shown, dimensions=()), replace(shown.total, keys=()), compared=compared)]
    return Grid(heads, rows, total)


def _cells(shown: Shown, row: Row, *, compared: bool) -> list[Cell]:
    found = [
        Cell(words_of(one, key), lead=(at, key))
        for at, (one, key) in enumerate(zip(shown.dimensions, row.keys, strict=True))
    ]
    for at, (amount, value) in enumerate(zip(shown.amounts, row.values, strict=True)):
        found.append(Cell(value_text(amount, value), numeric=True))
        if compared:
            before = row.before[at] if row.before else None
            found.append(Cell(value_text(amount, before), numeric=True))
            share = f"{float(value) / float(before) - 1:+.1%}" if value is not None and before not in (None, 0) else "–"
            found.append(Cell(share, numeric=True))
    return found


def csv_of(shown: Shown) -> tuple[list[str], list[list[Any]]]:
    """Heads and rows with plain values: times in ISO 8601, money with all of its digits."""
    compared = shown.before is not None
    heads = [one.label for one in shown.dimensions]
    for amount in shown.amounts:
        heads.append(amount.label)
        heads += [f"{amount.label} before"] if compared else []
    rows = []
    for row in shown.rows:
        line: list[Any] = [
            moment(key) if one.timely and isinstance(key, int) else "(none)" if key is None else key
            for one, key in zip(shown.dimensions, row.keys, strict=True)
        ]
        for at, value in enumerate(row.values):
            line.append(plain(value))
            line += [plain(row.before[at]) if row.before else None] if compared else []
        rows.append(line)
    return heads, rows


def plain(value: Value) -> Any:
    """A value as files have it: an exact decimal without trailing zeros."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value


def _number(value: Decimal | float | int) -> str:
    number = float(value)
    if isinstance(value, int) or (number == int(number) and abs(number) < 1e15):
        return f"{int(number):,}"
    return f"{number:,.2f}" if abs(number) >= 1 else f"{number:.3g}"


def _bytes(value: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024:
            return f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} PiB"
