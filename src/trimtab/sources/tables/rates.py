"""A rate card in a CSV file: subject, amount, and what else differs from a price a GPU-hour in dollars since ever.

A price may be for any time of a GPU or of a machine (`GPU-Hours`, `node-months`): it is kept as one for an hour.
"""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.measures import Measure, measure_of
from trimtab.base.timerange import parse_instant_ms
from trimtab.client.inventory_wire import SetRate
from trimtab.sources.tables.csv_file import Row, rows_of, sorted_out

COLUMNS = {
    "subject": ("instance type", "gpu", "sku", "item", "queue"),
    "amount": ("price", "rate", "cost", "percent", "discount"),
    "unit": ("per",),
    "kind": (),
    "currency": (),
    "from": ("start", "valid from", "since"),
    "to": ("end", "valid to", "until"),
    "note": ("notes", "comment", "contract"),
}
"""Columns by the name that they have here, with what others call them."""
_DIGITS = Decimal("0.000000000001")
"""An amount has at most 12 digits after the point."""


def read_rates(path: Path) -> list[SetRate]:
    """The rates of a file. Raises InvalidInput that names the line, SetupError where it cannot be read."""
    return [_rate(row, path) for row in rows_of(path)]


def unit_of(subject: str) -> str:
    """What a price of a subject is for where nobody says: an hour of the machine, or of one GPU."""
    return "gpu-hour" if subject.casefold().startswith(("gpu:", "queue:")) else "instance-hour"


def _rate(row: Row, path: Path) -> SetRate:
    mine, others = sorted_out(row, COLUMNS)
    where = f"cannot read {path}, line {row.line}"
    if others:
        raise InvalidInput(f"{where}: unknown column {next(iter(others))!r}; expected {', '.join(COLUMNS)}")
    if not mine.get("subject") or not mine.get("amount"):
        raise InvalidInput(f"{where}: expected a subject and an amount")
    amount = mine["amount"].strip("$% ")
    subject = mine["subject"]
    found: dict[str, Any] = {"subject": subject, "amount": amount, "note": mine.get("note", "")}
    found["kind"] = mine.get("kind", "").lower() or ("discount" if mine["amount"].endswith("%") else "price")
    found["unit"] = unit_of(subject)
    if mine.get("unit") and found["kind"] == "price":
        found["unit"], found["amount"] = _hourly(mine["unit"], subject, amount, where)
    if mine.get("currency"):
        found["currency"] = mine["currency"].upper()
    try:
        if mine.get("from"):
            found["from_ms"] = parse_instant_ms(mine["from"], 0)
        if mine.get("to"):
            found["to_ms"] = parse_instant_ms(mine["to"], 0)
        return typed.convert(found, SetRate)
    except (InvalidInput, msgspec.ValidationError) as problem:
        raise InvalidInput(f"{where}: {problem}") from None


def _hourly(unit: str, subject: str, amount: str, where: str) -> tuple[str, str]:
    """A price of a unit as one of an hour: 48 for `GPU-Days` is 2 a GPU-hour. Raises InvalidInput.

    A price of `gpu:H100` is one of a GPU, though its unit may say `hour` only.
    """
    kind, hours = measure_of(unit)
    if kind is Measure.OTHER or hours is None:
        raise InvalidInput(
            f"{where}: cannot read unit {unit!r}: expected a time of a GPU or of a machine; try GPU-Hours, "
            "instance-hours or node-months"
        )
    name = "gpu-hour" if kind is Measure.GPU or subject.casefold().startswith("gpu:") else "instance-hour"
    if hours == 1:
        return name, amount
    try:
        return name, f"{(Decimal(amount.replace(',', '')) / hours).quantize(_DIGITS).normalize():f}"
    except InvalidOperation:
        return name, amount  # refused by the caller, by its name
