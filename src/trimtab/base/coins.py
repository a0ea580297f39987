"""Money as people read it: whole coins of its currency, thousands apart, a true minus sign, the currency behind it.

Files and APIs have exact digits (`format(amount, "f")`); these words are for pages, terminals, messages and reports.
"""

from collections.abc import Mapping
from decimal import Decimal

_MINOR = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "JOD": 3, "OMR": 3, "TND": 3}
"""Digits of a currency's smallest coin where they are not two (ISO 4217)."""
_TINY = Decimal("1e-6")
Amount = Decimal | float | str
"""An amount, exact or not, or its digits as APIs have them."""


def minor_digits(currency: str) -> int:
    """Digits after the point of the smallest coin of `currency`."""
    return _MINOR.get(currency, 2)


def coins(amount: Amount, currency: str) -> str:
    """`1,234.56`, `−4.50`; yen without a point."""
    value = Decimal(amount)
    text = f"{abs(value):,.{minor_digits(currency)}f}"
    return f"−{text}" if value < 0 and any(digit in "123456789" for digit in text) else text


def money(amount: Amount, currency: str) -> str:
    """`1,234.56 USD`, `−4.50 EUR`, `123,457 JPY`; below the smallest coin the first two digits: `0.0021 USD`."""
    value = Decimal(amount)
    size = abs(value)
    if not size or size >= Decimal(1).scaleb(-minor_digits(currency)):
        return f"{coins(value, currency)} {currency}"
    text = f"{size:.{1 - size.adjusted()}f}" if size >= _TINY else f"{size:.0e}"
    return f"{'−' if value < 0 else ''}{text} {currency}"


def sums(amounts: Mapping[str, Amount]) -> str:
    """Amounts by currency, by the alphabet: `90 JPY + 1,234.56 USD`; "" where there are none."""
    return " + ".join(money(amounts[currency], currency) for currency in sorted(amounts))


def signed(amount: Amount, currency: str) -> str:
    """A change: `+1,234.56 USD`, `−0.50 USD`, `±0.00 USD`."""
    value = Decimal(amount)
    return ("+" if value > 0 else "" if value < 0 else "±") + money(value, currency)


def exact(amount: Decimal) -> str:
    """All digits that an amount has, at least two, thousands apart."""
    whole, _, rest = f"{abs(amount):,f}".partition(".")
    shown = f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
    return f"−{shown}" if amount < 0 else shown
