"""The smallest coins of currencies."""

_MINOR = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "JOD": 3, "OMR": 3, "TND": 3}
"""Digits of a currency's smallest coin where they are not two (ISO 4217)."""


def minor_digits(currency: str) -> int:
    """Digits after the point of the smallest coin of `currency`."""
    return _MINOR.get(currency, 2)
