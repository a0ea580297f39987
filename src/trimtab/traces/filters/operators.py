"""The operators of filter expressions: as SQL of a value and a bound parameter, and of values exactly alike."""

import operator
from collections.abc import Callable, Mapping

ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TEXT: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "CONTAINS": lambda text, part: part in text,
    "BEGINSWITH": lambda text, part: text.startswith(part),
    "ENDSWITH": lambda text, part: text.endswith(part),
}
_TEXT_SQL = {
    "=": "{value} = {bound}",
    "!=": "{value} != {bound}",
    "CONTAINS": "position({value}, {bound}) > 0",
    "BEGINSWITH": "startsWith({value}, {bound})",
    "ENDSWITH": "endsWith({value}, {bound})",
}


def text_sql(operator_: str, value: str, bound: str) -> str:
    """A comparison of texts as SQL."""
    if operator_ == "CONTAINS":
        return f"(position({value}, {bound}) > 0 OR {bound} = '')"
    return _TEXT_SQL[operator_].format(value=value, bound=bound)


def order_sql(operator_: str, value: str, bound: str) -> str:
    """A comparison of numbers as SQL; false where there is no number."""
    return f"ifNull({value} {operator_} {bound}, 0)"


def number_of(text: str) -> float | None:
    """A number that is written as text; None where it is none."""
    try:
        return float(text)
    except ValueError:
        return None
