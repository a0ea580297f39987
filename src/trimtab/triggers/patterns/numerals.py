"""JSON whose numbers keep the text that they were written with: by it a pattern knows what a double does not hold."""

import math
from decimal import Decimal
from typing import Any

import msgspec

from trimtab.base.errors import InvalidInput


class Numeral(float):
    """A number with a fraction or an exponent, and its text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "Numeral":
        """The number that `text` says."""
        made = super().__new__(cls, text)
        made.text = text
        return made


_decoder = msgspec.json.Decoder(float_hook=Numeral)


def decode(text: str | bytes) -> Any:
    """The JSON value in `text`; of a repeated key the last counts. Raises InvalidInput."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise InvalidInput(f"cannot read JSON: {problem}") from None


def text_of(number: float) -> str:
    """A number as it was written; whole numbers have one form."""
    return number.text if isinstance(number, Numeral) else repr(number)


def comparable(number: float) -> float | None:
    """A number as patterns compare it: the double that says exactly what is written; None where there is none.

    300, 300.0 and 3e2 are one number; 0.12345678901234567890 and 1e400 are none, and equal only what is written so.
    Source: event-ruler, ComparableNumber.
    """
    if type(number) is int and -_WHOLE <= number <= _WHOLE:
        return float(number)
    try:
        double = float(number)
    except OverflowError:
        return None
    return double if math.isfinite(double) and Decimal(repr(double)) == Decimal(text_of(number)) else None


def identity(number: float) -> float | str:
    """What two numbers have in common that a pattern takes for one: the size, else the text."""
    size = comparable(number)
    return text_of(number) if size is None else size


_WHOLE = 1 << 53
"""Whole numbers up to here are doubles, each its own."""
