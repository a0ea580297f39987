"""JSON whose numbers keep the text that they were written with: 300, 300.0 and 3e2 are three numbers to a pattern."""

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
