"""Exchange rates from CSV, in two shapes:

    date,from,to,rate            a rate a line: 2026-11-27,EUR,USD,1.1568
    Date,USD,JPY,BGN,…           the ECB's reference rates: what one euro was worth of each; N/A and empty: none

https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip holds the second. A file is taken whole or not at all.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from trimtab.base.errors import InvalidInput
from trimtab.costs.currencies.model import Rate

_PLAIN = ("date", "from", "to", "rate")
_CODE = re.compile("[A-Z]{3}")
_NONE = frozenset({"", "N/A", "NA", "-"})
_BASE = "EUR"
_FORMS = ("%Y-%m-%d", "%d %B %Y")
"""Dates as the ECB's history and its daily file have them."""
MOST_RATES = 2_000_000
"""The ECB's whole history has some 300,000."""


def read_rates(text: str, source: str) -> list[Rate]:
    """The rates of a file. Raises InvalidInput that says in which line."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    head = [name.strip() for name in next(rows, [])]
    names = [name.lower() for name in head]
    wide = bool(names) and names[0] == "date" and not set(_PLAIN) <= set(names)
    codes = [(at, name) for at, name in enumerate(head) if at and name] if wide else []
    if not wide and not set(_PLAIN) <= set(names):
        raise InvalidInput(
            f"cannot read rates: got the columns {', '.join(head[:8]) or 'none'}; expected date, from, to and rate, or "
            "Date and a column a currency as the ECB's file has them",
            field="rates",
        )
    found: list[Rate] = []
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        where = f"line {number}"
        if wide:
            found += _wide(row, codes, source, where)
        else:
            found.append(_plain(dict(zip(names, row, strict=False)), source, where))
        if len(found) > MOST_RATES:
            raise InvalidInput(f"cannot read rates: got more than {MOST_RATES}", field="rates")
    if not found:
        raise InvalidInput("cannot read rates: the file has none", field="rates")
    return found


def _plain(row: dict[str, str], source: str, where: str) -> Rate:
    base, quote = _code(row.get("from", ""), where), _code(row.get("to", ""), where)
    if base == quote:
        raise InvalidInput(f"cannot read rates: {where} is from {base} to itself", field="rates")
    return Rate(_day(row.get("date", ""), where), base, quote, _rate(row.get("rate", ""), where), source)


def _wide(row: Sequence[str], codes: Sequence[tuple[int, str]], source: str, where: str) -> list[Rate]:
    day = _day(row[0], where)
    cells = ((_code(name, "the head"), row[at].strip()) for at, name in codes if at < len(row))
    return [
        Rate(day, _BASE, code, _rate(cell, where), source)
        for code, cell in cells
        if cell.upper() not in _NONE and code != _BASE
    ]


def _day(text: str, where: str) -> date:
    for form in _FORMS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise InvalidInput(f"cannot read rates: {where} has the date {text[:30]!r}; expected 2026-11-27", field="rates")


def _code(text: str, where: str) -> str:
    code = text.strip().upper()
    if not _CODE.fullmatch(code):
        raise InvalidInput(
            f"cannot read rates: {where} has the currency {text[:20]!r}; expected three letters", field="rates"
        )
    return code


def _rate(text: str, where: str) -> Decimal:
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or rate <= 0 or not -12 <= rate.adjusted() <= 12:
        raise InvalidInput(
            f"cannot read rates: {where} has the rate {text[:30]!r}; expected a number above 0", field="rates"
        )
    return rate
