"""`Typed`: a piece of SQL with what it answers, and the conversions between types that keep money exact.

Of the engine's decimals only `multiplyDecimal`, `divideDecimal` and `sum(toDecimal256(x, 12))` neither wrap nor round
in silence, so money goes through these and never through a float.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from enum import IntEnum
from typing import Any

from msgspec import Struct, field

from trimtab.reports.datasets.field import Type

SCALE = 12
"""Decimals of money, as in the bill's own columns."""
_WIDE = Context(prec=76)  # digits that the engine's widest decimal has


class Stage(IntEnum):
    """When a value is known: of a row, of a group of rows, or of a row among the others of an answer."""

    ROW = 0
    AGGREGATE = 1
    WINDOW = 2


class Typed(Struct, frozen=True):
    """A piece of SQL. `constant` is the value where the text itself gives it.

    `loose` are the row-level pieces that it reads outside of any aggregate: in a grouped query they must be grouped by.
    """

    sql: str
    type: Type
    stage: Stage = Stage.ROW
    constant: str | Decimal | bool | None = None
    is_constant: bool = False
    loose: frozenset[str] = frozenset()

    @property
    def is_null(self) -> bool:
        """Whether it is `null`, which takes any type."""
        return self.is_constant and self.constant is None


NULL = Typed("NULL", Type.TEXT, is_constant=True)


class Bindings(Struct):
    """Values that the engine binds, `e0`, `e1`, …: no text of a user is ever part of a statement."""

    prefix: str = "e"
    params: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any, type_: str = "String") -> str:
        """The placeholder of a value."""
        name = f"{self.prefix}{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{type_}}}"


def joined(sql: str, type_: Type, parts: Sequence[Typed]) -> Typed:
    """A row-wise result of `parts`."""
    stage = max((one.stage for one in parts), default=Stage.ROW)
    return Typed(sql, type_, stage, loose=frozenset().union(*(one.loose for one in parts)))


def as_money(of: Typed) -> str:
    """An exact decimal of any numeric piece."""
    if isinstance(of.constant, Decimal):
        return f"toDecimal256('{of.constant.quantize(Decimal(1).scaleb(-SCALE), context=_WIDE):f}', {SCALE})"
    if of.type is Type.NUMBER:
        return f"toDecimal256OrNull(toString({of.sql}), {SCALE})"
    return "CAST(NULL AS Nullable(Decimal(76, 12)))" if of.is_null else f"toDecimal256({of.sql}, {SCALE})"


def divided(left: str, right: str) -> str:
    """An exact quotient of two decimals; null where the divisor is 0 or null, which the engine would refuse."""
    zero = f"toDecimal256('0', {SCALE})"
    none = f"ifNull({right}, {zero}) = {zero}"
    return f"if({none}, NULL, divideDecimal({left}, if({none}, toDecimal256('1', {SCALE}), {right}), {SCALE}))"


def as_number(of: Typed) -> str:
    """A float of any numeric piece."""
    return of.sql if of.type is Type.NUMBER else f"toFloat64({of.sql})"


def numeric_type(parts: Sequence[Typed]) -> Type:
    """What numbers of several types become together."""
    types = {one.type for one in parts if not one.is_null}
    return Type.MONEY if Type.MONEY in types else Type.NUMBER if Type.NUMBER in types else Type.INTEGER


def converted(of: Typed, wanted: Type) -> str:
    """A piece as another numeric type, or as it is."""
    if of.is_null or of.type is wanted:
        return as_money(of) if wanted is Type.MONEY and not of.is_null else of.sql
    return as_money(of) if wanted is Type.MONEY else as_number(of) if wanted is Type.NUMBER else of.sql
