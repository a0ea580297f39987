"""Events as the Logs page shows them: a row each, what fields they have, and links that narrow to a value."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.logs.filters.values import document, text_of
from trimtab.logs.model import Event
from trimtab.logs.patterns.compare import Pattern, pieces
from trimtab.logs.patterns.rules import SHOWN
from trimtab.logs.patterns.severity import guess, level_of
from trimtab.web.format import moment
from trimtab.web.logs.question import PATTERN
from trimtab.web.view import View

_SHOWN = 1000  # characters of a message in the table; all of them are behind the row
_DEEPEST, _MOST_MEMBERS = 4, 60
_MOST_FIELDS, _MOST_VALUES = 30, 5
_LONGEST_VALUE = 80
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TEXT = ("$.message", "$.msg")  # the line itself: nobody narrows to one
_HOSTS = ("host.name", "host", "hostname", "node")
_BESIDE_MS = 300_000


class Row(Struct, frozen=True):
    """An event in the table. `fields` are (name, value); `host` is (name, link) where it names one."""

    event: Event
    at: str
    level: str
    text: str
    fields: Sequence[tuple[str, str]]
    around: str
    host: tuple[str, str] | None = None
    chosen: bool = False


class Field(Struct, frozen=True):
    """A field of the events that are shown: how many have it, and its most frequent values with links."""

    name: str
    events: int
    values: Sequence[tuple[str, int, str]]


class Found(Struct, frozen=True):
    """A pattern with the search for its lines."""

    pattern: Pattern
    link: str


def rows_of(view: View, events: Sequence[Event], hosts: frozenset[str], chosen: int = 0) -> list[Row]:
    """A row an event; `chosen` is the id of the one that the others are around."""
    return [_row(view, event, hosts, chosen) for event in events]


def fields_of(view: View, events: Sequence[Event]) -> list[Field]:
    """The fields of these events, the most frequent first."""
    values: dict[str, Counter[str]] = {}
    links: dict[tuple[str, str], str] = {}
    for event in events:
        for selector, value in members(event.message):
            if selector in _TEXT:
                continue
            shown = text_of(value)
            values.setdefault(selector, Counter())[shown] += 1
            links.setdefault((selector, shown), narrowed(view, selector, value))
    order = sorted(values.items(), key=lambda pair: (-pair[1].total(), pair[0]))[:_MOST_FIELDS]
    return [
        Field(
            selector.removeprefix("$."),
            counts.total(),
            [(value, number, links[selector, value]) for value, number in counts.most_common(_MOST_VALUES)],
        )
        for selector, counts in order
    ]


def members(message: str) -> Iterator[tuple[str, str | int | float | bool]]:
    """The scalars in a JSON message, by selector; objects in arrays are left out."""
    found = document(message)
    if found is not None:
        yield from list(_inside("$", found, 0))[:_MOST_MEMBERS]


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


def found_of(view: View, patterns: Sequence[Pattern]) -> list[Found]:
    """Patterns with links to their events."""
    return [Found(pattern, _search(view, pattern)) for pattern in patterns]


def quoted(text: str) -> str:
    """Text inside the quotation marks of a filter pattern."""
    return re.sub(r'([\\"*])', r"\\\1", text)


def _escaped(term: str) -> str:
    return re.sub(r'([\\"])', r"\\\1", term)


def _search(view: View, pattern: Pattern) -> str:
    terms = []
    for piece in pieces(pattern.template, SHOWN)[:3]:
        # A template has one blank where its lines may have several.
        terms += [piece] if piece in pattern.example else piece.split()
    text = " ".join(f'"{_escaped(term)}"' for term in terms)
    return view.url(q=text or " ", drop=("as", "tab", "before", "around"), **{"as": PATTERN})


def _inside(selector: str, value: object, depth: int) -> Iterator[tuple[str, str | int | float | bool]]:
    if isinstance(value, Mapping):
        if depth < _DEEPEST:
            for key, inner in value.items():
                step = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"['{key}']"
                if "'" not in key:
                    yield from _inside(selector + step, inner, depth + 1)
    elif isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_VALUE:
        yield selector, value


def _row(view: View, event: Event, hosts: frozenset[str], chosen: int) -> Row:
    inside = document(event.message)
    level, text = "", event.message
    if inside is not None:
        found = [inside.get(key) for key in ("message", "msg")]
        text = next((one for one in found if isinstance(one, str) and one), event.message)
        level = level_of(str(inside.get("level") or inside.get("severity") or ""))
    fields = [*event.attributes.items(), *_pretty(inside)]
    level = level_of(event.severity) or level or guess(text)
    around = f"{event.group}.{event.time_ms}.{event.id}"
    link = view.url(around=around)
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + " …"
    at = moment(event.time_ms)
    return Row(event, at, level, shown, fields, link, _host(dict(fields), event, hosts), event.id == chosen)


def _pretty(inside: Mapping[str, object] | None) -> Iterator[tuple[str, str]]:
    for key, value in list((inside or {}).items())[:_MOST_MEMBERS]:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield key, text[:_SHOWN]


def _host(fields: Mapping[str, str], event: Event, hosts: frozenset[str]) -> tuple[str, str] | None:
    """The host that an event names, with a link to its metrics at that moment."""
    for name in (*(fields.get(key, "") for key in _HOSTS), event.stream):
        if name in hosts:
            start, end = iso(event.time_ms - _BESIDE_MS), iso(event.time_ms + _BESIDE_MS)
            return name, f"/hosts/{name}?from={start}&to={end}"
    return None
