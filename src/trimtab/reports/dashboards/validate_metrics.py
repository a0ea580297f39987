"""The rows of a metric widget and its annotations: shapes that no plain schema words well."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from trimtab.reports.dashboards.model import Message
from trimtab.reports.dashboards.rows import written_out
from trimtab.reports.dashboards.schema import LINE, MOMENT, RENDERING, Rule
from trimtab.reports.dashboards.validate_rule import check_rule

MOST_DIMENSIONS = 30
_EXTRA = "Metric rendering properties must be the last element of the metric row"
_NOT_TEXT = 'Invalid metric field type, only "String" type is allowed'


def check_metrics(rows: Any, path: str) -> Iterator[Message]:
    """What is wrong with the rows of `metrics`."""
    if not isinstance(rows, list):
        return
    before: list[str] = []
    for at, row in enumerate(rows):
        where = f"{path}/{at}"
        if not isinstance(row, list):
            yield Message(where, "Should be array")
            continue
        if not row:
            yield Message(where, "Should NOT have fewer than 1 items")
            continue
        yield from _row(row, where, before)
        names = [one for one in row if isinstance(one, str)]
        before = written_out(names, before) if names else before


def _row(row: list[Any], path: str, before: list[str]) -> Iterator[Message]:
    options = row[-1] if isinstance(row[-1], dict) else None
    names = row[:-1] if options is not None else row
    for at, one in enumerate(names):
        if isinstance(one, dict):
            yield Message(f"{path}/{at}", _EXTRA)
        elif not isinstance(one, str):
            yield Message(f"{path}/{at}", _NOT_TEXT)
    if options is not None:
        yield from _options(options, path, len(names))
    if not all(isinstance(one, str) for one in names):
        return
    if names and options and "expression" in options:
        yield Message(path, "Should NOT have both a metric and an expression")
    elif names:
        yield from _names(names, path, before)


def _names(names: list[str], path: str, before: list[str]) -> Iterator[Message]:
    for at, one in enumerate(names):
        if (one == "." and at >= len(before)) or (one == "..." and not before):
            yield Message(f"{path}/{at}", f'Nothing before this row stands where "{one}" points')
            return
    full = written_out(names, before)
    if len(full) < 2:
        yield Message(path, "Should NOT have fewer than 2 items")
    elif len(full) % 2:
        yield Message(path, f"Should NOT have more than {len(full) - 1} items")
    elif len(full) > 2 + 2 * MOST_DIMENSIONS:
        yield Message(path, f"Should NOT have more than {2 + 2 * MOST_DIMENSIONS} items")


def _options(options: dict[str, Any], path: str, at: int) -> Iterator[Message]:
    rule = Rule("object", members=RENDERING)
    yield from check_rule(options, rule, f"{path}/{at}")
    if at == 0 and "expression" not in options:
        yield Message(f"{path}/{at}", "Should have required property 'expression'")


def check_annotations(annotations: Any, path: str) -> Iterator[Message]:
    """What is wrong with the annotations of a widget."""
    if not isinstance(annotations, dict):
        return
    for name, members in (("horizontal", LINE), ("vertical", MOMENT)):
        found = annotations.get(name)
        for at, one in enumerate(found if isinstance(found, list) else []):
            yield from _annotation(one, members, f"{path}/{name}/{at}", vertical=name == "vertical")


def _annotation(one: Any, members: Any, path: str, *, vertical: bool) -> Iterator[Message]:
    if isinstance(one, list):
        if len(one) != 2:
            yield Message(path, f"Should NOT have {'more' if len(one) > 2 else 'fewer'} than 2 items")
        for at, edge in enumerate(one):
            yield from _annotation(edge, members, f"{path}/{at}", vertical=vertical)
        return
    yield from check_rule(one, Rule("object", members=members, required=("value",)), path)
    if vertical and isinstance(one, dict) and isinstance(one.get("value"), str):
        try:
            datetime.fromisoformat(one["value"])
        except ValueError:
            yield Message(f"{path}/value", 'Should match format "date-time"')
