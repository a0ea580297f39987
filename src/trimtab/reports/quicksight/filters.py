"""Filters of QuickSight's definitions as conditions over a data set's rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base.clock import iso
from trimtab.reports.analyses.grouping import quoted
from trimtab.reports.quicksight.columns import Columns, Unmapped, is_aggregate
from trimtab.reports.quicksight.unions import member

_PERIODS = {
    "YEAR": "YYYY", "QUARTER": "Q", "MONTH": "MM", "WEEK": "WK", "DAY": "DD", "HOUR": "HH", "MINUTE": "MI",
    "SECOND": "SS",
}  # fmt: skip
_TEXTS = {
    "EQUALS": "{0} = {1}", "DOES_NOT_EQUAL": "{0} != {1}", "CONTAINS": "contains({0}, {1})",
    "DOES_NOT_CONTAIN": "notContains({0}, {1})", "STARTS_WITH": "startsWith({0}, {1})",
    "ENDS_WITH": "endsWith({0}, {1})",
}  # fmt: skip


def condition_of(given: Mapping[str, Any], columns: Columns, parameters: Mapping[str, Sequence[Any]]) -> str:
    """The condition of a filter; empty where it lets everything through. Raises Unmapped, InvalidInput."""
    kind, body = member(given)
    if body.get("AggregationFunction"):
        raise Unmapped(f"{kind}: groups are not filtered by what they add up to")
    column = columns.column(body["Column"]) if body.get("Column") else ""
    if is_aggregate(column):
        raise Unmapped(f"{kind}: groups are not filtered by what they add up to")
    if kind == "CategoryFilter":
        return _category(column, body["Configuration"], parameters)
    if kind == "NumericEqualityFilter":
        value = _value(body.get("ParameterName"), parameters, body.get("Value"))
        return f"{column} {'=' if body['MatchOperator'] == 'EQUALS' else '!='} {_number(value)}"
    if kind in ("NumericRangeFilter", "TimeRangeFilter"):
        return _between(column, body, parameters, timely=kind == "TimeRangeFilter")
    if kind == "TimeEqualityFilter":
        grain = _PERIODS.get(body.get("TimeGranularity", "DAY"), "DD")
        value = quoted(_moment(_value(body.get("ParameterName"), parameters, body.get("Value"))))
        return f"truncDate('{grain}', {column}) = truncDate('{grain}', parseDate({value}))"
    if kind == "RelativeDatesFilter":
        return _relative(column, body)
    raise Unmapped(f"{kind} has no meaning here")


def _category(column: str, given: Mapping[str, Any], parameters: Mapping[str, Sequence[Any]]) -> str:
    kind, body = member(given)
    if body.get("SelectAllOptions") == "FILTER_ALL_VALUES":
        return ""
    operator = body.get("MatchOperator", "EQUALS")
    if kind == "CustomFilterConfiguration":
        values = [_value(body.get("ParameterName"), parameters, body.get("CategoryValue"))]
    else:
        values = list(body.get("CategoryValues") or ())
    if not values:
        return ""
    if operator in ("EQUALS", "DOES_NOT_EQUAL"):
        listed = f"[{', '.join(quoted(str(one)) for one in values)}]"
        return f"{column} {'in' if operator == 'EQUALS' else 'not in'} {listed}"
    if operator not in _TEXTS:
        raise Unmapped(f"there is no match operator {operator}")
    word = " and " if operator == "DOES_NOT_CONTAIN" else " or "
    return f"({word.join(_TEXTS[operator].format(column, quoted(str(one))) for one in values)})"


def _between(
    column: str, body: Mapping[str, Any], parameters: Mapping[str, Sequence[Any]], *, timely: bool
) -> str:  # fmt: skip
    ending = "Value" if timely else ""
    parts = []
    for end, sign in (("Minimum", ">"), ("Maximum", "<")):
        given = body.get(f"Range{end}{ending}") or {}
        value = _value(given.get("Parameter"), parameters, given.get("StaticValue"), missing=True)
        if given.get("RollingDate"):
            raise Unmapped("rolling dates have no meaning here")
        if value is not None:
            equal = "=" if body.get(f"Include{end}") else ""
            written = f"parseDate({quoted(_moment(value))})" if timely else _number(value)
            parts.append(f"{column} {sign}{equal} {written}")
    return " and ".join(parts)


def _relative(column: str, body: Mapping[str, Any]) -> str:
    """`LAST 7 DAY` is from so long ago until now; `THIS` and `PREVIOUS` are whole periods."""
    grain = _PERIODS.get(body["TimeGranularity"])
    kind, number = body["RelativeDateType"], int(body.get("RelativeDateValue") or 1)
    if grain is None or kind not in ("LAST", "THIS", "PREVIOUS"):
        raise Unmapped(f"{kind} {body['TimeGranularity']} has no meaning here")
    if kind == "LAST":
        return f"{column} >= addDateTime(-{number}, '{grain}', now())"
    period = f"truncDate('{grain}', {column})"
    now = f"truncDate('{grain}', now())"
    return f"{period} = {now}" if kind == "THIS" else f"{period} = addDateTime(-1, '{grain}', {now})"


def _value(name: str | None, parameters: Mapping[str, Sequence[Any]], fixed: Any, *, missing: bool = False) -> Any:
    """What a filter holds against: a parameter's value, else the fixed one. Raises Unmapped."""
    values = parameters.get(name, ()) if name else [fixed]
    if len(values) == 1 and values[0] is not None:
        return values[0]
    if missing and not name:
        return None
    raise Unmapped(f"parameter {name} has {len(values)} values; expected one" if name else "it has no value")


def _number(value: Any) -> str:
    text = f"{float(value):.15g}"
    return text if "e" not in text else f"{float(value):f}"


def _moment(value: Any) -> str:
    return iso(int(value)) if isinstance(value, int | float) else str(value)
