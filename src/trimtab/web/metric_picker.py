"""Finding a metric by words: each series that fits, drawn, with the link that puts it into the form that asks."""

import json
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic
from trimtab.web.format import unit_of, value
from trimtab.web.state import WebState
from trimtab.web.view import View, link

MOST = 12
"""Series that are shown: what fits a page; more words find others."""
_SCAN = 2000
"""Series of a metric whose dimensions are looked at."""
_SPAN_MS, _STEP_S = 3 * 3_600_000, 300
"""What the preview shows: three hours by five minutes."""
_AVERAGE = parse_statistic("Average")
FIND = "find"
"""The parameter of the words."""
TEXT = "text"
"""A form with one field `metric` whose text names it: NAMESPACE|NAME{DIMENSION=VALUE,…}@Sum."""
ROW = "row"
"""The editor of a dashboard: a click makes a series a row of the panel, without leaving the page."""
PICKING = frozenset({"metric", "band", "math", "slo", TEXT, ROW})
"""Kinds of alarms, and of other forms, that ask for metrics."""


class Choice(Struct, frozen=True):
    """A series: its name in parts, its course (None where nothing came), its last value, and where it may go.

    `row`: as a dashboard has it, in JSON.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    course: Sequence[float | None]
    last: str
    links: tuple[tuple[str, str], ...]
    row: str = ""


async def choices(state: WebState, view: View, kind: str) -> list[Choice]:
    """The series that the words of the address find; none without words. Raises QueryAborted, Unavailable."""
    words = view.get(FIND).casefold().split()
    found = _found(state, view.scope, words) if words and kind in PICKING else []
    if not found:
        return []
    step = _STEP_S * 1000
    end = -(-view.now_ms // step) * step
    start = end - _SPAN_MS
    requests = [StatRequest((one.id,), _AVERAGE, _STEP_S) for one in found]
    answers = await state.reader.statistics(view.scope, requests, start, end)
    shown = []
    for one, answer in zip(found, answers, strict=True):
        course = np.full(_SPAN_MS // step, np.nan)
        course[(answer.times - start) // step] = answer.values
        identity = one.identity
        last = float(answer.values[-1]) if len(answer.values) else None
        shown.append(
            Choice(
                namespace=identity.namespace,
                name=identity.name,
                dimensions=tuple(identity.dimensions),
                course=[None if np.isnan(point) else float(point) for point in course],
                last=value(last, unit_of(identity.unit, identity.name, _AVERAGE)),
                links=() if kind == ROW else _links(view, one, kind),
                row=_row(one) if kind == ROW else "",
            )
        )
    return shown


def _found(state: WebState, scope: Scope, words: Sequence[str]) -> list[Series]:
    """Series of which each word is in the namespace, the name or a dimension; what the name has most of comes first."""
    registry = state.registry
    named = [
        (sum(word in f"{namespace} {name}".casefold() for word in words), namespace, name)
        for namespace, names in registry.names(scope).items()
        for name in names
    ]
    found: list[Series] = []
    for _, namespace, name in sorted(named, key=lambda one: (-one[0], one[1], one[2])):
        rest = [word for word in words if word not in f"{namespace} {name}".casefold()]
        for series in registry.find(scope, SeriesQuery(namespace=namespace, name=name, limit=_SCAN)):
            text = " ".join(f"{key}={said}" for key, said in series.identity.dimensions).casefold()
            if all(word in text for word in rest):
                found.append(series)
                if len(found) == MOST:
                    return found
    return found


def _row(series: Series) -> str:
    identity = series.identity
    return json.dumps([identity.namespace, identity.name, *(text for pair in identity.dimensions for text in pair)])


def _links(view: View, series: Series, kind: str) -> tuple[tuple[str, str], ...]:
    """What may be done with a series in the draft, and the address of the draft that has it."""
    identity = series.identity
    pairs = [f"{key}={said}" for key, said in identity.dimensions]
    if kind in ("metric", "band"):
        chosen = [("namespace", identity.namespace), ("metric", identity.name), *(("dimension", one) for one in pairs)]
        return (("Watch it", _draft(view, ("namespace", "metric", "dimension"), chosen)),)
    if kind == TEXT:
        text = f"{identity.namespace}|{identity.name}{{{','.join(pairs)}}}@Sum"
        return (("Use it", _draft(view, ("metric",), [("metric", text)])),)
    if kind == "math":
        lines = [line for line in view.get("inputs").splitlines() if line.strip()]
        taken = {line.partition("=")[0].strip() for line in lines}
        id_ = next(name for number in range(1, len(lines) + 2) if (name := f"m{number}") not in taken)
        lines.append(f"{id_}=" + "|".join((identity.namespace, identity.name, "Average", *pairs)))
        return (("Add a line", _draft(view, ("inputs",), [("inputs", "\n".join(lines))])),)
    line = "|".join((identity.namespace, identity.name, "Sum", *pairs))
    return tuple((label, _draft(view, (field,), [(field, line)])) for label, field in _EVENTS)


_EVENTS = (("Bad events", "bad"), ("All events", "total"))


def _draft(view: View, gone: Sequence[str], chosen: Sequence[tuple[str, str]]) -> str:
    kept = [pair for pair in view.parameters if pair[0] not in (*gone, FIND)]
    return link(view.path, [*kept, *chosen])
