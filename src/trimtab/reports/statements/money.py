"""Amounts as statements write them: whole coins with thousands apart, a true minus sign."""

from decimal import Decimal

from trimtab.costs.currencies.coins import minor_digits


def coins(amount: Decimal, currency: str) -> str:
    """`1,234.56`, `−4.50`; yen without a point."""
    digits = minor_digits(currency)
    text = f"{abs(amount):,.{digits}f}"
    return f"−{text}" if amount < 0 and any(digit in "123456789" for digit in text) else text


def exact(amount: Decimal) -> str:
    """All digits that an amount has, at least two, thousands apart."""
    text = f"{abs(amount):,f}"
    whole, _, rest = text.partition(".")
    shown = f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
    return f"−{shown}" if amount < 0 else shown
