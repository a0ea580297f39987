"""The variables of a dashboard: a value for each from the URL, put into every widget.

A `pattern` variable replaces its text wherever it stands in a widget; a `property` variable sets a property (region,
accountId, period, …) or the value of a dimension of that name. Source: CloudWatch, "Dashboard variables".
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.metrics.model import SeriesQuery
from trimtab.reports.dashboards.model import Variable, Widget
from trimtab.reports.dashboards.ports import Finds
from trimtab.reports.dashboards.rows import written_out

PREFIX = "var-"
"""What the URL's parameters of variables begin with."""
ANY = "*"
_MOST_CHOICES = 500
_SET = ("region", "accountId", "period", "stat", "view", "title")
"""Properties that stand in the widget itself; another name is that of a dimension."""
_SEARCH = re.compile(r"""(?:^\s*\{\s*(?P<namespace>"[^"]+"|[^,}]+)(?P<names>[^}]*)\}\s*)?(?P<rest>.*)""", re.DOTALL)


class Chosen(Struct, frozen=True):
    """A variable with its value now, and the values that can be chosen, as (value, label)."""

    variable: Variable
    value: str
    choices: tuple[tuple[str, str], ...]


def choose(variables: Sequence[Variable], given: Mapping[str, str], finder: Finds, scope: Scope) -> tuple[Chosen, ...]:
    """Every variable with its value: the one in the URL, else its default, else the first that can be chosen."""
    found = []
    for one in variables:
        choices = (*one.values, *_searched(one, finder, scope))
        first = choices[0][0] if choices else ""
        found.append(Chosen(one, given.get(PREFIX + one.id, one.default or first), choices))
    return tuple(found)


def apply(widget: Widget, chosen: Sequence[Chosen]) -> Widget:
    """`widget` with the values of the variables in it."""
    properties: Any = widget.properties
    for one in chosen:
        if not one.value:
            continue
        if one.variable.kind == "pattern":
            properties = _replaced(properties, one.variable.target, one.value)
        else:
            properties = _with_property(properties, one.variable.target, one.value)
    return replace(widget, properties=properties)


def _replaced(value: Any, pattern: str, text: str) -> Any:
    if isinstance(value, str):
        return value.replace(pattern, text)
    if isinstance(value, list):
        return [_replaced(one, pattern, text) for one in value]
    if isinstance(value, dict):
        return {key: _replaced(one, pattern, text) for key, one in value.items()}
    return value


def _with_property(properties: Mapping[str, Any], name: str, text: str) -> dict[str, Any]:
    changed = dict(properties)
    if name in _SET:
        changed[name] = int(text) if name == "period" and text.isdigit() else text
        return changed
    if isinstance(changed.get("labels"), list):  # of an explorer widget: what its series must have
        changed["labels"] = [{**one, "value": text} if one.get("key") == name else one for one in changed["labels"]]
        return changed
    if isinstance(changed.get("metrics"), list):
        changed["metrics"] = [_with_dimension(row, name, text) for row in _long(changed["metrics"])]
    return changed


def _long(rows: list[Any]) -> list[list[Any]]:
    """The rows without shorthand, so that a dimension can be set in each."""
    before: list[str] = []
    found = []
    for row in rows:
        if not isinstance(row, list):
            continue
        names = [one for one in row if isinstance(one, str)]
        options = [one for one in row if isinstance(one, dict)]
        before = written_out(names, before) if names else before
        found.append([*(before if names else []), *options])
    return found


def _with_dimension(row: list[Any], name: str, text: str) -> list[Any]:
    options = row[-1:] if row and isinstance(row[-1], dict) else []
    names = row[: len(row) - len(options)]
    if options and "expression" in options[0]:
        pattern = re.compile(rf'({re.escape(name)}"?\s*=\s*)("[^"]*"|\'[^\']*\'|[^\s\'"){{}},]+)')
        quoted = json.dumps(text)
        return [{**options[0], "expression": pattern.sub(lambda match: match[1] + quoted, options[0]["expression"])}]
    for at in range(2, len(names) - 1, 2):
        if names[at] == name:
            names = [*names[: at + 1], text, *names[at + 2 :]]
    return [*names, *options]


def _searched(variable: Variable, finder: Finds, scope: Scope) -> tuple[tuple[str, str], ...]:
    """The values of the dimension `populateFrom` among the series that the variable's search finds."""
    if not variable.search:
        return ()
    match = _SEARCH.match(variable.search)
    namespace = match["namespace"].strip().strip('"') if match and match["namespace"] else None
    words = match["rest"] if match else variable.search
    name = next(iter(re.findall(r'MetricName\s*=\s*"?([^"\s]+)"?', words)), None)
    wanted = re.findall(r'Namespace\s*=\s*"?([^"\s]+)"?', words)
    text = re.sub(r'\b(MetricName|Namespace)\s*=\s*("[^"]*"|\S+)', " ", words)
    query = SeriesQuery(namespace=namespace or next(iter(wanted), None), name=name, text=text.replace('"', " ").strip())
    if variable.populate_from not in ("MetricName", "Namespace"):
        query = replace(query, dimension_names=(variable.populate_from,))
    values = {_value(series, variable.populate_from) for series in finder.find(scope, query)}
    return tuple((value, value) for value in sorted(values - {""})[:_MOST_CHOICES])


def _value(series: Any, name: str) -> str:
    if name == "MetricName":
        return str(series.identity.name)
    if name == "Namespace":
        return str(series.identity.namespace)
    return str(series.dimensions.get(name, ""))
