"""Figures as reports say them: hours, shares, changes and times."""

from datetime import UTC, datetime
from decimal import Decimal

from trimtab.base.coins import money
from trimtab.costs.explorer.words import ratio


def hours(value: float | None) -> str:
    """`1,234 h`; a dash where it is not known."""
    if not value:
        return "–" if value is None else "0 h"
    return f"{value:,.0f} h" if abs(value) >= 10 else f"{value:,.1f} h"


def share(value: float | None) -> str:
    """`37 %`."""
    if not value:
        return "–" if value is None else "0 %"
    return f"{value * 100:,.0f} %" if abs(value) >= 0.1 else f"{value * 100:,.1f} %"


def seconds(value: float | None) -> str:
    """`0.84 s`, `120 ms`."""
    return "–" if value is None else f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.2f} s"


def success(value: float | None) -> str:
    """`99.97 %`: as many nines as it has, never 100 % where something failed."""
    if value is None:
        return "–"
    text = f"{value * 100:.3f}".rstrip("0").rstrip(".")
    return "> 99.999 %" if text == "100" and value < 1 else f"{text} %"


def change(before: Decimal, after: Decimal, currency: str) -> str:
    """`rose by 120.00 USD (+12.3 %)`."""
    if after == before:
        return "did not change"
    by = money(abs(after - before), currency)
    told = ratio(before, after)
    return f"{'rose' if after > before else 'fell'} by {by}" + (f" ({told})" if told else "")


def day(ms: int) -> str:
    """`24 Nov 2026`."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%-d %b %Y}"


def moment(ms: int) -> str:
    """`24 Nov 2026, 14:05 UTC`."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%-d %b %Y, %H:%M} UTC"


def span(start_ms: int, end_ms: int) -> str:
    """`17 Nov 2026 to 23 Nov 2026`, both days included."""
    return f"{day(start_ms)} to {day(end_ms - 1)}"


def plural(number: int, one: str, many: str = "") -> str:
    """`1 alarm`, `3 alarms`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
