"""Rows of datasets as cells of a table, and what is said of a dataset beside them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.reports.datasets.field import Field, Part, Type
from trimtab.reports.datasets.reading import Answer
from trimtab.reports.datasets.spec import Dataset, RowRule
from trimtab.web import format as words

_LONGEST = 160
"""Characters of a cell: a log line is read on its own page."""


class Grid(Struct, frozen=True):
    """An answer as a table: heads with whether they are numbers, and rows of texts."""

    heads: Sequence[tuple[Field, bool]]
    rows: Sequence[Sequence[str]]
    ages: Sequence[tuple[str, str]]
    answer: Answer


def grid_of(answer: Answer, now_ms: int) -> Grid:
    """An answer for the page."""
    columns = [[cell(value) for value in column.to_pylist()] for column in answer.table.columns]
    heads = [(one, one.part is Part.MEASURE) for one in answer.fields]
    ages = [(name, "as it is now" if at is None else age(at, now_ms)) for name, at in answer.until_ms.items()]
    return Grid(heads, list(zip(*columns, strict=True)), ages, answer)


def age(at_ms: int, now_ms: int) -> str:
    """Until when something is known."""
    return f"until {words.instant(at_ms)}" + (f", {words.age(at_ms, now_ms)}" if at_ms < now_ms else "")


def cell(value: Any) -> str:
    """One value."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            whole = not (value.hour or value.minute or value.second or value.microsecond)
            return f"{value:%Y-%m-%d}" if whole else f"{value:%Y-%m-%d %H:%M:%S}"
        case Decimal():
            return f"{value.normalize():,f}" if value else "0"
        case float():
            return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
        case list():
            text = ", ".join(f"{key}={one}" for key, one in value)
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def kind_of(field: Field) -> str:
    """The type with the unit."""
    return f"{field.type.value}, {field.unit}" if field.unit else field.type.value


def rules_of(spec: Dataset) -> list[tuple[str, str]]:
    """Who sees which rows: readers, and the condition."""
    return [(_whom(rule), rule.where) for rule in spec.rows or ()]


def _whom(rule: RowRule) -> str:
    parts = [
        *(f"team {one}" for one in rule.teams), *(f"role {one}" for one in rule.roles),
        *(f"reader {one}" for one in rule.readers),
    ]  # fmt: skip
    return ", ".join(parts) or "everybody"


def preview_columns(fields: Sequence[Field]) -> list[Field]:
    """Fields that a preview shows: all but labels, which are wide."""
    return [one for one in fields if one.type is not Type.LABELS]
