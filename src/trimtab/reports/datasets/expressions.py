"""Expressions of a spec as trees and as SQL, with errors that name the part of the spec."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.reports.datasets.field import Type
from trimtab.reports.datasets.language.lexer import ExpressionProblem
from trimtab.reports.datasets.language.parser import parse
from trimtab.reports.datasets.language.tree import Literal, Node
from trimtab.reports.datasets.language.typed import NULL, Bindings, Typed, as_money
from trimtab.reports.datasets.language.vocabulary import FUNCTIONS
from trimtab.reports.datasets.language.writer import Writer, literal
from trimtab.reports.datasets.spec import Parameter

T = TypeVar("T")

_parse = lru_cache(maxsize=2000)(parse)


def tree_of(text: str, where: str) -> Node:
    """The tree of an expression. Raises ExpressionProblem that names `where`."""
    return named(where, lambda: _parse(text))


def named(where: str, work: Callable[[], T]) -> T:
    """What `work` answers; what is wrong with an expression is told of a part of the spec."""
    try:
        return work()
    except ExpressionProblem as problem:
        raise problem if problem.where else problem.at(where) from None


class Environment(Struct):
    """What all expressions of one reading share: parameters, the reader's own lists, the clock, bound values."""

    now_ms: int
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Collection[str]] = field(default_factory=dict)
    bindings: Bindings = field(default_factory=Bindings)

    def __post_init__(self) -> None:
        """Refuse values of parameters that there are not."""
        unknown = [name for name in self.given if name not in self.parameters]
        if unknown:
            among = ", ".join(self.parameters) or "none"
            raise InvalidInput(f"cannot set parameter {unknown[0][:80]!r}: there is {among}", field="parameters")

    def writer(
        self, fields: Mapping[str, Typed], *, personal: bool = False, outputs: Mapping[str, Typed] | None = None
    ) -> Writer:
        """A writer over `fields`; only a `personal` one knows the reader."""
        values = {name: self._value(name, one) for name, one in self.parameters.items()}
        if personal:
            values |= {name: literal(value, self.bindings) for name, value in self.own.items()}
        lists = self.lists if personal else {}
        return Writer(fields, values, self.now_ms, FUNCTIONS, self.bindings, lists, outputs or {})

    def _value(self, name: str, parameter: Parameter) -> Typed:
        value = self.given.get(name, parameter.default)
        if value is None:
            return NULL
        if parameter.choices and str(value) not in parameter.choices:
            raise InvalidInput(
                f"cannot set parameter {name}: got {str(value)[:80]!r}; expected one of {', '.join(parameter.choices)}",
                field="parameters",
            )
        try:
            return self._typed(parameter, value)
        except (ArithmeticError, ValueError, ExpressionProblem):
            raise InvalidInput(
                f"cannot set parameter {name}: got {str(value)[:80]!r}; expected a {parameter.type}", field="parameters"
            ) from None

    def _typed(self, parameter: Parameter, value: Any) -> Typed:
        match parameter.type:
            case "text":
                return literal(str(value), self.bindings)
            case "time":
                writer = Writer({}, {}, self.now_ms, {}, self.bindings)
                return writer.moment(Literal(None, 0, 0), str(value))
            case "bool":
                if str(value).lower() not in ("true", "false"):
                    raise ValueError(value)
                return literal(str(value).lower() == "true", self.bindings)
        number = Decimal(str(value))
        if not number.is_finite() or abs(number) >= Decimal(10) ** 18 or len(number.as_tuple().digits) > 30:
            raise ValueError(value)
        found = literal(number, self.bindings)
        if parameter.type == "money":
            return Typed(as_money(found), Type.MONEY, constant=found.constant, is_constant=True)
        return found
