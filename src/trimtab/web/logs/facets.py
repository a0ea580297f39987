"""Facets of log events: what those shown have in common, links that narrow to a value, and fields shown as columns."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct

from trimtab.logs.filters.values import document, text_of
from trimtab.logs.model import Event
from trimtab.web.logs.question import IS, PATTERN, facets_of
from trimtab.web.view import View, link

COLUMN, GROUP = "col", "group"
"""Parameters of the address: `col=NAME` shows a field as a column, `group=NAME` chooses a group."""
_FIRST = ("service.name", "severity", "level", GROUP, "stream")
_MOST_COLUMNS, _MOST_FIELDS, _MOST_VALUES = 6, 30, 5
_DEEPEST, MOST_MEMBERS = 4, 60
_LONGEST_VALUE = 80
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TEXT = ("$.message", "$.msg")  # the line itself: nobody narrows to one


class Field(Struct, frozen=True):
    """A field of the events that are shown: how many have it, its most frequent values with links, and the link that
    shows it as a column or takes that away."""

    name: str
    events: int
    values: Sequence[tuple[str, int, str]]
    column: str
    is_column: bool


def narrowed_to(view: View, name: str, value: str) -> str:
    """This view with one more facet; of groups, with that one alone."""
    if name == GROUP:
        return view.url(group=value, drop=("before", "around"))
    kept = [pair for pair in view.parameters if pair[0] not in ("before", "around") and pair != (IS, f"{name}={value}")]
    return link(view.path, [*kept, (IS, f"{name}={value}")])


def chips(view: View) -> list[tuple[str, str, str]]:
    """Each chosen facet, its value, and the link that takes it away."""
    return [(name, value, _without(view, (IS, f"{name}={value}"))) for name, value in facets_of(view)]


def columns_of(view: View) -> list[tuple[str, str]]:
    """The fields that are shown as columns, and the link that takes each away."""
    names = list(dict.fromkeys(view.all(COLUMN)))[:_MOST_COLUMNS]
    return [(name, _without(view, (COLUMN, name))) for name in names]


def fields_of(view: View, events: Sequence[Event]) -> list[Field]:
    """The fields of these events: of what service, severity, group and stream they are, then the most frequent."""
    counts: dict[str, Counter[str]] = {}
    links: dict[tuple[str, str], Callable[[], str]] = {}
    for event in events:
        for name, value, address in _facets(view, event):
            counts.setdefault(name, Counter())[value] += 1
            links.setdefault((name, value), address)
    for name in (GROUP, "stream"):  # that all are of one says nothing
        if len(counts.get(name, ())) < 2:
            counts.pop(name, None)
    order = sorted(counts, key=lambda name: (_rank(name), -counts[name].total(), name))[:_MOST_FIELDS]
    shown = {name for name, _ in columns_of(view)}
    return [
        Field(
            name,
            counts[name].total(),
            [(value, number, links[name, value]()) for value, number in counts[name].most_common(_MOST_VALUES)],
            _without(view, (COLUMN, name)) if name in shown else link(view.path, [*view.parameters, (COLUMN, name)]),
            name in shown,
        )
        for name in order
    ]


def values_of(event: Event) -> Mapping[str, str]:
    """What an event says of each field by which it can be shown as a column."""
    inside = {selector.removeprefix("$."): text_of(value) for selector, value in members(event.message)}
    return {GROUP: event.log_group, "stream": event.stream, "severity": event.severity, **inside, **event.attributes}


def _facets(view: View, event: Event) -> Iterator[tuple[str, str, Callable[[], str]]]:
    """Names and values of an event, and what makes the link that narrows to each."""
    own = {GROUP: event.log_group, "stream": event.stream, "severity": event.severity, **event.attributes}
    for name, value in own.items():
        if value and len(value) <= _LONGEST_VALUE:
            yield name, value, partial(narrowed_to, view, name, value)
    for selector, inner in members(event.message):
        if selector not in _TEXT:
            yield selector.removeprefix("$."), text_of(inner), partial(narrowed, view, selector, inner)


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _without(view: View, gone: tuple[str, str]) -> str:
    return link(view.path, [pair for pair in view.parameters if pair != gone and pair[0] not in ("before", "around")])


def members(message: str) -> Iterator[tuple[str, str | int | float | bool]]:
    """The scalars in a JSON message, by selector; objects in arrays are left out."""
    found = document(message)
    if found is not None:
        yield from list(_inside("$", found, 0))[:MOST_MEMBERS]


def narrowed(view: View, selector: str, value: str | int | float | bool) -> str:
    """This view with one more condition on a JSON field."""
    if isinstance(value, bool):
        test = f"{selector} IS {'TRUE' if value else 'FALSE'}"
    elif isinstance(value, int | float):
        test = f"{selector} = {text_of(value)}"
    else:
        test = f'{selector} = "{quoted(value)}"'
    before = view.get("q").strip() if view.get("as") == PATTERN else ""
    if before.startswith("{") and before.endswith("}"):
        test = f"({before[1:-1].strip()}) && {test}"
    return view.url(q=f"{{ {test} }}", drop=("as", "tab", "before", "around"), **{"as": PATTERN})


def quoted(text: str) -> str:
    """Text inside the quotation marks of a filter pattern."""
    return re.sub(r'([\\"*])', r"\\\1", text)


def _inside(selector: str, value: object, depth: int) -> Iterator[tuple[str, str | int | float | bool]]:
    if isinstance(value, Mapping):
        if depth < _DEEPEST:
            for key, inner in value.items():
                step = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"['{key}']"
                if "'" not in key:
                    yield from _inside(selector + step, inner, depth + 1)
    elif isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_VALUE:
        yield selector, value
