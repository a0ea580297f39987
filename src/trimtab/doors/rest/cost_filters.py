"""Cost Explorer's Expressions in bodies of REST: their shape is checked here, what they say by its own reader."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.faults import AwsError

_Option = Literal[
    "EQUALS", "ABSENT", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "GREATER_THAN_OR_EQUAL", "CASE_SENSITIVE",
    "CASE_INSENSITIVE",
]  # fmt: skip


class _Values(Struct, frozen=True, forbid_unknown_fields=True):
    Key: str
    Values: list[str] = []
    MatchOptions: list[_Option] = []


class _Expression(Struct, frozen=True, forbid_unknown_fields=True):
    Or: "list[_Expression] | None" = None
    And: "list[_Expression] | None" = None
    Not: "_Expression | None" = None
    Dimensions: _Values | None = None
    Tags: _Values | None = None
    CostCategories: _Values | None = None


def check_shape(expression: Any) -> None:
    """Raise InvalidInput for what is no Expression."""
    try:
        typed.convert(expression, _Expression)
    except (msgspec.ValidationError, RecursionError) as problem:
        raise InvalidInput(f"cannot read filter: {problem}", field="filter") from None


@contextmanager
def reading() -> Iterator[None]:
    """Tell what Cost Explorer's reader refuses as the API does: InvalidInput of `filter`."""
    try:
        yield
    except AwsError as problem:
        raise InvalidInput(str(problem), field="filter") from None
