"""The types of metric math (S, TS, TS[]) and what each operator takes. Nothing here looks at data."""

from collections.abc import Sequence
from enum import StrEnum

from trimtab.base.errors import InvalidInput


class Type(StrEnum):
    """The type of a value; the value is how messages write it."""

    SCALAR = "Scalar"
    SERIES = "TimeSeries"
    ARRAY = "Array[TimeSeries]"
    TEXT = "String"
    WORD = "Word"


ABBREVIATIONS = {Type.SCALAR: "S", Type.SERIES: "TS", Type.ARRAY: "TS[]", Type.TEXT: "string", Type.WORD: "word"}
"""As the documentation writes them."""
_COMPUTABLE = (Type.SCALAR, Type.SERIES, Type.ARRAY)


def of_operator(sign: str, left: Type, right: Type, at: int) -> Type:
    """The type of `left sign right`. Raises InvalidInput where the operator does not take them."""
    fits = left in _COMPUTABLE and right in _COMPUTABLE and not left == right == Type.ARRAY
    if not fits:
        raise unsupported(sign, (left, right), at)
    if Type.ARRAY in (left, right):
        return Type.ARRAY
    return Type.SERIES if Type.SERIES in (left, right) else Type.SCALAR


def of_negation(type_: Type, at: int) -> Type:
    """The type of `-value`."""
    if type_ not in _COMPUTABLE:
        raise unsupported("-", (type_,), at)
    return type_


def of_array(types: Sequence[Type], at: int) -> Type:
    """The type of `[…]`, whose members are series or arrays."""
    if any(type_ not in (Type.SERIES, Type.ARRAY) for type_ in types):
        raise unsupported("[]", types, at)
    return Type.ARRAY


def unsupported(what: str, types: Sequence[Type], at: int, expected: str = "") -> InvalidInput:
    """The complaint about types that an operator or function does not take."""
    hint = f"; expected {expected}" if expected else ""
    return InvalidInput(f"Unsupported operand type(s) for {what}: '[{', '.join(types)}]' at character {at}{hint}")
