"""How values are read and compared, in Python and as SQL: the same rules twice, side by side.

A number of a JSON message reads as the engine writes it: the shortest text that gives it back, without exponent where
it is between 10⁻⁶ and 10²¹. Integers beyond 64 bits are text.
"""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import re2

from trimtab.logs.fields import Parameters
from trimtab.logs.filters.parser import NUMBER
from trimtab.logs.filters.syntax import Regex, Wildcard

_LINE = r'"[^"]*"|\[[^\]]*\]|[^\s]+'
_FIELD = re2.compile(_LINE)
_NUMERIC = re2.compile(NUMBER)
_INT64, _UINT64 = -(1 << 63), (1 << 64) - 1
_LEAST, _MOST = -6, 21  # powers of ten between which a number is written without exponent

Scalar = str | int | float | bool


def document(message: str) -> Any:
    """The JSON object that a message is; None for anything else. Of a repeated key the first counts."""
    if message[:1] not in ("{", " ", "\t", "\n", "\r"):
        return None
    try:
        found = json.loads(
            message, object_pairs_hook=_first, parse_int=_integer, parse_float=_float, parse_constant=_no
        )
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def at(found: Any, path: tuple[str | int, ...]) -> tuple[bool, Any]:
    """Whether there is something at a path, and what."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(found, list) or step >= len(found):
                return False, None
        elif not isinstance(found, dict) or step not in found:
            return False, None
        found = found[step]
    return True, found


def text_of(value: Scalar) -> str:
    """A scalar as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        number = Decimal(repr(value)).normalize()
        power = number.adjusted()
        if _LEAST <= power < _MOST:
            return f"{number:f}"
        digits = "".join(map(str, number.as_tuple().digits))
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{'-' if number < 0 else ''}{mantissa}e{power}"
    return str(value)


def fields_of(line: str) -> list[str]:
    """The fields of a space-delimited line; what is in brackets or quotation marks is one, with them."""
    return [str(found) for found in _FIELD.findall(line)]


def bare(field: str) -> str:
    """A field without the brackets or quotation marks around it."""
    around = len(field) >= 2 and (field[0], field[-1]) in (('"', '"'), ("[", "]"))
    return field[1:-1] if around else field


def number_of(text: str) -> float | None:
    """The number that a field is."""
    return float(text) if _NUMERIC.search(text) else None


def text_test(value: Wildcard | Regex) -> Callable[[str], bool]:
    """Whether a text fits."""
    if isinstance(value, Regex):
        search = re2.compile(f"(?s:{value.pattern})").search
        return lambda text: search(text) is not None
    if len(value.parts) == 1:
        exact = value.parts[0]
        return lambda text: text == exact
    whole = re2.compile("(?s:.*)".join(re2.escape(part) for part in value.parts)).fullmatch
    return lambda text: whole(text) is not None


def sql_text_test(text: str, value: Wildcard | Regex, parameters: Parameters) -> str:
    """The same of an SQL expression."""
    if isinstance(value, Regex):
        return f"match({text}, {parameters.text(f'(?s:{value.pattern})')})"
    if len(value.parts) == 1:
        return f"{text} = {parameters.text(value.parts[0])}"
    return f"{text} LIKE {parameters.text('%'.join(map(like, value.parts)))}"


def sql_fields(message: str, parameters: Parameters) -> str:
    """`fields_of` as SQL."""
    return f"extractAll({message}, {parameters.text(_LINE)})"


def sql_bare(field: str) -> str:
    """`bare` as SQL."""
    around = "(substring(f, 1, 1), substring(f, -1)) IN (('\"', '\"'), ('[', ']'))"
    return f"arrayMap(f -> if(length(f) >= 2 AND {around}, substring(f, 2, length(f) - 2), f), [{field}])[1]"


def sql_number(text: str, parameters: Parameters) -> str:
    """`number_of` as SQL."""
    return f"if(match({text}, {parameters.text(NUMBER)}), toFloat64OrNull({text}), NULL)"


def like(text: str) -> str:
    """`text` as LIKE reads it."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _integer(text: str) -> int | str:
    number = int(text)
    return number if _INT64 <= number <= _UINT64 else text


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _no(text: str) -> Any:
    raise ValueError(text)
