"""Billing months as the whole numbers YYYYMM that bills and statements are kept by."""

from datetime import UTC, datetime

from trimtab.base.clock import to_datetime, to_ms
from trimtab.base.errors import InvalidInput


def month_of(ms: int) -> int:
    """The month in which a time falls, UTC."""
    when = to_datetime(ms)
    return when.year * 100 + when.month


def bounds(month: int) -> tuple[int, int]:
    """`[start_ms, end_ms)` of a month."""
    return _start(month), _start(after(month))


def after(month: int) -> int:
    """The month that follows."""
    return month + 1 if month % 100 < 12 else month + 89


def before(month: int) -> int:
    """The month that precedes."""
    return month - 1 if month % 100 > 1 else month - 89


def spanned(start_ms: int, end_ms: int) -> list[int]:
    """The months that `[start_ms, end_ms)` touches."""
    found = [month_of(start_ms)]
    while bounds(found[-1])[1] < end_ms:
        found.append(after(found[-1]))
    return found


def read_month(text: str) -> int:
    """`2026-08` or `202608`. Raises InvalidInput."""
    digits = text.strip().replace("-", "", 1)
    if len(digits) == 6 and digits.isdecimal() and 1970 <= int(digits[:4]) <= 2100 and 1 <= int(digits[4:]) <= 12:
        return int(digits)
    raise InvalidInput(f"cannot read month: got {text[:30]!r}; expected YYYY-MM, such as 2026-08", field="month")


def named(month: int) -> str:
    """`2026-08`."""
    return f"{month // 100}-{month % 100:02}"


def in_words(month: int) -> str:
    """`August 2026`."""
    return f"{datetime(month // 100, month % 100, 1, tzinfo=UTC):%B %Y}"


def _start(month: int) -> int:
    return to_ms(datetime(month // 100, month % 100, 1, tzinfo=UTC))
